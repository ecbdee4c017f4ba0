//! Whether a local file is an object, by their CRC64.

use std::ffi::{OsStr, OsString};
use std::io;

use bytes::Bytes;
use cos_proto::{Crc64, HeadObject};
use http::{Request, Response};
use http_body::Body;
use tokio::sync::watch;
use tower_service::Service;

use crate::blocking::blocking;
use crate::driver::{Fault, refusal, send};
use crate::prefix::delete::is_given_up;
use crate::prefix::listing::Retries;
use crate::prefix::object::{Job, Trouble};
use crate::prefix::run::Run;
use crate::prefix::tree::Target;
use crate::storage::{File as _, RealDir};
use crate::{BoxError, DownloadError, LocalAction};

/// How much of a local file is read at once.
const CHUNK: usize = 256 * 1024;

impl<S, B> Run<S>
where
    S: Service<Request<()>, Response = Response<B>> + Clone + Send + 'static,
    S::Future: Send,
    S::Error: Into<BoxError>,
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    /// Whether the file that is there has the object's CRC64.
    pub(in crate::prefix) async fn has_crc64(
        &self,
        job: &Job,
        target: &Target,
    ) -> Result<bool, Trouble> {
        let asked = self.unless_stopped(self.crc64(job)).await;
        let Some(expected) = asked.ok_or(Trouble::Stopped)?? else {
            return Ok(false);
        };
        let (dir, name) = (target.dir.clone(), OsString::from(&target.name));
        let path = self.plan.dir.join(job.path.as_str());
        let failed = move |error| DownloadError::local(LocalAction::Read, &path, error);
        let stop = self.stop.clone();
        let read = blocking(move || crc64_of(&dir, &name, &stop).map_err(failed)).await?;
        match read {
            Read::Crc64(crc64) => Ok(crc64 == expected),
            Read::Gone => Ok(false),
            Read::GivenUp => Err(Trouble::Stopped),
        }
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
}

/// What has come of reading a local file.
enum Read {
    Crc64(u64),
    Gone,
    GivenUp,
}

fn crc64_of(dir: &RealDir, name: &OsStr, stop: &watch::Receiver<bool>) -> io::Result<Read> {
    let Some(file) = dir.open_to_read(name)? else {
        return Ok(Read::Gone);
    };
    let mut crc64 = Crc64::new();
    let mut buffer = vec![0; CHUNK];
    let mut offset: u64 = 0;
    while !is_given_up(stop) {
        let read = file.read_at(&mut buffer, offset)?;
        if read == 0 {
            return Ok(Read::Crc64(crc64.value()));
        }
        crc64.update(buffer.get(..read).unwrap_or_default());
        offset = offset.saturating_add(u64::try_from(read).unwrap_or(u64::MAX));
    }
    Ok(Read::GivenUp)
}
