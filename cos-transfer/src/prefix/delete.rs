//! Local files that the bucket does not have.

use std::ffi::OsStr;
use std::io;
use std::ops::ControlFlow;

use super::plan::Plan;
use super::seen::{Round, Seen};
use super::tree;
use crate::storage::{Dir as _, Kind, RealDir};
use crate::{DownloadError, LocalAction};

/// Is told of a local file: its key, its path, and what has become of it.
pub(super) type Found<'a> = &'a mut dyn FnMut(&str, &str, Result<(), DownloadError>);

/// Goes through all local files, and tells `found` of those that the listing has not shown: with
/// their key and their path, and what has become of them. With `dry_run` they stay.
///
/// Only such files count as the run itself could have put there: those whose key starts with the
/// prefix, that the filter wants and the shard takes. Symbolic links go themselves; folders, devices
/// and names that no key can have stay.
pub(super) fn delete(
    root: &RealDir,
    plan: &Plan,
    seen: &Seen,
    found: Found<'_>,
) -> Result<(), DownloadError> {
    let failed = |error| DownloadError::local(LocalAction::Remove, &plan.dir, error);
    for number in 0..seen.rounds() {
        let mut walk = Walk {
            plan,
            round: seen.round(number).map_err(failed)?,
            found,
        };
        walk.folder(root, "");
    }
    Ok(())
}

struct Walk<'a> {
    plan: &'a Plan,
    round: Round,
    found: Found<'a>,
}

impl Walk<'_> {
    /// Names are not collected; two handles are open for each component of the path. A folder that
    /// cannot be read is told of, as its files may be such as should go.
    fn folder(&mut self, dir: &RealDir, path: &str) {
        let read = dir.names(&mut |name, kind| {
            // The names of keys are text.
            if let Some(text) = name.to_str() {
                let below = match path {
                    "" => text.to_owned(),
                    path => format!("{path}/{text}"),
                };
                match kind {
                    Kind::Dir if path.is_empty() && tree::is_reserved(&name) => {}
                    Kind::Dir => match dir.open_dir(&name) {
                        Ok(Some(child)) => self.folder(&child, &below),
                        Ok(None) => {}
                        // Another thing has got the name meanwhile.
                        Err(error) if error.kind() == io::ErrorKind::NotADirectory => {}
                        Err(error) => self.unread(&below, error),
                    },
                    Kind::File | Kind::Symlink => self.file(dir, &name, &below),
                    Kind::Special => {}
                }
            }
            Ok(ControlFlow::Continue(()))
        });
        if let Err(error) = read {
            self.unread(path, error);
        }
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
