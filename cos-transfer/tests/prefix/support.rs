//! What the tests share: a bucket, a directory in a world of its own, and what was told.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write as _};
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use cos_emulator::{Emulator, MemoryBucket, Object};
use cos_proto::{Addressing, Backoff, Bucket, Endpoint, crc64};
use cos_transfer::prefix::{
    Done, ObjectError, Outcome, Prefix, PrefixDownload, PrefixError, PrefixReport, Skipped,
};
use cos_transfer::{Downloader, Fsync};
use cos_transport::Client;
use tempfile::TempDir;

pub(crate) const BUCKET: &str = "examplebucket-1250000000";

/// Objects above this are fetched in parts.
pub(crate) const PART: u64 = 1024 * 1024;

/// A bucket behind an emulator, and a folder that holds the destination and things that are none of
/// its business.
pub(crate) struct World {
    pub(crate) emulator: Emulator,
    pub(crate) bucket: MemoryBucket,
    outer: TempDir,
}

/// What has become of a run.
pub(crate) struct Ran {
    pub(crate) result: Result<PrefixReport, PrefixError>,
    /// Of each key, in a few words.
    pub(crate) told: BTreeMap<String, String>,
}

impl Ran {
    pub(crate) fn report(&self) -> &PrefixReport {
        match &self.result {
            Ok(report) => report,
            Err(error) => error.report(),
        }
    }

    /// The keys of which this was told.
    pub(crate) fn keys(&self, what: &str) -> Vec<&str> {
        let told = self.told.iter().filter(|(_, told)| told.starts_with(what));
        told.map(|(key, _)| key.as_str()).collect()
    }
}

impl World {
    pub(crate) async fn of(bucket: MemoryBucket, objects: &[(&str, &str)]) -> Self {
        for (key, bytes) in objects {
            bucket.put(*key, Object::new((*bytes).to_owned()));
        }
        let emulator = Emulator::builder()
            .bucket(bucket.clone())
            .anonymous()
            .start()
            .await
            .unwrap();
        let outer = tempfile::tempdir().unwrap();
        fs::write(outer.path().join("precious"), "not ours").unwrap();
        fs::create_dir(outer.path().join("elsewhere")).unwrap();
        fs::write(outer.path().join("elsewhere/file"), "not ours either").unwrap();
        Self {
            emulator,
            bucket,
            outer,
        }
    }

    pub(crate) async fn new(objects: &[(&str, &str)]) -> Self {
        Self::of(MemoryBucket::new(BUCKET), objects).await
    }

    /// The destination.
    pub(crate) fn dir(&self) -> PathBuf {
        self.outer.path().join("dest")
    }

    pub(crate) fn at(&self, path: &str) -> PathBuf {
        self.dir().join(path)
    }

    pub(crate) fn outer(&self) -> &Path {
        self.outer.path()
    }

    pub(crate) fn read(&self, path: &str) -> String {
        String::from_utf8(fs::read(self.at(path)).unwrap()).unwrap()
    }

    pub(crate) fn downloader(&self) -> Downloader<Client> {
        downloader_of(&self.emulator.url())
    }

    pub(crate) fn download(&self, prefix: &str) -> PrefixDownload<Client> {
        self.downloader()
            .download_prefix(self.prefix(prefix), &self.dir())
    }

    pub(crate) fn prefix(&self, prefix: &str) -> Prefix {
        Prefix::new(Bucket::new(BUCKET).unwrap(), prefix)
    }

    pub(crate) async fn cp(&self, prefix: &str) -> Ran {
        run(self.download(prefix)).await
    }

    /// Everything in the destination: paths and contents.
    pub(crate) fn tree(&self) -> BTreeMap<String, String> {
        let all = snapshot(&self.dir());
        all.into_iter()
            .map(|(path, node)| (path, node.content))
            .collect()
    }

    /// Everything in the world but the destination, down to owners and times.
    pub(crate) fn outside(&self) -> BTreeMap<String, Node> {
        let mut all = BTreeMap::new();
        for entry in fs::read_dir(self.outer.path()).unwrap() {
            let entry = entry.unwrap();
            let name = entry.file_name().into_string().unwrap();
            if name != "dest" {
                visit(&entry.path(), &name, &mut all);
            }
        }
        all
    }

    /// How often objects were asked for.
    pub(crate) fn gets(&self) -> usize {
        let log = self.emulator.log();
        log.iter()
            .filter(|request| !request.key().is_empty() && request.method() == "GET")
            .count()
    }

    /// How often pages of the listing were asked for.
    pub(crate) fn pages(&self) -> usize {
        self.emulator
            .log()
            .iter()
            .filter(|request| request.key().is_empty())
            .count()
    }

    pub(crate) async fn end(self) {
        self.emulator.shutdown().await.unwrap();
    }
}

pub(crate) fn downloader_of(url: &str) -> Downloader<Client> {
    let endpoint = Endpoint::service_url(url, Addressing::Path).unwrap();
    let client = Client::builder(endpoint.clone())
        .read_timeout(Duration::from_secs(5))
        .retries(2)
        .backoff(quick())
        .build()
        .unwrap();
    Downloader::new(client, endpoint)
        .part_size(PART)
        // To sync the file system is to wait for all that others write there.
        .fsync(Fsync::Never)
        .retries(2)
        .backoff(quick())
}

/// Tests do not wait for long.
fn quick() -> Backoff {
    Backoff::new()
        .base(Duration::from_millis(5))
        .cap(Duration::from_millis(20))
}

/// Runs it, and keeps what it tells.
pub(crate) async fn run(download: PrefixDownload<Client>) -> Ran {
    let told = Arc::new(Mutex::new(BTreeMap::new()));
    let notes = Arc::clone(&told);
    let observer = move |done: &Done<'_>| {
        let words = words(&done.outcome);
        let before = notes.lock().unwrap().insert(done.key.to_owned(), words);
        assert_eq!(before, None, "{} was told of twice", done.key);
    };
    let result = download.observer(observer).await;
    let told = told.lock().unwrap().clone();
    Ran { result, told }
}

fn words(outcome: &Outcome<'_>) -> String {
    match outcome {
        Outcome::Fetched(report) => format!("fetched {}", report.bytes),
        Outcome::Folder => "folder".into(),
        Outcome::Skipped(Skipped::Same) => "same".into(),
        Outcome::Skipped(Skipped::Exists) => "exists".into(),
        Outcome::Skipped(Skipped::Finished) => "finished".into(),
        Outcome::Failed(error) => format!("failed: {}", chain(error)),
        Outcome::Deleted => "deleted".into(),
        Outcome::WouldFetch(bytes) => format!("would fetch {bytes}"),
        Outcome::WouldDelete => "would delete".into(),
        other => panic!("{other:?}"),
    }
}

fn chain(error: &ObjectError) -> String {
    let mut text = error.to_string();
    let mut next = std::error::Error::source(error);
    while let Some(error) = next {
        text.push_str(&format!(": {error}"));
        next = error.source();
    }
    text
}

/// What stands at a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Node {
    /// Of a file its bytes, of a link its target.
    pub(crate) content: String,
    mode: u32,
    modified: (i64, i64),
}

/// Everything below a path, by the path there.
pub(crate) fn snapshot(root: &Path) -> BTreeMap<String, Node> {
    let mut all = BTreeMap::new();
    visit(root, "", &mut all);
    all
}

fn visit(path: &Path, name: &str, all: &mut BTreeMap<String, Node>) {
    let found = fs::symlink_metadata(path).unwrap();
    let kind = found.file_type();
    let content = if kind.is_symlink() {
        format!("-> {}", fs::read_link(path).unwrap().display())
    } else if kind.is_dir() {
        "folder".into()
    } else if kind.is_fifo() {
        "pipe".into()
    } else {
        match fs::read(path).unwrap() {
            bytes if bytes.len() < 1000 => format!("{:?}", String::from_utf8_lossy(&bytes)),
            bytes => format!("{} bytes, {:x}", bytes.len(), crc64::checksum(&bytes)),
        }
    };
    let node = Node {
        content,
        mode: found.mode(),
        modified: (found.mtime(), found.mtime_nsec()),
    };
    all.insert(name.to_owned(), node);
    if kind.is_dir() {
        for entry in fs::read_dir(path).unwrap() {
            let entry = entry.unwrap();
            let child = entry.file_name().to_string_lossy().into_owned();
            let child = if name.is_empty() {
                child
            } else {
                format!("{name}/{child}")
            };
            visit(&entry.path(), &child, all);
        }
    }
}

/// Says that a test has tested nothing, past the test harness, which keeps to itself what tests that
/// pass print.
pub(crate) fn skipped(why: &str) {
    let test = std::thread::current();
    let test = test.name().unwrap_or_default().to_owned();
    let word = format!("SKIPPED {test}: {why}\n");
    io::stderr().write_all(word.as_bytes()).unwrap();
}
