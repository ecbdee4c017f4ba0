//! The end of a run.

use std::ffi::OsStr;
use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use tokio::sync::watch;

use super::Run;
use super::course::{Over, Stop};
use crate::blocking::blocking;
use crate::prefix::delete::delete;
use crate::prefix::key_path::RESERVED;
use crate::prefix::seen::Seen;
use crate::prefix::{ObjectError, Outcome, PrefixError, PrefixReport};
use crate::{DownloadError, Fsync, LocalAction};

impl<S: Clone + Send + 'static> Run<S> {
    /// What is to be done when everything has ended: the small files are made durable, what the
    /// bucket does not have is deleted, and the folder of what is not finished is removed.
    pub(super) async fn finish(
        self: Arc<Self>,
        over: Over,
        made: Vec<PathBuf>,
        cancelled: watch::Receiver<bool>,
        started: Instant,
    ) -> Result<PrefixReport, PrefixError> {
        let Over {
            listed,
            stopped,
            seen,
            has_keys,
        } = over;
        let given_up = matches!(stopped, Some(Stop::Cancelled));
        let complete = stopped.is_none() && matches!(listed, Some(Ok(())));
        let run = Arc::clone(&self);
        let finished = blocking(move || {
            // Who has given up does not wait for the disk.
            if !given_up {
                run.sync()?;
            }
            let mut over = true;
            if run.plan.delete && complete && has_keys {
                over = run.delete(&seen, &cancelled)?;
            }
            let clean = complete && run.counts.report(Duration::ZERO).failed == 0;
            run.clean_up(clean)?;
            if complete && !has_keys {
                made.iter()
                    .take_while(|dir| fs::remove_dir(dir).is_ok())
                    .for_each(drop);
            }
            Ok(over)
        })
        .await;
        self.tell_progress();
        let report = self.counts.report(started.elapsed());
        let stopped = match finished {
            Err(error) => Some(Stop::Disk(error)),
            Ok(false) => Some(Stop::Cancelled),
            Ok(true) => stopped,
        };
        match (stopped, listed) {
            (Some(Stop::Disk(source)), _) => Err(PrefixError::Local { report, source }),
            (Some(Stop::Cancelled), _) => Err(PrefixError::Cancelled { report }),
            (None, Some(Err(source))) => Err(PrefixError::Listing { report, source }),
            (None, _) if !has_keys => Err(PrefixError::NoKeys { report }),
            _ if report.failed > 0 => Err(PrefixError::Objects { report }),
            _ => Ok(report),
        }
    }

    fn sync(&self) -> Result<(), DownloadError> {
        let Some(tree) = &self.tree else {
            return Ok(());
        };
        let unsynced = self.unsynced.load(Ordering::Relaxed) || tree.is_unsynced();
        if self.settings.fsync != Fsync::Auto || !unsynced {
            return Ok(());
        }
        let synced = tree.root().sync_file_system();
        synced.map_err(|error| DownloadError::local(LocalAction::Sync, &self.plan.dir, error))
    }

    /// False if it was given up before its end.
    fn delete(
        &self,
        seen: &Seen,
        cancelled: &watch::Receiver<bool>,
    ) -> Result<bool, DownloadError> {
        let Some(tree) = &self.tree else {
            return Ok(true);
        };
        delete(
            tree.root(),
            &self.plan,
            seen,
            cancelled,
            &mut |key, path, removed| match removed {
                Ok(()) => {
                    self.counts.deleted();
                    let outcome = match self.plan.dry_run {
                        true => Outcome::WouldDelete,
                        false => Outcome::Deleted,
                    };
                    self.tell(key, path, outcome);
                }
                Err(error) => self.tell_failed(key, path, &ObjectError::Download(error)),
            },
        )
    }

    /// Removes the folder of what is not finished, unless there is something for the next run.
    fn clean_up(&self, clean: bool) -> Result<(), DownloadError> {
        let Some(staging) = &self.staging else {
            return Ok(());
        };
        let report = self.counts.report(Duration::ZERO);
        let keep = || {
            let finished = self.plan.sync.is_none() && report.listed() > report.failed;
            Ok(finished || staging.has_checkpoints()?)
        };
        let cleaned = match clean {
            true => staging.remove(),
            false => keep().and_then(|keep| if keep { Ok(()) } else { staging.remove() }),
        };
        let folder = self.plan.dir.join(OsStr::new(RESERVED));
        cleaned.map_err(|error| DownloadError::local(LocalAction::Remove, &folder, error))
    }
}
