//! Downloads on a tokio runtime.

mod file;
mod settings;

pub use settings::Fsync;

pub(crate) use file::ToFile;
pub(crate) use settings::Settings;

use std::collections::hash_map::RandomState;
use std::fmt;
use std::hash::{BuildHasher as _, Hasher as _};
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use cos_proto::{Backoff, Endpoint, GetObject};
use http::{Request, Response};
use http_body::Body;
use tokio::io::{AsyncWrite, AsyncWriteExt as _};
use tower_service::Service;

use crate::driver::{Driver, Line};
use crate::engine::{Download, Mode};
use crate::reader::Ordered;
use crate::sidecars::Place;
use crate::window::Window;
use crate::{BoxError, DownloadError, ObjectReader, Progress, Report, Transfer};

/// Downloads objects of one endpoint through a service.
///
/// Cloning it is as cheap as cloning the service. Its methods may run any number of times at once.
/// They need a tokio runtime with its timer.
#[derive(Clone)]
pub struct Downloader<S> {
    pub(crate) service: S,
    pub(crate) endpoint: Arc<Endpoint>,
    pub(crate) settings: Settings,
    pub(crate) progress: Option<Arc<dyn Progress>>,
}

impl<S> Downloader<S> {
    /// Downloads through `service` from `endpoint`.
    pub fn new(service: S, endpoint: Endpoint) -> Self {
        Self {
            service,
            endpoint: Arc::new(endpoint),
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
    /// downloader; 0 counts as 1. Each takes a connection, and about 1 MiB of memory.
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
    /// leaves it, and not that of an older one, and the time of the object. Missing directories are
    /// made. Of a range, its first byte is the first byte of the file. See
    /// [`Destination::resolve`](crate::Destination::resolve) for a destination that may be a
    /// directory.
    ///
    /// An object that is no longer than a part costs one request. A longer one is fetched in parts,
    /// with a checkpoint: a download that failed, was dropped or was killed goes on where it was
    /// when it is called again for the same object and place. The object as it is at the first
    /// answer is what is downloaded. One that changes meanwhile is started anew, once.
    ///
    /// In one process, a second download to a place waits for the first one.
    ///
    /// # Where the work is done
    ///
    /// All connections are served by whoever polls the future, and so are the writes of what they
    /// bring: one chunk after the other, as large as the service hands them out, which is at most
    /// 512 KiB over cos-transport, 128 KiB over TLS. That costs least: a thread that only writes took
    /// 7 % more of the processor's time, for waking it.
    ///
    /// On a runtime with several threads, spawn the future instead of giving it to `block_on`: a task
    /// goes on where the chunk is that it waits for, while the thread of `block_on` has to be woken
    /// for each. A gigabyte over loopback took a seventh less of the processors' time.
    ///
    /// So other tasks of the same thread have to wait for at most four chunks of each connection.
    /// While the system's cache takes the bytes that is some milliseconds (27 at the worst over a
    /// gigabyte in memory, 45 on a disk, on a machine with ten times as much to do as it had
    /// processors for); where the cache has become full it is as long as the system lets writers
    /// wait. Spawn the future on a runtime of its own where that must not be felt.
    ///
    /// What may take longer is done on tokio's blocking pool: opening, reserving space, reading
    /// back, publishing with the last fsync. A large file has one more thread, which has the disk
    /// at work from the start. Of the object, each connection holds one chunk, and its buffer.
    ///
    /// # Errors
    ///
    /// [`DownloadError`]. Nothing is at `path` then but what was there before;
    /// [`LocalAction::SyncName`](crate::LocalAction::SyncName) is the exception. If a part of it
    /// has been recorded, the sidecars stay for another try.
    ///
    /// # Cancellation
    ///
    /// See [`Transfer`].
    pub fn download(&self, get: GetObject, path: &Path) -> Transfer {
        let path = path.to_owned();
        Transfer::new(|cancelled| {
            let to_file = ToFile {
                line: self.line(),
                get,
                options: self.settings.options(),
                settings: self.settings.clone(),
                durable: self.settings.fsync != Fsync::Never,
                progress: self.progress.clone(),
                cancelled,
            };
            to_file.run(move || Place::at(&path))
        })
    }

    /// Reads an object, or the range of it that `get` asks for, as a stream in order, fetched over
    /// as many connections as a download.
    ///
    /// Nothing is sent before the reader is polled. For each connection it holds up to 1 MiB that
    /// has come before its turn, and asks for no more at once. See [`ObjectReader`] for errors and cancellation.
    pub fn read(&self, get: GetObject) -> ObjectReader {
        let connections = u64::try_from(self.settings.parallel.max(1)).unwrap_or(u64::MAX);
        let window = connections.saturating_mul(WINDOW);
        let options = self.settings.options().mode(Mode::Ordered { window });
        let seed = RandomState::new().build_hasher().finish();
        let machine = Download::new(get, options, seed);
        let progress = self.progress.clone();
        let window = Window::new(self.settings.part_size);
        let driver = Driver::new(self.line(), machine, window, progress);
        ObjectReader::new(Ordered::new(driver, self.settings.clone()))
    }

    /// Copies an object, or the range of it that `get` asks for, to `writer`, in order; as
    /// [`read`](Self::read) brings it.
    ///
    /// The last bytes of a whole object are written only when its CRC64 has proved right, but
    /// those before them are out by then: a receiver must not act on a stream whose copy failed.
    /// `writer` is flushed at the end, and not shut down.
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
        let mut reader = self.read(get);
        async move {
            while let Some(chunk) = reader.chunk().await {
                writer
                    .write_all(&chunk?)
                    .await
                    .map_err(DownloadError::Output)?;
            }
            writer.flush().await.map_err(DownloadError::Output)?;
            reader.report().cloned().ok_or(DownloadError::Cancelled)
        }
    }

    fn line(&self) -> Line<S> {
        Line {
            service: self.service.clone(),
            endpoint: Arc::clone(&self.endpoint),
            connections: None,
        }
    }
}

/// How much a reader holds for each connection of what comes before its turn. So much is asked for
/// at once, so that a smaller one would cost requests, and a larger one memory: five connections
/// with their buffers take some 12 MiB.
const WINDOW: u64 = 1024 * 1024;

impl<S: fmt::Debug> fmt::Debug for Downloader<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Downloader")
            .field("service", &self.service)
            .field("endpoint", &self.endpoint)
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}
