//! Has the disk at work while the bytes still come, so that the last sync is short.

use std::io;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};

use crate::storage::File;

/// After how many written bytes the file is synced again. A disk of 100 MB/s then has a third of a
/// second's work left at the end.
pub(super) const STEP: u64 = 32 * 1024 * 1024;

/// A thread that syncs a file's data whenever so much more was written.
///
/// A sync that fails is not tried again: the next one may succeed although the bytes are lost, since
/// the system reports a lost page once. Nothing of the file can be trusted then, not even what is
/// read back from it, which may come from memory.
///
/// Dropping it lets a sync under way come to its end, and does not wait for that.
#[derive(Debug)]
pub(super) struct WriteBack {
    shared: Arc<Shared>,
    /// `None` once it was waited for.
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug, Default)]
struct Shared {
    unsynced: AtomicU64,
    over: AtomicBool,
    /// Set before the error is there to take.
    is_failed: AtomicBool,
    error: Mutex<Option<io::Error>>,
}

impl WriteBack {
    /// A thread for this file; `None` where the system gives us none, and the last sync has to do
    /// it all.
    pub(super) fn start<F: File>(file: Arc<F>) -> Option<Self> {
        let shared = Arc::new(Shared::default());
        let work = Arc::clone(&shared);
        let thread = thread::Builder::new()
            .name("cos-write-back".to_owned())
            .spawn(move || work.run(&*file))
            .ok()?;
        Some(Self {
            shared,
            thread: Some(thread),
        })
    }

    /// So many bytes more were written.
    ///
    /// # Errors
    ///
    /// What a sync has failed with.
    pub(super) fn wrote(&self, bytes: u64) -> io::Result<()> {
        if self.shared.is_failed.load(Ordering::Acquire) {
            return Err(self.shared.error());
        }
        let before = self.shared.unsynced.fetch_add(bytes, Ordering::Relaxed);
        if before < STEP && before.saturating_add(bytes) >= STEP {
            self.wake();
        }
        Ok(())
    }

    /// Ends it, and waits for that.
    ///
    /// # Errors
    ///
    /// What a sync has failed with.
    pub(super) fn finish(mut self) -> io::Result<()> {
        self.end();
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            return Err(io::Error::other("the thread that syncs has panicked"));
        }
        if self.shared.is_failed.load(Ordering::Acquire) {
            return Err(self.shared.error());
        }
        Ok(())
    }

    fn end(&self) {
        self.shared.over.store(true, Ordering::Release);
        self.wake();
    }

    fn wake(&self) {
        if let Some(thread) = &self.thread {
            thread.thread().unpark();
        }
    }
}

impl Drop for WriteBack {
    fn drop(&mut self) {
        self.end();
    }
}

impl Shared {
    fn run(&self, file: &impl File) {
        while !self.over.load(Ordering::Acquire) {
            if self.unsynced.load(Ordering::Relaxed) < STEP {
                thread::park();
                continue;
            }
            self.unsynced.store(0, Ordering::Relaxed);
            if let Err(error) = file.sync_data() {
                *self.error.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
                self.is_failed.store(true, Ordering::Release);
                return;
            }
        }
    }

    /// The system's error for the first who asks.
    fn error(&self) -> io::Error {
        let mut error = self.error.lock().unwrap_or_else(PoisonError::into_inner);
        error
            .take()
            .unwrap_or_else(|| io::Error::other("an earlier sync has failed"))
    }
}
