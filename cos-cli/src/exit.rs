//! What the process tells its caller by its exit code.

use std::process;

/// The exit codes of the command. Scripts rely on them; they only grow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ExitCode {
    /// Everything asked for is there, and verified as reported.
    Success,
    /// Anything that has no code of its own.
    Other,
    /// Usage or configuration; nothing was sent.
    Usage,
    /// The bucket, the key or the version does not exist.
    NotFound,
    /// Credentials missing or refused, or access denied.
    Access,
    /// A condition did not hold, or the object changed under a pinned download.
    Condition,
    /// CRC64 or length do not agree.
    Integrity,
    /// Some objects of a directory failed; all others are in place.
    Partial,
    /// Unreachable, timed out, cut off, TLS.
    Network,
    /// The local disk: full, not allowed, not a place to write.
    Disk,
    /// Another process is downloading to this place.
    Busy,
    /// SIGINT.
    Interrupted,
    /// SIGTERM.
    Terminated,
}

impl ExitCode {
    /// The number that the caller of the process sees.
    pub(crate) fn number(self) -> u8 {
        match self {
            Self::Success => 0,
            Self::Other => 1,
            Self::Usage => 2,
            Self::NotFound => 3,
            Self::Access => 4,
            Self::Condition => 5,
            Self::Integrity => 6,
            Self::Partial => 7,
            Self::Network => 8,
            Self::Disk => 9,
            Self::Busy => 10,
            Self::Interrupted => 130,
            Self::Terminated => 143,
        }
    }
}

impl From<ExitCode> for process::ExitCode {
    fn from(code: ExitCode) -> Self {
        code.number().into()
    }
}

/// What `cos --help` ends with.
pub(crate) const HELP: &str = "\
Exit codes:
  0    everything asked for is there, and verified as reported
  1    anything not below
  2    usage or configuration; nothing was sent
  3    bucket, key or version not found
  4    credentials missing or refused, access denied
  5    a condition did not hold (304, 412), or the object changed under a download
  6    integrity: CRC64 or length
  7    some objects of a directory failed; all others are in place
  8    network: unreachable, timed out, TLS
  9    the local disk: full, not allowed, not a place to write
  10   another process is downloading to this place
  130  interrupted (SIGINT); 143 terminated (SIGTERM)

Environment:
  COS_SECRET_ID, COS_SECRET_KEY, COS_TOKEN  credentials; never taken from arguments
  COS_REGION, COS_ENDPOINT                  as --region, --endpoint
  COS_CONFIG, COS_PROFILE                   as --config, --profile
  RUST_LOG                                  with -v: what is logged, as target=level,...
  An option goes before the environment, the environment before the profile of the configuration file.";
