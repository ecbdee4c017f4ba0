//! What befalls a request.

use std::{fmt, sync::Arc, time::Duration};

use bytes::Bytes;
use http::{HeaderName, HeaderValue, StatusCode, header};

/// What befalls a request: any of these together.
///
/// Without a fault of its own kind, each part of the answer is what it would have been. The
/// vocabulary is that of the Google Cloud Storage testbench. Offsets count bytes of the body that
/// is sent, from 0.
///
/// Faults that no correct HTTP server can commit (a connection cut inside a body, a wrong
/// `Content-Length`, raw bytes) close the connection after them; all others leave it open.
#[derive(Clone, Default)]
#[must_use = "a fault does nothing until it is given to `Faults::script`"]
pub struct Fault {
    pub(crate) skew: i64,
    pub(crate) before_head: Option<Stall>,
    pub(crate) no_head: Option<Ending>,
    pub(crate) raw: Option<Bytes>,
    pub(crate) substitute: Option<Substitute>,
    pub(crate) ignore_range: bool,
    pub(crate) edits: Vec<Edit>,
    pub(crate) content_length: Option<u64>,
    pub(crate) truncate: Option<u64>,
    pub(crate) corrupt: Vec<u64>,
    pub(crate) throttle: Option<u64>,
    pub(crate) stall_after: Option<(u64, Stall)>,
    pub(crate) cut_after: Option<(u64, Ending)>,
    pub(crate) then: Vec<Arc<dyn Fn() + Send + Sync>>,
}

impl Fault {
    /// No fault yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Answers with this status and an error document with the code and message that belong to it
    /// (503: `SlowDown`), instead of the answer.
    ///
    /// A status that is no error (below 400) is sent with an empty body.
    pub fn status(self, status: StatusCode) -> Self {
        self.substitute(Substitute::Status(status))
    }

    /// Answers with this status and an error document with this code, instead of the answer.
    pub fn error(self, status: StatusCode, code: impl Into<String>) -> Self {
        self.substitute(Substitute::Error(status, code.into()))
    }

    /// Answers with this status, content type and body, instead of the answer; without
    /// `x-cos-request-id`, as something between the client and the service would.
    pub fn body(
        self,
        status: StatusCode,
        content_type: &'static str,
        body: impl Into<Bytes>,
    ) -> Self {
        self.substitute(Substitute::Body(
            status,
            HeaderValue::from_static(content_type),
            body.into(),
        ))
    }

    /// Answers 200 with an HTML page, as a captive portal does.
    pub fn html_page(self) -> Self {
        self.body(
            StatusCode::OK,
            "text/html",
            "<!doctype html><html><head><title>Welcome</title></head>\
             <body><p>Please log in to use this network.</p></body></html>\n",
        )
    }

    /// Answers with this status (301, 302, 307, 308) and `Location`. A location that no header can
    /// hold is left out.
    pub fn redirect(self, status: StatusCode, location: &str) -> Self {
        let fault = self.substitute(Substitute::Status(status));
        match HeaderValue::from_str(location) {
            Ok(location) => fault.edit(Edit::Set(header::LOCATION, location)),
            Err(_) => fault,
        }
    }

    /// Adds `Retry-After` with this value: seconds or a date, not checked.
    pub fn retry_after(self, value: &str) -> Self {
        self.set_header("retry-after", value)
    }

    /// Sets a header of the answer, in place of those of that name. A name or value that no header
    /// can have is left out: such an answer can be sent with [`raw`](Self::raw).
    pub fn set_header(self, name: &str, value: &str) -> Self {
        match parse_header(name, value) {
            Some((name, value)) => self.edit(Edit::Set(name, value)),
            None => self,
        }
    }

    /// Adds a header to the answer, beside those of that name.
    pub fn add_header(self, name: &str, value: &str) -> Self {
        match parse_header(name, value) {
            Some((name, value)) => self.edit(Edit::Add(name, value)),
            None => self,
        }
    }

    /// Leaves out a header of the answer, such as `etag`, `x-cos-hash-crc64ecma` or
    /// `x-cos-request-id`.
    pub fn drop_header(self, name: &str) -> Self {
        match HeaderName::try_from(name) {
            Ok(name) => self.edit(Edit::Drop(name)),
            Err(_) => self,
        }
    }

    /// Sends this `Content-Range` in place of the right one.
    pub fn content_range(self, value: &str) -> Self {
        self.set_header("content-range", value)
    }

    /// Takes the request as if it had no `Range` header: 200 and the whole object.
    pub fn ignore_range(mut self) -> Self {
        self.ignore_range = true;
        self
    }

    /// Claims this length in `Content-Length`, whatever is sent, and closes the connection after
    /// the body. More than what is sent: a body cut short. Less: bytes beyond the end.
    pub fn content_length(mut self, length: u64) -> Self {
        self.content_length = Some(length);
        self
    }

    /// Sends only the first `length` bytes of the body, with a `Content-Length` that says so: a
    /// listing that ends inside its XML, an object that is too short.
    pub fn truncate(mut self, length: u64) -> Self {
        self.truncate = Some(length);
        self
    }

    /// Inverts the bits of the byte at this offset of the body.
    pub fn corrupt(mut self, offset: u64) -> Self {
        self.corrupt.push(offset);
        self
    }

    /// Closes the connection instead of answering.
    pub fn close(mut self) -> Self {
        self.no_head = Some(Ending::Close);
        self
    }

    /// Resets the connection instead of answering.
    pub fn reset(mut self) -> Self {
        self.no_head = Some(Ending::Reset);
        self
    }

    /// Closes the connection after so many bytes of the body, without a TLS close notification.
    pub fn close_after(mut self, bytes: u64) -> Self {
        self.cut_after = Some((bytes, Ending::Close));
        self
    }

    /// Resets the connection after so many bytes of the body.
    ///
    /// As in any reset, bytes that the client's system has not taken from the wire yet are lost:
    /// the client gets at most so many bytes.
    pub fn reset_after(mut self, bytes: u64) -> Self {
        self.cut_after = Some((bytes, Ending::Reset));
        self
    }

    /// Waits before the head of the answer is sent.
    pub fn stall_head(mut self, time: Duration) -> Self {
        self.before_head = Some(Stall::For(time));
        self
    }

    /// Never answers: the connection stays open until the client closes it.
    pub fn stall_head_for_ever(mut self) -> Self {
        self.before_head = Some(Stall::ForEver);
        self
    }

    /// Sends so many bytes of the body, waits, and goes on.
    pub fn stall_after(mut self, bytes: u64, time: Duration) -> Self {
        self.stall_after = Some((bytes, Stall::For(time)));
        self
    }

    /// Sends so many bytes of the body and no more: the connection stays open until the client
    /// closes it.
    pub fn stall_after_for_ever(mut self, bytes: u64) -> Self {
        self.stall_after = Some((bytes, Stall::ForEver));
        self
    }

    /// Sends the body at so many bytes per second. 0 is taken as 1.
    pub fn throttle(mut self, bytes_per_second: u64) -> Self {
        self.throttle = Some(bytes_per_second.max(1));
        self
    }

    /// Takes this request at a time so many seconds ahead of the emulator's clock (negative:
    /// behind), in `Date` and for the signature.
    pub fn clock_skew(mut self, seconds: i64) -> Self {
        self.skew = seconds;
        self
    }

    /// Sends these bytes as they are, instead of an answer, and closes the connection: heads that
    /// are no HTTP, heads beyond all bounds, floods of interim answers.
    pub fn raw(mut self, bytes: impl Into<Bytes>) -> Self {
        self.raw = Some(bytes.into());
        self
    }

    /// Answers with a header block of at least so many bytes, and closes the connection.
    pub fn oversized_head(self, bytes: usize) -> Self {
        let mut head = String::from("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n");
        let mut line = 0_u64;
        while head.len() < bytes {
            head.push_str(&format!("x-cos-meta-{line}: {}\r\n", "x".repeat(1000)));
            line += 1;
        }
        head.push_str("\r\n");
        self.raw(head)
    }

    /// Calls this when the answer has been decided and its body opened, before it is sent. An
    /// object that is replaced here is another one for the next request, and the old one for this
    /// one.
    ///
    /// It runs on the emulator's runtime: it should be short.
    pub fn then(mut self, action: impl Fn() + Send + Sync + 'static) -> Self {
        self.then.push(Arc::new(action));
        self
    }

    /// Whether the client cannot tell from the head where the body ends.
    pub(crate) fn breaks_framing(&self) -> bool {
        let framing = |name: &HeaderName| {
            [
                header::CONTENT_LENGTH,
                header::TRANSFER_ENCODING,
                header::CONNECTION,
            ]
            .contains(name)
        };
        let is_edited = self.edits.iter().any(|edit| match edit {
            Edit::Set(name, _) | Edit::Add(name, _) | Edit::Drop(name) => framing(name),
        });
        self.content_length.is_some() || is_edited
    }

    fn substitute(mut self, substitute: Substitute) -> Self {
        self.substitute = Some(substitute);
        self
    }

    fn edit(mut self, edit: Edit) -> Self {
        self.edits.push(edit);
        self
    }
}

/// For how long nothing is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stall {
    For(Duration),
    ForEver,
}

/// How a connection ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    Close,
    Reset,
}

/// What is sent instead of the answer.
#[derive(Clone, Debug)]
pub(crate) enum Substitute {
    Status(StatusCode),
    Error(StatusCode, String),
    Body(StatusCode, HeaderValue, Bytes),
}

/// A change of the answer's headers.
#[derive(Clone, Debug)]
pub(crate) enum Edit {
    Set(HeaderName, HeaderValue),
    Add(HeaderName, HeaderValue),
    Drop(HeaderName),
}

fn parse_header(name: &str, value: &str) -> Option<(HeaderName, HeaderValue)> {
    Some((
        HeaderName::try_from(name).ok()?,
        HeaderValue::try_from(value).ok()?,
    ))
}

impl fmt::Debug for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Without `..`, so that a new field is not forgotten.
        let Self {
            skew,
            before_head,
            no_head,
            raw,
            substitute,
            ignore_range,
            edits,
            content_length,
            truncate,
            corrupt,
            throttle,
            stall_after,
            cut_after,
            then,
        } = self;
        let mut set = f.debug_set();
        let mut told = |name: &str, value: &dyn fmt::Debug| {
            set.entry(&format_args!("{name} {value:?}"));
        };
        if *skew != 0 {
            told("clock skew", skew);
        }
        if let Some(stall) = before_head {
            told("stall before the head", stall);
        }
        if let Some(ending) = no_head {
            told("no head", ending);
        }
        if let Some(raw) = raw {
            told("raw bytes", &raw.len());
        }
        match substitute {
            None => {}
            Some(Substitute::Body(status, _, body)) => told("answer", &(status, body.len())),
            Some(other) => told("answer", other),
        }
        if *ignore_range {
            told("ignore range", &true);
        }
        for edit in edits {
            told("header", edit);
        }
        if let Some(length) = content_length {
            told("content length", length);
        }
        if let Some(length) = truncate {
            told("truncate", length);
        }
        for offset in corrupt {
            told("corrupt", offset);
        }
        if let Some(rate) = throttle {
            told("throttle", rate);
        }
        if let Some(stall) = stall_after {
            told("stall after", stall);
        }
        if let Some(cut) = cut_after {
            told("cut after", cut);
        }
        if !then.is_empty() {
            told("then", &then.len());
        }
        set.finish()
    }
}
