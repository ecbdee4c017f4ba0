//! Credentials that a command prints.

use std::ffi::{OsStr, OsString};
use std::fmt;
use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::Command;
use zeroize::Zeroizing;

use super::answer::{self, ANSWER_LIMIT};
use super::{Cached, CredentialsError, Generation, Issued, ProvideCredentials, ProvideFuture};

mod words;

/// How long the command may take, unless it is said otherwise. It may have to ask a service far
/// away, but requests are waiting for it.
pub const PROCESS_TIME: Duration = Duration::from_secs(30);

/// How messages name this source.
const NAME: &str = "the credential process";

/// The credentials that a command prints as JSON.
///
/// # What the command prints
///
/// On its standard output one JSON object of at most 64 KiB, with the names of the vendor's
/// security token service, so that what its answers contain can be passed on as it is:
///
/// ```json
/// {
///   "TmpSecretId": "AKID…",
///   "TmpSecretKey": "…",
///   "Token": "…",
///   "ExpiredTime": 1607571450
/// }
/// ```
///
/// - `TmpSecretId` and `TmpSecretKey` are needed; they may be called `SecretId` and `SecretKey`,
///   and the three parts may stand in an object `Credentials`, where the token service puts them;
/// - `Token` goes with temporary credentials;
/// - `ExpiredTime` is when they expire, in seconds since the Unix epoch; or `Expiration`, the same
///   as `"2020-12-10T03:37:30Z"`. Without either they are used until the service refuses them;
/// - other fields are ignored.
///
/// # How it is run
///
/// Directly, without a shell, with the environment and the folder of this process, and without
/// input. What it writes to its standard error is thrown away, because it may hold secrets: if the
/// command fails, run it by hand to see why. It is killed when it takes longer than
/// [`PROCESS_TIME`], prints too much, or nobody waits for it any more; processes that it started
/// itself are not.
///
/// The credentials are kept, and replaced before they expire, as [`Cached`] does it. A command that
/// takes too long is [unavailable](super::CredentialsErrorKind::Unavailable); one that cannot be
/// run, fails, or prints anything else is [invalid](super::CredentialsErrorKind::Invalid).
#[derive(Debug)]
pub struct Process(Cached<Source>);

impl Process {
    /// Runs `program`, a path or a name that is looked for in `PATH`, without arguments.
    pub fn new(program: impl Into<OsString>) -> Self {
        Self(Cached::new(Source {
            program: program.into(),
            args: Vec::new(),
            limit: PROCESS_TIME,
        }))
    }

    /// Reads a program and its arguments from one line, as a configuration has it.
    ///
    /// Words are separated by blanks; between two `"`, or two `'`, everything stands for itself,
    /// blanks and backslashes included. Nothing is expanded.
    ///
    /// # Errors
    ///
    /// Refuses a line without a word, and one in which a quote is not closed.
    pub fn parse(line: &str) -> Result<Self, CredentialsError> {
        let mut words = words::split(line)
            .ok_or_else(|| CredentialsError::invalid(NAME, "a quote in its line is not closed"))?
            .into_iter();
        let program = words
            .next()
            .filter(|program| !program.is_empty())
            .ok_or_else(|| CredentialsError::invalid(NAME, "its line names no program"))?;
        Ok(Self::new(program).args(words))
    }

    /// Adds an argument.
    #[must_use]
    pub fn arg(self, arg: impl Into<OsString>) -> Self {
        self.args([arg])
    }

    /// Adds arguments.
    #[must_use]
    pub fn args(self, args: impl IntoIterator<Item = impl Into<OsString>>) -> Self {
        let mut source = self.0.source().clone();
        source.args.extend(args.into_iter().map(Into::into));
        Self(Cached::new(source))
    }

    /// Limits how long the command may take. Default: [`PROCESS_TIME`].
    #[must_use]
    pub fn time(self, limit: Duration) -> Self {
        let mut source = self.0.source().clone();
        source.limit = limit;
        Self(Cached::new(source))
    }
}

impl ProvideCredentials for Process {
    fn provide(&self, refused: Option<Generation>) -> ProvideFuture<'_> {
        self.0.provide(refused)
    }
}

/// The command itself, run every time.
#[derive(Clone)]
struct Source {
    program: OsString,
    /// May hold secrets, so they are never shown.
    args: Vec<OsString>,
    limit: Duration,
}

impl ProvideCredentials for Source {
    fn provide(&self, _refused: Option<Generation>) -> ProvideFuture<'_> {
        Box::pin(async {
            match tokio::time::timeout(self.limit, self.run()).await {
                Ok(outcome) => outcome,
                Err(_) => Err(CredentialsError::unavailable(
                    self.to_string(),
                    format!("it did not end within {:?}", self.limit),
                )),
            }
        })
    }
}

impl Source {
    async fn run(&self) -> Result<Issued, CredentialsError> {
        let failed =
            |error| CredentialsError::invalid(self.to_string(), "it cannot be run").because(error);
        let mut child = Command::new(&self.program)
            .args(&self.args)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .map_err(failed)?;
        let printed = match child.stdout.take() {
            Some(stdout) => read(stdout).await.map_err(failed)?,
            None => None,
        };
        let Some(printed) = printed else {
            return Err(CredentialsError::invalid(
                self.to_string(),
                format!("it prints more than {ANSWER_LIMIT} bytes"),
            ));
        };
        let status = child.wait().await.map_err(failed)?;
        if !status.success() {
            return Err(CredentialsError::invalid(
                self.to_string(),
                format!("it failed with {status}; run it by hand to see why"),
            ));
        }
        answer::parse(&printed, &self.to_string())
    }
}

/// How messages name this source: without its arguments.
impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{NAME} {:?}", OsStr::new(&self.program))
    }
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Source")
            .field("program", &self.program)
            .field("args", &self.args.len())
            .field("limit", &self.limit)
            .finish()
    }
}

/// All that there is to read; `None` if that is more than [`ANSWER_LIMIT`].
async fn read(from: impl AsyncRead + Unpin) -> std::io::Result<Option<Zeroizing<Vec<u8>>>> {
    // As large as it can become, so that no copies are left behind by its growing.
    let mut text = Zeroizing::new(vec![0; ANSWER_LIMIT + 1]);
    let mut from = from;
    let mut filled = 0;
    while let Some(rest) = text.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        match from.read(rest).await? {
            0 => {
                text.truncate(filled);
                return Ok(Some(text));
            }
            read => filled += read,
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests;
