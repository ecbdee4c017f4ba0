//! Every fault, as a client sees it.

use std::time::{Duration, Instant};

use cos_emulator::{Emulator, Fault, MemoryBucket, Object, When};
use http::StatusCode;

use crate::client::{BUCKET, Reply, bucket, emulator, exchange, get, head};

const TEN: &str = "0123456789";

/// One request that the fault befalls, to an object of ten bytes.
fn befall(fault: Fault) -> Option<Reply> {
    befall_with(fault, "")
}

fn befall_with(fault: Fault, headers: &str) -> Option<Reply> {
    let emulator = emulator(&bucket(TEN));
    emulator.faults().script(When::get(), fault);
    let request =
        format!("GET /{BUCKET}/a/b HTTP/1.1\r\nhost: x\r\n{headers}connection: close\r\n\r\n");
    let reply = exchange(emulator.addr(), request.as_bytes());
    emulator.faults().assert_all_consumed();
    reply
}

#[test]
fn a_status_with_its_code() {
    let slow_down = Fault::new()
        .status(StatusCode::SERVICE_UNAVAILABLE)
        .retry_after("7");
    let reply = befall(slow_down).unwrap();
    assert_eq!((reply.status, reply.element("Code")), (503, "SlowDown"));
    assert_eq!(reply.header("retry-after"), Some("7"));
    assert!(reply.header("x-cos-request-id").is_some());
    let reply = befall(Fault::new().error(StatusCode::BAD_REQUEST, "RequestTimeout")).unwrap();
    assert_eq!(
        (reply.status, reply.element("Code")),
        (400, "RequestTimeout")
    );
}

#[test]
fn the_connection_is_closed_or_reset_before_the_head() {
    assert!(befall(Fault::new().close()).is_none());
    assert!(befall(Fault::new().reset()).is_none());
}

#[test]
fn the_connection_is_closed_or_reset_inside_the_body() {
    let reply = befall(Fault::new().close_after(4)).unwrap();
    assert_eq!(
        (reply.status, reply.text(), reply.was_reset),
        (200, "0123", false)
    );
    assert_eq!(reply.header("content-length"), Some("10"));
    let reply = befall(Fault::new().reset_after(4)).unwrap();
    assert_eq!(
        (reply.status, reply.text(), reply.was_reset),
        (200, "0123", true)
    );
    let reply = befall(Fault::new().reset_after(0)).unwrap();
    assert_eq!(
        (reply.status, reply.text(), reply.was_reset),
        (200, "", true)
    );
}

#[test]
fn a_cut_body_is_logged_as_such() {
    let emulator = emulator(&bucket(TEN));
    emulator
        .faults()
        .script(When::any(), Fault::new().close_after(4));
    get(&emulator, "/a/b", &[]);
    let log = emulator.log();
    assert_eq!((log[0].bytes_sent(), log[0].is_complete()), (4, false));
}

#[test]
fn head_and_body_stall_for_a_time() {
    let time = Duration::from_millis(150);
    for fault in [
        Fault::new().stall_head(time),
        Fault::new().stall_after(4, time),
    ] {
        let started = Instant::now();
        assert_eq!(befall(fault).unwrap().text(), TEN);
        assert!(started.elapsed() >= time);
    }
}

#[tokio::test]
async fn a_stall_without_end_ends_with_the_connection() {
    let emulator = Emulator::builder()
        .bucket(bucket(TEN))
        .anonymous()
        .start()
        .await
        .unwrap();
    emulator
        .faults()
        .script(When::any(), Fault::new().stall_after_for_ever(4));
    let address = emulator.addr();
    let request = format!("GET /{BUCKET}/a/b HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
    let waiting = tokio::task::spawn_blocking(move || exchange(address, request.as_bytes()));
    while emulator
        .log()
        .first()
        .is_none_or(|request| request.bytes_sent() < 4)
    {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    emulator.shutdown().await.unwrap();
    assert_eq!(waiting.await.unwrap().unwrap().text(), "0123");
}

#[test]
fn a_throttled_body_takes_its_time() {
    let started = Instant::now();
    assert_eq!(befall(Fault::new().throttle(50)).unwrap().text(), TEN);
    // Slices of two bytes: the last one is due after eight fiftieths of a second.
    assert!(started.elapsed() >= Duration::from_millis(160));
    assert!(started.elapsed() < Duration::from_secs(10));
}

#[test]
fn ranges_are_wrong_or_ignored() {
    let range = "range: bytes=2-4\r\n";
    let reply = befall_with(Fault::new().content_range("bytes 3-5/10"), range).unwrap();
    assert_eq!((reply.status, reply.text()), (206, "234"));
    assert_eq!(reply.header("content-range"), Some("bytes 3-5/10"));
    let reply = befall_with(Fault::new().ignore_range(), range).unwrap();
    assert_eq!((reply.status, reply.text()), (200, TEN));
    assert_eq!(reply.header("content-range"), None);
}

#[test]
fn bytes_are_corrupted() {
    let reply = befall(Fault::new().corrupt(0).corrupt(9).corrupt(99)).unwrap();
    let mut expected = TEN.as_bytes().to_vec();
    expected[0] = !expected[0];
    expected[9] = !expected[9];
    assert_eq!(reply.body, expected);
}

#[test]
fn the_length_is_a_lie() {
    let reply = befall(Fault::new().content_length(20)).unwrap();
    assert_eq!(
        (reply.header("content-length"), reply.text()),
        (Some("20"), TEN)
    );
    let reply = befall(Fault::new().content_length(4)).unwrap();
    assert_eq!(
        (reply.header("content-length"), reply.text()),
        (Some("4"), TEN)
    );
    let reply = befall(Fault::new().truncate(4)).unwrap();
    assert_eq!(
        (reply.header("content-length"), reply.text()),
        (Some("4"), "0123")
    );
    let reply = befall(Fault::new().set_header("content-length", "-1")).unwrap();
    assert_eq!(
        (reply.header("content-length"), reply.text()),
        (Some("-1"), TEN)
    );
    let reply = befall(Fault::new().drop_header("content-length")).unwrap();
    assert_eq!((reply.header("content-length"), reply.text()), (None, TEN));
}

#[test]
fn headers_are_dropped_set_and_added() {
    let fault = Fault::new()
        .drop_header("etag")
        .drop_header("x-cos-hash-crc64ecma")
        .drop_header("x-cos-request-id")
        .set_header("content-encoding", "gzip")
        .add_header("x-added", "1")
        .add_header("no header", "left out");
    let reply = befall(fault).unwrap();
    for name in [
        "etag",
        "x-cos-hash-crc64ecma",
        "x-cos-request-id",
        "no header",
    ] {
        assert_eq!(reply.header(name), None, "{name}");
    }
    assert_eq!(reply.header("content-encoding"), Some("gzip"));
    assert_eq!(reply.header("x-added"), Some("1"));
    assert_eq!(reply.text(), TEN);
}

#[test]
fn a_redirect_and_a_page_that_is_no_answer() {
    let fault = Fault::new().redirect(StatusCode::FOUND, "http://elsewhere.invalid/");
    let reply = befall(fault).unwrap();
    assert_eq!(
        (reply.status, reply.header("location")),
        (302, Some("http://elsewhere.invalid/"))
    );
    let reply = befall(Fault::new().html_page()).unwrap();
    assert_eq!(
        (reply.status, reply.header("content-type")),
        (200, Some("text/html"))
    );
    assert!(reply.text().starts_with("<!doctype html>"));
    assert_eq!(reply.header("x-cos-request-id"), None);
}

#[test]
fn raw_bytes_and_heads_beyond_all_bounds() {
    let reply = befall(Fault::new().raw("HTTP/1.1 299 Odd\r\nx:y\r\n\r\nrest")).unwrap();
    assert_eq!(
        (reply.status, reply.header("x"), reply.text()),
        (299, Some("y"), "rest")
    );
    let reply = befall(Fault::new().oversized_head(1 << 20)).unwrap();
    assert_eq!(reply.status, 200);
    assert!(reply.header("x-cos-meta-1000").is_some());
}

#[test]
fn a_listing_ends_inside_its_xml() {
    let emulator = emulator(&bucket(TEN));
    let whole = get(&emulator, "/", &[]);
    emulator
        .faults()
        .script(When::list(), Fault::new().truncate(100));
    let reply = get(&emulator, "/", &[]);
    assert_eq!(reply.status, 200);
    assert_eq!(reply.body, whole.body[..100]);
}

#[test]
fn the_object_is_replaced_after_the_second_request() {
    let bucket = bucket(TEN);
    let emulator = emulator(&bucket);
    let replace = Fault::new().then(move || drop(bucket.put("a/b", Object::new("another"))));
    emulator
        .faults()
        .script(When::get().key("a/b").nth(2), replace);
    let texts: Vec<String> = (0..3)
        .map(|_| get(&emulator, "/a/b", &[]).text().to_owned())
        .collect();
    assert_eq!(texts, [TEN, TEN, "another"]);
}

#[test]
fn the_clock_is_wrong_for_one_request() {
    let reply = befall(Fault::new().clock_skew(-50 * 365 * 86_400)).unwrap();
    assert!(
        reply
            .header("date")
            .is_some_and(|date| date.contains(" 19"))
    );
}

#[test]
fn head_requests_have_faults_too() {
    let emulator = emulator(&bucket(TEN));
    emulator
        .faults()
        .script(When::head(), Fault::new().status(StatusCode::BAD_GATEWAY));
    let reply = head(&emulator, "/a/b", &[]);
    assert_eq!(
        (reply.status, reply.header("x-cos-error-code")),
        (502, Some("InternalError"))
    );
    emulator
        .faults()
        .script(When::head(), Fault::new().close_after(3));
    assert_eq!(
        head(&emulator, "/a/b", &[]).header("content-length"),
        Some("10")
    );
}

#[test]
fn the_right_request_is_befallen() {
    let emulator = emulator(&bucket(TEN));
    emulator
        .faults()
        .script(When::get().range_from(5).nth(2), Fault::new().truncate(1));
    let lens: Vec<usize> = ["bytes=5-", "bytes=0-", "bytes=5-", "bytes=5-"]
        .map(|range| {
            get(&emulator, "/a/b", &[&format!("Range: {range}")])
                .body
                .len()
        })
        .to_vec();
    assert_eq!(lens, [5, 10, 1, 5]);
}

#[test]
#[should_panic(expected = "scripted faults that never happened")]
fn dropping_an_emulator_tells_of_faults_that_never_happened() {
    let emulator = emulator(&MemoryBucket::new(BUCKET));
    emulator.faults().script(When::any(), Fault::new().reset());
}

#[tokio::test]
async fn shutting_down_tells_of_faults_that_never_happened() {
    let emulator = Emulator::builder().anonymous().start().await.unwrap();
    emulator
        .faults()
        .script(When::any().times(2), Fault::new().reset());
    let unconsumed = emulator.shutdown().await.unwrap_err();
    assert_eq!(unconsumed.faults().len(), 1);
}
