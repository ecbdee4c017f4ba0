//! What disks do to the real binary: the power goes (F11), and what is in `full.rs`.
//!
//! A file system of its own, ext4 and XFS, on a loop device, is shut down without its log being
//! flushed, the process is killed, and the file system mounted again. Then the destination is as it
//! was or complete, and the next run brings the object. When the binary had exited with 0, the
//! object is there.
//!
//! The short run cuts the power 5 times on each, with `COS_LONG` in the environment it is 25 times.
//! It takes root to mount; elsewhere this is skipped, and says so.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod full;
mod loop_mount;
mod rig;

use std::env;
use std::io::{self, Write as _};

use loop_mount::{FileSystem, LoopMount};
use rig::{Cut, Rig};

#[test]
fn f11_power_cuts_on_ext4() {
    cut_the_power_on(FileSystem::Ext4);
}

#[test]
fn f11_power_cuts_on_xfs() {
    cut_the_power_on(FileSystem::Xfs);
}

fn cut_the_power_on(kind: FileSystem) {
    let Some(mount) = LoopMount::new(kind) else {
        return;
    };
    let rounds = if env::var_os("COS_LONG").is_some() {
        5
    } else {
        1
    };
    let mut rig = Rig::new(mount);
    for round in 0..rounds {
        for cut in Cut::ALL {
            rig.round(cut, round);
        }
    }
    let tally = rig.tally();
    say(&format!("power cuts on {kind:?}: {tally:#?}"));
    assert_eq!(tally.cuts, rounds * Cut::ALL.len());
    // The cuts were at work: something was lost that had been claimed, and something was kept.
    assert!(tally.refuted > 0, "{tally:?}");
    assert!(tally.resumed > 0, "{tally:?}");
}

/// Past the test harness, which keeps the output of tests that pass to itself.
fn say(text: &str) {
    let text = format!("\n{text}\n");
    io::stderr().write_all(text.as_bytes()).unwrap();
}

/// Says loudly that something is missing, which is a failure where it has to be there.
fn skipped(what: &str) {
    say(&format!("SKIPPED: {what}"));
    assert!(env::var_os("COS_REQUIRE_PEERS").is_none(), "{what}");
}
