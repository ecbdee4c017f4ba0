//! H5, H6, H7, H13: objects that are replaced, shortened or deleted while they are downloaded.

use cos_emulator::{Fault, Object};
use cos_proto::{Failure, Missing, VersionId};
use cos_transfer::DownloadError;
use http::StatusCode;

use crate::rig::{CONTENT, ETAG, KEY, LEN, PART, REQUESTS, Rig, content, object, of_part};

/// Requests until part 3 has been answered, one after the other.
const TO_PART_3: usize = 4;

impl Rig {
    /// Once part `part` has been asked for (the `nth` time), the object is another one.
    fn replace_after(&self, part: u64, nth: u64, seed: u64) {
        let bucket = self.bucket.clone();
        let replace = move || {
            let another = Object::new(content(seed)).etag(format!("\"etag-{seed}\""));
            bucket.put(KEY, another);
        };
        self.script(of_part(part).nth(nth), Fault::new().then(replace));
    }

    /// Downloads one part after the other, so that the number of requests is known.
    async fn download_in_turn(self) -> crate::rig::Ended {
        let downloader = self.downloader().parallel(1);
        self.download_by(downloader).await
    }
}

#[tokio::test]
async fn h6_an_object_that_is_replaced_half_way_is_fetched_anew_once() {
    let rig = Rig::new().await;
    rig.replace_after(2, 1, 2);
    let ended = rig.download_in_turn().await;
    let (report, _) = ended.succeeds_with(&content(2), TO_PART_3 + REQUESTS);
    assert!(report.restarted);
    assert_eq!(report.etag.unwrap().to_string(), "\"etag-2\"");
}

#[tokio::test]
async fn h6_an_object_that_is_replaced_with_parts_in_flight_is_never_mixed() {
    let rig = Rig::new().await;
    rig.replace_after(2, 1, 2);
    let ended = rig.download().await;
    let requests = ended.rig.emulator.log().len();
    // What was asked for before the first refusal came depends on time.
    let before = requests - REQUESTS;
    assert!((TO_PART_3..=REQUESTS).contains(&before), "{before}");
    let (report, _) = ended.succeeds_with(&content(2), requests);
    assert!(report.restarted);
}

#[tokio::test]
async fn h6_an_object_that_is_replaced_again_and_again_fails_and_leaves_nothing() {
    let rig = Rig::new().await;
    rig.replace_after(2, 1, 2);
    rig.replace_after(2, 2, 3);
    let ended = rig.download_in_turn().await;
    let (error, _) = ended.fails_for_good(2 * TO_PART_3);
    assert_eq!(error.failure(), Some(Failure::ObjectChanged));
}

/// The service has answered the condition with a 206, or somebody before it has; what it is of is
/// looked at nevertheless.
#[tokio::test]
async fn h6_h13_an_answer_of_another_state_is_not_written_whatever_the_status() {
    let another_size = format!("bytes {}-{}/{}", 3 * PART, 4 * PART - 1, LEN + 1);
    for fault in [
        Fault::new().set_header("etag", "\"another\""),
        Fault::new().set_header("etag", "W/\"the-etag\""),
        Fault::new().set_header("etag", "\"the-etag-gzip\""),
        Fault::new().drop_header("etag"),
        Fault::new().set_header("x-cos-hash-crc64ecma", "5"),
        Fault::new().content_range(&another_size),
    ] {
        let rig = Rig::new().await;
        rig.script(of_part(3), fault.clone());
        let ended = rig.download_in_turn().await;
        let (report, _) = ended.succeeds(TO_PART_3 + REQUESTS);
        assert!(report.restarted, "{fault:?}");
        // Again after the new start: then it is over.
        let rig = Rig::new().await;
        rig.script(of_part(3).times(2), fault);
        let ended = rig.download_in_turn().await;
        let (error, _) = ended.fails_for_good(2 * TO_PART_3);
        assert_eq!(error.failure(), Some(Failure::ObjectChanged));
    }
}

#[tokio::test]
async fn h5_a_range_that_is_not_there_any_more_is_a_change() {
    let gone = || {
        Fault::new()
            .status(StatusCode::RANGE_NOT_SATISFIABLE)
            .set_header("content-range", "bytes */1000")
    };
    let rig = Rig::new().await;
    rig.script(of_part(3), gone());
    let ended = rig.download_in_turn().await;
    let (report, _) = ended.succeeds(TO_PART_3 + REQUESTS);
    assert!(report.restarted);
    let rig = Rig::new().await;
    rig.script(of_part(3).times(2), gone());
    let ended = rig.download_in_turn().await;
    let (error, _) = ended.fails_for_good(2 * TO_PART_3);
    assert_eq!(error.failure(), Some(Failure::ObjectChanged));
}

#[tokio::test]
async fn h6_in_order_nothing_starts_anew_once_a_byte_is_out() {
    let rig = Rig::new().await;
    rig.replace_after(2, 1, 2);
    let mut out = Vec::new();
    let downloader = rig.downloader().parallel(1);
    let error = downloader.copy(object(), &mut out).await.unwrap_err();
    assert_eq!(error.failure(), Some(Failure::ObjectChanged));
    assert!(!out.is_empty() && CONTENT.starts_with(&out));
    rig.emulator.faults().assert_all_consumed();
}

#[tokio::test]
async fn h6_a_version_that_was_named_stays_what_it_is() {
    let rig = Rig::new().await;
    rig.bucket.set_versioning(true);
    let version = rig.bucket.put(KEY, Object::new(content(5)).etag("\"v\""));
    rig.replace_after(2, 1, 2);
    let mut get = object();
    get.version_id = version.map(|version| VersionId::new(version).unwrap());
    let downloader = rig.downloader();
    let ended = rig.download_of(get, downloader).await;
    let (report, _) = ended.succeeds_with(&content(5), REQUESTS);
    assert!(!report.restarted);
}

/// What came of it is of use to nobody: no later state of the object has its entity tag.
#[tokio::test]
async fn h7_an_object_that_is_deleted_half_way_is_gone_and_leaves_nothing() {
    for is_versioned in [false, true] {
        let rig = Rig::new().await;
        rig.bucket.set_versioning(is_versioned);
        let bucket = rig.bucket.clone();
        let delete = move || drop(bucket.delete(KEY));
        rig.script(of_part(2), Fault::new().then(delete));
        let ended = rig.download_in_turn().await;
        let (error, _) = ended.fails_for_good(TO_PART_3);
        assert!(matches!(error, DownloadError::Service(_)), "{error:?}");
        assert_eq!(error.failure(), Some(Failure::NotFound(Missing::Key)));
    }
}

/// A version does not change, so that what came of it counts if it can be had again.
#[tokio::test]
async fn h7_a_version_that_cannot_be_had_half_way_keeps_its_checkpoint() {
    let rig = Rig::new().await;
    rig.bucket.set_versioning(true);
    let another = Object::new(CONTENT.clone()).etag(ETAG);
    let version = rig.bucket.put(KEY, another).unwrap();
    rig.script(
        of_part(3),
        Fault::new().error(StatusCode::NOT_FOUND, "NoSuchVersion"),
    );
    let mut get = object();
    get.version_id = Some(VersionId::new(version).unwrap());
    let downloader = rig.downloader().parallel(1);
    let ended = rig.download_of(get.clone(), downloader).await;
    let (error, rig) = ended.fails(TO_PART_3);
    assert_eq!(error.failure(), Some(Failure::NotFound(Missing::Version)));
    assert_eq!(rig.names().len(), 3);
    let downloader = rig.downloader();
    let ended = rig.download_of(get, downloader).await;
    let (report, _) = ended.succeeds(TO_PART_3 + REQUESTS - 3);
    assert_eq!(report.resumed, 3 * PART);
}
