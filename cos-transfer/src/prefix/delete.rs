//! Local files that the bucket does not have.

use std::ffi::OsStr;
use std::io;
use std::ops::ControlFlow;

use super::plan::Plan;
use super::seen::{Round, Seen};
use super::tree;
use crate::storage::{Dir as _, Kind, RealDir};
use crate::{DownloadError, LocalAction};

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
    found: &mut dyn FnMut(&str, &str, Result<(), DownloadError>),
) -> Result<(), DownloadError> {
    let failed = |error| DownloadError::local(LocalAction::Remove, &plan.dir, error);
    for number in 0..seen.rounds() {
        let mut walk = Walk {
            plan,
            round: seen.round(number).map_err(failed)?,
            found,
        };
        walk.folder(root, "").map_err(failed)?;
    }
    Ok(())
}

struct Walk<'a> {
    plan: &'a Plan,
    round: Round,
    found: &'a mut dyn FnMut(&str, &str, Result<(), DownloadError>),
}

impl Walk<'_> {
    /// One folder is open for each component of the path, and names are not collected.
    fn folder(&mut self, dir: &RealDir, path: &str) -> io::Result<()> {
        dir.names(&mut |name, kind| {
            // The names of keys are text.
            let Some(text) = name.to_str() else {
                return Ok(ControlFlow::Continue(()));
            };
            let below = match path {
                "" => text.to_owned(),
                path => format!("{path}/{text}"),
            };
            match kind {
                Kind::Dir if path.is_empty() && tree::is_reserved(&name) => {}
                Kind::Dir => {
                    // What is a link or gone by now is none of ours.
                    if let Ok(Some(child)) = dir.open_dir(&name) {
                        self.folder(&child, &below)?;
                    }
                }
                Kind::File | Kind::Symlink => self.file(dir, &name, &below),
                Kind::Special => {}
            }
            Ok(ControlFlow::Continue(()))
        })
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
