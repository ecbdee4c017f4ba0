//! Kills at random instants.

use std::hash::{BuildHasher as _, RandomState};
use std::thread;
use std::time::Duration;

use crate::rig::{Rig, Stood};
use crate::tally::Tally;

/// What a connection gets: slow enough that records are due to the time and not to their length,
/// and that there is time for a dozen kills in one download.
const BYTES_PER_SECOND: u64 = 2_000_000;

/// For how long a run is left alone: around the time between two records of a connection.
const SHORTEST: Duration = Duration::from_millis(100);
const LONGEST: Duration = Duration::from_millis(2000);

/// The first run of a target is left alone until the first records are due; what is before is the
/// matter of the named points.
const FIRST: Duration = Duration::from_millis(1100);

/// Kills downloads of one target so often, and ends the last one.
pub(crate) fn kill(times: usize) -> Tally {
    let mut tally = Tally::default();
    let mut rig = Rig::new(BYTES_PER_SECOND);
    while tally.kills() < times {
        let mut child = rig.command().spawn().unwrap();
        let first = if rig.is_fresh() {
            FIRST
        } else {
            Duration::ZERO
        };
        thread::sleep(first + random_between(SHORTEST, LONGEST));
        let ended = child.try_wait().unwrap();
        // It may have ended since: then this comes to nothing, and its status says so.
        child.kill().unwrap();
        let status = child.wait().unwrap();
        if status.success() {
            rig.has_succeeded();
            rig.start_again();
            continue;
        }
        assert!(ended.is_none(), "it has failed by itself: {status}");
        rig.was_killed("at a random instant", &mut tally);
    }
    if rig.look() != Stood::Published {
        rig.finish();
    }
    tally
}

/// Not from a seed: the instants depend on the scheduler anyway.
fn random_between(shortest: Duration, longest: Duration) -> Duration {
    let random = RandomState::new().hash_one(0) % 1000;
    let share = f64::from(u32::try_from(random).unwrap()) / 1000.0;
    shortest + (longest - shortest).mul_f64(share)
}
