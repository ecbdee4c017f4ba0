//! Signatures that the emulator accepts, and those that it does not.

use std::time::Duration;

use cos_emulator::Credentials;
use cos_proto::{ByteRange, Failure};
use cos_transport::{Client, ErrorKind};
use http::{Request, StatusCode};
use tower::ServiceExt as _;

use crate::support::{all, client, content, credentials, emulator, endpoint, get, key};

#[tokio::test]
async fn a_wrong_key_is_explained_from_both_sides() {
    let emulator = emulator().await;
    let client = Client::builder(endpoint(&emulator))
        .credentials(Credentials::new("the-id", "not-the-key").unwrap())
        .build()
        .unwrap();
    let error = client.get_object(get()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Service);
    assert_eq!(error.failure(), Failure::Denied);
    let service = error.service_error().unwrap();
    assert_eq!(service.code(), Some("SignatureDoesNotMatch"));
    let ours = service.our_string_to_sign().unwrap();
    assert!(ours.starts_with("sha1\n"), "{ours}");
    // The key was wrong and the request was not: the strings are the same.
    assert_eq!(service.string_to_sign().unwrap().trim(), ours.trim());
}

#[tokio::test]
async fn temporary_credentials_send_and_sign_their_token() {
    let temporary = || credentials().with_token("the-token").unwrap();
    let emulator = cos_emulator::Emulator::builder()
        .bucket(crate::support::bucket())
        .credentials(temporary())
        .start()
        .await
        .unwrap();
    let client = Client::builder(endpoint(&emulator))
        .credentials(temporary())
        .build()
        .unwrap();
    let (_, body) = client.get_object(get()).await.unwrap();
    assert!(all(body).await.unwrap() == content());
}

#[tokio::test]
async fn a_presigned_url_works_without_credentials_until_it_expires() {
    let emulator = emulator().await;
    let presigned = client(&emulator)
        .presign(get(), Duration::from_secs(600))
        .await
        .unwrap();
    let anybody = Client::builder(endpoint(&emulator)).build().unwrap();
    let request = || {
        let uri = presigned.as_str();
        Request::get(uri).body(()).unwrap()
    };
    let response = anybody.clone().oneshot(request()).await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);

    emulator.set_clock_skew(601);
    let response = anybody.oneshot(request()).await.unwrap();
    assert_eq!(response.status(), StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn a_presigned_url_cannot_hold_what_only_a_header_can() {
    let emulator = emulator().await;
    let range = ByteRange::new(0, 9).unwrap();
    let error = client(&emulator)
        .presign(get().range(range), Duration::from_secs(60))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Request);
}

#[tokio::test]
async fn presigning_needs_credentials() {
    let emulator = emulator().await;
    let anybody = Client::builder(endpoint(&emulator)).build().unwrap();
    let error = anybody
        .presign(key("k"), Duration::from_secs(60))
        .await
        .unwrap_err();
    assert_eq!(error.failure(), Failure::NoCredentials);
}
