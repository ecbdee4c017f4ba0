//! Kills at every system call that a download makes on its files.

use crate::rig::Rig;
use crate::strace::{Call, Place, Strace};
use crate::tally::Tally;

/// What a connection gets: enough for a dozen records in the two seconds that a download takes.
const BYTES_PER_SECOND: u64 = 8_000_000;

/// Calls of which the second is a point of its own: it stands elsewhere in a download's life.
const AGAIN: [&str; 3] = ["pwrite64", "fdatasync", "fchmod"];

/// What has to be among the calls: each of these, on this file, under one of these names. Where files
/// are in memory no space is reserved, but the length is set.
const EXPECTED: [(&str, Place, &[&str]); 8] = [
    (
        "the journal is made",
        Place::Journal,
        &["openat", "openat2"],
    ),
    (
        "space is reserved",
        Place::PartFile,
        &["fallocate", "ftruncate"],
    ),
    (
        "bytes are written",
        Place::PartFile,
        &["pwrite64", "pwritev"],
    ),
    (
        "a record is written",
        Place::Journal,
        &["write", "pwrite64", "writev"],
    ),
    (
        "the part file is synced",
        Place::PartFile,
        &["fsync", "fdatasync"],
    ),
    (
        "the part file is renamed",
        Place::PartFile,
        &["rename", "renameat", "renameat2"],
    ),
    ("the directory is synced", Place::Directory, &["fsync"]),
    (
        "the journal is removed",
        Place::Journal,
        &["unlink", "unlinkat"],
    ),
];

/// Kills a download at each of its calls, one after the other: every run goes on from where the one
/// before was killed, up to those that find the object published.
pub(crate) fn kill_at_each() -> Tally {
    let mut tally = Tally::default();
    let Some(strace) = Strace::find() else {
        return tally;
    };
    let mut rig = Rig::new(BYTES_PER_SECOND);
    let folder = rig.folder();
    let calls = strace.calls_of(&folder, |tracer| rig.command_under(tracer));
    rig.has_succeeded();
    for (what, place, names) in EXPECTED {
        let is_it = |call: &Call| call.place == place && names.contains(&call.name.as_str());
        assert!(calls.iter().any(is_it), "{what}: not among {calls:#?}");
    }

    rig.start_again();
    for (point, nth) in points(&calls) {
        let at = format!("{} of {:?}, {nth}.", point.name, point.place);
        let kill =
            |rig: &Rig| strace.kill_at(&point, nth, &folder, |tracer| rig.command_under(tracer));
        let mut killed = kill(&rig);
        if !killed {
            // What was there already made the call needless.
            rig.has_succeeded();
            rig.start_again();
            killed = kill(&rig);
        }
        if killed {
            rig.was_killed(&at, &mut tally);
        } else {
            // Threads are counted each on its own: a second call may be the first of another one.
            assert!(nth > 1, "{at}: it never comes");
            rig.has_succeeded();
            rig.start_again();
        }
    }
    rig.finish();
    tally
}

/// Each call once, in the order in which they were made first, and the second of some.
fn points(calls: &[Call]) -> Vec<(Call, usize)> {
    let mut points: Vec<(Call, usize)> = Vec::new();
    for call in calls {
        let so_far = points.iter().filter(|(point, _)| point == call).count();
        let points_of_it = if AGAIN.contains(&&*call.name) { 2 } else { 1 };
        if so_far < points_of_it {
            points.push((call.clone(), so_far + 1));
        }
    }
    points
}
