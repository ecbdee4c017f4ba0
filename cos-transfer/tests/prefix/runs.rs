//! What a run does besides: replaces, leaves alone, stops early, tells how far it is.

use std::env;
use std::fs;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use cos_emulator::{Fault, MemoryBucket, Object, When};
use cos_proto::{Bucket, TrafficLimit};
use cos_transfer::Verified;
use cos_transfer::prefix::{Done, Filter, Observer, Outcome, Prefix, PrefixError, PrefixProgress};
use http::StatusCode;
use tokio::process::Command;

use crate::support::{BUCKET, PART, World, downloader_of, run};

#[tokio::test]
async fn files_that_are_there_are_replaced_and_folders_made() {
    let world = World::new(&[
        ("data/a", "new"),
        ("data/sub/deep/b", "new"),
        ("data/folder/", ""),
    ])
    .await;
    fs::create_dir_all(world.dir()).unwrap();
    fs::write(world.at("a"), "old").unwrap();
    fs::write(world.at("mine"), "mine").unwrap();
    let report = world.cp("data/").await.result.unwrap();
    assert_eq!((report.objects, report.bytes, report.skipped), (3, 6, 0));
    assert_eq!(
        (
            world.read("a"),
            world.read("sub/deep/b"),
            world.read("mine")
        ),
        ("new".into(), "new".into(), "mine".into())
    );
    assert!(world.at("folder").is_dir());
    world.end().await;
}

#[tokio::test]
async fn an_object_is_reported_as_what_it_was_verified_by() {
    let world = World::new(&[("a", "123456789"), ("empty", "")]).await;
    world.bucket.put("old", Object::new("x").without_crc64());
    let seen = Arc::new(Mutex::new(Vec::new()));
    let told = Arc::clone(&seen);
    let observer = move |done: &Done<'_>| {
        if let Outcome::Fetched(report) = &done.outcome {
            told.lock()
                .unwrap()
                .push((done.path.to_owned(), report.crc64, report.verified));
        }
    };
    world
        .download("")
        .connections(1)
        .observer(observer)
        .await
        .unwrap();
    let mut seen = seen.lock().unwrap().clone();
    seen.sort_by(|a, b| a.0.cmp(&b.0));
    assert_eq!(
        seen[0],
        ("a".into(), Some(0x995d_c9bb_df19_39fa), Verified::Crc64)
    );
    assert_eq!(seen[1], ("empty".into(), Some(0), Verified::Crc64));
    assert_eq!(seen[2].2, Verified::Size);
    let strict = world.downloader().require_crc64(true);
    let ran = run(strict.download_prefix(world.prefix(""), &world.dir())).await;
    assert_eq!(ran.keys("failed"), ["old"]);
    world.end().await;
}

#[tokio::test]
async fn files_that_are_there_are_left_alone_where_they_are_to_be() {
    let world = World::new(&[("a", "new"), ("b", "new")]).await;
    world.bucket.put("large", Object::generated(1, 3 * PART));
    fs::create_dir_all(world.dir()).unwrap();
    fs::write(world.at("a"), "old").unwrap();
    fs::write(world.at("large"), "old").unwrap();
    let downloader = world.downloader().no_clobber(true);
    let ran = run(downloader.download_prefix(world.prefix(""), &world.dir())).await;
    assert_eq!(
        (ran.keys("exists"), ran.keys("fetched")),
        (vec!["a", "large"], vec!["b"])
    );
    assert_eq!(ran.result.unwrap().skipped, 2);
    assert_eq!(world.read("a"), "old");
    assert_eq!(world.gets(), 1);
    world.end().await;
}

#[tokio::test]
async fn filters_are_held_against_the_path_below_the_prefix() {
    let world = World::new(&[
        ("data/a.jpg", "1"),
        ("data/b/c.jpg", "2"),
        ("data/b/d.txt", "3"),
        ("data/tmp/e.jpg", "4"),
    ])
    .await;
    for full_keys in [false, true] {
        let filter = Filter::new()
            .include("*.jpg")
            .unwrap()
            .exclude("tmp/*")
            .unwrap();
        let ran = run(world.download("data/").filter(filter).full_keys(full_keys)).await;
        assert_eq!(ran.keys("fetched"), ["data/a.jpg", "data/b/c.jpg"]);
    }
    world.end().await;
}

#[tokio::test]
async fn the_first_failure_ends_it_where_that_is_wanted() {
    let bucket = MemoryBucket::new(BUCKET);
    for number in 0..500 {
        bucket.put(format!("{number:03}"), Object::new("x"));
    }
    let world = World::of(bucket, &[]).await;
    let denied = Fault::new().error(StatusCode::FORBIDDEN, "AccessDenied");
    world
        .emulator
        .faults()
        .script(When::get().key("010"), denied);
    let ran = run(world.download("").connections(2).fail_fast(true)).await;
    let Err(PrefixError::Objects { report }) = &ran.result else {
        panic!("{:?}", ran.result);
    };
    assert_eq!(report.failed, 1);
    assert!(report.objects < 40, "{report:?}");
    world.end().await;
}

#[tokio::test]
async fn any_number_of_connections_is_taken() {
    let world = World::new(&[("a", "1"), ("b", "2")]).await;
    for connections in [0, usize::MAX] {
        let ran = run(world.download("").connections(connections)).await;
        assert_eq!(ran.result.unwrap().objects, 2);
    }
    world.end().await;
}

/// What says to a process of this test's own where to download from and to.
const URL: &str = "COS_TEST_RUN_URL";
const DIR: &str = "COS_TEST_RUN_DIR";

/// The run of [`f19_few_file_handles_are_fewer_connections`]; without it, nothing.
#[tokio::test]
async fn the_process_with_few_handles() {
    let (Some(url), Some(dir)) = (env::var(URL).ok(), env::var_os(DIR)) else {
        return;
    };
    let prefix = Prefix::new(Bucket::new(BUCKET).unwrap(), "");
    let download = downloader_of(&url).download_prefix(prefix, dir.as_ref());
    run(download.connections(256)).await.result.unwrap();
}

/// A process that may have no more than 100 files open, and is told to have 256 connections.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f19_few_file_handles_are_fewer_connections() {
    let bucket = MemoryBucket::new(BUCKET);
    for number in 0..400 {
        bucket.put(format!("{}/{number}", number % 50), Object::new("x"));
    }
    bucket.put("large", Object::generated(1, 4 * PART));
    let world = World::of(bucket, &[]).await;
    let limited = r#"ulimit -n 100 && exec "$0" --exact runs::the_process_with_few_handles"#;
    let ended = Command::new("sh")
        .args(["-c", limited])
        .arg(env::current_exe().unwrap())
        .env(URL, world.emulator.url())
        .env(DIR, world.dir())
        .kill_on_drop(true)
        .output()
        .await
        .unwrap();
    assert!(
        ended.status.success(),
        "{}",
        String::from_utf8_lossy(&ended.stdout)
    );
    assert_eq!(world.tree().len(), 1 + 50 + 401);
    world.end().await;
}

#[tokio::test]
async fn requests_carry_what_was_added_to_them() {
    let world = World::new(&[("a", "1")]).await;
    world.bucket.put("large", Object::generated(1, 2 * PART));
    let limit = TrafficLimit::bits_per_second(81_920_000).unwrap();
    let download = world
        .download("")
        .request(move |get| get.traffic_limit(limit));
    assert!(run(download).await.result.is_ok());
    let log = world.emulator.log();
    for request in log.iter().filter(|request| !request.key().is_empty()) {
        let limit = request.header("x-cos-traffic-limit").is_some()
            || request.query().contains("x-cos-traffic-limit");
        assert!(limit, "{}", request.key());
    }
    world.end().await;
}

/// Keeps the progress that it is told of.
struct Steps(Arc<Mutex<Vec<PrefixProgress>>>);

impl Observer for Steps {
    fn done(&self, _: &Done<'_>) {}

    fn progress(&self, now: PrefixProgress) {
        self.0.lock().unwrap().push(now);
    }
}

#[tokio::test]
async fn progress_never_goes_back_and_ends_at_the_total() {
    let world = World::new(&[("a", "12345"), ("b", "1"), ("x/../y", "123")]).await;
    world.bucket.put("large", Object::generated(1, 3 * PART));
    world.bucket.put("cut", Object::generated(2, 500_000));
    let faults = world.emulator.faults();
    faults.script(When::get().key("cut"), Fault::new().close_after(300_000));
    faults.script(
        When::get().key("large").always(),
        Fault::new().throttle(4_000_000),
    );
    let steps = Arc::new(Mutex::new(Vec::new()));
    let result = world.download("").observer(Steps(Arc::clone(&steps))).await;
    assert!(matches!(result, Err(PrefixError::Objects { .. })));
    let steps = steps.lock().unwrap().clone();
    assert!(steps.len() >= 3, "{}", steps.len());
    for pair in steps.windows(2) {
        assert!(pair[0].bytes <= pair[1].bytes && pair[0].objects <= pair[1].objects);
    }
    assert!(
        steps
            .iter()
            .all(|now| now.bytes <= now.bytes_listed && now.objects <= now.objects_listed)
    );
    let last = steps.last().unwrap();
    assert!(last.is_listed);
    assert_eq!((last.objects, last.objects_listed), (5, 5));
    assert_eq!(
        (last.bytes, last.bytes_listed),
        (3 * PART + 500_006, 3 * PART + 500_006)
    );
    world.end().await;
}

/// Dropped in the middle, it asks for nothing more.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dropped_it_starts_no_new_work() {
    let bucket = MemoryBucket::new(BUCKET);
    for number in 0..300 {
        bucket.put(format!("{number:03}"), Object::new("x"));
    }
    let world = World::of(bucket, &[]).await;
    let slow = Fault::new().stall_head(Duration::from_millis(30));
    world
        .emulator
        .faults()
        .script(When::get().key_prefix("").always(), slow);
    let mut run = world.download("").connections(4).into_future();
    while world.gets() < 10 {
        let _ = tokio::time::timeout(Duration::from_millis(5), &mut run).await;
    }
    drop(run);
    // What was sent by then may still arrive.
    tokio::time::sleep(Duration::from_millis(100)).await;
    let asked = world.gets();
    assert!(asked < 100, "{asked}");
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(world.gets(), asked);
    world.end().await;
}
