//! What was asked of the emulator, and what it sent.

use std::{
    collections::VecDeque,
    fmt,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU16, AtomicU64, Ordering},
    },
};

use http::{HeaderMap, HeaderValue, Method, StatusCode, header, request};

use crate::encoding::decode_path;

/// Requests that are remembered; older ones are forgotten, so that an emulator may run for long.
const MAX_LOGGED: usize = 16_384;

/// Put in the place of secrets.
const REDACTED: &str = "REDACTED";

/// One request as it came, without its secrets, and what has been sent so far.
///
/// The value is live: while the body is being sent, [`bytes_sent`](Self::bytes_sent) grows.
#[derive(Clone)]
pub struct LoggedRequest {
    entry: Arc<Entry>,
}

struct Entry {
    method: Method,
    target_path: String,
    query: String,
    host: String,
    headers: HeaderMap,
    bucket: Option<String>,
    key: String,
    request_id: String,
    connection: u64,
    /// 0 while there is none.
    status: AtomicU16,
    bytes_sent: AtomicU64,
    complete: AtomicBool,
}

impl LoggedRequest {
    pub(crate) fn new(
        head: &request::Parts,
        host: &str,
        bucket: Option<&str>,
        key: &str,
        request_id: &str,
        connection: u64,
    ) -> Self {
        Self {
            entry: Arc::new(Entry {
                method: head.method.clone(),
                target_path: head.uri.path().to_owned(),
                query: redacted_query(head.uri.query().unwrap_or_default()),
                host: host.to_owned(),
                headers: redacted_headers(&head.headers),
                bucket: bucket.map(str::to_owned),
                key: key.to_owned(),
                request_id: request_id.to_owned(),
                connection,
                status: AtomicU16::new(0),
                bytes_sent: AtomicU64::new(0),
                complete: AtomicBool::new(false),
            }),
        }
    }

    /// The method.
    #[must_use]
    pub fn method(&self) -> &Method {
        &self.entry.method
    }

    /// The host that the request named, with its port where it named one.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.entry.host
    }

    /// The path as it was sent, percent-encoded.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.entry.target_path
    }

    /// The query as it was sent, with the values of signature and token replaced.
    #[must_use]
    pub fn query(&self) -> &str {
        &self.entry.query
    }

    /// The headers as they were sent, with the values of those that hold secrets replaced.
    #[must_use]
    pub fn headers(&self) -> &HeaderMap {
        &self.entry.headers
    }

    /// The text of a header, if it is there and is text.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.entry
            .headers
            .get(name)
            .and_then(|value| value.to_str().ok())
    }

    /// The bucket that was addressed.
    #[must_use]
    pub fn bucket(&self) -> Option<&str> {
        self.entry.bucket.as_deref()
    }

    /// The key that was asked for, decoded; empty for a request to the bucket or the service.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.entry.key
    }

    /// The id the answer got, sent or not.
    #[must_use]
    pub fn request_id(&self) -> &str {
        &self.entry.request_id
    }

    /// The number of the connection that the request came on, counted from 1.
    #[must_use]
    pub fn connection(&self) -> u64 {
        self.entry.connection
    }

    /// The status of the answer; `None` before it is sent, and when a fault left it out.
    #[must_use]
    pub fn status(&self) -> Option<StatusCode> {
        StatusCode::from_u16(self.entry.status.load(Ordering::Acquire)).ok()
    }

    /// Bytes of the body that were handed to the connection so far.
    #[must_use]
    pub fn bytes_sent(&self) -> u64 {
        self.entry.bytes_sent.load(Ordering::Acquire)
    }

    /// Whether the body was handed to the connection to its end.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.entry.complete.load(Ordering::Acquire)
    }

    pub(crate) fn answered(&self, status: StatusCode) {
        self.entry.status.store(status.as_u16(), Ordering::Release);
    }

    pub(crate) fn sent(&self, bytes: usize) {
        let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
        self.entry.bytes_sent.fetch_add(bytes, Ordering::AcqRel);
    }

    pub(crate) fn completed(&self) {
        self.entry.complete.store(true, Ordering::Release);
    }
}

impl fmt::Debug for LoggedRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LoggedRequest")
            .field("method", self.method())
            .field("host", &self.host())
            .field("path", &self.path())
            .field("query", &self.query())
            .field("range", &self.header("range"))
            .field("status", &self.status())
            .field("bytes_sent", &self.bytes_sent())
            .finish_non_exhaustive()
    }
}

/// The log of an emulator.
#[derive(Debug, Default)]
pub(crate) struct Log {
    entries: Mutex<VecDeque<LoggedRequest>>,
}

impl Log {
    pub(crate) fn push(&self, request: LoggedRequest) {
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        if entries.len() == MAX_LOGGED {
            entries.pop_front();
        }
        entries.push_back(request);
    }

    pub(crate) fn requests(&self) -> Vec<LoggedRequest> {
        let entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        entries.iter().cloned().collect()
    }

    pub(crate) fn clear(&self) {
        self.entries
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clear();
    }
}

fn redacted_headers(headers: &HeaderMap) -> HeaderMap {
    let mut redacted = headers.clone();
    for (name, value) in &mut redacted {
        let secret = *name == header::AUTHORIZATION
            || *name == "x-cos-security-token"
            || *name == "x-cos-server-side-encryption-customer-key";
        if secret && !value.is_empty() {
            *value = HeaderValue::from_static(REDACTED);
        }
    }
    redacted
}

fn redacted_query(query: &str) -> String {
    let redacted = query.split('&').map(|field| {
        let name = field.split_once('=').map_or(field, |(name, _)| name);
        // However it is spelled.
        match decode_path(name).as_deref() {
            Some("q-signature" | "x-cos-security-token" | "sign") => format!("{name}={REDACTED}"),
            _ => field.to_owned(),
        }
    });
    redacted.collect::<Vec<_>>().join("&")
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    #[test]
    fn secrets_do_not_reach_the_log() {
        let (head, ()) = Request::get("/a?x=1&q%2Dsignature=CANARY&x-cos-security-token=CANARY&y")
            .header("authorization", "CANARY")
            .header("x-cos-security-token", "CANARY")
            .header("range", "bytes=0-1")
            .body(())
            .unwrap()
            .into_parts();
        let logged = LoggedRequest::new(&head, "b-1.example", Some("b-1"), "a", "id", 1);
        let told = format!("{logged:?} {:?} {}", logged.headers(), logged.query());
        assert!(!told.contains("CANARY"), "{told}");
        assert_eq!(
            logged.query(),
            "x=1&q%2Dsignature=REDACTED&x-cos-security-token=REDACTED&y"
        );
        assert_eq!(logged.header("range"), Some("bytes=0-1"));
    }

    #[test]
    fn the_log_is_bounded() {
        let (head, ()) = Request::get("/a").body(()).unwrap().into_parts();
        let log = Log::default();
        for number in 0..=MAX_LOGGED {
            let number = u64::try_from(number).unwrap();
            log.push(LoggedRequest::new(&head, "", None, "", "", number));
        }
        let requests = log.requests();
        assert_eq!(requests.len(), MAX_LOGGED);
        assert_eq!(requests[0].connection(), 1);
    }
}
