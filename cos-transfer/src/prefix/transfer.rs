//! The download of a prefix, before it starts and while it goes on.

use std::fmt;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use cos_proto::GetObject;
use http::{Request, Response};
use http_body::Body;
use tokio::sync::watch;
use tower_service::Service;

use super::plan::Plan;
use super::{Filter, Observer, Prefix, PrefixError, PrefixReport, Shard, SyncBy, run};
use crate::{BoxError, Downloader};

/// What the download of a prefix is to do: a builder, and a future once it is awaited.
#[derive(Clone)]
#[must_use = "a download does nothing unless it is awaited or spawned"]
pub struct PrefixDownload<S> {
    downloader: Downloader<S>,
    plan: Plan,
}

impl<S> PrefixDownload<S> {
    /// How many requests for objects are on their way at once, if nothing else is said.
    pub const CONNECTIONS: usize = 32;

    pub(super) fn new(downloader: Downloader<S>, prefix: Prefix, dir: PathBuf) -> Self {
        Self {
            downloader,
            plan: Plan {
                prefix,
                dir,
                connections: Self::CONNECTIONS,
                full_keys: false,
                filter: Filter::new(),
                shard: None,
                sync: None,
                delete: false,
                dry_run: false,
                fail_fast: false,
                observer: None,
                amend: None,
            },
        }
    }

    /// How many requests for objects are on their way at once, those for parts among them: 32 unless
    /// said otherwise; 0 counts as 1. A single object takes no more of them than the downloader's
    /// [`parallel`](Downloader::parallel). The listing takes one more. Where the process may have few
    /// files open (`ulimit -n`), there are fewer: each takes two of those.
    pub fn connections(mut self, connections: usize) -> Self {
        self.plan.connections = connections;
        self
    }

    /// Keeps the prefix in local paths. By default what stands before the prefix's last `/` is left
    /// out.
    pub fn full_keys(mut self, full_keys: bool) -> Self {
        self.plan.full_keys = full_keys;
        self
    }

    /// Takes only the objects that the filter wants: it is asked with the path of each below the
    /// prefix, as [`Prefix::below`] has it.
    pub fn filter(mut self, filter: Filter) -> Self {
        self.plan.filter = filter;
        self
    }

    /// Takes only the objects of this shard: other processes or machines take the others.
    pub fn shard(mut self, shard: Shard) -> Self {
        self.plan.shard = Some(shard);
        self
    }

    /// Fetches only what differs. By default files that are there are replaced.
    pub fn sync(mut self, by: SyncBy) -> Self {
        self.plan.sync = Some(by);
        self
    }

    /// Deletes local files that are not in the bucket, at the end: never after a listing that
    /// failed or showed no key at all, and only files whose key would start with the prefix, that
    /// the filter wants and the shard takes. Symbolic links are deleted themselves. Folders stay,
    /// because another shard may be about to put a file there: where the bucket has a file by
    /// now in place of a folder, an empty one is to be removed by hand.
    pub fn delete(mut self, delete: bool) -> Self {
        self.plan.delete = delete;
        self
    }

    /// Changes nothing here, and fetches nothing but the listing (with [`SyncBy::Checksum`], heads
    /// of objects): the observer is told what would be done.
    pub fn dry_run(mut self, dry_run: bool) -> Self {
        self.plan.dry_run = dry_run;
        self
    }

    /// Stops at the first object that fails. By default the run goes on with the others.
    pub fn fail_fast(mut self, fail_fast: bool) -> Self {
        self.plan.fail_fast = fail_fast;
        self
    }

    /// Tells `observer` what becomes of each object, and how far the run is.
    pub fn observer(mut self, observer: impl Observer + 'static) -> Self {
        self.plan.observer = Some(Arc::new(observer));
        self
    }

    /// Adds to the request for each object: a traffic limit, overrides, a customer's key. Bucket and
    /// key are to stay as they are, and no range may be asked for.
    pub fn request(
        mut self,
        amend: impl Fn(GetObject) -> GetObject + Send + Sync + 'static,
    ) -> Self {
        self.plan.amend = Some(Arc::new(amend));
        self
    }
}

impl<S, B> IntoFuture for PrefixDownload<S>
where
    S: Service<Request<()>, Response = Response<B>> + Clone + Send + 'static,
    S::Future: Send,
    S::Error: Into<BoxError>,
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    type Output = Result<PrefixReport, PrefixError>;
    type IntoFuture = PrefixTransfer;

    fn into_future(self) -> PrefixTransfer {
        let (cancel, cancelled) = watch::channel(false);
        PrefixTransfer {
            state: State::Running(Box::pin(run::run(self.downloader, self.plan, cancelled))),
            cancel,
        }
    }
}

impl<S: fmt::Debug> fmt::Debug for PrefixDownload<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PrefixDownload")
            .field("downloader", &self.downloader)
            .field("plan", &self.plan)
            .finish()
    }
}

/// The download of a prefix, on its way: a future that has to be polled or spawned to go on. Objects
/// are fetched by tasks of their own on the same runtime.
///
/// # Cancellation
///
/// Dropping it starts no new work, and gives up what is under way at its next step; what is being
/// published at that moment may still appear, whole. The next run takes it up.
/// [`cancel`](Self::cancel) records what has come, and waits.
#[must_use = "a download does nothing unless it is awaited or spawned"]
pub struct PrefixTransfer {
    state: State,
    cancel: watch::Sender<bool>,
}

type Running = Pin<Box<dyn Future<Output = Result<PrefixReport, PrefixError>> + Send>>;

enum State {
    Running(Running),
    /// With what was done.
    Ended(PrefixReport),
}

impl PrefixTransfer {
    /// Gives the download up in order: no new work is started, what has come of large objects is
    /// recorded, and when this future is ready, nothing of the download is under way any more. It
    /// tells what was done by then; of a download that has ended, what it has done.
    pub async fn cancel(self) -> PrefixReport {
        let _ = self.cancel.send(true);
        match self.state {
            State::Running(running) => report_of(&running.await),
            State::Ended(report) => report,
        }
    }
}

impl Future for PrefixTransfer {
    type Output = Result<PrefixReport, PrefixError>;

    /// Not to be polled again after the end.
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let State::Running(running) = &mut self.state else {
            return Poll::Pending;
        };
        let ended = ready!(running.as_mut().poll(cx));
        self.state = State::Ended(report_of(&ended));
        Poll::Ready(ended)
    }
}

fn report_of(ended: &Result<PrefixReport, PrefixError>) -> PrefixReport {
    match ended {
        Ok(report) => report.clone(),
        Err(error) => error.report().clone(),
    }
}

impl fmt::Debug for PrefixTransfer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PrefixTransfer").finish_non_exhaustive()
    }
}
