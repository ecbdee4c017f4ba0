//! An object that changes while it is downloaded.

use cos_proto::{Failure, JudgeError};
use cos_transfer::engine::{Change, Error, Mode, Options, Output};

use crate::script::{Script, range};
use crate::world::{State, get};

fn options() -> Options {
    Options::new().part_size(100).connections(2)
}

/// A download of which the first part is there, and two more are asked for.
fn script(options: Options) -> (Script, Vec<cos_transfer::engine::Request>) {
    let mut script = Script::new(State::new(0, 350), get(), options);
    let first = script.request();
    script.serve(&first);
    let further = script.requests();
    assert_eq!(further.len(), 2);
    (script, further)
}

fn assert_starts_anew(mut script: Script) {
    script.stop_all(1);
    assert!(matches!(script.poll(), Output::Discard));
    assert_eq!(script.download.committed(), 0);
    assert_eq!(script.download.range(), None);
    let first = script.request();
    assert_eq!(range(&first), "bytes=0-99");
    assert_eq!(first.get.conditions, get().conditions);
    script.serve(&first);
    let outcome = script.run().unwrap();
    assert_eq!(Some(outcome.crc64), script.state.crc64);
    assert!(outcome.restarted);
}

#[test]
fn a_refused_condition_starts_a_file_anew() {
    let (mut script, further) = script(options());
    script.state = State::new(1, 400);
    script.serve(&further[0]);
    assert_starts_anew(script);
}

#[test]
fn a_range_that_is_not_there_any_more_starts_a_file_anew() {
    let (mut script, further) = script(options());
    let failure = Failure::RangeNotSatisfiable { complete: Some(50) };
    script.fail(further[0].task, failure);
    assert_starts_anew(script);
}

#[test]
fn answers_are_held_against_the_first_one_whatever_the_server_makes_of_conditions() {
    let was = State::new(0, 350);
    let mut other_etag = was.clone();
    other_etag.etag = Some("\"other\"".to_owned());
    let mut no_etag = was.clone();
    no_etag.etag = None;
    let mut other_size = State::new(0, 351);
    other_size.crc64 = None;
    let mut other_crc64 = was.clone();
    other_crc64.crc64 = Some(5);
    for state in [other_etag, no_etag, other_size, other_crc64] {
        let (mut script, further) = script(options());
        let mut unconditional = further[0].get.clone();
        unconditional.conditions = get().conditions;
        let (head, _) = state.answer(&unconditional).unwrap();
        let guard = script
            .download
            .handle_head(further[0].task, &head, script.now);
        assert!(
            guard.is_none(),
            "no byte of {:?} is let through",
            state.etag
        );
        assert_starts_anew(script);
    }
}

#[test]
fn an_object_that_changes_again_fails_and_leaves_nothing() {
    let (mut script, further) = script(options());
    script.state = State::new(1, 400);
    script.serve(&further[0]);
    script.stop_all(1);
    assert!(matches!(script.poll(), Output::Discard));
    let first = script.request();
    script.serve(&first);
    let further = script.requests();
    script.state = State::new(2, 400);
    script.serve(&further[1]);
    script.stop_all(1);
    assert!(matches!(script.poll(), Output::Discard));
    assert_eq!(script.failed(), Error::Changed(Change::Condition));
}

#[test]
fn in_order_a_change_is_final_once_a_byte_is_out() {
    let ordered = options().mode(Mode::Ordered { window: 1_000 });
    let (mut script, further) = script(ordered.clone());
    script.download.handle_delivered(1, script.now);
    script.state = State::new(1, 400);
    script.serve(&further[0]);
    script.stop_all(1);
    assert_eq!(script.failed(), Error::Changed(Change::Condition));
}

#[test]
fn in_order_a_byte_may_go_out_while_the_tasks_are_being_stopped() {
    let ordered = options().mode(Mode::Ordered { window: 1_000 });
    let (mut script, further) = script(ordered);
    script.state = State::new(1, 400);
    script.serve(&further[0]);
    script.download.handle_delivered(100, script.now);
    script.stop_all(1);
    assert_eq!(script.failed(), Error::Changed(Change::Condition));
}

#[test]
fn in_order_a_change_before_the_first_byte_starts_anew() {
    let ordered = options().mode(Mode::Ordered { window: 1_000 });
    let (mut script, further) = script(ordered);
    script.state = State::new(1, 400);
    script.serve(&further[0]);
    assert_starts_anew(script);
}

#[test]
fn in_order_without_an_etag_a_break_after_the_first_byte_is_final() {
    let ordered = options().mode(Mode::Ordered { window: 1_000 });
    let mut script = Script::new(State::new(0, 80).without_etag(), get(), ordered);
    let request = script.request();
    let mut fetch = script.answer(&request).unwrap();
    script.write(&mut fetch, 10);
    script.download.handle_delivered(10, script.now);
    script.fail(fetch.task, Failure::CutShort);
    assert!(matches!(script.failed(), Error::Exhausted { .. }));
}

#[test]
fn in_order_no_more_than_the_window_is_in_flight() {
    let ordered = options().mode(Mode::Ordered { window: 150 });
    let mut script = Script::new(State::new(0, 350), get(), ordered);
    let first = script.request();
    assert_eq!(
        range(&first),
        "bytes=0-74",
        "both connections have one in the window"
    );
    let fetch = script.answer(&first).unwrap();
    let further = script.requests();
    assert_eq!(range(&further[0]), "bytes=75-149");
    script.finish(fetch);
    assert_eq!(script.requests().len(), 0);
    script.download.handle_delivered(75, script.now);
    assert_eq!(range(&script.request()), "bytes=150-224");
    assert!(script.journal.is_empty());
}

#[test]
fn an_answer_that_is_none_is_final_and_keeps_the_checkpoint() {
    let (mut script, further) = script(options());
    let (head, ()) = http::Response::builder()
        .status(206)
        .body(())
        .unwrap()
        .into_parts();
    let guard = script
        .download
        .handle_head(further[0].task, &head, script.now);
    assert!(guard.is_none());
    script.stop_all(1);
    let (task, source) = (further[0].task, JudgeError::NoContentRange);
    assert_eq!(script.failed(), Error::Answer { task, source });
}
