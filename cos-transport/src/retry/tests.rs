use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use cos_proto::{Attempts, Backoff, Endpoint, Failure, GaveUp, Region, RetryBudget, Timestamp};
use cos_sign::Credentials;
use http::{Request, Response, header};
use http_body_util::{Empty, Full};
use proptest::prelude::*;
use tokio::time::{Instant, sleep};
use tower::retry::{Retry, RetryLayer};
use tower::{ServiceBuilder, ServiceExt, service_fn};
use tower_test::mock;

use super::{RETRY_MARK, RetryPolicy};
use crate::BoxError;
use crate::clock::ClockOffset;
use crate::credentials::{CredentialsError, Issued, RefusedCredentials, SignedBy};
use crate::error_reader::ErrorReaderLayer;

const SECOND: Duration = Duration::from_secs(1);

/// The local time of the tests: Tue, 14 Nov 2023 22:13:20 GMT.
const NOW: Duration = Duration::from_secs(1_700_000_000);

/// What the service below does with one attempt.
#[derive(Clone, Default)]
struct Reply {
    status: u16,
    headers: Vec<(&'static str, String)>,
    body: &'static str,
    signed_by: Option<SignedBy>,
    attempts: Option<Attempts>,
    /// Instead of all of that.
    error: Option<fn() -> BoxError>,
}

fn reply(status: u16) -> Reply {
    Reply {
        status,
        ..Reply::default()
    }
    .header("x-cos-request-id", "id")
}

fn code(status: u16, body: &'static str) -> Reply {
    Reply {
        body,
        ..reply(status)
    }
}

fn broken() -> Reply {
    Reply {
        error: Some(|| io::Error::from(io::ErrorKind::ConnectionReset).into()),
        ..Reply::default()
    }
}

impl Reply {
    fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    fn not_from_cos(mut self) -> Self {
        self.headers.retain(|(name, _)| *name != "x-cos-request-id");
        self
    }

    fn signed_by(mut self, issued: &Issued) -> Self {
        self.signed_by = Some(SignedBy::new(issued));
        self
    }

    fn make(self) -> Result<Response<Full<Bytes>>, BoxError> {
        if let Some(error) = self.error {
            return Err(error());
        }
        let mut answer = Response::builder().status(self.status);
        for (name, value) in self.headers {
            answer = answer.header(name, value);
        }
        if let Some(signed_by) = self.signed_by {
            answer = answer.extension(signed_by);
        }
        if let Some(attempts) = self.attempts {
            answer = answer.extension(attempts);
        }
        Ok(answer.body(Full::from(self.body))?)
    }
}

/// What the service below saw of one attempt, and when.
struct Attempt {
    at: Duration,
    request: Request<String>,
}

struct Run {
    result: Result<Response<()>, BoxError>,
    attempts: Vec<Attempt>,
}

impl Run {
    /// The pauses between the attempts, in milliseconds.
    fn pauses(&self) -> Vec<u128> {
        let at = self.attempts.iter().map(|attempt| attempt.at);
        let next = at.clone().skip(1);
        next.zip(at)
            .map(|(next, at)| (next - at).as_millis())
            .collect()
    }

    fn status(&self) -> u16 {
        self.result.as_ref().unwrap().status().as_u16()
    }

    fn told(&self) -> Attempts {
        match &self.result {
            Ok(response) => *response.extensions().get().unwrap(),
            Err(error) => Attempts::find(&**error).unwrap_or(Attempts::new(1)),
        }
    }

    fn hosts(&self) -> Vec<&str> {
        let attempts = self.attempts.iter();
        attempts
            .map(|attempt| attempt.request.uri().host().unwrap())
            .collect()
    }
}

fn request() -> Request<String> {
    let uri = "https://b-1.cos.ap-beijing.myqcloud.com/a%20b/../c?x=%2f";
    let host = "b-1.cos.ap-beijing.myqcloud.com";
    let request = Request::get(uri).header(header::HOST, host);
    request.body("body".to_owned()).unwrap()
}

/// A policy that knows the time and has no luck: its pauses are the shortest there can be.
fn policy() -> RetryPolicy {
    RetryPolicy::new().clock(|| NOW).random(|| 0)
}

/// Sends one request through the policy, over a service that does `script` and then, for ever, its
/// last line.
async fn run_with(policy: RetryPolicy, request: Request<String>, script: &[Reply]) -> Run {
    let (service, mut handle) = mock::pair::<Request<String>, Response<Full<Bytes>>>();
    let stack = ServiceBuilder::new()
        .layer(RetryLayer::new(policy))
        .layer(ErrorReaderLayer::new())
        .service(service);
    let (began, script) = (Instant::now(), script.to_vec());
    let server = tokio::spawn(async move {
        let mut attempts = Vec::new();
        while let Some((request, send)) = handle.next_request().await {
            let line = script
                .get(attempts.len())
                .unwrap_or(&script[script.len() - 1]);
            attempts.push(Attempt {
                at: began.elapsed(),
                request,
            });
            match line.clone().make() {
                Ok(answer) => send.send_response(answer),
                Err(error) => send.send_error(error),
            }
        }
        attempts
    });
    let result = stack
        .oneshot(request)
        .await
        .map(|answer| answer.map(|_| ()));
    Run {
        result,
        attempts: server.await.unwrap(),
    }
}

async fn run(script: &[Reply]) -> Run {
    run_with(policy(), request(), script).await
}

#[tokio::test(start_paused = true)]
async fn success_is_one_attempt() {
    let run = run(&[reply(206)]).await;
    assert_eq!((run.status(), run.attempts.len()), (206, 1));
    assert_eq!(run.told(), Attempts::new(1));
    assert!(!run.attempts[0].request.headers().contains_key(RETRY_MARK));
}

#[tokio::test(start_paused = true)]
async fn further_attempts_are_the_same_request_with_a_mark() {
    let run = run(&[reply(500), broken(), reply(200)]).await;
    assert_eq!((run.status(), run.attempts.len()), (200, 3));
    assert_eq!(run.told(), Attempts::new(3));
    for attempt in &run.attempts[1..] {
        assert_eq!(attempt.request.headers()[RETRY_MARK], "true");
        assert_eq!(attempt.request.uri(), request().uri());
        assert_eq!(attempt.request.body(), "body");
    }
}

#[tokio::test(start_paused = true)]
async fn every_5xx_is_tried_again_until_there_is_no_attempt_left() {
    for status in [500, 501, 502, 503, 504, 599] {
        let run = run(&[reply(status)]).await;
        assert_eq!((run.status(), run.attempts.len()), (status, 11));
        assert_eq!(run.told(), Attempts::new(11).exhausted());
        assert_eq!(
            run.pauses(),
            [125, 250, 500, 1000, 2000, 4000, 5000, 5000, 5000, 5000]
        );
    }
}

#[tokio::test(start_paused = true)]
async fn transport_errors_are_tried_again_until_there_is_no_attempt_left() {
    let run = run(&[broken()]).await;
    assert_eq!(run.attempts.len(), 11);
    assert_eq!(run.told(), Attempts::new(11).exhausted());
    let error = run.result.unwrap_err();
    assert_eq!(error.to_string(), "gave up after 11 attempts");
    let cause = error.source().unwrap().downcast_ref::<io::Error>();
    assert_eq!(cause.unwrap().kind(), io::ErrorKind::ConnectionReset);
}

#[tokio::test(start_paused = true)]
async fn an_error_that_cannot_pass_is_not_tried_again() {
    let errors: [fn() -> BoxError; 4] = [
        || Failure::Untrusted.into(),
        || io::Error::other(Failure::Unsendable).into(),
        || CredentialsError::absent("a test", "nothing there").into(),
        || CredentialsError::invalid("a test", "broken").into(),
    ];
    for error in errors {
        let fatal = Reply {
            error: Some(error),
            ..Reply::default()
        };
        let run = run(&[fatal]).await;
        assert_eq!(run.attempts.len(), 1);
        assert!(!run.result.unwrap_err().is::<GaveUp>());
    }
}

#[tokio::test(start_paused = true)]
async fn a_source_of_credentials_that_is_down_is_asked_again() {
    let down = Reply {
        error: Some(|| CredentialsError::unavailable("a test", "down").into()),
        ..Reply::default()
    };
    let run = run(&[down, reply(200)]).await;
    assert_eq!((run.status(), run.attempts.len()), (200, 2));
}

#[tokio::test(start_paused = true)]
async fn a_fatal_error_after_others_tells_the_attempts_but_not_that_they_ran_out() {
    let fatal = Reply {
        error: Some(|| Failure::Untrusted.into()),
        ..Reply::default()
    };
    let run = run(&[broken(), fatal]).await;
    assert_eq!(run.attempts.len(), 2);
    assert_eq!(run.told(), Attempts::new(2));
    let failure = Failure::find(&*run.result.unwrap_err());
    assert_eq!(failure, Some(Failure::Untrusted));
}

#[tokio::test(start_paused = true)]
async fn no_other_4xx_and_no_3xx_is_tried_again() {
    let denied = "<Error><Code>AccessDenied</Code></Error>";
    let mismatch = "<Error><Code>SignatureDoesNotMatch</Code></Error>";
    let missing = "<Error><Code>NoSuchKey</Code></Error>";
    let refusals = [(403, denied), (403, mismatch), (404, missing)];
    let refusals = refusals.map(|(status, body)| code(status, body));
    let others = [
        301, 302, 304, 307, 308, 400, 401, 403, 404, 405, 409, 411, 412, 416, 451,
    ];
    for refusal in refusals.into_iter().chain(others.map(reply)) {
        let run = run(std::slice::from_ref(&refusal)).await;
        assert_eq!((run.status(), run.attempts.len()), (refusal.status, 1));
        assert_eq!(run.told(), Attempts::new(1));
    }
}

#[tokio::test(start_paused = true)]
async fn slow_down_in_the_body_of_a_503_is_tried_again() {
    let run = run(&[
        code(503, "<Error><Code>SlowDown</Code></Error>"),
        reply(200),
    ])
    .await;
    assert_eq!((run.status(), run.attempts.len()), (200, 2));
}

#[tokio::test(start_paused = true)]
async fn a_429_is_tried_again() {
    let run = run(&[reply(429).header("retry-after", "3"), reply(200)]).await;
    assert_eq!((run.status(), run.pauses()), (200, vec![3000]));
}

#[tokio::test(start_paused = true)]
async fn request_timeout_in_the_body_of_a_400_is_tried_again() {
    for body in [
        "<Error><Code>RequestTimeout</Code></Error>",
        "<Error><Code>RequestTimeOut</Code></Error>",
    ] {
        let run = run(&[code(400, body), reply(200)]).await;
        assert_eq!((run.status(), run.attempts.len()), (200, 2));
    }
}

#[tokio::test(start_paused = true)]
async fn retry_after_is_obeyed_in_both_forms_and_up_to_a_minute() {
    // By the server's clock, which is an hour behind the local one, 8 s from its Date.
    let date = "Tue, 14 Nov 2023 21:13:20 GMT";
    let then = "Tue, 14 Nov 2023 21:13:28 GMT";
    for (value, millis) in [
        ("1", 1_000),
        ("0", 125),
        ("60", 60_000),
        ("1000000000", 60_000),
        ("99999999999999999999999999", 60_000),
        ("-5", 125),
        ("soon", 125),
        ("1.5", 125),
        (then, 8_000),
        (date, 125),
        ("Sat, 01 Jan 2400 00:00:00 GMT", 60_000),
    ] {
        let busy = reply(503).header("retry-after", value).header("date", date);
        let run = run(&[busy, reply(200)]).await;
        assert_eq!(run.pauses(), [millis], "{value}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_point_in_time_without_a_date_is_one_of_the_corrected_local_clock() {
    let offset = ClockOffset::new();
    offset.learn(NOW, NOW + 100 * SECOND);
    let at = Timestamp::from_unix(NOW + 108 * SECOND).unwrap();
    let busy = reply(503).header("retry-after", at.to_http_date());
    let run = run_with(
        policy().clock_offset(offset),
        request(),
        &[busy, reply(200)],
    )
    .await;
    assert_eq!(run.pauses(), [8_000]);
}

#[tokio::test(start_paused = true)]
async fn a_clock_that_is_off_is_set_once_in_either_direction() {
    let skewed = "<Error><Code>RequestTimeTooSkewed</Code></Error>";
    let expired = "<Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>";
    for body in [skewed, expired] {
        for server in [NOW + 7200 * SECOND, NOW - 7200 * SECOND] {
            let date = Timestamp::from_unix(server).unwrap().to_http_date();
            let refusal = code(403, body).header("date", date);
            let offset = ClockOffset::new();
            let policy = policy().clock_offset(offset.clone());
            let run = run_with(policy.clone(), request(), &[refusal.clone(), reply(200)]).await;
            assert_eq!((run.status(), run.pauses()), (200, vec![0]));
            assert_eq!(run.told(), Attempts::new(2));
            assert_eq!(offset.apply(NOW), server);
            // When that does not help, nothing else is tried, and nothing has run out.
            let run = run_with(policy, request(), &[refusal]).await;
            assert_eq!((run.status(), run.attempts.len()), (403, 2));
            assert_eq!(run.told(), Attempts::new(2));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_clock_that_is_off_by_an_unknown_time_is_final() {
    let run = run(&[code(
        403,
        "<Error><Code>RequestTimeTooSkewed</Code></Error>",
    )])
    .await;
    assert_eq!((run.status(), run.attempts.len()), (403, 1));
}

#[tokio::test(start_paused = true)]
async fn expired_token_in_the_body_of_a_400_or_403_renews_the_credentials_once() {
    let issued = Issued::new(Credentials::new("id", "key").unwrap());
    for status in [400, 403] {
        let refusal = code(status, "<Error><Code>ExpiredToken</Code></Error>").signed_by(&issued);
        let run = run(&[refusal.clone(), reply(200)]).await;
        assert_eq!((run.status(), run.pauses()), (200, vec![0]));
        let refused = |at: usize| run.attempts[at].request.extensions().get().copied();
        assert_eq!(refused(0), None);
        let expected = RefusedCredentials::new(issued.generation());
        assert_eq!(refused(1), Some(expected));

        let run = run_with(policy(), request(), &[refusal]).await;
        assert_eq!((run.status(), run.attempts.len()), (status, 2));
        assert_eq!(run.told(), Attempts::new(2));
    }
}

#[tokio::test(start_paused = true)]
async fn expired_token_is_final_where_there_are_no_other_credentials() {
    let body = "<Error><Code>ExpiredToken</Code></Error>";
    let issued = Issued::new(Credentials::new("id", "key").unwrap()).unrenewable();
    for refusal in [code(403, body), code(403, body).signed_by(&issued)] {
        let run = run(&[refusal]).await;
        assert_eq!((run.status(), run.attempts.len()), (403, 1));
    }
}

#[tokio::test(start_paused = true)]
async fn every_remedy_is_a_counted_attempt() {
    let issued = Issued::new(Credentials::new("id", "key").unwrap());
    let expired = code(400, "<Error><Code>ExpiredToken</Code></Error>").signed_by(&issued);
    let skewed = code(403, "<Error><Code>RequestTimeTooSkewed</Code></Error>")
        .header("date", "Tue, 14 Nov 2023 21:13:20 GMT");
    let script = [expired.clone(), skewed, reply(500)];
    let run = run_with(policy().retries(4), request(), &script).await;
    assert_eq!((run.status(), run.attempts.len()), (500, 5));
    assert_eq!(run.pauses(), [0, 0, 500, 1000]);
    assert_eq!(run.told(), Attempts::new(5).exhausted());

    let run = run_with(policy().retries(0), request(), &[expired]).await;
    assert_eq!((run.status(), run.attempts.len()), (400, 1));
    assert_eq!(run.told(), Attempts::new(1).exhausted());
}

#[tokio::test(start_paused = true)]
async fn the_budget_of_the_request_is_drawn_from() {
    let budget = RetryBudget::new(3);
    assert_eq!(budget.draw(), Some(0));
    let mut request = request();
    request.extensions_mut().insert(budget.clone());
    let run = run_with(policy(), request.clone(), &[reply(500)]).await;
    assert_eq!((run.attempts.len(), run.pauses()), (3, vec![250, 500]));
    assert!(budget.is_exhausted());
    budget.progress(RetryBudget::PROGRESS);
    let run = run_with(policy(), request, &[reply(500)]).await;
    assert_eq!(run.attempts.len(), 4);
}

#[tokio::test(start_paused = true)]
async fn requests_without_a_budget_have_one_each() {
    let policy = policy().retries(2);
    for _ in 0..2 {
        let run = run_with(policy.clone(), request(), &[broken()]).await;
        assert_eq!(run.attempts.len(), 3);
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_exhausted_below_is_not_tried_again() {
    let exhausted = Reply {
        attempts: Some(Attempts::new(7).exhausted()),
        ..reply(503)
    };
    let run = run(&[exhausted]).await;
    assert_eq!(run.attempts.len(), 1);
    assert_eq!(run.told(), Attempts::new(7).exhausted());

    let exhausted = Reply {
        error: Some(|| {
            let last = io::Error::from(io::ErrorKind::ConnectionRefused);
            GaveUp::new(Attempts::new(7).exhausted(), last).into()
        }),
        ..Reply::default()
    };
    let run = run_with(policy(), request(), &[exhausted]).await;
    assert_eq!(run.attempts.len(), 1);
    assert_eq!(run.told(), Attempts::new(7).exhausted());
}

#[tokio::test(start_paused = true)]
async fn two_policies_above_each_other_do_not_multiply() {
    let count = Arc::new(Mutex::new(0));
    let counted = Arc::clone(&count);
    let service = service_fn(move |_: Request<()>| {
        *counted.lock().unwrap() += 1;
        async { Err::<Response<()>, _>(BoxError::from("down")) }
    });
    let service = Retry::new(policy(), Retry::new(policy().retries(2), service));
    let error = service.oneshot(Request::new(())).await.unwrap_err();
    assert_eq!(*count.lock().unwrap(), 3);
    assert_eq!(Attempts::find(&*error), Some(Attempts::new(3).exhausted()));
}

#[tokio::test(start_paused = true)]
async fn a_request_that_is_not_idempotent_is_passed_on_once() {
    let mut request = request();
    *request.method_mut() = http::Method::POST;
    let run = run_with(policy(), request, &[reply(500)]).await;
    assert_eq!((run.status(), run.attempts.len()), (500, 1));
}

#[tokio::test(start_paused = true)]
async fn the_callers_classification_decides() {
    let policy = policy().classify(|error| {
        let refused = error.downcast_ref::<io::Error>()?.kind();
        (refused == io::ErrorKind::ConnectionReset).then_some(Failure::Unsendable)
    });
    let run = run_with(policy, request(), &[broken()]).await;
    assert_eq!(run.attempts.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_seed_makes_the_pauses_the_same_in_every_run() {
    let seeded = |seed| RetryPolicy::new().clock(|| NOW).seed(seed);
    let first = run_with(seeded(1), request(), &[reply(500)]).await.pauses();
    let again = run_with(seeded(1), request(), &[reply(500)]).await.pauses();
    let other = run_with(seeded(2), request(), &[reply(500)]).await.pauses();
    assert_eq!(first, again);
    assert_ne!(first, other);
}

#[tokio::test(start_paused = true)]
async fn dropping_a_request_in_its_pause_sends_nothing_more() {
    let (service, mut handle) = mock::pair::<Request<String>, Response<()>>();
    let service = Retry::new(policy(), service);
    let mut task = tokio_test::task::spawn(service.oneshot(request()));
    assert!(task.poll().is_pending());
    let (_, send) = handle.next_request().await.unwrap();
    send.send_error("down");
    assert!(task.poll().is_pending());
    drop(task);
    assert!(handle.next_request().await.is_none());
}

fn beijing() -> Endpoint {
    Endpoint::region(Region::new("ap-beijing").unwrap())
}

const MAIN: &str = "b-1.cos.ap-beijing.myqcloud.com";
const BACKUP: &str = "b-1.cos.ap-beijing.tencentcos.cn";

#[tokio::test(start_paused = true)]
async fn failover_is_off_unless_asked_for() {
    let run = run_with(policy(), request(), &[broken()]).await;
    assert_eq!(run.hosts(), [MAIN; 11]);
}

#[tokio::test(start_paused = true)]
async fn the_last_two_attempts_go_to_the_backup_when_cos_does_not_answer() {
    for failure in [broken(), reply(502).not_from_cos()] {
        let policy = policy().retries(3).failover(&beijing());
        let run = run_with(policy, request(), &[failure]).await;
        assert_eq!(run.hosts(), [MAIN, MAIN, BACKUP, BACKUP]);
        let last = &run.attempts[3].request;
        assert_eq!(last.headers()[header::HOST], BACKUP);
        assert_eq!(last.uri().scheme_str(), Some("https"));
        // Nothing of the target is rewritten, nor is it escaped anew.
        assert_eq!(
            last.uri().path_and_query(),
            request().uri().path_and_query()
        );
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_of_cos_does_not_lead_to_the_backup() {
    let policy = policy().retries(3).failover(&beijing());
    let run = run_with(policy.clone(), request(), &[reply(503)]).await;
    assert_eq!(run.hosts(), [MAIN; 4]);
    let run = run_with(policy, request(), &[reply(302)]).await;
    assert_eq!(run.hosts(), [MAIN]);
}

#[tokio::test(start_paused = true)]
async fn a_redirect_that_is_not_of_cos_leads_to_the_backup_at_once() {
    for status in [301, 302, 307] {
        let redirect = reply(status)
            .not_from_cos()
            .header("location", "http://elsewhere.example/");
        let policy = policy().failover(&beijing());
        let run = run_with(policy.clone(), request(), &[redirect.clone(), reply(200)]).await;
        assert_eq!((run.hosts(), run.pauses()), (vec![MAIN, BACKUP], vec![0]));
        assert_eq!(run.told(), Attempts::new(2));
        // The backup redirects too: that is final.
        let run = run_with(policy, request(), &[redirect]).await;
        assert_eq!(run.hosts(), [MAIN, BACKUP]);
    }
    let redirect = reply(308).not_from_cos();
    let run = run_with(policy().failover(&beijing()), request(), &[redirect]).await;
    assert_eq!(run.hosts(), [MAIN]);
}

#[tokio::test(start_paused = true)]
async fn only_requests_to_the_endpoint_itself_have_a_backup() {
    let shanghai = Endpoint::region(Region::new("ap-shanghai").unwrap());
    let custom = Endpoint::custom_domain(MAIN).unwrap();
    for endpoint in [shanghai, custom, Endpoint::accelerate()] {
        let policy = policy().retries(1).failover(&endpoint);
        let run = run_with(policy, request(), &[broken()]).await;
        assert_eq!(run.hosts(), [MAIN, MAIN]);
    }
    // Nor is one moved whose Host names another place than its URI.
    let mut odd = request();
    let other = http::HeaderValue::from_static("other.example");
    odd.headers_mut().insert(header::HOST, other);
    let policy = policy().retries(1).failover(&beijing());
    let run = run_with(policy, odd, &[broken()]).await;
    assert_eq!(run.hosts(), [MAIN, MAIN]);
}

/// The outcome of one request with the defaults over a service that is down at first.
fn survives(down: Duration, random: impl Fn() -> u64 + Send + Sync + 'static, how: Reply) -> bool {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap();
    runtime.block_on(async {
        let began = Instant::now();
        let service = service_fn(move |_: Request<Empty<Bytes>>| {
            let how = how.clone();
            async move {
                sleep(Duration::from_millis(1)).await;
                if began.elapsed() < down {
                    how.make()
                } else {
                    reply(200).make()
                }
            }
        });
        let service = Retry::new(RetryPolicy::new().clock(|| NOW).random(random), service);
        let outcome = service.oneshot(Request::new(Empty::new())).await;
        outcome.is_ok_and(|answer| answer.status().is_success())
    })
}

#[test]
fn the_shortest_pauses_there_can_be_outlast_twenty_seconds() {
    for how in [broken(), reply(503), reply(500), reply(429)] {
        assert!(survives(20 * SECOND, || 0, how.clone()));
        assert!(survives(20 * SECOND, || u64::MAX, how));
    }
    // The test would see it: this is more than the shortest pauses last.
    assert!(!survives(30 * SECOND, || 0, broken()));
    let least: Duration = (0..10).map(|n| Backoff::new().delay(n, 0)).sum();
    assert_eq!(least, Duration::from_millis(27_875));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn an_outage_of_twenty_seconds_is_always_survived(
        jitter in prop::collection::vec(any::<u64>(), 10),
        millis in 0..=20_000_u64,
        status in prop::sample::select(vec![0, 429, 500, 502, 503, 504]),
    ) {
        let how = if status == 0 { broken() } else { reply(status) };
        let jitter = Mutex::new(jitter);
        let random = move || jitter.lock().unwrap().pop().unwrap_or(0);
        prop_assert!(survives(Duration::from_millis(millis), random, how));
    }
}
