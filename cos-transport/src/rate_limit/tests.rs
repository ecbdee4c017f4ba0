//! The layer over a mock service, in paused time.

use std::collections::VecDeque;
use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{HeaderMap, Request, Response};
use http_body::{Body, Frame, SizeHint};
use http_body_util::{BodyExt as _, Empty, Full};
use tokio::time::{Instant, advance};
use tokio_test::task::Spawn;
use tokio_test::{assert_pending, assert_ready, assert_ready_ok, task};
use tower_service::Service as _;
use tower_test::mock::{self, Mock};

use super::*;
use crate::BoxError;
use crate::test_body::fed_body;

const SECOND: Duration = Duration::from_secs(1);

type Answer = Response<Empty<Bytes>>;
type Handle = mock::Handle<Request<usize>, Answer>;
type Limited = RateLimit<Mock<Request<usize>, Answer>>;
type Waiting = Spawn<ResponseFuture<Mock<Request<usize>, Answer>, usize>>;

fn rate(rate: u64) -> NonZeroU64 {
    NonZeroU64::new(rate).unwrap()
}

/// One request a second over a mock, and none at once: the first has been taken.
fn one_a_second() -> (RateLimitLayer, Limited, Handle) {
    let layer = RateLimitLayer::new().requests_per_second(rate(1));
    let (mock, mut handle) = mock::pair();
    let mut service = layer.layer(mock);
    let mut first = task::spawn(service.call(Request::new(usize::MAX)));
    assert_pending!(first.poll());
    assert_eq!(arrived(&mut handle), Some(usize::MAX));
    (layer, service, handle)
}

/// Starts a request that has to wait.
fn wait_for_turn(service: &mut Limited, number: usize) -> Waiting {
    let mut waiting = task::spawn(service.call(Request::new(number)));
    assert_pending!(waiting.poll());
    waiting
}

/// The request that has reached the service below, if one has.
fn arrived(handle: &mut Handle) -> Option<usize> {
    let mut next = task::spawn(handle.next_request());
    match next.poll() {
        Poll::Ready(request) => Some(request?.0.into_body()),
        Poll::Pending => None,
    }
}

async fn ready<S: tower_service::Service<Request<B>, Error: fmt::Debug>, B>(service: &mut S) {
    poll_fn(|cx| service.poll_ready(cx)).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn two_hundred_tasks_share_fifty_requests_a_second_and_none_starves() {
    const TASKS: usize = 200;
    let (mock, mut handle) = mock::pair::<Request<usize>, Answer>();
    let service = RateLimitLayer::new()
        .requests_per_second(rate(50))
        .layer(mock);
    for number in 0..TASKS {
        let mut service = service.clone();
        tokio::spawn(async move {
            loop {
                ready(&mut service).await;
                service.call(Request::new(number)).await.unwrap();
            }
        });
    }
    let start = Instant::now();
    let mut by_task = vec![0_usize; TASKS];
    loop {
        let (request, answer) = handle.next_request().await.unwrap();
        if start.elapsed() > 10 * SECOND {
            break;
        }
        by_task[request.into_body()] += 1;
        answer.send_response(Response::new(Empty::new()));
    }
    let all: usize = by_task.iter().sum();
    assert!((475..=525).contains(&all), "{all}");
    assert!(
        by_task.iter().all(|count| (2..=3).contains(count)),
        "{by_task:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn after_the_burst_requests_start_evenly() {
    let (mock, mut handle) = mock::pair::<Request<usize>, Answer>();
    let mut service = RateLimitLayer::new()
        .requests_per_second(rate(10))
        .layer(mock);
    let start = Instant::now();
    for number in 0..6 {
        tokio::spawn(service.call(Request::new(number)));
    }
    let mut times = Vec::new();
    for number in 0..6 {
        let (request, answer) = handle.next_request().await.unwrap();
        assert_eq!(request.into_body(), number);
        times.push(start.elapsed().as_millis());
        answer.send_response(Response::new(Empty::new()));
    }
    // A quarter of a second earns two and a half.
    assert_eq!(times, [0, 0, 50, 150, 250, 350]);
}

#[tokio::test(start_paused = true)]
async fn a_dropped_first_waiter_gives_its_turn_to_the_next() {
    let (layer, mut service, mut handle) = one_a_second();
    let a = wait_for_turn(&mut service, 0);
    let mut b = wait_for_turn(&mut service, 1);
    let mut c = wait_for_turn(&mut service, 2);

    advance(SECOND / 2).await;
    drop(a);
    assert!(b.is_woken(), "to set its alarm earlier");
    assert_pending!(b.poll());
    advance(SECOND / 2).await;
    assert_pending!(b.poll());
    assert_eq!(arrived(&mut handle), Some(1));
    assert!(c.is_woken(), "to set its alarm earlier");
    assert_pending!(c.poll());
    advance(SECOND).await;
    assert!(c.is_woken());
    assert_pending!(c.poll());
    assert_eq!(arrived(&mut handle), Some(2));
    assert_eq!(layer.waiting(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_waiter_dropped_in_the_middle_leaves_no_hole() {
    let (layer, mut service, mut handle) = one_a_second();
    let mut a = wait_for_turn(&mut service, 0);
    let b = wait_for_turn(&mut service, 1);
    let mut c = wait_for_turn(&mut service, 2);

    drop(b);
    advance(SECOND).await;
    assert_pending!(a.poll());
    assert_eq!(arrived(&mut handle), Some(0));
    assert!(c.is_woken(), "to set its alarm earlier");
    assert_pending!(c.poll());
    advance(SECOND).await;
    assert!(c.is_woken());
    assert_pending!(c.poll());
    assert_eq!(arrived(&mut handle), Some(2));
    assert_eq!(layer.waiting(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_waiter_dropped_after_its_turn_came_gives_it_to_the_next() {
    let (layer, mut service, mut handle) = one_a_second();
    let a = wait_for_turn(&mut service, 0);
    let mut b = wait_for_turn(&mut service, 1);

    advance(SECOND).await;
    assert_pending!(b.poll());
    assert_eq!(layer.waiting(), 1, "a was served by b's looking");
    drop(a);
    assert!(b.is_woken());
    assert_pending!(b.poll());
    assert_eq!(arrived(&mut handle), Some(1));
    assert_eq!(layer.waiting(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_waiter_that_is_not_polled_does_not_stop_those_behind_it() {
    let (_, mut service, mut handle) = one_a_second();
    let mut a = wait_for_turn(&mut service, 0);
    let mut b = wait_for_turn(&mut service, 1);

    advance(2 * SECOND).await;
    // Its own alarm rings, whatever a does. The bucket holds one, which goes to a: it is the first.
    assert!(b.is_woken());
    assert_pending!(b.poll());
    assert!(a.is_woken());
    assert_eq!(arrived(&mut handle), None);
    advance(SECOND).await;
    assert_pending!(b.poll());
    assert_eq!(arrived(&mut handle), Some(1));
    assert_pending!(a.poll());
    assert_eq!(arrived(&mut handle), Some(0));
}

#[tokio::test(start_paused = true)]
async fn a_request_dropped_before_the_service_is_ready_or_answers_leaves_nothing() {
    let (layer, mut service, mut handle) = one_a_second();
    handle.allow(0);
    let mut unready = wait_for_turn(&mut service, 0);
    advance(SECOND).await;
    assert_pending!(unready.poll());
    drop(unready);
    assert_eq!(arrived(&mut handle), None);

    handle.allow(10);
    let mut unanswered = wait_for_turn(&mut service, 1);
    advance(SECOND).await;
    assert_pending!(unanswered.poll());
    assert_eq!(arrived(&mut handle), Some(1));
    drop(unanswered);

    let mut last = wait_for_turn(&mut service, 2);
    advance(SECOND).await;
    assert_pending!(last.poll());
    assert_eq!(arrived(&mut handle), Some(2));
    assert_eq!((layer.waiting(), layer.request_waits()), (0, 3));
}

#[tokio::test(start_paused = true)]
async fn without_a_limit_readiness_is_that_of_the_service_below() {
    let layer = RateLimitLayer::new();
    let (mut service, mut handle) = mock::spawn_layer::<Request<usize>, Answer, _>(layer.clone());
    handle.allow(0);
    assert_pending!(service.poll_ready());
    handle.allow(1);
    assert_ready_ok!(service.poll_ready());
    let mut response = task::spawn(service.call(Request::new(0)));
    let (_, answer) = handle.next_request().await.unwrap();
    answer.send_response(Response::new(Empty::new()));
    assert_ready_ok!(response.poll());
    assert_eq!((layer.request_waits(), layer.body_waits()), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn the_failure_of_the_service_below_is_its_own() {
    let (_, mut service, mut handle) = one_a_second();
    let mut failing = wait_for_turn(&mut service, 0);
    advance(SECOND).await;
    assert_pending!(failing.poll());
    handle.next_request().await.unwrap().1.send_error("broken");
    let error = assert_ready!(failing.poll()).unwrap_err();
    assert_eq!(error.to_string(), "broken");
}

const MIB: usize = 1024 * 1024;

/// As much as is read, in chunks of one size, as from an endless and fast connection.
struct Endless {
    chunk: usize,
}

impl Body for Endless {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        static ZEROS: [u8; MIB] = [0; MIB];
        let data = Bytes::from_static(&ZEROS[..self.chunk]);
        Poll::Ready(Some(Ok(Frame::data(data))))
    }
}

/// Frames that are all there.
struct Frames(VecDeque<Result<Frame<Bytes>, BoxError>>);

impl Body for Frames {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        Poll::Ready(self.0.pop_front())
    }
}

fn paced<B>(body: B, pace: &Pace) -> RateLimitBody<B> {
    RateLimitBody::new(body, Some(pace.clone()))
}

#[tokio::test(start_paused = true)]
async fn eight_bodies_together_keep_to_twenty_mib_a_second_in_any_five_seconds() {
    const RATE: usize = 20 * MIB;
    let layer = RateLimitLayer::new().bytes_per_second(rate(u64::try_from(RATE).unwrap()));
    let (log, mut entries) = tokio::sync::mpsc::unbounded_channel();
    let start = Instant::now();
    for number in 0..8_usize {
        let (mock, mut handle) = mock::pair::<Request<()>, Response<Endless>>();
        let mut service = layer.layer(mock);
        let log = log.clone();
        tokio::spawn(async move {
            ready(&mut service).await;
            let answer = service.call(Request::new(()));
            let body = Endless {
                chunk: (4 * 1024) << number,
            };
            let serve = async {
                let (_, send) = handle.next_request().await.unwrap();
                send.send_response(Response::new(body));
            };
            let (response, ()) = tokio::join!(answer, serve);
            let mut body = response.unwrap().into_body();
            while start.elapsed() <= 30 * SECOND {
                let data = body.frame().await.unwrap().unwrap().into_data().unwrap();
                log.send((start.elapsed(), number, data.len())).unwrap();
            }
        });
    }
    drop(log);
    let mut handed_out = Vec::new();
    while let Some(entry) = entries.recv().await {
        handed_out.push(entry);
    }

    let mut by_body = [0_usize; 8];
    for &(_, number, length) in &handed_out {
        by_body[number] += length;
    }
    assert!(by_body.iter().all(|&bytes| bytes > MIB), "{by_body:?}");

    let may = RATE * 5 * 9 / 10..=RATE * 5 * 11 / 10;
    let (mut end, mut sum) = (0, 0);
    for &(from, _, length) in &handed_out {
        if from > 25 * SECOND {
            break;
        }
        while handed_out[end].0 < from + 5 * SECOND {
            sum += handed_out[end].2;
            end += 1;
        }
        assert!(may.contains(&sum), "{sum} bytes from {from:?}");
        sum -= length;
    }
    assert!(end > 1000);
}

#[tokio::test(start_paused = true)]
async fn bodies_with_chunks_of_one_size_get_equal_shares() {
    const CHUNK: usize = 16 * 1024;
    let pace = Pace::new(rate(1_000_000), BURST);
    let start = Instant::now();
    let readers: Vec<_> = (0..10)
        .map(|_| {
            let mut body = paced(Endless { chunk: CHUNK }, &pace);
            tokio::spawn(async move {
                let mut read = 0;
                while start.elapsed() < 11 * SECOND {
                    let data = body.frame().await.unwrap().unwrap().into_data().unwrap();
                    // The burst at the beginning goes to the first to come.
                    if start.elapsed() > SECOND {
                        read += data.len();
                    }
                }
                read
            })
        })
        .collect();
    for reader in readers {
        let read = reader.await.unwrap();
        assert!(read.abs_diff(1_000_000) <= 2 * CHUNK, "{read}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_chunk_that_is_large_for_the_rate_comes_in_pieces_and_complete() {
    let data: Bytes = (0..=255).cycle().take(10_000).collect::<Vec<u8>>().into();
    let mut body = paced(Full::new(data.clone()), &Pace::new(rate(1_000), BURST));
    let start = Instant::now();
    let mut read = Vec::new();
    while !body.is_end_stream() {
        assert_eq!(
            body.size_hint().exact(),
            Some(u64::try_from(data.len() - read.len()).unwrap())
        );
        let piece = body.frame().await.unwrap().unwrap().into_data().unwrap();
        assert!((1..=125).contains(&piece.len()));
        read.extend_from_slice(&piece);
        let earned = 250 + start.elapsed().as_millis();
        assert!(u128::try_from(read.len()).unwrap() <= earned);
    }
    assert_eq!(read, data);
    assert!(body.frame().await.is_none());
    assert_eq!(start.elapsed(), Duration::from_millis(9_750));
}

#[tokio::test(start_paused = true)]
async fn a_rate_of_a_byte_a_second_is_kept() {
    let mut body = paced(
        Full::new(Bytes::from_static(b"slow")),
        &Pace::new(rate(1), BURST),
    );
    let start = Instant::now();
    let mut times = Vec::new();
    while let Some(frame) = body.frame().await {
        assert_eq!(frame.unwrap().into_data().unwrap().len(), 1);
        times.push(start.elapsed().as_secs());
    }
    assert_eq!(times, [0, 1, 2, 3]);
}

#[tokio::test(start_paused = true)]
async fn trailers_empty_chunks_and_failures_cost_nothing_and_keep_their_order() {
    let pace = Pace::new(rate(1), BURST);
    let mut turn = pace.turn();
    poll_fn(|cx| turn.poll_take(1, cx)).await;
    let frames = Frames(VecDeque::from([
        Ok(Frame::data(Bytes::new())),
        Ok(Frame::data(Bytes::from_static(b"x"))),
        Ok(Frame::trailers(HeaderMap::new())),
        Err("broken".into()),
    ]));
    let mut body = paced(frames, &pace);

    let start = Instant::now();
    assert!(
        body.frame()
            .await
            .unwrap()
            .unwrap()
            .data_ref()
            .unwrap()
            .is_empty()
    );
    assert_eq!(start.elapsed(), Duration::ZERO);
    assert!(body.frame().await.unwrap().unwrap().is_data());
    assert_eq!(start.elapsed(), SECOND);
    assert!(body.frame().await.unwrap().unwrap().is_trailers());
    assert_eq!(
        body.frame().await.unwrap().unwrap_err().to_string(),
        "broken"
    );
    assert!(body.frame().await.is_none());
    assert_eq!(start.elapsed(), SECOND);
}

#[tokio::test(start_paused = true)]
async fn an_empty_chunk_does_not_wait_behind_others() {
    let pace = Pace::new(rate(1_000), BURST);
    let mut busy = paced(Endless { chunk: 125 }, &pace);
    for _ in 0..2 {
        busy.frame().await.unwrap().unwrap();
    }
    assert_pending!(task::spawn(busy.frame()).poll());
    let mut body = paced(Frames([Ok(Frame::data(Bytes::new()))].into()), &pace);
    let data = assert_ready!(task::spawn(body.frame()).poll())
        .unwrap()
        .unwrap();
    assert!(data.data_ref().unwrap().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_body_dropped_while_it_waits_leaves_the_line_and_counts_nothing() {
    let pace = Pace::new(rate(1_000), BURST);
    let mut first = paced(Endless { chunk: 125 }, &pace);
    for _ in 0..2 {
        first.frame().await.unwrap().unwrap();
    }
    // The quarter of a second is used up: from here, a chunk every eighth of a second.
    let start = Instant::now();
    let mut second = paced(Endless { chunk: 125 }, &pace);
    let mut third = paced(Endless { chunk: 125 }, &pace);
    let mut waiting = (
        task::spawn(first.frame()),
        task::spawn(second.frame()),
        task::spawn(third.frame()),
    );
    assert_pending!(waiting.0.poll());
    assert_pending!(waiting.1.poll());
    assert_pending!(waiting.2.poll());
    assert_eq!(pace.waiting(), 3);
    // A future of a frame may go and come back; a body keeps its place until it is dropped.
    drop(waiting);
    assert_eq!(pace.waiting(), 3);
    drop(second);
    drop(first);
    assert_eq!(pace.waiting(), 1);
    third.frame().await.unwrap().unwrap();
    assert_eq!(start.elapsed(), Duration::from_millis(125));
    assert_eq!((pace.waiting(), pace.waits()), (0, 3));
}

#[tokio::test(start_paused = true)]
async fn a_body_that_is_not_read_does_not_stop_the_others() {
    let pace = Pace::new(rate(1_000), BURST);
    let mut unread = paced(Endless { chunk: 125 }, &pace);
    for _ in 0..2 {
        unread.frame().await.unwrap().unwrap();
    }
    assert_pending!(task::spawn(unread.frame()).poll());
    let start = Instant::now();
    let mut read = paced(Endless { chunk: 125 }, &pace);
    for _ in 0..80 {
        read.frame().await.unwrap().unwrap();
    }
    // All of the rate, but for the one chunk that was kept for the other.
    assert_eq!(start.elapsed(), Duration::from_millis(81 * 125));
    assert_ready!(task::spawn(unread.frame()).poll());
}

#[tokio::test(start_paused = true)]
async fn a_body_without_a_limit_is_handed_on_as_it_is() {
    let (feed, body) = fed_body();
    let mut body = RateLimitBody::new(body, None);
    let large = Bytes::from(vec![0; 10 * MIB]);
    feed.send(Ok(large.clone())).unwrap();
    drop(feed);
    let data = body.frame().await.unwrap().unwrap().into_data().unwrap();
    assert_eq!(data.as_ptr(), large.as_ptr());
    assert!(body.frame().await.is_none());
    let hint: SizeHint = RateLimitBody::new(Full::new(large), None).size_hint();
    assert_eq!(hint.exact(), Some(10 * 1024 * 1024));
}
