//! What the journal on the disk holds by now.

use alloc::collections::VecDeque;
use alloc::vec::Vec;

use cos_proto::Extent;

use super::journal::{Header, MAX_RECORDS, Record};

/// Makes records, and says when the journal has become so long that it has to be rewritten.
#[derive(Clone, Debug)]
pub(super) struct Log {
    header: Vec<u8>,
    check: u64,
    /// Records in the journal on the disk.
    written: usize,
    /// At how many of them it is rewritten.
    limit: usize,
    rewrite: bool,
    waiting: VecDeque<Record>,
}

impl Log {
    /// The log of a journal that is still to be made; `None` if there can be none.
    pub(super) fn new(header: &Header) -> Option<Self> {
        let (header, check) = header.encode()?;
        Some(Self {
            header,
            check,
            written: 0,
            limit: MAX_RECORDS,
            rewrite: true,
            waiting: VecDeque::new(),
        })
    }

    /// Records an extent.
    pub(super) fn push(&mut self, extent: Extent) {
        self.waiting.push_back(Record::new(self.check, extent));
        self.written = self.written.saturating_add(1);
        self.rewrite |= self.written > self.limit;
    }

    /// The next record to append.
    pub(super) fn next(&mut self) -> Option<Record> {
        self.waiting.pop_front()
    }

    /// Whether the journal has to be written anew before anything is appended.
    pub(super) const fn is_to_be_rewritten(&self) -> bool {
        self.rewrite
    }

    /// The journal anew, with all that is known by now.
    pub(super) fn rewrite<'a>(&mut self, extents: impl Iterator<Item = &'a Extent>) -> Vec<u8> {
        let mut journal = self.header.repeat(2);
        self.written = 0;
        for extent in extents {
            journal.extend_from_slice(Record::new(self.check, *extent).as_bytes());
            self.written = self.written.saturating_add(1);
        }
        // Where there are that many gaps, rewriting does not make it shorter: then it may double.
        self.limit = self.written.saturating_mul(2).max(MAX_RECORDS);
        self.rewrite = false;
        // They are among the extents.
        self.waiting.clear();
        journal
    }
}
