//! Fetches an object over a bare `TcpStream`. The HTTP/1.1 in this file is all there is of it:
//!
//! ```text
//! cargo run -p cos-proto --example tcp -- http://127.0.0.1:9000 BUCKET KEY > FILE
//! ```
//!
//! Plain HTTP, one request a connection, no signature. Bodies in chunked coding are refused, not
//! decoded.

use std::error::Error;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use cos_proto::{Addressing, Bucket, Endpoint, GetObject, Key, ServiceError};
use http::header::{HeaderName, TRANSFER_ENCODING};
use http::response::Parts;
use http::{HeaderValue, Request, Response, StatusCode};

type BoxError = Box<dyn Error + Send + Sync>;

fn main() -> Result<(), BoxError> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [url, bucket, key] = arguments.as_slice() else {
        return Err("usage: tcp URL BUCKET KEY".into());
    };
    let endpoint = Endpoint::service_url(url, Addressing::Auto)?;
    let object = GetObject::new(Bucket::new(bucket)?, Key::new(key)?);
    fetch(&endpoint, &object, &mut io::stdout().lock())?;
    Ok(())
}

/// Fetches an object, or the range of it that is asked for, and gives the number of its bytes.
pub(crate) fn fetch(
    endpoint: &Endpoint,
    object: &GetObject,
    out: &mut impl Write,
) -> Result<u64, BoxError> {
    let mut stream = BufReader::new(send(&object.to_request(endpoint)?)?);
    let head = read_head(&mut stream)?;
    if !head.status.is_success() {
        let mut body = Vec::new();
        stream.take(MAX_HEAD).read_to_end(&mut body)?;
        return Err(ServiceError::read(&head, &body).into());
    }
    if head.headers.contains_key(TRANSFER_ENCODING) {
        return Err("the body is in chunked coding".into());
    }
    let (_, mut guard) = object.judge(&head)?;
    loop {
        // One read more than was promised: surplus bytes are an error too.
        let chunk = stream.fill_buf()?;
        if chunk.is_empty() {
            return Ok(guard.finish()?.len());
        }
        guard.accept(chunk)?;
        out.write_all(chunk)?;
        let len = chunk.len();
        stream.consume(len);
    }
}

/// Sends a request head. Its target goes out as it is.
fn send(request: &Request<()>) -> Result<TcpStream, BoxError> {
    let uri = request.uri();
    let host = uri.host().ok_or("no host")?.trim_matches(['[', ']']);
    let mut stream = TcpStream::connect((host, uri.port_u16().unwrap_or(80)))?;
    stream.set_read_timeout(Some(Duration::from_secs(30)))?;
    let target = uri.path_and_query().ok_or("no target")?;
    let mut head = format!(
        "{} {target} HTTP/1.1\r\nconnection: close\r\n",
        request.method()
    )
    .into_bytes();
    for (name, value) in request.headers() {
        head.extend_from_slice(name.as_str().as_bytes());
        head.extend_from_slice(b": ");
        head.extend_from_slice(value.as_bytes());
        head.extend_from_slice(b"\r\n");
    }
    head.extend_from_slice(b"\r\n");
    stream.write_all(&head)?;
    Ok(stream)
}

/// Reads an answer's status line and headers, which may have [`MAX_HEAD`] bytes.
fn read_head(stream: &mut impl BufRead) -> Result<Parts, BoxError> {
    let mut lines = stream.take(MAX_HEAD).split(b'\n');
    let mut line = || -> Result<Vec<u8>, BoxError> {
        let mut line = lines.next().ok_or("the head is cut off, or too long")??;
        if line.pop_if(|byte| *byte == b'\r').is_none() {
            return Err("a line of the head does not end".into());
        }
        Ok(line)
    };
    let status_line = line()?;
    let status = status_line
        .strip_prefix(b"HTTP/1.1 ")
        .and_then(|rest| rest.get(..3))
        .ok_or("not HTTP/1.1")?;
    let (mut head, ()) = Response::new(()).into_parts();
    head.status = StatusCode::from_bytes(status)?;
    loop {
        let line = line()?;
        if line.is_empty() {
            return Ok(head);
        }
        let mut halves = line.splitn(2, |byte| *byte == b':');
        let (Some(name), Some(value)) = (halves.next(), halves.next()) else {
            return Err("a header has no colon".into());
        };
        head.headers.append(
            HeaderName::from_bytes(name)?,
            HeaderValue::from_bytes(value.trim_ascii())?,
        );
    }
}

/// The longest head, and the longest body of an error that is read.
const MAX_HEAD: u64 = 64 * 1024;
