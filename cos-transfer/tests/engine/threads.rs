//! The example with plain threads, against the emulator.

use std::fs;

use cos_emulator::{Emulator, Fault, MemoryBucket, Object, When};
use cos_proto::{Addressing, Bucket, Endpoint, Failure, GetObject, Key};
use cos_transfer::Verified;
use cos_transfer::engine::{Error, Options};
use http::StatusCode;
use tempfile::TempDir;

#[expect(dead_code, reason = "an example has a main function")]
#[path = "../../examples/threads.rs"]
mod example;

const BUCKET: &str = "examplebucket-1250000000";
const PART: u64 = 1024 * 1024;
const PARTS: u64 = 6;

struct Place {
    emulator: Emulator,
    folder: TempDir,
    content: Vec<u8>,
}

impl Place {
    fn new() -> Self {
        let byte = |i: u64| (i * 31 + i / 1_000) as u8;
        let content: Vec<u8> = (0..PARTS * PART).map(byte).collect();
        let bucket = MemoryBucket::new(BUCKET);
        bucket.put("k", Object::new(content.clone()));
        let builder = Emulator::builder().bucket(bucket).anonymous();
        Self {
            emulator: builder.start_on_thread().unwrap(),
            folder: tempfile::tempdir().unwrap(),
            content,
        }
    }

    fn download(&self) -> Result<cos_transfer::engine::Outcome, example::BoxError> {
        let endpoint = Endpoint::service_url(&self.emulator.url(), Addressing::Auto).unwrap();
        let get = GetObject::new(Bucket::new(BUCKET).unwrap(), Key::new("k").unwrap());
        let options = Options::new().part_size(PART).connections(3);
        example::download(endpoint, get, options, &self.folder.path().join("file"))
    }

    fn names(&self) -> Vec<String> {
        let names = fs::read_dir(self.folder.path()).unwrap();
        let name = |entry: std::io::Result<fs::DirEntry>| entry.unwrap().file_name();
        let mut names: Vec<_> = names
            .map(|entry| name(entry).into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    fn assert_downloaded(&self) {
        assert!(fs::read(self.folder.path().join("file")).unwrap() == self.content);
        assert_eq!(self.names(), ["file"]);
        self.emulator.faults().check().unwrap();
    }
}

#[test]
fn an_object_is_downloaded_by_threads() {
    let place = Place::new();
    let outcome = place.download().unwrap();
    assert_eq!(
        (outcome.fetched, outcome.verified),
        (PARTS * PART, Verified::Crc64)
    );
    place.assert_downloaded();
}

#[test]
fn broken_bodies_and_refusals_are_survived_without_fetching_a_byte_twice() {
    let place = Place::new();
    let faults = place.emulator.faults();
    faults.script(When::get().range_from(0), Fault::new().close_after(100_000));
    faults.script(When::get().range_from(PART), Fault::new().reset_after(0));
    faults.script(
        When::get().range_from(2 * PART),
        Fault::new().status(StatusCode::BAD_GATEWAY),
    );
    let outcome = place.download().unwrap();
    assert_eq!(outcome.fetched, PARTS * PART);
    place.assert_downloaded();
}

#[test]
fn a_download_that_failed_goes_on_where_it_was() {
    let place = Place::new();
    let faults = place.emulator.faults();
    let refused = Fault::new().error(StatusCode::FORBIDDEN, "AccessDenied");
    faults.script(When::get().range_from(4 * PART), refused);
    let error = place.download().unwrap_err();
    let error = error.downcast_ref::<Error>().unwrap();
    assert_eq!(error.failure(), Some(Failure::Denied));
    assert_eq!(place.names(), ["file.journal", "file.part"]);

    // A byte that was damaged meanwhile costs its extent.
    let part = place.folder.path().join("file.part");
    let mut bytes = fs::read(&part).unwrap();
    bytes[500] ^= 1;
    fs::write(&part, bytes).unwrap();
    let outcome = place.download().unwrap();
    assert_eq!(outcome.fetched + outcome.resumed, PARTS * PART);
    assert!(
        outcome.resumed > 0 && outcome.fetched >= 2 * PART,
        "{outcome:?}"
    );
    place.assert_downloaded();
}
