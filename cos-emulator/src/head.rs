//! The head of a request, from its bytes.

use bytes::{Buf, BytesMut};
use http::{HeaderName, HeaderValue, Method, Request, StatusCode, Uri, Version, header, request};

/// Bytes of a request's head at most: a key of 1,024 escaped bytes, a long token, and room.
pub(crate) const MAX_HEAD: usize = 64 * 1024;

/// Headers of a request at most.
const MAX_HEADERS: usize = 100;

/// Takes a head from the front of what was received, if it is complete.
///
/// # Errors
///
/// The status of the answer to what is no head, or too much of one.
pub(crate) fn take_head(received: &mut BytesMut) -> Result<Option<request::Parts>, StatusCode> {
    let mut lines = [httparse::EMPTY_HEADER; MAX_HEADERS];
    let mut parsed = httparse::Request::new(&mut lines);
    let len = match parsed.parse(received) {
        Ok(httparse::Status::Complete(len)) if len <= MAX_HEAD => len,
        Ok(httparse::Status::Partial) if received.len() < MAX_HEAD => return Ok(None),
        Ok(_) | Err(httparse::Error::TooManyHeaders) => {
            return Err(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE);
        }
        Err(httparse::Error::Version) => return Err(StatusCode::HTTP_VERSION_NOT_SUPPORTED),
        Err(_) => return Err(StatusCode::BAD_REQUEST),
    };
    let head = parts(&parsed).ok_or(StatusCode::BAD_REQUEST)?;
    received.advance(len);
    Ok(Some(head))
}

fn parts(parsed: &httparse::Request<'_, '_>) -> Option<request::Parts> {
    let (mut head, ()) = Request::new(()).into_parts();
    head.method = Method::from_bytes(parsed.method?.as_bytes()).ok()?;
    head.uri = Uri::try_from(parsed.path?).ok()?;
    head.version = if parsed.version? == 0 {
        Version::HTTP_10
    } else {
        Version::HTTP_11
    };
    for line in parsed.headers.iter() {
        let name = HeaderName::try_from(line.name).ok()?;
        head.headers
            .append(name, HeaderValue::from_bytes(line.value).ok()?);
    }
    Some(head)
}

/// Whether another request may follow on the connection: it may not after one with a body, which is
/// not read, and where the client does not want it.
pub(crate) fn allows_another(head: &request::Parts) -> bool {
    let has_body = head.headers.contains_key(header::TRANSFER_ENCODING)
        || head
            .headers
            .get(header::CONTENT_LENGTH)
            .is_some_and(|length| length != "0");
    let says_close = head
        .headers
        .get_all(header::CONNECTION)
        .iter()
        .any(|value| {
            let options = value.to_str().unwrap_or_default().split(',');
            options
                .into_iter()
                .any(|option| option.trim().eq_ignore_ascii_case("close"))
        });
    head.version == Version::HTTP_11 && !has_body && !says_close
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn take(bytes: &str) -> Result<Option<request::Parts>, StatusCode> {
        take_head(&mut BytesMut::from(bytes))
    }

    #[test]
    fn a_head_is_taken_when_it_is_complete_and_the_rest_is_left() {
        let request = "GET //a%20/./b?x=%zz HTTP/1.1\r\nHost: h\r\nRange: bytes=0-1\r\n\r\n";
        for end in 0..request.len() {
            assert!(take(&request[..end]).unwrap().is_none(), "{end}");
        }
        let mut received = BytesMut::from(format!("{request}GET /next").as_str());
        let head = take_head(&mut received).unwrap().unwrap();
        assert_eq!(head.uri.path(), "//a%20/./b");
        assert_eq!(head.uri.query(), Some("x=%zz"));
        assert_eq!(head.headers["range"], "bytes=0-1");
        assert_eq!(&received[..], b"GET /next");
    }

    #[test]
    fn what_is_no_head_is_refused() {
        for (bytes, status) in [
            ("\u{1}\r\n\r\n", StatusCode::BAD_REQUEST),
            ("GET /a\u{1} HTTP/1.1\r\n\r\n", StatusCode::BAD_REQUEST),
            (
                "GET / HTTP/1.1\r\nno header\r\n\r\n",
                StatusCode::BAD_REQUEST,
            ),
            (
                "GET / HTTP/2.0\r\n\r\n",
                StatusCode::HTTP_VERSION_NOT_SUPPORTED,
            ),
        ] {
            assert_eq!(take(bytes).unwrap_err(), status, "{bytes:?}");
        }
        let too_large = StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE;
        let many = format!(
            "GET / HTTP/1.1\r\n{}\r\n",
            "a: b\r\n".repeat(MAX_HEADERS + 1)
        );
        assert_eq!(take(&many).unwrap_err(), too_large);
        let long = format!("GET / HTTP/1.1\r\na: {}", "b".repeat(MAX_HEAD));
        assert_eq!(take(&long).unwrap_err(), too_large);
        assert_eq!(take(&format!("{long}\r\n\r\n")).unwrap_err(), too_large);
    }

    proptest! {
        #[test]
        fn no_bytes_are_too_odd(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let mut received = BytesMut::from(&bytes[..]);
            let head = take_head(&mut received);
            // What was not taken is left as it was.
            prop_assert!(matches!(head, Ok(Some(_))) || received == bytes);
        }
    }

    #[test]
    fn a_connection_goes_on_unless_something_speaks_against_it() {
        let allows = |head: &str| allows_another(&take(head).unwrap().unwrap());
        assert!(allows("GET / HTTP/1.1\r\n\r\n"));
        assert!(allows("GET / HTTP/1.1\r\nContent-Length: 0\r\n\r\n"));
        assert!(!allows("GET / HTTP/1.0\r\n\r\n"));
        assert!(!allows("GET / HTTP/1.1\r\nConnection: x, Close\r\n\r\n"));
        assert!(!allows("PUT / HTTP/1.1\r\nContent-Length: 7\r\n\r\n"));
        assert!(!allows(
            "PUT / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"
        ));
    }
}
