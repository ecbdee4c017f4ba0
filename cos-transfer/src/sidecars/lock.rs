//! Takes hold of a place: its journal's file, locked.

use std::io;

use super::place::Place;
use crate::storage::{Dir, File as _, Kind};
use crate::{DownloadError, LocalAction};

/// How often the journal may have lost its name by the time that it is locked. Each time another
/// download has ended, or has written its journal anew, in that very moment; after so many somebody
/// else is taken to be at work.
const ATTEMPTS: usize = 16;

/// The journal's file, locked, and still the one that has the name.
pub(super) fn lock<D: Dir>(place: &Place<D>) -> Result<D::File, DownloadError> {
    let failed = |error| place.failed_in_dir(LocalAction::Create, error);
    for _ in 0..ATTEMPTS {
        let Some(journal) = open_or_create(place).map_err(failed)? else {
            continue;
        };
        if !journal.try_lock().map_err(failed)? {
            break;
        }
        if is_sound(place, &journal).map_err(failed)? {
            return Ok(journal);
        }
    }
    Err(DownloadError::Busy {
        path: place.path().to_owned(),
    })
}

/// `None` if it came or went in between.
fn open_or_create<D: Dir>(place: &Place<D>) -> io::Result<Option<D::File>> {
    let (dir, name) = (&place.sidecars, &place.names.journal);
    match dir.entry(name)? {
        Some(entry) if entry.kind == Kind::File => match dir.open(name) {
            // Somebody else's, who keeps it from us.
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => remove(place),
            opened => opened,
        },
        // Nobody has locked what is no file.
        Some(_) => remove(place),
        None => match dir.create(name) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(None),
            created => created.map(Some),
        },
    }
}

/// Whether a journal that is locked has its name still, and no other. One that may be written to
/// through another name, or by another user, is unlinked.
fn is_sound<D: Dir>(place: &Place<D>, journal: &D::File) -> io::Result<bool> {
    let (dir, name) = (&place.sidecars, &place.names.journal);
    let Some(entry) = dir.entry(name)? else {
        return Ok(false);
    };
    if !dir.is(name, journal)? {
        return Ok(false);
    }
    // On some network file systems a file that was just made is somebody else's.
    let usable = entry.kind == Kind::File && entry.alone && (entry.ours || journal.len()? == 0);
    if !usable {
        remove::<D>(place)?;
    }
    Ok(usable)
}

fn remove<D: Dir>(place: &Place<D>) -> io::Result<Option<D::File>> {
    match place.sidecars.remove(&place.names.journal) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(None),
    }
}
