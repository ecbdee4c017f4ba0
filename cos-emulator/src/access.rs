//! Who may ask: signatures checked against the credentials that the emulator knows.

use std::{
    collections::HashSet,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use cos_sign::{Credentials, Head, Refusal as Unverified, Verified, Verifier};
use http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header, request};

use crate::refusal::Refusal;

/// Clocks may differ by so much (documentation 436/7730, `RequestTimeTooSkewed`).
const MAX_SKEW: Duration = Duration::from_secs(15 * 60);

/// The credentials, or none at all.
#[derive(Debug, Default)]
pub(crate) struct Access {
    anonymous: bool,
    credentials: Vec<Credentials>,
    /// Tokens that count as expired.
    expired: Mutex<HashSet<String>>,
}

/// Who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Caller {
    Anonymous,
    /// Signed; in anonymous mode nobody looks at how.
    Signed,
}

impl Access {
    pub(crate) fn new(anonymous: bool, credentials: Vec<Credentials>) -> Self {
        Self {
            anonymous,
            credentials,
            expired: Mutex::default(),
        }
    }

    /// From now on this token is an expired one.
    pub(crate) fn expire_token(&self, token: &str) {
        self.expired
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(token.to_owned());
    }

    pub(crate) fn check(&self, head: &request::Parts, now: Duration) -> Result<Caller, Refusal> {
        if self.anonymous {
            return Ok(if is_signed(head) {
                Caller::Signed
            } else {
                Caller::Anonymous
            });
        }
        self.refuse_expired_token(head)?;
        match self.verify(head, now) {
            Ok(verified) => {
                tracing::debug!(secret_id = verified.secret_id(), "signature is valid");
                Ok(Caller::Signed)
            }
            Err(unverified) => Err(refusal(unverified)),
        }
    }

    /// The vendor's Python SDK signs the host without its port; it would be refused on every port
    /// but the default one if that did not count as well.
    fn verify(&self, head: &request::Parts, now: Duration) -> Result<Verified, Unverified> {
        let verdict = self.verify_head(&head.method, &head.uri, &head.headers, now);
        let host = head
            .headers
            .get(header::HOST)
            .and_then(|host| host.to_str().ok());
        match (&verdict, host.and_then(|host| host.rsplit_once(':'))) {
            (Err(Unverified::SignatureMismatch { .. }), Some((name, _))) => {
                let mut headers = head.headers.clone();
                if let Ok(name) = HeaderValue::from_str(name) {
                    headers.insert(header::HOST, name);
                }
                self.verify_head(&head.method, &head.uri, &headers, now)
                    .or(verdict)
            }
            _ => verdict,
        }
    }

    fn verify_head(
        &self,
        method: &Method,
        uri: &Uri,
        headers: &HeaderMap,
        now: Duration,
    ) -> Result<Verified, Unverified> {
        // What a signature does not name is not checked, as with the service: the vendor's SDK
        // leaves parameters of some calls out.
        let verifier = Verifier::new().allow_unsigned_params(true);
        let verify = |now| {
            let lookup = |id: &str| {
                self.credentials
                    .iter()
                    .find(|known| known.secret_id() == id)
                    .cloned()
            };
            verifier.verify(Head::new(method, uri, headers), lookup, now)
        };
        match verify(now) {
            // A clock that is ahead by less than the bound is taken as if it were right.
            Err(Unverified::NotYetValid { key_time }) => {
                let start = Duration::from_secs(key_time.start());
                let ahead = start.saturating_sub(now);
                if ahead <= MAX_SKEW {
                    verify(start)
                } else {
                    Err(Unverified::NotYetValid { key_time })
                }
            }
            other => other,
        }
    }

    fn refuse_expired_token(&self, head: &request::Parts) -> Result<(), Refusal> {
        let expired = self.expired.lock().unwrap_or_else(PoisonError::into_inner);
        if expired.is_empty() {
            return Ok(());
        }
        let in_header = head
            .headers
            .get("x-cos-security-token")
            .and_then(|token| token.to_str().ok());
        let query = crate::encoding::decode_query(head.uri.query().unwrap_or_default());
        let mut in_query = query
            .iter()
            .flatten()
            .filter(|(name, _)| name == "x-cos-security-token");
        if in_header.is_some_and(|token| expired.contains(token))
            || in_query.any(|(_, token)| expired.contains(token))
        {
            return Err(Refusal::new(
                StatusCode::FORBIDDEN,
                "ExpiredToken",
                "The provided token has expired.",
            ));
        }
        Ok(())
    }
}

/// Whether a request carries a signature, right or wrong. An empty `Authorization` is none: the
/// vendor's Python SDK sends it with anonymous requests.
fn is_signed(head: &request::Parts) -> bool {
    head.headers
        .get(header::AUTHORIZATION)
        .is_some_and(|value| !value.is_empty())
        || head.uri.query().is_some_and(|query| {
            query
                .split('&')
                .any(|field| field.starts_with("q-signature=") || field.starts_with("sign="))
        })
}

/// The service's answer to a request whose signature was not accepted.
fn refusal(unverified: Unverified) -> Refusal {
    let forbidden =
        |code, message: &'static str| Refusal::new(StatusCode::FORBIDDEN, code, message);
    match unverified {
        Unverified::NoSignature => Refusal::access_denied(),
        Unverified::Expired { .. } => forbidden("AccessDenied", "Request has expired"),
        Unverified::NotYetValid { .. } => forbidden(
            "RequestTimeTooSkewed",
            "The difference between the request time and the server's time is too large.",
        ),
        Unverified::UnknownSecretId => forbidden(
            "InvalidAccessKeyId",
            "The Access Key Id you provided does not exist in our records",
        ),
        Unverified::TokenMissing | Unverified::TokenMismatch | Unverified::TokenUnexpected => {
            forbidden(
                "InvalidAccessKeyId",
                "The security token does not belong to the Access Key Id",
            )
        }
        Unverified::SignatureMismatch { explanation } => {
            let format_string = String::from_utf8_lossy(explanation.http_string()).into_owned();
            forbidden(
                "SignatureDoesNotMatch",
                "The Signature you specified is invalid.",
            )
            .detail("StringToSign", explanation.string_to_sign().to_owned())
            .detail("FormatString", format_string)
        }
        Unverified::Malformed { .. }
        | Unverified::UnsupportedAlgorithm
        | Unverified::TwoSignatures
        | Unverified::TimesDiffer => Refusal::invalid_argument(unverified.to_string()),
        other => Refusal::new(StatusCode::FORBIDDEN, "AccessDenied", other.to_string()),
    }
}
