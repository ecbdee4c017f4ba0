//! Objects that change or go between the listing and the request.

use cos_emulator::{Fault, Object, When};
use cos_transfer::prefix::PrefixError;
use http::StatusCode;

use crate::support::World;

/// The listing says 5 bytes, the object has 7 by now: the object's own answer counts.
#[tokio::test]
async fn k18_an_object_that_changed_since_the_listing_is_taken_as_it_is() {
    let world = World::new(&[("a", "12345"), ("b", "same")]).await;
    let bucket = world.bucket.clone();
    let replace = Fault::new().then(move || {
        bucket.put("a", Object::new("1234567"));
    });
    world.emulator.faults().script(When::list(), replace);
    let ran = world.cp("").await;
    assert_eq!(ran.result.unwrap().bytes, 11);
    assert_eq!(world.read("a"), "1234567");
    // The first request was held to the listing's tag.
    let log = world.emulator.log();
    let statuses: Vec<_> = log
        .iter()
        .filter(|request| request.key() == "a")
        .map(|request| request.status().unwrap())
        .collect();
    assert_eq!(
        statuses,
        [StatusCode::PRECONDITION_FAILED, StatusCode::PARTIAL_CONTENT]
    );
    world.end().await;
}

/// Large by now, small in the listing; and the other way round.
#[tokio::test]
async fn k18_an_object_may_have_grown_beyond_a_part_or_shrunk_below_one() {
    let world = World::new(&[("grown", "1")]).await;
    world.bucket.put("shrunk", Object::generated(1, 5_000_000));
    let bucket = world.bucket.clone();
    let replace = Fault::new().then(move || {
        bucket.put("grown", Object::generated(2, 3_000_000));
        bucket.put("shrunk", Object::new("tiny"));
    });
    world.emulator.faults().script(When::list(), replace);
    let ran = world.cp("").await;
    assert_eq!(ran.result.unwrap().bytes, 3_000_004);
    assert_eq!(world.read("shrunk"), "tiny");
    world.end().await;
}

#[tokio::test]
async fn k19_an_object_that_vanishes_fails_alone() {
    let world = World::new(&[("a", "1"), ("b", "2"), ("c", "3")]).await;
    let bucket = world.bucket.clone();
    let vanish = Fault::new().then(move || {
        bucket.delete("b");
    });
    world.emulator.faults().script(When::list(), vanish);
    let ran = world.cp("").await;
    assert_eq!(ran.keys("failed"), ["b"]);
    assert_eq!(ran.keys("fetched"), ["a", "c"]);
    assert!(matches!(ran.result, Err(PrefixError::Objects { .. })));
    world.end().await;
}

/// Every failure is named, with what the service said, and the run is no success.
#[tokio::test]
async fn k21_every_failure_is_told_and_the_run_is_no_success() {
    let world = World::new(&[("a", "1"), ("b", "2"), ("c", "3"), ("d/../e", "4")]).await;
    let faults = world.emulator.faults();
    faults.script(
        When::get().key("a"),
        Fault::new().error(StatusCode::FORBIDDEN, "AccessDenied"),
    );
    faults.script(
        When::get().key("c").times(3),
        Fault::new().error(StatusCode::INTERNAL_SERVER_ERROR, "InternalError"),
    );
    let ran = world.cp("").await;
    assert_eq!(ran.keys("failed"), ["a", "c", "d/../e"]);
    let Err(PrefixError::Objects { report }) = &ran.result else {
        panic!("{:?}", ran.result);
    };
    assert_eq!((report.objects, report.failed, report.bytes), (1, 3, 1));
    assert_eq!(
        ran.result.as_ref().unwrap_err().to_string(),
        "3 of 4 objects failed"
    );
    world.end().await;
}

/// What passes is tried again: a small object by the engine, from its first byte.
#[tokio::test]
async fn what_fails_in_passing_is_made_up_for() {
    let world = World::new(&[
        ("short", "1234567890"),
        ("corrupt", "1234567890"),
        ("reset", "1234567890"),
    ])
    .await;
    let faults = world.emulator.faults();
    faults.script(When::get().key("short"), Fault::new().close_after(4));
    faults.script(When::get().key("corrupt"), Fault::new().corrupt(3));
    faults.script(When::get().key("reset"), Fault::new().reset_after(2));
    let ran = world.cp("").await;
    assert_eq!(ran.keys("failed"), [""; 0]);
    for key in ["short", "corrupt", "reset"] {
        assert_eq!(world.read(key), "1234567890");
    }
    assert!(!world.at(".cos-partial").exists());
    world.end().await;
}
