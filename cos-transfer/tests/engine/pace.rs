//! Connections of different speeds.

use std::time::Duration;

use cos_proto::{GetObject, TrafficLimit};
use cos_transfer::engine::{Error, Mode, Options, Output, TaskId};

use crate::script::{Fetch, SECOND, Script, range};
use crate::world::{State, get};

const MIB: u64 = 1024 * 1024;

/// Bodies that are coming, of two parts more than there are connections left for.
fn script(asked: GetObject, parts: u64, connections: usize) -> (Script, Vec<Fetch>) {
    script_in(Mode::File, asked, parts, connections)
}

fn script_in(mode: Mode, asked: GetObject, parts: u64, connections: usize) -> (Script, Vec<Fetch>) {
    let options = Options::new()
        .part_size(8 * MIB)
        .connections(connections)
        .mode(mode);
    let state = State::new(0, (parts * 8 * MIB) as usize);
    let mut script = Script::new(state, asked, options);
    let first = script.request();
    let mut fetches = vec![script.answer(&first).unwrap()];
    for request in script.requests() {
        fetches.push(script.answer(&request).unwrap());
    }
    (script, fetches)
}

/// Lets time pass, in steps of a quarter of a second, with so many bytes a second on each body. What
/// is asked for meanwhile is told.
fn pass(script: &mut Script, fetches: &mut [Fetch], rates: &[u64], time: Duration) -> Vec<Output> {
    const STEP: Duration = Duration::from_millis(250);
    let mut asked = Vec::new();
    let end = script.now + time;
    while script.now < end {
        script.now += STEP;
        for (fetch, rate) in fetches.iter_mut().zip(rates) {
            let len = (rate / 4).min(fetch.guard.remaining());
            script.write(fetch, len);
        }
        loop {
            match script.poll() {
                Output::WaitUntil(until) => {
                    assert!(until.is_some_and(|until| until <= script.now + STEP));
                    break;
                }
                output => asked.push(output),
            }
        }
    }
    asked
}

fn shortened(outputs: &[Output]) -> Vec<(TaskId, u64)> {
    let shorten = |output: &Output| match output {
        Output::Shorten { task, end } => Some((*task, *end)),
        _ => None,
    };
    outputs.iter().filter_map(shorten).collect()
}

fn stopped(outputs: &[Output]) -> Vec<TaskId> {
    let stop = |output: &Output| match output {
        Output::Stop { task } => Some(*task),
        _ => None,
    };
    outputs.iter().filter_map(stop).collect()
}

#[test]
fn the_longest_range_in_flight_is_split_when_connections_are_free() {
    let (mut script, mut fetches) = script(get(), 2, 3);
    let asked = pass(&mut script, &mut fetches, &[MIB, 2 * MIB], SECOND / 2);
    // The first would take 7.5 seconds, the other 3.5: it is split in the middle of its rest.
    let shortened = shortened(&asked);
    assert_eq!(shortened, [(fetches[0].task, 4 * MIB + MIB / 4)]);
    let end = shortened[0].1;
    script
        .download
        .handle_shortened(fetches[0].task, end, script.now);
    let request = script.request();
    assert_eq!(range(&request), format!("bytes={end}-{}", 8 * MIB - 1));
    script.serve(&request);
    let rest = end - fetches[0].guard.so_far().end();
    script.write(&mut fetches[0], rest);
    script.download.handle_end(fetches[0].task, script.now);
    let second = fetches.remove(1);
    script.finish(second);
    let outcome = script.done();
    assert_eq!((outcome.fetched, outcome.requests), (16 * MIB, 3));
}

#[test]
fn a_task_that_has_gone_further_ends_where_it_says() {
    let (mut script, mut fetches) = script(get(), 2, 3);
    let asked = pass(&mut script, &mut fetches, &[MIB, 2 * MIB], SECOND / 2);
    let (task, _) = shortened(&asked)[0];
    script.download.handle_shortened(task, 6 * MIB, script.now);
    assert_eq!(
        range(&script.request()),
        format!("bytes={}-{}", 6 * MIB, 8 * MIB - 1)
    );
}

#[test]
fn a_driver_that_cannot_shorten_is_asked_once() {
    for answers in [false, true] {
        let (mut script, mut fetches) = script(get(), 2, 3);
        let rates = [MIB, 2 * MIB];
        let asked = pass(&mut script, &mut fetches, &rates, SECOND / 2);
        let (task, _) = shortened(&asked)[0];
        if answers {
            script.download.handle_shortened(task, 8 * MIB, script.now);
        }
        let asked = pass(&mut script, &mut fetches, &rates, 2 * SECOND);
        assert!(shortened(&asked).iter().all(|(other, _)| *other != task));
        fetches.into_iter().for_each(|fetch| script.finish(fetch));
        assert_eq!(script.done().requests, 2);
    }
}

#[test]
fn ranges_that_end_soon_are_not_split() {
    let (mut script, mut fetches) = script(get(), 2, 5);
    let rates = [15 * MIB, 15 * MIB];
    let asked = pass(&mut script, &mut fetches, &rates, SECOND / 2);
    assert!(asked.is_empty(), "{asked:?}");
}

#[test]
fn a_connection_that_crawls_is_given_up_after_three_seconds() {
    let (mut script, mut fetches) = script(get(), 4, 4);
    let rates = [MIB / 5, MIB, MIB, MIB];
    let asked = pass(&mut script, &mut fetches, &rates, 3 * SECOND);
    assert!(asked.is_empty(), "{asked:?}");
    let asked = pass(&mut script, &mut fetches, &rates, SECOND);
    let task = fetches[0].task;
    assert_eq!(stopped(&asked), [task]);
    script.download.handle_end(task, script.now);
    let request = script.request();
    let reached = fetches[0].guard.so_far().end();
    assert_eq!(range(&request), format!("bytes={reached}-{}", 8 * MIB - 1));
    script.serve(&request);
    for fetch in fetches.into_iter().skip(1) {
        script.finish(fetch);
    }
    assert_eq!(script.done().fetched, 32 * MIB);
}

#[test]
fn two_connections_are_not_enough_to_tell_a_crawl() {
    let (mut script, mut fetches) = script(get(), 2, 2);
    let asked = pass(&mut script, &mut fetches, &[MIB / 10, MIB], 6 * SECOND);
    assert!(asked.is_empty(), "{asked:?}");
}

#[test]
fn under_a_limit_slow_connections_are_left_alone() {
    let limited = get().traffic_limit(TrafficLimit::bits_per_second(819_200).unwrap());
    let (mut script, mut fetches) = script(limited, 4, 4);
    let rates = [0, MIB, MIB, MIB];
    let asked = pass(&mut script, &mut fetches, &rates, 7 * SECOND);
    assert!(asked.is_empty(), "{asked:?}");
}

#[test]
fn in_order_a_connection_that_waits_for_its_reader_is_left_alone() {
    let window = 32 * MIB;
    let (mut script, mut fetches) = script_in(Mode::Ordered { window }, get(), 8, 4);
    let rates = [MIB / 5, MIB, MIB, MIB];
    let asked = pass(&mut script, &mut fetches, &rates, 7 * SECOND);
    assert!(asked.is_empty(), "{asked:?}");
}

#[test]
fn a_trickle_is_given_up_after_half_a_minute_as_often_as_attempts_allow() {
    let options = Options::new().connections(1).retries(1);
    let mut script = Script::new(State::new(0, MIB as usize), get(), options);
    let request = script.request();
    let mut fetches = vec![script.answer(&request).unwrap()];
    let asked = pass(&mut script, &mut fetches, &[1_000], 30 * SECOND);
    assert!(asked.is_empty(), "{asked:?}");
    let asked = pass(&mut script, &mut fetches, &[1_000], SECOND);
    assert_eq!(stopped(&asked), [fetches[0].task]);
    script.download.handle_end(fetches[0].task, script.now);
    let request = script.request();
    let mut fetches = vec![script.answer(&request).unwrap()];
    let task = fetches[0].task;
    let asked = pass(&mut script, &mut fetches, &[1_000], 30 * SECOND);
    assert!(asked.is_empty(), "{asked:?}");
    script.now += SECOND;
    script.stop_all(1);
    assert!(matches!(script.failed(), Error::Exhausted { task: last, .. } if last == task));
}
