//! Connections: where they go, whom they trust, how long they may take.

use std::net::TcpListener;
use std::time::{Duration, Instant};

use cos_emulator::{Emulator, ServerCertificate, TestCa};
use cos_proto::{Addressing, Attempts, Endpoint, Failure, Region};
use cos_transport::{BuildError, Client, ErrorKind};

use crate::support::{
    BUCKET, SHORT, all, bucket, client, content, credentials, emulator, endpoint, get,
};

/// An emulator with `certificate`.
async fn tls(certificate: ServerCertificate) -> Emulator {
    Emulator::builder()
        .bucket(bucket())
        .credentials(credentials())
        .tls(certificate)
        .start()
        .await
        .unwrap()
}

/// A client that trusts `ca`.
fn trusting(ca: &TestCa, endpoint: Endpoint) -> Client {
    Client::builder(endpoint)
        .credentials(credentials())
        .ca_cert(ca.pem())
        .build()
        .unwrap()
}

#[tokio::test]
async fn tls_with_a_ca_of_the_callers() {
    let ca = TestCa::new().unwrap();
    let emulator = tls(ca.certificate(["127.0.0.1"]).unwrap()).await;
    let client = trusting(&ca, endpoint(&emulator));
    let (_, body) = client.get_object(get()).await.unwrap();
    assert!(all(body).await.unwrap() == content());
}

#[tokio::test]
async fn t8_a_certificate_that_is_not_good_ends_it_before_a_request_is_sent() {
    let ca = TestCa::new().unwrap();
    let stranger = TestCa::new().unwrap();
    for (what, certificate) in [
        ("expired", ca.expired_certificate(["127.0.0.1"]).unwrap()),
        ("wrong host", ca.wrong_host_certificate().unwrap()),
        ("unknown CA", stranger.certificate(["127.0.0.1"]).unwrap()),
    ] {
        let emulator = tls(certificate).await;
        let client = trusting(&ca, endpoint(&emulator));
        let error = client.get_object(get()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Tls, "{what}: {error:?}");
        assert_eq!(error.failure(), Failure::Untrusted, "{what}");
        assert!(!error.failure().is_retryable(), "{what}");
        assert!(error.to_string().contains("127.0.0.1"), "{what}: {error}");
        let cause = std::error::Error::source(&error).unwrap().to_string();
        assert!(cause.contains("certificate"), "{what}: {cause}");
        assert!(emulator.log().is_empty(), "{what}");
    }
}

#[tokio::test]
async fn t8_plain_text_is_no_way_out_for_https() {
    let emulator = emulator().await;
    let url = emulator.url().replace("http://", "https://");
    let ca = TestCa::new().unwrap();
    let client = trusting(&ca, Endpoint::service_url(&url, Addressing::Auto).unwrap());
    let error = client.get_object(get()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Tls, "{error:?}");
    assert!(emulator.log().is_empty());

    // Nor is a request with another scheme than the client was made for.
    let request = http::Request::get(format!("{}/{BUCKET}/x", emulator.url()))
        .body(())
        .unwrap();
    let error = tower::ServiceExt::oneshot(client, request)
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Request, "{error:?}");
    assert_eq!(error.failure(), Failure::Unsendable);
    assert!(emulator.log().is_empty());
}

#[tokio::test]
async fn t9_tls_that_is_cut_off_is_an_error_only_where_bytes_are_missing() {
    let ca = TestCa::new().unwrap();
    let emulator = tls(ca.certificate(["127.0.0.1"]).unwrap()).await;
    let client = trusting(&ca, endpoint(&emulator));
    let after = |bytes| cos_emulator::Fault::new().close_after(bytes);
    emulator
        .faults()
        .script(cos_emulator::When::get(), after(500_000));
    let (_, body) = client.get_object(get()).await.unwrap();
    let error = all(body).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Body, "{error:?}");

    emulator
        .faults()
        .script(cos_emulator::When::get(), after(1_000_000));
    let (_, body) = client.get_object(get()).await.unwrap();
    assert!(all(body).await.unwrap() == content());
    emulator.shutdown().await.unwrap();
}

#[tokio::test]
async fn connect_to_changes_nothing_but_the_place() {
    let host = format!("{BUCKET}.cos.ap-beijing.myqcloud.com");
    let ca = TestCa::new().unwrap();
    let emulator = tls(ca.certificate([host.as_str()]).unwrap()).await;
    let client = Client::builder(Endpoint::region(Region::new("ap-beijing").unwrap()))
        .credentials(credentials())
        .ca_cert(ca.pem())
        .connect_to(emulator.addr().to_string())
        .build()
        .unwrap();
    let (_, body) = client.get_object(get()).await.unwrap();
    assert!(all(body).await.unwrap() == content());
    assert_eq!(emulator.log().first().unwrap().host(), host);
}

#[tokio::test]
async fn t1_nobody_there_may_be_tried_again() {
    // Bound and closed again: nobody listens there now.
    let port = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let endpoint =
        Endpoint::service_url(&format!("http://127.0.0.1:{port}"), Addressing::Auto).unwrap();
    let error = Client::builder(endpoint)
        .retries(0)
        .build()
        .unwrap()
        .get_object(get())
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Connect, "{error:?}");
    assert!(error.failure().is_retryable());
    assert!(error.to_string().contains(&port.to_string()), "{error}");
    assert_eq!(error.attempts(), Attempts::new(1).exhausted());
    // The cause is the system's word, without what libraries have wrapped around it.
    let gave_up = std::error::Error::source(&error).unwrap();
    let cause = gave_up.source().unwrap();
    let cause = cause.downcast_ref::<std::io::Error>().unwrap();
    assert_eq!(cause.kind(), std::io::ErrorKind::ConnectionRefused);
}

#[tokio::test]
async fn t10_a_name_that_is_not_found_is_named_and_may_be_tried_again() {
    let endpoint = Endpoint::service_url("http://no-such-host.invalid", Addressing::Path).unwrap();
    // Where a resolver does not answer at all, the limit ends it.
    let error = Client::builder(endpoint)
        .retries(0)
        .connect_timeout(Duration::from_secs(2))
        .build()
        .unwrap()
        .get_object(get())
        .await
        .unwrap_err();
    assert!(
        matches!(error.kind(), ErrorKind::Connect | ErrorKind::ConnectTimeout),
        "{error:?}"
    );
    assert!(error.failure().is_retryable());
    assert!(
        error.to_string().contains("no-such-host.invalid"),
        "{error}"
    );
}

/// The connection is accepted by the system, and the handshake never answered.
#[tokio::test]
async fn one_limit_covers_tls_too() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("https://{}", listener.local_addr().unwrap());
    let ca = TestCa::new().unwrap();
    let client = Client::builder(Endpoint::service_url(&url, Addressing::Auto).unwrap())
        .ca_cert(ca.pem())
        .connect_timeout(SHORT)
        .retries(0)
        .build()
        .unwrap();
    let started = Instant::now();
    let error = client.get_object(get()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectTimeout, "{error:?}");
    assert!(error.failure().is_retryable());
    assert!(started.elapsed() < Duration::from_secs(20));
}

/// As above, only that an answer may take far less time than a connection.
#[tokio::test]
async fn the_time_for_the_head_begins_when_there_is_a_connection() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("https://{}", listener.local_addr().unwrap());
    let ca = TestCa::new().unwrap();
    let client = Client::builder(Endpoint::service_url(&url, Addressing::Auto).unwrap())
        .ca_cert(ca.pem())
        .connect_timeout(SHORT * 2)
        .read_timeout(SHORT / 10)
        .retries(0)
        .build()
        .unwrap();
    let error = client.get_object(get()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectTimeout, "{error:?}");
}

#[tokio::test]
async fn a_request_that_is_dropped_leaves_the_client_usable() {
    let emulator = emulator().await;
    emulator.faults().script(
        cos_emulator::When::get(),
        cos_emulator::Fault::new().stall_head_for_ever(),
    );
    let client = client(&emulator);
    let dropped = tokio::time::timeout(SHORT, client.get_object(get())).await;
    assert!(dropped.is_err());
    let (_, body) = client.get_object(get()).await.unwrap();
    all(body).await.unwrap();
    emulator.shutdown().await.unwrap();
}

#[test]
fn a_client_and_its_futures_can_go_to_other_threads() {
    fn goes<T: Send + Sync + Clone + 'static>(_: &T) {}
    fn is_sent<T: Send>(_: &T) {}
    let endpoint = Endpoint::service_url("http://127.0.0.1:9", Addressing::Auto).unwrap();
    let client = Client::builder(endpoint).build().unwrap();
    goes(&client);
    is_sent(&client.get_object(get()));
    is_sent(&client.list_buckets(cos_proto::ListBuckets::new()));
}

#[test]
fn what_cannot_be_used_is_said_when_the_client_is_made() {
    let https = || Client::builder(Endpoint::region(Region::new("ap-beijing").unwrap()));
    assert!(matches!(
        https().ca_cert("no pem").build(),
        Err(BuildError::NoCertificate)
    ));
    assert!(matches!(
        https().connect_to("nowhere").build(),
        Err(BuildError::ConnectTo { .. })
    ));
}
