//! Copies to a writer.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use cos_proto::GuardError;
use cos_transfer::{DownloadError, Transferred, Verified};
use tokio::io::AsyncWrite;

use crate::fake::{Fake, chunks, ok, refusal, whole};
use crate::support::{content, downloader, object};

#[tokio::test]
async fn an_object_is_copied_in_order() {
    let content = content(300_000);
    // It keeps what it was not told to flush.
    let mut out = tokio::io::BufWriter::new(Vec::new());
    let report = downloader(Fake::answering([whole(&content, 7000)]))
        .copy(object(), &mut out)
        .await
        .unwrap();
    assert!(*out.get_ref() == content);
    assert_eq!(report.bytes, 300_000);
    assert_eq!(report.verified, Verified::Crc64);
}

#[tokio::test]
async fn progress_of_a_copy_begins_with_the_total_and_ends_with_it() {
    let content = content(900_000);
    let seen = Arc::new(Mutex::new(Vec::new()));
    let sink = Arc::clone(&seen);
    downloader(Fake::answering([whole(&content, 1000)]))
        .progress(move |now: Transferred| sink.lock().unwrap().push((now.committed(), now.total())))
        .copy(object(), &mut tokio::io::sink())
        .await
        .unwrap();
    let seen = seen.lock().unwrap();
    assert!(seen.is_sorted(), "{seen:?}");
    assert_eq!(seen[0], (0, 900_000));
    assert_eq!(seen.last(), Some(&(900_000, 900_000)));
}

#[tokio::test]
async fn the_last_chunk_of_a_corrupted_object_is_held_back() {
    let content = content(10_000);
    let mut corrupted = content.clone();
    corrupted[0] ^= 1;
    let mut out = Vec::new();
    let result = downloader(Fake::answering([ok(&content, chunks(&corrupted, 1000))]))
        .copy(object(), &mut out)
        .await;
    assert!(
        matches!(
            result,
            Err(DownloadError::Integrity(
                GuardError::ChecksumMismatch { .. }
            ))
        ),
        "{result:?}"
    );
    assert_eq!(out.len(), 9000);
}

#[tokio::test]
async fn t7_nothing_is_written_of_a_chunk_that_goes_beyond_the_end() {
    let content = content(10_000);
    let mut long = content.clone();
    long.push(b'x');
    let mut out = Vec::new();
    // The last chunk has the last 500 bytes, and one more.
    let result = downloader(Fake::answering([ok(&content, chunks(&long, 950))]))
        .retries(0)
        .copy(object(), &mut out)
        .await;
    assert!(
        matches!(result, Err(DownloadError::Integrity(GuardError::Long))),
        "{result:?}"
    );
    assert!(out == content[..9500]);
}

#[tokio::test]
async fn nothing_is_written_of_a_refusal() {
    let mut out = Vec::new();
    let result = downloader(Fake::answering([refusal(404, "NoSuchKey")]))
        .copy(object(), &mut out)
        .await;
    assert!(
        matches!(result, Err(DownloadError::Service(_))),
        "{result:?}"
    );
    assert!(out.is_empty());
}

#[tokio::test]
async fn a_writer_that_fails_is_told_apart() {
    let result = downloader(Fake::answering([whole(b"some bytes", 3)]))
        .copy(object(), &mut ClosedPipe)
        .await;
    let Err(DownloadError::Output(error)) = result else {
        panic!("{result:?}");
    };
    assert_eq!(error.kind(), io::ErrorKind::BrokenPipe);
}

/// A writer whose reader has gone.
struct ClosedPipe;

impl AsyncWrite for ClosedPipe {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, _: &[u8]) -> Poll<io::Result<usize>> {
        Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
