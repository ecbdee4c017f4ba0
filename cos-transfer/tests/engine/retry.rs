//! Failures, and what comes after them.

use std::time::Duration;

use cos_proto::{Failure, RetryAfter};
use cos_transfer::engine::{Error, Options, Output};

use crate::script::{SECOND, Script, range, ranges};
use crate::world::{State, get};

fn options() -> Options {
    Options::new().part_size(100).connections(3)
}

fn script(size: usize) -> Script {
    Script::new(State::new(0, size), get(), options())
}

#[test]
fn a_body_that_breaks_goes_on_from_the_byte_it_has_reached() {
    for end_without_word in [false, true] {
        let mut script = script(150);
        let request = script.request();
        let mut fetch = script.answer(&request).unwrap();
        script.write(&mut fetch, 40);
        if end_without_word {
            script.download.handle_end(fetch.task, script.now);
        } else {
            script.fail(fetch.task, Failure::Transport);
        }
        assert_eq!(range(&script.request()), "bytes=100-149");
        let until = script.wait().unwrap();
        let delay = until - script.now;
        assert!((Duration::from_millis(125)..=Duration::from_millis(250)).contains(&delay));
        script.now = until;
        let again = script.request();
        assert_eq!(range(&again), "bytes=40-99");
        assert_ne!(again.task, request.task);
        assert!(again.get.conditions.if_match.is_some());
    }
}

#[test]
fn a_failure_after_the_last_byte_is_none() {
    let mut script = script(100);
    let request = script.request();
    let mut fetch = script.answer(&request).unwrap();
    script.write(&mut fetch, 100);
    script.fail(fetch.task, Failure::Transport);
    assert_eq!(script.done().requests, 1);
}

#[test]
fn f19_what_there_is_no_connection_for_is_asked_for_by_the_others() {
    let mut script = script(300);
    let first = script.request();
    let mut fetch = script.answer(&first).unwrap();
    let others = script.requests();
    assert_eq!(ranges(&others), ["bytes=100-199", "bytes=200-299"]);
    for other in &others {
        script.download.handle_no_room(other.task, script.now);
    }
    assert_eq!(
        ranges(&script.requests()),
        [""; 0],
        "the one that is left is busy"
    );
    script.write(&mut fetch, 100);
    script.finish(fetch);
    let second = script.requests();
    assert_eq!(ranges(&second), ["bytes=100-199"]);
    // It is alone, so that nobody else would ask for it.
    script.download.handle_no_room(second[0].task, script.now);
    script.now = script.wait().unwrap();
    assert_eq!(ranges(&script.requests()), ["bytes=100-199"]);
}

#[test]
fn attempts_without_progress_are_counted_and_then_it_is_over() {
    let mut script = Script::new(State::new(0, 100), get(), options().retries(3));
    for _ in 0..3 {
        let request = script.request();
        script.fail(request.task, Failure::Transport);
        script.now = script.wait().unwrap();
    }
    let request = script.request();
    assert_eq!(script.download.requests(), 4);
    script.fail(request.task, Failure::RequestTimeout);
    let failure = Failure::RequestTimeout;
    let task = request.task;
    assert_eq!(script.failed(), Error::Exhausted { task, failure });
}

#[test]
fn one_byte_at_a_time_does_not_loop_for_ever() {
    let mut script = Script::new(State::new(0, 100), get(), options().retries(5));
    let mut attempts = 0;
    let error = loop {
        match script.poll() {
            Output::Request(request) => {
                attempts += 1;
                let mut fetch = script.answer(&request).unwrap();
                script.write(&mut fetch, 1);
                script.fail(fetch.task, Failure::CutShort);
            }
            Output::WaitUntil(until) => script.now = until.unwrap(),
            Output::Failed(error) => break error,
            other => panic!("unexpected {other:?}"),
        }
    };
    assert_eq!((attempts, error.failure()), (6, Some(Failure::CutShort)));
}

#[test]
fn real_progress_counts_anew() {
    const CHUNK: u64 = 256 * 1024;
    let size = 20 * CHUNK;
    let options = options().part_size(size).retries(1);
    let mut script = Script::new(State::new(0, size as usize), get(), options);
    for _ in 0..20 {
        let request = script.request();
        let mut fetch = script.answer(&request).unwrap();
        script.write(&mut fetch, CHUNK);
        script.fail(fetch.task, Failure::CutShort);
        if let Output::WaitUntil(Some(until)) = script.poll() {
            script.now = until;
        }
    }
    assert_eq!(script.done().requests, 20);
}

#[test]
fn without_an_etag_nothing_is_progress_and_all_begins_anew() {
    const CHUNK: u64 = 256 * 1024;
    let state = State::new(0, 2 * CHUNK as usize).without_etag();
    let options = options().part_size(2 * CHUNK).retries(2);
    let mut script = Script::new(state, get(), options);
    for _ in 0..3 {
        let request = script.request();
        let mut fetch = script.answer(&request).unwrap();
        assert_eq!(fetch.guard.range(), 0..2 * CHUNK);
        script.write(&mut fetch, CHUNK);
        assert_eq!(script.download.committed(), CHUNK);
        script.fail(fetch.task, Failure::CutShort);
        if let Output::WaitUntil(Some(until)) = script.poll() {
            assert_eq!(script.download.committed(), 0);
            script.now = until;
        }
    }
    assert_eq!(script.failed().failure(), Some(Failure::CutShort));
}

#[test]
fn what_is_exhausted_below_is_not_tried_again() {
    let mut script = script(100);
    let task = script.request().task;
    script
        .download
        .handle_exhausted(task, Failure::Transport, script.now);
    let failure = Failure::Transport;
    assert_eq!(script.failed(), Error::Exhausted { task, failure });
}

#[test]
fn attempts_that_a_layer_below_has_drawn_count() {
    let mut script = Script::new(State::new(0, 100), get(), options().retries(2));
    let request = script.request();
    assert_eq!(
        (request.budget.draw(), request.budget.draw()),
        (Some(0), Some(1))
    );
    script.fail(request.task, Failure::Transport);
    assert!(matches!(script.failed(), Error::Exhausted { .. }));
}

#[test]
fn a_final_failure_stops_all_and_records_what_came() {
    let mut script = script(350);
    let first = script.request();
    let mut fetch = script.answer(&first).unwrap();
    let further = script.requests();
    script.write(&mut fetch, 60);
    let before = script.journal.len();
    script.fail(further[0].task, Failure::Denied);
    script.stop_all(2);
    let error = script.failed();
    assert_eq!(error.task(), Some(further[0].task));
    assert_eq!(error.failure(), Some(Failure::Denied));
    assert_eq!(script.journal.len(), before + 32);
    assert!(script.download.is_over());
}

#[test]
fn a_cancelled_download_keeps_what_is_written_while_it_stops() {
    let mut script = script(350);
    let first = script.request();
    let mut fetch = script.answer(&first).unwrap();
    assert_eq!(script.requests().len(), 2);
    script.download.cancel();
    script.write(&mut fetch, 100);
    let before = script.journal.len();
    script.stop_all(3);
    assert_eq!(script.failed(), Error::Cancelled);
    assert_eq!(script.journal.len(), before + 32);
    assert_eq!(script.download.committed(), 100);
}

#[test]
fn when_the_service_asks_to_slow_down_nothing_is_sent() {
    let mut script = script(1_000);
    let first = script.request();
    let fetch = script.answer(&first).unwrap();
    let further = script.requests();
    let retry_after = RetryAfter::parse("7");
    script.fail(further[0].task, Failure::Throttled { retry_after });
    script.finish(fetch);
    let until = script.wait().unwrap();
    assert_eq!(until, script.now + 7 * SECOND);
    script.now = until;
    let again = script.requests();
    assert_eq!(ranges(&again), ["bytes=100-199", "bytes=300-399"]);
}

#[test]
fn an_outage_of_twenty_seconds_is_survived() {
    let mut script = script(350);
    let up = script.now + 20 * SECOND;
    loop {
        match script.poll() {
            Output::Request(request) if script.now < up => {
                script.fail(request.task, Failure::Transport);
            }
            Output::Request(request) => script.serve(&request),
            Output::WaitUntil(until) => script.now = until.unwrap(),
            Output::Done(_) => break,
            other => panic!("unexpected {other:?}"),
        }
    }
}

#[test]
fn late_words_on_tasks_that_are_over_are_ignored() {
    let mut script = script(150);
    let request = script.request();
    let mut fetch = script.answer(&request).unwrap();
    script.write(&mut fetch, 40);
    script.fail(fetch.task, Failure::Transport);
    script.write(&mut fetch, 20);
    script.fail(fetch.task, Failure::Denied);
    script.download.handle_end(fetch.task, script.now);
    assert!(script.answer(&request).is_none());
    script.download.handle_shortened(fetch.task, 50, script.now);
    assert_eq!(script.download.committed(), 40);
    assert_eq!(script.run().unwrap().fetched, 150);
}
