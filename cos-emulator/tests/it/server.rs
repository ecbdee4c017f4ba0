//! What holds for all requests: addressing, bounds, the log, start and end.

use std::{
    io::{Read, Write},
    net::TcpStream,
    task::{Context, Poll, Waker},
    time::{Duration, Instant},
};

use cos_emulator::{Emulator, Fault, StartError, When};

use proptest::prelude::*;

use crate::client::{BUCKET, bucket, emulator, exchange, get};

#[test]
fn a_custom_domain_stands_for_its_bucket() {
    let builder = Emulator::builder().bucket(bucket("x")).anonymous();
    let emulator = builder
        .custom_domain("cdn.example.com", BUCKET)
        .start_on_thread()
        .unwrap();
    let request = b"GET /a/b HTTP/1.1\r\nhost: CDN.example.com:8080\r\nconnection: close\r\n\r\n";
    assert_eq!(exchange(emulator.addr(), request).unwrap().text(), "x");
}

#[test]
fn an_absolute_target_names_the_bucket_too() {
    let emulator = emulator(&bucket("x"));
    let request = format!(
        "GET http://{BUCKET}.example/a/b HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n"
    );
    assert_eq!(
        exchange(emulator.addr(), request.as_bytes())
            .unwrap()
            .text(),
        "x"
    );
}

#[test]
fn a_connection_serves_many_requests() {
    let emulator = emulator(&bucket("0123456789"));
    let mut stream = TcpStream::connect(emulator.addr()).unwrap();
    for _ in 0..3 {
        let request = format!("GET /{BUCKET}/a/b HTTP/1.1\r\nhost: x\r\n\r\n");
        stream.write_all(request.as_bytes()).unwrap();
        let mut received = Vec::new();
        while !received.ends_with(b"0123456789") {
            let mut buffer = [0; 1024];
            let read = stream.read(&mut buffer).unwrap();
            assert!(read > 0);
            received.extend_from_slice(&buffer[..read]);
        }
    }
    assert_eq!(emulator.connections(), 1);
    assert_eq!(emulator.log().len(), 3);
}

#[test]
fn odd_bytes_are_refused_and_harm_nothing() {
    let emulator = emulator(&bucket("x"));
    for (request, status) in [
        (
            &b"GET /%zz HTTP/1.1\r\nhost: b-1.x\r\nconnection: close\r\n\r\n"[..],
            400,
        ),
        (
            b"GET /%ff HTTP/1.1\r\nhost: b-1.x\r\nconnection: close\r\n\r\n",
            400,
        ),
        (
            b"GET /a?%zz HTTP/1.1\r\nhost: b-1.x\r\nconnection: close\r\n\r\n",
            400,
        ),
        (
            b"GET /a HTTP/1.1\r\nhost: \xff\xfe\r\nconnection: close\r\n\r\n",
            404,
        ),
        (
            b"GET * HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n",
            404,
        ),
        (b"GET / HTTP/9.9\r\n\r\n", 505),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 400),
    ] {
        let reply = exchange(emulator.addr(), request).unwrap();
        assert_eq!(reply.status, status, "{}", String::from_utf8_lossy(request));
        assert!(reply.header("x-cos-request-id").is_some());
    }
    assert_eq!(get(&emulator, "/a/b", &[]).status, 200);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn whatever_is_asked_there_is_an_answer(
        path in "[ -~]{0,40}|(%[0-9a-f]{2}|[/.~+a]){0,20}",
        query in "([a-z-]{1,12}=?[%0-9a-z/+&]{0,9}&?){0,4}",
        range in "bytes=[0-9,-]{0,12}|[ -~]{0,20}",
        etag in "[ -~]{0,20}",
    ) {
        let emulator = emulator(&bucket("0123456789"));
        let request = format!(
            "GET /{BUCKET}/{path}?{query} HTTP/1.1\r\nhost: x\r\nrange: {range}\r\n\
             if-match: {etag}\r\nauthorization: {etag}\r\nconnection: close\r\n\r\n"
        );
        let reply = exchange(emulator.addr(), request.as_bytes()).unwrap();
        prop_assert!((200..600).contains(&reply.status) && reply.status != 500, "{reply:?}");
        let length = reply.header("content-length").unwrap();
        prop_assert_eq!(length, reply.body.len().to_string());
    }
}

#[test]
fn a_key_that_is_too_long_is_refused() {
    let emulator = emulator(&bucket("x"));
    assert_eq!(
        get(&emulator, &format!("/{}", "k".repeat(1024)), &[]).status,
        404
    );
    let reply = get(&emulator, &format!("/{}", "k".repeat(1025)), &[]);
    assert_eq!((reply.status, reply.element("Code")), (400, "KeyTooLong"));
}

#[test]
fn a_head_without_end_is_refused() {
    let emulator = emulator(&bucket("x"));
    let mut request = b"GET / HTTP/1.1\r\n".to_vec();
    while request.len() < 200_000 {
        request
            .extend_from_slice(format!("x-{}: {}\r\n", request.len(), "y".repeat(900)).as_bytes());
    }
    let mut stream = TcpStream::connect(emulator.addr()).unwrap();
    stream.write_all(&request).unwrap();
    let mut reply = [0; 12];
    stream.read_exact(&mut reply).unwrap();
    assert_eq!(&reply, b"HTTP/1.1 431");
    assert!(emulator.log().is_empty());
    assert_eq!(get(&emulator, "/a/b", &[]).status, 200);
}

#[test]
fn the_log_tells_what_was_asked_and_sent() {
    let emulator = emulator(&bucket("0123456789"));
    get(
        &emulator,
        "/a/b?versionId=",
        &["Range: bytes=0-3", "Authorization: CANARY"],
    );
    let reply = get(&emulator, "/a/b", &["Range: bytes=0-3"]);
    let log = emulator.log();
    assert_eq!(log.len(), 2);
    assert!(!format!("{log:?}{:?}", log[0].headers()).contains("CANARY"));
    let request = &log[1];
    assert_eq!(request.method(), "GET");
    assert_eq!(request.host(), emulator.addr().to_string());
    assert_eq!(request.path(), format!("/{BUCKET}/a/b"));
    assert_eq!((request.bucket(), request.key()), (Some(BUCKET), "a/b"));
    assert_eq!(request.header("range"), Some("bytes=0-3"));
    assert_eq!(request.status().map(|status| status.as_u16()), Some(206));
    assert_eq!((request.bytes_sent(), request.is_complete()), (4, true));
    assert_eq!(Some(request.request_id()), reply.header("x-cos-request-id"));
    emulator.clear_log();
    assert!(emulator.log().is_empty());
}

#[tokio::test]
async fn shutdown_lets_requests_in_flight_end() {
    let emulator = Emulator::builder()
        .bucket(bucket("0123456789"))
        .anonymous()
        .start()
        .await
        .unwrap();
    emulator.faults().script(
        When::any(),
        Fault::new().stall_after(5, Duration::from_millis(200)),
    );
    let address = emulator.addr();
    let request = format!("GET /{BUCKET}/a/b HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
    let waiting = tokio::task::spawn_blocking(move || exchange(address, request.as_bytes()));
    while emulator
        .log()
        .first()
        .is_none_or(|request| request.status().is_none())
    {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    emulator.shutdown().await.unwrap();
    // The stall was cut short, and with it the body; or it was over already.
    let reply = waiting.await.unwrap().unwrap();
    assert!("0123456789".starts_with(reply.text()));
    assert!(TcpStream::connect(address).is_err());
}

#[tokio::test]
async fn shutdown_does_not_wait_for_a_stall_without_end() {
    let emulator = Emulator::builder()
        .bucket(bucket("x"))
        .anonymous()
        .start()
        .await
        .unwrap();
    emulator
        .faults()
        .script(When::any(), Fault::new().stall_head_for_ever());
    let address = emulator.addr();
    let waiting = tokio::task::spawn_blocking(move || exchange(address, b"GET / HTTP/1.1\r\n\r\n"));
    while emulator.log().is_empty() {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let started = Instant::now();
    emulator.shutdown().await.unwrap();
    // Less than requests in flight are given.
    assert!(started.elapsed() < Duration::from_secs(2));
    assert!(waiting.await.unwrap().is_none());
}

#[tokio::test]
async fn an_emulator_may_have_a_thread_of_its_own_inside_a_runtime() {
    let emulator = emulator(&bucket("x"));
    assert_eq!(get(&emulator, "/a/b", &[]).text(), "x");
    emulator.shutdown().await.unwrap();
}

#[test]
fn an_emulator_on_a_thread_is_shut_down_without_a_runtime() {
    let emulator = emulator(&bucket("x"));
    let address = emulator.addr();
    let mut shutdown = std::pin::pin!(emulator.shutdown());
    let mut context = Context::from_waker(Waker::noop());
    assert_eq!(shutdown.as_mut().poll(&mut context), Poll::Ready(Ok(())));
    assert!(TcpStream::connect(address).is_err());
}

#[test]
fn an_emulator_must_know_who_may_ask() {
    let started = Emulator::builder().bucket(bucket("x")).start_on_thread();
    assert!(matches!(started, Err(StartError::NobodyMayAsk)));
    let started = Emulator::builder()
        .folder("/nonexistent/folder")
        .anonymous()
        .start_on_thread();
    assert!(matches!(started, Err(StartError::Folder { .. })));
    let first = emulator(&bucket("x"));
    let started = Emulator::builder()
        .listen(first.addr())
        .anonymous()
        .start_on_thread();
    assert!(matches!(started, Err(StartError::Listen { address, .. }) if address == first.addr()));
}
