//! Listings, page by page.

use cos_emulator::{Fault, When};
use cos_proto::{Bucket, Failure, ListBuckets, ListObjectVersions, ListObjects, ObjectPager};
use cos_transport::ErrorKind;

use crate::support::{BUCKET, KEY, client, emulator};

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
    let emulator = cos_emulator::Emulator::builder()
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
    let error = client(&emulator).list_objects(list()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Listing);
    assert_eq!(error.failure(), Failure::TruncatedListing);
    assert!(error.failure().is_retryable());
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
async fn k17_a_page_without_end_is_not_read_to_its_end() {
    let emulator = emulator().await;
    let mut page = b"<?xml version='1.0'?><ListBucketResult><Name>x</Name>".to_vec();
    page.resize(40 << 20, b' ');
    emulator.faults().script(
        When::list(),
        Fault::new().body(http::StatusCode::OK, "application/xml", page),
    );
    let error = client(&emulator).list_objects(list()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Listing);
    let sent = emulator.log().first().unwrap().bytes_sent();
    assert!(sent < 40 << 20, "{sent}");
    emulator.shutdown().await.unwrap();
}
