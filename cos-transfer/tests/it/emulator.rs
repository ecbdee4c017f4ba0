//! Through cos-transport's client, against the emulator and its faults.

use std::fs;
use std::time::Duration;

use cos_emulator::{Credentials, Emulator, Fault, MemoryBucket, Object, When};
use cos_proto::{Addressing, Endpoint, Failure, GuardError, Key, Missing};
use cos_transfer::{DownloadError, Downloader, Report, Verified};
use cos_transport::Client;

use crate::support::{Folder, content, object};

const BUCKET: &str = "examplebucket-1250000000";
const KEY: &str = "folder/object";
const LEN: usize = 3_000_000;

fn credentials() -> Credentials {
    Credentials::new("the-id", "the-key").unwrap()
}

async fn emulator(bucket: MemoryBucket) -> Emulator {
    Emulator::builder()
        .bucket(bucket)
        .credentials(credentials())
        .start()
        .await
        .unwrap()
}

/// An emulator with one object of [`LEN`] bytes.
async fn with_object() -> Emulator {
    let bucket = MemoryBucket::new(BUCKET);
    bucket.put(KEY, Object::new(content(LEN)));
    emulator(bucket).await
}

fn downloader(emulator: &Emulator) -> Downloader<Client> {
    let endpoint = Endpoint::service_url(&emulator.url(), Addressing::Auto).unwrap();
    let client = Client::builder(endpoint.clone())
        .credentials(credentials())
        .read_timeout(Duration::from_millis(500))
        // What one fault does is what is looked at here.
        .retries(0)
        .build()
        .unwrap();
    Downloader::new(client, endpoint).retries(0)
}

/// Downloads over an old file while `fault` befalls the request; on failure the old file must
/// still be there, and nothing besides.
async fn befallen(fault: Fault) -> Result<Report, DownloadError> {
    let emulator = with_object().await;
    emulator.faults().script(When::get(), fault);
    let folder = Folder::new();
    let dest = folder.join("file");
    fs::write(&dest, b"old").unwrap();
    let result = downloader(&emulator).download(object(), &dest).await;
    if result.is_err() {
        assert_eq!(folder.names(), ["file"]);
        assert_eq!(fs::read(&dest).unwrap(), b"old");
    } else {
        assert!(fs::read(&dest).unwrap() == content(LEN));
    }
    assert_eq!(emulator.log().len(), 1);
    emulator.shutdown().await.unwrap();
    result
}

#[tokio::test]
async fn an_object_of_a_kilobyte_costs_one_request() {
    let bucket = MemoryBucket::new(BUCKET);
    bucket.put(KEY, Object::new(content(1024)));
    let emulator = emulator(bucket).await;
    let folder = Folder::new();
    let dest = folder.join("file");
    let report = downloader(&emulator)
        .download(object(), &dest)
        .await
        .unwrap();
    assert_eq!(report.bytes, 1024);
    assert_eq!(report.verified, Verified::Crc64);
    assert!(fs::read(&dest).unwrap() == content(1024));
    let log = emulator.log();
    assert_eq!(log.len(), 1);
    assert_eq!(log[0].method(), "GET");
    assert_eq!(emulator.connections(), 1);
    emulator.shutdown().await.unwrap();
}

#[tokio::test]
async fn an_object_without_bytes_is_a_file_without_bytes() {
    let bucket = MemoryBucket::new(BUCKET);
    bucket.put(KEY, Object::new(""));
    let emulator = emulator(bucket).await;
    // A range is asked for, as the size is not known, and there is none in an empty object.
    for (range, requests) in [(None, 2), (Some("bytes=0-9"), 4)] {
        let folder = Folder::new();
        let dest = folder.join("file");
        let mut get = object();
        get.range = range.map(|range| range.parse().unwrap());
        let report = downloader(&emulator).download(get, &dest).await.unwrap();
        assert_eq!((report.bytes, report.verified), (0, Verified::Crc64));
        assert_eq!(fs::metadata(&dest).unwrap().len(), 0);
        assert_eq!(emulator.log().len(), requests);
    }
    emulator.shutdown().await.unwrap();
}

#[tokio::test]
async fn t2_reset_in_the_body_leaves_nothing() {
    let error = befallen(Fault::new().reset_after(2_000_000))
        .await
        .unwrap_err();
    assert!(
        matches!(error, DownloadError::Transport { .. }),
        "{error:?}"
    );
    assert_eq!(error.failure(), Some(Failure::Transport));
}

#[tokio::test]
async fn t6_a_short_body_leaves_nothing() {
    let error = befallen(Fault::new().close_after(2_000_000))
        .await
        .unwrap_err();
    assert!(
        matches!(
            error,
            DownloadError::Integrity(GuardError::Short { missing: 1_000_000 })
        ),
        "{error:?}"
    );
}

#[tokio::test]
async fn t7_a_length_that_is_too_small_leaves_nothing() {
    let error = befallen(Fault::new().content_length(LEN as u64 - 1))
        .await
        .unwrap_err();
    assert!(matches!(error, DownloadError::Answer(_)), "{error:?}");
}

#[tokio::test]
async fn t7_a_length_that_is_too_large_leaves_nothing() {
    let error = befallen(Fault::new().content_length(LEN as u64 + 1))
        .await
        .unwrap_err();
    assert!(matches!(error, DownloadError::Answer(_)), "{error:?}");
}

#[tokio::test]
async fn a_corrupted_body_leaves_nothing() {
    let error = befallen(Fault::new().corrupt(1)).await.unwrap_err();
    assert_eq!(error.failure(), Some(Failure::Corrupt));
}

#[tokio::test]
async fn t4_a_body_that_stalls_leaves_nothing() {
    let error = befallen(Fault::new().stall_after_for_ever(2_000_000))
        .await
        .unwrap_err();
    assert_eq!(error.failure(), Some(Failure::Transport));
}

#[tokio::test]
async fn t1_reset_before_the_head_leaves_nothing() {
    let error = befallen(Fault::new().reset()).await.unwrap_err();
    assert_eq!(error.failure(), Some(Failure::Transport));
}

#[tokio::test]
async fn h6_an_object_that_is_replaced_under_a_download_stays_the_one_it_was() {
    let bucket = MemoryBucket::new(BUCKET);
    bucket.put(KEY, Object::new(content(LEN)));
    let emulator = emulator(bucket.clone()).await;
    emulator.faults().script(
        When::get(),
        Fault::new().then(move || {
            bucket.put(KEY, Object::new("another"));
        }),
    );
    let folder = Folder::new();
    let dest = folder.join("file");
    downloader(&emulator)
        .download(object(), &dest)
        .await
        .unwrap();
    assert!(fs::read(&dest).unwrap() == content(LEN));
    emulator.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_missing_object_and_a_wrong_key_are_told_apart() {
    let emulator = with_object().await;
    let folder = Folder::new();
    let mut get = object();
    get.key = Key::new("none").unwrap();
    let error = downloader(&emulator)
        .download(get, &folder.join("file"))
        .await
        .unwrap_err();
    assert_eq!(error.failure(), Some(Failure::NotFound(Missing::Key)));

    let endpoint = Endpoint::service_url(&emulator.url(), Addressing::Auto).unwrap();
    let client = Client::builder(endpoint.clone())
        .credentials(Credentials::new("the-id", "not-the-key").unwrap())
        .build()
        .unwrap();
    let error = Downloader::new(client, endpoint)
        .download(object(), &folder.join("file"))
        .await
        .unwrap_err();
    assert_eq!(error.failure(), Some(Failure::Denied));
    let service = error.service_error().unwrap();
    let (theirs, ours) = (service.string_to_sign(), service.our_string_to_sign());
    assert_eq!(theirs.unwrap().trim(), ours.unwrap().trim());
    assert!(folder.names().is_empty());
    emulator.shutdown().await.unwrap();
}

#[tokio::test]
async fn h21_an_archived_object_says_so() {
    let bucket = MemoryBucket::new(BUCKET);
    bucket.put(KEY, Object::new("x").archived());
    let emulator = emulator(bucket).await;
    let folder = Folder::new();
    let error = downloader(&emulator)
        .download(object(), &folder.join("file"))
        .await
        .unwrap_err();
    assert_eq!(error.failure(), Some(Failure::Archived));
    emulator.shutdown().await.unwrap();
}

#[tokio::test]
async fn t8_a_peer_that_is_not_trusted_is_not_worth_another_try() {
    let emulator = with_object().await;
    let url = emulator.url().replace("http://", "https://");
    let endpoint = Endpoint::service_url(&url, Addressing::Auto).unwrap();
    let ca = cos_emulator::TestCa::new().unwrap();
    let client = Client::builder(endpoint.clone())
        .ca_cert(ca.pem())
        .build()
        .unwrap();
    let folder = Folder::new();
    let error = Downloader::new(client, endpoint)
        .download(object(), &folder.join("file"))
        .await
        .unwrap_err();
    assert_eq!(error.failure(), Some(Failure::Untrusted), "{error:?}");
    assert!(folder.names().is_empty());
}

#[tokio::test]
async fn a_download_that_is_dropped_leaves_nothing_whenever_that_is() {
    let emulator = with_object().await;
    emulator
        .faults()
        .script(When::get().always(), Fault::new().throttle(10_000_000));
    for millis in [1, 20, 60, 120, 200, 280] {
        let folder = Folder::new();
        let download = downloader(&emulator).download(object(), &folder.join("a/b/file"));
        let given_up = tokio::time::timeout(Duration::from_millis(millis), download).await;
        if given_up.is_err() {
            folder.becomes_empty().await;
        }
    }
    emulator.shutdown().await.unwrap();
}

#[tokio::test]
async fn c6_no_secret_is_shown() {
    const TOKEN: &str = "canary-token";
    let emulator = with_object().await;
    let echo = format!(
        "<Error><Code>SignatureDoesNotMatch</Code><Message>no</Message>\
         <FormatString>x-cos-security-token={TOKEN}</FormatString></Error>"
    );
    let refusal = Fault::new().body(http::StatusCode::FORBIDDEN, "application/xml", echo);
    emulator.faults().script(When::get(), refusal);
    let endpoint = Endpoint::service_url(&emulator.url(), Addressing::Auto).unwrap();
    let credentials = Credentials::new("the-id", "canary-key").unwrap();
    let client = Client::builder(endpoint.clone())
        .credentials(credentials.with_token(TOKEN).unwrap())
        .build()
        .unwrap();
    let downloader = Downloader::new(client, endpoint);
    let folder = Folder::new();
    let error = downloader
        .download(object(), &folder.join("file"))
        .await
        .unwrap_err();
    assert_eq!(error.failure(), Some(Failure::Denied));

    let mut shown = format!("{downloader:?} {error:?}");
    let mut next: Option<&dyn std::error::Error> = Some(&error);
    while let Some(error) = next {
        shown.push_str(&format!(" {error}"));
        next = error.source();
    }
    assert!(!shown.contains("canary"), "{shown}");
    emulator.shutdown().await.unwrap();
}
