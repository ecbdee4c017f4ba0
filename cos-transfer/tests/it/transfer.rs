//! Downloads that are given up: what stays, and what goes.

use std::time::Duration;

use cos_emulator::{Emulator, Fault, MemoryBucket, Object, When};
use cos_proto::{Addressing, Endpoint};
use cos_transfer::{DownloadError, Downloader, Transferred};
use cos_transport::Client;

use crate::support::{Folder, content, object};

const BUCKET: &str = "examplebucket-1250000000";
const KEY: &str = "folder/object";
const LEN: usize = 4_000_000;
const PART: u64 = 1_000_000;

async fn emulator(object: Object) -> (Emulator, MemoryBucket) {
    let bucket = MemoryBucket::new(BUCKET);
    bucket.put(KEY, object);
    let emulator = Emulator::builder()
        .bucket(bucket.clone())
        .anonymous()
        .start()
        .await;
    (emulator.unwrap(), bucket)
}

fn downloader(emulator: &Emulator) -> Downloader<Client> {
    let endpoint = Endpoint::service_url(&emulator.url(), Addressing::Auto).unwrap();
    let client = Client::builder(endpoint.clone()).build().unwrap();
    Downloader::new(client, endpoint).part_size(PART)
}

/// Requests for the bytes of this part.
fn of_part(number: u64) -> When {
    When::get().range_from(number * PART)
}

#[tokio::test]
async fn a_cancelled_download_says_what_is_kept_and_the_next_one_goes_on_from_there() {
    let (emulator, _) = emulator(Object::new(content(LEN))).await;
    emulator
        .faults()
        .script(of_part(3), Fault::new().stall_head_for_ever());
    let folder = Folder::new();
    let dest = folder.join("file");
    let (tell, mut told) = tokio::sync::watch::channel(0);
    let mut first = downloader(&emulator)
        .progress(move |now: Transferred| {
            tell.send_replace(now.committed());
        })
        .download(object(), &dest);
    tokio::select! {
        end = &mut first => panic!("{end:?}"),
        told = told.wait_for(|&told| told == 3 * PART) => drop(told.unwrap()),
    }
    let kept = first.cancel().await;
    assert_eq!(kept, 3 * PART);
    assert_eq!(folder.names(), ["file.cosckpt", "file.cospart"]);

    // One that is given up before it has begun leaves all of it.
    let second = downloader(&emulator).download(object(), &dest);
    assert_eq!(second.cancel().await, kept);
    assert_eq!(folder.names(), ["file.cosckpt", "file.cospart"]);

    let mut third = downloader(&emulator).download(object(), &dest);
    let report = (&mut third).await.unwrap();
    assert_eq!((report.resumed, report.fetched), (kept, LEN as u64 - kept));
    assert!(std::fs::read(&dest).unwrap() == content(LEN));
    assert_eq!(third.cancel().await, 0, "it has ended");
    assert_eq!(folder.names(), ["file"]);
    emulator.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_second_download_of_the_process_waits_for_the_first() {
    let (emulator, _) = emulator(Object::new(content(LEN))).await;
    emulator
        .faults()
        .script(When::get().always(), Fault::new().throttle(4_000_000));
    let folder = Folder::new();
    let dest = folder.join("file");
    let first = tokio::spawn(downloader(&emulator).download(object(), &dest));
    let second = tokio::spawn(downloader(&emulator).download(object(), &dest));
    let (first, second) = (
        first.await.unwrap().unwrap(),
        second.await.unwrap().unwrap(),
    );
    assert_eq!((first.requests, second.requests), (4, 4));
    assert!(std::fs::read(&dest).unwrap() == content(LEN));
    assert_eq!(folder.names(), ["file"]);

    // One that waits can be given up, and the first is not touched by it.
    let mut first = downloader(&emulator).download(object(), &dest);
    let mut second = downloader(&emulator).download(object(), &dest);
    let turn = async {
        while !folder.join("file.cospart").exists() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::select! {
        biased;
        end = &mut first => panic!("{end:?}"),
        end = &mut second => panic!("{end:?}"),
        () = turn => {}
    }
    second.cancel().await;
    assert!(folder.join("file.cospart").exists());
    first.await.unwrap();
    emulator.shutdown().await.unwrap();
}

#[tokio::test]
async fn h6_the_head_that_a_reader_has_told_binds_it() {
    let (emulator, bucket) = emulator(Object::new(vec![b'a'; 1000]).etag("\"a\"")).await;
    let replace = move || drop(bucket.put(KEY, Object::new(vec![b'b'; 2000]).etag("\"b\"")));
    emulator
        .faults()
        .script(When::get(), Fault::new().reset_after(0).then(replace));
    let mut reader = downloader(&emulator).read(object());
    assert_eq!(reader.head().await.unwrap().size(), 1000);
    let error = reader.chunk().await.unwrap().unwrap_err();
    assert!(matches!(error, DownloadError::Changed(_)), "{error:?}");
    assert!(reader.chunk().await.is_none());
    emulator.shutdown().await.unwrap();
}

/// Nothing could bind parts of it together, so it comes by one request, at the pace of its reader.
#[tokio::test]
async fn h17_an_object_without_an_entity_tag_is_read_as_one_stream() {
    let (emulator, _) = emulator(Object::new(content(LEN))).await;
    emulator
        .faults()
        .script(When::get().always(), Fault::new().drop_header("etag"));
    let mut reader = downloader(&emulator).read(object());
    let mut read = Vec::new();
    while let Some(chunk) = reader.chunk().await {
        read.extend_from_slice(&chunk.unwrap());
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    assert!(read == content(LEN));
    let report = reader.report().unwrap();
    assert_eq!((report.requests, report.pinned), (2, false));
    emulator.shutdown().await.unwrap();
}
