//! Listings, page by page.

use std::time::Duration;

use cos_emulator::{Emulator, Fault, When};
use cos_proto::{
    Attempts, Backoff, Bucket, Failure, ListBuckets, ListObjectVersions, ListObjects, ObjectPager,
};
use cos_transport::ErrorKind;
use http::StatusCode;

use crate::support::{BUCKET, KEY, builder, client, emulator, once};

fn list() -> ListObjects {
    ListObjects::new(Bucket::new(BUCKET).unwrap())
}

#[tokio::test]
async fn keys_versions_and_buckets_are_listed() {
    let emulator = emulator().await;
    let client = client(&emulator);
    let page = client.list_objects(list()).await.unwrap();
    assert_eq!(page.objects.len(), 1);
    assert_eq!(page.objects.first().unwrap().key.as_str(), KEY);
    let versions = ListObjectVersions::new(Bucket::new(BUCKET).unwrap());
    let page = client.list_object_versions(versions).await.unwrap();
    assert_eq!(page.entries.len(), 1);
    let page = client.list_buckets(ListBuckets::new()).await.unwrap();
    assert_eq!(page.buckets.first().unwrap().name.as_str(), BUCKET);
}

#[tokio::test]
async fn a_pager_walks_over_the_client() {
    let bucket = crate::support::bucket();
    for n in 0..25 {
        bucket.put(format!("many/{n:02}"), cos_emulator::Object::new("x"));
    }
    let emulator = Emulator::builder()
        .bucket(bucket)
        .credentials(crate::support::credentials())
        .start()
        .await
        .unwrap();
    let client = client(&emulator);
    let mut pager = ObjectPager::new(list().prefix("many/").max_keys(10));
    let mut keys = 0;
    while let Some(request) = pager.next_request() {
        let page = client.list_objects(request).await.unwrap();
        keys += pager.take(page).unwrap().len();
    }
    assert_eq!((keys, emulator.log().len()), (25, 3));
}

#[tokio::test]
async fn k17_a_page_cut_off_in_its_xml_may_be_asked_for_again() {
    let emulator = emulator().await;
    emulator
        .faults()
        .script(When::list(), Fault::new().truncate(200));
    let client = once(&emulator).build().unwrap();
    let error = client.list_objects(list()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Listing);
    assert_eq!(error.failure(), Failure::TruncatedListing);
    assert!(error.failure().is_retryable());
    assert_eq!(error.attempts(), Attempts::new(1).exhausted());
    emulator.shutdown().await.unwrap();
}

#[tokio::test]
async fn pages_that_break_off_are_asked_for_again_from_one_budget_with_their_heads() {
    let slow_down = Fault::new().error(StatusCode::SERVICE_UNAVAILABLE, "SlowDown");
    let faults = [
        Fault::new().truncate(200),
        slow_down.clone(),
        Fault::new().reset_after(100),
        Fault::new().close_after(100),
    ];
    let client = |emulator: &Emulator, retries| {
        let pauses = Backoff::new().base(Duration::from_millis(1));
        let builder = builder(emulator).retries(retries).backoff(pauses);
        builder.build().unwrap()
    };
    for (retries, enough) in [(4, true), (3, false)] {
        let emulator = emulator().await;
        for (n, fault) in (1..).zip(&faults) {
            emulator.faults().script(When::list().nth(n), fault.clone());
        }
        let outcome = client(&emulator, retries).list_objects(list()).await;
        match outcome {
            Ok(page) => assert!(enough && page.objects.len() == 1),
            Err(error) => {
                assert!(!enough, "{error:?}");
                assert_eq!(error.attempts(), Attempts::new(4).exhausted());
            }
        }
        let log = emulator.log();
        let marked = log.iter().map(|request| request.header("x-cos-sdk-retry"));
        let marked = marked.filter(Option::is_some).count();
        assert_eq!(
            (log.len(), marked),
            (usize::from(enough) + 4, log.len() - 1)
        );
        emulator.shutdown().await.unwrap();
    }
}

#[tokio::test]
async fn a_refusal_of_a_page_asked_for_again_counts_all_attempts() {
    let emulator = emulator().await;
    let faults = emulator.faults();
    faults.script(When::list(), Fault::new().truncate(200));
    let denied = Fault::new().error(StatusCode::FORBIDDEN, "AccessDenied");
    faults.script(When::list().nth(2), denied);
    let error = client(&emulator).list_objects(list()).await.unwrap_err();
    assert_eq!(error.failure(), Failure::Denied);
    assert_eq!(error.attempts(), Attempts::new(2));
    emulator.shutdown().await.unwrap();
}

#[tokio::test]
async fn t13_a_portals_page_is_no_listing() {
    let emulator = emulator().await;
    emulator
        .faults()
        .script(When::list(), Fault::new().html_page());
    let error = client(&emulator).list_objects(list()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Listing);
    assert!(!error.failure().is_retryable());
    emulator.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_part_of_a_page_is_no_listing() {
    let emulator = emulator().await;
    let page =
        "<ListBucketResult><Name>x</Name><IsTruncated>false</IsTruncated></ListBucketResult>";
    emulator.faults().script(
        When::list(),
        Fault::new().body(StatusCode::PARTIAL_CONTENT, "application/xml", page),
    );
    let error = client(&emulator).list_objects(list()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Answer);
    assert_eq!(error.failure(), Failure::InvalidResponse);
    emulator.shutdown().await.unwrap();
}

#[tokio::test]
async fn k17_a_page_without_end_is_not_read_to_its_end() {
    let emulator = emulator().await;
    let mut page = b"<?xml version='1.0'?><ListBucketResult><Name>x</Name>".to_vec();
    page.resize(40 << 20, b' ');
    emulator.faults().script(
        When::list(),
        Fault::new().body(StatusCode::OK, "application/xml", page),
    );
    let error = client(&emulator).list_objects(list()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Listing);
    let sent = emulator.log().first().unwrap().bytes_sent();
    assert!(sent < 40 << 20, "{sent}");
    emulator.shutdown().await.unwrap();
}
