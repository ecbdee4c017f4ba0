//! A whole download through the engine, without IO: every request is answered in turn.

use std::collections::VecDeque;
use std::time::Duration;

use cos_proto::crc64;
use cos_transfer::engine::{Download, Options, Outcome, Output, Request};

/// Bytes of a part: few, as it is not their CRC64 that is measured.
const PART: u64 = 640;

/// Downloads an object of so many parts, each of them in so many chunks, with a record for each;
/// what is written to the journal goes to `journal`. Answers the number of requests.
pub(super) fn run(parts: u64, chunks: u64, journal: &mut dyn FnMut(&[u8])) -> u64 {
    let bytes = vec![7; usize::try_from(PART).unwrap()];
    let part_crc64 = crc64::checksum(&bytes);
    let object = Object {
        size: parts * PART,
        crc64: (0..parts).fold(0, |all, _| crc64::combine(all, part_crc64, PART)),
        part: bytes.chunks(bytes.len() / usize::try_from(chunks).unwrap()),
    };
    let options = Options::new()
        .part_size(PART)
        .record_every(PART / chunks, Duration::from_secs(1));
    let mut driver = Driver {
        download: Download::new(super::get(), options, 0),
        now: Duration::ZERO,
        requests: VecDeque::new(),
        journal,
    };
    loop {
        if let Some(outcome) = driver.settle() {
            return outcome.requests;
        }
        let request = driver.requests.pop_front().unwrap();
        driver.answer(&request, &object);
    }
}

/// What the service has: all parts of the object have the same bytes, which come in these chunks.
struct Object<'a> {
    size: u64,
    crc64: u64,
    part: std::slice::Chunks<'a, u8>,
}

struct Driver<'a> {
    download: Download,
    now: Duration,
    /// As many are under way as there are connections.
    requests: VecDeque<Box<Request>>,
    journal: &'a mut dyn FnMut(&[u8]),
}

impl Driver<'_> {
    /// Does what the machine wants until it waits.
    fn settle(&mut self) -> Option<Outcome> {
        self.now += Duration::from_micros(10);
        loop {
            match self.download.poll_output(self.now) {
                Output::Request(request) => self.requests.push_back(request),
                Output::Rewrite(bytes) => (self.journal)(&bytes),
                Output::Record(record) => (self.journal)(record.as_bytes()),
                Output::Begin { .. } => {}
                Output::WaitUntil(_) => return None,
                Output::Done(outcome) => return Some(outcome),
                // Nothing fails, and no range is long enough to be split.
                other => panic!("{other:?}"),
            }
        }
    }

    fn answer(&mut self, request: &Request, object: &Object<'_>) {
        let size = object.size;
        let range = request.get.range.unwrap().resolve(size).unwrap();
        let content_range = format!("bytes {}-{}/{size}", range.start, range.end - 1);
        let (head, ()) = http::Response::builder()
            .status(206)
            .header("content-length", range.end - range.start)
            .header("content-range", content_range)
            .header("etag", "\"9a4802d5c99dafe1c04da0a8e7e166bf\"")
            .header("x-cos-hash-crc64ecma", object.crc64)
            .body(())
            .unwrap()
            .into_parts();
        let guard = self.download.handle_head(request.task, &head, self.now);
        let mut guard = guard.unwrap();
        for chunk in object.part.clone() {
            guard.accept(chunk).unwrap();
            self.download
                .handle_written(request.task, guard.so_far(), self.now);
            assert!(self.settle().is_none(), "the end of a body is told");
        }
        self.download.handle_end(request.task, self.now);
    }
}
