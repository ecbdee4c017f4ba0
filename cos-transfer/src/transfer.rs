//! A download on its way.

use std::fmt;
use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::{Context, Poll};

use crate::{DownloadError, Report};

/// A download into a file, on its way: a future that has to be polled or spawned to go on.
///
/// # Cancellation
///
/// Dropping it starts no new work. What is under way on other threads, the reading back of a
/// former run's bytes or the publication of the complete file, is finished there; the file handles
/// and the lock go with it. What is recorded by then stays good for the next download of the same
/// object to the same place, but up to about a second's worth, or 4 MiB for each connection, has
/// not been recorded. [`cancel`](Self::cancel) records it, and waits.
#[must_use = "a download does nothing unless it is awaited or spawned"]
pub struct Transfer {
    running: Pin<Box<dyn Future<Output = Result<Report, DownloadError>> + Send>>,
    ended: bool,
    cancelled: Cancelled,
}

impl Transfer {
    /// `run` is given what says whether to stop, and is polled once more when that changes.
    pub(crate) fn new<F>(run: impl FnOnce(Cancelled) -> F) -> Self
    where
        F: Future<Output = Result<Report, DownloadError>> + Send + 'static,
    {
        let cancelled = Cancelled::default();
        Self {
            running: Box::pin(run(cancelled.clone())),
            ended: false,
            cancelled,
        }
    }

    /// Gives the download up in order: no new work is started, what has come is recorded, and when
    /// this future is ready, nothing of the download is under way any more. Its lock is free then.
    ///
    /// The answer is how many bytes are kept, so that another download of the same object to the
    /// same place need not fetch them: 0 where no checkpoint is left. A download that was complete
    /// by then may have been published; one that has ended is not touched.
    pub async fn cancel(self) -> u64 {
        self.cancelled.0.flag.store(true, Ordering::Relaxed);
        if !self.ended {
            // That it was cancelled is no news, and any other failure is of no use any more.
            let _ = self.running.await;
        }
        self.cancelled.0.kept.load(Ordering::Relaxed)
    }
}

impl Future for Transfer {
    type Output = Result<Report, DownloadError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let end = self.running.as_mut().poll(cx);
        self.ended = end.is_ready();
        end
    }
}

impl fmt::Debug for Transfer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Transfer").finish_non_exhaustive()
    }
}

/// Whether a download is to stop. Who sets it polls the download afterwards, so nobody is woken.
#[derive(Clone, Debug, Default)]
pub(crate) struct Cancelled(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    flag: AtomicBool,
    kept: AtomicU64,
}

impl Cancelled {
    pub(crate) fn is_set(&self) -> bool {
        self.0.flag.load(Ordering::Relaxed)
    }

    /// So many bytes are kept for another download.
    pub(crate) fn keep(&self, bytes: u64) {
        self.0.kept.store(bytes, Ordering::Relaxed);
    }

    /// What `future` brings, unless the download is to stop and it would have to be waited for.
    pub(crate) async fn or<T>(&self, future: impl Future<Output = T>) -> Result<T, DownloadError> {
        let mut future = pin!(future);
        poll_fn(|cx| match future.as_mut().poll(cx) {
            Poll::Ready(brought) => Poll::Ready(Ok(brought)),
            Poll::Pending if self.is_set() => Poll::Ready(Err(DownloadError::Cancelled)),
            Poll::Pending => Poll::Pending,
        })
        .await
    }
}
