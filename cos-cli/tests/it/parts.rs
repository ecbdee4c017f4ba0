//! Downloads in parts that something befalls half-way: the exit code, what is left, and that the
//! same command goes on from there.
//!
//! The table of the faults, and what the library makes of each, is in `cos-transfer/tests/faults`.

use std::fs;
use std::time::Duration;

use cos_emulator::{Emulator, Fault, Object, When};
use http::StatusCode;

use crate::common::{Place, emulator, limited, object};

/// So short that no range is worth splitting, which would make a number of requests that depends
/// on time.
const PART: u64 = 256 * 1024;
const LEN: u64 = 5 * PART + 77;

const DOWNLOAD: [&str; 3] = ["--part-size", "256KiB", "--json"];

const OLD: &str = "what was there before";

/// A fault that takes its time anyway.
const NO_HEAD: &str = "T4: no head";

/// Each fault, and the exit code of the contract.
fn faults() -> Vec<(&'static str, Fault, i32)> {
    let error =
        |status: u16, code: &str| Fault::new().error(StatusCode::from_u16(status).unwrap(), code);
    let status = |status: u16| Fault::new().status(StatusCode::from_u16(status).unwrap());
    let other_range = format!("bytes {}-{}/{LEN}", PART + 1, 2 * PART);
    let page = "<Error><Code>InternalError</Code></Error>";
    vec![
        ("T1: reset before the head", Fault::new().reset(), 8),
        (
            "T2: reset in the body",
            Fault::new().reset_after(PART / 2),
            8,
        ),
        (
            "T2: closed in the body",
            Fault::new().close_after(PART / 2),
            6,
        ),
        (NO_HEAD, Fault::new().stall_head_for_ever(), 8),
        (
            "T4: no bytes",
            Fault::new().stall_after_for_ever(PART / 2),
            8,
        ),
        (
            "T6: shorter than its length",
            Fault::new().truncate(1000).content_length(PART),
            6,
        ),
        (
            "T7: a longer length",
            Fault::new().content_length(PART + 1),
            6,
        ),
        (
            "T12: a head beyond all bounds",
            Fault::new().oversized_head(2_000_000),
            8,
        ),
        ("T13: a portal", Fault::new().html_page(), 6),
        ("H1: the whole", Fault::new().ignore_range(), 6),
        (
            "H2: another range",
            Fault::new().content_range(&other_range),
            6,
        ),
        ("H2: no range", Fault::new().drop_header("content-range"), 6),
        ("H3: shorter than asked", Fault::new().truncate(1000), 6),
        (
            "H4: several parts",
            Fault::new().set_header("content-type", "multipart/byteranges; boundary=x"),
            6,
        ),
        ("H8: slow down", error(503, "SlowDown"), 1),
        ("H8: too many", status(429), 1),
        ("H9: a failure", error(500, "InternalError"), 1),
        (
            "H10: an error page",
            Fault::new().body(StatusCode::PARTIAL_CONTENT, "application/xml", page),
            6,
        ),
        (
            "H14: elsewhere",
            Fault::new().redirect(StatusCode::FOUND, "http://127.0.0.1:1/"),
            1,
        ),
        ("H16: not modified", status(304), 5),
        (
            "H19: a CRC64 that is no number",
            Fault::new().set_header("x-cos-hash-crc64ecma", "+5"),
            1,
        ),
        ("C1: an expired token", error(403, "ExpiredToken"), 4),
        ("C4: denied", error(403, "AccessDenied"), 4),
    ]
}

async fn in_parts() -> (Emulator, Place) {
    let emulator = emulator([("k", Object::generated(7, LEN))]).await;
    let place = Place::with_keys(&emulator);
    fs::write(place.path("out"), OLD).unwrap();
    (emulator, place)
}

fn part(number: u64) -> When {
    When::get().range_from(number * PART)
}

/// The command, with these options.
fn download(options: &[&'static str]) -> Vec<String> {
    let key = object("k");
    let all = ["cp", &key, "out"].into_iter();
    let all = all.chain(DOWNLOAD).chain(options.iter().copied());
    all.map(str::to_owned).collect()
}

/// The file is the object, and nothing is beside it; so many bytes were there already.
#[track_caller]
fn is_whole(place: &Place, record: &serde_json::Value, resumed: u64) {
    assert_eq!(place.names(), ["out"]);
    assert_eq!(place.read("out").len() as u64, LEN);
    assert_eq!(record["verified"], "crc64", "{record}");
    assert_eq!(record["resumed"], resumed, "{record}");
    assert_eq!(record["fetched"], LEN - resumed, "{record}");
}

#[tokio::test]
async fn a_part_that_fails_has_its_exit_code_and_the_next_run_goes_on() {
    for (name, fault, exit) in faults() {
        let (emulator, place) = in_parts().await;
        // Those beside it are asked for before it fails, and take longer, so that it is known how
        // many requests there are.
        let fault = match name {
            NO_HEAD => fault,
            _ => fault.stall_head(Duration::from_millis(100)),
        };
        emulator.faults().script(part(1), fault);
        for other in 2..=4 {
            emulator
                .faults()
                .script(part(other), Fault::new().throttle(20_000));
        }
        let once = download(&["-j", "4", "--retries", "0", "--read-timeout", "500ms"]);
        let ran = place.cos(once).await;
        assert_eq!(ran.exit, Some(exit), "{name}: {ran:#?}");
        assert!(
            ran.stderr.starts_with("error: cannot download"),
            "{name}: {ran:#?}"
        );
        assert_eq!(emulator.log().len(), 5, "{name}");
        emulator.faults().assert_all_consumed();
        assert_eq!(place.read("out"), OLD.as_bytes(), "{name}");
        assert_eq!(
            place.names(),
            ["out", "out.cosckpt", "out.cospart"],
            "{name}"
        );

        let record = place.cos(download(&[])).await.exits(0).json();
        let resumed = record["resumed"].as_u64().unwrap();
        assert!(resumed >= PART, "{name}: {record}");
        is_whole(&place, &record, resumed);
        emulator.shutdown().await.unwrap();
    }
}

#[tokio::test]
async fn a_part_that_fails_in_passing_is_fetched_once_more_from_where_it_was() {
    for (name, fault) in [
        ("T1", Fault::new().close()),
        ("T2", Fault::new().close_after(PART / 2)),
        ("T4", Fault::new().stall_after_for_ever(PART / 2)),
        ("H8", Fault::new().status(StatusCode::SERVICE_UNAVAILABLE)),
        ("H9", Fault::new().status(StatusCode::BAD_GATEWAY)),
    ] {
        let (emulator, place) = in_parts().await;
        emulator.faults().script(part(3), fault);
        let command = download(&["-j", "4", "--read-timeout", "500ms"]);
        let record = place.cos(command).await.exits(0).json();
        is_whole(&place, &record, 0);
        assert_eq!(emulator.log().len(), 7, "{name}");
        emulator.shutdown().await.unwrap();
    }
}

/// What came of it is of use to nobody: what is left is the older file.
#[tokio::test]
async fn h6_h7_h20_what_cannot_be_completed_leaves_nothing() {
    let another = Fault::new().set_header("etag", "\"another\"");
    let gone = Fault::new().error(StatusCode::NOT_FOUND, "NoSuchKey");
    for (name, fault, times, exit, requests) in [
        // Changed, started anew, and changed again.
        ("H6", another, 2, 5, 8),
        ("H7", gone, 1, 3, 4),
        ("H20", Fault::new().corrupt(5), 1, 6, 6),
    ] {
        let (emulator, place) = in_parts().await;
        emulator.faults().script(part(3).times(times), fault);
        let in_turn = download(&["-j", "1"]);
        let ran = place.cos(in_turn).await;
        assert_eq!(ran.exit, Some(exit), "{name}: {ran:#?}");
        assert_eq!(emulator.log().len(), requests, "{name}");
        assert_eq!(place.read("out"), OLD.as_bytes(), "{name}");
        assert_eq!(place.names(), ["out"], "{name}");
        emulator.shutdown().await.unwrap();
    }
}

#[tokio::test]
async fn h6_an_object_that_changed_half_way_is_fetched_anew_and_that_is_success() {
    let (emulator, place) = in_parts().await;
    let another = Fault::new().set_header("etag", "\"another\"");
    emulator.faults().script(part(3), another);
    let record = place.cos(download(&["-j", "1"])).await.exits(0).json();
    assert_eq!(record["bytes"], LEN);
    assert_eq!(place.names(), ["out"]);
    assert_eq!(emulator.log().len(), 4 + 6);
    emulator.shutdown().await.unwrap();
}

/// The signal of a file that grows too large would end the process.
#[tokio::test]
async fn f3_a_file_beyond_the_limit_of_the_shell_is_9_and_comes_without_the_limit() {
    let (emulator, place) = in_parts().await;
    // In blocks of 512 bytes: half of the object.
    let half = format!("-f {}", LEN / 1024);
    let ran = limited(&place, &half, download(&["-j", "4"])).await;
    ran.exits(9).says(&["File too large"]);
    assert_eq!(place.read("out"), OLD.as_bytes());
    let record = place.cos(download(&["-j", "4"])).await.exits(0).json();
    let resumed = record["resumed"].as_u64().unwrap();
    is_whole(&place, &record, resumed);
    emulator.shutdown().await.unwrap();
}

/// Those connections for which there is no handle are made when others have ended.
#[tokio::test]
async fn f19_few_file_handles_are_fewer_connections() {
    let emulator = emulator([("k", Object::generated(7, 40 * PART))]).await;
    let place = Place::with_keys(&emulator);
    let arguments = download(&["-j", "64"]);
    limited(&place, "-n 32", arguments).await.exits(0);
    assert_eq!(place.names(), ["out"]);
    assert!(emulator.connections() < 32, "{}", emulator.connections());
    emulator.shutdown().await.unwrap();
}
