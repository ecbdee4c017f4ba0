//! The layer over a mock service, in paused time.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;

use bytes::Bytes;
use cos_proto::ServiceError;
use http::{Request, Response, StatusCode};
use http_body::Body as _;
use http_body_util::{BodyExt as _, Empty};
use tokio::time::{Instant, advance};
use tokio_test::task::Spawn;
use tokio_test::{assert_pending, assert_ready, assert_ready_ok, task};
use tower_service::Service as _;
use tower_test::mock::{self, Mock, SendResponse};

use super::*;
use crate::test_body::{FedBody, Feed, fed_body};

mod random;

const SECOND: Duration = Duration::from_secs(1);

type Answer = Response<FedBody>;
type Below = Mock<Request<usize>, Answer>;
type Waiting = Spawn<ResponseFuture<Below, usize>>;

/// The layer with what is above and below it.
struct Fixture {
    service: InFlight<Below>,
    below: mock::Handle<Request<usize>, Answer>,
    seen: InFlightHandle,
}

fn fixture(ceiling: usize) -> Fixture {
    let layer = InFlightLayer::new(NonZeroUsize::new(ceiling).unwrap());
    let (mock, below) = mock::pair();
    Fixture {
        service: layer.layer(mock),
        below,
        seen: layer.handle(),
    }
}

impl Fixture {
    /// Starts a request, which gets as far as it can.
    fn request(&mut self, number: usize) -> Waiting {
        let mut request = task::spawn(self.service.call(Request::new(number)));
        assert_pending!(request.poll());
        request
    }

    /// The request that has reached the service below, if one has.
    fn arrived(&mut self) -> Option<(usize, SendResponse<Answer>)> {
        let mut next = task::spawn(self.below.next_request());
        match next.poll() {
            Poll::Ready(request) => request.map(|(request, send)| (request.into_body(), send)),
            Poll::Pending => None,
        }
    }

    /// The number of the request that has reached the service below.
    fn number(&mut self) -> usize {
        self.arrived().unwrap().0
    }

    /// An answer to a new request, which is let in at once, with a body that is fed by hand.
    fn answered(&mut self) -> (Feed, InFlightBody<FedBody>) {
        let mut request = self.request(0);
        let (feed, body) = fed_body();
        self.arrived().unwrap().1.send_response(Response::new(body));
        (feed, assert_ready_ok!(request.poll()).into_body())
    }

    /// Lets a new request be answered by `head`, and the answer be dropped.
    fn answer_with(&mut self, head: Response<()>) {
        let mut request = self.request(0);
        let send = self.arrived().unwrap().1;
        send.send_response(head.map(|()| fed_body().1));
        drop(assert_ready_ok!(request.poll()));
    }
}

/// An answer as an error reader hands it on.
fn refusal(status: StatusCode, body: &str) -> Response<()> {
    let mut response = Response::new(());
    *response.status_mut() = status;
    let (mut parts, ()) = response.into_parts();
    let error = ServiceError::read(&parts, body.as_bytes());
    parts.extensions.insert(error);
    Response::from_parts(parts, ())
}

fn slow_down() -> Response<()> {
    let body = "<Error><Code>SlowDown</Code><Message>Reduce your request rate.</Message></Error>";
    refusal(StatusCode::SERVICE_UNAVAILABLE, body)
}

#[tokio::test(start_paused = true)]
async fn a_request_is_in_flight_until_its_body_has_ended() {
    let mut f = fixture(1);
    let (feed, mut body) = f.answered();
    let mut next = f.request(1);
    assert_eq!((f.seen.in_flight(), f.seen.waiting()), (1, 1));

    feed.send(Ok("chunk".into())).unwrap();
    body.frame().await.unwrap().unwrap();
    assert_pending!(next.poll());
    drop(feed);
    assert!(body.frame().await.is_none());
    assert!(next.is_woken());
    assert_pending!(next.poll());
    assert_eq!(f.number(), 1);
    assert_eq!((f.seen.in_flight(), f.seen.waiting()), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn a_body_that_fails_or_is_dropped_is_no_longer_in_flight() {
    let mut f = fixture(1);
    let (feed, mut failing) = f.answered();
    feed.send(Err("broken".into())).unwrap();
    failing.frame().await.unwrap().unwrap_err();
    assert_eq!(f.seen.in_flight(), 0);

    let (_feed, dropped) = f.answered();
    assert_eq!(f.seen.in_flight(), 1);
    drop(dropped);
    assert_eq!(f.seen.in_flight(), 0);
}

#[tokio::test(start_paused = true)]
async fn an_answer_without_a_body_is_not_in_flight() {
    let layer = InFlightLayer::new(NonZeroUsize::MIN);
    let (mut service, mut below) =
        mock::spawn_layer::<Request<()>, Response<Empty<Bytes>>, _>(layer.clone());
    assert_ready_ok!(service.poll_ready());
    let mut request = task::spawn(service.call(Request::new(())));
    assert_pending!(request.poll());
    let (_, send) = below.next_request().await.unwrap();
    send.send_response(Response::new(Empty::new()));
    let response = assert_ready_ok!(request.poll());
    assert!(response.body().is_end_stream());
    assert_eq!(layer.handle().in_flight(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_request_that_fails_is_no_longer_in_flight() {
    let mut f = fixture(1);
    let mut failing = f.request(0);
    f.arrived().unwrap().1.send_error("broken");
    let error = assert_ready!(failing.poll()).unwrap_err();
    assert_eq!(error.to_string(), "broken");
    assert_eq!(f.seen.in_flight(), 0);

    f.below.send_error("closed");
    let mut service = f.service;
    let mut unready = task::spawn(service.call(Request::new(1)));
    assert!(assert_ready!(unready.poll()).is_err());
    assert_eq!(f.seen.in_flight(), 0);
}

#[tokio::test(start_paused = true)]
async fn requests_are_let_in_in_the_order_in_which_they_came() {
    let mut f = fixture(2);
    let mut requests: VecDeque<_> = (0..10).map(|number| f.request(number)).collect();
    for number in 0..10 {
        let (arrived, send) = f.arrived().unwrap();
        assert_eq!(arrived, number);
        // The last ones push themselves forward, and it does not help.
        for request in requests.iter_mut().rev() {
            assert_pending!(request.poll());
        }
        send.send_error("next");
        assert!(assert_ready!(requests.pop_front().unwrap().poll()).is_err());
        for request in requests.iter_mut().rev() {
            assert_pending!(request.poll());
        }
    }
    assert_eq!((f.seen.in_flight(), f.seen.waiting()), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn dropping_at_any_await_leaks_no_permit_and_no_place() {
    let mut f = fixture(1);

    // In the line, first and further behind.
    let holder = f.request(0);
    assert_eq!(f.number(), 0);
    let (first, middle, mut last) = (f.request(1), f.request(2), f.request(3));
    drop(middle);
    drop(first);
    assert_eq!((f.seen.in_flight(), f.seen.waiting()), (1, 1));
    drop(holder);
    assert!(last.is_woken());
    assert_pending!(last.poll());
    assert_eq!(f.number(), 3);

    // Let in, and dropped before it was polled again.
    let let_in = f.request(4);
    let mut next = f.request(5);
    drop(last);
    assert_eq!((f.seen.in_flight(), f.seen.waiting()), (1, 1));
    assert!(!next.is_woken());
    drop(let_in);
    assert!(next.is_woken());
    assert_pending!(next.poll());
    assert_eq!(f.number(), 5);

    // Before a head.
    drop(next);
    assert_eq!((f.seen.in_flight(), f.seen.waiting()), (0, 0));

    // Before the service below is ready.
    f.below.allow(0);
    let unready = f.request(6);
    assert_eq!(f.seen.in_flight(), 1);
    drop(unready);
    assert_eq!(f.seen.in_flight(), 0);
    f.below.allow(100);

    // With a head and an unread body, and in the middle of a body.
    let (_feed, body) = f.answered();
    drop(body);
    assert_eq!(f.seen.in_flight(), 0);
    let (feed, mut body) = f.answered();
    feed.send(Ok("chunk".into())).unwrap();
    body.frame().await.unwrap().unwrap();
    let mut frame = task::spawn(body.frame());
    assert_pending!(frame.poll());
    drop(frame);
    assert_eq!(f.seen.in_flight(), 1, "the body is still there");
    drop(body);
    assert_eq!((f.seen.in_flight(), f.seen.lent()), (0, 0));

    // Never polled at all.
    drop(f.service.call(Request::new(7)));
    assert_eq!((f.seen.in_flight(), f.seen.waiting()), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn a_caller_that_keeps_unread_bodies_does_not_wait_for_itself_for_ever() {
    let mut f = fixture(2);
    let (_feeds, mut kept): (Vec<_>, Vec<_>) = (0..2).map(|_| f.answered()).unzip();
    let start = Instant::now();
    let seen = f.seen.clone();
    for round in 1..=3 {
        let mut request = task::spawn(f.service.call(Request::new(0)));
        // The only thing this caller does is to wait for its next answer.
        let response = loop {
            tokio::select! {
                response = &mut request => break response,
                arrived = f.below.next_request() => {
                    arrived.unwrap().1.send_response(Response::new(fed_body().1));
                }
            }
        };
        kept.push(response.unwrap().into_body());
        assert!(seen.in_flight() <= 2);
        assert_eq!(seen.in_flight() + seen.lent(), 2 + round);
    }
    assert!(start.elapsed() < 4 * (UNREAD_AFTER + 2 * SECOND));
    drop(kept);
    assert_eq!((seen.in_flight(), seen.lent(), seen.waiting()), (0, 0, 0));
}

#[tokio::test(start_paused = true)]
async fn the_permit_of_an_unread_body_is_lent_only_when_somebody_waits_and_only_after_the_time() {
    let mut f = fixture(1);
    let (_feed, _unread) = f.answered();
    advance(100 * UNREAD_AFTER).await;
    assert_eq!((f.seen.in_flight(), f.seen.lent()), (1, 0));

    let next = f.request(1);
    assert_eq!(f.number(), 1, "let in, as the other was unread for long");
    assert_eq!((f.seen.in_flight(), f.seen.lent()), (1, 1));
    drop(next);
    let (_feed, mut read) = f.answered();
    let mut waiting = f.request(2);
    for _ in 0..5 {
        advance(UNREAD_AFTER - SECOND).await;
        assert_pending!(waiting.poll());
        assert_pending!(task::spawn(read.frame()).poll());
    }
    assert!(f.arrived().is_none(), "its reader asks for more");
}

#[tokio::test(start_paused = true)]
async fn an_unread_body_goes_on_at_once_and_nobody_new_is_let_in_for_it() {
    let mut f = fixture(1);
    let (feed, mut unread) = f.answered();
    let mut second = f.request(1);
    advance(UNREAD_AFTER).await;
    assert_pending!(second.poll());
    assert_eq!(f.number(), 1);
    let mut third = f.request(2);

    feed.send(Ok("chunk".into())).unwrap();
    unread.frame().await.unwrap().unwrap();
    assert_eq!((f.seen.in_flight(), f.seen.lent()), (2, 0));
    drop(unread);
    assert_eq!(f.seen.in_flight(), 1);
    assert_pending!(third.poll());
    assert!(f.arrived().is_none());
    drop(second);
    assert_pending!(third.poll());
    assert_eq!(f.number(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_lent_permit_that_is_dropped_counts_only_once() {
    let mut f = fixture(1);
    let (_feed, unread) = f.answered();
    let mut second = f.request(1);
    advance(UNREAD_AFTER).await;
    assert_pending!(second.poll());
    assert_eq!((f.seen.in_flight(), f.seen.lent()), (1, 1));
    drop(unread);
    assert_eq!((f.seen.in_flight(), f.seen.lent()), (1, 0));
    drop(second);
    assert_eq!((f.seen.in_flight(), f.seen.lent()), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn a_request_that_waits_for_a_slow_service_keeps_its_permit() {
    let mut f = fixture(1);
    let _slow = f.request(0);
    assert_eq!(f.number(), 0);
    let mut waiting = f.request(1);
    for _ in 0..40 {
        advance(SECOND).await;
        assert_pending!(waiting.poll());
    }
    assert!(f.arrived().is_none());
    assert_eq!(f.seen.in_flight(), 1);
}

#[tokio::test(start_paused = true)]
async fn requests_that_nobody_polls_any_more_stop_nobody() {
    let mut f = fixture(1);
    let holder = f.request(0);
    let let_in = f.request(1);
    let mut next = f.request(2);
    drop(holder);
    // The permit went to one that is never polled again: before a head ...
    advance(UNREAD_AFTER + SECOND).await;
    assert!(next.is_woken());
    assert_pending!(next.poll());
    assert_eq!(f.number(), 0);
    assert_eq!(f.number(), 2);
    // ... and while it waits for a head.
    let mut last = f.request(3);
    advance(ABANDONED_AFTER).await;
    assert_pending!(last.poll());
    assert_eq!(f.number(), 3);
    drop((let_in, next, last));
    assert_eq!(
        (f.seen.in_flight(), f.seen.lent(), f.seen.waiting()),
        (0, 0, 0)
    );
}

#[tokio::test(start_paused = true)]
async fn a_request_that_moved_to_another_task_is_woken_there() {
    let mut f = fixture(1);
    let holder = f.request(0);
    let mut moving = Box::pin(f.service.call(Request::new(1)));
    assert_pending!(task::spawn(moving.as_mut()).poll());
    let mut moved = task::spawn(moving.as_mut());
    assert_pending!(moved.poll());
    drop(holder);
    assert!(moved.is_woken());
}

#[tokio::test(start_paused = true)]
async fn slow_down_and_429_halve_the_limit() {
    let mut f = fixture(64);
    f.answer_with(slow_down());
    assert_eq!((f.seen.limit(), f.seen.slow_downs()), (32, 1));
    f.answer_with(refusal(StatusCode::TOO_MANY_REQUESTS, ""));
    assert_eq!(f.seen.limit(), 16);
    let bare = |status| Response::builder().status(status).body(()).unwrap();
    f.answer_with(bare(StatusCode::TOO_MANY_REQUESTS));
    assert_eq!(f.seen.limit(), 8);
    // A 503 that does not say why.
    f.answer_with(bare(StatusCode::SERVICE_UNAVAILABLE));
    f.answer_with(refusal(StatusCode::SERVICE_UNAVAILABLE, ""));
    assert_eq!((f.seen.limit(), f.seen.slow_downs()), (2, 5));
}

#[tokio::test(start_paused = true)]
async fn other_failures_leave_the_limit_as_it_is() {
    let mut f = fixture(4);
    f.answer_with(slow_down());
    let unavailable = "<Error><Code>ServiceUnavailable</Code></Error>";
    for _ in 0..10 {
        f.answer_with(refusal(StatusCode::SERVICE_UNAVAILABLE, unavailable));
        f.answer_with(refusal(StatusCode::INTERNAL_SERVER_ERROR, ""));
        let mut failing = f.request(0);
        f.arrived().unwrap().1.send_error("broken");
        assert!(assert_ready!(failing.poll()).is_err());
    }
    assert_eq!(f.seen.limit(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_burst_of_slow_downs_lowers_the_limit_once_and_good_answers_raise_it_again() {
    let mut f = fixture(8);
    let mut burst: Vec<_> = (0..20).map(|number| f.request(number)).collect();
    for request in burst.drain(..8) {
        let mut request = request;
        let send = f.arrived().unwrap().1;
        send.send_response(slow_down().map(|()| fed_body().1));
        drop(assert_ready_ok!(request.poll()));
    }
    assert_eq!((f.seen.limit(), f.seen.slow_downs()), (4, 1));

    let mut answered = Vec::new();
    for mut request in burst {
        assert!(f.seen.in_flight() <= f.seen.limit());
        assert_pending!(request.poll());
        let (feed, body) = fed_body();
        f.arrived().unwrap().1.send_response(Response::new(body));
        answered.push((feed, assert_ready_ok!(request.poll())));
        if answered.len() == f.seen.limit() {
            answered.clear();
        }
    }
    assert!(f.seen.limit() > 4);
    assert_eq!(f.seen.slow_downs(), 1);
}

#[tokio::test(start_paused = true)]
async fn requests_that_wait_are_let_in_when_the_limit_grows() {
    let mut f = fixture(2);
    f.answer_with(slow_down());
    assert_eq!(f.seen.limit(), 1);
    let mut first = f.request(0);
    let mut second = f.request(1);
    let (_feed, body) = fed_body();
    f.arrived().unwrap().1.send_response(Response::new(body));
    let _kept = assert_ready_ok!(first.poll());
    assert_eq!(f.seen.limit(), 2);
    assert!(second.is_woken());
    assert_pending!(second.poll());
    assert_eq!(f.number(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_thousand_requests_through_a_service_that_is_often_too_slow_all_come_through() {
    let layer = InFlightLayer::new(NonZeroUsize::new(16).unwrap());
    let seen = layer.handle();
    let (mock, mut below) = mock::pair::<Request<usize>, Answer>();
    let service = layer.layer(mock);
    let most = Arc::new(AtomicUsize::new(0));
    let requests: Vec<_> = (0..1000)
        .map(|number| {
            let (mut service, seen, most) = (service.clone(), seen.clone(), Arc::clone(&most));
            tokio::spawn(async move {
                let response = service.call(Request::new(number)).await.unwrap();
                most.fetch_max(seen.in_flight(), Ordering::Relaxed);
                response.into_body().collect().await.unwrap().to_bytes()
            })
        })
        .collect();
    tokio::spawn(async move {
        while let Some((request, send)) = below.next_request().await {
            let number = request.into_body();
            tokio::spawn(async move {
                tokio::time::sleep(Duration::from_millis(u64::try_from(number % 7).unwrap())).await;
                let (feed, body) = fed_body();
                let head = if number % 50 == 0 {
                    slow_down()
                } else {
                    Response::new(())
                };
                send.send_response(head.map(|()| body));
                tokio::time::sleep(Duration::from_millis(u64::try_from(number % 5).unwrap())).await;
                feed.send(Ok(Bytes::from(number.to_string()))).unwrap();
            });
        }
    });
    for (number, request) in requests.into_iter().enumerate() {
        assert_eq!(request.await.unwrap(), number.to_string());
    }
    let most = most.load(Ordering::Relaxed);
    assert!((2..=16).contains(&most), "{most}");
    assert!((1..=20).contains(&seen.slow_downs()));
    assert_eq!((seen.in_flight(), seen.lent(), seen.waiting()), (0, 0, 0));
}
