//! The service: an object through its states, and its answers.

use std::ops::Range;

use cos_proto::{Bucket, ETag, Failure, GetObject, Key, crc64};
use http::response::Parts;

/// One state of the object.
#[derive(Clone, Debug)]
pub(crate) struct State {
    pub(crate) bytes: Vec<u8>,
    pub(crate) etag: Option<String>,
    pub(crate) crc64: Option<u64>,
}

impl State {
    /// Bytes by which every state, and every place in it, can be told.
    pub(crate) fn new(number: u64, len: usize) -> Self {
        let byte = |i: usize| (i as u64 * 131 + i as u64 / 256 + number * 77) as u8;
        let bytes: Vec<u8> = (0..len).map(byte).collect();
        Self {
            crc64: Some(crc64::checksum(&bytes)),
            etag: Some(format!("\"state-{number}\"")),
            bytes,
        }
    }

    pub(crate) fn without_etag(mut self) -> Self {
        self.etag = None;
        self
    }

    pub(crate) fn without_crc64(mut self) -> Self {
        self.crc64 = None;
        self
    }

    pub(crate) fn size(&self) -> u64 {
        self.bytes.len() as u64
    }

    /// The answer to a request: a head and the range of the object that its body has, or a refusal.
    pub(crate) fn answer(&self, get: &GetObject) -> Result<(Parts, Range<u64>), Failure> {
        let etag = self.etag.as_ref().map(|etag| ETag::parse(etag).unwrap());
        let conditions = &get.conditions;
        if conditions.if_match.is_some() && conditions.if_match != etag {
            return Err(Failure::PreconditionFailed);
        }
        if conditions.if_none_match.is_some() && conditions.if_none_match == etag {
            return Err(Failure::NotModified);
        }
        let size = self.size();
        let range = match get.range {
            None => 0..size,
            Some(range) => range.resolve(size).ok_or(Failure::RangeNotSatisfiable {
                complete: Some(size),
            })?,
        };
        let mut head = http::Response::builder().header("content-length", range.end - range.start);
        if get.range.is_some() {
            let content_range = format!("bytes {}-{}/{size}", range.start, range.end - 1);
            head = head.status(206).header("content-range", content_range);
        }
        if let Some(etag) = &self.etag {
            head = head.header("etag", etag);
        }
        if let Some(crc64) = self.crc64 {
            head = head.header("x-cos-hash-crc64ecma", crc64);
        }
        Ok((head.body(()).unwrap().into_parts().0, range))
    }

    pub(crate) fn body(&self, range: Range<u64>) -> &[u8] {
        &self.bytes[range.start as usize..range.end as usize]
    }
}

pub(crate) fn get() -> GetObject {
    GetObject::new(Bucket::new("b-1250000000").unwrap(), Key::new("k").unwrap())
}

/// Numbers for schedules.
#[derive(Clone, Debug)]
pub(crate) struct Numbers(pub(crate) u64);

impl Numbers {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        let x = self.0 ^ (self.0 >> 33);
        x.wrapping_mul(0xff51_afd7_ed55_8ccd) >> 20
    }

    /// A number below `end`; 0 if there is none.
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.next().checked_rem(end).unwrap_or(0)
    }
}
