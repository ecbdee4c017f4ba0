//! How long a download takes, in simulated time, where one connection is slow.

use std::time::Duration;

use cos_proto::Extent;
use cos_transfer::engine::{Download, Options, Output, TaskId};

use crate::world::get;

const SIZE: u64 = 200 * 1024 * 1024;
const FAST: u64 = 10_000_000;
const SLOW: u64 = 500_000;
const STEP: Duration = Duration::from_millis(20);

struct Connection {
    task: TaskId,
    start: u64,
    next: u64,
    end: u64,
    rate: u64,
}

/// Downloads over five connections; `is_slow` says of each request whether its connection is, by
/// its number and by whether there is a slow one already.
fn download(is_slow: impl Fn(usize, bool) -> bool) -> Duration {
    // What the bytes are does not matter here, so there are none, and their CRC64 is not computed.
    let mut machine = Download::new(get(), Options::new().ignore_crc64(), 3);
    let mut connections: Vec<Connection> = Vec::new();
    let mut requests = 0;
    let mut now = Duration::ZERO;
    loop {
        match machine.poll_output(now) {
            Output::Request(request) => {
                let range = request.get.range.unwrap().resolve(SIZE).unwrap();
                let content_range = format!("bytes {}-{}/{SIZE}", range.start, range.end - 1);
                let head = http::Response::builder()
                    .status(206)
                    .header("content-range", content_range)
                    .header("etag", "\"e\"")
                    .body(());
                let (head, ()) = head.unwrap().into_parts();
                machine.handle_head(request.task, &head, now).unwrap();
                let slow = connections.iter().any(|connection| connection.rate == SLOW);
                let rate = if is_slow(requests, slow) { SLOW } else { FAST };
                requests += 1;
                connections.push(Connection {
                    task: request.task,
                    start: range.start,
                    next: range.start,
                    end: range.end,
                    rate,
                });
            }
            Output::Shorten { task, end } => {
                let mut of_task = connections.iter_mut().filter(|of| of.task == task);
                let connection = of_task.next().unwrap();
                connection.end = end.max(connection.next);
                machine.handle_shortened(task, connection.end, now);
            }
            Output::Stop { task } => {
                connections.retain(|connection| connection.task != task);
                machine.handle_end(task, now);
            }
            Output::WaitUntil(_) => {
                now += STEP;
                for connection in &mut connections {
                    let len = connection.rate * 20 / 1000;
                    connection.next = (connection.next + len).min(connection.end);
                    let Connection {
                        task, start, next, ..
                    } = *connection;
                    let so_far = Extent::new(start, next - start, 0).unwrap();
                    machine.handle_written(task, so_far, now);
                    if connection.next == connection.end {
                        machine.handle_end(task, now);
                    }
                }
                connections.retain(|connection| connection.next < connection.end);
            }
            Output::Done(outcome) => {
                assert_eq!(outcome.fetched, SIZE);
                assert!(outcome.requests < 40, "{} requests", outcome.requests);
                return now;
            }
            _ => {}
        }
        assert!(now < Duration::from_secs(60));
    }
}

/// At most 15 % more than all connections together need.
fn assert_near(time: Duration, bytes_per_second: u64) {
    let least = SIZE as f64 / bytes_per_second as f64;
    let ratio = time.as_secs_f64() / least;
    assert!(ratio <= 1.15, "{time:?} is {ratio:.2} times the least");
}

#[test]
fn five_equal_connections_end_together() {
    assert_near(download(|_, _| false), 5 * FAST);
}

#[test]
fn one_slow_connection_of_five_does_not_decide_the_end() {
    assert_near(download(|request, _| request == 2), 4 * FAST + SLOW);
}

#[test]
fn a_place_that_is_always_slow_does_not_decide_the_end() {
    assert_near(download(|_, slow| !slow), 4 * FAST + SLOW);
}
