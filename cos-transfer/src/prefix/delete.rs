//! Local files that the bucket does not have.

use std::ffi::OsStr;
use std::io;
use std::ops::ControlFlow;

use cos_proto::Key;
use tokio::sync::watch;

use super::plan::Plan;
use super::seen::{Round, Seen};
use super::tree;
use crate::storage::{Dir as _, Kind, RealDir};
use crate::{DownloadError, LocalAction};

/// Is told of a local file: its key, its path, and what has become of it.
pub(super) type Found<'a> = &'a mut dyn FnMut(&str, &str, Result<(), DownloadError>);

/// Whether there is nobody any more who wants the run to go on: it was given up, or dropped.
pub(super) fn is_given_up(stop: &watch::Receiver<bool>) -> bool {
    *stop.borrow() || stop.has_changed().is_err()
}

/// Goes through all local files, and tells `found` of those that the listing has not shown: with
/// their key and their path, and what has become of them. With `dry_run` they stay. False if it was
/// given up by `cancelled` before its end.
///
/// Only such files count as the run itself could have put there: those whose key starts with the
/// prefix, that the filter wants and the shard takes. Symbolic links go themselves; folders, devices
/// and names that no key can have stay.
pub(super) fn delete(
    root: &RealDir,
    plan: &Plan,
    seen: &Seen,
    cancelled: &watch::Receiver<bool>,
    found: Found<'_>,
) -> Result<bool, DownloadError> {
    let failed = |error| DownloadError::local(LocalAction::Remove, &plan.dir, error);
    for number in 0..seen.rounds() {
        let mut walk = Walk {
            plan,
            round: seen.round(number).map_err(failed)?,
            cancelled,
            found,
        };
        if !walk.folder(root, "") {
            return Ok(false);
        }
    }
    Ok(true)
}

struct Walk<'a> {
    plan: &'a Plan,
    round: Round,
    cancelled: &'a watch::Receiver<bool>,
    found: Found<'a>,
}

impl Walk<'_> {
    /// Names are not collected; two handles are open for each component of the path. A folder that
    /// cannot be read is told of, as its files may be such as should go. False if it is given up.
    fn folder(&mut self, dir: &RealDir, path: &str) -> bool {
        let mut goes_on = true;
        let read = dir.names(&mut |name, kind| {
            goes_on = !is_given_up(self.cancelled) && self.entry(dir, &name, kind, path);
            Ok(match goes_on {
                true => ControlFlow::Continue(()),
                false => ControlFlow::Break(()),
            })
        });
        if let Err(error) = read {
            self.unread(path, error);
        }
        goes_on
    }

    fn entry(&mut self, dir: &RealDir, name: &OsStr, kind: Kind, path: &str) -> bool {
        // The names of keys are text.
        let Some(text) = name.to_str() else {
            return true;
        };
        let below = match path {
            "" => text.to_owned(),
            path => format!("{path}/{text}"),
        };
        match kind {
            Kind::Dir if path.is_empty() && tree::is_reserved(name) => {}
            // No key is so long; that bounds how deep this goes.
            Kind::Dir if below.len() > Key::MAX_LEN => {}
            Kind::Dir => match dir.open_dir(name) {
                Ok(Some(child)) => return self.folder(&child, &below),
                Ok(None) => {}
                // Another thing has got the name meanwhile.
                Err(error) if error.kind() == io::ErrorKind::NotADirectory => {}
                Err(error) => self.unread(&below, error),
            },
            Kind::File | Kind::Symlink => self.file(dir, name, &below),
            Kind::Special => {}
        }
        true
    }

    fn unread(&mut self, path: &str, error: io::Error) {
        // Each round comes here.
        if self.round.is_first() {
            let shown = self.plan.dir.join(path);
            let key = self.plan.key_of(path).unwrap_or_else(|| path.to_owned());
            let error = DownloadError::local(LocalAction::Read, &shown, error);
            (self.found)(&key, path, Err(error));
        }
    }

    fn file(&mut self, dir: &RealDir, name: &OsStr, path: &str) {
        let Some(key) = self.plan.key_of(path) else {
            return;
        };
        if !self.plan.takes(&key) || !self.round.misses(&key) {
            return;
        }
        let removed = if self.plan.dry_run {
            Ok(())
        } else {
            dir.remove(name).map_err(|error| {
                let path = self.plan.dir.join(path);
                DownloadError::local(LocalAction::Remove, &path, error)
            })
        };
        (self.found)(&key, path, removed);
    }
}
