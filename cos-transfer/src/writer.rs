//! Moves chunks to a file without blocking a thread of the runtime.
//!
//! Writes happen on tokio's blocking pool, a batch at a time: while one batch is being written, the
//! next one gathers. No pool thread is held between batches, because name lookups need the pool too.
//!
//! Bytes are copied into the batch. A chunk may keep alive a buffer of many times its size, and a
//! peer that sends byte by byte would have thousands of them kept.

use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use tokio::runtime::Handle;
use tokio::task::JoinHandle;

use crate::part_file::{PartFile, Published};
use crate::{BoxError, DownloadError, LocalAction};

/// How much gathers before it is written. Handing work to the pool costs some ten microseconds,
/// which is little against writing a MiB; two batches are all that a download holds.
const BATCH: usize = 1024 * 1024;

/// A [`PartFile`] whose work is done elsewhere.
///
/// Dropping it lets a write in flight finish; the file is removed when it has. To wait for that, use
/// [`discard`](Self::discard).
#[derive(Debug)]
pub(crate) struct Writer {
    dest: PathBuf,
    state: State,
    gathered: Vec<u8>,
    /// How long a batch may become: no longer than the whole.
    batch: usize,
}

#[derive(Debug)]
enum State {
    /// The file, and a buffer for the batch after the one that gathers.
    Idle(PartFile, Vec<u8>),
    Busy(JoinHandle<Result<(PartFile, Vec<u8>), DownloadError>>),
    /// A write has failed and the file with it, or there is nothing left to do.
    Gone,
}

impl Writer {
    /// A writer of `total` bytes.
    pub(crate) fn new(part: PartFile, total: u64) -> Self {
        let batch = usize::try_from(total).map_or(BATCH, |total| total.clamp(1, BATCH));
        Self {
            dest: part.dest().to_owned(),
            state: State::Idle(part, Vec::new()),
            gathered: Vec::with_capacity(batch),
            batch,
        }
    }

    /// Takes a chunk; waits while the batch before the last one is still being written. True when
    /// a batch was handed over.
    pub(crate) async fn push(&mut self, mut chunk: &[u8]) -> Result<bool, DownloadError> {
        let mut handed_over = false;
        while !chunk.is_empty() {
            if self.gathered.len() >= self.batch {
                self.hand_over().await?;
                handed_over = true;
            }
            let room = self.batch.saturating_sub(self.gathered.len());
            let (fits, rest) = chunk.split_at_checked(room).unwrap_or((chunk, &[]));
            self.gathered.extend_from_slice(fits);
            chunk = rest;
        }
        Ok(handed_over)
    }

    /// Writes what is left, and publishes.
    pub(crate) async fn publish(
        mut self,
        modified: Option<SystemTime>,
        no_clobber: bool,
    ) -> Result<Published, DownloadError> {
        let (mut part, _) = self.idle().await?;
        let rest = std::mem::take(&mut self.gathered);
        blocking(&self.dest, move || {
            part.write(&rest)?;
            part.publish(modified, no_clobber)
        })
        .await
    }

    /// Removes the file, after the write in flight.
    pub(crate) async fn discard(mut self) {
        if let Ok((part, _)) = self.idle().await {
            // A pool that has gone takes the file with it just as well.
            let _ = tokio::task::spawn_blocking(|| drop(part)).await;
        }
    }

    /// Has the batch written, and begins another one.
    async fn hand_over(&mut self) -> Result<(), DownloadError> {
        let (mut part, mut spare) = self.idle().await?;
        spare.reserve_exact(self.batch);
        let mut batch = std::mem::replace(&mut self.gathered, spare);
        self.state = State::Busy(tokio::task::spawn_blocking(move || {
            part.write(&batch)?;
            batch.clear();
            Ok((part, batch))
        }));
        Ok(())
    }

    /// The file and an empty buffer, when nothing is being written.
    async fn idle(&mut self) -> Result<(PartFile, Vec<u8>), DownloadError> {
        match std::mem::replace(&mut self.state, State::Gone) {
            State::Idle(part, spare) => Ok((part, spare)),
            State::Busy(writing) => writing
                .await
                .unwrap_or_else(|error| Err(stopped(&self.dest, error))),
            State::Gone => Err(stopped(&self.dest, "an earlier write failed")),
        }
    }
}

/// Removing a large file can take long, so that is left to the pool where there is one.
impl Drop for Writer {
    fn drop(&mut self) {
        if let State::Idle(part, _) = std::mem::replace(&mut self.state, State::Gone)
            && let Ok(runtime) = Handle::try_current()
        {
            runtime.spawn_blocking(move || drop(part));
        }
    }
}

/// Does `work` for the destination `dest` on tokio's blocking pool.
pub(crate) async fn blocking<T: Send + 'static>(
    dest: &Path,
    work: impl FnOnce() -> Result<T, DownloadError> + Send + 'static,
) -> Result<T, DownloadError> {
    tokio::task::spawn_blocking(work)
        .await
        .unwrap_or_else(|error| Err(stopped(dest, error)))
}

/// The runtime is going down, or the work has panicked.
fn stopped(dest: &Path, error: impl Into<BoxError>) -> DownloadError {
    DownloadError::local(LocalAction::Write, dest, io::Error::other(error))
}
