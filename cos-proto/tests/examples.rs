//! The examples at work, against a server that says what a test tells it to.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::error::Error;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use cos_proto::{
    Addressing, Backoff, Bucket, Endpoint, Failure, GetObject, GuardError, Key, Missing,
    RetryBudget, crc64,
};

#[expect(dead_code, reason = "an example has a main function")]
#[path = "../examples/blocking.rs"]
mod blocking;
#[expect(dead_code, reason = "an example has a main function")]
#[path = "../examples/tcp.rs"]
mod tcp;

/// Answers one request a connection, and gives the lines of all requests.
fn serve(answers: Vec<Vec<u8>>) -> (Endpoint, JoinHandle<Vec<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let requests = thread::spawn(move || {
        let answer = |answer: Vec<u8>| {
            let (stream, _) = listener.accept().unwrap();
            let mut stream = BufReader::new(stream);
            let lines = stream
                .by_ref()
                .lines()
                .map(Result::unwrap)
                .take_while(|line| !line.is_empty())
                .collect();
            stream.get_mut().write_all(&answer).unwrap();
            lines
        };
        answers.into_iter().map(answer).collect()
    });
    (
        Endpoint::service_url(&url, Addressing::Auto).unwrap(),
        requests,
    )
}

fn answer(status: &str, headers: &str, body: &[u8]) -> Vec<u8> {
    let mut answer =
        format!("HTTP/1.1 {status}\r\nconnection: close\r\n{headers}\r\n").into_bytes();
    answer.extend_from_slice(body);
    answer
}

fn object(key: &str) -> GetObject {
    GetObject::new(Bucket::new("b-1").unwrap(), Key::new(key).unwrap())
}

fn failure(error: &(dyn Error + Send + Sync + 'static)) -> Option<Failure> {
    Failure::find(error)
}

fn quick() -> Backoff {
    Backoff::new().base(Duration::from_millis(1))
}

/// Keys that a client with a normalising URL type would turn into others.
const KEYS: [(&str, &str); 4] = [
    ("a/../b", "/b-1/a/../b"),
    ("/x", "/b-1//x"),
    ("x/./y", "/b-1/x/./y"),
    ("a//b c", "/b-1/a//b%20c"),
];

#[test]
fn a_key_is_sent_as_it_is_over_a_bare_stream() {
    for (key, target) in KEYS {
        let (endpoint, requests) = serve(vec![answer(
            "200 OK",
            "content-length: 5\r\netag: \"e\"\r\n",
            b"hello",
        )]);
        let mut out = Vec::new();
        assert_eq!(tcp::fetch(&endpoint, &object(key), &mut out).unwrap(), 5);
        assert_eq!(out, b"hello");
        assert_eq!(
            requests.join().unwrap()[0][0],
            format!("GET {target} HTTP/1.1")
        );
    }
}

#[test]
fn a_key_is_sent_as_it_is_over_a_blocking_client() {
    for (key, target) in KEYS {
        let (endpoint, requests) = serve(vec![answer(
            "200 OK",
            "content-length: 5\r\netag: \"e\"\r\n",
            b"hello",
        )]);
        let mut out = Vec::new();
        blocking::Download::new(endpoint, object(key), quick())
            .run(&mut out)
            .unwrap();
        assert_eq!(out, b"hello");
        let lines = &requests.join().unwrap()[0];
        assert_eq!(lines[0], format!("GET {target} HTTP/1.1"));
        assert_eq!(
            lines
                .iter()
                .filter(|line| line.to_ascii_lowercase().starts_with("host:"))
                .count(),
            1,
            "{lines:?}"
        );
    }
}

#[test]
fn short_long_and_chunked_bodies_are_refused_over_a_bare_stream() {
    for (headers, body, expected) in [
        (
            "content-length: 6\r\n",
            "hello",
            Some(Failure::from(&GuardError::Short { missing: 1 })),
        ),
        (
            "content-length: 4\r\n",
            "hello",
            Some(Failure::from(&GuardError::Long)),
        ),
        (
            "content-length: 5\r\nx-cos-hash-crc64ecma: 1\r\n",
            "hello",
            Some(Failure::Corrupt),
        ),
        (
            "transfer-encoding: chunked\r\n",
            "5\r\nhello\r\n0\r\n\r\n",
            None,
        ),
    ] {
        let (endpoint, requests) = serve(vec![answer("200 OK", headers, body.as_bytes())]);
        let error = tcp::fetch(&endpoint, &object("k"), &mut Vec::new()).unwrap_err();
        assert_eq!(failure(&*error), expected, "{headers}");
        requests.join().unwrap();
    }
}

#[test]
fn an_error_of_the_service_is_read_by_both() {
    let body = b"<Error><Code>NoSuchKey</Code></Error>";
    let error = || {
        answer(
            "404 Not Found",
            &format!("content-length: {}\r\n", body.len()),
            body,
        )
    };
    let (endpoint, requests) = serve(vec![error(), error()]);
    let over_tcp = tcp::fetch(&endpoint, &object("k"), &mut Vec::new()).unwrap_err();
    let over_client = blocking::Download::new(endpoint, object("k"), quick())
        .run(&mut Vec::new())
        .unwrap_err();
    for error in [over_tcp, over_client] {
        assert_eq!(failure(&*error), Some(Failure::NotFound(Missing::Key)));
    }
    assert_eq!(requests.join().unwrap().len(), 2);
}

#[test]
fn a_body_that_is_cut_off_is_gone_on_with_where_it_ended() {
    let whole = b"123456789";
    let head = format!(
        "etag: \"e\"\r\nx-cos-hash-crc64ecma: {}\r\n",
        crc64::checksum(whole)
    );
    let (endpoint, requests) = serve(vec![
        answer("200 OK", &format!("{head}content-length: 9\r\n"), b"1234"),
        answer(
            "503 Slow Down",
            "content-length: 0\r\nretry-after: 0\r\n",
            b"",
        ),
        answer(
            "206 Partial Content",
            &format!("{head}content-length: 5\r\ncontent-range: bytes 4-8/9\r\n"),
            b"567",
        ),
        answer(
            "206 Partial Content",
            &format!("{head}content-length: 2\r\ncontent-range: bytes 7-8/9\r\n"),
            b"89",
        ),
    ]);
    let mut out = Vec::new();
    let extent = blocking::Download::new(endpoint, object("k"), quick())
        .run(&mut out)
        .unwrap();
    assert_eq!(out, whole);
    assert_eq!((extent.len(), extent.crc64()), (9, crc64::checksum(whole)));
    let requests = requests.join().unwrap();
    let ranges: Vec<_> = requests
        .iter()
        .map(|lines| lines.iter().find(|line| line.starts_with("range: ")))
        .collect();
    assert_eq!(ranges[0], None);
    assert_eq!(ranges[1].unwrap(), "range: bytes=4-");
    assert_eq!(ranges[2].unwrap(), "range: bytes=4-");
    assert_eq!(ranges[3].unwrap(), "range: bytes=7-");
    assert!(requests[3].iter().any(|line| line == "if-match: \"e\""));
}

#[test]
fn an_object_that_changes_under_the_download_ends_it() {
    let head = |etag: &str| format!("etag: \"{etag}\"\r\n");
    let (endpoint, requests) = serve(vec![
        answer(
            "200 OK",
            &format!("{}content-length: 9\r\n", head("a")),
            b"1234",
        ),
        answer(
            "206 Partial Content",
            &format!(
                "{}content-length: 5\r\ncontent-range: bytes 4-8/9\r\n",
                head("b")
            ),
            b"56789",
        ),
    ]);
    let mut out = Vec::new();
    let error = blocking::Download::new(endpoint, object("k"), quick())
        .run(&mut out)
        .unwrap_err();
    assert_eq!(failure(&*error), Some(Failure::ObjectChanged));
    assert_eq!(out, b"1234");
    requests.join().unwrap();
}

#[test]
fn an_outage_that_does_not_end_uses_up_the_budget() {
    let attempts = usize::try_from(RetryBudget::RETRIES).unwrap() + 1;
    let outage = answer("500 Internal Server Error", "content-length: 0\r\n", b"");
    let (endpoint, requests) = serve(vec![outage; attempts]);
    let error = blocking::Download::new(endpoint, object("k"), quick())
        .run(&mut Vec::new())
        .unwrap_err();
    assert!(matches!(failure(&*error), Some(Failure::Server { .. })));
    assert_eq!(requests.join().unwrap().len(), attempts);
}

/// A place to write to that is full.
struct Full;

impl Write for Full {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        Err(io::ErrorKind::StorageFull.into())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_full_disk_is_not_tried_again() {
    let (endpoint, requests) = serve(vec![answer("200 OK", "content-length: 5\r\n", b"hello")]);
    let error = blocking::Download::new(endpoint, object("k"), quick())
        .run(&mut Full)
        .unwrap_err();
    assert_eq!(
        error.downcast_ref::<io::Error>().unwrap().kind(),
        io::ErrorKind::StorageFull
    );
    assert_eq!(requests.join().unwrap().len(), 1);
}
