//! Sizes, lengths and counters.

use std::sync::{Arc, Mutex};

use cos_emulator::{Fault, Object};
use cos_proto::Failure;
use cos_transfer::Transferred;

use crate::rig::{BEFALLEN, CONTENT, ETAG, LEN, PART, REQUESTS, Rig, of_part};

#[tokio::test]
async fn sizes_around_the_part_size_cost_as_many_requests_as_parts() {
    for (len, requests) in [
        // A range of nothing is refused, and asked for once more without one.
        (0, 2),
        (1, 1),
        (PART - 1, 1),
        (PART, 1),
        (PART + 1, 2),
        (2 * PART - 1, 2),
        (2 * PART, 2),
        (10 * PART, 10),
        (10 * PART + 1, 11),
    ] {
        let content = CONTENT.slice(..usize::try_from(len).unwrap());
        let rig = Rig::with(Object::new(content.clone()).etag(ETAG)).await;
        let (report, _) = rig.download().await.succeeds_with(&content, requests);
        assert_eq!((report.bytes, report.fetched), (len, len));
    }
}

#[tokio::test]
async fn a_content_length_that_is_no_number_is_no_answer() {
    for length in ["18446744073709551616", "-1", "+5", "5, 6", "0x10", ""] {
        let head = format!(
            "HTTP/1.1 206 Partial Content\r\nContent-Length: {length}\r\n\
             Content-Range: bytes {PART}-{}/{LEN}\r\nETag: {ETAG}\r\nx-cos-request-id: x\r\n\r\n",
            2 * PART - 1,
        );
        let rig = Rig::befallen(Fault::new().raw(head), 1).await;
        let error = rig.download().await.fails_for_now(BEFALLEN).await;
        assert_eq!(error.failure(), Some(Failure::InvalidResponse), "{length}");
    }
}

#[tokio::test]
async fn progress_never_goes_back_nor_beyond_the_total_whatever_befalls() {
    let rig = Rig::new().await;
    for part in [0, 2, 4, 9] {
        rig.script(of_part(part), Fault::new().close_after(PART / 2));
    }
    let told = Arc::new(Mutex::new(Vec::new()));
    let keep = Arc::clone(&told);
    let progress =
        move |now: Transferred| keep.lock().unwrap().push((now.committed(), now.total()));
    let downloader = rig.downloader().progress(progress);
    rig.download_by(downloader).await.succeeds(REQUESTS + 4);
    let told = told.lock().unwrap();
    assert!(
        told.is_sorted_by_key(|(committed, _)| *committed),
        "{told:?}"
    );
    assert!(told.iter().all(|(committed, total)| committed <= total));
    assert_eq!(told.last(), Some(&(LEN, LEN)));
}
