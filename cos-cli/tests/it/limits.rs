//! How often, and how fast: the options that hold requests back or repeat them.

use std::time::{Duration, Instant};

use cos_emulator::{Fault, Object, When};
use http::StatusCode;

use crate::common::{Place, emulator, object};

fn internal_error() -> Fault {
    Fault::new().error(StatusCode::INTERNAL_SERVER_ERROR, "InternalError")
}

#[tokio::test]
async fn what_fails_in_passing_is_tried_again_by_default() {
    let emulator = emulator([("k", Object::new("content"))]).await;
    let faults = emulator.faults();
    faults.script(When::get(), internal_error());
    faults.script(When::get().nth(2), Fault::new().reset());
    let place = Place::with_keys(&emulator);
    let ran = place.cos(["cat", &object("k")]).await.exits(0);
    assert_eq!(ran.stdout, "content");
    assert_eq!(emulator.log().len(), 3);
    emulator.shutdown().await.unwrap();
}

#[tokio::test]
async fn retries_are_as_many_as_were_asked_for() {
    let emulator = emulator([("k", Object::new("content"))]).await;
    let faults = emulator.faults();
    faults.script(When::any().always(), internal_error());
    let place = Place::with_keys(&emulator);
    for (retries, requests) in [("0", 1), ("2", 3)] {
        for command in ["cat", "stat", "ls"] {
            emulator.clear_log();
            place
                .cos(["--retries", retries, command, &object("k")])
                .await
                .exits(1);
            assert_eq!(emulator.log().len(), requests, "{command}");
        }
    }
    let ran = place
        .cos(["ls", &object(""), "--retries", "1"])
        .await
        .exits(1);
    ran.says(&["gave up after 2 attempts", "code: InternalError"]);
    for arguments in [
        vec!["cat", "cos://examplebucket-1250000000/k"],
        vec!["cp", "cos://examplebucket-1250000000/k", "out"],
    ] {
        let ran = place
            .cos([&arguments[..], &["--retries", "2"]].concat())
            .await
            .exits(1)
            .says(&[
                "gave up after 3 attempts: 500 InternalError",
                "code: InternalError",
            ]);
        assert_eq!(ran.stderr.matches("gave up").count(), 1, "{ran:#?}");
    }
    emulator.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_body_that_breaks_again_and_again_is_given_up_in_so_many_words() {
    let emulator = emulator([("k", Object::new("x".repeat(1_000_000)))]).await;
    let fault = Fault::new().reset_after(1000);
    emulator.faults().script(When::get().always(), fault);
    let place = Place::with_keys(&emulator);
    for arguments in [["cat", &object("k"), "-q"], ["cp", &object("k"), "out"]] {
        let ran = place
            .cos([&arguments[..], &["--retries", "2"]].concat())
            .await
            .exits(8)
            .says(&["gave up after 3 attempts: the body broke off"]);
        assert_eq!(ran.stderr.matches("gave up").count(), 1, "{ran:#?}");
    }
    emulator.shutdown().await.unwrap();
}

#[tokio::test]
async fn requests_a_second_are_no_more_than_asked_for() {
    let keys: Vec<_> = (0..2001).map(|n| format!("{n:04}")).collect();
    let objects = keys.iter().map(|key| (key.as_str(), Object::new("")));
    let emulator = emulator(objects).await;
    let place = Place::with_keys(&emulator);
    let started = Instant::now();
    let ran = place
        .cos(["ls", "-r", &object(""), "--requests-per-second", "2"])
        .await
        .exits(0);
    assert_eq!(ran.stdout.lines().count(), 2001);
    assert_eq!(emulator.log().len(), 3);
    // The first goes at once, the others half a second apart.
    assert!(started.elapsed() >= Duration::from_millis(950));
    emulator.shutdown().await.unwrap();
}

#[tokio::test]
async fn bytes_a_second_are_no_more_than_asked_for() {
    let emulator = emulator([("k", Object::generated(3, 1 << 20))]).await;
    let place = Place::with_keys(&emulator);
    let started = Instant::now();
    place
        .cos(["cp", &object("k"), "out", "--limit-rate", "1M"])
        .await
        .exits(0);
    assert_eq!(place.read("out").len(), 1 << 20);
    // A quarter of a second's share may come at once.
    assert!(started.elapsed() >= Duration::from_millis(740));
    emulator.shutdown().await.unwrap();
}
