//! The reference model: whatever the schedule, the file is right or the error is, and every run
//! ends.

use std::time::Duration;

use cos_proto::{ByteRange, Failure, GetObject};
use cos_transfer::engine::{Error, Mode, Options};
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;

use crate::simulation::{Seen, Simulation};
use crate::world::{Numbers, State, get};

/// What happens next.
#[derive(Clone, Copy, Debug)]
enum Event {
    /// An answer, or some bytes, on one of the connections.
    Advance { which: u64, chunk: u64 },
    /// A request or a body fails.
    Fail { which: u64, kind: u64 },
    /// A claim has been read back.
    Verify { which: u64 },
    /// Bytes go out in order.
    Deliver { most: u64 },
    /// Time passes.
    Pass { ms: u64 },
    /// Somebody writes another object in this one's place.
    Change { len: u64 },
    /// The process is killed, and the disk may be damaged.
    Crash { damage: Damage },
    /// The application gives up, and starts again.
    Cancel,
    /// There are more connections, or fewer.
    Connections { count: u64 },
}

/// What a crash does to the journal or the file.
#[derive(Clone, Copy, Debug)]
enum Damage {
    None,
    CutJournal { at: u64 },
    FlipJournal { bit: u64 },
    ZeroJournal { from: u64, len: u64 },
    GarbageInJournal { at: u64, seed: u64 },
    NoJournal,
    FlipFile { bit: u64 },
    CutFile { at: u64 },
}

/// What is downloaded, and how.
#[derive(Clone, Debug)]
struct Setup {
    len: usize,
    etag: bool,
    crc64: bool,
    range: Option<ByteRange>,
    ordered: Option<u64>,
    part_size: u64,
    connections: usize,
    record_bytes: u64,
    split_bytes: u64,
    trust: bool,
    deaf: bool,
}

impl Setup {
    fn asked(&self) -> GetObject {
        let mut asked = get();
        asked.range = self.range;
        asked
    }

    fn mode(&self) -> Mode {
        match self.ordered {
            Some(window) => Mode::Ordered { window },
            None => Mode::File,
        }
    }

    fn options(&self) -> Options {
        let options = Options::new()
            .part_size(self.part_size)
            .connections(self.connections)
            .mode(self.mode())
            .record_every(self.record_bytes, Duration::from_secs(1))
            .split_bytes(self.split_bytes);
        if self.trust {
            options.trust_claims()
        } else {
            options
        }
    }

    fn state(&self, number: u64, len: usize) -> State {
        let mut state = State::new(number, len);
        if !self.etag {
            state = state.without_etag();
        }
        if !self.crc64 {
            state = state.without_crc64();
        }
        state
    }
}

/// Runs a schedule, then lets everything go well until the end.
fn run(setup: &Setup, events: &[Event], seed: u64) -> Seen {
    let mut numbers = Numbers(seed);
    let first = setup.state(0, setup.len);
    let mut sim = Simulation::new(first, setup.asked(), setup.options(), setup.mode());
    sim.deaf = setup.deaf;
    let mut cancelled = false;
    for event in events {
        sim.settle(&mut numbers);
        if sim.is_over() {
            break;
        }
        match *event {
            Event::Advance { which, chunk } => sim.advance(which, chunk),
            Event::Fail { which, kind } => sim.fail(which, kind),
            Event::Verify { which } => sim.verify(which),
            Event::Deliver { most } => sim.deliver(most),
            Event::Pass { ms } => sim.now += Duration::from_millis(ms),
            Event::Change { len } if sim.seen.changes < 3 => {
                let number = u64::from(sim.seen.changes) + 1;
                sim.change(setup.state(number, len as usize));
            }
            Event::Change { .. } => {}
            Event::Crash { damage } => {
                spoil(&mut sim, damage, setup.trust);
                sim.crash();
            }
            Event::Cancel => {
                sim.cancel();
                cancelled = true;
            }
            Event::Connections { count } => sim.set_connections(count),
        }
    }
    go_well(&mut sim, &mut numbers);
    check_end(setup, &sim, cancelled);

    // Whatever has failed, the next run succeeds: no checkpoint stands in its way.
    if matches!(sim.end(), Some(Err(_))) {
        sim.crash();
        go_well(&mut sim, &mut numbers);
        check_end(setup, &sim, false);
    }
    sim.seen
}

/// No more faults, and a step at a time until the end, which has to come.
fn go_well(sim: &mut Simulation, numbers: &mut Numbers) {
    for _ in 0..100_000 {
        let until = sim.settle(numbers);
        if sim.is_over() {
            return;
        }
        if sim.is_idle()
            && let Some(until) = until
        {
            sim.now = until;
        }
        sim.now += Duration::from_millis(numbers.below(20));
        let (which, chunk) = (numbers.next(), numbers.next());
        sim.advance(which, chunk);
        sim.verify(which);
        sim.deliver(50);
    }
    panic!("the run does not end: {:?}", sim.download());
}

fn check_end(setup: &Setup, sim: &Simulation, cancelled: bool) {
    match sim.end().unwrap() {
        Ok(outcome) => {
            let wanted = |state: &State| match setup.range {
                None => Some(0..state.size()),
                Some(range) => range
                    .resolve(state.size())
                    .or_else(|| (state.size() == 0).then_some(0..0)),
            };
            let is_it = |state: &&State| {
                wanted(state).is_some_and(|range| {
                    outcome.range == range && sim.disk.file == state.body(range)
                })
            };
            assert!(
                sim.states.iter().any(|state| is_it(&state)),
                "the file is wrong: {outcome:?}"
            );
            assert_eq!(outcome.crc64, cos_proto::crc64::checksum(&sim.disk.file));
            assert!(sim.disk.file.starts_with(sim.delivered()));
        }
        Err(Error::Cancelled) => assert!(cancelled),
        Err(Error::Changed(_)) => assert!(sim.seen.changes > 0),
        Err(Error::Exhausted { .. }) => assert!(sim.seen.faults + sim.seen.stops > 0),
        Err(Error::Refused {
            failure: Failure::RangeNotSatisfiable { .. },
            ..
        }) => {
            let range = setup.range.unwrap();
            assert!(
                sim.states
                    .iter()
                    .any(|state| range.resolve(state.size()).is_none())
            );
        }
        Err(error) => panic!("nothing in the schedule explains {error:?}"),
    }
}

fn spoil(sim: &mut Simulation, damage: Damage, trust: bool) {
    let journal = &mut sim.disk.journal;
    let file = &mut sim.disk.file;
    let flip = |bytes: &mut Vec<u8>, bit: u64| {
        if let Some(at) = (bit / 8).checked_rem(bytes.len() as u64) {
            bytes[at as usize] ^= 1 << (bit % 8);
        }
    };
    match damage {
        // Who trusts has nobody look at the file.
        Damage::FlipFile { .. } | Damage::CutFile { .. } if trust => {}
        Damage::None => {}
        Damage::CutJournal { at } => journal.truncate(at as usize % (journal.len() + 1)),
        Damage::FlipJournal { bit } => flip(journal, bit),
        Damage::ZeroJournal { from, len } => {
            let from = from as usize % (journal.len() + 1);
            let to = (from + len as usize).min(journal.len());
            journal[from..to].fill(0);
        }
        Damage::GarbageInJournal { at, seed } => {
            let mut numbers = Numbers(seed);
            let at = at as usize % (journal.len() + 1);
            let garbage = (0..numbers.below(70)).map(|_| numbers.next() as u8);
            let garbage: Vec<u8> = garbage.collect();
            journal.splice(at..at, garbage);
        }
        Damage::NoJournal => journal.clear(),
        Damage::FlipFile { bit } => flip(file, bit),
        Damage::CutFile { at } => file.truncate(at as usize % (file.len() + 1)),
    }
}

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
        seen.changes,
        seen.crashes,
        seen.delivered,
    ];
    assert!(counts.iter().all(|&count| count >= 5), "{seen:?}");
}
