//! Asking a proxy for a tunnel: `CONNECT` (RFC 9110, 9.3.6).
//!
//! hyper-util's `Tunnel` does as much, but it drops what a proxy sends behind its answer, and its
//! error has no status: whether to try again, and what to set, would not be known.

use std::io;

use http::{HeaderValue, StatusCode};
use httparse::Status;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use zeroize::Zeroizing;

/// The largest head of an answer. Those of proxies have some hundred bytes; that of a portal that
/// answers in a proxy's place is larger.
const HEAD_LIMIT: usize = 16 * 1024;

/// The most header lines of an answer.
const MAX_HEADERS: usize = 128;

/// Has the proxy at the other end of `stream` pass everything on to `target`, which is `host:port`.
///
/// The caller limits the time. After an error, `stream` is of no use any more.
pub(super) async fn open(
    stream: &mut (impl AsyncRead + AsyncWrite + Unpin),
    target: &str,
    authorization: Option<&HeaderValue>,
) -> Result<(), Refusal> {
    let request = request(target, authorization);
    stream.write_all(&request).await?;
    stream.flush().await?;

    let mut head = Vec::with_capacity(1024);
    loop {
        let left = HEAD_LIMIT.saturating_sub(head.len());
        let mut limited = (&mut *stream).take(left.try_into().unwrap_or(0));
        if limited.read_buf(&mut head).await? == 0 {
            return Err(if left == 0 {
                Refusal::TooLong
            } else {
                Refusal::Closed
            });
        }
        if let Some((status, len)) = parse(&head)? {
            return match status.as_u16() {
                // Who is asked speaks first in everything that we send through a tunnel.
                200..=299 if len < head.len() => Err(Refusal::Chatter),
                // A length or an encoding means nothing here, by the RFC.
                200..=299 => Ok(()),
                // 407 is what the RFC says; some say 401 to those who give wrong ones.
                401 | 407 => Err(Refusal::Credentials {
                    given: authorization.is_some(),
                    status,
                }),
                _ => Err(Refusal::Status(status)),
            };
        }
    }
}

fn request(target: &str, authorization: Option<&HeaderValue>) -> Zeroizing<Vec<u8>> {
    let mut request = Zeroizing::new(Vec::with_capacity(1024));
    for part in ["CONNECT ", target, " HTTP/1.1\r\nHost: ", target, "\r\n"] {
        request.extend_from_slice(part.as_bytes());
    }
    if let Some(value) = authorization {
        request.extend_from_slice(b"Proxy-Authorization: ");
        request.extend_from_slice(value.as_bytes());
        request.extend_from_slice(b"\r\n");
    }
    request.extend_from_slice(b"\r\n");
    request
}

/// The status and the length of a head that is complete.
fn parse(head: &[u8]) -> Result<Option<(StatusCode, usize)>, Refusal> {
    let mut headers = [httparse::EMPTY_HEADER; MAX_HEADERS];
    let mut response = httparse::Response::new(&mut headers);
    match response.parse(head) {
        Ok(Status::Partial) => Ok(None),
        Ok(Status::Complete(len)) => {
            let status = StatusCode::from_u16(response.code.unwrap_or_default());
            Ok(Some((status.map_err(|_| Refusal::NotHttp)?, len)))
        }
        Err(httparse::Error::TooManyHeaders) => Err(Refusal::TooLong),
        Err(_) => Err(Refusal::NotHttp),
    }
}

/// Why a proxy that was reached is of no use.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Refusal {
    /// The connection broke.
    #[error("the connection broke before it answered")]
    Io(#[from] io::Error),
    /// It ended the connection.
    #[error("it closed the connection before it answered")]
    Closed,
    /// What it sends has no end.
    #[error("the head of its answer is longer than {HEAD_LIMIT} bytes or {MAX_HEADERS} lines")]
    TooLong,
    /// What it sends is something else.
    #[error("its answer is not HTTP/1.1")]
    NotHttp,
    /// It goes on where it is our turn: somebody else answers in the place of a proxy.
    #[error("it sent more than an answer to CONNECT")]
    Chatter,
    /// It wants to know who asks.
    #[error(
        "it {} (status {})",
        if *.given { "refuses these credentials" } else { "asks for credentials" },
        .status.as_u16()
    )]
    Credentials { given: bool, status: StatusCode },
    /// It will not, or cannot.
    #[error("it answered with status {}", .0.as_u16())]
    Status(StatusCode),
}

impl Refusal {
    /// Whether another attempt may go better.
    pub(crate) fn is_passing(&self) -> bool {
        match self {
            Self::Io(_) | Self::Closed => true,
            Self::Status(status) => {
                let too_busy = [StatusCode::REQUEST_TIMEOUT, StatusCode::TOO_MANY_REQUESTS];
                status.is_server_error() || too_busy.contains(status)
            }
            Self::TooLong | Self::NotHttp | Self::Chatter | Self::Credentials { .. } => false,
        }
    }
}

#[cfg(test)]
mod tests;
