//! Writing an answer to the stream.

use std::{borrow::Cow, io};

use bytes::{Buf, BufMut, Bytes, BytesMut};
use http::{HeaderMap, StatusCode};
use tokio::io::AsyncWriteExt;

use crate::{body::Pump, stream::Stream};

/// Sends head and body. Ends early, with an error, when the client is gone.
pub(crate) async fn send(
    stream: &mut Stream,
    status: StatusCode,
    headers: &HeaderMap,
    mut pump: Pump,
) -> io::Result<()> {
    let mut head = head(status, headers);
    if pump.waits() {
        stream.write_all(&std::mem::take(&mut head)).await?;
        stream.flush().await?;
    }
    loop {
        let piece = tokio::select! {
            biased;
            piece = pump.next() => piece,
            () = stream.closed_by_client() => return Err(io::ErrorKind::BrokenPipe.into()),
        };
        let Some(piece) = piece else { break };
        // The head goes out with the first piece, in one packet where both are small.
        let mut bytes = std::mem::take(&mut head).chain(piece?);
        stream.write_all_buf(&mut bytes).await?;
    }
    stream.write_all(&head).await?;
    stream.flush().await
}

/// Sends bytes as they are.
pub(crate) async fn send_raw(stream: &mut Stream, bytes: &[u8]) -> io::Result<()> {
    stream.write_all(bytes).await?;
    stream.flush().await
}

fn head(status: StatusCode, headers: &HeaderMap) -> Bytes {
    let mut head = BytesMut::new();
    head.put_slice(b"HTTP/1.1 ");
    head.put_slice(status.as_str().as_bytes());
    head.put_slice(b" ");
    head.put_slice(status.canonical_reason().unwrap_or_default().as_bytes());
    head.put_slice(b"\r\n");
    for (name, value) in headers {
        head.put_slice(spelled(name.as_str()).as_bytes());
        head.put_slice(b": ");
        head.put_slice(value.as_bytes());
        head.put_slice(b"\r\n");
    }
    head.put_slice(b"\r\n");
    head.freeze()
}

/// A header's name as the service spells it. Case means nothing in HTTP, but the vendor's Python
/// SDK looks for `ETag`, `Content-Length` and `x-cos-hash-crc64ecma` in just this case.
fn spelled(name: &str) -> Cow<'_, str> {
    if name.starts_with("x-") {
        return Cow::Borrowed(name);
    }
    if name == "etag" {
        return Cow::Borrowed("ETag");
    }
    let mut spelled = String::with_capacity(name.len());
    let mut starts = true;
    for character in name.chars() {
        spelled.push(if starts {
            character.to_ascii_uppercase()
        } else {
            character
        });
        starts = character == '-';
    }
    Cow::Owned(spelled)
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn names_are_spelled_as_by_the_service() {
        let mut headers = HeaderMap::new();
        for name in ["etag", "content-length", "x-cos-hash-crc64ecma", "date"] {
            headers.insert(name, HeaderValue::from_static("v"));
        }
        let expected = "HTTP/1.1 206 Partial Content\r\nETag: v\r\nContent-Length: v\r\n\
            x-cos-hash-crc64ecma: v\r\nDate: v\r\n\r\n";
        assert_eq!(head(StatusCode::PARTIAL_CONTENT, &headers), expected);
    }
}
