//! One target: an endpoint, a folder, and what is true in it at any instant.

use std::fs::{self, File};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::LazyLock;

use cos_emulator::{Emulator, Fault, MemoryBucket, Object, When};
use cos_proto::{Bucket, GetObject, Key, crc64};
use cos_transfer::engine::Options;
use cos_transfer::engine::journal::Checkpoint;
use tempfile::TempDir;

use crate::tally::Tally;

const BINARY: &str = env!("CARGO_BIN_EXE_cos");
const BUCKET: &str = "examplebucket-1250000000";
const KEY: &str = "object";

/// The names in the folder: what is downloaded, and what stands beside it until then.
pub(crate) const DEST: &str = "out";
pub(crate) const PART_FILE: &str = "out.cospart";
pub(crate) const JOURNAL: &str = "out.cosckpt";

/// A journal that is being rewritten; the next run writes it anew.
const NEW_JOURNAL: &str = "out.cosckpt.new";

const OLD: &[u8] = b"what was there before";

const PART_SIZE: &str = "20MiB";
const CONNECTIONS: u64 = 5;

/// Three parts and a short one; the fifth connection takes of theirs in the end.
const SIZE: usize = 64 * 1024 * 1024;

/// What a connection may have received beyond its last record is a second's worth or
/// [`Options::RECORD_BYTES`], and besides what stood in buffers: its own, and those of the system's
/// sockets on both sides, since what is counted is what the endpoint has sent.
const BUFFERS: u64 = 1024 * 1024;

/// The object that everybody downloads, and its bytes.
static BUCKET_WITH_OBJECT: LazyLock<(MemoryBucket, &'static [u8])> = LazyLock::new(|| {
    let mut state = 1_u64;
    let mut content = Vec::with_capacity(SIZE);
    while content.len() < SIZE {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        content.extend_from_slice(&state.to_be_bytes());
    }
    let content: &[u8] = content.leak();
    let bucket = MemoryBucket::new(BUCKET);
    bucket.put(KEY, Object::new(content));
    (bucket, content)
});

/// One target, and what its downloads have come to.
pub(crate) struct Rig {
    emulator: Emulator,
    folder: TempDir,
    bytes_per_second: u64,
    has_old: bool,
    /// Before the run that is on.
    claimed: u64,
    sent: u64,
}

/// How far the download stood when it was looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stood {
    /// The journal claims so many bytes, and they are there.
    Claimed(u64),
    Published,
}

impl Rig {
    /// A target of its own, over connections of which each gets so many bytes a second.
    pub(crate) fn new(bytes_per_second: u64) -> Self {
        let (bucket, _) = &*BUCKET_WITH_OBJECT;
        let emulator = Emulator::builder()
            .bucket(bucket.clone())
            .anonymous()
            .start_on_thread()
            .unwrap();
        let rig = Self {
            emulator,
            folder: TempDir::new().unwrap(),
            bytes_per_second,
            has_old: false,
            claimed: 0,
            sent: 0,
        };
        rig.throttle();
        rig
    }

    fn throttle(&self) {
        let throttle = Fault::new().throttle(self.bytes_per_second);
        self.emulator
            .faults()
            .script(When::get().always(), throttle);
    }

    /// From now on the endpoint is as fast as it can be.
    pub(crate) fn unthrottle(&self) {
        self.emulator.faults().clear();
    }

    /// The download, as a command.
    pub(crate) fn command(&self) -> Command {
        self.prepared(Command::new(BINARY))
    }

    /// The download, as a command that `tracer` runs.
    pub(crate) fn command_under(&self, mut tracer: Command) -> Command {
        tracer.arg(BINARY);
        self.prepared(tracer)
    }

    fn prepared(&self, mut command: Command) -> Command {
        command
            .args(["cp", &format!("cos://{BUCKET}/{KEY}"), DEST, "--json"])
            .args(["--part-size", PART_SIZE, "-j", &CONNECTIONS.to_string()])
            .env_clear()
            .env("HOME", self.folder.path().join("home"))
            .env("COS_ENDPOINT", self.emulator.url())
            .arg("--anonymous")
            .current_dir(self.folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        command
    }

    /// Where the files are, as the system calls it.
    pub(crate) fn folder(&self) -> PathBuf {
        self.folder.path().canonicalize().unwrap()
    }

    /// Whether the next run starts from nothing.
    pub(crate) const fn is_fresh(&self) -> bool {
        self.claimed == 0
    }

    /// Looks at what a kill has left, and holds it against everything that is promised.
    pub(crate) fn was_killed(&mut self, at: &str, tally: &mut Tally) {
        let before = self.claimed;
        let stood = self.look();
        let sent = self.sent_so_far();
        let received = sent - self.sent;
        self.sent = sent;
        match stood {
            Stood::Claimed(claimed) => {
                assert!(
                    claimed >= before,
                    "{at}: of {before} bytes that were claimed {claimed} are left"
                );
                let lost = received.saturating_sub(claimed - before);
                let bound = self.loss_bound();
                assert!(
                    lost <= bound,
                    "{at}: {lost} of {received} bytes are lost, more than {bound}"
                );
                tally.count(claimed > 0, received, lost);
                self.claimed = claimed;
            }
            Stood::Published => {
                tally.count(false, received, 0);
                // The next run is a download of its own, over a file that is complete.
                self.claimed = 0;
                self.has_old = false;
            }
        }
    }

    fn loss_bound(&self) -> u64 {
        CONNECTIONS * (self.bytes_per_second.min(Options::RECORD_BYTES) + BUFFERS)
    }

    /// What is true at any instant: the destination is as it was or complete, and whatever the
    /// journal claims is in the part file.
    pub(crate) fn look(&self) -> Stood {
        for name in self.names() {
            assert!(
                [DEST, PART_FILE, JOURNAL, NEW_JOURNAL].contains(&name.as_str()),
                "{name}"
            );
        }
        let published = match fs::read(self.path(DEST)) {
            Ok(found) if self.has_old && found == OLD => false,
            Ok(found) => {
                assert!(found == content(), "{DEST} is neither old nor complete");
                true
            }
            Err(error) => {
                assert_eq!(error.kind(), std::io::ErrorKind::NotFound);
                assert!(!self.has_old, "the older file is gone");
                false
            }
        };
        match (published, self.path(PART_FILE).exists()) {
            (true, false) => Stood::Published,
            // A rerun over a file that is complete.
            (true, true) | (false, _) => Stood::Claimed(self.claims_that_hold()),
        }
    }

    /// How many bytes the journal claims, each of which is in the part file.
    fn claims_that_hold(&self) -> u64 {
        let Ok(journal) = fs::read(self.path(JOURNAL)) else {
            return 0;
        };
        let asked = GetObject::new(Bucket::new(BUCKET).unwrap(), Key::new(KEY).unwrap());
        let Ok(checkpoint) = Checkpoint::read(&journal, &asked) else {
            return 0;
        };
        let mut claimed = 0;
        for claim in checkpoint.claims() {
            let part_file = File::open(self.path(PART_FILE)).unwrap();
            let mut bytes = vec![0; usize::try_from(claim.len()).unwrap()];
            part_file.read_exact_at(&mut bytes, claim.offset()).unwrap();
            assert_eq!(crc64::checksum(&bytes), claim.crc64(), "{claim:?}");
            claimed += claim.len();
        }
        claimed
    }

    /// Runs the download to its end, unhindered: it fetches what the journal does not claim, and no
    /// more.
    pub(crate) fn finish(&mut self) {
        self.unthrottle();
        let claimed = self.claimed;
        let output = self
            .command()
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
        self.has_succeeded();
        let record: Record = serde_json::from_slice(&output.stdout).unwrap();
        let size = u64::try_from(SIZE).unwrap();
        let expected = Record {
            bytes: size,
            fetched: size - claimed,
            resumed: claimed,
            verified: "crc64".to_owned(),
        };
        assert_eq!(record, expected);
    }

    /// A run has said that all is well.
    pub(crate) fn has_succeeded(&mut self) {
        assert_eq!(self.names(), [DEST]);
        assert!(fs::read(self.path(DEST)).unwrap() == content());
        self.claimed = 0;
        self.sent = self.sent_so_far();
        self.has_old = false;
    }

    /// Makes way for another download, now over an older file and now over none.
    pub(crate) fn start_again(&mut self) {
        for name in self.names() {
            fs::remove_file(self.path(&name)).unwrap();
        }
        self.claimed = 0;
        self.sent = self.sent_so_far();
        self.has_old = !self.has_old;
        if self.has_old {
            fs::write(self.path(DEST), OLD).unwrap();
        }
    }

    fn sent_so_far(&self) -> u64 {
        let log = self.emulator.log();
        log.iter()
            .map(cos_emulator::LoggedRequest::bytes_sent)
            .sum()
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn names(&self) -> Vec<String> {
        names(self.folder.path())
    }
}

/// What a download says of itself.
#[derive(Debug, PartialEq, Eq, serde::Deserialize)]
struct Record {
    bytes: u64,
    fetched: u64,
    resumed: u64,
    verified: String,
}

/// The object's bytes.
fn content() -> &'static [u8] {
    BUCKET_WITH_OBJECT.1
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}
