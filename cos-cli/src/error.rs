//! How a command ends when it does not end well.

mod service;
mod upstream;

pub(crate) use service::ServiceDetail;

use std::borrow::Cow;
use std::error;
use std::io;

use crate::exit::ExitCode;

/// The end of a command that did not do what was asked.
#[derive(Debug)]
pub(crate) enum Error {
    /// Whoever read our stdout has seen enough. Nothing to report: the exit code is 0.
    ClosedPipe,
    /// A signal has ended what only a signal ends. Nothing to report.
    #[cfg_attr(
        not(feature = "serve"),
        expect(dead_code, reason = "it is `cos serve` that only a signal ends")
    )]
    Stopped(ExitCode),
    /// Something to report.
    Failed(Box<Failed>),
}

/// What is printed about a failure, and the exit code it gives.
#[derive(Debug)]
pub(crate) struct Failed {
    /// The exit code.
    pub(crate) exit: ExitCode,
    /// One line that says what failed and on what.
    pub(crate) message: String,
    /// What the service answered, where the failure is an answer.
    pub(crate) service: Option<ServiceDetail>,
    /// What may help.
    pub(crate) hint: Option<Cow<'static, str>>,
}

impl Error {
    /// A failure with a code and a line of text.
    pub(crate) fn new(exit: ExitCode, message: impl Into<String>) -> Self {
        Self::Failed(Box::new(Failed {
            exit,
            message: message.into(),
            service: None,
            hint: None,
        }))
    }

    /// Usage or configuration: nothing was sent.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self::new(ExitCode::Usage, message)
    }

    /// The process was told to stop.
    pub(crate) fn interrupted(exit: ExitCode) -> Self {
        Self::new(
            exit,
            match exit {
                ExitCode::Terminated => "terminated",
                _ => "interrupted",
            },
        )
    }

    /// Writing to stdout failed.
    pub(crate) fn stdout(error: &io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe {
            return Self::ClosedPipe;
        }
        Self::new(
            ExitCode::Disk,
            format!("cannot write to stdout: {}", chain(error)),
        )
    }

    /// Adds what may help.
    pub(crate) fn with_hint(mut self, hint: impl Into<Cow<'static, str>>) -> Self {
        if let Self::Failed(failed) = &mut self {
            failed.hint = Some(hint.into());
        }
        self
    }

    /// The exit code of the process.
    pub(crate) fn exit(&self) -> ExitCode {
        match self {
            Self::ClosedPipe => ExitCode::Success,
            Self::Stopped(exit) => *exit,
            Self::Failed(failed) => failed.exit,
        }
    }
}

/// An error and its sources on one line, each said once.
pub(crate) fn chain(error: &(dyn error::Error + 'static)) -> String {
    let mut line = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        let text = cause.to_string();
        // Wrappers that repeat their source, as those of some libraries do, are not repeated here.
        if !line.ends_with(&text) {
            line.push_str(": ");
            line.push_str(&text);
        }
        next = cause.source();
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("outer")]
    struct Outer(#[source] io::Error);

    #[derive(Debug, thiserror::Error)]
    #[error("wrapped: {0}")]
    struct Repeating(#[source] io::Error);

    #[test]
    fn a_chain_says_each_cause_once() {
        assert_eq!(chain(&Outer(io::Error::other("inner"))), "outer: inner");
        assert_eq!(
            chain(&Repeating(io::Error::other("inner"))),
            "wrapped: inner"
        );
    }

    #[test]
    fn a_closed_pipe_is_no_failure() {
        let error = Error::stdout(&io::ErrorKind::BrokenPipe.into());
        assert_eq!(error.exit(), ExitCode::Success);
        assert_eq!(Error::stdout(&io::Error::other("x")).exit(), ExitCode::Disk);
    }
}
