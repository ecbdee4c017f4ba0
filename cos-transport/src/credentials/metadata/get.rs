//! One small GET over plain HTTP: no pool, no proxy, no redirect, no task of its own.

use std::future::poll_fn;
use std::io;
use std::pin::pin;

use bytes::Bytes;
use http::uri::Authority;
use http::{Request, StatusCode, header};
use http_body_util::{BodyExt, Empty};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use zeroize::Zeroizing;

use crate::credentials::answer::ANSWER_LIMIT;

/// The most header lines of an answer; the metadata service sends about ten.
const MAX_HEADERS: usize = 64;

/// The most that is buffered of what is read, the head included.
const MAX_BUFFER: usize = 64 * 1024;

/// A body that may hold secrets.
pub(super) type Text = Zeroizing<Vec<u8>>;

#[derive(Debug)]
pub(super) enum GetError {
    Io(io::Error),
    Http(hyper::Error),
    TooLong,
}

/// What `http://{authority}{path}` answers. The body is read whatever the status.
///
/// The caller limits the time. Dropping the future closes the connection.
pub(super) async fn get(authority: &str, path: &str) -> Result<(StatusCode, Text), GetError> {
    let unusable = || GetError::Io(io::ErrorKind::InvalidInput.into());
    let place: Authority = authority.parse().map_err(|_| unusable())?;
    let host = place.host().trim_matches(['[', ']']);
    let stream = TcpStream::connect((host, place.port_u16().unwrap_or(80)))
        .await
        .map_err(GetError::Io)?;
    let request = Request::get(path)
        .header(header::HOST, authority)
        .header(header::CONNECTION, "close")
        .body(Empty::<Bytes>::new())
        .map_err(|_| unusable())?;
    let (mut sender, connection) = http1::Builder::new()
        .max_headers(MAX_HEADERS)
        .max_buf_size(MAX_BUFFER)
        .handshake(TokioIo::new(stream))
        .await
        .map_err(GetError::Http)?;
    let exchange = async move {
        let mut response = sender.send_request(request).await.map_err(GetError::Http)?;
        // As large as it can become, so that no copies are left behind by its growing.
        let mut text = Zeroizing::new(Vec::with_capacity(ANSWER_LIMIT));
        while let Some(frame) = response.body_mut().frame().await {
            let frame = frame.map_err(GetError::Http)?;
            if let Some(data) = frame.data_ref() {
                if data.len() > ANSWER_LIMIT - text.len() {
                    return Err(GetError::TooLong);
                }
                text.extend_from_slice(data);
            }
        }
        Ok((response.status(), text))
    };
    beside(connection, exchange).await
}

/// Drives `connection` for as long as `exchange` needs it. What goes wrong with the connection, the
/// exchange is told.
async fn beside<F: Future>(connection: impl Future, exchange: F) -> F::Output {
    let mut connection = pin!(connection);
    let mut exchange = pin!(exchange);
    let mut connected = true;
    poll_fn(|cx| {
        if connected && connection.as_mut().poll(cx).is_ready() {
            connected = false;
        }
        exchange.as_mut().poll(cx)
    })
    .await
}
