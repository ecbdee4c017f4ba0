//! What a downloader was told.

use std::time::Instant;

use cos_proto::{Backoff, ObjectHead, RetryBudget};

use crate::Report;
use crate::engine::{Options, Outcome};

/// When a file is made durable before it is reported as downloaded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Fsync {
    /// A single object always. In the download of a prefix, files that were fetched in parts each
    /// by itself, and the small ones together at the end.
    #[default]
    Auto,
    /// Every file, before it gets its name.
    Always,
    /// Left to the operating system: after a power cut a file that was reported may be empty or
    /// partly so.
    Never,
}

/// Settings of a [`Downloader`](crate::Downloader), with the defaults that its setters name.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) part_size: u64,
    pub(crate) parallel: usize,
    pub(crate) require_crc64: bool,
    pub(crate) no_crc64: bool,
    pub(crate) no_clobber: bool,
    pub(crate) no_resume: bool,
    pub(crate) trust_checkpoint: bool,
    pub(crate) fsync: Fsync,
    pub(crate) retries: u32,
    pub(crate) backoff: Backoff,
    pub(crate) hedge: bool,
}

impl Settings {
    /// What the machine has to know of it.
    pub(crate) fn options(&self) -> Options {
        let mut options = Options::new()
            .part_size(self.part_size)
            .connections(self.parallel)
            .retries(self.retries)
            .backoff(self.backoff);
        if self.require_crc64 {
            options = options.require_crc64();
        } else if self.no_crc64 {
            options = options.ignore_crc64();
        }
        if self.trust_checkpoint {
            options = options.trust_claims();
        }
        if !self.hedge {
            options = options.without_hedge();
        }
        options
    }

    /// What is reported of a download that has these settings.
    pub(crate) fn report(
        &self,
        outcome: &Outcome,
        head: Option<&ObjectHead>,
        started: Instant,
    ) -> Report {
        let mut report = Report::of(outcome, head, started.elapsed());
        if self.no_crc64 && !self.require_crc64 {
            report.crc64 = None;
        }
        report
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            part_size: Options::PART_SIZE,
            parallel: Options::CONNECTIONS,
            require_crc64: false,
            no_crc64: false,
            no_clobber: false,
            no_resume: false,
            trust_checkpoint: false,
            fsync: Fsync::default(),
            retries: RetryBudget::RETRIES,
            backoff: Backoff::new(),
            hedge: true,
        }
    }
}
