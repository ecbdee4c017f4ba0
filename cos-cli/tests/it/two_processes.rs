//! Two processes that download to one place: F12.

use std::fs;
use std::time::Duration;

use cos_emulator::{Emulator, Fault, Object, When};
use tokio::time::sleep;

use crate::common::{Place, emulator, object};

const PART: u64 = 256 * 1024;
const LEN: u64 = 8 * PART;

/// The command and its arguments.
fn download() -> Vec<String> {
    let all = ["cp", &object("k"), "out", "--part-size", "256KiB", "--json"];
    all.map(str::to_owned).to_vec()
}

async fn endpoint() -> Emulator {
    emulator([("k", Object::generated(7, LEN))]).await
}

#[tokio::test]
async fn f12_of_two_processes_one_downloads_and_the_other_says_so() {
    let emulator = endpoint().await;
    let faults = emulator.faults();
    faults.script(When::get().always(), Fault::new().throttle(300_000));
    let place = Place::with_keys(&emulator);
    let first = place.command(download()).spawn().unwrap();
    while !place.path("out.cosckpt").exists() || emulator.log().is_empty() {
        sleep(Duration::from_millis(5)).await;
    }
    for _ in 0..3 {
        let second = place.cos(download()).await.exits(10);
        assert_eq!(second.json()["key"], "k");
        second.says(&[
            "error: cannot download cos://",
            "another process is downloading to out",
            "hint: ",
        ]);
    }
    let first = first.wait_with_output().await.unwrap();
    assert!(first.status.success(), "{first:?}");
    assert_eq!(place.names(), ["out"]);
    assert_eq!(place.read("out").len() as u64, LEN);
    // Those that came meanwhile have sent nothing.
    assert_eq!(emulator.log().len(), 8, "{:#?}", emulator.log());
    emulator.shutdown().await.unwrap();
}

/// The second one comes at any instant of the first one's life, its last ones above all: whoever
/// says that all is well is right, and one of them does.
#[tokio::test]
async fn f12_also_when_the_first_finishes_in_that_instant() {
    let emulator = endpoint().await;
    let place = Place::with_keys(&emulator);
    let alone = tokio::time::Instant::now();
    place.cos(download()).await.exits(0);
    let alone = alone.elapsed();
    let whole = place.read("out");
    let mut busy = 0;
    const ROUNDS: u32 = 24;
    for round in 0..ROUNDS {
        fs::remove_file(place.path("out")).unwrap();
        let first = place.command(download()).spawn().unwrap();
        sleep(alone * round / ROUNDS).await;
        let second = place.cos(download()).await;
        let first = first.wait_with_output().await.unwrap();
        let exits = [first.status.code(), second.exit];
        assert!(
            exits.iter().all(|exit| matches!(exit, Some(0 | 10))),
            "{first:?} {second:#?}"
        );
        assert!(exits.contains(&Some(0)), "{first:?} {second:#?}");
        busy += exits.iter().filter(|exit| **exit == Some(10)).count();
        assert_eq!(place.names(), ["out"], "{first:?} {second:#?}");
        assert!(place.read("out") == whole);
    }
    assert!(busy > 0, "they have never met");
    emulator.shutdown().await.unwrap();
}

/// One that was killed holds nothing: its lock has gone with it.
#[tokio::test]
async fn f12_a_process_that_was_killed_keeps_nobody_out() {
    let emulator = endpoint().await;
    let faults = emulator.faults();
    faults.script(When::get().always(), Fault::new().throttle(300_000));
    let place = Place::with_keys(&emulator);
    let mut first = place.command(download()).spawn().unwrap();
    while !place.path("out.cosckpt").exists() || emulator.log().is_empty() {
        sleep(Duration::from_millis(5)).await;
    }
    first.kill().await.unwrap();
    faults.clear();
    place.cos(download()).await.exits(0);
    assert_eq!(place.names(), ["out"]);
    emulator.shutdown().await.unwrap();
}
