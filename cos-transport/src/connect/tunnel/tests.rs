//! Answers to CONNECT, through an in-memory pipe.

use tokio::io::duplex;
use tokio_test::io::Builder;

use super::*;

const ASKED: &[u8] = b"CONNECT cos.example:443 HTTP/1.1\r\nHost: cos.example:443\r\n\r\n";

/// What comes of `answer`, after which the proxy closes the connection.
async fn answered(answer: &[u8]) -> Result<(), Refusal> {
    let mut stream = Builder::new().write(ASKED).read(answer).build();
    open(&mut stream, "cos.example:443", None).await
}

#[tokio::test]
async fn any_2xx_opens_it_and_a_length_means_nothing() {
    for answer in [
        "HTTP/1.1 200 Connection established\r\n\r\n",
        "HTTP/1.0 200 OK\r\nContent-Length: 100\r\n\r\n",
        "HTTP/1.1 204\r\nTransfer-Encoding: chunked\r\n\r\n",
    ] {
        answered(answer.as_bytes()).await.unwrap();
    }
}

#[tokio::test]
async fn credentials_are_sent() {
    let value = HeaderValue::from_static("Basic dTpw");
    let mut stream = Builder::new()
        .write(b"CONNECT [::1]:443 HTTP/1.1\r\nHost: [::1]:443\r\n")
        .write(b"Proxy-Authorization: Basic dTpw\r\n\r\n")
        .read(b"HTTP/1.1 407 No\r\n\r\n")
        .build();
    let refusal = open(&mut stream, "[::1]:443", Some(&value))
        .await
        .unwrap_err();
    assert!(matches!(refusal, Refusal::Credentials { given: true, .. }));
}

#[tokio::test]
async fn an_answer_may_come_byte_by_byte() {
    let mut builder = Builder::new();
    builder.write(ASKED);
    for byte in b"HTTP/1.1 200 OK\r\nVia: 1.1 proxy\r\n\r\n" {
        builder.read(&[*byte]);
    }
    // The first bytes of TLS belong to whoever reads next.
    let mut stream = builder.read(b"TLS").build();
    open(&mut stream, "cos.example:443", None).await.unwrap();
    let mut next = [0; 3];
    stream.read_exact(&mut next).await.unwrap();
    assert_eq!(&next, b"TLS");
}

#[tokio::test]
async fn every_other_answer_is_told_apart() {
    for (answer, said, passing) in [
        ("", "it closed the connection before it answered", true),
        (
            "HTTP/1.1 200 OK\r\nVia:",
            "it closed the connection before it answered",
            true,
        ),
        (
            "SSH-2.0-OpenSSH_9.2\r\n",
            "its answer is not HTTP/1.1",
            false,
        ),
        (
            "HTTP/1.1 2000 OK\r\n\r\n",
            "its answer is not HTTP/1.1",
            false,
        ),
        (
            "HTTP/1.1 099 OK\r\n\r\n",
            "its answer is not HTTP/1.1",
            false,
        ),
        (
            "HTTP/1.1 407 No\r\n\r\n",
            "it asks for credentials (status 407)",
            false,
        ),
        (
            "HTTP/1.1 403 Filtered\r\n\r\n",
            "it answered with status 403",
            false,
        ),
        (
            "HTTP/1.1 302 Found\r\nLocation: http://portal/\r\n\r\n",
            "it answered with status 302",
            false,
        ),
        (
            "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n\r\n",
            "it answered with status 100",
            false,
        ),
        (
            "HTTP/1.1 503 Busy\r\n\r\n",
            "it answered with status 503",
            true,
        ),
        (
            "HTTP/1.1 429 Slow\r\n\r\n",
            "it answered with status 429",
            true,
        ),
        (
            "HTTP/1.1 200 OK\r\n\r\n<html>",
            "it sent more than an answer to CONNECT",
            false,
        ),
    ] {
        let refusal = answered(answer.as_bytes()).await.unwrap_err();
        assert_eq!(refusal.to_string(), said, "{answer:?}");
        assert_eq!(refusal.is_passing(), passing, "{answer:?}");
    }
}

#[tokio::test]
async fn an_endless_head_ends() {
    let mut lines = "HTTP/1.1 200 OK\r\n".to_owned();
    lines.push_str(&"X: y\r\n".repeat(MAX_HEADERS + 1));
    for endless in [
        lines,
        format!("HTTP/1.1 200 OK\r\nX: {}", "y".repeat(HEAD_LIMIT)),
    ] {
        // Larger than anything that is read; what is not read would block the writer.
        let (mut ours, mut proxys) = duplex(2 * HEAD_LIMIT);
        proxys.write_all(endless.as_bytes()).await.unwrap();
        let refusal = open(&mut ours, "cos.example:443", None).await.unwrap_err();
        assert!(matches!(refusal, Refusal::TooLong), "{refusal:?}");
    }
}
