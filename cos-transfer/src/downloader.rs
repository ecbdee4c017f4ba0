//! Downloads on a tokio runtime.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Instant, SystemTime};

use bytes::Bytes;
use cos_proto::{Endpoint, Extent, GetObject, ObjectHead};
use http::{Request, Response};
use http_body::Body;
use tokio::io::{AsyncWrite, AsyncWriteExt as _};
use tower_service::Service;

use crate::chunks::Chunks;
use crate::part_file::{self, PartFile, Published};
use crate::writer::{Writer, blocking};
use crate::{
    BoxError, Destination, DownloadError, Progress, Report, Transferred, Verified, exchange,
};

/// Downloads objects of one endpoint through a service.
///
/// Cloning it is as cheap as cloning the service. Its methods may run any number of times at once;
/// of several downloads to one destination the one that finishes last stays. They need a tokio
/// runtime with its timer.
#[derive(Clone)]
pub struct Downloader<S> {
    service: S,
    endpoint: Endpoint,
    no_clobber: bool,
    require_crc64: bool,
    no_crc64: bool,
    progress: Option<Arc<dyn Progress>>,
}

impl<S> Downloader<S> {
    /// Downloads through `service` from `endpoint`.
    pub fn new(service: S, endpoint: Endpoint) -> Self {
        Self {
            service,
            endpoint,
            no_clobber: false,
            require_crc64: false,
            no_crc64: false,
            progress: None,
        }
    }

    /// Leaves a file that is there already alone: the report then says
    /// [`skipped`](Report::skipped), and nothing is sent.
    pub fn no_clobber(mut self, no_clobber: bool) -> Self {
        self.no_clobber = no_clobber;
        self
    }

    /// Refuses objects that have no CRC64. By default they are verified by their length alone.
    pub fn require_crc64(mut self, require: bool) -> Self {
        self.require_crc64 = require;
        self
    }

    /// Verifies objects by their length alone, whether they have a CRC64 or not. It counts for
    /// nothing where a CRC64 is required.
    pub fn no_crc64(mut self, ignore: bool) -> Self {
        self.no_crc64 = ignore;
        self
    }

    /// Tells `progress` how far each download is.
    pub fn progress(mut self, progress: impl Progress + 'static) -> Self {
        self.progress = Some(Arc::new(progress));
        self
    }
}

impl<S, B> Downloader<S>
where
    S: Service<Request<()>, Response = Response<B>> + Clone + Send + 'static,
    S::Future: Send,
    S::Error: Into<BoxError>,
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    /// Downloads an object, or the range of it that `get` asks for, into the file `path`.
    ///
    /// A file or a symbolic link that is there is replaced, in one step and only by a complete and
    /// verified object; until then it stays as it is. The new file has the mode that the umask
    /// leaves it, and not that of an older one. Missing directories are made. See
    /// [`Destination::resolve`] for a destination that may be a directory.
    ///
    /// One request is sent, whatever the size; for an empty object of which a range was asked for,
    /// two. File work is done on tokio's blocking pool. Of the object, at most 2 MiB are held in
    /// memory, and one chunk of the body.
    ///
    /// # Errors
    ///
    /// [`DownloadError`]. When it is returned, nothing is left behind, neither bytes nor
    /// directories; [`LocalAction::SyncName`](crate::LocalAction::SyncName) is the exception.
    ///
    /// # Cancellation
    ///
    /// Dropping the future gives the download up. It starts no new work; a write in flight is
    /// finished, and the temporary file is then removed. If it is dropped while the complete file
    /// is being published, the file may still appear, whole.
    pub fn download(
        &self,
        get: GetObject,
        path: &Path,
    ) -> impl Future<Output = Result<Report, DownloadError>> + Send + 'static + use<S, B> {
        self.clone().download_to(get, path.to_owned())
    }

    /// Copies an object, or the range of it that `get` asks for, to `writer`, in order.
    ///
    /// The last bytes of a whole object are written only when its CRC64 has proved right, but
    /// those before them are out by then: a receiver must not act on a stream whose copy failed.
    /// `writer` is flushed at the end, and not shut down.
    ///
    /// One request is sent, as for [`download`](Self::download); one chunk is held in memory.
    ///
    /// # Errors
    ///
    /// [`DownloadError`], among them [`DownloadError::Output`] for a failure of the writer.
    ///
    /// # Cancellation
    ///
    /// Dropping the future gives the copy up; how much was written by then is not known.
    pub fn copy<'w, W>(
        &self,
        get: GetObject,
        writer: &'w mut W,
    ) -> impl Future<Output = Result<Report, DownloadError>> + Send + use<'w, S, B, W>
    where
        W: AsyncWrite + Unpin + Send + ?Sized,
    {
        self.clone().copy_to(get, writer)
    }

    async fn download_to(mut self, get: GetObject, dest: PathBuf) -> Result<Report, DownloadError> {
        let started = Instant::now();
        let no_clobber = self.no_clobber;

        let place = dest.clone();
        let found = blocking(&dest, move || part_file::preflight(&place)).await?;
        if no_clobber && found == Destination::Replaceable {
            return Ok(Report::of_nothing_done(started.elapsed()));
        }

        let (head, mut chunks) = self.open(get).await?;
        let place = dest.clone();
        let part = blocking(&dest, move || PartFile::create(&place)).await?;
        let mut writer = Writer::new(part, chunks.total());
        let mut meter = Meter::new(self.progress.as_deref(), chunks.total());
        let extent = match fill(&mut writer, &mut chunks, &mut meter).await {
            Ok(extent) => extent,
            Err(error) => {
                writer.discard().await;
                return Err(error);
            }
        };

        // A time that the file system cannot hold is no reason to fail.
        let modified = head
            .last_modified()
            .and_then(|time| SystemTime::UNIX_EPOCH.checked_add(time.since_epoch()));
        match writer.publish(modified, no_clobber).await? {
            Published::Skipped => Ok(Report::of_nothing_done(started.elapsed())),
            Published::Done => {
                meter.tell();
                Ok(self.report(&head, &chunks, extent, started))
            }
        }
    }

    async fn copy_to<W>(mut self, get: GetObject, writer: &mut W) -> Result<Report, DownloadError>
    where
        W: AsyncWrite + Unpin + Send + ?Sized,
    {
        let started = Instant::now();
        let (head, mut chunks) = self.open(get).await?;
        let mut meter = Meter::new(self.progress.as_deref(), chunks.total());
        while let Some(chunk) = chunks.next().await? {
            writer
                .write_all(&chunk)
                .await
                .map_err(DownloadError::Output)?;
            meter.add(chunk.len());
            meter.tell_at_times();
        }
        let extent = chunks.check()?;
        writer.flush().await.map_err(DownloadError::Output)?;
        meter.tell();
        Ok(self.report(&head, &chunks, extent, started))
    }

    /// Sends the request and applies what was said about CRC64.
    async fn open(&mut self, get: GetObject) -> Result<(ObjectHead, Chunks<B>), DownloadError> {
        let (head, chunks) = exchange::open(&mut self.service, &self.endpoint, get).await?;
        if self.require_crc64 && head.crc64().is_none() {
            return Err(DownloadError::NoCrc64);
        }
        if self.ignores_crc64() {
            return Ok((head, chunks.without_crc64()));
        }
        Ok((head, chunks))
    }

    fn ignores_crc64(&self) -> bool {
        self.no_crc64 && !self.require_crc64
    }

    fn report(
        &self,
        head: &ObjectHead,
        chunks: &Chunks<B>,
        extent: Extent,
        started: Instant,
    ) -> Report {
        Report {
            skipped: false,
            bytes: extent.len(),
            fetched: extent.len(),
            resumed: 0,
            crc64: (!self.ignores_crc64()).then(|| extent.crc64()),
            verified: if chunks.has_crc64() {
                Verified::Crc64
            } else {
                Verified::Size
            },
            etag: head.etag().cloned(),
            version_id: head.version_id().cloned(),
            elapsed: started.elapsed(),
        }
    }
}

/// Moves all chunks to the file, and says what they were.
async fn fill<B>(
    writer: &mut Writer,
    chunks: &mut Chunks<B>,
    meter: &mut Meter<'_>,
) -> Result<Extent, DownloadError>
where
    B: Body<Data = Bytes>,
    B::Error: Into<BoxError>,
{
    while let Some(chunk) = chunks.next().await? {
        meter.add(chunk.len());
        if writer.push(&chunk).await? {
            meter.tell();
        }
    }
    chunks.check()
}

/// How much is copied between one word of progress and the next.
const STEP: u64 = 1024 * 1024;

/// Counts bytes, and tells of them.
struct Meter<'a> {
    progress: Option<&'a dyn Progress>,
    done: u64,
    told: u64,
    total: u64,
}

impl<'a> Meter<'a> {
    /// Tells of the total before the first byte.
    fn new(progress: Option<&'a dyn Progress>, total: u64) -> Self {
        let mut meter = Self {
            progress,
            done: 0,
            told: 0,
            total,
        };
        meter.tell();
        meter
    }

    fn add(&mut self, bytes: usize) {
        let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
        self.done = self.done.saturating_add(bytes).min(self.total);
    }

    /// Tells where another step has been made.
    fn tell_at_times(&mut self) {
        if self.done.saturating_sub(self.told) >= STEP {
            self.tell();
        }
    }

    fn tell(&mut self) {
        self.told = self.done;
        if let Some(progress) = self.progress {
            progress.update(Transferred::new(self.done, self.total));
        }
    }
}

impl<S: fmt::Debug> fmt::Debug for Downloader<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Downloader")
            .field("service", &self.service)
            .field("endpoint", &self.endpoint)
            .field("no_clobber", &self.no_clobber)
            .field("require_crc64", &self.require_crc64)
            .field("no_crc64", &self.no_crc64)
            .finish_non_exhaustive()
    }
}
