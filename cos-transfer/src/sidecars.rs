//! The two files that a download keeps beside its destination: the bytes that have come, and the
//! journal of what they are.
//!
//! ```text
//! DEST            as it was, until it is replaced by the complete file in one step
//! DEST.cospart    the bytes
//! DEST.cosckpt    the journal, which whoever downloads to DEST holds locked
//! ```
//!
//! [`Sidecars`] does what the engine's outputs say. It does not judge: which bytes are there and
//! whether they are right is the engine's to know.
//!
//! # The lock
//!
//! The journal's file is locked, so it is there even for a download that keeps no checkpoint. A lock
//! on a file that has lost its name is no lock: after locking, the name is looked at once more. When
//! the journal is written anew, the new file is locked before it gets the name.
//!
//! A lock cannot be trusted on every network file system. So a part file is never emptied to be
//! written again: one that is of no use is unlinked, and a new one made. Two processes then either
//! write the same bytes of the same object to one file, or to two files, and before publication the
//! part file's name has to be that of the file that was written.
//!
//! # Whose files these are
//!
//! A part file or journal that is a symbolic link, has further names, or belongs to somebody else
//! is unlinked and made anew, and never written through.

mod journal;
mod lock;
mod part;
mod place;
#[cfg(test)]
mod tests;
mod turn;
mod write_back;

pub(crate) use place::{Place, is_reserved};
pub(crate) use turn::Turn;

use std::io;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError, RwLock, RwLockWriteGuard};
use std::time::SystemTime;

use cos_proto::{Extent, GetObject};

use crate::engine::journal::Checkpoint;
use crate::storage::Dir;
use crate::{DownloadError, LocalAction};
use journal::Journal;
use part::Part;

/// The sidecars of one destination, held by one download.
///
/// All methods block. They may run on any thread, several at once.
///
/// Dropping it keeps both files if there is anything in them to resume from, and removes them
/// otherwise, with the directories that were made for them. Then the lock goes. This blocks as well:
/// it waits for the disk if that is at work on the part file.
#[derive(Debug)]
pub(crate) struct Sidecars<D: Dir> {
    place: Place<D>,
    /// Written to under the read lock, so that whoever replaces it waits for the writes in flight.
    part: RwLock<Option<Part<D::File>>>,
    journal: Mutex<Journal<D::File>>,
    /// Whether the file has to outlive a power cut.
    durable: bool,
    /// Whether what is there is to stay when this is dropped.
    stays: AtomicBool,
    /// Whether nothing is to be read back any more.
    stopped: AtomicBool,
    /// Dropped last: the next download to this place may come.
    _turn: Turn,
}

/// How a complete file is to be published.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Publish {
    /// When the object was changed last, if that is to be the file's time.
    pub(crate) modified: Option<SystemTime>,
    /// Whether a file that is there is to be left alone.
    pub(crate) no_clobber: bool,
}

/// What became of a file that was to be published.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Published {
    Done,
    /// Another file was there, and was to be left alone.
    Skipped,
}

impl<D: Dir> Sidecars<D> {
    /// Takes hold of a place's sidecars, in this process's turn. If the file is to be `durable`, it is
    /// on the disk when it is published, and outlives a power cut.
    ///
    /// # Errors
    ///
    /// [`DownloadError::Busy`] while another process has hold of them; [`DownloadError::Local`]
    /// where no file can be made.
    pub(crate) fn open(place: Place<D>, turn: Turn, durable: bool) -> Result<Self, DownloadError> {
        let mut place = place;
        let mut locked = lock::lock(&place);
        if locked.as_ref().is_err_and(is_not_found)
            && let Some(again) = place.again()
        {
            place = again?;
            locked = lock::lock(&place);
        }
        let journal = locked?;
        Ok(Self {
            place,
            part: RwLock::new(None),
            journal: Mutex::new(Journal::new(journal)),
            durable,
            stays: AtomicBool::new(false),
            stopped: AtomicBool::new(false),
            _turn: turn,
        })
    }

    /// What a former run has left of this object, and the part file with it: the engine resumes
    /// from it. `None` if there is nothing of use; what there was is deleted then.
    ///
    /// Not to be called for a download that is to start anew.
    ///
    /// # Errors
    ///
    /// [`DownloadError::Local`] where the rest does not fit on the disk, or what is of no use cannot
    /// be deleted.
    pub(crate) fn checkpoint(&self, get: &GetObject) -> Result<Option<Checkpoint>, DownloadError> {
        let found = self.journal().read();
        if let Some(checkpoint) = found.and_then(|bytes| Checkpoint::read(&bytes, get).ok())
            && let Some(part) = Part::adopt(&self.place, checkpoint.range(), self.durable)
        {
            self.stays.store(true, Ordering::Relaxed);
            part.reserve().map_err(self.failed(LocalAction::Write))?;
            *write(&self.part) = Some(part);
            return Ok(Some(checkpoint));
        }
        self.discard()?;
        Ok(None)
    }

    /// These bytes of the object will come: the space for them is taken now. A part file that was
    /// found with the checkpoint stays as it is.
    ///
    /// # Errors
    ///
    /// [`DownloadError::Local`], for want of space among others.
    pub(crate) fn begin(&self, range: Range<u64>) -> Result<(), DownloadError> {
        let mut part = write(&self.part);
        if part.as_ref().is_some_and(|part| part.is_of(&range)) {
            return Ok(());
        }
        *part = None;
        // What an older journal claims is not of the file that is made here.
        self.clear_journal()?;
        let made = Part::create(&self.place, range, self.durable)
            .map_err(|error| self.place.failed_to_create(error))?;
        let made = part.insert(made);
        made.reserve().map_err(self.failed(LocalAction::Write))
    }

    /// Writes bytes of the object that begin at `offset`, an offset in the object.
    ///
    /// # Errors
    ///
    /// [`DownloadError::Local`].
    pub(crate) fn write(&self, bytes: &[u8], offset: u64) -> Result<(), DownloadError> {
        let held = self.part.read().unwrap_or_else(PoisonError::into_inner);
        let Some(part) = &*held else {
            return Err(self.failed(LocalAction::Write)(gone()));
        };
        if part.is_spoilt() {
            drop(held);
            self.settle()?;
            return Err(self.failed(LocalAction::Write)(gone()));
        }
        part.write(bytes, offset)
            .map_err(self.failed(LocalAction::Write))
    }

    /// Whether the bytes of this extent are there and have its CRC64. False as well if they cannot
    /// be read, or [`stop_reading`](Self::stop_reading) was called.
    pub(crate) fn read_back(&self, extent: &Extent) -> bool {
        let part = self.part.read().unwrap_or_else(PoisonError::into_inner);
        let crc64 = part
            .as_ref()
            .and_then(|part| part.crc64(extent, &self.stopped).ok());
        crc64 == Some(extent.crc64())
    }

    /// Ends what is being read back, which may be gigabytes, within a moment. For a download that is
    /// given up: what is said then of an extent is not true.
    pub(crate) fn stop_reading(&self) {
        self.stopped.store(true, Ordering::Relaxed);
    }

    /// Whether there is anything in them to resume from.
    pub(crate) fn are_worth_keeping(&self) -> bool {
        self.stays.load(Ordering::Relaxed)
    }

    /// Writes the journal anew.
    ///
    /// # Errors
    ///
    /// [`DownloadError::Local`]; the former journal stays.
    pub(crate) fn rewrite(&self, bytes: &[u8]) -> Result<(), DownloadError> {
        self.journal()
            .rewrite(&self.place, bytes)
            .map_err(self.failed(LocalAction::Record))
    }

    /// Appends a record to the journal, if there is one: where it could not be written, there is
    /// nothing to resume from.
    ///
    /// # Errors
    ///
    /// [`DownloadError::Local`]; the records before it stay good.
    pub(crate) fn record(&self, record: &[u8]) -> Result<(), DownloadError> {
        let appended = self.journal().append(record);
        if appended.map_err(self.failed(LocalAction::Record))? {
            self.stays.store(true, Ordering::Relaxed);
        }
        Ok(())
    }

    /// Forgets all that was written.
    ///
    /// # Errors
    ///
    /// [`DownloadError::Local`].
    pub(crate) fn discard(&self) -> Result<(), DownloadError> {
        self.stays.store(false, Ordering::Relaxed);
        // The claims go before the bytes.
        self.clear_journal()?;
        let mut part = write(&self.part);
        *part = None;
        part::remove(&self.place).map_err(self.failed_to_remove())
    }

    /// Publishes the complete file: gives it its time and its mode, makes it durable, puts it at its
    /// destination in one step, makes its name durable, and removes the journal, in this order.
    ///
    /// What stands at the destination is looked at once more, as it may have come meanwhile.
    ///
    /// # Errors
    ///
    /// [`DownloadError::Local`] and [`DownloadError::Destination`]. Nothing is at the destination
    /// but what was there before; [`LocalAction::SyncName`] is the exception.
    pub(crate) fn publish(&self, how: Publish) -> Result<Published, DownloadError> {
        let Some(mut part) = write(&self.part).take() else {
            return Err(self.failed(LocalAction::Publish)(gone()));
        };
        if let Err(error) = part.complete(&self.place, how.modified, self.durable) {
            return Err(self.spoilt(&part, error));
        }
        self.place.inspect()?;
        let renamed = self.rename(&part, how.no_clobber);
        match renamed {
            Err(error) if how.no_clobber && error.kind() == io::ErrorKind::AlreadyExists => {
                self.remove();
                return Ok(Published::Skipped);
            }
            renamed => renamed.map_err(self.failed(LocalAction::Publish))?,
        }
        let synced = if self.durable {
            self.place.sync()
        } else {
            Ok(())
        };
        self.remove();
        synced.map(|()| Published::Done)
    }

    /// Removes what is left. From then on the place may be another download's.
    ///
    /// What cannot be removed is removed by the next download to this place.
    fn remove(&self) {
        let Place {
            sidecars, names, ..
        } = &self.place;
        let _ = sidecars.remove(&names.part);
        // It is there only if a run was killed while it wrote its journal anew.
        let _ = sidecars.remove(&names.new);
        let _ = sidecars.remove(&names.journal);
        self.stays.store(true, Ordering::Relaxed);
    }

    /// The part file takes the place of what is at the destination: the file that was written, and
    /// no other that may have got its name.
    fn rename(&self, part: &Part<D::File>, no_clobber: bool) -> io::Result<()> {
        let Place {
            dir,
            name,
            sidecars,
            names,
            ..
        } = &self.place;
        if !part.is_at(sidecars, &names.part)? {
            return Err(io::Error::other("the part file was taken away"));
        }
        if no_clobber {
            sidecars.rename_new(&names.part, dir, name)
        } else {
            sidecars.rename(&names.part, dir, name)
        }
    }

    /// Waits until the part file is no more worked at behind our back.
    fn settle(&self) -> Result<(), DownloadError> {
        let Some(mut part) = write(&self.part).take() else {
            return Ok(());
        };
        part.settle().map_err(|error| self.spoilt(&part, error))
    }

    /// A sync has failed, and nobody knows what of the part file is on the disk. To read it back does
    /// not tell: what the disk has lost may still be in memory, and the next sync does not complain.
    /// Of a disk that is full, that is let go, so that the next run sees what there is; where it is
    /// the disk that fails, all of it goes.
    fn spoilt(&self, part: &Part<D::File>, error: io::Error) -> DownloadError {
        let is_full = matches!(
            error.kind(),
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded
        );
        if !is_full || part.forget().is_err() {
            let _ = self.discard();
        }
        self.failed(LocalAction::Sync)(error)
    }

    fn clear_journal(&self) -> Result<(), DownloadError> {
        self.journal()
            .clear()
            .map_err(self.failed(LocalAction::Record))
    }

    fn journal(&self) -> MutexGuard<'_, Journal<D::File>> {
        self.journal.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn failed(&self, action: LocalAction) -> impl FnOnce(io::Error) -> DownloadError {
        let path = self.place.path();
        move |error| DownloadError::local(action, path, error)
    }

    fn failed_to_remove(&self) -> impl FnOnce(io::Error) -> DownloadError {
        let path = self.place.path_of(&self.place.names.part);
        move |error| DownloadError::local(LocalAction::Remove, &path, error)
    }
}

impl<D: Dir> Drop for Sidecars<D> {
    fn drop(&mut self) {
        let _ = self.settle();
        if !self.stays.load(Ordering::Relaxed) {
            self.remove();
        }
    }
}

fn write<T>(lock: &RwLock<T>) -> RwLockWriteGuard<'_, T> {
    lock.write().unwrap_or_else(PoisonError::into_inner)
}

fn is_not_found(error: &DownloadError) -> bool {
    matches!(error, DownloadError::Local { source, .. } if source.kind() == io::ErrorKind::NotFound)
}

/// There is no part file, because the download is over or has not begun.
fn gone() -> io::Error {
    io::Error::other("there is no part file")
}
