//! Schedules: what may happen to a download, and what has to hold whatever happens. The model makes
//! them at random; the fuzzer makes them of bytes.

use std::time::Duration;

use cos_proto::{ByteRange, Failure, GetObject};
use cos_transfer::engine::{Error, Mode, Options};

use crate::simulation::{Seen, Simulation};
use crate::world::{Numbers, State, get};

/// What happens next.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Event {
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
pub(crate) enum Damage {
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
pub(crate) struct Setup {
    pub(crate) len: usize,
    pub(crate) etag: bool,
    pub(crate) crc64: bool,
    pub(crate) range: Option<ByteRange>,
    pub(crate) ordered: Option<u64>,
    pub(crate) part_size: u64,
    pub(crate) connections: usize,
    pub(crate) record_bytes: u64,
    pub(crate) split_bytes: u64,
    pub(crate) trust: bool,
    pub(crate) deaf: bool,
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
pub(crate) fn run(setup: &Setup, events: &[Event], seed: u64) -> Seen {
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
