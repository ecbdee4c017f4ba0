//! A layer that limits requests a second, and bytes a second over all bodies together.

use std::num::NonZeroU64;
use std::time::Duration;

use tower_layer::Layer;

mod body;
mod bucket;
mod future;
mod pace;
mod service;

pub use body::RateLimitBody;
pub use bucket::TokenBucket;
pub use future::ResponseFuture;
pub use service::RateLimit;

use pace::Pace;

/// Limits how many requests start a second, and how many bytes a second are handed out by the
/// bodies of all answers together.
///
/// Clones share their limits, and so do all services made by them: the limits are those of a
/// client, not of a connection or a clone. What was not used for [`BURST`] may be used at once,
/// and no more than that. Those who wait are served in the order in which they came; for a body,
/// that order is by chunk. A chunk that is larger than what comes in half of [`BURST`] is handed
/// out in pieces.
///
/// Without a limit of requests, and without a limit of bytes, there is no lock and no timer on the
/// way of the requests, or of the bytes.
///
/// Under a retry, each attempt is a request. A layer above one that limits the requests in flight,
/// as here, keeps those that wait for their turn from holding places there.
///
/// ```
/// # use std::num::NonZeroU64;
/// # use cos_transport::layer::RateLimitLayer;
/// let layer = RateLimitLayer::new()
///     .requests_per_second(NonZeroU64::new(50).ok_or("zero")?)
///     .bytes_per_second(NonZeroU64::new(20 * 1024 * 1024).ok_or("zero")?);
/// # Ok::<(), &str>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct RateLimitLayer {
    requests: Option<Pace>,
    bytes: Option<Pace>,
}

impl RateLimitLayer {
    /// A layer without any limit.
    pub fn new() -> Self {
        Self::default()
    }

    /// Lets at most `rate` requests start a second. The limit is a new one, not shared with
    /// earlier clones.
    pub fn requests_per_second(mut self, rate: NonZeroU64) -> Self {
        self.requests = Some(Pace::new(rate, BURST));
        self
    }

    /// Lets the bodies together hand out at most `rate` bytes a second. The limit is a new one,
    /// not shared with earlier clones.
    ///
    /// What the buffers of each connection and of the system hold arrives ahead of being handed
    /// out, and waits there: of a [`Client`](crate::Client)'s, at most half a mebibyte each.
    pub fn bytes_per_second(mut self, rate: NonZeroU64) -> Self {
        self.bytes = Some(Pace::new(rate, BURST));
        self
    }

    /// How often a request had to wait for its turn, over all clones.
    pub fn request_waits(&self) -> u64 {
        self.requests.as_ref().map_or(0, Pace::waits)
    }

    /// How often a body had to wait before it could hand out bytes, over all clones.
    pub fn body_waits(&self) -> u64 {
        self.bytes.as_ref().map_or(0, Pace::waits)
    }

    /// How many requests and bodies wait for their turn at this moment, over all clones.
    pub fn waiting(&self) -> usize {
        [&self.requests, &self.bytes]
            .into_iter()
            .flatten()
            .map(Pace::waiting)
            .sum()
    }
}

impl<S> Layer<S> for RateLimitLayer {
    type Service = RateLimit<S>;

    fn layer(&self, inner: S) -> Self::Service {
        RateLimit::new(inner, self.requests.clone(), self.bytes.clone())
    }
}

/// The longest time whose share may be used at once after a pause.
///
/// Long enough that a timer or a scheduler which is late by a tenth of a second costs nothing;
/// short enough that what a limit of some seconds is measured over stays within a few percent.
pub const BURST: Duration = Duration::from_millis(250);

#[cfg(test)]
mod tests;
