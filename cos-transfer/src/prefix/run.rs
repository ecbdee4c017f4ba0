//! One run: from the listing to the last file.

use std::ffi::OsStr;
use std::fs;
use std::future::poll_fn;
use std::io;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::Poll;
use std::time::{Duration, Instant};

use bytes::Bytes;
use cos_proto::{ListObjects, ObjectEntry};
use http::{Request, Response};
use http_body::Body;
use tokio::sync::{Semaphore, mpsc, watch};
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::{Interval, MissedTickBehavior};
use tower_service::Service;

use super::ancestors::Ancestors;
use super::counts::Counts;
use super::delete::delete;
use super::listing::{PAGES_AHEAD, Patience, list};
use super::object::{Ended, Job};
use super::plan::Plan;
use super::queue::{Next, Queue};
use super::seen::Seen;
use super::staging::{Staging, Unstaged};
use super::tree::{self, Tree};
use super::{KeyPath, ListError, Names, ObjectError, Outcome, PrefixError, PrefixReport};
use crate::blocking::blocking;
use crate::downloader::Settings;
use crate::driver::Line;
use crate::storage::{Dir as _, RealDir, RealFile};
use crate::{BoxError, DownloadError, Downloader, Fsync, LocalAction};

/// How many objects wait at most: so far a run looks ahead for large ones to start early. Each takes
/// some 200 bytes and its key.
const LOOK_AHEAD: usize = 4000;

/// How often the observer is told of the progress.
const TELL_EVERY: Duration = Duration::from_millis(100);

/// What all tasks of a run share.
pub(super) struct Run<S> {
    /// Nobody holds it for longer than it takes to clone what is in it.
    line: Mutex<Line<S>>,
    pub(super) settings: Settings,
    pub(super) plan: Plan,
    pub(super) patience: Patience,
    /// `None` in a dry run where the directory is not there.
    pub(super) tree: Option<Tree<RealDir>>,
    /// `None` in a dry run.
    pub(super) staging: Option<Staging>,
    pub(super) counts: Arc<Counts>,
    /// True once the run is to stop.
    pub(super) stop: watch::Receiver<bool>,
    /// Whether there is a file that was not made durable by itself.
    pub(super) unsynced: AtomicBool,
}

/// Why a run ends before its time.
enum Stop {
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

/// Runs it. `cancelled` becomes true when the caller gives it up.
pub(super) async fn run<S, B>(
    downloader: Downloader<S>,
    plan: Plan,
    cancelled: watch::Receiver<bool>,
) -> Result<PrefixReport, PrefixError>
where
    S: Service<Request<()>, Response = Response<B>> + Clone + Send + 'static,
    S::Future: Send,
    S::Error: Into<BoxError>,
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    let started = Instant::now();
    let counts = Arc::new(Counts::default());
    let opening = plan.clone();
    let resumes = !downloader.settings.no_resume;
    let opened = blocking(move || Ok(Place::open(&opening, resumes))).await;
    let failed = |source| PrefixError::Local {
        report: PrefixReport::default(),
        source,
    };
    let place = match opened.map_err(failed)? {
        Ok(place) => place,
        Err(Unstaged::Busy) => {
            return Err(PrefixError::Busy {
                dir: plan.dir,
                report: PrefixReport::default(),
            });
        }
        Err(Unstaged::Io(error)) => {
            return Err(failed(DownloadError::local(
                LocalAction::Create,
                &plan.dir,
                error,
            )));
        }
    };
    let (stopping, stop) = watch::channel(false);
    let run = Arc::new(Run {
        line: Mutex::new(Line {
            service: downloader.service,
            endpoint: downloader.endpoint,
            connections: Some(Arc::new(Semaphore::new(plan.connections.max(1)))),
        }),
        patience: Patience {
            retries: downloader.settings.retries,
            backoff: downloader.settings.backoff,
        },
        settings: downloader.settings,
        plan,
        tree: place.tree,
        staging: place.staging,
        counts,
        stop,
        unsynced: AtomicBool::new(false),
    });
    let mut course = Course::new(Arc::clone(&run), stopping);
    course.start_listing();
    course.go(cancelled).await;
    let over = course.over();
    run.finish(over, place.made, started).await
}

/// Where a run goes.
struct Place {
    tree: Option<Tree<RealDir>>,
    staging: Option<Staging>,
    /// Directories that were made for it, the innermost first.
    made: Vec<PathBuf>,
}

impl Place {
    fn open(plan: &Plan, resumes: bool) -> Result<Self, Unstaged> {
        if plan.dry_run {
            let tree = match RealDir::open_path(&plan.dir) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => None,
                root => Some(Tree::new(root.map_err(Unstaged::Io)?, plan.dir.clone())),
            };
            return Ok(Self {
                tree,
                staging: None,
                made: Vec::new(),
            });
        }
        let made = missing(&plan.dir);
        fs::create_dir_all(&plan.dir).map_err(Unstaged::Io)?;
        let root = RealDir::open_path(&plan.dir).map_err(Unstaged::Io)?;
        let staging = Staging::open(&root, plan.shard, &plan.run(), resumes)?;
        let folds = tree::folds(staging.dir()).map_err(Unstaged::Io)?;
        let tree = Tree::new(root, plan.dir.clone())
            .reserving(staging.top(), folds)
            .map_err(Unstaged::Io)?;
        Ok(Self {
            tree: Some(tree),
            staging: Some(staging),
            made,
        })
    }
}

/// The directories on the way to this one that are not there, the innermost first.
fn missing(dir: &Path) -> Vec<PathBuf> {
    dir.ancestors()
        .take_while(|dir| !dir.as_os_str().is_empty() && fs::symlink_metadata(dir).is_err())
        .map(Path::to_owned)
        .collect()
}

/// How a run is going: what one task has in hand, while others list and fetch.
struct Course<S> {
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

/// What is known when everything has ended.
struct Over {
    listed: Option<Result<(), ListError>>,
    stopped: Option<Stop>,
    seen: Seen,
    has_keys: bool,
}

impl<S, B> Course<S>
where
    S: Service<Request<()>, Response = Response<B>> + Clone + Send + 'static,
    S::Future: Send,
    S::Error: Into<BoxError>,
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    fn new(run: Arc<Run<S>>, stopping: watch::Sender<bool>) -> Self {
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

    fn start_listing(&mut self) {
        let prefix = &self.run.plan.prefix;
        let listing = ListObjects::new(prefix.bucket().clone()).prefix(prefix.as_str());
        let (sender, pages) = mpsc::channel(PAGES_AHEAD);
        let (line, patience) = (self.run.line(), self.run.patience.clone());
        let list = async move { Task::Listing(list(line, listing, patience, sender).await) };
        self.listing = Some(self.tasks.spawn(list));
        self.pages = Some(pages);
    }

    /// Goes on until everything has ended.
    async fn go(&mut self, mut cancelled: watch::Receiver<bool>) {
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
            match next {
                Next::Small(job) => {
                    self.tasks.spawn(async { Task::Small(run.job(job).await) });
                }
                Next::Large(job) => {
                    self.tasks.spawn(async { Task::Large(run.job(job).await) });
                }
            }
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

    fn over(self) -> Over {
        Over {
            listed: self.listed,
            stopped: self.stopped,
            seen: self.seen,
            has_keys: self.has_keys,
        }
    }
}

impl<S: Clone> Run<S> {
    /// What requests are sent by.
    pub(super) fn line(&self) -> Line<S> {
        let line = self.line.lock().unwrap_or_else(PoisonError::into_inner);
        line.clone()
    }

    /// Where an object of the listing goes. One that can go nowhere has been told of.
    fn judge(&self, entry: ObjectEntry, file: Option<String>) -> Result<Job, ()> {
        let key = entry.key.as_str();
        let path = self.plan.path_of(key);
        let judged = KeyPath::new(path, Names::HERE)
            .and_then(|path| path.fits_below(&self.plan.dir))
            .map_err(ObjectError::Key)
            .and_then(|path| match file {
                Some(file) => Err(ObjectError::BelowFile { file }),
                None => Ok(path),
            });
        match judged {
            Ok(path) => Ok(Job {
                path,
                size: entry.size,
                modified: entry.last_modified,
                // A weak one cannot be asked for.
                etag: entry.etag.filter(|etag| !etag.is_weak()),
                key: entry.key,
                without_handle: 0,
            }),
            Err(error) => {
                self.counts.give_up(entry.size);
                self.tell_failed(key, path, &error);
                Err(())
            }
        }
    }

    /// A file without a name for the keys that are too many for the memory.
    fn spill(&self) -> io::Result<Option<RealFile>> {
        let Some(staging) = &self.staging else {
            return Ok(None);
        };
        let name = staging.new_name();
        let file = staging.dir().create(&name)?;
        staging.dir().remove(&name)?;
        Ok(Some(file))
    }

    fn tell_progress(&self) {
        if let Some(observer) = &self.plan.observer {
            observer.progress(self.counts.progress());
        }
    }
}

impl<S: Clone + Send + 'static> Run<S> {
    /// What is to be done when everything has ended: the small files are made durable, what the
    /// bucket does not have is deleted, and the folder of what is not finished is removed.
    async fn finish(
        self: Arc<Self>,
        over: Over,
        made: Vec<PathBuf>,
        started: Instant,
    ) -> Result<PrefixReport, PrefixError> {
        let Over {
            listed,
            stopped,
            seen,
            has_keys,
        } = over;
        let complete = stopped.is_none() && matches!(listed, Some(Ok(())));
        let run = Arc::clone(&self);
        let finished = blocking(move || {
            run.sync()?;
            if run.plan.delete && complete && has_keys {
                run.delete(&seen)?;
            }
            let clean = complete && run.counts.report(Duration::ZERO).failed == 0;
            run.clean_up(clean)?;
            if complete && !has_keys {
                made.iter()
                    .take_while(|dir| fs::remove_dir(dir).is_ok())
                    .for_each(drop);
            }
            Ok(())
        })
        .await;
        self.tell_progress();
        let report = self.counts.report(started.elapsed());
        let stopped = match finished {
            Err(error) => Some(Stop::Disk(error)),
            Ok(()) => stopped,
        };
        match (stopped, listed) {
            (Some(Stop::Disk(source)), _) => Err(PrefixError::Local { report, source }),
            (Some(Stop::Cancelled), _) => Err(PrefixError::Cancelled { report }),
            (None, Some(Err(source))) => Err(PrefixError::Listing { report, source }),
            (None, _) if !has_keys => Err(PrefixError::NoKeys { report }),
            _ if report.failed > 0 => Err(PrefixError::Objects { report }),
            _ => Ok(report),
        }
    }

    fn sync(&self) -> Result<(), DownloadError> {
        let Some(tree) = &self.tree else {
            return Ok(());
        };
        if self.settings.fsync != Fsync::Auto || !self.unsynced.load(Ordering::Relaxed) {
            return Ok(());
        }
        let synced = tree.root().sync_file_system();
        synced.map_err(|error| DownloadError::local(LocalAction::Sync, &self.plan.dir, error))
    }

    fn delete(&self, seen: &Seen) -> Result<(), DownloadError> {
        let Some(tree) = &self.tree else {
            return Ok(());
        };
        delete(
            tree.root(),
            &self.plan,
            seen,
            &mut |key, path, removed| match removed {
                Ok(()) => {
                    self.counts.deleted();
                    let outcome = match self.plan.dry_run {
                        true => Outcome::WouldDelete,
                        false => Outcome::Deleted,
                    };
                    self.tell(key, path, outcome);
                }
                Err(error) => self.tell_failed(key, path, &ObjectError::Download(error)),
            },
        )
    }

    /// Removes the folder of what is not finished, unless there is something for the next run.
    fn clean_up(&self, clean: bool) -> Result<(), DownloadError> {
        let Some(staging) = &self.staging else {
            return Ok(());
        };
        let report = self.counts.report(Duration::ZERO);
        let keep = || {
            let finished = self.plan.sync.is_none() && report.listed() > report.failed;
            Ok(finished || staging.has_checkpoints()?)
        };
        let cleaned = match clean {
            true => staging.remove(),
            false => keep().and_then(|keep| if keep { Ok(()) } else { staging.remove() }),
        };
        let folder = self.plan.dir.join(OsStr::new(super::key_path::RESERVED));
        cleaned.map_err(|error| DownloadError::local(LocalAction::Remove, &folder, error))
    }
}
