//! The attempts of one request, and what is decided after each.

use std::time::Duration;

use cos_proto::{Attempts, Endpoint, Failure, GaveUp, RetryBudget, Timestamp};
use http::uri::{Authority, Uri};
use http::{HeaderValue, Request, Response, StatusCode, header};

use super::policy::Settings;
use super::seen::Seen;
use crate::BoxError;
use crate::credentials::{Generation, RefusedCredentials};

/// What was done so far for one request.
#[derive(Clone, Debug, Default)]
pub(super) struct Session {
    /// Attempts that somebody above has made for the same thing.
    before: u32,
    /// Attempts after the first one.
    further: u32,
    /// The budget, where the request brought none.
    own_budget: Option<RetryBudget>,
    /// The failure would have been tried again, had there been an attempt left.
    exhausted: bool,
    clock_set: bool,
    renewed: bool,
    switched: bool,
}

/// What is to be done so that a further attempt does better.
#[derive(Clone, Copy, Debug)]
enum Remedy {
    /// Wait.
    Wait,
    /// Sign by the server's time.
    SetClock { server: Timestamp },
    /// Sign with other credentials than these.
    Renew { refused: Generation },
    /// Turn to the backup.
    Switch,
}

impl Session {
    /// After which pause `request`, made ready for it here, is tried again; `None` if it is not.
    pub(super) fn next<B>(
        &mut self,
        settings: &Settings,
        seen: Seen,
        request: &mut Request<B>,
    ) -> Option<Duration> {
        let remedy = self.remedy(settings, &seen, request)?;
        let budget = self.budget(settings, request);
        let Some(number) = budget.draw() else {
            self.exhausted = true;
            return None;
        };
        self.further = self.further.saturating_add(1);
        let delay = match remedy {
            Remedy::Wait => {
                if budget.remaining() < SWITCHED_ATTEMPTS && !seen.from_cos {
                    self.switch(settings, request);
                }
                let now = match seen.date {
                    // A point in time that the server names is one of its own clock.
                    Some(date) => date.since_epoch(),
                    None => settings.offset.apply(settings.clock.now()),
                };
                let asked = seen.failure.retry_after();
                settings
                    .backoff
                    .delay_after(number, settings.random.next(), asked, now)
            }
            Remedy::SetClock { server } => {
                self.set_clock(settings, server);
                Duration::ZERO
            }
            Remedy::Renew { refused } => {
                self.renewed = true;
                let refused = RefusedCredentials::new(refused);
                request.extensions_mut().insert(refused);
                Duration::ZERO
            }
            Remedy::Switch => {
                self.switch(settings, request);
                Duration::ZERO
            }
        };
        tracing::debug!(
            attempt = self.made(),
            failure = %seen.failure,
            ?delay,
            "trying again"
        );
        Some(delay)
    }

    /// Goes on counting where somebody above has told which attempt this is.
    pub(super) fn count_from<B>(&mut self, request: &Request<B>) {
        if self.further == 0
            && let Some(attempt) = request.extensions().get::<Attempts>()
        {
            self.before = attempt.made().saturating_sub(1);
        }
    }

    /// Tells those below which attempt this will be.
    pub(super) fn number<B>(&self, request: &mut Request<B>) {
        request.extensions_mut().insert(Attempts::new(self.made()));
    }

    /// Tells those above how often it was tried.
    pub(super) fn mark<B>(&self, result: &mut Result<Response<B>, BoxError>) {
        let mut attempts = Attempts::new(self.made());
        if self.exhausted {
            attempts = attempts.exhausted();
        }
        match result {
            Ok(response) => {
                let extensions = response.extensions_mut();
                let below = extensions.get().copied();
                if !below.is_some_and(Attempts::is_exhausted) {
                    extensions.insert(attempts);
                }
            }
            Err(error) if self.exhausted || self.made() > 1 => {
                let last = std::mem::replace(error, std::fmt::Error.into());
                *error = GaveUp::new(attempts, last).into();
            }
            // It stands for itself.
            Err(_) => {}
        }
    }

    fn remedy<B>(&self, settings: &Settings, seen: &Seen, request: &Request<B>) -> Option<Remedy> {
        if seen.exhausted {
            return None;
        }
        match seen.failure {
            Failure::Skewed {
                server: Some(server),
            } if !self.clock_set => Some(Remedy::SetClock { server }),
            Failure::Expired if !self.renewed => {
                seen.signed_by
                    .filter(|by| by.is_renewable())
                    .map(|by| Remedy::Renew {
                        refused: by.generation(),
                    })
            }
            Failure::Redirect
                if !self.switched
                    && !seen.from_cos
                    && seen
                        .status
                        .is_some_and(|status| SWITCHING.contains(&status))
                    && backup(settings, request).is_some() =>
            {
                Some(Remedy::Switch)
            }
            failure => failure.is_retryable().then_some(Remedy::Wait),
        }
    }

    fn budget<B>(&mut self, settings: &Settings, request: &Request<B>) -> RetryBudget {
        request
            .extensions()
            .get()
            .unwrap_or_else(|| {
                self.own_budget
                    .get_or_insert_with(|| RetryBudget::new(settings.retries))
            })
            .clone()
    }

    fn set_clock(&mut self, settings: &Settings, server: Timestamp) {
        self.clock_set = true;
        settings
            .offset
            .learn(settings.clock.now(), server.since_epoch());
        tracing::warn!(
            offset_seconds = settings.offset.seconds(),
            "the clock of this machine is not the service's; signing by the service's from now on"
        );
    }

    fn switch<B>(&mut self, settings: &Settings, request: &mut Request<B>) {
        let Some(backup) = backup(settings, request) else {
            return;
        };
        self.switched = true;
        tracing::warn!(host = %backup.authority, "turning to the backup");
        *request.uri_mut() = backup.uri;
        if let Some(host) = backup.host {
            request.headers_mut().insert(header::HOST, host);
        }
    }

    fn made(&self) -> u32 {
        self.before.saturating_add(self.further).saturating_add(1)
    }
}

/// How many attempts, the last ones, may turn to the backup (vendor's Go SDK, `AutoSwitchHost`).
const SWITCHED_ATTEMPTS: u32 = 2;

/// The redirects that turn a request to the backup at once, where they are not of COS (vendor's Go
/// and Python SDKs).
const SWITCHING: [StatusCode; 3] = [
    StatusCode::MOVED_PERMANENTLY,
    StatusCode::FOUND,
    StatusCode::TEMPORARY_REDIRECT,
];

/// A request's place at the backup.
struct Backup {
    authority: Authority,
    uri: Uri,
    /// The value of `Host`, where the request has that header.
    host: Option<HeaderValue>,
}

/// Where `request` goes at the backup; `None` if failover is off, or if it has nowhere to go.
fn backup<B>(settings: &Settings, request: &Request<B>) -> Option<Backup> {
    let endpoint = settings.failover.as_ref()?;
    let authority = moved(endpoint, request.uri().authority()?.as_str())?;
    let host = match request.headers().get(header::HOST) {
        Some(host) => Some(moved(endpoint, host.to_str().ok()?)?),
        None => None,
    };
    let mut parts = request.uri().clone().into_parts();
    parts.authority = Some(authority.clone());
    Some(Backup {
        authority,
        uri: Uri::from_parts(parts).ok()?,
        host: match host {
            Some(host) => Some(HeaderValue::from_str(host.as_str()).ok()?),
            None => None,
        },
    })
}

fn moved(endpoint: &Endpoint, authority: &str) -> Option<Authority> {
    endpoint.backup_authority(authority)?.parse().ok()
}
