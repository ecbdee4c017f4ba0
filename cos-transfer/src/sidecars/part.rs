//! The part file: the bytes of the object that have come, each where it belongs.

use std::ffi::OsStr;
use std::io;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::SystemTime;

use cos_proto::{Crc64, Extent};

use super::journal::create_new;
use super::place::Place;
use super::write_back::{self, WriteBack};
use crate::storage::{Dir, File, Kind};

/// From how many bytes on space is reserved. What is shorter is hardly ever written in several
/// pieces, and to reserve space for thousands of small files costs more than it saves.
const RESERVE_FROM: u64 = 256 * 1024;

/// From how many bytes on the disk is kept at work from the start: below that the last sync has
/// little to do.
const WRITE_BACK_FROM: u64 = 2 * write_back::STEP;

/// How much is read back at a time.
const READ_BACK: usize = 256 * 1024;

/// The bytes of a range of the object: that at offset `n` of the object lies at `n - range.start`.
#[derive(Debug)]
pub(super) struct Part<F> {
    file: Arc<F>,
    range: Range<u64>,
    write_back: Option<WriteBack>,
    /// Whether it was made in this run, so that it knows which mode the umask leaves a file.
    created: bool,
}

impl<F: File> Part<F> {
    /// Makes an empty one. What is there of that name is unlinked, whatever it is.
    pub(super) fn create<D: Dir<File = F>>(
        place: &Place<D>,
        range: Range<u64>,
        durable: bool,
    ) -> io::Result<Self> {
        remove(place)?;
        let file = place.sidecars.create(&place.names.part)?;
        let created = true;
        Ok(Self::new(file, range, durable, created))
    }

    /// What a former run has left; `None` if there is nothing that is nobody's but ours. It is cut
    /// off where the range ends.
    pub(super) fn adopt<D: Dir<File = F>>(
        place: &Place<D>,
        range: Range<u64>,
        durable: bool,
    ) -> Option<Self> {
        let (dir, name) = (&place.sidecars, &place.names.part);
        // To open what is no file may do something.
        if dir.entry(name).ok()??.kind != Kind::File {
            return None;
        }
        let file = dir.open(name).ok()??;
        // What stands there now is the file that was opened, and that is what it says it is.
        let entry = dir.entry(name).ok()??;
        let sound = entry.kind == Kind::File && entry.alone && entry.ours;
        if !sound || !dir.is(name, &file).ok()? {
            return None;
        }
        let created = false;
        let part = Self::new(file, range, durable, created);
        if entry.len > part.len() {
            part.file.set_len(part.len()).ok()?;
        }
        Some(part)
    }

    fn new(file: F, range: Range<u64>, durable: bool, created: bool) -> Self {
        let file = Arc::new(file);
        let len = range.end.saturating_sub(range.start);
        Self {
            write_back: (durable && len >= WRITE_BACK_FROM)
                .then(|| WriteBack::start(Arc::clone(&file)))
                .flatten(),
            file,
            range,
            created,
        }
    }

    /// Takes the space for it.
    pub(super) fn reserve(&self) -> io::Result<()> {
        if self.len() < RESERVE_FROM {
            return Ok(());
        }
        self.file.reserve(self.len())
    }

    pub(super) fn is_of(&self, range: &Range<u64>) -> bool {
        self.range == *range
    }

    pub(super) fn write(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        let at = self.at(offset, bytes.len())?;
        self.file.write_all_at(bytes, at)?;
        if let Some(write_back) = &self.write_back {
            write_back.wrote(u64::try_from(bytes.len()).unwrap_or(u64::MAX));
        }
        Ok(())
    }

    /// What the disk has been asked to do by now, it has done, or does before this returns.
    ///
    /// # Errors
    ///
    /// It could not be made durable: what of the file is on the disk, nobody knows.
    pub(super) fn settle(&mut self) -> io::Result<()> {
        self.write_back.take().map_or(Ok(()), WriteBack::finish)
    }

    /// Whatever is read from now on is on the disk, after a sync that has failed.
    pub(super) fn forget(&self) -> io::Result<()> {
        self.file.forget()
    }

    /// Whether [`settle`](Self::settle) will fail.
    pub(super) fn is_spoilt(&self) -> bool {
        self.write_back.as_ref().is_some_and(WriteBack::has_failed)
    }

    /// Does what is left to do before it can be published: all its bytes are there.
    ///
    /// # Errors
    ///
    /// The file could not be made durable: what of it is on the disk, nobody knows.
    pub(super) fn complete<D: Dir<File = F>>(
        &mut self,
        place: &Place<D>,
        modified: Option<SystemTime>,
        durable: bool,
    ) -> io::Result<()> {
        self.settle()?;
        // Time and mode may be nobody's but the owner's to set, where a file system is mounted for
        // somebody else. That is no reason to throw a good file away, and a disk that fails says so
        // when it syncs.
        if let Some(modified) = modified {
            let _ = self.file.set_modified(modified);
        }
        let _ = self.make_public(place);
        if durable {
            self.file.sync_all()?;
        }
        Ok(())
    }

    /// Gives it the mode of a new file, of which one is made where this one is not new.
    fn make_public<D: Dir<File = F>>(&self, place: &Place<D>) -> io::Result<()> {
        if self.created {
            return self.file.make_public(&self.file);
        }
        let like = create_new(place)?;
        let made = self.file.make_public(&like);
        place.sidecars.remove(&place.names.new)?;
        made
    }

    /// Whether a name is this file's.
    pub(super) fn is_at<D: Dir<File = F>>(&self, dir: &D, name: &OsStr) -> io::Result<bool> {
        dir.is(name, &self.file)
    }

    /// The CRC64 of what is there of an extent, unless it is `stopped`.
    pub(super) fn crc64(&self, extent: &Extent, stopped: &AtomicBool) -> io::Result<u64> {
        let len = usize::try_from(extent.len()).unwrap_or(usize::MAX);
        let mut at = self.at(extent.offset(), len)?;
        let mut left = len;
        let mut crc = Crc64::new();
        let mut buffer = vec![0; READ_BACK.min(left)];
        while left > 0 {
            let buffer = buffer.get_mut(..READ_BACK.min(left)).unwrap_or_default();
            let read = self.file.read_at(buffer, at)?;
            if read == 0 || stopped.load(Ordering::Relaxed) {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            crc.update(buffer.get(..read).unwrap_or_default());
            left = left.saturating_sub(read);
            at = at.saturating_add(u64::try_from(read).unwrap_or(u64::MAX));
        }
        Ok(crc.value())
    }

    /// How long the file is when it is complete.
    fn len(&self) -> u64 {
        self.range.end.saturating_sub(self.range.start)
    }

    /// Where so many bytes at an offset in the object lie in the file.
    fn at(&self, offset: u64, len: usize) -> io::Result<u64> {
        let within = |&at: &u64| {
            let end = at.checked_add(u64::try_from(len).ok()?)?;
            (end <= self.len()).then_some(())
        };
        offset
            .checked_sub(self.range.start)
            .filter(|at| within(at).is_some())
            .ok_or_else(|| io::ErrorKind::InvalidInput.into())
    }
}

/// Unlinks what stands at the part file's name.
pub(super) fn remove<D: Dir>(place: &Place<D>) -> io::Result<()> {
    match place.sidecars.remove(&place.names.part) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        removed => removed,
    }
}
