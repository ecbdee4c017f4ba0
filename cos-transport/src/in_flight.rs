//! A layer that limits the requests in flight, and lowers its limit when the service asks to slow
//! down.

use std::num::NonZeroUsize;
use std::time::Duration;

use tower_layer::Layer;

mod adaptive;
mod body;
mod future;
mod gate;
mod handle;
mod service;

pub use body::InFlightBody;
pub use future::ResponseFuture;
pub use handle::InFlightHandle;
pub use service::InFlight;

use gate::Gate;

/// Limits how many requests are in flight: from the moment at which they go to the inner service
/// until the body of their answer has ended, has failed, or is dropped.
///
/// Clones share the limit, and so do all services made by them. Those who wait are let in in the
/// order in which they came.
///
/// # The limit adapts
///
/// It starts at its ceiling. When the service asks to slow down, it is halved, down to one. When it
/// has let through as many requests as it allows, and none of their answers was a 5xx, it grows by
/// one, up to the ceiling; those count that come back while at least half of it is in use, so that
/// it does not grow untried.
///
/// Several answers that ask to slow down count once if their requests were sent before the first
/// of them lowered the limit: a burst of them halves it, and does not bring it to the ground.
///
/// To slow down is asked for by an answer with status 429, or whose
/// [`ServiceError`](cos_proto::ServiceError), which a layer below has put into the answer's
/// extensions, is [`Failure::Throttled`](cos_proto::Failure::Throttled). A 503 that does not say
/// why counts too: the answer to a HEAD has no body to say it in, and without an
/// [`ErrorReaderLayer`](crate::layer::ErrorReaderLayer) nobody has read it. Any other 5xx, and an
/// error, leave the limit as it is.
///
/// # Bodies that are not read
///
/// A body that is kept and not read holds its permit, so that a caller who keeps as many as the
/// limit allows, and then asks for one more, would wait for itself. Therefore a permit whose holder
/// does nothing with it is lent: that of a body which is not asked for its next frame for
/// [`UNREAD_AFTER`], and that of a future or body which waits for the service and is not polled for
/// [`ABANDONED_AFTER`]. Such a request costs the service nothing: its connection stands still. When
/// its holder comes back, it goes on at once, though more than the limit may then be in flight, by
/// as many as were lent; nobody new is let in until they are fewer than the limit again. So every
/// request is let in at last, whatever others do with their answers. Permits are lent only while
/// somebody waits for one.
///
/// ```
/// # use std::num::NonZeroUsize;
/// # use cos_transport::layer::InFlightLayer;
/// let layer = InFlightLayer::new(NonZeroUsize::new(64).ok_or("zero")?);
/// let handle = layer.handle();
/// assert_eq!((handle.limit(), handle.in_flight()), (64, 0));
/// # Ok::<(), &str>(())
/// ```
#[derive(Clone, Debug)]
pub struct InFlightLayer {
    gate: Gate,
}

impl InFlightLayer {
    /// Lets at most `ceiling` requests be in flight.
    pub fn new(ceiling: NonZeroUsize) -> Self {
        Self {
            gate: Gate::new(ceiling),
        }
    }

    /// A handle that shows the present limit and what is in flight.
    pub fn handle(&self) -> InFlightHandle {
        InFlightHandle::new(self.gate.clone())
    }
}

impl<S> Layer<S> for InFlightLayer {
    type Service = InFlight<S>;

    fn layer(&self, inner: S) -> Self::Service {
        InFlight::new(inner, self.gate.clone())
    }
}

/// How long a body may be left unread before its permit is lent.
///
/// Longer than a reader stops for a slow disk, short enough to be waited for.
pub const UNREAD_AFTER: Duration = Duration::from_secs(10);

/// How long a future or a body that waits for the service may go without being polled before its
/// permit is lent.
///
/// A service that is slow is no reason to send it more: this is longer than the layers below let
/// it be silent by default, and they poll when they give up.
pub const ABANDONED_AFTER: Duration = Duration::from_secs(60);

#[cfg(test)]
mod tests;
