//! Credentials that are kept until it is time for new ones.

use std::fmt;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use cos_proto::Timestamp;
use tokio::sync;

use super::{CredentialsError, Generation, Issued, ProvideCredentials, ProvideFuture};
use crate::clock::Clock;

/// How long before they expire credentials are replaced, as in the vendor's Go SDK. Those that live
/// for less than twice as long are replaced at half of their life.
pub const REFRESH_BEFORE: Duration = Duration::from_secs(600);

/// How long the source is left alone after a renewal that failed, as long as the old credentials
/// are still good, and after one that brought credentials which expire at once.
pub const FETCH_PAUSE: Duration = Duration::from_secs(10);

/// How long one fetch may take, whatever the source allows itself. A source that hangs must not
/// hang the requests for ever.
pub const FETCH_TIME: Duration = Duration::from_secs(60);

/// Keeps what a source gave, and asks it again only when there is need.
///
/// New credentials are fetched when there are none, when the ones there are expire within
/// [`REFRESH_BEFORE`], and when the service has refused them. There is one fetch at a time:
///
/// - who needs the result of the fetch waits for it; when it fails, all who wait get the error;
/// - while the old credentials are still good, they are given out to all but the one that fetches,
///   and a failure is not told but the fetch repeated after [`FETCH_PAUSE`];
/// - when the one that fetches is dropped, the next one goes on where it was; when nobody waits any
///   more, the fetch is dropped too.
///
/// Nothing runs in the background: a client that is idle fetches nothing.
pub struct Cached<P> {
    source: Arc<P>,
    clock: Clock,
    held: Mutex<Held>,
    /// The fetch under way. It stays here when the one that polled it is dropped and others wait.
    flight: sync::Mutex<Option<Flight>>,
    /// How many fetch, or wait for the one that does.
    present: AtomicUsize,
}

type Flight = Pin<Box<dyn Future<Output = Result<Issued, CredentialsError>> + Send>>;

#[derive(Default)]
struct Held {
    kept: Option<Kept>,
    /// How many fetches have ended.
    ended: u64,
    /// The error of the last one, if it failed.
    failure: Option<CredentialsError>,
}

struct Kept {
    issued: Issued,
    /// From when on new ones are fetched; `None` where nothing is known of when they expire.
    refresh_at: Option<Duration>,
}

/// What there is to give out.
enum Look {
    Fresh(Issued),
    /// Still good, but it is time for others.
    Stale(Issued),
    /// Nothing, after so many fetches.
    Nothing {
        ended: u64,
    },
}

impl<P: ProvideCredentials + 'static> Cached<P> {
    /// Keeps what `source` gives, by the system's clock.
    pub fn new(source: P) -> Self {
        Self {
            source: Arc::new(source),
            clock: Clock::default(),
            held: Mutex::default(),
            flight: sync::Mutex::default(),
            present: AtomicUsize::new(0),
        }
    }

    /// Compares times of expiry with another clock, which tells the time since the Unix epoch.
    #[must_use]
    pub fn with_clock(mut self, clock: impl Fn() -> Duration + Send + Sync + 'static) -> Self {
        self.clock = Clock::new(clock);
        self
    }

    /// The source.
    pub fn source(&self) -> &P {
        &self.source
    }

    async fn get(&self, refused: Option<Generation>) -> Result<Issued, CredentialsError> {
        match self.look(refused) {
            Look::Fresh(issued) => Ok(issued),
            Look::Stale(old) => {
                let _present = Present::new(self);
                let Ok(mut flight) = self.flight.try_lock() else {
                    return Ok(old);
                };
                match self.look(refused) {
                    Look::Fresh(issued) => Ok(issued),
                    _ => Ok(self.fetch(&mut flight, None).await.unwrap_or(old)),
                }
            }
            Look::Nothing { ended: before } => {
                let _present = Present::new(self);
                let mut flight = self.flight.lock().await;
                let ended = match self.look(refused) {
                    Look::Fresh(issued) | Look::Stale(issued) => return Ok(issued),
                    Look::Nothing { ended } => ended,
                };
                // A fetch has ended while this one waited: its failure is this one's too.
                if ended != before
                    && let Some(failure) = self.held().failure.clone()
                {
                    return Err(failure);
                }
                self.fetch(&mut flight, refused).await
            }
        }
    }

    fn look(&self, refused: Option<Generation>) -> Look {
        let now = self.clock.now();
        let mut held = self.held();
        // What was refused once is not given out to others either.
        held.kept
            .take_if(|kept| Some(kept.issued.generation()) == refused);
        if let Some(kept) = &held.kept {
            if kept.refresh_at.is_none_or(|at| now < at) {
                return Look::Fresh(kept.issued.clone());
            }
            if kept
                .issued
                .expires()
                .is_none_or(|at| now < at.since_epoch())
            {
                return Look::Stale(kept.issued.clone());
            }
        }
        Look::Nothing { ended: held.ended }
    }

    /// Fetches, or goes on with the fetch that somebody else was dropped from.
    async fn fetch(
        &self,
        slot: &mut Option<Flight>,
        refused: Option<Generation>,
    ) -> Result<Issued, CredentialsError> {
        let slot = EmptiedByPanic(slot);
        let outcome = slot
            .0
            .get_or_insert_with(|| -> Flight {
                let source = Arc::clone(&self.source);
                Box::pin(async move {
                    match tokio::time::timeout(FETCH_TIME, source.provide(refused)).await {
                        Ok(outcome) => outcome,
                        Err(_) => Err(CredentialsError::unavailable(
                            std::any::type_name::<P>(),
                            format!("no answer within {FETCH_TIME:?}"),
                        )),
                    }
                })
            })
            .await;
        *slot.0 = None;
        self.settle(&outcome);
        outcome
    }

    fn settle(&self, outcome: &Result<Issued, CredentialsError>) {
        let now = self.clock.now();
        let mut held = self.held();
        held.ended = held.ended.wrapping_add(1);
        match outcome {
            Ok(issued) => {
                held.failure = None;
                held.kept = Some(Kept {
                    issued: issued.clone(),
                    refresh_at: issued.expires().map(|at| refresh_at(now, at)),
                });
            }
            Err(error) => {
                held.failure = Some(error.clone());
                if let Some(kept) = &mut held.kept
                    && let Some(expires) = kept.issued.expires()
                {
                    kept.refresh_at =
                        Some(now.saturating_add(FETCH_PAUSE).min(expires.since_epoch()));
                }
            }
        }
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        // Every change is a whole one, so what a panicking thread left behind is usable.
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<P: ProvideCredentials + 'static> ProvideCredentials for Cached<P> {
    fn provide(&self, refused: Option<Generation>) -> ProvideFuture<'_> {
        Box::pin(self.get(refused))
    }
}

impl<P: fmt::Debug> fmt::Debug for Cached<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Cached").field(&self.source).finish()
    }
}

fn refresh_at(now: Duration, expires: Timestamp) -> Duration {
    let life = expires.since_epoch().saturating_sub(now);
    now.saturating_add((life - REFRESH_BEFORE.min(life / 2)).max(FETCH_PAUSE))
}

/// One that fetches, or waits for the one that does. The last one to go takes the fetch along.
struct Present<'a, P>(&'a Cached<P>);

impl<'a, P> Present<'a, P> {
    fn new(cached: &'a Cached<P>) -> Self {
        cached.present.fetch_add(1, Ordering::AcqRel);
        Self(cached)
    }
}

impl<P> Drop for Present<'_, P> {
    fn drop(&mut self) {
        // Where the lock is taken, somebody has come in the meantime, and goes on with the fetch.
        if self.0.present.fetch_sub(1, Ordering::AcqRel) == 1
            && let Ok(mut flight) = self.0.flight.try_lock()
        {
            *flight = None;
        }
    }
}

/// A source that panics leaves a future behind that cannot be polled again.
struct EmptiedByPanic<'a>(&'a mut Option<Flight>);

impl Drop for EmptiedByPanic<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            *self.0 = None;
        }
    }
}

#[cfg(test)]
mod tests;
