//! What is published, and what is not.

use std::fs;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use cos_proto::crc64::checksum;
use cos_proto::{ByteRange, Failure, GuardError};
use cos_transfer::{DownloadError, Report, Transferred, Verified};
use http::Response;

use crate::fake::{Act, Fake, FakeBody, chunks, ok, whole};
use crate::support::{Folder, content, downloader, object};

/// Downloads from `answer` over an old file, and returns what was said and what is there now.
async fn over_an_old_file(answer: Response<FakeBody>) -> (Result<Report, DownloadError>, Vec<u8>) {
    let folder = Folder::new();
    let dest = folder.join("file");
    fs::write(&dest, b"old").unwrap();
    let result = downloader(Fake::answering([answer]))
        .retries(0)
        .download(object(), &dest)
        .await;
    assert_eq!(folder.names(), ["file"]);
    (result, fs::read(&dest).unwrap())
}

#[tokio::test]
async fn an_object_arrives_whole_and_verified() {
    for len in [1, 1000, 1024 * 1024 - 1, 1024 * 1024, 5_000_000] {
        let content = content(len);
        let (report, file) = over_an_old_file(whole(&content, 70_000)).await;
        let report = report.unwrap();
        assert!(file == content, "{len} bytes");
        assert_eq!(report.bytes, len as u64);
        assert_eq!((report.fetched, report.resumed), (report.bytes, 0));
        assert_eq!(report.crc64, Some(checksum(&content)));
        assert_eq!(report.verified, Verified::Crc64);
        assert_eq!(report.etag.unwrap().as_str(), "the-etag");
        assert!(!report.skipped);
    }
}

#[tokio::test]
async fn an_empty_object_is_an_empty_file() {
    let (report, file) = over_an_old_file(whole(b"", 1)).await;
    let report = report.unwrap();
    assert_eq!((report.bytes, report.crc64), (0, Some(0)));
    assert_eq!(report.verified, Verified::Crc64);
    assert!(file.is_empty());
}

#[tokio::test]
async fn t6_a_body_that_is_too_short_is_not_published() {
    let content = content(100_000);
    let (result, file) = over_an_old_file(ok(&content, chunks(&content[..99_999], 1000))).await;
    assert!(
        matches!(
            result,
            Err(DownloadError::Integrity(GuardError::Short { missing: 1 }))
        ),
        "{result:?}"
    );
    assert_eq!(file, b"old");
}

#[tokio::test]
async fn t7_a_body_that_is_too_long_is_not_published() {
    let content = content(100_000);
    let mut long = content.clone();
    long.push(b'x');
    let (result, file) = over_an_old_file(ok(&content, chunks(&long, 1500))).await;
    assert!(
        matches!(result, Err(DownloadError::Integrity(GuardError::Long))),
        "{result:?}"
    );
    assert_eq!(file, b"old");

    // What comes after all has come is not looked at.
    let mut acts = chunks(&content, 1000);
    acts.push(Act::Data("x".into()));
    let (result, file) = over_an_old_file(ok(&content, acts)).await;
    assert_eq!(result.unwrap().bytes, 100_000);
    assert!(file == content);
}

#[tokio::test]
async fn a_corrupted_body_is_not_published() {
    let content = content(100_000);
    let mut corrupted = content.clone();
    corrupted[50_000] ^= 1;
    let (result, file) = over_an_old_file(ok(&content, chunks(&corrupted, 1000))).await;
    let error = result.unwrap_err();
    assert!(
        matches!(
            error,
            DownloadError::Integrity(GuardError::ChecksumMismatch { .. })
        ),
        "{error:?}"
    );
    assert_eq!(error.failure(), Some(Failure::Corrupt));
    assert_eq!(file, b"old");
}

#[tokio::test]
async fn t2_a_body_that_is_cut_off_is_not_published() {
    let content = content(100_000);
    let mut acts = chunks(&content[..60_000], 1000);
    acts.push(Act::Break);
    let (result, file) = over_an_old_file(ok(&content, acts)).await;
    let error = result.unwrap_err();
    assert!(
        matches!(error, DownloadError::Transport { .. }),
        "{error:?}"
    );
    assert_eq!(error.failure(), Some(Failure::Transport));
    assert_eq!(file, b"old");
}

#[tokio::test]
async fn t3_a_lost_end_of_stream_takes_nothing_from_what_came() {
    let content = content(100_000);
    let mut acts = chunks(&content, 1000);
    acts.push(Act::Break);
    let (report, file) = over_an_old_file(ok(&content, acts)).await;
    assert_eq!(report.unwrap().bytes, 100_000);
    assert!(file == content);
}

#[tokio::test]
async fn h11_an_object_that_looks_like_an_error_is_an_object() {
    let content = b"<?xml version='1.0'?><Error><Code>NoSuchKey</Code></Error>";
    let (report, file) = over_an_old_file(whole(content, 10)).await;
    report.unwrap();
    assert_eq!(file, content);
}

#[tokio::test]
async fn h18_an_object_without_crc64_is_reported_as_such_or_refused() {
    let bare = || {
        let mut answer = whole(b"some bytes", 3);
        answer.headers_mut().remove("x-cos-hash-crc64ecma");
        answer
    };
    let (report, _) = over_an_old_file(bare()).await;
    assert_eq!(report.unwrap().verified, Verified::Size);

    let folder = Folder::new();
    let result = downloader(Fake::answering([bare()]))
        .require_crc64(true)
        .no_crc64(true)
        .download(object(), &folder.join("file"))
        .await;
    assert!(matches!(result, Err(DownloadError::NoCrc64)), "{result:?}");
    assert!(folder.names().is_empty());
}

#[tokio::test]
async fn without_crc64_only_the_length_counts() {
    let content = content(1000);
    let mut other = content.clone();
    other[0] ^= 1;
    let folder = Folder::new();
    let dest = folder.join("file");
    let report = downloader(Fake::answering([ok(&content, chunks(&other, 100))]))
        .no_crc64(true)
        .download(object(), &dest)
        .await
        .unwrap();
    assert_eq!((report.verified, report.crc64), (Verified::Size, None));
    assert!(fs::read(&dest).unwrap() == other);
}

#[tokio::test]
async fn h20_a_range_is_not_held_to_the_crc64_of_the_whole() {
    let content = content(1000);
    let answer = Response::builder()
        .status(206)
        .header("content-length", 100)
        .header("content-range", "bytes 200-299/1000")
        .header("etag", "\"the-etag\"")
        .header("x-cos-hash-crc64ecma", checksum(&content).to_string())
        .body(FakeBody::new(chunks(&content[200..300], 7)))
        .unwrap();
    let folder = Folder::new();
    let dest = folder.join("file");
    let fake = Fake::answering([answer]);
    let report = downloader(fake.clone())
        .download(object().range(ByteRange::new(200, 299).unwrap()), &dest)
        .await
        .unwrap();
    assert_eq!(fake.ranges(), [Some("bytes=200-299".to_owned())]);
    assert_eq!(report.bytes, 100);
    assert_eq!(report.verified, Verified::Size);
    assert_eq!(report.crc64, Some(checksum(&content[200..300])));
    assert!(fs::read(&dest).unwrap() == content[200..300]);
}

#[tokio::test]
async fn the_file_has_the_time_of_the_object() {
    let folder = Folder::new();
    let dest = folder.join("file");
    downloader(Fake::answering([whole(b"some bytes", 3)]))
        .download(object(), &dest)
        .await
        .unwrap();
    let modified = fs::metadata(&dest).unwrap().modified().unwrap();
    assert_eq!(
        modified.duration_since(SystemTime::UNIX_EPOCH).unwrap(),
        Duration::from_secs(1_607_571_450)
    );
}

#[tokio::test]
async fn progress_reaches_the_total_and_never_goes_back() {
    let content = content(3_500_000);
    let seen = Arc::new(Mutex::new(Vec::<Transferred>::new()));
    let sink = Arc::clone(&seen);
    let folder = Folder::new();
    downloader(Fake::answering([whole(&content, 100_000)]))
        .progress(move |now| sink.lock().unwrap().push(now))
        .download(object(), &folder.join("file"))
        .await
        .unwrap();
    let seen = seen.lock().unwrap();
    assert!(seen.len() > 1, "{seen:?}");
    assert!(seen.is_sorted_by_key(|now| now.committed()), "{seen:?}");
    assert!(seen.iter().all(|now| now.total() == 3_500_000));
    assert_eq!(seen[0].committed(), 0);
    assert_eq!(seen.last().unwrap().committed(), 3_500_000);
}

/// A peer that sends byte by byte makes hyper hand out chunks of a byte that each keep a buffer of
/// several KiB alive.
#[tokio::test]
async fn what_a_chunk_keeps_alive_is_let_go_when_it_was_taken() {
    const CHUNK: usize = 1000;

    struct Buffer(Vec<u8>, Arc<AtomicUsize>);

    impl AsRef<[u8]> for Buffer {
        fn as_ref(&self) -> &[u8] {
            &self.0
        }
    }

    impl Drop for Buffer {
        fn drop(&mut self) {
            self.1.fetch_sub(1, Ordering::Relaxed);
        }
    }

    let content = content(4_000_000);
    let alive = Arc::new(AtomicUsize::new(0));
    let most = Arc::new(AtomicUsize::new(0));
    let acts: Vec<_> = content
        .chunks(CHUNK)
        .map(|bytes| {
            let (bytes, alive, most) = (bytes.to_vec(), Arc::clone(&alive), Arc::clone(&most));
            Act::made(move || {
                most.fetch_max(alive.fetch_add(1, Ordering::Relaxed), Ordering::Relaxed);
                Bytes::from_owner(Buffer(bytes.clone(), Arc::clone(&alive)))
            })
        })
        .collect();
    let folder = Folder::new();
    downloader(Fake::answering([ok(&content, acts)]))
        .download(object(), &folder.join("file"))
        .await
        .unwrap();
    assert_eq!(alive.load(Ordering::Relaxed), 0);
    let most = most.load(Ordering::Relaxed);
    assert!(most <= 1, "{most} chunks were kept at once");
}

#[tokio::test]
async fn a_download_that_is_dropped_leaves_nothing() {
    let content = content(5_000_000);
    let mut acts = chunks(&content[..4_000_000], 100_000);
    acts.push(Act::Hang);
    let folder = Folder::new();
    let download =
        downloader(Fake::answering([ok(&content, acts)])).download(object(), &folder.join("file"));
    let given_up = tokio::time::timeout(Duration::from_millis(200), download).await;
    assert!(given_up.is_err());
    folder.becomes_empty().await;
}

#[tokio::test]
async fn a_download_can_be_spawned() {
    let folder = Folder::new();
    let download = downloader(Fake::answering([whole(b"some bytes", 3)]))
        .download(object(), &folder.join("file"));
    tokio::spawn(download).await.unwrap().unwrap();
    assert_eq!(
        Bytes::from(fs::read(folder.join("file")).unwrap()),
        "some bytes"
    );
}
