//! How many files the process may have open at once.

/// A connection, and the file that its bytes go to.
#[cfg(unix)]
const EACH: u64 = 2;

/// What else is open: standard streams, the runtime's own, directories that a run keeps open for its
/// next files, and what a name lookup or a certificate store opens for a moment.
#[cfg(unix)]
const OTHERS: u64 = 64;

/// Raises this process's limit as far as so many connections need it and the system lets it. Where
/// that is not far enough, the run has fewer of them.
#[cfg(unix)]
pub(crate) fn allow(connections: usize) {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

    let needed = u64::try_from(connections)
        .unwrap_or(u64::MAX)
        .saturating_mul(EACH)
        .saturating_add(OTHERS);
    // No limit is named `None`.
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let raised = maximum.map_or(needed, |maximum| maximum.min(needed));
    if current.is_some_and(|current| current < raised) {
        let current = Some(raised);
        let _ = setrlimit(Resource::Nofile, Rlimit { current, maximum });
    }
}

/// Elsewhere there is no such limit to ask for.
#[cfg(not(unix))]
pub(crate) fn allow(_: usize) {}
