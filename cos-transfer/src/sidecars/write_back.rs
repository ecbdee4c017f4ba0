//! Has the disk at work while the bytes still come, so that the last sync is short.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
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
    thread: Option<JoinHandle<io::Result<()>>>,
}

#[derive(Debug, Default)]
struct Shared {
    unsynced: AtomicU64,
    over: AtomicBool,
    is_failed: AtomicBool,
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
    pub(super) fn wrote(&self, bytes: u64) {
        let before = self.shared.unsynced.fetch_add(bytes, Ordering::Relaxed);
        if before < STEP && before.saturating_add(bytes) >= STEP {
            self.wake();
        }
    }

    /// Whether a sync has failed.
    pub(super) fn has_failed(&self) -> bool {
        self.shared.is_failed.load(Ordering::Acquire)
    }

    /// Ends it, and waits for that.
    ///
    /// # Errors
    ///
    /// What a sync has failed with.
    pub(super) fn finish(mut self) -> io::Result<()> {
        self.end();
        let Some(thread) = self.thread.take() else {
            return Ok(());
        };
        let panicked = |_| Err(io::Error::other("the thread that syncs has panicked"));
        thread.join().unwrap_or_else(panicked)
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
    fn run(&self, file: &impl File) -> io::Result<()> {
        while !self.over.load(Ordering::Acquire) {
            if self.unsynced.load(Ordering::Relaxed) < STEP {
                thread::park();
                continue;
            }
            self.unsynced.store(0, Ordering::Relaxed);
            let synced = file.sync_data();
            if synced.is_err() {
                self.is_failed.store(true, Ordering::Release);
                return synced;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;
    use crate::storage::Dir as _;
    use crate::storage::sim::{Sim, Trouble};

    /// Looks again and again, for as long as it takes another thread to be woken.
    fn until(mut is_so: impl FnMut() -> bool) {
        let started = Instant::now();
        while !is_so() {
            assert!(started.elapsed() < Duration::from_secs(30));
            thread::yield_now();
        }
    }

    #[test]
    fn what_was_written_is_synced_step_by_step() {
        let sim = Sim::default();
        let file = Arc::new(sim.new_dir().create("file".as_ref()).unwrap());
        let write_back = WriteBack::start(Arc::clone(&file)).unwrap();
        let before = sim.steps();
        write_back.wrote(STEP - 1);
        for syncs in 1..4 {
            write_back.wrote(STEP);
            until(|| sim.steps() == before + syncs);
        }
        write_back.finish().unwrap();
        assert_eq!(sim.steps(), before + 3);
    }

    #[test]
    fn f4_a_sync_that_fails_is_not_tried_again() {
        let sim = Sim::default();
        let file = Arc::new(sim.new_dir().create("file".as_ref()).unwrap());
        let write_back = WriteBack::start(file).unwrap();
        let before = sim.steps();
        sim.trouble(Some(Trouble::Fails(before, io::ErrorKind::Other)));
        write_back.wrote(STEP);
        until(|| write_back.has_failed());
        write_back.wrote(STEP);
        write_back.finish().unwrap_err();
        assert_eq!(sim.steps(), before + 1);
    }
}
