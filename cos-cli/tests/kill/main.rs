//! The real binary is killed, again and again, and run again: F10.
//!
//! A download at 20 MiB parts over a throttled endpoint ends in SIGKILL at random instants, and at
//! every system call that a whole download makes on its files. After each kill the destination is
//! as it was before or complete, and every record of the journal is true; the next run goes on from
//! there. In the end the bytes are the object's, nothing is left beside them, and what a kill has
//! cost is a second of what was received, and what stood in buffers.
//!
//! The short run kills 40 times and more, with `COS_LONG` in the environment it is 200. At least
//! three quarters of the kills are between the first record and the publication; this is counted.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod points;
mod random;
mod rig;
mod strace;
mod tally;

use std::env;
use std::io::Write as _;
use std::thread;

/// Targets that are killed at random instants, side by side: nearly all of their time is waiting.
const RANDOM_TARGETS: usize = 4;

#[test]
fn f10_a_kill_at_any_instant_costs_a_second_and_nothing_else() {
    let is_long = env::var_os("COS_LONG").is_some();
    let wanted: usize = if is_long { 200 } else { 40 };
    let tally = thread::scope(|scope| {
        let points = scope.spawn(points::kill_at_each);
        // Those at points are not so many as this, and where there are none these are enough alone.
        let each = wanted.div_ceil(RANDOM_TARGETS) + 2;
        let random: Vec<_> = (0..RANDOM_TARGETS)
            .map(|_| scope.spawn(move || random::kill(each)))
            .collect();
        let mut tally = points.join().unwrap();
        for target in random {
            tally = tally.and(&target.join().unwrap());
        }
        tally
    });
    // Past the test harness, which keeps the output of tests that pass to itself.
    writeln!(std::io::stderr(), "\n{tally}").unwrap();
    assert!(tally.kills() >= wanted, "{tally}");
    assert!(tally.within() * 4 >= tally.kills() * 3, "{tally}");
}
