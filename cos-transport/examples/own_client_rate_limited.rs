//! The layers that limit, around a client that is not ours: its own request body, its own body,
//! its own error.
//!
//! ```text
//! cargo run -p cos-transport --example own_client_rate_limited
//! ```

#![expect(clippy::print_stdout, reason = "an example tells what it does")]

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::num::{NonZeroU64, NonZeroUsize};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Instant;

use bytes::Bytes;
use cos_transport::layer::{InFlightLayer, RateLimitLayer};
use http::{Request, Response};
use http_body::{Body, Frame};
use http_body_util::BodyExt as _;
use tower::{ServiceBuilder, ServiceExt as _};
use tower_service::Service;

/// Stands for a client of the user's own: it takes a `String` as the body of a request, and answers
/// at once with as many bytes as that says.
#[derive(Clone)]
struct OwnClient;

impl Service<Request<String>> for OwnClient {
    type Response = Response<OwnBody>;
    type Error = Infallible;
    type Future = Ready<Result<Response<OwnBody>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<String>) -> Self::Future {
        let left = request.body().parse().unwrap_or(0);
        ready(Ok(Response::new(OwnBody { left })))
    }
}

/// A body of the user's own.
struct OwnBody {
    left: usize,
}

impl Body for OwnBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        static CHUNK: [u8; 16 * 1024] = [b'x'; 16 * 1024];
        let length = self.left.min(CHUNK.len());
        self.left -= length;
        let data = Bytes::from_static(CHUNK.get(..length).unwrap_or_default());
        Poll::Ready((length > 0).then(|| Ok(Frame::data(data))))
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let rate_limit = RateLimitLayer::new()
        .requests_per_second(NonZeroU64::new(20).ok_or("zero")?)
        .bytes_per_second(NonZeroU64::new(1024 * 1024).ok_or("zero")?);
    let in_flight = InFlightLayer::new(NonZeroUsize::new(4).ok_or("zero")?);
    let seen = in_flight.handle();
    let client = ServiceBuilder::new()
        .layer(rate_limit.clone())
        .layer(in_flight)
        .service(OwnClient);

    let start = Instant::now();
    let mut downloads = tokio::task::JoinSet::new();
    for number in 0..8 {
        let client = client.clone();
        downloads.spawn(async move {
            let response = client.oneshot(Request::new("200000".to_owned())).await?;
            let body = response.into_body().collect().await?;
            Ok::<_, Infallible>((number, body.to_bytes().len()))
        });
    }
    while let Some(download) = downloads.join_next().await {
        let (number, bytes) = download??;
        println!("{:5.2?} request {number}: {bytes} bytes", start.elapsed());
    }
    println!(
        "limit of requests in flight: {}; requests that waited to be let in: {}; for the rate: {}",
        seen.limit(),
        seen.waits(),
        rate_limit.request_waits(),
    );
    Ok(())
}
