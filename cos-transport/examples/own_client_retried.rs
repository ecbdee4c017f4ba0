//! The retry policy around a client that is not ours, whose requests have a body:
//!
//! ```text
//! cargo run -p cos-transport --example own_client_retried
//! ```
//!
//! The server of this example closes the first connection, is busy at the second, and takes what is
//! sent over the third.

#![expect(clippy::print_stdout, reason = "an example tells what it does")]

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::thread;
use std::time::Instant;

use bytes::Bytes;
use cos_proto::{Attempts, Backoff};
use cos_transport::BoxError;
use cos_transport::layer::ErrorReaderLayer;
use cos_transport::retry::RetryPolicy;
use http::{Request, header};
use http_body_util::{BodyExt as _, Full};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use tower::retry::RetryLayer;
use tower::{ServiceBuilder, ServiceExt as _};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), BoxError> {
    let place = serve()?;
    let client = Client::builder(TokioExecutor::new()).build_http::<Full<Bytes>>();
    let service = ServiceBuilder::new()
        .layer(RetryLayer::new(
            RetryPolicy::new().retries(5).backoff(Backoff::new()),
        ))
        // Reads what a refusal says, so that the policy sees it.
        .layer(ErrorReaderLayer::new())
        // The policy wants the error boxed; what it is made from stays among its sources.
        .map_err(BoxError::from)
        .service(client);

    let request = Request::put(format!("http://{place}/notes/1"))
        .header(header::CONTENT_TYPE, "text/plain")
        .body(Full::from("the body is cloned for each attempt"))?;
    let start = Instant::now();
    let response = service.oneshot(request).await?;

    let attempts = response
        .extensions()
        .get()
        .map_or(1, |told: &Attempts| told.made());
    let status = response.status();
    let body = response
        .into_body()
        .collect()
        .await
        .map_err(BoxError::from)?;
    println!(
        "{status} after {attempts} attempts and {:.1?}: {}",
        start.elapsed(),
        String::from_utf8_lossy(&body.to_bytes()),
    );
    Ok(())
}

/// A server on this machine that takes what it is sent at the third time of asking.
fn serve() -> io::Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let place = listener.local_addr()?;
    thread::spawn(move || -> io::Result<()> {
        for number in 1.. {
            let (mut stream, _) = listener.accept()?;
            let body = read_body(&mut BufReader::new(&stream))?;
            match number {
                1 => {}
                2 => stream.write_all(
                    b"HTTP/1.1 503 Busy\r\nRetry-After: 1\r\nConnection: close\r\n\
                      Content-Length: 0\r\n\r\n",
                )?,
                _ => write!(
                    stream,
                    "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}",
                    body.len()
                )?,
            }
        }
        Ok(())
    });
    Ok(place)
}

fn read_body(stream: &mut impl BufRead) -> io::Result<String> {
    let mut length = 0;
    let mut line = String::new();
    while stream.read_line(&mut line)? > 2 {
        if let Some((name, value)) = line.split_once(':')
            && name.eq_ignore_ascii_case("content-length")
        {
            length = value.trim().parse().unwrap_or(0);
        }
        line.clear();
    }
    let mut body = String::new();
    stream.take(length).read_to_string(&mut body)?;
    Ok(body)
}
