//! The retry policy over the real layers and a real connection, against the emulator.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use bytes::Bytes;
use cos_emulator::{Emulator, Fault, MemoryBucket, Object, When};
use cos_proto::{
    Addressing, Attempts, Backoff, Bucket, Endpoint, Failure, GetObject, Key, ServiceError,
};
use cos_sign::Credentials;
use cos_transport::credentials::{
    Cached, Generation, Issued, ProvideCredentials, ProvideFuture, Static,
};
use cos_transport::layer::{ErrorReaderLayer, SignLayer};
use cos_transport::retry::RetryPolicy;
use cos_transport::{BoxError, ClockOffset};
use http::{Request, Response, StatusCode};
use http_body_util::Empty;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use tower::retry::RetryLayer;
use tower::{ServiceBuilder, ServiceExt as _};

const BUCKET: &str = "b-1250000000";

/// A source that issues another token each time.
#[derive(Debug, Default)]
struct Tokens {
    issued: AtomicU32,
}

impl ProvideCredentials for Tokens {
    fn provide(&self, _refused: Option<Generation>) -> ProvideFuture<'_> {
        let number = self.issued.fetch_add(1, Ordering::Relaxed);
        Box::pin(async move { Ok(Issued::new(credentials(number))) })
    }
}

fn credentials(number: u32) -> Credentials {
    Credentials::new(format!("id{number}"), "key")
        .unwrap()
        .with_token(format!("token{number}"))
        .unwrap()
}

async fn emulator() -> Emulator {
    let bucket = MemoryBucket::new(BUCKET);
    bucket.put("k", Object::new("hello"));
    let mut builder = Emulator::builder().bucket(bucket);
    for number in 0..3 {
        builder = builder.credentials(credentials(number));
    }
    builder.start().await.unwrap()
}

/// What a client is made of: the provider and the offset are those of all of its requests.
struct Caller {
    policy: RetryPolicy,
    sign: SignLayer,
    offset: ClockOffset,
    endpoint: Endpoint,
}

impl Caller {
    fn new(emulator: &Emulator, provider: impl ProvideCredentials + 'static) -> Self {
        let offset = ClockOffset::new();
        let pauses = Backoff::new().base(Duration::from_millis(1));
        Self {
            policy: RetryPolicy::new()
                .retries(3)
                .backoff(pauses)
                .clock_offset(offset.clone()),
            sign: SignLayer::with_provider(provider).clock_offset(offset.clone()),
            offset,
            endpoint: Endpoint::service_url(&emulator.url(), Addressing::Auto).unwrap(),
        }
    }

    async fn get(&self) -> Result<Response<()>, BoxError> {
        let object = GetObject::new(Bucket::new(BUCKET)?, Key::new("k")?);
        let (head, ()) = object.to_request(&self.endpoint)?.into_parts();
        let request = Request::from_parts(head, Empty::<Bytes>::new());
        let wire = Client::builder(TokioExecutor::new()).build_http();
        let stack = ServiceBuilder::new()
            .layer(RetryLayer::new(self.policy.clone()))
            .layer(ErrorReaderLayer::new())
            .layer(self.sign.clone())
            .service(wire);
        Ok(stack.oneshot(request).await?.map(|_| ()))
    }
}

fn attempts(answer: &Response<()>) -> Attempts {
    *answer.extensions().get().unwrap()
}

#[tokio::test]
async fn a_token_that_expires_between_two_requests_is_replaced() {
    let emulator = emulator().await;
    let provider = Arc::new(Cached::new(Tokens::default()));
    let caller = Caller::new(&emulator, Arc::clone(&provider));
    assert_eq!(attempts(&caller.get().await.unwrap()), Attempts::new(1));
    emulator.expire_token("token0");
    let answer = caller.get().await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
    assert_eq!(attempts(&answer), Attempts::new(2));
    assert_eq!(attempts(&caller.get().await.unwrap()), Attempts::new(1));
    assert_eq!(provider.source().issued.load(Ordering::Relaxed), 2);
    assert_eq!(emulator.log().len(), 4);
}

#[tokio::test]
async fn many_requests_that_are_refused_together_lead_to_one_renewal() {
    let emulator = emulator().await;
    let provider = Arc::new(Cached::new(Tokens::default()));
    let caller = Caller::new(&emulator, Arc::clone(&provider));
    caller.get().await.unwrap();
    emulator.expire_token("token0");
    let caller = Arc::new(caller);
    let mut requests = tokio::task::JoinSet::new();
    for _ in 0..20 {
        let caller = Arc::clone(&caller);
        requests.spawn(async move { caller.get().await.unwrap().status() });
    }
    while let Some(status) = requests.join_next().await {
        assert_eq!(status.unwrap(), StatusCode::OK);
    }
    assert_eq!(provider.source().issued.load(Ordering::Relaxed), 2);
}

#[tokio::test]
async fn a_token_that_expired_for_good_is_one_request() {
    let emulator = emulator().await;
    emulator.expire_token("token0");
    let caller = Caller::new(&emulator, Static::new(credentials(0)));
    let answer = caller.get().await.unwrap();
    let error: &ServiceError = answer.extensions().get().unwrap();
    assert_eq!(Failure::of(error), Failure::Expired);
    assert_eq!(emulator.log().len(), 1);
}

#[tokio::test]
async fn a_clock_two_hours_off_in_either_direction_costs_one_attempt_in_all() {
    for seconds in [7200, -7200] {
        let emulator = emulator().await;
        emulator.set_clock_skew(seconds);
        let caller = Caller::new(&emulator, Static::new(credentials(0)));
        let answer = caller.get().await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK);
        assert_eq!(attempts(&answer), Attempts::new(2));
        assert!((caller.offset.seconds() - seconds).abs() <= 2);
        assert_eq!(attempts(&caller.get().await.unwrap()), Attempts::new(1));
        assert_eq!(emulator.log().len(), 3);
    }
}

#[tokio::test]
async fn every_attempt_is_signed_with_its_mark() {
    let emulator = emulator().await;
    let slow_down = Fault::new().error(StatusCode::SERVICE_UNAVAILABLE, "SlowDown");
    let timed_out = Fault::new().error(StatusCode::BAD_REQUEST, "RequestTimeout");
    emulator.faults().script(When::get(), slow_down);
    emulator.faults().script(When::get().nth(2), timed_out);
    emulator
        .faults()
        .script(When::get().nth(3), Fault::new().reset());
    let caller = Caller::new(&emulator, Static::new(credentials(0)));
    let answer = caller.get().await.unwrap();
    // The emulator refuses a signature that does not cover the mark.
    assert_eq!(answer.status(), StatusCode::OK);
    assert_eq!(attempts(&answer), Attempts::new(4));
    emulator.faults().assert_all_consumed();
    let log = emulator.log();
    let marks = log.iter().map(|request| request.header("x-cos-sdk-retry"));
    assert_eq!(
        marks.collect::<Vec<_>>(),
        [None, Some("true"), Some("true"), Some("true")]
    );
}

#[tokio::test]
async fn what_does_not_end_is_given_up_after_exactly_so_many_requests() {
    let emulator = emulator().await;
    let fails = Fault::new().error(StatusCode::INTERNAL_SERVER_ERROR, "InternalError");
    emulator.faults().script(When::get().always(), fails);
    let caller = Caller::new(&emulator, Static::new(credentials(0)));
    let answer = caller.get().await.unwrap();
    assert_eq!(answer.status(), StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(attempts(&answer), Attempts::new(4).exhausted());
    assert_eq!(emulator.log().len(), 4);

    emulator.shutdown().await.unwrap();
    let error = caller.get().await.unwrap_err();
    assert_eq!(Attempts::find(&*error), Some(Attempts::new(4).exhausted()));
}
