//! A small object: one request, one file.

use std::ffi::{OsStr, OsString};
use std::io;
use std::pin::pin;
use std::time::{Instant, SystemTime};

use bytes::Bytes;
use cos_proto::{Failure, ObjectHead, RangeGuard, RetryBudget};
use http::{Request, Response};
use http_body::Body;
use http_body_util::BodyExt as _;
use tower_service::Service;

use crate::driver::{Answer, Fault, ask};
use crate::prefix::counts::Meter;
use crate::prefix::listing::gave_up;
use crate::prefix::object::Job;
use crate::prefix::run::Run;
use crate::prefix::staging::Staging;
use crate::prefix::tree::Target;
use crate::storage::{Dir as _, File as _, RealDir, RealFile};
use crate::{BoxError, DestinationError, DownloadError, Fsync, LocalAction, Report, Verified};

/// Why one request was not enough.
pub(super) enum Setback {
    /// The engine may do better: it tries again, goes on where a body broke off, and takes the
    /// object as it is by now.
    Engine,
    Failed(DownloadError),
}

impl From<DownloadError> for Setback {
    fn from(error: DownloadError) -> Self {
        Self::Failed(error)
    }
}

/// What has come of one request.
pub(super) enum Small {
    Fetched(Report),
    /// Something has got the name meanwhile.
    Exists,
}

impl<S, B> Run<S>
where
    S: Service<Request<()>, Response = Response<B>> + Clone + Send + 'static,
    S::Future: Send,
    S::Error: Into<BoxError>,
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    /// By one request, which is held to the entity tag that the listing has told. The bytes are
    /// written by the thread that polls this, as they come.
    pub(super) async fn small(
        &self,
        job: &Job,
        target: &Target,
        staging: &Staging,
        meter: &Meter,
    ) -> Result<Small, Setback> {
        let started = Instant::now();
        let mut get = self.plan.get(job.key.clone());
        let pinned = get.conditions.if_match.is_none() && job.etag.is_some();
        if pinned {
            get.conditions.if_match = job.etag.clone();
        }
        let budget = RetryBudget::new(self.settings.retries);
        let answer = ask(self.line(), &get, budget.clone())
            .await
            .map_err(|fault| setback(fault, pinned, &budget))?;
        let (head, guard) = get.judge(&answer.parts).map_err(|error| {
            let error = DownloadError::misjudged(error);
            match error.failure() {
                Some(Failure::ObjectChanged) if pinned => Setback::Engine,
                _ => Setback::Failed(error),
            }
        })?;
        let settings = &self.settings;
        if settings.require_crc64 && head.crc64().is_none() {
            return Err(DownloadError::NoCrc64.into());
        }
        let range = guard.range();
        if range.end.saturating_sub(range.start) > settings.part_size {
            return Err(Setback::Engine);
        }
        let ignores_crc64 = settings.no_crc64 && !settings.require_crc64;
        let mut guard = if ignores_crc64 {
            guard.without_crc64()
        } else {
            guard
        };

        let file = NewFile::create(staging)
            .map_err(|error| self.local(job, LocalAction::Create, error))?;
        self.write(job, answer, &mut guard, &file, meter).await?;
        let has_crc64 = guard.expected_crc64().is_some();
        let extent = guard.finish().map_err(|_| Setback::Engine)?;
        if !self.publish(job, target, file, &head)? {
            return Ok(Small::Exists);
        }
        Ok(Small::Fetched(Report {
            skipped: false,
            bytes: extent.len(),
            fetched: extent.len(),
            resumed: 0,
            crc64: (!ignores_crc64).then(|| extent.crc64()),
            verified: if has_crc64 {
                Verified::Crc64
            } else {
                Verified::Size
            },
            etag: head.etag().cloned(),
            version_id: head.version_id().cloned(),
            elapsed: started.elapsed(),
            requests: 1,
            pinned: head.etag().is_some(),
            restarted: false,
        }))
    }

    /// Writes the whole body, and lets go of the connection.
    async fn write(
        &self,
        job: &Job,
        answer: Answer<B>,
        guard: &mut RangeGuard,
        file: &NewFile<'_>,
        meter: &Meter,
    ) -> Result<(), Setback> {
        let mut body = pin!(answer.body);
        while let Some(frame) = body.frame().await {
            let frame = match frame {
                Ok(frame) => frame,
                // All bytes are here; that the end got lost takes nothing from them.
                Err(_) if guard.remaining() == 0 => return Ok(()),
                Err(error) => return Err(broken(Fault::of_service(error.into()))),
            };
            // Trailers are nothing to us.
            let Ok(chunk) = frame.into_data() else {
                continue;
            };
            let offset = guard.accept(&chunk).map_err(|_| Setback::Engine)?;
            let offset = offset.saturating_sub(guard.range().start);
            file.file
                .write_all_at(&chunk, offset)
                .map_err(|error| self.local(job, LocalAction::Write, error))?;
            let come = u64::try_from(chunk.len()).unwrap_or(u64::MAX);
            meter.reached(offset.saturating_add(come));
        }
        Ok(())
    }

    /// Gives the complete file its time and its name; false if there is something of that name that
    /// is to stay.
    fn publish(
        &self,
        job: &Job,
        target: &Target,
        file: NewFile<'_>,
        head: &ObjectHead,
    ) -> Result<bool, DownloadError> {
        let failed = |error| self.local(job, LocalAction::Publish, error);
        let modified = head.last_modified().unwrap_or(job.modified);
        if let Some(time) = SystemTime::UNIX_EPOCH.checked_add(modified.since_epoch()) {
            file.file.set_modified(time).map_err(failed)?;
        }
        let always = self.settings.fsync == Fsync::Always;
        if always {
            let synced = file.file.sync_all();
            synced.map_err(|error| self.local(job, LocalAction::Sync, error))?;
        }
        let new = target.must_be_new || self.settings.no_clobber;
        match file.rename(&target.dir, OsStr::new(&target.name), new) {
            Ok(()) => {}
            Err(error) if new && error.kind() == io::ErrorKind::AlreadyExists => return Ok(false),
            Err(error) => {
                // Somebody may have taken the folder away: the next object looks anew.
                if let Some(tree) = &self.tree {
                    tree.forget();
                }
                return Err(match error.kind() {
                    io::ErrorKind::IsADirectory => {
                        let path = self.plan.dir.join(job.path.as_str());
                        DownloadError::Destination(DestinationError::Directory { path })
                    }
                    _ => failed(error),
                });
            }
        }
        if always {
            let synced = target.dir.sync();
            synced.map_err(|error| self.local(job, LocalAction::SyncName, error))?;
        }
        Ok(true)
    }
}

/// Whether the engine may do better after this.
fn setback(fault: Fault, pinned: bool, budget: &RetryBudget) -> Setback {
    match fault.failure {
        // The object is another one than the listing has shown: it is taken as it is now.
        Failure::PreconditionFailed if pinned => Setback::Engine,
        failure if failure.is_retryable() && !fault.is_exhausted() => Setback::Engine,
        _ => Setback::Failed(gave_up(fault, budget)),
    }
}

/// A body that broke off.
fn broken(fault: Fault) -> Setback {
    if fault.failure.is_retryable() {
        Setback::Engine
    } else {
        Setback::Failed(fault.error)
    }
}

/// A small file while it is written, under a name that nobody else uses. Dropping it removes it,
/// unless it was given its own name.
struct NewFile<'a> {
    dir: &'a RealDir,
    name: OsString,
    file: RealFile,
    is_placed: bool,
}

impl<'a> NewFile<'a> {
    fn create(staging: &'a Staging) -> io::Result<Self> {
        let dir = staging.dir();
        loop {
            let name = staging.new_name();
            match dir.create_public(&name) {
                // Who put it there is none of ours; the next number is as good.
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                created => {
                    return created.map(|file| Self {
                        dir,
                        name,
                        file,
                        is_placed: false,
                    });
                }
            }
        }
    }

    /// Gives the very file that was written its name: what somebody else has put in its place is
    /// not published.
    fn rename(mut self, dir: &RealDir, name: &OsStr, new: bool) -> io::Result<()> {
        if !self.dir.is(&self.name, &self.file)? {
            return Err(io::Error::other("the file was taken away"));
        }
        if new {
            self.dir.rename_new(&self.name, dir, name)?;
        } else {
            self.dir.rename(&self.name, dir, name)?;
        }
        self.is_placed = true;
        Ok(())
    }
}

impl Drop for NewFile<'_> {
    fn drop(&mut self) {
        if !self.is_placed {
            // What cannot be removed goes with the folder, or with the next run.
            let _ = self.dir.remove(&self.name);
        }
    }
}
