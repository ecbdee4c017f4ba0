//! The settings of the policy, and its place in tower.

use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use cos_proto::{Backoff, Endpoint, Failure, RetryBudget};
use http::{Request, Response};
use tower::retry::Policy;

use super::random::Random;
use super::seen::{Classify, Seen};
use super::session::Session;
use super::{MARKED, RETRY_MARK, RetryWait};
use crate::BoxError;
use crate::clock::{Clock, ClockOffset};

/// Decides whether an attempt is repeated, and when; see the [module](super) for what is.
///
/// The [`RetryBudget`] in a request's extensions is drawn from if there is one, so that all who try
/// again one range draw from the same; otherwise each request has one of its own, of
/// [`retries`](Self::retries).
///
/// It is generic over the request's body, which is cloned for each attempt. Requests whose method
/// is not idempotent (`POST`) are passed on, and never tried again. The service below must have
/// [`BoxError`] as its error, as the layers of this crate do.
///
/// # Cancellation
///
/// Dropping the future of a request drops the attempt or the pause that it is in; nothing of it is
/// left.
#[derive(Clone)]
pub struct RetryPolicy {
    settings: Arc<Settings>,
    session: Session,
}

#[derive(Clone)]
pub(super) struct Settings {
    pub(super) retries: u32,
    pub(super) backoff: Backoff,
    /// Where requests go whose backup may be tried.
    pub(super) failover: Option<Endpoint>,
    pub(super) clock: Clock,
    pub(super) offset: ClockOffset,
    pub(super) random: Random,
    classify: Option<Arc<Classify>>,
}

impl RetryPolicy {
    /// [`RetryBudget::RETRIES`] further attempts with the default [`Backoff`], without failover.
    ///
    /// An outage of twenty seconds is always survived: whatever the jitter, the pauses add up to
    /// more.
    pub fn new() -> Self {
        Self {
            settings: Arc::new(Settings {
                retries: RetryBudget::RETRIES,
                backoff: Backoff::new(),
                failover: None,
                clock: Clock::default(),
                offset: ClockOffset::new(),
                random: Random::default(),
                classify: None,
            }),
            session: Session::default(),
        }
    }

    /// How many further attempts a request has that brings no budget of its own. 0 tries nothing
    /// again.
    #[must_use]
    pub fn retries(self, retries: u32) -> Self {
        self.set(|settings| settings.retries = retries)
    }

    /// How long the pauses between attempts are.
    #[must_use]
    pub fn backoff(self, backoff: Backoff) -> Self {
        self.set(|settings| settings.backoff = backoff)
    }

    /// Turns to the [backup](Endpoint::backup) of `endpoint` under the conditions of the vendor's
    /// Go SDK: for the last two attempts, when no answer came, or one that is not of COS because it
    /// has no request id; and at once when such an answer is a redirect (301, 302, 307).
    ///
    /// Only requests to a bucket at `endpoint` turn, and each begins at `endpoint` again. It has no
    /// effect for an endpoint without a backup, such as a custom domain.
    ///
    /// The backup is another host: a signature must be made below this policy, for the host that
    /// the request has by then.
    #[must_use]
    pub fn failover(self, endpoint: &Endpoint) -> Self {
        let endpoint = endpoint.backup().map(|_| endpoint.clone());
        self.set(|settings| settings.failover = endpoint)
    }

    /// Learns the service's time into `offset`, which the layer that signs is to read.
    #[must_use]
    pub fn clock_offset(self, offset: ClockOffset) -> Self {
        self.set(|settings| settings.offset = offset)
    }

    /// Reads another clock than the system's: the time since the Unix epoch. It must be the one by
    /// which the layer below signs.
    #[must_use]
    pub fn clock(self, clock: impl Fn() -> Duration + Send + Sync + 'static) -> Self {
        self.set(|settings| settings.clock = Clock::new(clock))
    }

    /// Makes the jitter the same in every run.
    #[must_use]
    pub fn seed(self, seed: u64) -> Self {
        self.set(|settings| settings.random = Random::seeded(seed))
    }

    /// Draws the jitter from elsewhere: any number, another one with each call.
    #[must_use]
    pub fn random(self, random: impl Fn() -> u64 + Send + Sync + 'static) -> Self {
        self.set(|settings| settings.random = Random::new(random))
    }

    /// Asks `classify` first what an error amounts to. `None` leaves it to the [`Failure`] among
    /// the error's sources; an error without one is a passing failure of the network.
    #[must_use]
    pub fn classify(
        self,
        classify: impl Fn(&(dyn StdError + 'static)) -> Option<Failure> + Send + Sync + 'static,
    ) -> Self {
        self.set(|settings| settings.classify = Some(Arc::new(classify)))
    }

    /// A budget for somebody above who tries more again than heads, and shares what there is.
    pub(crate) fn budget(&self) -> RetryBudget {
        RetryBudget::new(self.settings.retries)
    }

    /// The pause before the further attempt that a budget gave this number.
    pub(crate) fn pause(&self, number: u32) -> RetryWait {
        let random = self.settings.random.next();
        RetryWait::new(self.settings.backoff.delay(number, random))
    }

    fn set(mut self, set: impl FnOnce(&mut Settings)) -> Self {
        set(Arc::make_mut(&mut self.settings));
        self
    }
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self::new()
    }
}

/// tower clones the policy for each request, so that the session is that of one request.
impl<ReqB: Clone, ResB> Policy<Request<ReqB>, Response<ResB>, BoxError> for RetryPolicy {
    type Future = RetryWait;

    fn retry(
        &mut self,
        request: &mut Request<ReqB>,
        result: &mut Result<Response<ResB>, BoxError>,
    ) -> Option<RetryWait> {
        self.session.count_from(request);
        let seen = match result {
            Ok(response) => Seen::answer(response),
            Err(error) => Some(Seen::error(error, self.settings.classify.as_deref())),
        };
        match seen.and_then(|seen| self.session.next(&self.settings, seen, request)) {
            Some(delay) => {
                self.session.number(request);
                request.headers_mut().insert(RETRY_MARK, MARKED);
                Some(RetryWait::new(delay))
            }
            None => {
                self.session.mark(result);
                None
            }
        }
    }

    fn clone_request(&mut self, request: &Request<ReqB>) -> Option<Request<ReqB>> {
        request.method().is_idempotent().then(|| request.clone())
    }
}

impl fmt::Debug for RetryPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RetryPolicy")
            .field("retries", &self.settings.retries)
            .field("backoff", &self.settings.backoff)
            .field("failover", &self.settings.failover)
            .field("offset", &self.settings.offset)
            .finish_non_exhaustive()
    }
}
