//! Downloads into a simulated file system, which is cut off, damaged and filled up at every step.

mod crashes;
mod drive;
mod driven;
mod journals;
mod service;
mod trouble;

use cos_proto::{Bucket, GetObject, Key};

use crate::Verified;
use crate::engine::{Options, Outcome};
use crate::sidecars::Published;
use crate::storage::sim::{Sim, SimDir};
use drive::Run;
use service::Object;

/// Where everything goes in here.
const DEST: &str = "dest";
const PART: &str = "dest.cospart";
const JOURNAL: &str = "dest.cosckpt";

/// What stands there before.
const OLD: &[u8] = b"what was there before";

fn get() -> GetObject {
    let bucket = Bucket::new("examplebucket-1250000000").unwrap();
    GetObject::new(bucket, Key::new("key").unwrap())
}

/// Parts and records so small that a few kilobytes have many of both.
fn options() -> Options {
    Options::new()
        .part_size(4096)
        .connections(3)
        .record_every(1024, std::time::Duration::from_secs(1))
        .split_bytes(512)
}

fn disk() -> (Sim, SimDir) {
    let sim = Sim::default();
    let dir = sim.new_dir();
    (sim, dir)
}

/// The last of the runs that belong to one file system: whatever was before, it brings the file.
fn bring(run: &Run, dir: &SimDir, object: &Object) -> Outcome {
    let (outcome, published) = run.download(dir, object).unwrap();
    assert_eq!(published, Published::Done);
    assert_eq!(outcome.verified, Verified::Crc64);
    assert_eq!(dir.read(DEST).unwrap(), object.bytes);
    assert_eq!(dir.names(), [DEST]);
    outcome
}

/// Numbers for schedules.
#[derive(Clone, Debug)]
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % end
    }
}
