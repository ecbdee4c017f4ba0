//! The bytes of one object: by one request where it is small, else in parts.

mod compare;
mod small;

use std::ffi::OsString;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::Poll;

use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use tower_service::Service;

use super::counts::Meter;
use super::key_path::RESERVED;
use super::object::{Job, Placed, Trouble};
use super::run::Run;
use super::staging::Staging;
use super::tree::Target;
use super::{ObjectError, Skipped};
use crate::downloader::ToFile;
use crate::sidecars::Place;
use crate::{BoxError, Fsync, Transfer};
use small::{Setback, Small};

impl<S, B> Run<S>
where
    S: Service<Request<()>, Response = Response<B>> + Clone + Send + 'static,
    S::Future: Send,
    S::Error: Into<BoxError>,
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    /// Fetches an object, in the way that fits its size.
    pub(super) async fn fetch(
        &self,
        job: &Job,
        target: &Target,
        meter: &Arc<Meter>,
    ) -> Result<Placed, Trouble> {
        let Some(staging) = &self.staging else {
            return Err(Trouble::Stopped);
        };
        if job.size <= self.settings.part_size {
            let small = self.small(job, target, staging, meter);
            match self.unless_stopped(small).await.ok_or(Trouble::Stopped)? {
                Ok(Small::Fetched(report)) => {
                    self.unsynced.store(true, Ordering::Relaxed);
                    return Ok(Placed::Fetched(report));
                }
                Ok(Small::Exists) => return self.exists(job, target),
                Err(Setback::Failed(error)) => return Err(error.into()),
                Err(Setback::Engine) => {}
            }
        }
        // Boxed, so that the many small objects do not carry around what only this needs.
        Box::pin(self.in_parts(job, target, staging, meter)).await
    }

    /// By the engine: in parts, with a checkpoint.
    async fn in_parts(
        &self,
        job: &Job,
        target: &Target,
        staging: &Staging,
        meter: &Arc<Meter>,
    ) -> Result<Placed, Trouble> {
        let mut settings = self.settings.clone();
        settings.no_clobber |= target.must_be_new;
        let durable = match settings.fsync {
            Fsync::Never => false,
            Fsync::Always => true,
            Fsync::Auto => job.size > settings.part_size,
        };
        let place = Place::beside(
            target.dir.clone(),
            OsString::from(&target.name),
            self.plan.dir.join(job.path.as_str()),
        )
        .sidecars_in(
            staging.dir().clone(),
            self.plan.dir.join(RESERVED),
            job.key.as_str().as_bytes(),
        );
        let mut transfer = Transfer::new(|cancelled| {
            let to_file = ToFile {
                line: self.line(),
                get: self.plan.get(job.key.clone()),
                options: settings.options().known_size(job.size),
                settings,
                durable,
                progress: Some(Arc::clone(meter) as _),
                cancelled,
            };
            to_file.run(move || Ok(place))
        });
        let Some(report) = self.unless_stopped(&mut transfer).await else {
            transfer.cancel().await;
            return Err(Trouble::Stopped);
        };
        let report = report?;
        if report.skipped {
            return self.exists(job, target);
        }
        if !durable {
            self.unsynced.store(true, Ordering::Relaxed);
        }
        Ok(Placed::Fetched(report))
    }

    /// Something has got the object's name since it was looked at.
    fn exists(&self, job: &Job, target: &Target) -> Result<Placed, Trouble> {
        if target.must_be_new && !self.settings.no_clobber {
            let path = self.plan.dir.join(job.path.as_str());
            return Err(ObjectError::Collides { path }.into());
        }
        Ok(Placed::Skipped(Skipped::Exists))
    }

    /// What `future` brings, unless the run is stopped before.
    async fn unless_stopped<T>(&self, future: impl Future<Output = T>) -> Option<T> {
        let mut stop = self.stop.clone();
        let mut stopped = pin!(stop.wait_for(|stop| *stop));
        let mut future = pin!(future);
        poll_fn(|cx| {
            if let Poll::Ready(done) = future.as_mut().poll(cx) {
                return Poll::Ready(Some(done));
            }
            stopped.as_mut().poll(cx).map(|_| None)
        })
        .await
    }
}
