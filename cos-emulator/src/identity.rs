//! The ids that the service gives a request.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use http::{HeaderName, HeaderValue};

use crate::encoding::base64;

/// Gives each request its ids: text in Base64, as the service's are.
#[derive(Debug, Default)]
pub(crate) struct Identities {
    count: AtomicU64,
}

/// The ids of one request.
#[derive(Clone, Debug)]
pub(crate) struct Identity {
    pub(crate) request_id: String,
    pub(crate) trace_id: String,
}

impl Identities {
    pub(crate) fn next(&self, now: Duration) -> Identity {
        let number = self.count.fetch_add(1, Ordering::Relaxed) + 1;
        let time = now.as_secs();
        Identity {
            request_id: base64(
                format!("{time:08x}_{:08x}_1_{number:x}", std::process::id()).as_bytes(),
            ),
            trace_id: base64(format!("{time:016x}{number:016x}").as_bytes()),
        }
    }
}

impl Identity {
    /// The header by which the service is known to have answered.
    pub(crate) fn header(&self) -> Option<(HeaderName, HeaderValue)> {
        let value = HeaderValue::try_from(self.request_id.as_str()).ok()?;
        Some((HeaderName::from_static("x-cos-request-id"), value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_requests_have_one_id() {
        let identities = Identities::default();
        let first = identities.next(Duration::ZERO);
        let second = identities.next(Duration::ZERO);
        assert_ne!(first.request_id, second.request_id);
        assert_ne!(first.trace_id, second.trace_id);
    }
}
