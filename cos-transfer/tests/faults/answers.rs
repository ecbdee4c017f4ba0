//! H: answers that are none to what was asked.

use cos_emulator::{Emulator, Fault, MemoryBucket, Object};
use cos_proto::Failure;
use cos_transfer::{DownloadError, Verified};
use http::StatusCode;

use crate::rig::{BEFALLEN, BUCKET, CONTENT, ETAG, KEY, LEN, PART, REQUESTS, Rig, of_part, range};

/// What the fault makes of part 1, with three others in flight: the failure that ends the download.
/// The older file stays, and what came before is kept for the next run.
async fn refused(fault: Fault) -> DownloadError {
    let rig = Rig::befallen(fault, 1).await;
    rig.download().await.fails_for_now(BEFALLEN).await
}

fn status(status: u16) -> StatusCode {
    StatusCode::from_u16(status).unwrap()
}

#[tokio::test]
async fn h1_the_whole_in_answer_to_a_part_is_not_written() {
    let error = refused(Fault::new().ignore_range()).await;
    assert!(matches!(error, DownloadError::Answer(_)), "{error:?}");
    // To the first request, too, where the object is longer than a part.
    let rig = Rig::new().await;
    rig.script(of_part(0), Fault::new().ignore_range());
    let (error, _) = rig.download().await.fails_for_good(1);
    assert_eq!(error.failure(), Some(Failure::InvalidResponse));
}

#[tokio::test]
async fn h1_the_whole_is_taken_where_it_is_what_was_asked_for() {
    let small = CONTENT.slice(..1000);
    let rig = Rig::with(Object::new(small.clone()).etag(ETAG)).await;
    rig.script(of_part(0), Fault::new().ignore_range());
    rig.download().await.succeeds_with(&small, 1);
}

#[tokio::test]
async fn h2_a_206_of_another_range_is_not_written() {
    let (first, last) = (PART, 2 * PART - 1);
    for content_range in [
        format!("bytes {}-{}/{LEN}", first + 1, last + 1),
        format!("bytes {first}-{}/{LEN}", last - 1),
        format!("bytes {first}-{}/{LEN}", last + 1),
        format!("bytes 0-{}/{LEN}", PART - 1),
        format!("bytes {first}-{last}/*"),
        format!("bytes {last}-{first}/{LEN}"),
        format!("bytes {first}-{last}"),
        format!("{first}-{last}/{LEN}"),
        "bytes */1000".to_owned(),
        String::new(),
    ] {
        let error = refused(Fault::new().content_range(&content_range)).await;
        assert!(
            matches!(error, DownloadError::Answer(_)),
            "{content_range}: {error:?}"
        );
    }
    let error = refused(Fault::new().drop_header("content-range")).await;
    assert!(matches!(error, DownloadError::Answer(_)), "{error:?}");
}

#[tokio::test]
async fn h3_a_206_that_is_shorter_than_asked_is_not_written() {
    let honest = format!("bytes {PART}-{}/{LEN}", PART + 999);
    for fault in [
        Fault::new().truncate(1000),
        Fault::new().truncate(1000).content_range(&honest),
    ] {
        let error = refused(fault).await;
        assert!(matches!(error, DownloadError::Answer(_)), "{error:?}");
    }
}

#[tokio::test]
async fn h4_several_parts_are_no_part() {
    let multipart = "multipart/byteranges; boundary=x";
    for fault in [
        Fault::new().set_header("content-type", multipart),
        Fault::new()
            .set_header("content-type", multipart)
            .drop_header("content-range"),
    ] {
        let error = refused(fault).await;
        assert!(matches!(error, DownloadError::Answer(_)), "{error:?}");
    }
}

#[tokio::test]
async fn h10_an_error_page_in_place_of_the_object_is_not_written() {
    const PAGE: &str = "<Error><Code>InternalError</Code></Error>";
    for fault in [
        Fault::new().body(status(200), "application/xml", PAGE),
        Fault::new().body(status(206), "application/xml", PAGE),
        Fault::new()
            .body(status(200), "application/xml", PAGE)
            .set_header("etag", ETAG),
    ] {
        let error = refused(fault).await;
        assert_eq!(error.failure(), Some(Failure::InvalidResponse), "{error:?}");
    }
}

#[tokio::test]
async fn h11_an_object_that_looks_like_an_error_is_an_object() {
    let mut content = b"<Error><Code>SlowDown</Code></Error>".to_vec();
    content.resize(3 * 256 * 1024, b'\n');
    let rig = Rig::with(Object::new(content.clone()).content_type("application/xml")).await;
    rig.download().await.succeeds_with(&content, 3);
}

#[tokio::test]
async fn h12_a_stored_encoding_is_kept_as_it_is() {
    let object = Object::new(CONTENT.clone()).header("content-encoding", "gzip");
    let rig = Rig::with(object).await;
    let (report, rig) = rig.download().await.succeeds(REQUESTS);
    assert_eq!(report.verified, Verified::Crc64);
    for request in rig.emulator.log() {
        assert_eq!(request.header("accept-encoding"), Some("identity"));
    }
}

#[tokio::test]
async fn h14_h15_a_part_that_is_elsewhere_is_not_followed() {
    let elsewhere = MemoryBucket::new(BUCKET);
    elsewhere.put(KEY, Object::new(CONTENT.clone()).etag(ETAG));
    let stranger = Emulator::builder().bucket(elsewhere).anonymous();
    let stranger = stranger.start().await.unwrap();
    let target = format!("{}/{BUCKET}/{KEY}", stranger.url());
    for code in [301, 302, 307, 308] {
        let error = refused(Fault::new().redirect(status(code), &target)).await;
        assert_eq!(error.failure(), Some(Failure::Redirect), "{code}");
    }
    assert_eq!((stranger.connections(), stranger.log().len()), (0, 0));
}

#[tokio::test]
async fn h16_not_modified_is_no_answer_to_a_part() {
    let error = refused(Fault::new().status(status(304))).await;
    assert_eq!(error.failure(), Some(Failure::NotModified));
}

#[tokio::test]
async fn h17_an_object_without_etag_is_one_stream_and_says_so() {
    let rig = Rig::new().await;
    // The first answer, and the one that it leads to.
    rig.script(of_part(0), Fault::new().drop_header("etag"));
    rig.script(
        cos_emulator::When::get().without_range(),
        Fault::new().drop_header("etag"),
    );
    let (report, rig) = rig.download().await.succeeds(2);
    assert!(!report.pinned);
    assert_eq!(rig.ranges(), [range(0, 0)]);
}

#[tokio::test]
async fn h18_an_object_without_crc64_is_reported_as_such_or_refused() {
    let rig = Rig::with(Object::new(CONTENT.clone()).without_crc64()).await;
    let (report, _) = rig.download().await.succeeds(REQUESTS);
    assert_eq!(report.verified, Verified::Size);
    let rig = Rig::with(Object::new(CONTENT.clone()).without_crc64()).await;
    let strict = rig.downloader().require_crc64(true);
    let (error, _) = rig.download_by(strict).await.fails_for_good(1);
    assert!(matches!(error, DownloadError::NoCrc64), "{error:?}");
}

#[tokio::test]
async fn h19_a_crc64_that_is_no_number_is_no_answer() {
    for value in ["+5", "-1", "0x10", "18446744073709551616", "1, 2"] {
        let fault = Fault::new().set_header("x-cos-hash-crc64ecma", value);
        let error = refused(fault).await;
        assert!(
            matches!(error, DownloadError::Answer(_)),
            "{value}: {error:?}"
        );
    }
    let twice = Fault::new().add_header("x-cos-hash-crc64ecma", "5");
    let error = refused(twice).await;
    assert!(matches!(error, DownloadError::Answer(_)), "{error:?}");
}

/// A part's header is the whole object's; the parts together are held against it.
#[tokio::test]
async fn h20_the_crc64_is_that_of_the_whole_and_every_part_counts() {
    let rig = Rig::new().await;
    let (report, _) = rig.download().await.succeeds(REQUESTS);
    let whole = cos_proto::crc64::checksum(&CONTENT);
    assert_eq!(
        (report.crc64, report.verified),
        (Some(whole), Verified::Crc64)
    );
    for part in [0, 5, 10] {
        let rig = Rig::new().await;
        rig.script(of_part(part), Fault::new().corrupt(3));
        let (error, _) = rig.download().await.fails_for_good(REQUESTS);
        assert_eq!(error.failure(), Some(Failure::Corrupt));
    }
}

#[tokio::test]
async fn h21_an_archived_object_says_so() {
    let rig = Rig::with(Object::new(CONTENT.clone()).archived()).await;
    let (error, _) = rig.download().await.fails_for_good(1);
    assert_eq!(error.failure(), Some(Failure::Archived));
}
