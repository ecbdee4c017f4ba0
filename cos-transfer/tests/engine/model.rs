//! The reference model: whatever the schedule, the file is right or the error is, and every run
//! ends.

use cos_proto::ByteRange;
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;

use crate::schedule::{Damage, Event, Setup, run};
use crate::simulation::Seen;

fn event() -> impl Strategy<Value = Event> {
    let number = any::<u64>();
    prop_oneof![
        30 => (number, number).prop_map(|(which, chunk)| Event::Advance { which, chunk }),
        2 => (number, number).prop_map(|(which, kind)| Event::Fail { which, kind }),
        3 => number.prop_map(|which| Event::Verify { which }),
        3 => (1..400_u64).prop_map(|most| Event::Deliver { most }),
        4 => (0..2_000_u64).prop_map(|ms| Event::Pass { ms }),
        1 => (0..1_500_u64).prop_map(|len| Event::Change { len }),
        1 => damage().prop_map(|damage| Event::Crash { damage }),
        1 => (1..8_u64).prop_map(|count| Event::Connections { count }),
        1 => Just(Event::Cancel),
    ]
}

fn damage() -> impl Strategy<Value = Damage> {
    let number = any::<u64>();
    prop_oneof![
        3 => Just(Damage::None),
        2 => number.prop_map(|at| Damage::CutJournal { at }),
        2 => number.prop_map(|bit| Damage::FlipJournal { bit }),
        1 => (number, 0..100_u64).prop_map(|(from, len)| Damage::ZeroJournal { from, len }),
        1 => (number, number).prop_map(|(at, seed)| Damage::GarbageInJournal { at, seed }),
        1 => Just(Damage::NoJournal),
        4 => number.prop_map(|bit| Damage::FlipFile { bit }),
        3 => number.prop_map(|at| Damage::CutFile { at }),
    ]
}

fn setup() -> impl Strategy<Value = Setup> {
    let range = prop_oneof![
        6 => Just(None),
        1 => (0..1_500_u64, 0..1_500_u64).prop_map(|(first, len)| ByteRange::new(first, first + len).ok()),
        1 => (0..1_500_u64).prop_map(|first| Some(ByteRange::starting_at(first))),
        1 => (1..1_500_u64).prop_map(|len| ByteRange::suffix(len).ok()),
    ];
    let rarely = prop::bool::weighted(0.1);
    let ordered = prop::option::weighted(0.2, 1..600_u64);
    let numbers = (1..500_u64, 1..7_usize, 1..400_u64, 1..100_u64);
    (
        0..1_500_usize,
        rarely,
        rarely,
        range,
        ordered,
        numbers,
        rarely,
        rarely,
    )
        .prop_map(
            |(len, no_etag, no_crc64, range, ordered, numbers, trust, deaf)| Setup {
                len,
                etag: !no_etag,
                crc64: !no_crc64,
                range,
                ordered,
                part_size: numbers.0,
                connections: numbers.1,
                record_bytes: numbers.2,
                split_bytes: numbers.3,
                trust,
                deaf,
            },
        )
}

/// As many schedules as are run by default; `PROPTEST_CASES` asks for more.
const CASES: u32 = 1_000;

fn config() -> ProptestConfig {
    let config = ProptestConfig::default();
    ProptestConfig {
        cases: config.cases.max(CASES),
        max_shrink_iters: 20_000,
        ..config
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn the_file_is_right_or_the_error_is(
        setup in setup(),
        events in prop::collection::vec(event(), 0..250),
        seed: u64,
    ) {
        run(&setup, &events, seed);
    }
}

/// A model that never meets what it is there for proves nothing.
#[test]
fn schedules_reach_what_they_are_there_for() {
    let mut runner = TestRunner::deterministic();
    let schedule = (
        setup(),
        prop::collection::vec(event(), 100..250),
        any::<u64>(),
    );
    let mut seen = Seen::default();
    for _ in 0..250 {
        let (setup, events, seed) = schedule.new_tree(&mut runner).unwrap().current();
        seen.add(run(&setup, &events, seed));
    }
    let counts = [
        seen.splits,
        seen.stops,
        seen.discards,
        seen.verified,
        seen.refuted,
        seen.faults,
        seen.overruns,
        seen.changes,
        seen.crashes,
        seen.delivered,
    ];
    assert!(counts.iter().all(|&count| count >= 5), "{seen:?}");
}
