//! File work that may take long, on threads that may block.

use std::io;
use std::path::Path;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::task::JoinHandle;

use crate::{BoxError, DownloadError, LocalAction};

/// Does `work` on tokio's blocking pool. What `work` was given goes with it, also when nobody waits
/// for it any more.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, DownloadError> + Send + 'static,
) -> Result<T, DownloadError> {
    Blocking::start(work).await
}

/// Work that is under way on tokio's blocking pool.
#[derive(Debug)]
pub(crate) struct Blocking<T>(JoinHandle<Result<T, DownloadError>>);

impl<T: Send + 'static> Blocking<T> {
    pub(crate) fn start(work: impl FnOnce() -> Result<T, DownloadError> + Send + 'static) -> Self {
        Self(tokio::task::spawn_blocking(work))
    }
}

impl<T> Future for Blocking<T> {
    type Output = Result<T, DownloadError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let done = ready!(Pin::new(&mut self.0).poll(cx));
        Poll::Ready(done.unwrap_or_else(|error| Err(stopped(error))))
    }
}

/// The runtime is going down, or the work has panicked.
fn stopped(error: impl Into<BoxError>) -> DownloadError {
    DownloadError::local(
        LocalAction::Write,
        Path::new("the file"),
        io::Error::other(error),
    )
}
