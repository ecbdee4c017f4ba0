//! `cos demo` keeps what it says.

use std::time::{Duration, Instant};

use crate::common::Place;

#[tokio::test]
async fn every_step_comes_out_as_it_should() {
    let started = Instant::now();
    // What the user has set for real buckets does not reach it.
    let place = Place::bare()
        .env("COS_ENDPOINT", "http://127.0.0.1:1")
        .env("COS_SECRET_ID", "nobody")
        .env("COS_SECRET_KEY", "canary-of-the-user")
        .env("COS_PROFILE", "none")
        .env("HTTP_PROXY", "http://127.0.0.1:1");
    let tmp = place.path("tmp");
    std::fs::create_dir(&tmp).unwrap();
    let place = place.env("TMPDIR", tmp.to_str().unwrap());
    let ran = place.cos(["demo"]).await.exits(0);
    assert_eq!(ran.stderr, "");
    for told in [
        "=> killed",
        "report.bin.cospart and report.bin.cosckpt",
        "32.0 MiB (16.0 MiB of it resumed)",
        "verified by crc64",
        "the endpoint has sent 16.0 MiB",
        "byte for byte",
        "SignatureDoesNotMatch",
        "exit code 4",
        "exit code 6",
        "odd/a//b",
    ] {
        assert!(ran.stdout.contains(told), "no {told:?} in {}", ran.stdout);
    }
    assert!(!ran.stdout.contains("not as it should"), "{}", ran.stdout);
    assert_eq!(
        crate::common::names(&tmp),
        [] as [&str; 0],
        "something is left behind"
    );
    assert!(
        started.elapsed() < Duration::from_secs(20),
        "{:?}",
        started.elapsed()
    );
}

#[tokio::test]
async fn as_json_each_step_is_a_record() {
    let records = Place::bare()
        .cos(["demo", "--json"])
        .await
        .exits(0)
        .json_lines();
    assert!(records.len() >= 5);
    assert!(
        records.iter().all(|record| record["as_expected"] == true),
        "{records:#?}"
    );
}
