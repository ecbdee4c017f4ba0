//! The bytes of one object: by one request where it is small, else in parts.

use std::ffi::{OsStr, OsString};
use std::future::poll_fn;
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::Poll;
use std::time::{Instant, SystemTime};

use bytes::Bytes;
use cos_proto::{Crc64, Failure, HeadObject, ObjectHead, RangeGuard, RetryBudget};
use http::{Request, Response};
use http_body::Body;
use http_body_util::BodyExt as _;
use tower_service::Service;

use super::counts::Meter;
use super::key_path::RESERVED;
use super::listing::Retries;
use super::object::{Job, Placed, Trouble};
use super::run::Run;
use super::staging::Staging;
use super::tree::Target;
use super::{ObjectError, Skipped};
use crate::blocking::blocking;
use crate::downloader::ToFile;
use crate::driver::{Answer, Fault, ask, refusal, send};
use crate::sidecars::Place;
use crate::storage::{Dir as _, File as _, RealDir, RealFile};
use crate::{
    BoxError, DestinationError, DownloadError, Fsync, LocalAction, Report, Transfer, Verified,
};

/// How much of a local file is read at once.
const READ: usize = 256 * 1024;

/// Why one request was not enough.
enum Setback {
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
enum Small {
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

    /// By one request, which is held to the entity tag that the listing has told. The bytes are
    /// written by the thread that polls this, as they come.
    async fn small(
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
        let line = self.line();
        let budget = RetryBudget::new(self.settings.retries);
        let answer = ask(
            line.service,
            line.endpoint,
            get.clone(),
            budget,
            line.connections,
        )
        .await
        .map_err(|fault| setback(fault, pinned))?;
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

        let file = NewFile::create(staging).map_err(self.local(job, LocalAction::Create))?;
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
                .map_err(self.local(job, LocalAction::Write))?;
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
        let failed = || self.local(job, LocalAction::Publish);
        let modified = head.last_modified().unwrap_or(job.modified);
        if let Some(time) = SystemTime::UNIX_EPOCH.checked_add(modified.since_epoch()) {
            file.file.set_modified(time).map_err(failed())?;
        }
        let always = self.settings.fsync == Fsync::Always;
        if always {
            let synced = file.file.sync_all();
            synced.map_err(self.local(job, LocalAction::Sync))?;
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
                    _ => failed()(error),
                });
            }
        }
        if always {
            let synced = target.dir.sync();
            synced.map_err(self.local(job, LocalAction::SyncName))?;
        }
        Ok(true)
    }

    /// Whether the file that is there has the object's CRC64.
    pub(super) async fn has_crc64(&self, job: &Job, target: &Target) -> Result<bool, Trouble> {
        let asked = self.unless_stopped(self.crc64(job)).await;
        let Some(expected) = asked.ok_or(Trouble::Stopped)?? else {
            return Ok(false);
        };
        let (dir, name) = (target.dir.clone(), OsString::from(&target.name));
        let failed = self.local(job, LocalAction::Read);
        let read = blocking(move || crc64_of(&dir, &name).map_err(failed)).await?;
        Ok(read == Some(expected))
    }

    /// The CRC64 of an object, asked for by a HEAD.
    async fn crc64(&self, job: &Job) -> Result<Option<u64>, DownloadError> {
        let head = HeadObject::from(&self.plan.get(job.key.clone()));
        let request = head
            .to_request(&self.line().endpoint)
            .map_err(DownloadError::Request)?;
        let retries = Retries::new(&self.patience);
        loop {
            let line = self.line();
            let permit = match line.connections {
                // It is never closed.
                Some(connections) => connections.acquire_owned().await.ok(),
                None => None,
            };
            let answered = send(line.service, retries.mark(request.clone())).await;
            let fault = match answered.map_err(Fault::of_service) {
                Err(fault) => fault,
                Ok(response) => {
                    let status = response.status();
                    let (parts, body) = response.into_parts();
                    if status.is_success() {
                        let judged = line.endpoint.check_origin(&parts);
                        let judged = judged.and_then(|()| head.judge(&parts));
                        return judged
                            .map(|head| head.crc64())
                            .map_err(DownloadError::misjudged);
                    }
                    let attempts = parts.extensions.get().copied();
                    let error = refusal(parts, body).await;
                    Fault::new(DownloadError::refused(error)).after(attempts)
                }
            };
            drop(permit);
            if !retries.again(fault.failure, fault.is_exhausted()).await {
                return Err(retries.last(fault));
            }
        }
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

/// Whether the engine may do better after this.
fn setback(fault: Fault, pinned: bool) -> Setback {
    match fault.failure {
        // The object is another one than the listing has shown: it is taken as it is now.
        Failure::PreconditionFailed if pinned => Setback::Engine,
        failure if failure.is_retryable() && !fault.is_exhausted() => Setback::Engine,
        _ => Setback::Failed(fault.error),
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

/// The CRC64 of a local file; `None` if it is gone by now.
fn crc64_of(dir: &RealDir, name: &OsStr) -> io::Result<Option<u64>> {
    let Some(file) = dir.open_to_read(name)? else {
        return Ok(None);
    };
    let mut crc64 = Crc64::new();
    let mut buffer = vec![0; READ];
    let mut offset: u64 = 0;
    loop {
        let read = file.read_at(&mut buffer, offset)?;
        if read == 0 {
            return Ok(Some(crc64.value()));
        }
        crc64.update(buffer.get(..read).unwrap_or_default());
        offset = offset.saturating_add(u64::try_from(read).unwrap_or(u64::MAX));
    }
}
