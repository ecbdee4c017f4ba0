//! What becomes of each fault, and how many requests the server sees for it: exactly as many as the
//! policy says.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant, SystemTime};

use cos_emulator::{Credentials, Emulator, Fault, When};
use cos_proto::{
    Attempts, Backoff, Endpoint, Failure, ListBuckets, Region, RetryBudget, Timestamp,
};
use cos_transport::credentials::{Cached, Generation, Issued, ProvideCredentials, ProvideFuture};
use cos_transport::{Client, ClientBuilder, ErrorKind};
use http::StatusCode;

use crate::support::{
    BUCKET, SHORT, all, bucket, builder, closed_endpoint, content, credentials, emulator, endpoint,
    get, head, key,
};

const SEED: u64 = 7;

/// Four attempts with hardly a pause.
fn hasty(builder: ClientBuilder) -> Client {
    let pauses = Backoff::new().base(Duration::from_millis(1));
    let builder = builder.seed(SEED).retries(3).backoff(pauses);
    builder.build().unwrap()
}

fn error(status: u16, code: &str) -> Fault {
    Fault::new().error(StatusCode::from_u16(status).unwrap(), code)
}

/// An object is asked for while `fault` befalls the first request only; gives the attempts that
/// the client tells of, once they are those that the server has seen.
async fn befallen_once(fault: Fault) -> Result<u32, cos_transport::Error> {
    let emulator = emulator().await;
    emulator.faults().script(When::get(), fault);
    let client = hasty(builder(&emulator).read_timeout(SHORT));
    let outcome = client.get_object(get()).await;
    let seen = u32::try_from(emulator.log().len()).unwrap();
    let stats = client.stats();
    assert_eq!((stats.requests(), stats.attempts()), (1, u64::from(seen)));
    emulator.shutdown().await.unwrap();
    let (_, body) = outcome?;
    assert!(all(body).await.unwrap() == content());
    Ok(seen)
}

#[tokio::test]
async fn t1_h8_h9_what_fails_in_passing_is_one_further_request() {
    for fault in [
        Fault::new().reset(),
        Fault::new().close(),
        // T4: a head that does not come.
        Fault::new().stall_head_for_ever(),
        error(500, "InternalError"),
        error(502, "BadGateway"),
        error(504, "GatewayTimeout"),
        error(503, "ServiceUnavailable"),
        error(503, "SlowDown"),
        error(429, "TooManyRequests"),
        error(400, "RequestTimeout"),
        // Says something only in a body that never ends.
        error(503, "SlowDown").stall_after(20, SHORT * 2),
    ] {
        let attempts = befallen_once(fault.clone()).await;
        assert_eq!(attempts.unwrap(), 2, "{fault:?}");
    }
}

#[tokio::test]
async fn c1_c4_h16_what_does_not_pass_is_one_request() {
    for (fault, failure) in [
        (error(400, "ExpiredToken"), Failure::Expired),
        (error(403, "AccessDenied"), Failure::Denied),
        (error(403, "SignatureDoesNotMatch"), Failure::Denied),
        (
            error(412, "PreconditionFailed"),
            Failure::PreconditionFailed,
        ),
        (error(403, "InvalidObjectState"), Failure::Archived),
    ] {
        let emulator = emulator().await;
        emulator.faults().script(When::get(), fault);
        let error = hasty(builder(&emulator))
            .get_object(get())
            .await
            .unwrap_err();
        assert_eq!(
            (error.failure(), error.attempts()),
            (failure, Attempts::new(1))
        );
        assert_eq!(emulator.log().len(), 1);
        emulator.shutdown().await.unwrap();
    }
}

#[tokio::test]
async fn h9_what_does_not_end_is_given_up_after_as_many_requests_as_are_allowed() {
    let emulator = emulator().await;
    let fails = error(500, "InternalError");
    emulator.faults().script(When::any().always(), fails);
    let client = hasty(builder(&emulator));
    let errors = [
        client.get_object(get()).await.map(drop).unwrap_err(),
        client.head_object(head()).await.map(drop).unwrap_err(),
        client
            .list_buckets(ListBuckets::new())
            .await
            .map(drop)
            .unwrap_err(),
    ];
    for error in &errors {
        assert_eq!(error.kind(), ErrorKind::Service);
        assert_eq!(error.attempts(), Attempts::new(4).exhausted());
        assert_eq!(error.service_error().unwrap().status(), 500);
    }
    let log = emulator.log();
    let marks = log
        .iter()
        .filter(|request| request.header("x-cos-sdk-retry") == Some("true"));
    assert_eq!((log.len(), marks.count()), (12, 9));
    let stats = client.stats();
    assert_eq!(
        (stats.requests(), stats.attempts(), stats.bytes()),
        (3, 12, 0)
    );
    emulator.shutdown().await.unwrap();
}

#[tokio::test]
async fn t1_nobody_there_is_given_up_after_as_many_attempts() {
    let client = hasty(Client::builder(closed_endpoint()));
    let error = client.get_object(get()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Connect);
    assert_eq!(error.attempts(), Attempts::new(4).exhausted());
    assert_eq!(client.stats().attempts(), 4);
}

#[tokio::test]
async fn a_budget_of_the_callers_is_drawn_from() {
    let emulator = emulator().await;
    let fails = error(500, "InternalError");
    emulator.faults().script(When::any().always(), fails);
    let budget = RetryBudget::new(2);
    let mut request = get().to_request(&endpoint(&emulator)).unwrap();
    request.extensions_mut().insert(budget.clone());
    let client = hasty(builder(&emulator));
    let answer = tower::ServiceExt::oneshot(client, request).await.unwrap();
    let attempts: &Attempts = answer.extensions().get().unwrap();
    assert_eq!(*attempts, Attempts::new(3).exhausted());
    assert!(budget.is_exhausted());
    assert_eq!(emulator.log().len(), 3);
    emulator.shutdown().await.unwrap();
}

#[tokio::test]
async fn h8_a_retry_after_in_either_form_is_waited_for() {
    let in_two_seconds = || {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        let then = Timestamp::from_unix(now.unwrap() + Duration::from_secs(2));
        then.unwrap().to_http_date()
    };
    let one_second = || "1".to_owned();
    let forms: [(&dyn Fn() -> String, u64); 2] = [(&one_second, 1000), (&in_two_seconds, 900)];
    for (value, at_least) in forms {
        let started = Instant::now();
        let value = value();
        let fault = error(503, "SlowDown").retry_after(&value);
        assert_eq!(befallen_once(fault).await.unwrap(), 2, "{value}");
        let waited = started.elapsed();
        assert!(
            waited >= Duration::from_millis(at_least),
            "{value}: {waited:?}"
        );
        assert!(waited < Duration::from_secs(20), "{value}: {waited:?}");
    }
}

#[tokio::test]
async fn h8_a_retry_after_that_says_nothing_is_none() {
    for value in ["soon", "-5", "", "1e9"] {
        let started = Instant::now();
        let fault = error(503, "SlowDown").retry_after(value);
        assert_eq!(befallen_once(fault).await.unwrap(), 2, "{value}");
        assert!(started.elapsed() < Duration::from_secs(20), "{value}");
    }
}

/// That it is no longer than a minute, paused time shows.
#[tokio::test]
async fn h8_an_absurd_retry_after_can_be_interrupted() {
    let emulator = emulator().await;
    let fault = error(503, "SlowDown").retry_after("1000000000");
    emulator.faults().script(When::get(), fault);
    let client = hasty(builder(&emulator).max_in_flight(NonZeroUsize::MIN));
    let waiting = tokio::time::timeout(SHORT, client.get_object(get())).await;
    assert!(waiting.is_err());
    assert_eq!(emulator.log().len(), 1);
    // Whoever waited has left nothing behind, not even its place.
    client.head_object(head()).await.unwrap();
    assert_eq!(emulator.log().len(), 2);
    emulator.shutdown().await.unwrap();
}

#[tokio::test]
async fn h8_being_asked_to_slow_down_halves_what_is_in_flight() {
    let emulator = emulator().await;
    let slow_down = error(503, "SlowDown");
    emulator.faults().script(When::get(), slow_down);
    let client = hasty(builder(&emulator).max_in_flight(NonZeroUsize::new(8).unwrap()));
    let (_, body) = client.get_object(get()).await.unwrap();
    let stats = client.stats();
    assert_eq!(stats.slow_downs(), 1);
    assert_eq!(
        (stats.in_flight().limit(), stats.in_flight().in_flight()),
        (4, 1)
    );
    all(body).await.unwrap();
    assert_eq!(
        (stats.bytes(), stats.in_flight().in_flight()),
        (1_000_000, 0)
    );
    emulator.shutdown().await.unwrap();
}

#[tokio::test]
async fn t4_a_body_that_stalls_is_its_readers_to_resume() {
    let emulator = emulator().await;
    let fault = Fault::new().stall_after_for_ever(500_000);
    emulator.faults().script(When::get(), fault);
    let client = hasty(builder(&emulator).read_timeout(SHORT));
    let (_, body) = client.get_object(get()).await.unwrap();
    let error = all(body).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::BodyTimeout);
    assert!(error.failure().is_retryable() && !error.attempts().is_exhausted());
    assert_eq!(emulator.log().len(), 1);
    emulator.shutdown().await.unwrap();
}

#[tokio::test]
async fn c3_a_clock_off_in_either_direction_costs_one_request_in_the_clients_life() {
    for seconds in [7200, -7200] {
        let emulator = emulator().await;
        emulator.set_clock_skew(seconds);
        // It is not a matter of waiting: one retry is enough.
        let client = builder(&emulator).retries(1).build().unwrap();
        client.get_object(get()).await.unwrap();
        assert_eq!(emulator.log().len(), 2);
        client.clone().head_object(head()).await.unwrap();
        assert_eq!(emulator.log().len(), 3);
        assert!((client.stats().clock_offset_seconds() - seconds).abs() <= 2);
        // What is signed for others is signed by the service's time too.
        let link = client
            .presign(get(), Duration::from_secs(60))
            .await
            .unwrap();
        let request = http::Request::get(link.as_str()).body(()).unwrap();
        let anybody = Client::builder(endpoint(&emulator)).build().unwrap();
        let answer = tower::ServiceExt::oneshot(anybody, request).await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK);
        emulator.shutdown().await.unwrap();
    }
}

/// A source that issues another token each time.
#[derive(Debug, Default)]
struct Tokens {
    issued: AtomicU32,
}

impl ProvideCredentials for Tokens {
    fn provide(&self, _refused: Option<Generation>) -> ProvideFuture<'_> {
        let number = self.issued.fetch_add(1, Ordering::Relaxed);
        Box::pin(async move { Ok(Issued::new(temporary(number))) })
    }
}

fn temporary(number: u32) -> Credentials {
    let credentials = Credentials::new(format!("id{number}"), "key").unwrap();
    credentials.with_token(format!("token{number}")).unwrap()
}

#[tokio::test]
async fn c1_a_token_that_expires_between_two_requests_is_renewed_once() {
    let mut emulator = Emulator::builder().bucket(bucket());
    for number in 0..3 {
        emulator = emulator.credentials(temporary(number));
    }
    let emulator = emulator.start().await.unwrap();
    let tokens = Arc::new(Cached::new(Tokens::default()));
    let client = Client::builder(endpoint(&emulator));
    let client = hasty(client.credentials_provider(Arc::clone(&tokens)));
    client.get_object(get()).await.unwrap();
    emulator.expire_token("token0");
    client.get_object(get()).await.unwrap();
    client.head_object(head()).await.unwrap();
    assert_eq!(tokens.source().issued.load(Ordering::Relaxed), 2);
    assert_eq!(emulator.log().len(), 4);
    // Credentials that were renewed and are refused again are refused.
    emulator.expire_token("token1");
    emulator.expire_token("token2");
    let error = client.get_object(get()).await.unwrap_err();
    assert_eq!(
        (error.failure(), error.attempts()),
        (Failure::Expired, Attempts::new(2))
    );
    assert_eq!(emulator.log().len(), 6);
    emulator.shutdown().await.unwrap();
}

#[tokio::test]
async fn c2_a_source_that_is_out_of_reach_is_asked_again_and_nothing_is_sent() {
    #[derive(Debug, Default)]
    struct Down(AtomicU32);
    impl ProvideCredentials for Down {
        fn provide(&self, _refused: Option<Generation>) -> ProvideFuture<'_> {
            self.0.fetch_add(1, Ordering::Relaxed);
            let error = cos_transport::credentials::CredentialsError::unavailable("vault", "down");
            Box::pin(std::future::ready(Err(error)))
        }
    }
    let emulator = emulator().await;
    let down = Arc::new(Down::default());
    let client = Client::builder(endpoint(&emulator));
    let client = hasty(client.credentials_provider(Arc::clone(&down)));
    let error = client.get_object(get()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Credentials);
    assert_eq!(error.attempts(), Attempts::new(4).exhausted());
    assert_eq!(down.0.load(Ordering::Relaxed), 4);
    assert_eq!((client.stats().attempts(), emulator.connections()), (0, 0));
}

#[tokio::test]
async fn an_endpoint_that_is_closed_for_a_while_is_waited_for() {
    let emulator = emulator().await;
    let (place, endpoint) = (emulator.addr(), endpoint(&emulator));
    emulator.shutdown().await.unwrap();
    let pauses = Backoff::new().base(Duration::from_millis(50));
    let client = Client::builder(endpoint).seed(SEED).backoff(pauses);
    let client = client.credentials(credentials()).build().unwrap();
    let asked = tokio::spawn(async move { client.get_object(get()).await.map(drop) });
    tokio::time::sleep(SHORT).await;
    let emulator = Emulator::builder()
        .bucket(bucket())
        .credentials(credentials());
    let emulator = emulator.listen(place).start().await.unwrap();
    asked.await.unwrap().unwrap();
    assert_eq!(emulator.log().len(), 1);
    emulator.shutdown().await.unwrap();
}

/// The first numbers that come from a seed, by the algorithm that the policy's docs name.
fn split_mix(seed: u64) -> impl Iterator<Item = u64> {
    (1..).map(move |n: u64| {
        let z = seed.wrapping_add(n.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    })
}

/// With nothing but the defaults, and in real time.
#[tokio::test]
async fn an_outage_of_twenty_seconds_is_survived_with_as_many_requests_as_the_pauses_say() {
    const OUTAGE: Duration = Duration::from_secs(20);
    let mut pauses = (0..)
        .zip(split_mix(SEED))
        .map(|(n, random)| Backoff::new().delay(n, random));
    let mut ends = Duration::ZERO;
    let during = std::iter::from_fn(|| {
        ends += pauses.next()?;
        (ends < OUTAGE).then_some(())
    })
    .count();
    // One that would end just then could fall on either side.
    assert!(
        ends > OUTAGE + Duration::from_secs(1),
        "take another seed: {ends:?}"
    );

    let emulator = emulator().await;
    let client = builder(&emulator).seed(SEED).build().unwrap();
    let down = error(503, "ServiceUnavailable");
    emulator.faults().script(When::any().always(), down);
    let recovers = async {
        tokio::time::sleep(OUTAGE).await;
        emulator.faults().clear();
    };
    let (outcome, ()) = tokio::join!(client.get_object(get()), recovers);
    outcome.unwrap();
    // The first, those that came too early, and the one that went well.
    assert_eq!(emulator.log().len(), 1 + during + 1);
    emulator.shutdown().await.unwrap();
}

#[tokio::test]
async fn failover_is_for_the_last_two_attempts_and_only_where_it_was_asked_for() {
    let region = || Endpoint::region(Region::new("ap-beijing").unwrap());
    let main = format!("{BUCKET}.cos.ap-beijing.myqcloud.com");
    let backup = format!("{BUCKET}.cos.ap-beijing.tencentcos.cn");
    for on in [false, true] {
        let emulator = emulator().await;
        let endpoint = region().with_scheme(http::uri::Scheme::HTTP).unwrap();
        let client = Client::builder(endpoint)
            .credentials(credentials())
            .connect_to(emulator.addr().to_string())
            .failover(on);
        let client = hasty(client);
        emulator
            .faults()
            .script(When::get().times(3), Fault::new().reset());
        client.get_object(get()).await.unwrap();
        // The next begins where it should.
        client.head_object(head()).await.unwrap();
        let hosts: Vec<_> = emulator.log().iter().map(|r| r.host().to_owned()).collect();
        let last = if on { &backup } else { &main };
        assert_eq!(hosts, [&main, &main, last, last, &main].map(Clone::clone));
        emulator.shutdown().await.unwrap();
    }
}

#[tokio::test]
async fn a_custom_endpoint_has_nowhere_else_to_go() {
    let emulator = emulator().await;
    let client = hasty(builder(&emulator).failover(true));
    emulator
        .faults()
        .script(When::get().times(3), Fault::new().reset());
    client.get_object(get()).await.unwrap();
    let log = emulator.log();
    assert!(
        log.iter()
            .all(|request| request.host() == emulator.addr().to_string())
    );
    emulator.shutdown().await.unwrap();
}

#[tokio::test]
async fn all_clones_count_together() {
    let emulator = emulator().await;
    let client = hasty(builder(&emulator));
    let stats = client.stats();
    let clone = client.clone();
    clone.get_object(key("none")).await.unwrap_err();
    let (_, body) = client.get_object(get()).await.unwrap();
    all(body).await.unwrap();
    drop((client, clone));
    assert_eq!(
        (stats.requests(), stats.attempts(), stats.bytes()),
        (2, 2, 1_000_000)
    );
    assert_eq!(
        (
            stats.request_waits(),
            stats.body_waits(),
            stats.in_flight_waits()
        ),
        (0, 0, 0)
    );
    assert_eq!(stats.in_flight().in_flight(), 0);
    emulator.shutdown().await.unwrap();
}
