//! An endpoint with one object, a folder with an older file, and what must be true when a download
//! has ended.

use std::fs;
use std::path::PathBuf;
use std::sync::LazyLock;
use std::time::Duration;

use bytes::Bytes;
use cos_emulator::{Credentials, Emulator, Fault, LoggedRequest, MemoryBucket, Object, When};
use cos_proto::{Addressing, Backoff, Bucket, Endpoint, GetObject, Key};
use cos_transfer::{DownloadError, Downloader, Report};
use cos_transport::{Client, ClientBuilder};
use tempfile::TempDir;

pub(crate) const BUCKET: &str = "examplebucket-1250000000";
pub(crate) const KEY: &str = "folder/object";
pub(crate) const ETAG: &str = "\"the-etag\"";

/// Bytes of a part: so few that no range is worth splitting, which would make a number of requests
/// that depends on time.
pub(crate) const PART: u64 = 256 * 1024;

/// Ten parts, and one that is nearly empty.
pub(crate) const LEN: u64 = 10 * PART + 77;

/// A download that nothing befalls costs so many requests.
pub(crate) const REQUESTS: usize = 11;

/// Requests in flight at once.
pub(crate) const PARALLEL: usize = 4;

/// Further attempts without progress.
pub(crate) const RETRIES: u32 = 3;

/// How long nothing may come; long against what a busy machine takes.
const READ_TIMEOUT: Duration = Duration::from_secs(20);

/// What [`Rig::befallen`] gives to the requests that are sent beside the one that it is about, and
/// at how many bytes a second these are answered: for longer than any of its tests takes.
const HEAD_START: Duration = Duration::from_millis(150);
const SLOW: u64 = 50_000;

/// Requests that [`Rig::befallen`] sees up to the first failure.
pub(crate) const BEFALLEN: usize = 5;

/// And where it is tried again until no attempt is left.
pub(crate) const BEFALLEN_OFTEN: usize = BEFALLEN + RETRIES as usize;

/// The name that is downloaded to, and what stands beside it meanwhile.
const DEST: &str = "file";
const CHECKPOINT: [&str; 3] = ["file", "file.cosckpt", "file.cospart"];

pub(crate) const OLD: &[u8] = b"what was there before";

/// [`LEN`] bytes that repeat nowhere near.
pub(crate) static CONTENT: LazyLock<Bytes> = LazyLock::new(|| content(1));

/// An endpoint and a folder.
pub(crate) struct Rig {
    pub(crate) emulator: Emulator,
    pub(crate) bucket: MemoryBucket,
    folder: TempDir,
}

impl Rig {
    /// An endpoint with the object of [`CONTENT`].
    pub(crate) async fn new() -> Self {
        Self::with(Object::new(CONTENT.clone()).etag(ETAG)).await
    }

    /// An endpoint with this object.
    pub(crate) async fn with(object: Object) -> Self {
        Self::start(object, Emulator::builder().credentials(credentials())).await
    }

    /// The endpoint that `builder` makes, with this object.
    pub(crate) async fn start(object: Object, builder: cos_emulator::Builder) -> Self {
        let bucket = MemoryBucket::new(BUCKET);
        bucket.put(KEY, object);
        let emulator = builder.bucket(bucket.clone()).start().await.unwrap();
        let folder = TempDir::new().unwrap();
        fs::write(folder.path().join(DEST), OLD).unwrap();
        Self {
            emulator,
            bucket,
            folder,
        }
    }

    /// An endpoint where `fault` befalls every request for part 1 that there may be, when part 0 is
    /// there and parts 2, 3 and 4 are on their way: then it is known what has been asked for.
    pub(crate) async fn befallen(fault: Fault, times: u64) -> Self {
        let rig = Self::new().await;
        rig.script(of_part(1).times(times), fault.stall_head(HEAD_START));
        for other in 2..=4 {
            rig.script(of_part(other), Fault::new().throttle(SLOW));
        }
        rig
    }

    pub(crate) fn script(&self, when: When, fault: Fault) {
        self.emulator.faults().script(when, fault);
    }

    /// The endpoint, as clients name it.
    pub(crate) fn endpoint(&self) -> Endpoint {
        Endpoint::service_url(&self.emulator.url(), Addressing::Auto).unwrap()
    }

    /// A client in the making that tries again with hardly a pause.
    pub(crate) fn client(&self) -> ClientBuilder {
        Client::builder(self.endpoint())
            .read_timeout(READ_TIMEOUT)
            .retries(RETRIES)
            .backoff(backoff())
            .seed(7)
    }

    /// A downloader over the client that `client` makes.
    pub(crate) fn downloader_over(&self, client: ClientBuilder) -> Downloader<Client> {
        Downloader::new(client.build().unwrap(), self.endpoint())
            .part_size(PART)
            .parallel(PARALLEL)
            .retries(RETRIES)
            .backoff(backoff())
    }

    /// A downloader that the endpoint knows.
    pub(crate) fn downloader(&self) -> Downloader<Client> {
        self.downloader_over(self.client().credentials(credentials()))
    }

    pub(crate) fn dest(&self) -> PathBuf {
        self.folder.path().join(DEST)
    }

    /// Downloads the object over the older file.
    pub(crate) async fn download(self) -> Ended {
        let downloader = self.downloader();
        self.download_by(downloader).await
    }

    pub(crate) async fn download_by(self, downloader: Downloader<Client>) -> Ended {
        self.download_of(object(), downloader).await
    }

    pub(crate) async fn download_of(self, get: GetObject, downloader: Downloader<Client>) -> Ended {
        let result = downloader.download(get, &self.dest()).await;
        Ended { result, rig: self }
    }

    /// The names in the folder, sorted.
    pub(crate) fn names(&self) -> Vec<String> {
        let mut names: Vec<_> = fs::read_dir(self.folder.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    /// The `Range` headers of the requests, sorted.
    pub(crate) fn ranges(&self) -> Vec<String> {
        let log = self.emulator.log();
        let range = |request: &LoggedRequest| request.header("range").map(str::to_owned);
        let mut ranges: Vec<_> = log.iter().filter_map(range).collect();
        ranges.sort();
        ranges
    }

    /// All further requests of this download were bound to the first answer, which was of the first
    /// part.
    fn assert_bound(&self) {
        for request in self.emulator.log() {
            let range = request.header("range");
            let is_first = range.is_none_or(|range| range.starts_with("bytes=0-"));
            assert!(
                is_first || request.header("if-match").is_some(),
                "{request:?}"
            );
        }
    }
}

/// A download that has ended.
#[must_use = "how it ended is what a test is about"]
pub(crate) struct Ended {
    result: Result<Report, DownloadError>,
    pub(crate) rig: Rig,
}

impl Ended {
    /// Asserts that the file is the object of [`CONTENT`] and nothing is beside it, that it took
    /// so many requests, and that every fault has happened.
    #[track_caller]
    pub(crate) fn succeeds(self, requests: usize) -> (Report, Rig) {
        self.succeeds_with(&CONTENT, requests)
    }

    #[track_caller]
    pub(crate) fn succeeds_with(self, content: &[u8], requests: usize) -> (Report, Rig) {
        let report = self.result.unwrap();
        let found = fs::read(self.rig.dest()).unwrap();
        assert!(found == content, "the file is not the object");
        assert_eq!(self.rig.names(), [DEST]);
        assert_eq!(report.bytes, content.len() as u64);
        assert_eq!(self.rig.emulator.log().len(), requests, "{report:#?}");
        self.rig.emulator.faults().assert_all_consumed();
        if report.pinned {
            self.rig.assert_bound();
        }
        (report, self.rig)
    }

    /// As [`fails`](Self::fails), and asserts that nothing is left beside the older file.
    #[track_caller]
    pub(crate) fn fails_for_good(self, requests: usize) -> (DownloadError, Rig) {
        let (error, rig) = self.fails(requests);
        assert_eq!(rig.names(), [DEST], "{error:#?}");
        (error, rig)
    }

    /// As [`fails`](Self::fails), and asserts that there is a checkpoint from which the next run
    /// goes on, so that both together fetch each byte once.
    pub(crate) async fn fails_for_now(self, requests: usize) -> DownloadError {
        let (error, rig) = self.fails(requests);
        assert_eq!(rig.names(), CHECKPOINT, "{error:#?}");
        let report = rig.download().await.result.unwrap();
        assert!(report.resumed >= PART, "{report:#?}");
        assert_eq!(report.resumed + report.fetched, LEN, "{report:#?}");
        error
    }

    /// Asserts that it has failed and the older file is as it was, that it took so many requests,
    /// and that every fault has happened.
    #[track_caller]
    pub(crate) fn fails(self, requests: usize) -> (DownloadError, Rig) {
        let error = self.result.unwrap_err();
        assert_eq!(fs::read(self.rig.dest()).unwrap(), OLD);
        assert_eq!(self.rig.emulator.log().len(), requests, "{error:#?}");
        self.rig.emulator.faults().assert_all_consumed();
        self.rig.emulator.faults().clear();
        self.rig.assert_bound();
        (error, self.rig)
    }
}

/// The first request for a part.
pub(crate) fn of_part(part: u64) -> When {
    When::get().range_from(part * PART)
}

/// `bytes=…` of a part from `skipped` bytes on.
pub(crate) fn range(part: u64, skipped: u64) -> String {
    let last = ((part + 1) * PART).min(LEN) - 1;
    format!("bytes={}-{last}", part * PART + skipped)
}

pub(crate) fn object() -> GetObject {
    GetObject::new(Bucket::new(BUCKET).unwrap(), Key::new(KEY).unwrap())
}

pub(crate) fn credentials() -> Credentials {
    Credentials::new("the-id", "the-key").unwrap()
}

/// [`LEN`] bytes, others for every seed.
pub(crate) fn content(seed: u64) -> Bytes {
    let mut state = seed;
    let next = || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        state.to_be_bytes()[0]
    };
    let len = usize::try_from(LEN).unwrap();
    std::iter::repeat_with(next).take(len).collect()
}

fn backoff() -> Backoff {
    Backoff::new().base(Duration::from_millis(1))
}
