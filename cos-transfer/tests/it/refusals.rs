//! Answers that are none: nothing is written, and the error says why.

use cos_proto::{ByteRange, Endpoint, Failure, JudgeError, Missing, Region};
use cos_transfer::{DownloadError, Downloader};
use http::Response;

use crate::fake::{Act, Fake, FakeBody, refusal, whole};
use crate::support::{Folder, downloader, object};

/// Downloads from `answer` into a new folder below an empty one, which must stay empty.
async fn refused(answer: Response<FakeBody>) -> DownloadError {
    let folder = Folder::new();
    let result = downloader(Fake::answering([answer]))
        .download(object(), &folder.join("new/folder/file"))
        .await;
    assert!(folder.names().is_empty(), "{:?}", folder.names());
    result.unwrap_err()
}

#[tokio::test]
async fn a_missing_object_is_the_services_word() {
    let error = refused(refusal(404, "NoSuchKey")).await;
    assert_eq!(error.failure(), Some(Failure::NotFound(Missing::Key)));
    let service = error.service_error().unwrap();
    assert_eq!(service.code(), Some("NoSuchKey"));
    assert_eq!(service.request_id(), Some("the-request-id"));
}

#[tokio::test]
async fn a_condition_that_does_not_hold_is_one() {
    for (status, code) in [(304, ""), (412, "PreconditionFailed")] {
        let error = refused(refusal(status, code)).await;
        assert!(
            matches!(error, DownloadError::Condition(_)),
            "{status}: {error:?}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_body_of_a_refusal_is_not_read_for_ever() {
    let mut answer = refusal(403, "AccessDenied");
    let flood = std::iter::repeat_n(Act::Data(vec![b'x'; 10_000].into()), 10);
    *answer.body_mut() = FakeBody::new(flood.chain([Act::Hang]));
    let started = tokio::time::Instant::now();
    let error = refused(answer).await;
    assert!(matches!(error, DownloadError::Service(_)), "{error:?}");
    // Enough was read before the body stalled.
    assert!(started.elapsed().is_zero(), "{:?}", started.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_refusal_whose_body_stalls_still_has_its_status() {
    let mut answer = refusal(403, "AccessDenied");
    *answer.body_mut() = FakeBody::new([Act::Hang]);
    let error = refused(answer).await;
    assert_eq!(error.failure(), Some(Failure::Denied));
}

#[tokio::test]
async fn t13_an_answer_in_the_name_of_cos_has_its_request_id() {
    let mut portal = whole(b"some bytes", 3);
    portal.headers_mut().remove("x-cos-request-id");
    let folder = Folder::new();
    let cos = Endpoint::region(Region::new("ap-beijing").unwrap());
    let result = Downloader::new(Fake::answering([portal]), cos)
        .download(object(), &folder.join("file"))
        .await;
    assert!(
        matches!(result, Err(DownloadError::Answer(JudgeError::NotCos))),
        "{result:?}"
    );
    assert!(folder.names().is_empty());
}

#[tokio::test]
async fn h1_the_whole_for_a_range_is_no_answer() {
    let folder = Folder::new();
    let result = downloader(Fake::answering([whole(b"0123456789", 3)]))
        .download(
            object().range(ByteRange::new(2, 4).unwrap()),
            &folder.join("file"),
        )
        .await;
    assert!(
        matches!(result, Err(DownloadError::Answer(JudgeError::RangeIgnored))),
        "{result:?}"
    );
    assert!(folder.names().is_empty());
}

#[tokio::test]
async fn h6_another_etag_than_the_one_asked_for_is_a_change() {
    let folder = Folder::new();
    let etag = cos_proto::ETag::parse("\"another\"").unwrap();
    let result = downloader(Fake::answering([whole(b"0123456789", 3)]))
        .download(object().if_match(etag), &folder.join("file"))
        .await;
    assert!(
        matches!(result, Err(DownloadError::Changed(_))),
        "{result:?}"
    );
    assert!(folder.names().is_empty());
}

#[tokio::test]
async fn h5_a_range_from_the_start_of_an_empty_object_is_asked_for_as_a_whole() {
    let unsatisfiable = || {
        let mut answer = refusal(416, "InvalidRange");
        answer
            .headers_mut()
            .insert("content-range", http::HeaderValue::from_static("bytes */0"));
        answer
    };
    for (range, asked) in [
        ("bytes=0-99", "bytes=0-99"),
        ("bytes=0-", "bytes=0-20971519"),
        ("bytes=-5", "bytes=-5"),
    ] {
        let folder = Folder::new();
        let fake = Fake::answering([unsatisfiable(), whole(b"", 1)]);
        let report = downloader(fake.clone())
            .download(object().range(range.parse().unwrap()), &folder.join("file"))
            .await
            .unwrap();
        assert_eq!(report.bytes, 0, "{range}");
        assert_eq!(fake.ranges(), [Some(asked.to_owned()), None]);
        assert_eq!(folder.names(), ["file"]);
    }

    let folder = Folder::new();
    let fake = Fake::answering([unsatisfiable()]);
    let result = downloader(fake.clone())
        .download(
            object().range("bytes=5-9".parse().unwrap()),
            &folder.join("file"),
        )
        .await;
    assert!(matches!(
        result.unwrap_err().failure(),
        Some(Failure::RangeNotSatisfiable { complete: Some(0) })
    ));
    assert_eq!(fake.requests(), 1);
    assert!(folder.names().is_empty());
}

#[tokio::test]
async fn a_request_that_cannot_be_built_is_not_sent() {
    let folder = Folder::new();
    let fake = Fake::default();
    let mut get = object();
    get.key = cos_proto::Key::new("a/..").unwrap();
    let result = downloader(fake.clone())
        .download(get, &folder.join("file"))
        .await;
    assert!(
        matches!(result, Err(DownloadError::Request(_))),
        "{result:?}"
    );
    assert_eq!(fake.requests(), 0);
    assert!(folder.names().is_empty());
}
