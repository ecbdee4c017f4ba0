//! The first request, and what its answer decides.

use cos_proto::{ByteRange, ETag, Failure, JudgeError};
use cos_transfer::Verified;
use cos_transfer::engine::{Change, Error, Options, Output};

use crate::script::{Script, range, ranges};
use crate::world::{State, get};

fn options() -> Options {
    Options::new().part_size(100).connections(3)
}

#[test]
fn a_small_object_costs_one_request_and_no_journal() {
    let mut script = Script::new(State::new(0, 100), get(), options());
    let request = script.request();
    assert_eq!(range(&request), "bytes=0-99");
    script.serve(&request);
    let outcome = script.done();
    assert_eq!((outcome.range, outcome.requests), (0..100, 1));
    assert_eq!(Some(outcome.crc64), script.state.crc64);
    assert_eq!((outcome.verified, outcome.pinned), (Verified::Crc64, true));
    assert!(script.journal.is_empty());
    assert_eq!(script.done().fetched, 100, "it is said again");
}

#[test]
fn further_parts_are_asked_for_at_once_and_bound_to_the_first_etag() {
    let asked = get().if_none_match(ETag::new("old").unwrap());
    let mut script = Script::new(State::new(0, 350), asked.clone(), options());
    let first = script.request();
    assert_eq!(first.get.conditions, asked.conditions);
    assert_eq!(script.wait(), None);
    script.answer(&first).unwrap();
    let further = script.requests();
    assert_eq!(ranges(&further), ["bytes=100-199", "bytes=200-299"]);
    for request in &further {
        let bound = get().if_match(ETag::new("state-0").unwrap());
        assert_eq!(request.get.conditions, bound.conditions);
    }
    assert!(!script.journal.is_empty());
}

#[test]
fn sizes_around_the_part_size() {
    for (size, requests) in [(1, 1), (99, 1), (100, 1), (101, 2), (200, 2), (201, 3)] {
        let mut script = Script::new(State::new(0, size), get(), options());
        let outcome = script.run().unwrap();
        assert_eq!(
            (outcome.fetched, outcome.requests),
            (size as u64, requests),
            "{size}"
        );
        assert_eq!(script.download.committed(), size as u64);
    }
}

#[test]
fn more_than_ten_thousand_parts() {
    let mut script = Script::new(State::new(0, 10_001), get(), options().part_size(1));
    let outcome = script.run().unwrap();
    assert_eq!(
        (outcome.requests, outcome.verified),
        (10_001, Verified::Crc64)
    );
}

#[test]
fn the_last_bytes_of_fifty_terabytes_are_reached() {
    const SIZE: u64 = 50 << 40;
    let last = ByteRange::new(SIZE - 150, SIZE - 1).unwrap();
    let mut script = Script::new(State::new(0, 1), get().range(last), options());
    let request = script.request();
    let content_range = format!("bytes {}-{}/{SIZE}", SIZE - 150, SIZE - 51);
    let head = http::Response::builder()
        .status(206)
        .header("content-range", content_range)
        .header("etag", "\"e\"")
        .body(());
    let (head, ()) = head.unwrap().into_parts();
    let guard = script
        .download
        .handle_head(request.task, &head, script.now)
        .unwrap();
    assert_eq!(guard.range(), SIZE - 150..SIZE - 50);
    assert_eq!(script.download.range(), Some(SIZE - 150..SIZE));
    assert_eq!(
        range(&script.request()),
        format!("bytes={}-{}", SIZE - 50, SIZE - 1)
    );
}

#[test]
fn an_empty_object_is_asked_for_once_more_without_a_range() {
    let mut script = Script::new(State::new(0, 0), get(), options());
    let first = script.request();
    assert_eq!(range(&first), "bytes=0-99");
    script.serve(&first);
    let second = script.request();
    assert_eq!(second.get.range, None);
    script.serve(&second);
    let outcome = script.done();
    assert_eq!(
        (outcome.range, outcome.crc64, outcome.requests),
        (0..0, 0, 2)
    );
    assert_eq!(outcome.verified, Verified::Crc64);
}

#[test]
fn an_object_known_to_be_empty_is_asked_for_without_a_range() {
    let mut script = Script::new(State::new(0, 0), get(), options().known_size(0));
    let request = script.request();
    assert_eq!(request.get.range, None);
    script.serve(&request);
    assert_eq!(script.done().requests, 1);
}

#[test]
fn an_object_that_is_not_empty_after_all_is_fetched() {
    let mut script = Script::new(State::new(0, 350), get(), options().known_size(0));
    let outcome = script.run().unwrap();
    assert_eq!((outcome.fetched, outcome.requests), (350, 1));
}

#[test]
fn a_range_that_is_outside_is_refused() {
    let asked = get().range(ByteRange::starting_at(500));
    let mut script = Script::new(State::new(0, 350), asked, options());
    let request = script.request();
    script.serve(&request);
    let failure = Failure::RangeNotSatisfiable {
        complete: Some(350),
    };
    let task = request.task;
    assert_eq!(script.failed(), Error::Refused { task, failure });
}

#[test]
fn a_range_is_downloaded_in_parts_too() {
    let cases = [
        (ByteRange::new(50, 299).unwrap(), 50..300, "bytes=50-149"),
        (ByteRange::new(50, 9_999).unwrap(), 50..350, "bytes=50-149"),
        (ByteRange::starting_at(50), 50..350, "bytes=50-149"),
        (ByteRange::suffix(250).unwrap(), 100..350, "bytes=-100"),
        (ByteRange::suffix(999).unwrap(), 0..350, "bytes=-100"),
    ];
    for (asked, wanted, first) in cases {
        let mut script = Script::new(State::new(0, 350), get().range(asked), options());
        let request = script.request();
        assert_eq!(range(&request), first);
        script.serve(&request);
        let outcome = script.run().unwrap();
        let crc64 = cos_proto::crc64::checksum(script.state.body(wanted.clone()));
        assert_eq!((outcome.range, outcome.crc64), (wanted.clone(), crc64));
        let whole = wanted == (0..350);
        assert_eq!(outcome.verified == Verified::Crc64, whole, "{asked}");
    }
}

#[test]
fn without_an_etag_one_stream_fetches_all() {
    let mut script = Script::new(State::new(0, 350).without_etag(), get(), options());
    let first = script.request();
    assert!(
        script.answer(&first).is_none(),
        "this part belongs to no other"
    );
    let second = script.request();
    assert_eq!(second.get, get());
    let fetch = script.answer(&second).unwrap();
    assert_eq!(script.requests().len(), 0);
    script.finish(fetch);
    let outcome = script.done();
    assert_eq!((outcome.pinned, outcome.verified), (false, Verified::Crc64));
    assert!(script.journal.is_empty());
}

#[test]
fn the_whole_object_in_answer_to_a_range_is_taken_only_if_it_was_the_range() {
    let mut script = Script::new(State::new(0, 350), get(), options());
    let request = script.request();
    let (head, _) = script.state.answer(&get()).unwrap();
    assert!(
        script
            .download
            .handle_head(request.task, &head, script.now)
            .is_none()
    );
    assert_eq!(
        script.failed(),
        Error::Answer {
            task: request.task,
            source: JudgeError::RangeIgnored
        }
    );

    let mut script = Script::new(State::new(0, 80), get(), options());
    let request = script.request();
    let (head, _) = script.state.answer(&get()).unwrap();
    let guard = script
        .download
        .handle_head(request.task, &head, script.now)
        .unwrap();
    assert_eq!(guard.range(), 0..80);
}

#[test]
fn an_object_without_crc64_is_held_against_its_length_or_refused() {
    let state = State::new(0, 350).without_crc64();
    let mut script = Script::new(state.clone(), get(), options());
    assert_eq!(script.run().unwrap().verified, Verified::Size);
    let mut script = Script::new(state, get(), options().require_crc64());
    assert_eq!(script.run(), Err(Error::NoCrc64));
}

#[test]
fn bytes_that_are_not_the_objects_are_discarded() {
    let mut state = State::new(0, 350);
    state.crc64 = Some(1);
    let mut script = Script::new(state.clone(), get(), options());
    let got = cos_proto::crc64::checksum(&state.bytes);
    let mut request = script.request();
    loop {
        script.serve(&request);
        match script.poll() {
            Output::Request(next) => request = *next,
            Output::Discard => break,
            other => panic!("unexpected {other:?}"),
        }
    }
    assert_eq!(script.failed(), Error::Corrupt { expected: 1, got });

    let mut script = Script::new(state, get(), options().ignore_crc64());
    assert_eq!(script.run().unwrap().verified, Verified::Size);
}

#[test]
fn a_condition_that_does_not_hold_is_final() {
    let asked = get().if_none_match(ETag::new("state-0").unwrap());
    let mut script = Script::new(State::new(0, 350), asked, options());
    let failure = script.run().unwrap_err().failure();
    assert_eq!(failure, Some(Failure::NotModified));
    let asked = get().if_match(ETag::new("other").unwrap());
    let mut script = Script::new(State::new(0, 350), asked, options());
    let failure = script.run().unwrap_err().failure();
    assert_eq!(failure, Some(Failure::PreconditionFailed));
}

#[test]
fn a_range_of_an_object_that_is_not_empty_any_more_is_asked_for_anew() {
    let asked = get().range(ByteRange::new(0, 49).unwrap());
    let mut script = Script::new(State::new(0, 0), asked, options());
    let first = script.request();
    script.serve(&first);
    let second = script.request();
    script.state = State::new(1, 350);
    assert!(script.answer(&second).is_none(), "more than was asked for");
    let outcome = script.run().unwrap();
    assert_eq!((outcome.range, outcome.restarted), (0..50, true));
}

#[test]
fn errors_say_what_changed() {
    let error = Error::Changed(Change::Size { was: 5, is: 7 });
    assert_eq!(
        error.to_string(),
        "the object has changed: its length was 5 and is 7"
    );
    assert_eq!(error.failure(), Some(Failure::ObjectChanged));
}
