//! Moves chunks to a file without blocking a thread of the runtime.
//!
//! Writes happen on tokio's blocking pool, a batch at a time: while one batch is being written, the
//! next one gathers. No pool thread is held between batches, because name lookups need the pool too.

use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use bytes::Bytes;
use tokio::task::JoinHandle;

use crate::part_file::{PartFile, Published};
use crate::{BoxError, DownloadError, LocalAction};

/// How much gathers before it is written. Handing work to the pool costs some ten microseconds,
/// which is little against writing a MiB; two batches and a chunk are all that a download holds.
const BATCH: usize = 1024 * 1024;

/// A [`PartFile`] whose work is done elsewhere.
///
/// Dropping it lets a write in flight finish; the file is removed when it has. To wait for that, use
/// [`discard`](Self::discard).
#[derive(Debug)]
pub(crate) struct Writer {
    dest: PathBuf,
    part: State,
    gathered: Vec<Bytes>,
    gathered_len: usize,
}

#[derive(Debug)]
enum State {
    Idle(PartFile),
    Busy(JoinHandle<Result<PartFile, DownloadError>>),
    /// A write has failed, and the file with it.
    Lost,
}

impl Writer {
    pub(crate) fn new(part: PartFile) -> Self {
        Self {
            dest: part.dest().to_owned(),
            part: State::Idle(part),
            gathered: Vec::new(),
            gathered_len: 0,
        }
    }

    /// Takes a chunk; waits while the batch before the last one is still being written. True when
    /// a batch was handed over.
    pub(crate) async fn push(&mut self, chunk: Bytes) -> Result<bool, DownloadError> {
        self.gathered_len = self.gathered_len.saturating_add(chunk.len());
        self.gathered.push(chunk);
        if self.gathered_len < BATCH {
            return Ok(false);
        }
        let mut part = self.idle().await?;
        let batch = std::mem::take(&mut self.gathered);
        self.gathered_len = 0;
        self.part = State::Busy(tokio::task::spawn_blocking(move || {
            part.write(&batch)?;
            Ok(part)
        }));
        Ok(true)
    }

    /// Writes what is left, and publishes.
    pub(crate) async fn publish(
        mut self,
        modified: Option<SystemTime>,
        no_clobber: bool,
    ) -> Result<Published, DownloadError> {
        let mut part = self.idle().await?;
        let rest = self.gathered;
        blocking(&self.dest, move || {
            part.write(&rest)?;
            part.publish(modified, no_clobber)
        })
        .await
    }

    /// Removes the file, after the write in flight.
    pub(crate) async fn discard(mut self) {
        if let Ok(part) = self.idle().await {
            // A pool that has gone takes the file with it just as well.
            let _ = tokio::task::spawn_blocking(|| drop(part)).await;
        }
    }

    /// The file, when nothing is being written.
    async fn idle(&mut self) -> Result<PartFile, DownloadError> {
        match std::mem::replace(&mut self.part, State::Lost) {
            State::Idle(part) => Ok(part),
            State::Busy(writing) => writing
                .await
                .unwrap_or_else(|error| Err(stopped(&self.dest, error))),
            State::Lost => Err(stopped(&self.dest, "an earlier write failed")),
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
