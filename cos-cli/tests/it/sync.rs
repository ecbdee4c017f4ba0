//! `cos sync`: what differs, and nothing else.

use std::fs;
use std::time::{Duration, SystemTime};

use cos_emulator::{Emulator, Fault, MemoryBucket, Object, When};
use http::StatusCode;

use crate::common::{BUCKET, Place, object, serve, tree, without_times};

fn at(seconds: u64, content: &str) -> Object {
    Object::new(content.to_owned())
        .last_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds))
}

/// A bucket that changes while its endpoint runs.
async fn two_objects() -> (MemoryBucket, Emulator) {
    let bucket = MemoryBucket::new(BUCKET);
    bucket.put("k/a", at(1_500_000_000, "first"));
    bucket.put("k/b", at(1_500_000_000, "second"));
    (bucket.clone(), serve(bucket).await)
}

/// The keys that were asked for since `seen` requests; the listing's is empty.
fn asked(emulator: &Emulator, seen: usize) -> Vec<String> {
    let log = emulator.log();
    log.iter()
        .skip(seen)
        .map(|request| request.key().to_owned())
        .collect()
}

#[tokio::test]
async fn twice_is_one_listing_and_after_a_change_one_fetch() {
    let (bucket, emulator) = two_objects().await;
    let place = Place::with_keys(&emulator);
    let sync = ["sync", &object("k/"), "here"];
    place.cos(sync).await.exits(0);
    assert_eq!(tree(&place.path("here")), ["a", "b"]);

    let seen = emulator.log().len();
    let second = place.cos(sync).await.exits(0);
    assert_eq!(asked(&emulator, seen), [""]);
    insta::assert_snapshot!(
        without_times(&second.stderr),
        @"cos://examplebucket-1250000000/k/ -> here: fetched 0 objects, 0 B in [TIME], 2 skipped"
    );

    bucket.put("k/b", at(1_500_000_001, "SECOND"));
    let seen = emulator.log().len();
    place.cos(sync).await.exits(0);
    assert_eq!(asked(&emulator, seen), ["", "k/b"]);
    assert_eq!(place.read("here/b"), b"SECOND");
    emulator.shutdown().await.unwrap();
}

#[tokio::test]
async fn what_cp_has_fetched_is_not_fetched_again() {
    let (_, emulator) = two_objects().await;
    let place = Place::with_keys(&emulator);
    place
        .cos(["cp", "-r", &object("k/"), "here"])
        .await
        .exits(0);
    place.cos(["cp", &object("k/a"), "here/"]).await.exits(0);
    let seen = emulator.log().len();
    place.cos(["sync", &object("k/"), "here"]).await.exits(0);
    assert_eq!(asked(&emulator, seen), [""]);
    emulator.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_checksum_tells_what_size_and_time_do_not() {
    let (bucket, emulator) = two_objects().await;
    let place = Place::with_keys(&emulator);
    let sync = ["sync", &object("k/"), "here"];
    place.cos(sync).await.exits(0);
    bucket.put("k/b", at(1_500_000_000, "SECOND"));
    place.cos(sync).await.exits(0);
    assert_eq!(place.read("here/b"), b"second");
    place
        .cos([&sync[..], &["--checksum"]].concat())
        .await
        .exits(0);
    assert_eq!(place.read("here/b"), b"SECOND");
    emulator.shutdown().await.unwrap();
}

#[tokio::test]
async fn delete_removes_what_the_bucket_does_not_have_and_only_if_asked() {
    let (bucket, emulator) = two_objects().await;
    let place = Place::with_keys(&emulator);
    let sync = ["sync", &object("k/"), "here"];
    let delete = [&sync[..], &["--delete"]].concat();
    place.cos(sync).await.exits(0);
    fs::write(place.path("here/mine"), "x").unwrap();
    bucket.delete("k/a");
    place.cos(sync).await.exits(0);
    assert_eq!(tree(&place.path("here")), ["a", "b", "mine"]);

    let dry = place
        .cos([&delete[..], &["--dry-run"]].concat())
        .await
        .exits(0);
    let mut told: Vec<_> = dry.stdout.lines().collect();
    told.sort();
    assert_eq!(told, ["would delete here/a", "would delete here/mine"]);
    assert_eq!(tree(&place.path("here")), ["a", "b", "mine"]);

    let excluded = [&delete[..], &["--exclude", "mine"]].concat();
    place.cos(excluded).await.exits(0);
    assert_eq!(tree(&place.path("here")), ["b", "mine"]);
    let last = [&delete[..], &["--json"]].concat();
    let last = place.cos(last).await.exits(0).json_lines().pop().unwrap();
    assert_eq!((&last["deleted"], &last["skipped"]), (&1.into(), &1.into()));
    assert_eq!(tree(&place.path("here")), ["b"]);
    emulator.shutdown().await.unwrap();
}

#[tokio::test]
async fn nothing_is_deleted_after_a_listing_that_failed() {
    let (_, emulator) = two_objects().await;
    let place = Place::with_keys(&emulator);
    fs::create_dir(place.path("here")).unwrap();
    fs::write(place.path("here/mine"), "x").unwrap();
    emulator.faults().script(
        When::list(),
        Fault::new().error(StatusCode::FORBIDDEN, "AccessDenied"),
    );
    place
        .cos(["sync", &object("k/"), "here", "--delete"])
        .await
        .exits(4);
    // Nor where there is no key at all: that is a mistyped prefix more often than an empty bucket.
    place
        .cos(["sync", &object("nothing/"), "here", "--delete"])
        .await
        .exits(3);
    assert_eq!(tree(&place.path("here")), ["mine"]);
    emulator.shutdown().await.unwrap();
}
