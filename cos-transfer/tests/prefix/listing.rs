//! Listings that lie, break off, or are a tree's.

use cos_emulator::{Fault, MemoryBucket, Object, When};
use cos_proto::{ListingError, PagerError};
use cos_transfer::prefix::{ListError, PrefixError};
use http::StatusCode;

use crate::support::{BUCKET, Ran, World};

fn page(truncated: bool, marker: Option<&str>, keys: &[&str]) -> String {
    let mut xml = format!(
        "<ListBucketResult><EncodingType>url</EncodingType><IsTruncated>{truncated}</IsTruncated>"
    );
    if let Some(marker) = marker {
        xml.push_str(&format!("<NextMarker>{marker}</NextMarker>"));
    }
    for key in keys {
        xml.push_str(&format!(
            "<Contents><Key>{key}</Key><LastModified>2024-01-01T00:00:00.000Z</LastModified><ETag>\"x\"</ETag><Size>1</Size></Contents>"
        ));
    }
    xml + "</ListBucketResult>"
}

/// A run whose listing is answered by these bodies.
async fn listed_as(prefix: &str, bodies: &[&str]) -> (World, Ran) {
    let world = World::new(&[("p/a", "1"), ("p/b", "2")]).await;
    for body in bodies {
        let fault = Fault::new().body(StatusCode::OK, "application/xml", (*body).to_owned());
        world.emulator.faults().script(When::list(), fault);
    }
    let ran = world.cp(prefix).await;
    (world, ran)
}

/// It ends with the listing's own failure, after so many pages.
async fn fails_after(pages: usize, prefix: &str, bodies: &[&str]) -> ListError {
    let (world, ran) = listed_as(prefix, bodies).await;
    assert_eq!(world.pages(), pages);
    world.end().await;
    match ran.result {
        Err(PrefixError::Listing { source, .. }) => source,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn k15_a_listing_that_does_not_go_forward_fails_and_never_loops() {
    let order = |error| matches!(error, ListError::Order(_));
    // Truncated without keys; keys that go back; keys of elsewhere.
    assert!(order(
        fails_after(1, "p/", &[&page(true, Some("p/z"), &[])]).await
    ));
    assert!(order(
        fails_after(1, "p/", &[&page(false, None, &["p/b", "p/a"])]).await
    ));
    assert!(order(
        fails_after(1, "p/", &[&page(false, None, &["q/a"])]).await
    ));
    // A marker before the page's own keys, or of elsewhere.
    assert!(order(
        fails_after(1, "p/", &[&page(true, Some("p/0"), &["p/a"])]).await
    ));
    assert!(order(
        fails_after(1, "p/", &[&page(true, Some("q"), &["p/a"])]).await
    ));
    // The same page once more.
    let same = page(true, Some("p/a"), &["p/a"]);
    let error = fails_after(2, "p/", &[&same, &same]).await;
    assert!(
        matches!(error, ListError::Order(PagerError::GoesBack { .. })),
        "{error:?}"
    );
}

/// As S3 servers do: the last key is the marker.
#[tokio::test]
async fn k15_without_a_marker_the_last_key_is_one() {
    let (world, ran) = listed_as("p/", &[&page(true, None, &["p/a"])]).await;
    assert_eq!(world.pages(), 2);
    assert_eq!(ran.told.len(), 2);
    assert!(world.emulator.log()[1].query().contains("marker=p"));
    world.end().await;
}

/// What was seen before is in place, and the run says that it has not seen everything.
#[tokio::test]
async fn a_listing_that_is_lost_half_way_is_told_and_what_was_seen_is_in_place() {
    let bucket = MemoryBucket::new(BUCKET);
    for number in 0..1500 {
        bucket.put(format!("{number:04}"), Object::new("x"));
    }
    let world = World::of(bucket, &[]).await;
    let lost = Fault::new().error(StatusCode::FORBIDDEN, "AccessDenied");
    world
        .emulator
        .faults()
        .script(When::list().query("marker="), lost);
    let ran = world.cp("").await;
    let Err(PrefixError::Listing { report, source }) = &ran.result else {
        panic!("{:?}", ran.result);
    };
    assert_eq!((report.objects, report.failed), (1000, 0));
    assert!(matches!(source, ListError::Request(error) if error.service_error().is_some()));
    assert!(world.at("0999").exists() && !world.at("1000").exists());
    world.end().await;
}

/// A page that breaks off is asked for again, as often as there are retries.
#[tokio::test]
async fn k17_a_page_that_breaks_off_is_asked_for_again() {
    let world = World::new(&[("a", "1"), ("b", "2")]).await;
    world
        .emulator
        .faults()
        .script(When::list().times(2), Fault::new().close_after(100));
    let ran = world.cp("").await;
    assert_eq!(ran.result.unwrap().objects, 2);
    assert_eq!(world.pages(), 3);
    world.end().await;
}

#[tokio::test]
async fn k17_what_is_no_listing_fails_at_once() {
    let good = page(false, None, &["p/a"]);
    let twice = page(false, None, &["p/a"]).replace("</Key>", "</Key><Key>p/b</Key>");
    let bomb = format!(
        "<!DOCTYPE x [<!ENTITY a \"b\">]>{}",
        good.replace("p/a", "&a;")
    );
    let deep = format!("<ListBucketResult>{}", "<a>".repeat(100_000));
    let trailing = format!("{good}<more/>");
    for body in [
        "<html><Key>p/a</Key></html>",
        "{}",
        &twice,
        &bomb,
        &deep,
        &trailing,
    ] {
        let error = fails_after(1, "p/", &[body]).await;
        assert!(matches!(error, ListError::Page(_)), "{body:.60}: {error:?}");
    }
}

/// It is read to its bound and no further.
#[tokio::test]
async fn k17_a_page_without_end_is_bounded() {
    let world = World::new(&[("a", "1")]).await;
    let endless = "x".repeat(cos_proto::listing::MAX_BODY + 10_000_000);
    let fault = Fault::new().body(StatusCode::OK, "application/xml", endless);
    world.emulator.faults().script(When::list(), fault);
    let ran = world.cp("").await;
    assert!(matches!(ran.result, Err(PrefixError::Listing { .. })));
    assert!(world.emulator.log()[0].bytes_sent() < cos_proto::listing::MAX_BODY as u64 + 9_000_000);
    world.end().await;
}

#[tokio::test]
async fn k20_a_key_that_cannot_be_decoded_fails_the_page() {
    let error = fails_after(1, "p/", &[&page(false, None, &["p/%zz"])]).await;
    assert!(
        matches!(error, ListError::Page(ListingError::Encoding { .. })),
        "{error:?}"
    );
}

/// A bucket that answers folders though nobody asked for them is walked.
#[tokio::test]
async fn folders_of_an_ofs_bucket_are_walked() {
    let bucket = MemoryBucket::new(BUCKET).ofs();
    let objects = [
        ("p/a", "1"),
        ("p/d/b", "2"),
        ("p/d/e/c", "3"),
        ("p/f/g", "4"),
        ("q", "5"),
    ];
    let world = World::of(bucket, &objects).await;
    let ran = world.cp("p/").await;
    assert_eq!(ran.result.unwrap().objects, 4);
    assert_eq!(world.read("d/e/c"), "3");
    world.end().await;
}

#[tokio::test]
async fn a_prefix_without_keys_is_an_error_and_leaves_nothing() {
    let world = World::new(&[("a", "1")]).await;
    let ran = world.cp("nothing/").await;
    assert!(matches!(ran.result, Err(PrefixError::NoKeys { .. })));
    assert!(!world.dir().exists());
    let ran = crate::support::run(
        world
            .downloader()
            .download_prefix(world.prefix("nothing/"), &world.at("x/y")),
    )
    .await;
    assert!(ran.result.is_err() && !world.dir().exists());
    world.end().await;
}
