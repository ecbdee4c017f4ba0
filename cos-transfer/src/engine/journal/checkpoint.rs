//! What a journal claims, read from any bytes.

use core::iter;
use core::ops::Range;

use alloc::vec::Vec;

use cos_proto::{Extent, GetObject};

use super::header::{Header, MAGIC, Undecodable};
use super::{MAX_LEN, Record};
use crate::engine::extents::Extents;
use crate::engine::identity::Identity;

/// What a journal says about an object: which one it is, and which of its bytes are claimed to be
/// on the disk.
#[derive(Clone, Debug)]
pub struct Checkpoint {
    header: Header,
    claims: Extents,
}

impl Checkpoint {
    /// Reads a journal, of which no more than [`MAX_LEN`] bytes are looked at.
    ///
    /// # Errors
    ///
    /// [`NotOurs`]: there is nothing to resume from, and the download starts anew.
    pub fn read(journal: &[u8], asked: &GetObject) -> Result<Self, NotOurs> {
        let journal = journal.get(..MAX_LEN).unwrap_or(journal);
        let (header, check) = find_header(journal)?;
        let wanted = match asked.range {
            None => Some(0..header.size),
            Some(range) => range.resolve(header.size),
        };
        if !header.is_of(asked) {
            return Err(NotOurs::OtherObject);
        }
        if wanted.as_ref() != Some(&header.range) {
            return Err(NotOurs::OtherRange);
        }
        // Claims are as fine as they were written, since what does not verify is fetched again as
        // a whole; only where there are too many are they merged.
        let mut claims = Extents::new(1);
        for extent in records(journal, check, header.range.clone()) {
            claims.replace(extent);
        }
        Ok(Self { header, claims })
    }

    /// The bytes that are wanted, as offsets in the object: a byte at offset `n` lies at
    /// `n - range.start` of the file.
    #[must_use]
    pub fn range(&self) -> Range<u64> {
        self.header.range.clone()
    }

    /// Length of the whole object.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.header.size
    }

    /// What is claimed to be on the disk, in order.
    pub fn claims(&self) -> impl Iterator<Item = Extent> {
        self.claims.iter().copied()
    }

    pub(in crate::engine) fn identity(&self) -> Identity {
        Identity {
            etag: Some(self.header.etag.clone()),
            size: self.header.size,
            crc64: self.header.crc64,
            version_id: None,
        }
    }

    pub(in crate::engine) fn gaps(&self) -> Vec<Range<u64>> {
        self.claims.gaps(&self.header.range)
    }
}

/// Why a journal is nothing to resume from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NotOurs {
    /// There is no journal in it, or one that is damaged beyond use.
    #[error("there is no journal in it")]
    NoHeader,
    /// It is of a version of the format that is not known here.
    #[error("the journal is of another format")]
    OtherFormat,
    /// It is of another object or version, or of a state of it that was not asked for.
    #[error("the journal is of another object")]
    OtherObject,
    /// It is of another range of the object.
    #[error("the journal is of another range of the object")]
    OtherRange,
}

/// The first header that is whole, wherever it stands.
fn find_header(journal: &[u8]) -> Result<(Header, u64), NotOurs> {
    let mut failure = NotOurs::NoHeader;
    for bytes in suffixes(journal).filter(|bytes| bytes.starts_with(MAGIC)) {
        match Header::decode(bytes) {
            Ok((header, check, _)) => return Ok((header, check)),
            Err(Undecodable::OtherFormat) => failure = NotOurs::OtherFormat,
            Err(Undecodable::Damaged) => {}
        }
    }
    Err(failure)
}

/// All records that are whole, in the order in which they were written: each of them behind the
/// last one, or wherever the next one stands.
fn records(mut journal: &[u8], check: u64, range: Range<u64>) -> impl Iterator<Item = Extent> {
    iter::from_fn(move || {
        while !journal.is_empty() {
            let found = Record::decode(journal, check, &range);
            let step = if found.is_some() { Record::LEN } else { 1 };
            journal = journal.get(step..).unwrap_or_default();
            if found.is_some() {
                return found;
            }
        }
        None
    })
}

fn suffixes(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    iter::successors(Some(bytes), |bytes| bytes.get(1..))
}
