//! One object of a run: whether it is to be fetched, and what becomes of it.

use std::ffi::OsStr;
use std::io;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use cos_proto::{ETag, Key, Timestamp};
use http::{Request, Response};
use http_body::Body;
use tower_service::Service;

use super::counts::Meter;
use super::run::Run;
use super::tree::Target;
use super::{Done, KeyPath, ObjectError, Outcome, Skipped, SyncBy};
use crate::storage::{Kind, out_of_handles};
use crate::{BoxError, DestinationError, DownloadError, LocalAction, Report};

/// How often an object is tried for which there is no file handle, each time with fewer others
/// beside it.
const HANDLE_TRIES: u32 = 10;

/// An object that the listing has shown and that this run is to put in place.
#[derive(Debug)]
pub(super) struct Job {
    pub(super) key: Key,
    pub(super) path: KeyPath,
    pub(super) size: u64,
    pub(super) modified: Timestamp,
    pub(super) etag: Option<ETag>,
    /// How often there was no file handle for it.
    pub(super) without_handle: u32,
}

/// What has come of a job, for the run to go on by.
#[derive(Debug)]
pub(super) enum Ended {
    /// It is done with, and has been told of.
    Told { failed: bool },
    /// The disk as a whole is of no use any more.
    Disk(DownloadError),
    /// There was no file handle for it.
    NoHandle(Job),
    /// The run was stopped before it was done with.
    Stopped,
}

/// What has come of an object.
#[derive(Debug)]
pub(super) enum Placed {
    Folder,
    Fetched(Report),
    Skipped(Skipped),
    WouldFetch,
}

/// Why nothing has come of it.
#[derive(Debug)]
pub(super) enum Trouble {
    Object(ObjectError),
    Stopped,
}

impl<E: Into<ObjectError>> From<E> for Trouble {
    fn from(error: E) -> Self {
        Self::Object(error.into())
    }
}

impl<S, B> Run<S>
where
    S: Service<Request<()>, Response = Response<B>> + Clone + Send + 'static,
    S::Future: Send,
    S::Error: Into<BoxError>,
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    /// Puts an object in place, or finds that there is nothing to do.
    pub(super) async fn job(self: Arc<Self>, mut job: Job) -> Ended {
        let meter = Arc::new(Meter::new(Arc::clone(&self.counts), job.size));
        let error = match self.place(&job, &meter).await {
            Ok(placed) => {
                self.tell_placed(&job, &placed, &meter);
                return Ended::Told { failed: false };
            }
            Err(Trouble::Stopped) => return Ended::Stopped,
            Err(Trouble::Object(error)) => error,
        };
        if is_out_of_handles(&error) && job.without_handle < HANDLE_TRIES {
            if let Some(tree) = &self.tree {
                tree.forget();
            }
            job.without_handle = job.without_handle.saturating_add(1);
            return Ended::NoHandle(job);
        }
        meter.give_up();
        self.tell_failed(job.key.as_str(), job.path.as_str(), &error);
        match error {
            ObjectError::Download(error) if is_the_disks(&error) => Ended::Disk(error),
            _ => Ended::Told { failed: true },
        }
    }

    async fn place(&self, job: &Job, meter: &Arc<Meter>) -> Result<Placed, Trouble> {
        if job.path.is_folder() {
            self.make_folder(job)?;
            return Ok(Placed::Folder);
        }
        // In a dry run its folder may not be there.
        let target = match &self.tree {
            Some(tree) => tree.target(&job.path, !self.plan.dry_run)?,
            None => None,
        };
        let Some(target) = target else {
            return Ok(Placed::WouldFetch);
        };
        if let Some(skipped) = self.stays(job, &target).await? {
            return Ok(Placed::Skipped(skipped));
        }
        if self.plan.dry_run {
            return Ok(Placed::WouldFetch);
        }
        self.fetch(job, &target, meter).await
    }

    fn make_folder(&self, job: &Job) -> Result<(), ObjectError> {
        if job.size > 0 {
            return Err(ObjectError::FolderWithBytes { bytes: job.size });
        }
        if let Some(tree) = &self.tree {
            tree.folder(job.path.as_str(), !self.plan.dry_run)?;
        }
        Ok(())
    }

    /// Whether what is there already stays.
    async fn stays(&self, job: &Job, target: &Target) -> Result<Option<Skipped>, Trouble> {
        let Some(entry) = target.entry else {
            return Ok(None);
        };
        if self.settings.no_clobber {
            return Ok(Some(Skipped::Exists));
        }
        if entry.kind != Kind::File || entry.len != job.size {
            return Ok(None);
        }
        let same_time = entry.modified.is_some() && entry.modified == whole_seconds(job.modified);
        Ok(match self.plan.sync {
            Some(SyncBy::SizeAndTime) => same_time.then_some(Skipped::Same),
            Some(SyncBy::Checksum) => Box::pin(self.has_crc64(job, target))
                .await?
                .then_some(Skipped::Same),
            None if same_time && self.is_of_former_run(target) => Some(Skipped::Finished),
            None => None,
        })
    }

    /// Whether the file was put there since the run began that this one takes up. No program can
    /// set the time that tells.
    fn is_of_former_run(&self, target: &Target) -> bool {
        let since = self.staging.as_ref().and_then(|staging| staging.since());
        let changed = target.dir.changed(OsStr::new(&target.name)).ok().flatten();
        since.is_some_and(|since| changed.is_some_and(|changed| changed >= since))
    }

    fn tell_placed(&self, job: &Job, placed: &Placed, meter: &Meter) {
        let outcome = match placed {
            Placed::Folder => {
                self.counts.placed(0);
                Outcome::Folder
            }
            Placed::Fetched(report) => {
                self.counts.fetched(report);
                meter.reached(u64::MAX);
                Outcome::Fetched(report)
            }
            Placed::Skipped(skipped) => {
                self.counts.skipped();
                meter.give_up();
                Outcome::Skipped(*skipped)
            }
            Placed::WouldFetch => {
                self.counts.placed(job.size);
                meter.reached(u64::MAX);
                Outcome::WouldFetch(job.size)
            }
        };
        self.tell(job.key.as_str(), job.path.as_str(), outcome);
    }

    /// A failure of the file system at an object's place.
    pub(super) fn local(&self, job: &Job, action: LocalAction, error: io::Error) -> DownloadError {
        let path = self.plan.dir.join(job.path.as_str());
        DownloadError::local(action, &path, error)
    }
}

impl<S> Run<S> {
    /// An object has failed.
    pub(super) fn tell_failed(&self, key: &str, path: &str, error: &ObjectError) {
        self.counts.failed();
        self.tell(key, path, Outcome::Failed(error));
    }

    pub(super) fn tell(&self, key: &str, path: &str, outcome: Outcome<'_>) {
        if let Some(observer) = &self.plan.observer {
            observer.done(&Done { key, path, outcome });
        }
    }
}

/// Seconds alone: listings and headers do not agree on what is below them.
fn whole_seconds(time: Timestamp) -> Option<SystemTime> {
    let seconds = Duration::from_secs(time.since_epoch().as_secs());
    SystemTime::UNIX_EPOCH.checked_add(seconds)
}

fn is_out_of_handles(error: &ObjectError) -> bool {
    match error {
        ObjectError::Download(DownloadError::Local { source, .. })
        | ObjectError::Download(DownloadError::Destination(DestinationError::Unreadable {
            source,
            ..
        })) => out_of_handles(source),
        _ => false,
    }
}

/// Whether it would befall every other object too: the disk is full, or not to be written to.
fn is_the_disks(error: &DownloadError) -> bool {
    use io::ErrorKind::{QuotaExceeded, ReadOnlyFilesystem, StorageFull};
    match error {
        DownloadError::Local { source, .. } => {
            matches!(
                source.kind(),
                QuotaExceeded | ReadOnlyFilesystem | StorageFull
            )
        }
        _ => false,
    }
}
