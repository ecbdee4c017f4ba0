//! What binds a journal to its object.

use core::ops::Range;

use alloc::string::String;
use alloc::vec::Vec;

use cos_proto::{ETag, GetObject, crc64};

use super::bytes::{Fields, put_text};
use crate::engine::identity::Identity;

/// The object that a journal speaks of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::engine) struct Header {
    pub(super) bucket: String,
    pub(super) key: String,
    /// Of the request, not of the answer: empty if the request named none.
    pub(super) version_id: String,
    pub(super) etag: ETag,
    pub(super) size: u64,
    pub(super) crc64: Option<u64>,
    pub(super) range: Range<u64>,
}

/// What a header begins with, less the version of the format.
pub(super) const MAGIC: &[u8] = b"COSCKPT";

/// The version of the format.
const VERSION: u8 = 1;

/// The longest body: a bucket, a key, a version id and an entity tag have less than 4 KiB together.
const MAX_BODY: u32 = 16 * 1024;

impl Header {
    /// The header of a download; `None` for one that cannot have a checkpoint.
    pub(in crate::engine) fn new(
        asked: &GetObject,
        identity: &Identity,
        range: Range<u64>,
    ) -> Option<Self> {
        Some(Self {
            bucket: asked.bucket.as_str().into(),
            key: asked.key.as_str().into(),
            version_id: version_id(asked).into(),
            etag: identity.etag.clone()?,
            size: identity.size,
            crc64: identity.crc64,
            range,
        })
    }

    /// Whether it is of the object that `asked` names.
    pub(super) fn is_of(&self, asked: &GetObject) -> bool {
        let if_match = asked.conditions.if_match.as_ref();
        self.bucket == asked.bucket.as_str()
            && self.key == asked.key.as_str()
            && self.version_id == version_id(asked)
            && if_match.is_none_or(|etag| etag.strongly_matches(&self.etag))
    }

    /// What [`Header::decode`] reads, and its check; `None` for names that no object has.
    pub(in crate::engine) fn encode(&self) -> Option<(Vec<u8>, u64)> {
        let mut body = Vec::new();
        put_text(&mut body, &self.bucket)?;
        put_text(&mut body, &self.key)?;
        put_text(&mut body, &self.version_id)?;
        put_text(&mut body, self.etag.as_str())?;
        body.extend_from_slice(&self.size.to_le_bytes());
        body.push(self.crc64.is_some().into());
        for number in [self.crc64.unwrap_or(0), self.range.start, self.range.end] {
            body.extend_from_slice(&number.to_le_bytes());
        }
        let len = u32::try_from(body.len())
            .ok()
            .filter(|&len| len <= MAX_BODY)?;

        let mut bytes = Vec::from(MAGIC);
        bytes.push(VERSION);
        bytes.extend_from_slice(&len.to_le_bytes());
        bytes.append(&mut body);
        let check = crc64::checksum(&bytes);
        bytes.extend_from_slice(&check.to_le_bytes());
        Some((bytes, check))
    }

    /// Reads the header that `bytes` begin with: it, its check, and its length.
    pub(super) fn decode(bytes: &[u8]) -> Result<(Self, u64, usize), Undecodable> {
        let (version, body, check, len) = frame(bytes).ok_or(Undecodable::Damaged)?;
        if version != VERSION {
            return Err(Undecodable::OtherFormat);
        }
        let header = Self::read(body).ok_or(Undecodable::Damaged)?;
        Ok((header, check, len))
    }

    fn read(body: &[u8]) -> Option<Self> {
        let mut fields = Fields(body);
        let header = Self {
            bucket: fields.text()?.into(),
            key: fields.text()?.into(),
            version_id: fields.text()?.into(),
            etag: ETag::new(fields.text()?).ok()?,
            size: fields.u64()?,
            crc64: match (fields.u8()?, fields.u64()?) {
                (0, _) => None,
                (1, crc64) => Some(crc64),
                _ => return None,
            },
            range: fields.u64()?..fields.u64()?,
        };
        let lawful = header.range.start <= header.range.end && header.range.end <= header.size;
        (lawful && fields.0.is_empty()).then_some(header)
    }
}

/// Why bytes are no header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Undecodable {
    Damaged,
    /// It is whole, and of a version of the format that this code does not know.
    OtherFormat,
}

/// Version, body, check and length of a header that is whole.
fn frame(bytes: &[u8]) -> Option<(u8, &[u8], u64, usize)> {
    let mut fields = Fields(bytes.strip_prefix(MAGIC)?);
    let version = fields.u8()?;
    let len = fields.u32().filter(|&len| len <= MAX_BODY)?;
    let body = fields.bytes(usize::try_from(len).ok()?)?;
    let checked = bytes.get(..bytes.len().checked_sub(fields.0.len())?)?;
    let check = fields.u64()?;
    let len = bytes.len().checked_sub(fields.0.len())?;
    (crc64::checksum(checked) == check).then_some((version, body, check, len))
}

fn version_id(asked: &GetObject) -> &str {
    asked.version_id.as_ref().map_or("", |id| id.as_str())
}

#[cfg(test)]
mod tests {
    use cos_proto::{Bucket, Key, VersionId};

    use super::*;

    fn asked() -> GetObject {
        GetObject::new(Bucket::new("b-1").unwrap(), Key::new("a/ü").unwrap())
    }

    fn header(crc64: Option<u64>) -> Header {
        let identity = Identity {
            etag: Some(ETag::new("e-2").unwrap()),
            size: 100,
            crc64,
            version_id: None,
        };
        Header::new(&asked(), &identity, 10..90).unwrap()
    }

    #[test]
    fn a_header_is_read_back() {
        for header in [header(None), header(Some(0)), header(Some(u64::MAX))] {
            let (mut bytes, check) = header.encode().unwrap();
            let len = bytes.len();
            bytes.extend_from_slice(b"more");
            assert_eq!(Header::decode(&bytes), Ok((header, check, len)));
        }
    }

    #[test]
    fn every_flip_and_every_cut_is_told() {
        let (bytes, _) = header(Some(7)).encode().unwrap();
        for bit in 0..bytes.len() * 8 {
            let mut flipped = bytes.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(Header::decode(&flipped), Err(Undecodable::Damaged), "{bit}");
        }
        for len in 0..bytes.len() {
            assert_eq!(
                Header::decode(&bytes[..len]),
                Err(Undecodable::Damaged),
                "{len}"
            );
        }
    }

    #[test]
    fn another_version_of_the_format_is_told_from_damage() {
        let (mut bytes, _) = header(None).encode().unwrap();
        let end = bytes.len() - 8;
        bytes[MAGIC.len()] = 2;
        let check = crc64::checksum(&bytes[..end]);
        bytes[end..].copy_from_slice(&check.to_le_bytes());
        assert_eq!(Header::decode(&bytes), Err(Undecodable::OtherFormat));
    }

    #[test]
    fn every_name_of_the_request_binds() {
        let header = header(None);
        assert!(header.is_of(&asked()));
        assert!(header.is_of(&asked().if_match(ETag::new("e-2").unwrap())));
        let mut other = asked();
        other.key = Key::new("a/u").unwrap();
        assert!(!header.is_of(&other));
        other = asked();
        other.bucket = Bucket::new("b-2").unwrap();
        assert!(!header.is_of(&other));
        assert!(!header.is_of(&asked().version_id(VersionId::new("v").unwrap())));
        assert!(!header.is_of(&asked().if_match(ETag::new("e-3").unwrap())));
    }

    #[test]
    fn without_an_entity_tag_there_is_no_journal() {
        let identity = Identity {
            etag: None,
            size: 100,
            crc64: Some(1),
            version_id: None,
        };
        assert_eq!(Header::new(&asked(), &identity, 0..100), None);
    }
}
