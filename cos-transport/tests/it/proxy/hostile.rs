//! What stands where a proxy should be, and is none.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use cos_emulator::TestCa;
use cos_proto::{Addressing, Endpoint, Failure};
use cos_transport::credentials::InstanceMetadata;
use cos_transport::{Client, ClientBuilder, ErrorKind, Proxy};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use super::{refused_for_good, shown};
use crate::support::{SHORT, get};

/// What the stand-in does once it was asked for a tunnel.
#[derive(Clone)]
enum Does {
    /// Says this and waits.
    Says(Vec<u8>),
    /// Says this over and over.
    Repeats(&'static [u8]),
    /// Says this, and that when TLS has begun.
    SaysAndThen(&'static [u8], &'static [u8]),
    /// Closes the connection.
    Closes,
}

struct StandIn {
    addr: SocketAddr,
    serving: JoinHandle<()>,
}

impl StandIn {
    async fn start(does: Does) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        let serving = tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let does = does.clone();
                tokio::spawn(async move {
                    let mut asked = [0; 4096];
                    let read = stream.read(&mut asked).await.unwrap();
                    assert!(asked.starts_with(b"CONNECT cos.example:443 "), "{read}");
                    // Who has heard enough goes away: writing fails then.
                    let _heard = match does {
                        Does::Closes => return,
                        Does::Says(text) => stream.write_all(&text).await,
                        Does::Repeats(text) => loop {
                            if let Err(error) = stream.write_all(text).await {
                                break Err(error);
                            }
                        },
                        Does::SaysAndThen(first, then) => {
                            stream.write_all(first).await.unwrap();
                            let _hello = stream.read(&mut asked).await;
                            stream.write_all(then).await
                        }
                    };
                    // Until the other end is closed.
                    while stream.read(&mut asked).await.is_ok_and(|read| read > 0) {}
                });
            }
        });
        Self { addr, serving }
    }
}

impl Drop for StandIn {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

/// A client of a host that is nowhere, through what stands at `addr`.
fn through(addr: SocketAddr) -> ClientBuilder {
    let ca = TestCa::new().unwrap();
    let proxy = Proxy::new(&format!("http://user:hush@{addr}")).unwrap();
    Client::builder(Endpoint::service_url("https://cos.example", Addressing::Path).unwrap())
        .ca_cert(ca.pem())
        .proxies(proxy)
        .retries(0)
}

#[tokio::test]
async fn answers_that_no_proxy_gives_are_bounded_and_told_apart() {
    for (does, says) in [
        (
            Does::Says(b"HTTP/1.1 200 OK\r\n\r\n<html>Log in first</html>".into()),
            "it sent more than an answer to CONNECT",
        ),
        (
            Does::Says(b"HTTP/1.1 302 Found\r\nLocation: http://portal/\r\n\r\n".into()),
            "it answered with status 302",
        ),
        (
            Does::Says(b"\x16\x03\x01 what is this".into()),
            "its answer is not HTTP/1.1",
        ),
        (
            Does::Repeats(b"HTTP/1.1 200 OK\r\nX: y\r\n"),
            "its answer is not HTTP/1.1",
        ),
        (
            Does::Says([&b"HTTP/1.1 200 OK\r\n"[..], &b"X: y\r\n".repeat(100_000)].concat()),
            "the head of its answer is longer than",
        ),
        (
            Does::Says([&b"HTTP/1.1 200 "[..], &[b'y'; 1_000_000]].concat()),
            "the head of its answer is longer than",
        ),
    ] {
        let stand_in = StandIn::start(does).await;
        let client = through(stand_in.addr).build().unwrap();
        let error = client.get_object(get()).await.unwrap_err();
        let name = format!("the proxy http://{}", stand_in.addr);
        refused_for_good(&error, &[says, &name]);
        assert!(!shown(&error).contains("hush"), "{error:?}");
    }
}

/// A portal that lets the tunnel stand, and speaks in the service's place.
#[tokio::test]
async fn garbage_in_a_tunnel_is_not_the_service() {
    let established = b"HTTP/1.1 200 Connection established\r\n\r\n";
    let page = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<html>Log in first</html>";
    let stand_in = StandIn::start(Does::SaysAndThen(established, page)).await;
    let client = through(stand_in.addr).build().unwrap();
    let error = client.get_object(get()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Tls, "{error:?}");
    assert_eq!(error.failure(), Failure::Untrusted);
    assert!(error.to_string().contains("through the proxy"), "{error}");
}

#[tokio::test]
async fn one_that_hangs_up_may_be_tried_again() {
    let stand_in = StandIn::start(Does::Closes).await;
    let client = through(stand_in.addr).build().unwrap();
    let error = client.get_object(get()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Proxy, "{error:?}");
    assert!(error.failure().is_retryable(), "{error:?}");
}

#[tokio::test]
async fn one_limit_covers_a_proxy_that_says_nothing_and_one_that_opens_and_is_silent() {
    for said in ["", "HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\n\r\n"] {
        let stand_in = StandIn::start(Does::Says(said.into())).await;
        let client = through(stand_in.addr)
            .connect_timeout(SHORT)
            .build()
            .unwrap();
        let started = Instant::now();
        let error = client.get_object(get()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ConnectTimeout, "{error:?}");
        assert!(error.failure().is_retryable());
        assert!(error.to_string().contains("through the proxy"), "{error}");
        assert!(started.elapsed() < Duration::from_secs(20));
    }
}

/// The credentials of a server's role are for that server alone.
#[tokio::test]
async fn metadata_is_never_asked_for_through_a_proxy() {
    let metadata = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/role", metadata.local_addr().unwrap());
    let asked = tokio::spawn(async move {
        let (mut stream, _) = metadata.accept().await.unwrap();
        let mut head = vec![0; 4096];
        let read = stream.read(&mut head).await.unwrap();
        let answer = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n";
        stream.write_all(answer).await.unwrap();
        head.truncate(read);
        String::from_utf8(head).unwrap()
    });
    let proxy = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let client = through(proxy.local_addr().unwrap())
        .credentials_provider(InstanceMetadata::new().url(&url).unwrap())
        .build()
        .unwrap();
    let error = client.get_object(get()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Credentials, "{error:?}");
    assert!(asked.await.unwrap().starts_with("GET /role/ HTTP/1.1\r\n"));
    let connected = tokio::time::timeout(Duration::ZERO, proxy.accept()).await;
    assert!(connected.is_err(), "the proxy was asked");
}

#[tokio::test]
async fn one_that_is_down_is_named() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    drop(listener);
    let client = through(addr).build().unwrap();
    let error = client.get_object(get()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Connect, "{error:?}");
    assert!(error.failure().is_retryable());
    assert_eq!(
        error.to_string(),
        format!("cannot connect to the proxy http://{addr}")
    );
    assert!(!shown(&error).contains("hush"), "{error:?}");
}
