//! Downloads into a file, by way of its sidecars.

use std::collections::hash_map::RandomState;
use std::future::poll_fn;
use std::hash::{BuildHasher as _, Hasher as _};
use std::sync::Arc;
use std::time::{Instant, SystemTime};

use bytes::Bytes;
use cos_proto::{GetObject, ObjectHead};
use http::{Request, Response};
use http_body::Body;
use tower_service::Service;

use super::Settings;
use crate::blocking::blocking;
use crate::driver::{Driver, Line};
use crate::engine::{Download, Options};
use crate::file_sink::FileSink;
use crate::sidecars::{Place, Publish, Published, Sidecars};
use crate::storage::Dir;
use crate::transfer::Cancelled;
use crate::{BoxError, Destination, DownloadError, Progress, Report};

/// One object, on its way into one file.
pub(crate) struct ToFile<S> {
    pub(crate) line: Line<S>,
    pub(crate) get: GetObject,
    pub(crate) settings: Settings,
    pub(crate) options: Options,
    /// Whether the file has to outlive a power cut.
    pub(crate) durable: bool,
    pub(crate) progress: Option<Arc<dyn Progress>>,
    pub(crate) cancelled: Cancelled,
}

impl<S, B> ToFile<S>
where
    S: Service<Request<()>, Response = Response<B>> + Clone + Send + 'static,
    S::Future: Send,
    S::Error: Into<BoxError>,
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    /// Downloads to the place that `place` finds, on a thread that may block.
    pub(crate) async fn run<D: Dir>(
        self,
        place: impl FnOnce() -> Result<Place<D>, DownloadError> + Send + 'static,
    ) -> Result<Report, DownloadError> {
        let started = Instant::now();
        let no_clobber = self.settings.no_clobber;
        let (place, found) = blocking(move || {
            let place = place()?;
            let found = place.inspect()?;
            Ok((place, found))
        })
        .await?;
        if no_clobber && found == Destination::Replaceable {
            return Ok(Report::of_nothing_done(started.elapsed()));
        }
        let turn = self.cancelled.or(place.turn()).await??;
        let (get, resumes, durable) = (self.get.clone(), !self.settings.no_resume, self.durable);
        let (sidecars, checkpoint) = blocking(move || {
            let sidecars = Sidecars::open(place, turn, durable)?;
            let checkpoint = match resumes {
                true => sidecars.checkpoint(&get)?,
                false => None,
            };
            Ok((Arc::new(sidecars), checkpoint))
        })
        .await?;

        let seed = RandomState::new().build_hasher().finish();
        let machine = match &checkpoint {
            Some(checkpoint) => Download::resume(self.get, self.options, seed, checkpoint),
            None => Download::new(self.get, self.options, seed),
        };
        let file = FileSink::new(sidecars);
        let mut driver = Driver::new(self.line, machine, file, self.progress);
        let outcome = poll_fn(|cx| {
            if self.cancelled.is_set() {
                driver.cancel();
            }
            driver.poll(cx)
        })
        .await;
        let (head, kept) = (driver.head().cloned(), driver.kept());
        let sidecars = driver.into_sink().into_sidecars();
        let outcome = match outcome {
            Ok(outcome) => outcome,
            Err(error) => {
                let stay = blocking(move || {
                    Ok(sidecars.is_some_and(|sidecars| sidecars.are_worth_keeping()))
                });
                self.cancelled.keep(if stay.await? { kept } else { 0 });
                return Err(error);
            }
        };
        let publish = Publish {
            modified: head.as_ref().and_then(modified),
            no_clobber,
        };
        let published = blocking(move || match sidecars {
            Some(sidecars) => sidecars.publish(publish),
            None => Err(DownloadError::Cancelled),
        })
        .await?;
        Ok(match published {
            Published::Skipped => Report::of_nothing_done(started.elapsed()),
            Published::Done => self.settings.report(&outcome, head.as_ref(), started),
        })
    }
}

/// A time that the system cannot hold is no reason to fail.
fn modified(head: &ObjectHead) -> Option<SystemTime> {
    SystemTime::UNIX_EPOCH.checked_add(head.last_modified()?.since_epoch())
}
