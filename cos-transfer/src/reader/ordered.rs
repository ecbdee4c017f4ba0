//! Hands out what the driver brings, in order.

use std::task::{Context, Poll};
use std::time::Instant;

use bytes::Bytes;
use cos_proto::ObjectHead;
use http::{Request, Response};
use http_body::Body;
use tower_service::Service;

use super::Reading;
use crate::downloader::Settings;
use crate::driver::Driver;
use crate::engine::Outcome;
use crate::window::Window;
use crate::{BoxError, DownloadError, Report};

/// A driver whose bytes go to whoever polls it.
pub(crate) struct Ordered<S, B> {
    driver: Driver<S, B, Window>,
    settings: Settings,
    started: Instant,
    report: Option<Report>,
}

impl<S, B> Ordered<S, B>
where
    S: Service<Request<()>, Response = Response<B>> + Clone + Send + 'static,
    S::Future: Send,
    S::Error: Into<BoxError>,
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    pub(crate) fn new(driver: Driver<S, B, Window>, settings: Settings) -> Self {
        Self {
            driver,
            settings,
            started: Instant::now(),
            report: None,
        }
    }

    fn pop(&mut self) -> Option<Bytes> {
        let (bytes, end) = self.driver.sink_mut().pop()?;
        self.driver.delivered(end);
        Some(bytes)
    }

    /// All is there, and right.
    fn finish(&mut self, outcome: &Outcome) {
        self.driver.sink_mut().complete();
        let head = self.driver.head();
        self.report = Some(self.settings.report(outcome, head, self.started));
    }
}

impl<S, B> Reading for Ordered<S, B>
where
    S: Service<Request<()>, Response = Response<B>> + Clone + Send + 'static,
    S::Future: Send,
    S::Error: Into<BoxError>,
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    fn poll_chunk(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, DownloadError>>> {
        loop {
            if let Some(bytes) = self.pop() {
                return Poll::Ready(Some(Ok(bytes)));
            }
            if self.report.is_some() {
                return Poll::Ready(None);
            }
            match self.driver.poll(cx) {
                Poll::Ready(Ok(outcome)) => self.finish(&outcome),
                Poll::Ready(Err(error)) => return Poll::Ready(Some(Err(error))),
                Poll::Pending => {
                    return match self.pop() {
                        Some(bytes) => Poll::Ready(Some(Ok(bytes))),
                        None => Poll::Pending,
                    };
                }
            }
        }
    }

    fn poll_head(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), DownloadError>> {
        while self.driver.head().is_none() && self.report.is_none() {
            match self.driver.poll(cx) {
                Poll::Ready(Ok(outcome)) => self.finish(&outcome),
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                Poll::Pending if self.driver.head().is_none() => return Poll::Pending,
                Poll::Pending => {}
            }
        }
        self.driver.head_told();
        Poll::Ready(Ok(()))
    }

    fn head(&self) -> Option<&ObjectHead> {
        self.driver.head()
    }

    fn report(&self) -> Option<&Report> {
        self.report.as_ref()
    }
}
