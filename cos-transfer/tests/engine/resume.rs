//! A download that goes on from a checkpoint.

use cos_proto::{ETag, Extent, Failure, crc64};
use cos_transfer::engine::journal::Checkpoint;
use cos_transfer::engine::{ClaimId, Options, Output};

use crate::script::{SECOND, Script, range, ranges};
use crate::world::{State, get};

fn options() -> Options {
    Options::new()
        .part_size(100)
        .connections(2)
        .record_every(50, SECOND)
}

/// The journal of a download that was killed when these parts of 50 bytes were there.
fn journal(state: &State, parts: &[usize]) -> Vec<u8> {
    let options = options().part_size(50).connections(1);
    let mut script = Script::new(state.clone(), get(), options);
    script.run().unwrap();
    let (header, records) = script.journal.split_at(script.journal.len() - 32 * 6);
    let mut journal = header.to_vec();
    for part in parts {
        journal.extend_from_slice(&records[part * 32..][..32]);
    }
    journal
}

fn resume(state: &State, journal: &[u8]) -> Script {
    let checkpoint = Checkpoint::read(journal, &get()).unwrap();
    Script::resume(state.clone(), get(), options(), &checkpoint)
}

fn verify(script: &mut Script) -> (ClaimId, Extent) {
    match script.poll() {
        Output::Verify { claim, extent } => (claim, extent),
        other => panic!("nothing to verify but {other:?}"),
    }
}

fn bounds(extent: Extent) -> std::ops::Range<u64> {
    extent.offset()..extent.end()
}

#[test]
fn claims_are_verified_while_what_is_missing_is_fetched() {
    let state = State::new(0, 300);
    let mut script = resume(&state, &journal(&state, &[0, 2, 3]));
    assert_eq!(script.download.range(), Some(0..300));
    let (first, extent) = verify(&mut script);
    assert_eq!(bounds(extent), 0..50);
    assert_eq!(crc64::checksum(state.body(0..50)), extent.crc64());
    let (second, extent) = verify(&mut script);
    assert_eq!(bounds(extent), 100..150);
    let request = script.request();
    assert_eq!(range(&request), "bytes=50-99");
    assert_eq!(
        request.get.conditions.if_match,
        Some(ETag::new("state-0").unwrap())
    );
    assert_eq!(script.wait(), None, "two are read at once");
    script.download.handle_verified(first, script.now);
    script.download.handle_verified(second, script.now);
    assert_eq!(script.download.committed(), 100);
    let (third, extent) = verify(&mut script);
    assert_eq!(bounds(extent), 150..200);
    script.serve(&request);
    let further = script.requests();
    assert_eq!(ranges(&further), ["bytes=200-299"]);
    script.serve(&further[0]);
    assert_eq!(script.wait(), None, "a claim is not believed");
    script.download.handle_verified(third, script.now);
    let outcome = script.done();
    assert_eq!(
        (outcome.resumed, outcome.fetched, outcome.requests),
        (150, 150, 2)
    );
    assert_eq!(Some(outcome.crc64), state.crc64);
}

#[test]
fn a_claim_that_is_not_true_is_fetched_again_and_it_alone() {
    let state = State::new(0, 300);
    let mut script = resume(&state, &journal(&state, &[0, 2, 3]));
    let (first, _) = verify(&mut script);
    let (second, _) = verify(&mut script);
    let missing = script.request();
    script.serve(&missing);
    script.download.handle_verified(first, script.now);
    script.download.handle_refuted(second, script.now);
    let (third, _) = verify(&mut script);
    script.download.handle_verified(third, script.now);
    let further = script.requests();
    assert_eq!(ranges(&further), ["bytes=100-149", "bytes=200-299"]);
    further.iter().for_each(|request| script.serve(request));
    let outcome = script.done();
    assert_eq!((outcome.resumed, outcome.fetched), (100, 200));
    let checkpoint = Checkpoint::read(&script.journal, &get()).unwrap();
    let claimed: u64 = checkpoint.claims().map(|claim| claim.len()).sum();
    assert_eq!(claimed, 300, "the later record of the same bytes counts");
}

#[test]
fn claims_are_taken_for_facts_where_that_is_asked_for() {
    let state = State::new(0, 300);
    let checkpoint = Checkpoint::read(&journal(&state, &[0, 2]), &get()).unwrap();
    let options = options().trust_claims();
    let mut script = Script::resume(state, get(), options, &checkpoint);
    assert_eq!(script.download.committed(), 100);
    let outcome = script.run().unwrap();
    assert_eq!((outcome.resumed, outcome.fetched), (100, 200));
}

#[test]
fn a_complete_checkpoint_is_confirmed_by_one_byte() {
    let state = State::new(0, 300);
    let mut script = resume(&state, &journal(&state, &[0, 1, 2, 3, 4, 5]));
    let mut claims = vec![verify(&mut script).0, verify(&mut script).0];
    let request = script.request();
    assert_eq!(range(&request), "bytes=0-0");
    assert!(
        script.answer(&request).is_none(),
        "the byte itself is there"
    );
    while let Some(claim) = claims.pop() {
        script.download.handle_verified(claim, script.now);
        match script.poll() {
            Output::Verify { claim, .. } => claims.push(claim),
            Output::WaitUntil(None) => {}
            Output::Done(outcome) => {
                assert_eq!((outcome.fetched, outcome.resumed), (0, 300));
                return;
            }
            other => panic!("unexpected {other:?}"),
        }
    }
    panic!("not done");
}

#[test]
fn a_checkpoint_of_an_object_that_has_changed_since_is_discarded() {
    let state = State::new(0, 300);
    for parts in [vec![0, 2], vec![0, 1, 2, 3, 4, 5]] {
        let mut script = resume(&state, &journal(&state, &parts));
        script.state = State::new(1, 250);
        let (claim, _) = verify(&mut script);
        verify(&mut script);
        let request = script.request();
        script.serve(&request);
        assert!(matches!(script.poll(), Output::Discard));
        script.download.handle_verified(claim, script.now);
        assert_eq!(script.download.committed(), 0, "that came too late");
        let first = script.request();
        assert_eq!(first.get.conditions, get().conditions);
        script.serve(&first);
        let further = script.requests();
        // The object changes once more: the restart of this run is not spent.
        script.state = State::new(2, 350);
        script.serve(&further[0]);
        script.stop_all(1);
        assert!(matches!(script.poll(), Output::Discard));
        let outcome = script.run().unwrap();
        assert_eq!((outcome.range, outcome.resumed), (0..350, 0));
    }
}

#[test]
fn bytes_that_came_wrong_in_a_former_run_cost_one_more_try() {
    let state = State::new(0, 300);
    let mut wrong = state.clone().without_crc64();
    wrong.bytes[10] ^= 1;
    let checkpoint = Checkpoint::read(&journal(&wrong, &[0]), &get()).unwrap();
    let options = options().trust_claims();
    let mut script = Script::resume(state.clone(), get(), options, &checkpoint);
    let outcome = script.run().unwrap();
    assert_eq!(Some(outcome.crc64), state.crc64);
    assert!(outcome.restarted);
    assert_eq!(outcome.resumed, 0);
}

#[test]
fn conditions_of_the_request_hold_for_a_resumed_download_too() {
    let state = State::new(0, 300);
    let asked = get().if_none_match(ETag::new("state-0").unwrap());
    let checkpoint = Checkpoint::read(&journal(&state, &[0]), &asked).unwrap();
    let mut script = Script::resume(state, asked, options(), &checkpoint);
    let claims = verify(&mut script);
    assert_eq!(bounds(claims.1), 0..50);
    let request = script.request();
    script.serve(&request);
    assert_eq!(script.failed().failure(), Some(Failure::NotModified));
}

#[test]
fn the_part_size_may_be_another_one() {
    let state = State::new(0, 300);
    let checkpoint = Checkpoint::read(&journal(&state, &[1]), &get()).unwrap();
    let options = options().part_size(1_000).trust_claims();
    let mut script = Script::resume(state, get(), options, &checkpoint);
    let first = script.request();
    assert_eq!(range(&first), "bytes=0-49");
    script.serve(&first);
    assert_eq!(ranges(&script.requests()), ["bytes=100-299"]);
}

#[test]
fn records_are_written_by_bytes_by_time_and_at_the_end_of_a_range() {
    let mut script = Script::new(State::new(0, 300), get(), options());
    let first = script.request();
    let mut fetch = script.answer(&first).unwrap();
    assert_eq!(script.requests().len(), 1);
    let header = script.journal.len();
    let records = |script: &mut Script| {
        script.requests();
        (script.journal.len() - header) / 32
    };
    script.write(&mut fetch, 49);
    assert_eq!(records(&mut script), 0);
    script.write(&mut fetch, 1);
    assert_eq!(records(&mut script), 1, "50 bytes");
    script.write(&mut fetch, 20);
    assert_eq!(records(&mut script), 1);
    script.now += SECOND;
    assert_eq!(records(&mut script), 2, "one second");
    script.write(&mut fetch, 5);
    script.finish(fetch);
    assert_eq!(records(&mut script), 3, "the end of the range");
}

#[test]
fn a_journal_is_rewritten_before_it_grows_too_long() {
    let size = 100_000;
    let options = Options::new()
        .part_size(size as u64 - 1)
        .connections(1)
        .record_every(1, SECOND);
    let mut script = Script::new(State::new(0, size), get(), options);
    let first = script.request();
    let mut fetch = script.answer(&first).unwrap();
    let mut longest = 0;
    for _ in 1..size {
        script.write(&mut fetch, 1);
        script.requests();
        longest = longest.max(script.journal.len());
    }
    assert!(script.rewrites >= 2, "{}", script.rewrites);
    assert!(
        longest < cos_transfer::engine::journal::MAX_LEN / 2,
        "{longest}"
    );
    let checkpoint = Checkpoint::read(&script.journal, &get()).unwrap();
    let claimed: u64 = checkpoint.claims().map(|claim| claim.len()).sum();
    assert_eq!(claimed, size as u64 - 1);
    for claim in checkpoint.claims() {
        let bytes = script.state.body(claim.offset()..claim.end());
        assert_eq!(crc64::checksum(bytes), claim.crc64());
    }
}
