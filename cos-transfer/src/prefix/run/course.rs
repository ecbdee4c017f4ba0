//! How a run is going.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use bytes::Bytes;
use cos_proto::{ListObjects, ObjectEntry};
use http::{Request, Response};
use http_body::Body;
use tokio::sync::{mpsc, watch};
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::{Interval, MissedTickBehavior};
use tower_service::Service;

use super::Run;
use crate::prefix::ListError;
use crate::prefix::ancestors::Ancestors;
use crate::prefix::listing::{PAGES_AHEAD, list};
use crate::prefix::object::{Ended, Job};
use crate::prefix::queue::{Next, Queue};
use crate::prefix::seen::Seen;
use crate::{BoxError, DownloadError, LocalAction};

/// How many objects wait at most: so far a run looks ahead for large ones to start early. Each takes
/// some 200 bytes and its key.
const LOOK_AHEAD: usize = 4000;

/// How often the observer is told of the progress.
const TELL_EVERY: Duration = Duration::from_millis(100);

/// How a run is going: what one task has in hand, while others list and fetch.
pub(super) struct Course<S> {
    run: Arc<Run<S>>,
    tasks: JoinSet<Task>,
    listing: Option<AbortHandle>,
    pages: Option<mpsc::Receiver<Vec<ObjectEntry>>>,
    listed: Option<Result<(), ListError>>,
    stopping: watch::Sender<bool>,
    stopped: Option<Stop>,
    queue: Queue<Job>,
    ancestors: Ancestors,
    seen: Seen,
    has_keys: bool,
    ticks: Interval,
}

impl<S, B> Course<S>
where
    S: Service<Request<()>, Response = Response<B>> + Clone + Send + 'static,
    S::Future: Send,
    S::Error: Into<BoxError>,
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    pub(super) fn new(run: Arc<Run<S>>, stopping: watch::Sender<bool>) -> Self {
        let mut ticks = tokio::time::interval(TELL_EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let settings = &run.settings;
        Self {
            queue: Queue::new(
                settings.part_size.max(1),
                run.plan.connections,
                settings.parallel,
            ),
            run,
            tasks: JoinSet::new(),
            listing: None,
            pages: None,
            listed: None,
            stopping,
            stopped: None,
            ancestors: Ancestors::new(),
            seen: Seen::new(),
            has_keys: false,
            ticks,
        }
    }

    pub(super) fn start_listing(&mut self) {
        let prefix = &self.run.plan.prefix;
        let listing = ListObjects::new(prefix.bucket().clone()).prefix(prefix.as_str());
        let (sender, pages) = mpsc::channel(PAGES_AHEAD);
        let (line, patience) = (self.run.line(), self.run.patience.clone());
        let list = async move { Task::Listing(list(line, listing, patience, sender).await) };
        self.listing = Some(self.tasks.spawn(list));
        self.pages = Some(pages);
    }

    /// Goes on until everything has ended.
    pub(super) async fn go(&mut self, mut cancelled: watch::Receiver<bool>) {
        loop {
            self.start_jobs();
            let over = self.pages.is_none() && self.queue.waiting() == 0;
            if over && self.tasks.is_empty() {
                return;
            }
            match self.event(&mut cancelled).await {
                Event::Page(entries) => entries.into_iter().for_each(|entry| self.take(entry)),
                Event::NoPages => self.pages = None,
                Event::Gone => {}
                Event::Ended(task) => self.ended(task),
                Event::Cancelled => self.stop(Stop::Cancelled),
            }
        }
    }

    /// What happens next. A page is only asked for where there is room for it.
    async fn event(&mut self, cancelled: &mut watch::Receiver<bool>) -> Event {
        let stopped = self.stopped.is_some();
        let mut cancel = pin!(cancelled.wait_for(|cancelled| *cancelled));
        poll_fn(|cx| {
            while self.ticks.poll_tick(cx).is_ready() {
                self.run.tell_progress();
            }
            if !stopped && cancel.as_mut().poll(cx).is_ready() {
                return Poll::Ready(Event::Cancelled);
            }
            if let Poll::Ready(Some(ended)) = self.tasks.poll_join_next(cx) {
                match ended {
                    Ok(task) => return Poll::Ready(Event::Ended(task)),
                    Err(error) => {
                        if let Ok(panic) = error.try_into_panic() {
                            std::panic::resume_unwind(panic);
                        }
                        return Poll::Ready(Event::Gone);
                    }
                }
            }
            if let Some(pages) = &mut self.pages
                && self.queue.waiting() < LOOK_AHEAD
                && let Poll::Ready(page) = pages.poll_recv(cx)
            {
                return Poll::Ready(page.map_or(Event::NoPages, Event::Page));
            }
            Poll::Pending
        })
        .await
    }

    /// An object of the listing: whether it is ours to put in place, and where.
    fn take(&mut self, entry: ObjectEntry) {
        self.has_keys = true;
        // Decided on the whole listing, so that it comes out the same in every shard.
        let file = self.ancestors.file_above(entry.key.as_str());
        let run = &self.run;
        if self.stopped.is_some() || !run.plan.takes(entry.key.as_str()) {
            return;
        }
        if run.plan.delete
            && let Err(error) = self.seen.add(entry.key.as_str(), || run.spill())
        {
            let error = DownloadError::local(LocalAction::Write, &run.plan.dir, error);
            self.stop(Stop::Disk(error));
            return;
        }
        run.counts.listed(entry.size);
        match run.judge(entry, file) {
            Ok(job) => {
                let size = job.size;
                self.queue.push(job, size);
            }
            Err(()) if run.plan.fail_fast => self.stop(Stop::FailFast),
            Err(()) => {}
        }
    }

    fn start_jobs(&mut self) {
        if self.stopped.is_some() {
            return;
        }
        while let Some(next) = self.queue.next() {
            let run = Arc::clone(&self.run);
            // Boxed: a task is moved several times before it is polled, and once more at its end.
            let task: Pin<Box<dyn Future<Output = Task> + Send>> = match next {
                Next::Small(job) => Box::pin(async { Task::Small(run.job(job).await) }),
                Next::Large(job) => Box::pin(async { Task::Large(run.job(job).await) }),
            };
            self.tasks.spawn(task);
        }
    }

    fn ended(&mut self, task: Task) {
        let ended = match task {
            Task::Listing(listed) => {
                if listed.is_ok() {
                    self.run.counts.all_listed();
                }
                self.listed = Some(listed);
                return;
            }
            Task::Small(ended) => {
                self.queue.ended(true);
                ended
            }
            Task::Large(ended) => {
                self.queue.ended(false);
                ended
            }
        };
        match ended {
            Ended::Told { failed: true } if self.run.plan.fail_fast => self.stop(Stop::FailFast),
            Ended::Told { .. } | Ended::Stopped => {}
            Ended::NoHandle(job) if self.stopped.is_none() => self.queue.take_back(job),
            Ended::NoHandle(_) => {}
            Ended::Disk(error) => self.stop(Stop::Disk(error)),
        }
    }

    /// Starts nothing new, and has what is under way come to an end.
    fn stop(&mut self, why: Stop) {
        if self.stopped.is_some() {
            return;
        }
        self.stopped = Some(why);
        self.queue.clear();
        self.pages = None;
        if let Some(listing) = &self.listing {
            listing.abort();
        }
        let _ = self.stopping.send(true);
    }

    pub(super) fn over(self) -> Over {
        Over {
            listed: self.listed,
            stopped: self.stopped,
            seen: self.seen,
            has_keys: self.has_keys,
        }
    }
}

/// What is known when everything has ended.
pub(super) struct Over {
    pub(super) listed: Option<Result<(), ListError>>,
    pub(super) stopped: Option<Stop>,
    pub(super) seen: Seen,
    pub(super) has_keys: bool,
}

/// Why a run ends before its time.
pub(super) enum Stop {
    Disk(DownloadError),
    /// An object failed, and that was to be enough.
    FailFast,
    /// The caller has given it up.
    Cancelled,
}

/// What a task of the run has ended with.
enum Task {
    Listing(Result<(), ListError>),
    Small(Ended),
    Large(Ended),
}

/// What has happened.
enum Event {
    Page(Vec<ObjectEntry>),
    NoPages,
    /// A task was given up.
    Gone,
    Ended(Task),
    Cancelled,
}
