//! The journal as a file: read as a whole, appended to, or written anew.

use std::io;

use super::place::Place;
use crate::engine::journal::MAX_LEN;
use crate::storage::{Dir, File, out_of_handles};

/// The journal's file, which holds the lock.
#[derive(Debug)]
pub(super) struct Journal<F> {
    file: F,
    /// Where the next record goes.
    end: u64,
}

impl<F: File> Journal<F> {
    /// A journal that is not known yet.
    pub(super) fn new(file: F) -> Self {
        Self { file, end: 0 }
    }

    /// What it holds, no more than a journal may have; `None` if that is nothing, or cannot be read.
    pub(super) fn read(&mut self) -> Option<Vec<u8>> {
        let len = usize::try_from(self.file.len().ok()?).unwrap_or(usize::MAX);
        let mut bytes = vec![0; len.min(MAX_LEN)];
        let mut filled = 0;
        while let Some(rest) = bytes.get_mut(filled..).filter(|rest| !rest.is_empty()) {
            match self.file.read_at(rest, offset(filled)).ok()? {
                0 => break,
                len => filled = filled.saturating_add(len),
            }
        }
        bytes.truncate(filled);
        self.end = offset(filled);
        (!bytes.is_empty()).then_some(bytes)
    }

    /// Appends a record; false if there is no journal yet that it could belong to.
    pub(super) fn append(&mut self, record: &[u8]) -> io::Result<bool> {
        if self.end == 0 {
            return Ok(false);
        }
        self.write(record)?;
        Ok(true)
    }

    /// Writes it anew. Where there is nothing to lose, that is just written; else it goes into
    /// another file, which then takes the name. That one is locked before, so that nobody finds the
    /// name without a lock.
    ///
    /// Where there is no handle for another file, the journal stays as it is: it says no less.
    pub(super) fn rewrite<D: Dir<File = F>>(
        &mut self,
        place: &Place<D>,
        bytes: &[u8],
    ) -> io::Result<()> {
        if self.end == 0 {
            return self.write(bytes);
        }
        let file = match create_new(place) {
            Err(error) if out_of_handles(&error) => return Ok(()),
            created => created?,
        };
        let mut new = Self { file, end: 0 };
        let (dir, names) = (&place.sidecars, &place.names);
        let written = (|| {
            new.write(bytes)?;
            new.file.try_lock()?;
            // A power cut must not leave less than there was, which is on the disk for the most part.
            new.file.sync_data()?;
            dir.rename(&names.new, dir, &names.journal)
        })();
        if written.is_err() {
            let _ = dir.remove(&names.new);
        }
        written?;
        *self = new;
        Ok(())
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all_at(bytes, self.end)?;
        self.end = self.end.saturating_add(offset(bytes.len()));
        Ok(())
    }

    /// Empties it.
    pub(super) fn clear(&mut self) -> io::Result<()> {
        self.end = 0;
        self.file.set_len(0)
    }
}

/// Makes the file that is called as the journal that is being written anew. What is left there of a
/// run that was killed goes.
pub(super) fn create_new<D: Dir>(place: &Place<D>) -> io::Result<D::File> {
    let (dir, name) = (&place.sidecars, &place.names.new);
    match dir.create(name) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        created => return created,
    }
    dir.remove(name)?;
    dir.create(name)
}

fn offset(len: usize) -> u64 {
    u64::try_from(len).unwrap_or(u64::MAX)
}
