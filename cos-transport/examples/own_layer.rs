//! A layer of one's own in the middle of the stack: it sees each attempt, as the retry makes it and
//! before it is signed.
//!
//! ```text
//! cargo run -p cos-transport --example own_layer
//! ```
//!
//! This one gives every attempt a number that all clients of a house share, as a tracing system
//! would; the header starts with `x-cos-`, so that it is signed like the others. A layer that is to
//! see requests, and not attempts, goes around [`cos_transport::Client`] instead, which is a service
//! like any other.

#![expect(clippy::print_stdout, reason = "an example tells what it does")]

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use cos_emulator::{Emulator, Fault, MemoryBucket, Object, When};
use cos_proto::{Addressing, Attempts, Bucket, Endpoint, GetObject, Key};
use cos_sign::Credentials;
use cos_transport::BoxError;
use cos_transport::layer::{
    ErrorReaderLayer, HeadTimeoutLayer, IdleTimeoutLayer, InFlightLayer, SignLayer, TraceLayer,
};
use cos_transport::retry::RetryPolicy;
use http::{HeaderValue, Request, StatusCode};
use http_body_util::{BodyExt as _, Empty};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use tower::retry::RetryLayer;
use tower::{ServiceBuilder, ServiceExt as _};

const LIMIT: Duration = Duration::from_secs(30);

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), BoxError> {
    let credentials = || Credentials::new("the-id", "the-key");
    let bucket = MemoryBucket::new("examplebucket-1250000000");
    bucket.put("a.txt", Object::new("hello"));
    let emulator = Emulator::builder()
        .bucket(bucket)
        .credentials(credentials()?)
        .start()
        .await?;
    // The service is busy at first.
    let busy = Fault::new().status(StatusCode::SERVICE_UNAVAILABLE);
    emulator.faults().script(When::get().times(2), busy);

    let number = Arc::new(AtomicU64::new(1000));
    let wire = Client::builder(TokioExecutor::new()).build_http::<Empty<Bytes>>();
    let stack = ServiceBuilder::new()
        .layer(RetryLayer::new(RetryPolicy::new()))
        // The layer of one's own; any `tower::Layer` may stand here.
        .map_request(move |mut request: Request<Empty<Bytes>>| {
            let number = number.fetch_add(1, Ordering::Relaxed);
            let name = "x-cos-meta-attempt";
            request
                .headers_mut()
                .insert(name, HeaderValue::from(number));
            request
        })
        .layer(InFlightLayer::new(NonZeroUsize::MIN))
        .layer(ErrorReaderLayer::new())
        .layer(HeadTimeoutLayer::new(LIMIT))
        .layer(SignLayer::new(credentials()?))
        .layer(TraceLayer::new())
        .layer(IdleTimeoutLayer::new(LIMIT))
        .service(wire);

    let endpoint = Endpoint::service_url(&emulator.url(), Addressing::Auto)?;
    let object = GetObject::new(Bucket::new("examplebucket-1250000000")?, Key::new("a.txt")?);
    let request = object.to_request(&endpoint)?.map(|()| Empty::new());
    let answer = stack.oneshot(request).await?;
    let attempts: Option<&Attempts> = answer.extensions().get();
    println!("{} after {:?}", answer.status(), attempts);
    let body = answer.into_body().collect().await?.to_bytes();
    println!("the object: {}", String::from_utf8_lossy(&body));
    for request in emulator.log() {
        println!(
            "the service saw: {:?}",
            request.header("x-cos-meta-attempt")
        );
    }
    emulator.shutdown().await?;
    Ok(())
}
