//! How a run that did not do all that it was to do is told: its exit code and its line.

use cos_transfer::prefix::{ListError, ObjectError, PrefixError, PrefixReport};

use super::Tree;
use crate::error::Error;
use crate::exit::ExitCode;

impl Tree {
    /// The failure of the run, and what was done all the same.
    pub(super) fn failed(&self, error: &PrefixError) -> (Error, PrefixReport) {
        let source = &self.source;
        let cannot = format!("cannot download {source}");
        let failure = match error {
            // Each of them was named.
            PrefixError::Objects { .. } => Error::new(ExitCode::Partial, format!("{cannot}: {error}")),
            PrefixError::NoKeys { .. } => {
                Error::new(ExitCode::NotFound, format!("{cannot}: {error}"))
            }
            PrefixError::Busy { .. } => Error::new(ExitCode::Busy, format!("{cannot}: {error}"))
                .with_hint("wait for it: what it has fetched is not fetched again; or let each take a share with --shard"),
            PrefixError::Listing { source: cause, .. } => {
                let incomplete = format!("cannot list all of {source}: {error}");
                match cause {
                    ListError::Request(cause) => Error::upstream(incomplete, cause),
                    cause => Error::upstream(incomplete, cause),
                }
            }
            PrefixError::Local { source: cause, .. } => {
                Error::upstream(format!("{cannot}: {error}"), cause)
            }
            error => Error::upstream(cannot, error),
        };
        (failure, error.report().clone())
    }
}

/// The failure of one object.
pub(super) fn failure_of_object(what: String, error: &ObjectError) -> Error {
    match error {
        ObjectError::Download(error) => Error::upstream(what, error),
        error => Error::upstream(what, error),
    }
}
