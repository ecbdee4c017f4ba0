//! Where the bytes of a download go.

use std::ops::Range;
use std::task::{Context, Poll};

use bytes::Bytes;
use cos_proto::Extent;

use crate::DownloadError;
use crate::engine::ClaimId;
use crate::engine::journal::Record;

/// Takes the bytes of a download, and keeps its checkpoint where it has one.
pub(crate) trait Sink {
    /// Whether a chunk that begins at this offset of the object would be taken now. What makes it
    /// true later wakes the driver.
    fn may_take(&self, offset: u64) -> bool;

    /// Takes a chunk. When this returns, it is there.
    fn take(&mut self, offset: u64, bytes: Bytes) -> Result<(), DownloadError>;

    /// Does this. Not to be called while the sink [is busy](Self::is_busy).
    fn order(&mut self, order: Order) -> Result<(), DownloadError>;

    /// Whether an order is under way that has to be done before another one is given.
    fn is_busy(&self) -> bool;

    /// What has come of the orders. It is pending as well where there is nothing under way.
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Done>;

    /// Ends early what need not come to its end, because the download is given up.
    fn stop(&mut self);

    /// Whether nothing is under way.
    fn is_idle(&self) -> bool;
}

/// What the machine wants to be done; see [`Output`](crate::engine::Output).
pub(crate) enum Order {
    Begin(Range<u64>),
    Rewrite(Vec<u8>),
    Record(Record),
    Discard,
    Verify { claim: ClaimId, extent: Extent },
}

/// What has come of an order.
pub(crate) enum Done {
    /// It is done.
    Step,
    /// A claim was read back.
    Read {
        claim: ClaimId,
        is_true: bool,
    },
    Failed(DownloadError),
}
