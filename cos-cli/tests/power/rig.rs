//! One file system: what is downloaded to it, and when its power is cut.

use std::fs::{self, File};
use std::os::unix::fs::MetadataExt as _;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use cos_emulator::{Emulator, Fault, MemoryBucket, Object, When};
use cos_proto::{Bucket, GetObject, Key};
use cos_transfer::engine::journal::Checkpoint;

use crate::loop_mount::LoopMount;

const BUCKET: &str = "examplebucket-1250000000";
const KEY: &str = "object";

pub(crate) const DEST: &str = "out";
pub(crate) const PART: &str = "out.cospart";
pub(crate) const JOURNAL: &str = "out.cosckpt";

pub(crate) const OLD: &[u8] = b"what was there before";

/// Parts, of which each connection gets some.
const SIZE: u64 = 32 * 1024 * 1024;
const PART_SIZE: &str = "2MiB";

/// What a connection gets, of five: the whole takes a second and a half.
const BYTES_PER_SECOND: u64 = 4_500_000;

/// No download of this size takes longer, and nothing is waited for longer.
const PATIENCE: Duration = Duration::from_secs(60);

/// When the power is cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cut {
    /// At some instant.
    Anytime,
    /// When the journal is on the disk, and the bytes that it claims are not.
    JournalSynced,
    /// When both are, and the download has gone on.
    BothSynced,
    /// When the destination has got another file.
    Renamed,
    /// When the process has said that all is well.
    Exited,
}

impl Cut {
    pub(crate) const ALL: [Self; 5] = [
        Self::Anytime,
        Self::JournalSynced,
        Self::BothSynced,
        Self::Renamed,
        Self::Exited,
    ];
}

/// What has come of it all.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Tally {
    pub(crate) cuts: usize,
    /// Cuts after which the destination was complete.
    pub(crate) complete: usize,
    /// Bytes that were claimed after a cut, and that the next run did not fetch again.
    pub(crate) resumed: u64,
    /// Bytes that were claimed after a cut, and that the next run did fetch again.
    pub(crate) refuted: u64,
}

pub(crate) struct Rig {
    // The mount goes last.
    emulator: Emulator,
    content: Vec<u8>,
    tally: Tally,
    mount: LoopMount,
}

impl Rig {
    pub(crate) fn new(mount: LoopMount) -> Self {
        let emulator = endpoint(SIZE);
        let mut rig = Self {
            emulator,
            content: Vec::new(),
            tally: Tally::default(),
            mount,
        };
        // What the object is, without a fault.
        assert!(rig.command().status().unwrap().success());
        rig.content = fs::read(rig.path(DEST)).unwrap();
        assert_eq!(u64::try_from(rig.content.len()).unwrap(), SIZE);
        rig
    }

    pub(crate) const fn tally(&self) -> Tally {
        self.tally
    }

    /// One download from nothing, one cut, and the download that brings the object.
    pub(crate) fn round(&mut self, cut: Cut, round: usize) {
        let has_old = round.is_multiple_of(2);
        self.start_again(has_old);
        let throttle = Fault::new().throttle(BYTES_PER_SECOND);
        self.emulator
            .faults()
            .script(When::get().always(), throttle);
        let mut process = Process::start(self.command());
        // Another instant in each round, all over the time that a download takes.
        let instant = Duration::from_millis(u64::try_from(round).unwrap() * 290 + 170);
        match cut {
            Cut::Anytime => thread::sleep(instant),
            Cut::JournalSynced => {
                self.until_recorded(instant);
                self.sync(JOURNAL);
            }
            Cut::BothSynced => {
                self.until_recorded(instant / 2);
                self.sync(PART);
                self.sync(JOURNAL);
                thread::sleep(instant / 4);
            }
            Cut::Renamed => self.until_renamed(has_old),
            Cut::Exited => assert_eq!(process.wait(), Some(0)),
        }
        self.mount.cut_the_power();
        drop(process);
        self.mount.power_on();
        self.tally.cuts += 1;

        let at = format!("{cut:?}, round {round}");
        let is_complete = match fs::read(self.path(DEST)) {
            Ok(found) if has_old && found == OLD => false,
            Ok(found) => {
                assert!(found == self.content, "{at}: neither old nor complete");
                true
            }
            Err(_) => {
                assert!(!has_old, "{at}: the older file is gone");
                false
            }
        };
        assert!(is_complete || cut != Cut::Exited, "{at}: it was durable");
        self.tally.complete += usize::from(is_complete);
        self.bring(&at);
    }

    /// The next run brings the object.
    fn bring(&mut self, at: &str) {
        let claimed = self.claimed();
        self.emulator.faults().clear();
        let output = self.command().stdout(Stdio::piped()).output().unwrap();
        assert!(output.status.success(), "{at}: {output:?}");
        let record: Record = serde_json::from_slice(&output.stdout).unwrap();
        assert!(fs::read(self.path(DEST)).unwrap() == self.content, "{at}");
        assert!(!self.path(PART).exists() && !self.path(JOURNAL).exists());
        assert_eq!(record.fetched + record.resumed, SIZE, "{at}: {record:?}");
        self.tally.resumed += record.resumed;
        self.tally.refuted += claimed.checked_sub(record.resumed).unwrap();
    }

    /// How many bytes the journal claims, if there is a part file.
    fn claimed(&self) -> u64 {
        let Ok(journal) = fs::read(self.path(JOURNAL)) else {
            return 0;
        };
        let asked = GetObject::new(Bucket::new(BUCKET).unwrap(), Key::new(KEY).unwrap());
        let checkpoint = Checkpoint::read(&journal, &asked).ok();
        let checkpoint = checkpoint.filter(|_| self.path(PART).exists());
        checkpoint.map_or(0, |checkpoint| {
            checkpoint.claims().map(|claim| claim.len()).sum()
        })
    }

    fn start_again(&self, has_old: bool) {
        for name in [DEST, PART, JOURNAL] {
            let _ = fs::remove_file(self.path(name));
        }
        if has_old {
            fs::write(self.path(DEST), OLD).unwrap();
        }
        self.mount.sync();
    }

    /// Waits until something is recorded, and so long besides.
    fn until_recorded(&self, besides: Duration) {
        until(|| self.claimed() > 0);
        thread::sleep(besides);
    }

    /// Waits until there is another file at the destination.
    fn until_renamed(&self, has_old: bool) {
        let inode = || fs::metadata(self.path(DEST)).map(|found| found.ino()).ok();
        let old = inode();
        assert_eq!(old.is_some(), has_old);
        until(|| inode() != old);
    }

    /// Makes one of the files durable, as the kernel may do it at any time by itself. It may have
    /// been published by now.
    fn sync(&self, name: &str) {
        if let Ok(file) = File::open(self.path(name)) {
            file.sync_all().unwrap();
        }
    }

    fn command(&self) -> Command {
        let mut command = download(&self.emulator, DEST);
        command
            .args(["--part-size", PART_SIZE])
            .current_dir(self.mount.path());
        command
    }

    fn path(&self, name: &str) -> PathBuf {
        self.mount.path().join(name)
    }
}

/// Waits for something that comes soon.
pub(crate) fn until(mut is_so: impl FnMut() -> bool) {
    let started = Instant::now();
    while !is_so() {
        assert!(started.elapsed() < PATIENCE);
        thread::sleep(Duration::from_micros(200));
    }
}

/// The command that downloads the object.
pub(crate) fn download(emulator: &Emulator, dest: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cos"));
    command
        .args(["cp", &format!("cos://{BUCKET}/{KEY}"), dest])
        .args(["--json", "--anonymous"])
        .env_clear()
        .env("HOME", "/nonexistent")
        .env("COS_ENDPOINT", emulator.url())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command
}

/// An endpoint that has an object of so many bytes.
pub(crate) fn endpoint(size: u64) -> Emulator {
    let bucket = MemoryBucket::new(BUCKET);
    bucket.put(KEY, Object::generated(11, size));
    let endpoint = Emulator::builder().bucket(bucket).anonymous();
    endpoint.start_on_thread().unwrap()
}

/// What a download says of itself.
#[derive(Debug, serde::Deserialize)]
pub(crate) struct Record {
    pub(crate) fetched: u64,
    pub(crate) resumed: u64,
}

/// A process that is killed when it is dropped.
pub(crate) struct Process(Child);

impl Process {
    pub(crate) fn start(mut command: Command) -> Self {
        Self(command.spawn().unwrap())
    }

    /// Its exit code, at its end.
    pub(crate) fn wait(&mut self) -> Option<i32> {
        self.0.wait().unwrap().code()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
