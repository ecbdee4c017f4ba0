//! Downloads on a tokio runtime.

mod settings;

use std::fmt;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::{Instant, SystemTime};

use bytes::Bytes;
use cos_proto::{Backoff, Endpoint, Extent, GetObject, ObjectHead};
use http::{Request, Response};
use http_body::Body;
use tokio::io::{AsyncWrite, AsyncWriteExt as _};
use tower_service::Service;

pub use settings::Fsync;
use settings::Settings;

use crate::chunks::Chunks;
use crate::part_file::{self, PartFile, Published};
use crate::reader::Reading;
use crate::writer::{Writer, blocking};
use crate::{
    BoxError, Destination, DownloadError, ObjectReader, Progress, Report, Transfer, Transferred,
    Verified, exchange,
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
    settings: Settings,
    progress: Option<Arc<dyn Progress>>,
}

impl<S> Downloader<S> {
    /// Downloads through `service` from `endpoint`.
    pub fn new(service: S, endpoint: Endpoint) -> Self {
        Self {
            service,
            endpoint,
            settings: Settings::default(),
            progress: None,
        }
    }

    /// Bytes of a part, and of an object that is fetched by one request: 20 MiB unless said
    /// otherwise, as in the vendor's own downloader; 0 counts as 1. It may be another one when a
    /// download is resumed.
    pub fn part_size(mut self, bytes: u64) -> Self {
        self.settings.part_size = bytes;
        self
    }

    /// How many parts are in flight at once: 5 unless said otherwise, as in the vendor's own
    /// downloader; 0 counts as 1. Each takes a connection, and up to 2 MiB of memory.
    pub fn parallel(mut self, parts: usize) -> Self {
        self.settings.parallel = parts;
        self
    }

    /// Refuses objects that have no CRC64. By default they are verified by their length alone.
    pub fn require_crc64(mut self, require: bool) -> Self {
        self.settings.require_crc64 = require;
        self
    }

    /// Verifies objects by their length alone, whether they have a CRC64 or not. It counts for
    /// nothing where a CRC64 is required.
    pub fn no_crc64(mut self, ignore: bool) -> Self {
        self.settings.no_crc64 = ignore;
        self
    }

    /// Leaves a file that is there already alone: the report then says
    /// [`skipped`](Report::skipped), and nothing is sent.
    pub fn no_clobber(mut self, no_clobber: bool) -> Self {
        self.settings.no_clobber = no_clobber;
        self
    }

    /// Starts from the first byte, whatever a former download has left. A checkpoint is kept
    /// nevertheless, for the next one.
    pub fn no_resume(mut self, no_resume: bool) -> Self {
        self.settings.no_resume = no_resume;
        self
    }

    /// Takes what a checkpoint claims for facts. By default every byte that a former download has
    /// left is read back and compared before it counts.
    ///
    /// A file that was changed since, or did not get to the disk before a power cut, is then told
    /// by the CRC64 of the whole object, if it has one, and not before all of it has come.
    pub fn trust_checkpoint(mut self, trust: bool) -> Self {
        self.settings.trust_checkpoint = trust;
        self
    }

    /// When files are made durable: [`Fsync::Auto`] unless said otherwise.
    pub fn fsync(mut self, fsync: Fsync) -> Self {
        self.settings.fsync = fsync;
        self
    }

    /// Consecutive further attempts of a part without progress: 10 unless said otherwise. A service
    /// that tries again by itself draws from the same, if it knows
    /// [`RetryBudget`](cos_proto::RetryBudget).
    pub fn retries(mut self, retries: u32) -> Self {
        self.settings.retries = retries;
        self
    }

    /// How long to wait before each of them: [`Backoff::new`] unless said otherwise.
    pub fn backoff(mut self, backoff: Backoff) -> Self {
        self.settings.backoff = backoff;
        self
    }

    /// Whether connections that are much slower than the others are given up for new ones, which
    /// they are unless said otherwise. Say `false` where connections are slow by intent, because
    /// the service below limits their rate; a traffic limit in the request does it by itself.
    pub fn hedge(mut self, hedge: bool) -> Self {
        self.settings.hedge = hedge;
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
    pub fn download(&self, get: GetObject, path: &Path) -> Transfer {
        let (downloader, path) = (self.clone(), path.to_owned());
        Transfer::new(|_| downloader.download_to(get, path))
    }

    /// Reads an object, or the range of it that `get` asks for, as a stream in order.
    ///
    /// Nothing is sent before the reader is polled. See [`ObjectReader`] for errors and
    /// cancellation.
    pub fn read(&self, get: GetObject) -> ObjectReader {
        ObjectReader::new(OneRequest::new(self.clone(), get))
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
        let no_clobber = self.settings.no_clobber;

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
        if self.settings.require_crc64 && head.crc64().is_none() {
            return Err(DownloadError::NoCrc64);
        }
        if self.ignores_crc64() {
            return Ok((head, chunks.without_crc64()));
        }
        Ok((head, chunks))
    }

    fn ignores_crc64(&self) -> bool {
        self.settings.no_crc64 && !self.settings.require_crc64
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
            requests: 1,
            pinned: true,
            restarted: false,
        }
    }
}

type Opened<B> = Result<(ObjectHead, Chunks<B>), DownloadError>;

/// A reader that sends one request.
struct OneRequest<B> {
    opening: Option<Pin<Box<dyn Future<Output = Opened<B>> + Send>>>,
    open: Option<(ObjectHead, Chunks<B>)>,
    report: Option<Report>,
}

impl<B: Body<Data = Bytes> + Send + 'static> OneRequest<B>
where
    B::Error: Into<BoxError>,
{
    fn new<S>(mut downloader: Downloader<S>, get: GetObject) -> Self
    where
        S: Service<Request<()>, Response = Response<B>> + Clone + Send + 'static,
        S::Future: Send,
        S::Error: Into<BoxError>,
    {
        Self {
            opening: Some(Box::pin(async move { downloader.open(get).await })),
            open: None,
            report: None,
        }
    }
}

impl<B: Body<Data = Bytes> + Send + 'static> Reading for OneRequest<B>
where
    B::Error: Into<BoxError>,
{
    fn poll_chunk(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, DownloadError>>> {
        if let Err(error) = ready!(self.as_mut().poll_head(cx)) {
            return Poll::Ready(Some(Err(error)));
        }
        let Some((_, chunks)) = &mut self.open else {
            return Poll::Ready(None);
        };
        std::pin::pin!(chunks.next())
            .poll(cx)
            .map(Result::transpose)
    }

    fn poll_head(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(), DownloadError>> {
        if let Some(opening) = &mut self.opening {
            let opened = ready!(opening.as_mut().poll(cx));
            self.opening = None;
            self.open = Some(opened?);
        }
        Poll::Ready(Ok(()))
    }

    fn head(&self) -> Option<&ObjectHead> {
        self.open.as_ref().map(|(head, _)| head)
    }

    fn report(&self) -> Option<&Report> {
        self.report.as_ref()
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
            progress.update(
                Transferred::new(self.done, self.total)
                    .resumed_from(0)
                    .at_rate(0),
            );
        }
    }
}

impl<S: fmt::Debug> fmt::Debug for Downloader<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Downloader")
            .field("service", &self.service)
            .field("endpoint", &self.endpoint)
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}
