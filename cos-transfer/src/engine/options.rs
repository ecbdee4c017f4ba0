//! How a download goes about it.

use core::time::Duration;

use cos_proto::{Backoff, RetryBudget};

/// How a [`Download`](super::Download) goes about it. What is not set has the default that is named
/// at its setter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    pub(super) part_size: u64,
    pub(super) connections: usize,
    pub(super) mode: Mode,
    pub(super) known_size: Option<u64>,
    pub(super) crc64: Crc64Use,
    pub(super) trust_claims: bool,
    pub(super) hedge: bool,
    pub(super) retries: u32,
    pub(super) backoff: Backoff,
    pub(super) record_bytes: u64,
    pub(super) record_time: Duration,
    pub(super) split_bytes: u64,
}

/// Where the bytes go, and so in which order they are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Mode {
    /// Into a file: any order will do, there may be a checkpoint, and a file that is not published
    /// yet can be started anew.
    File,
    /// Out in order, through a buffer of so many bytes.
    ///
    /// No range is asked for that ends more than `window` bytes beyond what
    /// [`handle_delivered`](super::Download::handle_delivered) has told. Parts are made small enough
    /// that every connection has one in the window. There is no checkpoint.
    Ordered {
        /// Bytes of the buffer, at least 1.
        window: u64,
    },
}

/// What is made of the CRC64 that the service gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Crc64Use {
    IfThere,
    Required,
    Ignored,
}

impl Options {
    /// Bytes of a part, and of an object that is fetched by one request: 20 MiB, as in the vendor's
    /// own downloader.
    pub const PART_SIZE: u64 = 20 * 1024 * 1024;

    /// Ranges in flight at once: 5, as in the vendor's own downloader.
    pub const CONNECTIONS: usize = 5;

    /// A range's bytes are recorded whenever they are so many: at 32 bytes a record, the journal of
    /// a gigabyte has 8 KiB.
    pub const RECORD_BYTES: u64 = 4 * 1024 * 1024;

    /// A range's bytes are recorded whenever the oldest of them is that old, so that this is what a
    /// kill costs a slow connection.
    pub const RECORD_TIME: Duration = Duration::from_secs(1);

    /// No connection is sent for fewer bytes than these when a range is split: a request has a cost
    /// too.
    pub const SPLIT_BYTES: u64 = 512 * 1024;

    /// The defaults.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            part_size: Self::PART_SIZE,
            connections: Self::CONNECTIONS,
            mode: Mode::File,
            known_size: None,
            crc64: Crc64Use::IfThere,
            trust_claims: false,
            hedge: true,
            retries: RetryBudget::RETRIES,
            backoff: Backoff::new(),
            record_bytes: Self::RECORD_BYTES,
            record_time: Self::RECORD_TIME,
            split_bytes: Self::SPLIT_BYTES,
        }
    }

    /// Bytes of a part. An object that is no longer is fetched by one request and without a
    /// checkpoint. [`Options::PART_SIZE`]; 0 counts as 1.
    #[must_use]
    pub const fn part_size(mut self, bytes: u64) -> Self {
        self.part_size = at_least_one(bytes);
        self
    }

    /// How many ranges are in flight at once. [`Options::CONNECTIONS`]; 0 counts as 1.
    #[must_use]
    pub const fn connections(mut self, connections: usize) -> Self {
        self.connections = if connections == 0 { 1 } else { connections };
        self
    }

    /// Where the bytes go. [`Mode::File`].
    #[must_use]
    pub const fn mode(mut self, mode: Mode) -> Self {
        self.mode = match mode {
            Mode::Ordered { window } => Mode::Ordered {
                window: at_least_one(window),
            },
            Mode::File => Mode::File,
        };
        self
    }

    /// The object's size, where a listing or a former answer has told it. An object of 0 bytes is
    /// then asked for without a range, which it could not satisfy. The answer's word counts.
    #[must_use]
    pub const fn known_size(mut self, bytes: u64) -> Self {
        self.known_size = Some(bytes);
        self
    }

    /// Refuses objects that have no CRC64. By default they are held against their length alone.
    #[must_use]
    pub const fn require_crc64(mut self) -> Self {
        self.crc64 = Crc64Use::Required;
        self
    }

    /// Holds objects against their length alone, whether they have a CRC64 or not.
    #[must_use]
    pub const fn ignore_crc64(mut self) -> Self {
        self.crc64 = Crc64Use::Ignored;
        self
    }

    /// Takes the claims of a checkpoint for facts. By default each is read back and compared.
    ///
    /// Nobody looks at what is on the disk then: a file that was changed, or did not get there before
    /// a power cut, is published as it is.
    #[must_use]
    pub const fn trust_claims(mut self) -> Self {
        self.trust_claims = true;
        self
    }

    /// Lets slow connections be slow. It is so by itself where the request has a traffic limit; say
    /// it where the limit is your own.
    #[must_use]
    pub const fn without_hedge(mut self) -> Self {
        self.hedge = false;
        self
    }

    /// Consecutive further attempts of a range without progress. [`RetryBudget::RETRIES`].
    #[must_use]
    pub const fn retries(mut self, retries: u32) -> Self {
        self.retries = retries;
        self
    }

    /// How long to wait before each. [`Backoff::new`].
    #[must_use]
    pub const fn backoff(mut self, backoff: Backoff) -> Self {
        self.backoff = backoff;
        self
    }

    /// How often a range's bytes are recorded: whenever they are so many, or the oldest of them so
    /// old. [`Options::RECORD_BYTES`] and [`Options::RECORD_TIME`]; 0 bytes count as 1.
    #[must_use]
    pub const fn record_every(mut self, bytes: u64, time: Duration) -> Self {
        self.record_bytes = at_least_one(bytes);
        self.record_time = time;
        self
    }

    /// How many bytes are worth a request of their own when a range is split.
    /// [`Options::SPLIT_BYTES`]; 0 counts as 1.
    #[must_use]
    pub const fn split_bytes(mut self, bytes: u64) -> Self {
        self.split_bytes = at_least_one(bytes);
        self
    }
}

impl Default for Options {
    fn default() -> Self {
        Self::new()
    }
}

const fn at_least_one(bytes: u64) -> u64 {
    if bytes == 0 { 1 } else { bytes }
}
