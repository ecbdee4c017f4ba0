//! What is dropped, at whichever await, leaves nothing: no place in flight, no place in a line, no
//! connection and no task.

use std::future::poll_fn;
use std::num::{NonZeroU64, NonZeroUsize};
use std::pin::pin;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::Poll;
use std::time::Duration;

use cos_emulator::{Emulator, Fault, When};
use cos_proto::{Backoff, Bucket, Endpoint, ListObjectVersions, ListObjects};
use cos_transport::Client;
use cos_transport::credentials::{Generation, Issued, ProvideCredentials, ProvideFuture};
use http::StatusCode;
use http_body_util::BodyExt as _;
use tokio::runtime::Handle;

use crate::support::{BUCKET, bucket, closed_endpoint, credentials, endpoint, get, head};

/// Short, so that the states that are waited for are passed through in no time.
const PAUSE: Duration = Duration::from_millis(3);

/// Longer than any test needs for what it does.
const PATIENCE: Duration = Duration::from_secs(30);

/// A source that makes each request wait a little, now and then longer.
#[derive(Debug, Default)]
struct Slow(AtomicU32);

impl ProvideCredentials for Slow {
    fn provide(&self, _refused: Option<Generation>) -> ProvideFuture<'_> {
        let asked = self.0.fetch_add(1, Ordering::Relaxed);
        Box::pin(async move {
            tokio::task::yield_now().await;
            if asked.is_multiple_of(2) {
                tokio::time::sleep(PAUSE).await;
            }
            Ok(Issued::new(credentials()))
        })
    }
}

/// An emulator in a runtime of its own, so that all tasks here are the client's.
fn emulator() -> Emulator {
    let emulator = Emulator::builder()
        .bucket(bucket())
        .credentials(credentials());
    let emulator = emulator.start_on_thread().unwrap();
    // Every request comes by all that can be waited for.
    let slow_down = Fault::new().error(StatusCode::SERVICE_UNAVAILABLE, "SlowDown");
    let slow_down = slow_down.stall_head(PAUSE).stall_after(20, PAUSE);
    let slow_body = Fault::new().stall_head(PAUSE).stall_after(100, PAUSE);
    for n in 0..1000 {
        let faults = emulator.faults();
        faults.script(When::any().nth(2 * n + 1), slow_down.clone());
        faults.script(When::any().nth(2 * n + 2), slow_body.clone());
    }
    emulator
}

/// A client with room for one.
fn client(endpoint: Endpoint) -> Client {
    Client::builder(endpoint)
        .credentials_provider(Slow::default())
        .backoff(Backoff::new().base(PAUSE))
        .requests_per_second(NonZeroU64::new(10_000).unwrap())
        .bytes_per_second(NonZeroU64::new(100_000_000).unwrap())
        .max_in_flight(NonZeroUsize::MIN)
        .build()
        .unwrap()
}

/// Polls `future` until it has been pending so many times, and drops it then; whether it was ready
/// before that.
async fn polled(future: impl Future, times: usize) -> bool {
    let mut future = pin!(future);
    let mut pending = 0;
    poll_fn(|cx| {
        if future.as_mut().poll(cx).is_ready() {
            return Poll::Ready(true);
        }
        pending += 1;
        if pending >= times {
            Poll::Ready(false)
        } else {
            Poll::Pending
        }
    })
    .await
}

/// Asserts that nobody is in flight or in a line.
#[track_caller]
fn assert_idle(client: &Client, when: &str) {
    let stats = client.stats();
    let gate = stats.in_flight();
    assert_eq!(
        (gate.in_flight(), gate.waiting(), gate.lent()),
        (0, 0, 0),
        "{when}"
    );
}

/// Waits until there is no task left.
async fn no_task_is_left() {
    let ended = async {
        while Handle::current().metrics().num_alive_tasks() > 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let ended = tokio::time::timeout(PATIENCE, ended).await;
    let left = Handle::current().metrics().num_alive_tasks();
    assert!(ended.is_ok(), "{left} tasks are left");
}

/// Drops what `ask` makes after one poll, after two, and so on, until it has come to its end; then
/// there must be nothing left of any of them.
async fn dropped_everywhere<F: Future>(what: &str, ask: impl Fn(Client) -> F) {
    let emulator = emulator();
    let client = client(endpoint(&emulator));
    let mut dropped = 0;
    for times in 1.. {
        let ended = polled(ask(client.clone()), times).await;
        assert_idle(&client, &format!("{what}, dropped after {times} polls"));
        if ended {
            break;
        }
        dropped = times;
    }
    assert!(dropped >= 5, "{what} waits at {dropped} places only");
    // The only place in flight is free.
    let last = tokio::time::timeout(PATIENCE, client.head_object(head())).await;
    last.unwrap().unwrap();
    drop(client);
    no_task_is_left().await;
    emulator.faults().clear();
}

#[tokio::test]
async fn objects_their_heads_and_bodies() {
    dropped_everywhere("an object", |client| async move {
        let (_, body) = client.get_object(get()).await.unwrap();
        body.collect().await.unwrap();
    })
    .await;
    dropped_everywhere("a head", |client| async move {
        client.head_object(head()).await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn pages_of_listings() {
    let bucket = || Bucket::new(BUCKET).unwrap();
    dropped_everywhere("a page", |client| async move {
        client
            .list_objects(ListObjects::new(bucket()))
            .await
            .unwrap();
    })
    .await;
    dropped_everywhere("a page of versions", |client| async move {
        let list = ListObjectVersions::new(bucket());
        client.list_object_versions(list).await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn a_link_that_waits_for_credentials() {
    let client = client(closed_endpoint());
    for times in 1..4 {
        polled(client.presign(get(), Duration::from_secs(60)), times).await;
    }
    assert_idle(&client, "a link");
    no_task_is_left().await;
}

#[tokio::test]
async fn those_who_wait_for_a_place_in_flight_or_for_their_turn() {
    let emulator = emulator();
    emulator.faults().clear();
    let client = client(endpoint(&emulator));
    let (_, holder) = client.get_object(get()).await.unwrap();
    for times in 1..4 {
        let waits = tokio::time::timeout(
            Duration::from_millis(20),
            polled(client.get_object(get()), times),
        );
        assert_ne!(waits.await, Ok(true));
        assert_eq!(client.stats().in_flight().waiting(), 0);
    }
    drop(holder);
    assert_idle(&client, "a body that nobody has read");

    let slow = Client::builder(endpoint(&emulator))
        .credentials(credentials())
        .requests_per_second(NonZeroU64::MIN)
        .build()
        .unwrap();
    slow.head_object(head()).await.unwrap();
    for _ in 0..10 {
        assert!(!polled(slow.head_object(head()), 1).await);
    }
    assert_eq!(slow.stats().attempts(), 1);
    // Those who have left the line have not used up anybody's turn.
    let next = tokio::time::timeout(Duration::from_secs(5), slow.head_object(head())).await;
    next.unwrap().unwrap();
    drop((client, slow));
    no_task_is_left().await;
}

/// Nobody ever answers the handshake.
#[tokio::test]
async fn a_connection_that_is_being_made() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("https://{}", listener.local_addr().unwrap());
    let endpoint = Endpoint::service_url(&url, cos_proto::Addressing::Auto).unwrap();
    let client = Client::builder(endpoint)
        .credentials(credentials())
        .ca_cert(cos_emulator::TestCa::new().unwrap().pem())
        .connect_timeout(Duration::from_millis(300))
        .max_in_flight(NonZeroUsize::MIN)
        .build()
        .unwrap();
    for times in 1..4 {
        let waits = polled(client.head_object(head()), times);
        let waits = tokio::time::timeout(Duration::from_millis(20), waits).await;
        assert_ne!(waits, Ok(true));
        assert_idle(&client, "connecting");
    }
    drop(client);
    no_task_is_left().await;
}
