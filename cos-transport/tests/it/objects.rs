//! GET and HEAD that go well, or are refused in good order.

use cos_emulator::{Fault, When};
use cos_proto::crc64::checksum;
use cos_proto::{ByteRange, Failure, Missing};
use cos_transport::{Client, ErrorKind};
use http::{Request, StatusCode};
use http_body::Body as _;
use tower::ServiceExt as _;

use crate::support::{BUCKET, KEY, all, client, content, emulator, endpoint, get, head, key};

#[tokio::test]
async fn an_object_comes_with_its_head() {
    let emulator = emulator().await;
    let (head, body) = client(&emulator).get_object(get()).await.unwrap();
    assert_eq!(head.size(), 1_000_000);
    assert_eq!(head.crc64(), Some(checksum(&content())));
    assert!(body.guard().whole());
    assert_eq!(body.size_hint().exact(), Some(1_000_000));
    assert!(all(body).await.unwrap() == content());
    assert_eq!(emulator.log().len(), 1);
    emulator.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_range_comes_alone() {
    let emulator = emulator().await;
    let range = ByteRange::new(10, 19).unwrap();
    let (head, body) = client(&emulator)
        .get_object(get().range(range))
        .await
        .unwrap();
    assert_eq!(head.size(), 1_000_000);
    assert_eq!(body.guard().range(), 10..20);
    assert_eq!(all(body).await.unwrap(), content().get(10..20).unwrap());
}

#[tokio::test]
async fn a_head_is_asked_without_the_bytes() {
    let emulator = emulator().await;
    let head = client(&emulator).head_object(head()).await.unwrap();
    assert_eq!(head.size(), 1_000_000);
    assert_eq!(head.crc64(), Some(checksum(&content())));
    assert_eq!(emulator.log().first().unwrap().method(), "HEAD");
}

#[tokio::test]
async fn a_missing_object_is_told_with_all_that_the_service_says() {
    let emulator = emulator().await;
    let error = client(&emulator).get_object(key("none")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Service);
    assert_eq!(error.failure(), Failure::NotFound(Missing::Key));
    let service = error.service_error().unwrap();
    assert_eq!(service.status(), StatusCode::NOT_FOUND);
    assert_eq!(service.code(), Some("NoSuchKey"));
    assert!(service.message().is_some());
    let logged = emulator.log();
    assert_eq!(
        service.request_id(),
        Some(logged.first().unwrap().request_id())
    );
}

#[tokio::test]
async fn a_head_of_a_missing_object_has_its_status() {
    let emulator = emulator().await;
    let error = client(&emulator)
        .head_object((&key("none")).into())
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Service);
    assert!(matches!(error.failure(), Failure::NotFound(_)), "{error:?}");
}

#[tokio::test]
async fn keys_go_to_the_wire_byte_for_byte() {
    let bucket = crate::support::bucket();
    let keys = [
        "a//b",
        "x/./y",
        "x/../y",
        "/x",
        "%2e%2E",
        "a+b c&d=e%20f#g?h.txt",
        "数据/文件 (1)~'*!.bin",
        "\u{1b}[2J",
    ];
    for name in keys {
        bucket.put(name, cos_emulator::Object::new(name));
    }
    let emulator = cos_emulator::Emulator::builder()
        .bucket(bucket)
        .credentials(crate::support::credentials())
        .start()
        .await
        .unwrap();
    let client = client(&emulator);
    for name in keys {
        let (_, body) = client.get_object(key(name)).await.unwrap();
        assert_eq!(all(body).await.unwrap(), name, "{name:?}");
    }
    let asked: Vec<_> = emulator.log().iter().map(|r| r.key().to_owned()).collect();
    assert_eq!(asked, keys);
}

#[tokio::test]
async fn connections_are_kept_alive() {
    let emulator = emulator().await;
    let client = client(&emulator);
    for _ in 0..5 {
        let (_, body) = client.get_object(get()).await.unwrap();
        all(body).await.unwrap();
    }
    assert_eq!(emulator.connections(), 1);
}

#[tokio::test]
async fn the_connection_of_a_refusal_is_kept_alive() {
    let emulator = emulator().await;
    let client = client(&emulator);
    for _ in 0..5 {
        client.get_object(key("none")).await.unwrap_err();
    }
    assert_eq!(emulator.connections(), 1);
}

#[tokio::test]
async fn as_a_service_every_answer_is_one() {
    let emulator = emulator().await;
    let uri = format!("{}/{BUCKET}/none", emulator.url());
    let request = Request::get(uri).body(()).unwrap();
    let response = client(&emulator).oneshot(request).await.unwrap();
    assert_eq!(response.status(), StatusCode::NOT_FOUND);
    let error = response.extensions().get::<cos_proto::ServiceError>();
    assert_eq!(error.unwrap().code(), Some("NoSuchKey"));
}

#[tokio::test]
async fn t13_a_portal_is_not_the_service() {
    let emulator = emulator().await;
    emulator
        .faults()
        .script(When::get().times(2), Fault::new().html_page());
    // A host of any make may leave the request id out, but the page is still no object: it has
    // another length and no ETag where one was asked for.
    let etag = cos_proto::ETag::parse("\"0123456789abcdef\"").unwrap();
    let error = client(&emulator)
        .get_object(get().if_match(etag))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Answer);

    // COS's own hosts always send one.
    let cos = cos_proto::Endpoint::region(cos_proto::Region::new("ap-beijing").unwrap())
        .with_scheme(http::uri::Scheme::HTTP)
        .unwrap();
    let client = Client::builder(cos)
        .connect_to(emulator.addr().to_string())
        .build()
        .unwrap();
    let error = client.get_object(get()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Answer);
    assert!(!error.failure().is_retryable());
    emulator.shutdown().await.unwrap();
}

#[tokio::test]
async fn h1_a_range_that_is_ignored_is_no_answer() {
    let emulator = emulator().await;
    emulator
        .faults()
        .script(When::get(), Fault::new().ignore_range());
    let range = ByteRange::new(10, 19).unwrap();
    let error = client(&emulator)
        .get_object(get().range(range))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Answer);
    emulator.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_request_that_cannot_be_built_is_not_sent() {
    let emulator = emulator().await;
    let error = client(&emulator).get_object(key("a/..")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Request);
    assert_eq!(error.failure(), Failure::Unsendable);
    assert_eq!(emulator.connections(), 0);
}

#[tokio::test]
async fn an_anonymous_client_sends_no_authorization() {
    let emulator = cos_emulator::Emulator::builder()
        .bucket(crate::support::bucket())
        .anonymous()
        .start()
        .await
        .unwrap();
    let client = Client::builder(endpoint(&emulator)).build().unwrap();
    let (_, body) = client.get_object(get()).await.unwrap();
    all(body).await.unwrap();
    let log = emulator.log();
    let request = log.first().unwrap();
    assert_eq!(request.key(), KEY);
    assert!(request.header("authorization").is_none());
}
