//! A run that was cut off, and the one that takes it up.

use std::env;
use std::fs;
use std::future::{Future as _, poll_fn};
use std::pin::pin;
use std::process::Stdio;
use std::task::Poll;
use std::time::Duration;

use cos_emulator::{Fault, MemoryBucket, Object, When};
use cos_proto::Bucket;
use cos_transfer::prefix::{Prefix, PrefixError, PrefixTransfer, SyncBy};
use http::StatusCode;
use tokio::process::Command;

use crate::support::{BUCKET, PART, World, downloader_of, run};

const SMALL: u64 = 300;
const LARGE: u64 = 6_000_000;

fn content(number: u64) -> String {
    format!("{number:03} ").repeat(500)
}

/// Many small objects and one in parts.
async fn world() -> World {
    let bucket = MemoryBucket::new(BUCKET);
    for number in 0..SMALL {
        bucket.put(format!("{number:03}"), Object::new(content(number)));
    }
    bucket.put("large", Object::generated(7, LARGE));
    World::of(bucket, &[]).await
}

/// Polls it until so many objects have been asked for.
async fn until_asked(world: &World, transfer: &mut PrefixTransfer, gets: usize) {
    let mut transfer = pin!(transfer);
    loop {
        let polled = poll_fn(|cx| Poll::Ready(transfer.as_mut().poll(cx).is_ready())).await;
        assert!(!polled, "it was to be cut off before its end");
        if world.gets() >= gets {
            return;
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

/// The number of files at the destination that have their names.
fn placed(world: &World) -> u64 {
    let all = fs::read_dir(world.dir()).unwrap();
    all.filter(|entry| entry.as_ref().unwrap().file_name() != ".cos-partial")
        .count() as u64
}

/// Cut off at several moments, by dropping it or in order, and run again: what was in place is not
/// fetched again, and in the end everything is there and nothing else.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cut_off_and_run_again_only_what_was_not_finished_is_fetched() {
    for (round, sync) in [(0, false), (1, false), (2, true), (3, false), (4, true)] {
        let world = world().await;
        // The large one goes on for as long as the small ones do.
        let slow = Fault::new().throttle(1_000_000);
        world
            .emulator
            .faults()
            .script(When::get().key("large").always(), slow);
        let download = || match sync {
            true => world.download("").sync(SyncBy::SizeAndTime),
            false => world.download(""),
        };
        let mut transfer = download().connections(4).into_future();
        until_asked(&world, &mut transfer, 20 + 60 * round).await;
        if round % 2 == 0 {
            drop(transfer);
        } else {
            let report = transfer.cancel().await;
            assert!(report.objects < SMALL);
        }
        let finished = settled(&world).await;
        assert!(finished > 0);
        let was_large = world.at("large").exists();
        world.emulator.clear_log();

        let ran = run(download()).await;
        let report = ran.result.as_ref().unwrap();
        assert_eq!(
            report.objects,
            SMALL + 1 - finished,
            "round {round}: {:?}",
            ran.told
        );
        assert_eq!(report.skipped, finished);
        let small = finished - u64::from(was_large);
        let log = world.emulator.log();
        let asked = log
            .iter()
            .filter(|request| !["", "large"].contains(&request.key()));
        assert_eq!(asked.count() as u64, SMALL - small);
        assert_eq!(placed(&world), SMALL + 1);
        assert!(!world.at(".cos-partial").exists());
        world.end().await;
    }
}

/// What says to a process of this test's own where to download from and to.
const URL: &str = "COS_TEST_PREFIX_URL";
const DIR: &str = "COS_TEST_PREFIX_DIR";

/// The run that [`killed_at_any_instant_and_run_again_nothing_is_fetched_twice`] kills; without it,
/// nothing.
#[tokio::test]
async fn the_process_that_is_killed() {
    let (Some(url), Some(dir)) = (env::var(URL).ok(), env::var_os(DIR)) else {
        return;
    };
    let prefix = Prefix::new(Bucket::new(BUCKET).unwrap(), "");
    let downloader = downloader_of(&url);
    let download = downloader.download_prefix(prefix, dir.as_ref());
    let _ = download.connections(4).await;
}

/// A process, killed by a signal that it cannot hear of.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_at_any_instant_and_run_again_nothing_is_fetched_twice() {
    let rounds = if env::var_os("COS_LONG").is_some() {
        40
    } else {
        4
    };
    let mut cut = 0;
    for round in 0..rounds {
        let world = world().await;
        let slow = Fault::new().throttle(1_000_000);
        let faults = world.emulator.faults();
        faults.script(When::get().key("large").always(), slow);
        let mut process = Command::new(env::current_exe().unwrap())
            .args(["--exact", "resume::the_process_that_is_killed"])
            .env(URL, world.emulator.url())
            .env(DIR, world.dir())
            .stdout(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let gets = 10 + 290 * round / rounds;
        while world.gets() < gets && process.try_wait().unwrap().is_none() {
            tokio::time::sleep(Duration::from_micros(100)).await;
        }
        if process.try_wait().unwrap().is_some() {
            world.end().await;
            continue;
        }
        process.kill().await.unwrap();
        cut += 1;

        let finished = placed(&world);
        world.emulator.clear_log();
        let report = world.cp("").await.result.unwrap();
        assert_eq!(report.skipped, finished);
        assert_eq!(report.objects, SMALL + 1 - finished);
        for number in 0..SMALL {
            assert_eq!(world.read(&format!("{number:03}")), content(number));
        }
        assert_eq!(placed(&world), SMALL + 1);
        assert!(!world.at(".cos-partial").exists());
        world.end().await;
    }
    assert!(
        cut >= rounds / 2,
        "of {rounds} only {cut} were killed half-way"
    );
}

/// What was in flight when it was dropped ends by itself.
async fn settled(world: &World) -> u64 {
    let mut before = placed(world);
    loop {
        tokio::time::sleep(Duration::from_millis(50)).await;
        let now = placed(world);
        if now == before {
            return now;
        }
        before = now;
    }
}

/// What has come of a large object is not fetched again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_large_object_goes_on_from_its_checkpoint() {
    let world = World::new(&[]).await;
    world.bucket.put("large", Object::generated(7, LARGE));
    let denied = Fault::new().error(StatusCode::FORBIDDEN, "AccessDenied");
    world
        .emulator
        .faults()
        .script(When::get().key("large").range_from(5 << 20), denied);
    let ran = world.cp("").await;
    assert_eq!(ran.keys("failed"), ["large"]);
    assert!(fs::read_dir(world.at(".cos-partial")).unwrap().count() >= 2);
    let ran = world.cp("").await;
    let report = ran.result.unwrap();
    assert_eq!(report.bytes, LARGE);
    assert!(report.fetched <= LARGE - PART, "{report:?}");
    assert_eq!(world.tree().len(), 2);
    world.end().await;
}

/// A run that came to its end is no former run: the next one replaces everything. So does one for
/// something else, one that is told not to resume, and one that finds a file changed.
#[tokio::test]
async fn only_the_same_run_is_taken_up() {
    let world = World::new(&[("p/a", "1"), ("p/b", "2"), ("p/c/../d", "refused")]).await;
    // Files of long ago that look like the objects do.
    assert_eq!(world.cp("p/").await.keys("fetched").len(), 2);
    fs::remove_dir_all(world.at(".cos-partial")).unwrap();

    let first = world.cp("p/").await;
    assert_eq!(
        first.keys("fetched"),
        ["p/a", "p/b"],
        "there is no run to take up"
    );
    let second = world.cp("p/").await;
    assert_eq!(second.keys("finished"), ["p/a", "p/b"]);
    fs::write(world.at("a"), "changed").unwrap();
    let third = world.cp("p/").await;
    assert_eq!(
        (third.keys("fetched"), third.keys("finished")),
        (vec!["p/a"], vec!["p/b"])
    );

    let downloader = world.downloader().no_resume(true);
    let anew = run(downloader.download_prefix(world.prefix("p/"), &world.dir())).await;
    assert_eq!(anew.keys("fetched").len(), 2);
    let full = run(world.download("p/").full_keys(true)).await;
    assert_eq!(full.keys("fetched").len(), 2);
    let other = world.cp("p").await;
    assert_eq!(other.keys("fetched").len(), 2);

    world.bucket.delete("p/c/../d");
    assert!(world.cp("p/").await.result.is_ok());
    assert_eq!(
        world.cp("p/").await.keys("fetched"),
        ["p/a", "p/b"],
        "that run was complete"
    );
    world.end().await;
}

/// What a killed run has left is gone after the next.
#[tokio::test]
async fn nothing_temporary_is_left_after_success() {
    let world = World::new(&[("a", "1")]).await;
    let staging = world.at(".cos-partial");
    fs::create_dir_all(&staging).unwrap();
    for name in [
        "new-0",
        "new-17",
        ".cos-0123456789abcdef.cospart",
        ".cos-0123456789abcdef.cosckpt",
    ] {
        fs::write(staging.join(name), "left").unwrap();
    }
    assert!(world.cp("").await.result.is_ok());
    assert_eq!(world.tree().into_keys().collect::<Vec<_>>(), ["", "a"]);
    world.end().await;
}

/// One process at a time; the other is told at once, and does nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f12_a_second_run_to_the_same_directory_is_refused() {
    let world = World::new(&[("a", "1")]).await;
    world
        .emulator
        .faults()
        .script(When::get().key("a"), Fault::new().stall_head_for_ever());
    let mut first = world.download("").into_future();
    until_asked(&world, &mut first, 1).await;
    let second = world.cp("").await;
    assert!(matches!(second.result, Err(PrefixError::Busy { .. })));
    assert_eq!(world.emulator.log().len(), 2);
    first.cancel().await;
    assert!(world.cp("").await.result.is_ok());
    world.end().await;
}

/// Also where nothing is under way but the first page, or the next one.
#[tokio::test]
async fn given_up_while_a_page_is_awaited_it_ends() {
    let world = World::new(&[("a", "1")]).await;
    let silent = Fault::new().stall_head_for_ever();
    world.emulator.faults().script(When::list(), silent.clone());
    let mut transfer = world.download("").into_future();
    while world.pages() == 0 {
        let _ = tokio::time::timeout(Duration::from_millis(5), &mut transfer).await;
    }
    let report = tokio::time::timeout(Duration::from_secs(3), transfer.cancel())
        .await
        .unwrap();
    assert_eq!(report.objects, 0);

    for number in 0..1500 {
        world.bucket.put(format!("{number:04}"), Object::new("x"));
    }
    world.bucket.put("../x", Object::new("x"));
    world
        .emulator
        .faults()
        .script(When::list().query("marker="), silent);
    let download = run(world.download("").fail_fast(true));
    let ran = tokio::time::timeout(Duration::from_secs(3), download)
        .await
        .unwrap();
    assert!(matches!(ran.result, Err(PrefixError::Objects { .. })));

    world.emulator.faults().clear();
    let mut transfer = world.download("").into_future();
    assert!((&mut transfer).await.is_err());
    assert!(
        transfer.cancel().await.failed == 1,
        "what has ended has ended"
    );
    world.end().await;
}
