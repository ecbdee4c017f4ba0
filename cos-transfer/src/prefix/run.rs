//! One run: from the listing to the last file.

mod course;
mod finish;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use bytes::Bytes;
use cos_proto::ObjectEntry;
use http::{Request, Response};
use http_body::Body;
use tokio::sync::{Semaphore, watch};
use tower_service::Service;

use super::counts::Counts;
use super::listing::Patience;
use super::object::Job;
use super::plan::Plan;
use super::staging::{Staging, Unstaged};
use super::tree::{self, Tree};
use super::{KeyPath, Names, ObjectError, PrefixError, PrefixReport};
use crate::blocking::blocking;
use crate::downloader::Settings;
use crate::driver::Line;
use crate::storage::{Dir as _, RealDir, RealFile, handles};
use crate::{BoxError, DownloadError, Downloader, Fsync, LocalAction};
use course::Course;

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
    let (resumes, fsync) = (!downloader.settings.no_resume, downloader.settings.fsync);
    let opened = blocking(move || Ok(Place::open(&opening, resumes, fsync))).await;
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
    let mut plan = plan;
    plan.connections = affordable(plan.connections, handles());
    let run = Arc::new(Run {
        line: Mutex::new(Line {
            service: downloader.service,
            endpoint: downloader.endpoint,
            connections: Some(Arc::new(Semaphore::new(plan.connections))),
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
    course.go(cancelled.clone()).await;
    let over = course.over();
    run.finish(over, place.made, cancelled, started).await
}

/// Handles that a run leaves for everything but its connections: for the folders that it holds open,
/// for checkpoints, for the rest of the process.
const OTHER_HANDLES: u64 = 64;

/// So many connections, or as many as there are handles for: each takes one for its socket, which is
/// kept open for the next request, and one for its file.
fn affordable(connections: usize, handles: Option<u64>) -> usize {
    let most = match handles {
        Some(handles) => usize::try_from(handles.saturating_sub(OTHER_HANDLES) / 2),
        None => Ok(usize::MAX),
    };
    let most = most.unwrap_or(usize::MAX).min(Semaphore::MAX_PERMITS);
    connections.clamp(1, most.max(1))
}

/// Where a run goes.
struct Place {
    tree: Option<Tree<RealDir>>,
    staging: Option<Staging>,
    /// Directories that were made for it, the innermost first.
    made: Vec<PathBuf>,
}

impl Place {
    fn open(plan: &Plan, resumes: bool, fsync: Fsync) -> Result<Self, Unstaged> {
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
        if fsync != Fsync::Never {
            sync_names(&made).map_err(Unstaged::Io)?;
        }
        let root = RealDir::open_path(&plan.dir).map_err(Unstaged::Io)?;
        let staging = Staging::open(&root, plan.shard, &plan.run(), resumes)?;
        let folds = tree::folds(staging.dir()).map_err(Unstaged::Io)?;
        let tree = Tree::new(root, plan.dir.clone())
            .durable(fsync == Fsync::Always)
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

/// Makes the names of directories durable that were made.
fn sync_names(made: &[PathBuf]) -> io::Result<()> {
    for dir in made {
        let parent = match dir.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        RealDir::open_path(parent)?.sync()?;
    }
    Ok(())
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn f19_there_are_no_more_connections_than_handles_for_them() {
        assert_eq!(affordable(32, Some(1024)), 32);
        assert_eq!(affordable(256, Some(128)), 32);
        assert_eq!(affordable(256, Some(20)), 1);
        assert_eq!(affordable(0, None), 1);
        assert_eq!(affordable(usize::MAX, None), Semaphore::MAX_PERMITS);
    }
}
