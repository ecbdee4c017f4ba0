//! An object, and how it is answered for.

use std::ops::Range;

use cos_proto::{ETag, Failure, GetObject, crc64};
use http::response::Parts;

/// One state of the object.
#[derive(Clone, Debug)]
pub(super) struct Object {
    pub(super) bytes: Vec<u8>,
    /// What the service says it is.
    pub(super) crc64: u64,
    pub(super) etag: ETag,
}

impl Object {
    /// Bytes by which every state, and every place in it, can be told.
    pub(super) fn new(state: usize, len: usize) -> Self {
        let byte = |i: usize| u8::try_from((i * 131 + i / 251 + state * 77) % 255 + 1).unwrap();
        let bytes: Vec<u8> = (0..len).map(byte).collect();
        Self {
            crc64: crc64::checksum(&bytes),
            bytes,
            etag: ETag::new(format!("state-{state}")).unwrap(),
        }
    }

    /// A head and the range of the object that its body has, or a refusal.
    pub(super) fn answer(&self, get: &GetObject) -> Result<(Parts, Range<usize>), Failure> {
        let if_match = get.conditions.if_match.as_ref();
        if if_match.is_some_and(|etag| !etag.strongly_matches(&self.etag)) {
            return Err(Failure::PreconditionFailed);
        }
        let size = self.bytes.len() as u64;
        let range = match get.range {
            None => 0..size,
            Some(range) => range.resolve(size).ok_or(Failure::RangeNotSatisfiable {
                complete: Some(size),
            })?,
        };
        let (start, end) = (range.start, range.end);
        let mut head = http::Response::builder()
            .header("content-length", end - start)
            .header("etag", format!("\"{}\"", self.etag.as_str()))
            .header("x-cos-hash-crc64ecma", self.crc64);
        if get.range.is_some() {
            let content_range = format!("bytes {start}-{}/{size}", end - 1);
            head = head.status(206).header("content-range", content_range);
        }
        let (head, ()) = head.body(()).unwrap().into_parts();
        let [start, end] = [start, end].map(|at| usize::try_from(at).unwrap());
        Ok((head, start..end))
    }
}
