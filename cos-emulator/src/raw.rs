//! Answers that no correct HTTP server gives, written past the HTTP server.

use std::{io, time::Duration};

use bytes::{BufMut, Bytes, BytesMut};
use http::{HeaderMap, StatusCode};
use tokio::io::AsyncWriteExt;

use crate::{body::Pump, fault::Ending, wire::Wire};

/// Before a reset, so that what was sent has left this side: a reset throws away what has not.
const SETTLE: Duration = Duration::from_millis(20);

/// Sends bytes as they are.
pub(crate) async fn send_bytes(mut wire: Wire, bytes: &Bytes) -> io::Result<()> {
    wire.write_all(bytes).await?;
    wire.flush().await
}

/// Sends a head and a body, and leaves the connection to be closed, or reset.
pub(crate) async fn send(
    mut wire: Wire,
    status: StatusCode,
    headers: &HeaderMap,
    mut pump: Pump,
    ending: Ending,
) -> io::Result<()> {
    wire.write_all(&head(status, headers)).await?;
    while let Some(piece) = pump.next().await {
        wire.write_all(&piece?).await?;
    }
    wire.flush().await?;
    if ending == Ending::Reset {
        tokio::time::sleep(SETTLE).await;
        wire.reset_on_close()?;
    }
    Ok(())
}

fn head(status: StatusCode, headers: &HeaderMap) -> Bytes {
    let mut head = BytesMut::new();
    head.put_slice(b"HTTP/1.1 ");
    head.put_slice(status.as_str().as_bytes());
    head.put_slice(b" ");
    head.put_slice(status.canonical_reason().unwrap_or_default().as_bytes());
    head.put_slice(b"\r\n");
    for (name, value) in headers {
        head.put_slice(name.as_str().as_bytes());
        head.put_slice(b": ");
        head.put_slice(value.as_bytes());
        head.put_slice(b"\r\n");
    }
    head.put_slice(b"connection: close\r\n\r\n");
    head.freeze()
}
