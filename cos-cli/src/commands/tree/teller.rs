//! What is told of each object, and in the end of all of them.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use cos_transfer::prefix::{Done, Observer, Outcome, PrefixProgress, PrefixReport};
use serde::Serialize;
use tokio::sync::Notify;

use super::Tree;
use super::ending::failure_of_object;
use crate::error::{Error, Failed};
use crate::escape::escaped;
use crate::location::Location;
use crate::printer::{Lines, Printer, bytes, elapsed};
use crate::progress::TreeBars;
use crate::records::{DoneRecord, FailureRecord, SkippedRecord, SummaryRecord, TransferRecord};

/// Prints what it hears of a run. All clones are one.
#[derive(Debug, Clone)]
pub(super) struct Teller(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    bucket: String,
    directory: PathBuf,
    printer: Printer,
    bars: TreeBars,
    stdout: Mutex<Stdout>,
    broken: Notify,
}

#[derive(Debug)]
struct Stdout {
    lines: Lines,
    /// Why nothing more can be written.
    error: Option<Error>,
}

impl Teller {
    pub(super) fn new(tree: &Tree, printer: Printer) -> Self {
        Self(Arc::new(Inner {
            bucket: tree.source.bucket.clone(),
            directory: tree.directory.clone(),
            printer,
            bars: printer.tree_bars(),
            stdout: Mutex::new(Stdout {
                lines: printer.lines(),
                error: None,
            }),
            broken: Notify::new(),
        }))
    }

    /// Waits until stdout takes no more, and gives the reason.
    pub(super) async fn broken(&self) -> Error {
        loop {
            self.0.broken.notified().await;
            if let Some(error) = self.stdout(|stdout| stdout.error.take()) {
                return error;
            }
        }
    }

    /// Tells what the run has done: the whole of it, or what there was before it failed.
    pub(super) fn conclude(
        &self,
        tree: &Tree,
        report: &PrefixReport,
        is_whole: bool,
    ) -> Result<(), Error> {
        self.0.bars.clear();
        let json = self.0.printer.json();
        if json {
            self.record(&SummaryRecord::new(report, tree.delete));
        }
        self.stdout(|stdout| match stdout.error.take() {
            Some(error) => Err(error),
            None => stdout.lines.flush(),
        })?;
        if !json && (report.listed() > 0 || is_whole) {
            self.0.printer.note(Summary { tree, report });
        }
        Ok(())
    }

    /// One line of data.
    fn line(&self, line: fmt::Arguments<'_>) {
        self.print(|lines| lines.line(line));
    }

    fn record(&self, record: &impl Serialize) {
        self.print(|lines| lines.record(record));
    }

    fn print(&self, print: impl FnOnce(&mut Lines) -> Result<(), Error>) {
        let failed = self.stdout(|stdout| {
            if stdout.error.is_none() {
                stdout.error = print(&mut stdout.lines).err();
            }
            stdout.error.is_some()
        });
        if failed {
            self.0.broken.notify_one();
        }
    }

    fn stdout<T>(&self, with: impl FnOnce(&mut Stdout) -> T) -> T {
        with(&mut self.0.stdout.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn location(&self, done: &Done<'_>) -> Location {
        Location {
            bucket: self.0.bucket.clone(),
            key: done.key.to_owned(),
        }
    }

    fn path(&self, done: &Done<'_>) -> PathBuf {
        self.0.directory.join(done.path)
    }

    fn failed(&self, key: &str, failed: &Failed) {
        if self.0.printer.json() {
            self.record(&FailureRecord::new(key, failed));
        }
        self.0.bars.beside(|| self.0.printer.failed_object(failed));
    }

    fn json(&self, done: &Done<'_>, path: &Path) {
        let key = done.key;
        match done.outcome {
            Outcome::Fetched(report) => self.record(&TransferRecord::new(key, path, report)),
            Outcome::Skipped(_) => self.record(&SkippedRecord::new(key, path)),
            Outcome::Folder => self.record(&DoneRecord::new(key, path, "folder", None)),
            Outcome::Deleted => self.record(&DoneRecord::new(key, path, "deleted", None)),
            Outcome::WouldFetch(size) => {
                self.record(&DoneRecord::new(key, path, "would fetch", Some(size)));
            }
            Outcome::WouldDelete => {
                self.record(&DoneRecord::new(key, path, "would delete", None));
            }
            _ => {}
        }
    }
}

impl Observer for Teller {
    fn done(&self, done: &Done<'_>) {
        match done.outcome {
            Outcome::Failed(error) => {
                let what = format!("cannot download {}", self.location(done));
                if let Error::Failed(failed) = failure_of_object(what, error) {
                    self.failed(done.key, &failed);
                }
            }
            _ if self.0.printer.json() => self.json(done, &self.path(done)),
            // What would be done is what was asked for, and so it is data.
            Outcome::WouldFetch(size) => {
                let path = self.path(done);
                self.line(format_args!(
                    "would fetch {} -> {}: {}",
                    self.location(done),
                    escaped(&path.to_string_lossy()),
                    bytes(size)
                ));
            }
            Outcome::WouldDelete => {
                let path = self.path(done);
                self.line(format_args!(
                    "would delete {}",
                    escaped(&path.to_string_lossy())
                ));
            }
            // The last line counts them.
            _ => {}
        }
    }

    fn progress(&self, now: PrefixProgress) {
        self.0.bars.update(now);
        // Whoever reads the lines waits no longer for them than a person for the bars.
        self.print(Lines::flush);
    }
}

/// The last line: what was done.
struct Summary<'a> {
    tree: &'a Tree,
    report: &'a PrefixReport,
}

/// `cos://b/photos/ -> photos: fetched 120 objects, 3.4 MiB in 1.2 s, 2 skipped, 1 failed`
impl fmt::Display for Summary<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let report = self.report;
        let directory = self.tree.directory.to_string_lossy();
        write!(f, "{} -> {}: ", self.tree.source, escaped(&directory))?;
        let fetched = match self.tree.tree.dry_run {
            true => "would fetch",
            false => "fetched",
        };
        write!(
            f,
            "{fetched} {}, {} in {}",
            objects(report.objects),
            bytes(report.bytes),
            elapsed(report.elapsed)
        )?;
        if report.skipped > 0 {
            write!(f, ", {} skipped", report.skipped)?;
        }
        if self.tree.delete {
            let word = match self.tree.tree.dry_run {
                true => "to delete",
                false => "deleted",
            };
            write!(f, ", {} {word}", report.deleted)?;
        }
        if report.failed > 0 {
            write!(f, ", {} failed", report.failed)?;
        }
        Ok(())
    }
}

fn objects(count: u64) -> String {
    match count {
        1 => "1 object".to_owned(),
        _ => format!("{count} objects"),
    }
}
