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
    for _ in 0..ATTEMPTS {
        let Some(journal) = open_or_create(place)? else {
            continue;
        };
        let failed = |error| place.failed_to_create(error);
        if !journal.try_lock().map_err(failed)? {
            break;
        }
        match look(place, &journal).map_err(failed)? {
            State::Ours => return Ok(journal),
            State::Renamed => {}
            State::Shared => remove(place)?,
        }
    }
    Err(DownloadError::Busy {
        path: place.path().to_owned(),
    })
}

/// `None` if it came or went in between.
fn open_or_create<D: Dir>(place: &Place<D>) -> Result<Option<D::File>, DownloadError> {
    let (dir, name) = (&place.sidecars, &place.names.journal);
    let failed = |error| place.failed_to_create(error);
    match dir.entry(name).map_err(failed)? {
        Some(entry) if entry.kind == Kind::File => match dir.open(name) {
            // Another user's, who keeps it from us.
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {}
            opened => return opened.map_err(failed),
        },
        // Nobody has locked what is no file.
        Some(_) => {}
        None => match dir.create(name) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Ok(None),
            created => return created.map(Some).map_err(failed),
        },
    }
    remove(place)?;
    Ok(None)
}

/// What a journal is, once it is locked.
enum State {
    Ours,
    /// It has lost its name by now, and the lock is worth nothing.
    Renamed,
    /// It may be written to through another name, or by another user.
    Shared,
}

fn look<D: Dir>(place: &Place<D>, journal: &D::File) -> io::Result<State> {
    let (dir, name) = (&place.sidecars, &place.names.journal);
    let Some(entry) = dir.entry(name)? else {
        return Ok(State::Renamed);
    };
    if !dir.is(name, journal)? {
        return Ok(State::Renamed);
    }
    // On some network file systems a file is somebody else's as soon as it is made.
    let ours = entry.ours || entry.len == 0;
    Ok(if entry.kind == Kind::File && entry.alone && ours {
        State::Ours
    } else {
        State::Shared
    })
}

fn remove<D: Dir>(place: &Place<D>) -> Result<(), DownloadError> {
    let name = &place.names.journal;
    match place.sidecars.remove(name) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(DownloadError::local(
            LocalAction::Remove,
            &place.path_of(name),
            error,
        )),
        _ => Ok(()),
    }
}
