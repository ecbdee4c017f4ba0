//! One range on its way: its attempts, and what has come of them.

use core::mem;
use core::ops::Range;
use core::time::Duration;

use alloc::boxed::Box;

use cos_proto::{Extent, GetObject, RetryBudget, crc64};

use super::TaskId;
use super::meter::Meter;

/// A range that has one of the connections, through all its attempts.
///
/// ```text
///          request          head           end, all there
///   Ready ────────> Asked ───────> Fetching ────────────> gone
///     ^ ^             │               │
///     │ └─────────────┼───────────────┤ stopped to be asked for on another connection
///     │ time is up    │ failure       │ failure, or end with bytes missing
///     └─── Waiting <──┴───────────────┘
/// ```
#[derive(Clone, Debug)]
pub(super) struct Task {
    /// That of the last request.
    pub(super) id: TaskId,
    /// The bytes that it is to bring. Before the first answer of all, they are not known.
    pub(super) range: Range<u64>,
    pub(super) state: State,
    pub(super) budget: RetryBudget,
    /// The driver was told to end it.
    pub(super) stopping: bool,
    /// Whether the driver was asked to let it end early.
    pub(super) split: Split,
    /// What the present attempt has written.
    attempt: Extent,
    unrecorded: Unrecorded,
    slowness: Slowness,
}

#[derive(Clone, Debug)]
pub(super) enum State {
    /// To be asked for.
    Ready,
    /// To be asked for, not before this time.
    Waiting(Duration),
    /// Asked for by this request; the head has not come.
    Asked(Box<GetObject>),
    /// The body is coming.
    Fetching(Meter),
}

/// Whether the end of a body may be given to another connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Split {
    Possible,
    /// The driver was asked and has not answered: a connection is kept for what it gives up.
    Asked,
    /// The driver has given nothing up.
    Refused,
}

/// What is written and not recorded, and since when.
#[derive(Clone, Copy, Debug, Default)]
struct Unrecorded {
    extent: Extent,
    since: Duration,
}

/// Since when the connection has been too slow, by either measure.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Slowness {
    pub(super) crawls: Option<Duration>,
    pub(super) trickles: Option<Duration>,
}

impl Task {
    pub(super) fn new(range: Range<u64>, budget: RetryBudget) -> Self {
        Self {
            id: TaskId(0),
            attempt: nothing_at(range.start),
            unrecorded: Unrecorded::default(),
            range,
            state: State::Ready,
            budget,
            stopping: false,
            split: Split::Possible,
            slowness: Slowness::default(),
        }
    }

    /// Whether its request is to be sent now.
    pub(super) fn is_due(&self, now: Duration) -> bool {
        match self.state {
            State::Ready => true,
            State::Waiting(until) => until <= now,
            State::Asked(_) | State::Fetching(_) => false,
        }
    }

    /// Whether the driver has something under way for it.
    pub(super) const fn is_under_way(&self) -> bool {
        matches!(self.state, State::Asked(_) | State::Fetching(_))
    }

    /// What is not there yet.
    pub(super) fn rest(&self) -> Range<u64> {
        self.attempt.end()..self.range.end
    }

    /// Its request is sent.
    pub(super) fn ask(&mut self, id: TaskId, get: GetObject) {
        self.id = id;
        self.attempt = nothing_at(self.attempt.end());
        self.state = State::Asked(Box::new(get));
        self.stopping = false;
        self.split = Split::Possible;
    }

    /// Its head has come: the body is of this range, and the task's range ends with it.
    pub(super) fn fetch(&mut self, range: Range<u64>, now: Duration) {
        self.attempt = nothing_at(range.start);
        self.range = range;
        self.state = State::Fetching(Meter::new(now));
        self.slowness = Slowness::default();
    }

    /// Waits for another attempt. The bytes of the last one stay.
    pub(super) fn wait(&mut self, until: Duration) {
        self.state = State::Waiting(until);
    }

    /// Takes what the present attempt has written in all, and gives what of it is new; `None` for
    /// what the task cannot have written.
    pub(super) fn report(&mut self, so_far: Extent, now: Duration) -> Option<u64> {
        let State::Fetching(meter) = &mut self.state else {
            return None;
        };
        if so_far.end() > self.range.end {
            return None;
        }
        let new = beyond(&self.attempt, &so_far)?;
        meter.add(new.len(), now);
        self.attempt = so_far;
        self.unrecorded = match self.unrecorded.extent.followed_by(&new) {
            Some(extent) if !self.unrecorded.extent.is_empty() => Unrecorded {
                extent,
                since: self.unrecorded.since,
            },
            _ => Unrecorded {
                extent: new,
                since: now,
            },
        };
        Some(new.len())
    }

    /// Bytes that are written and not recorded.
    pub(super) const fn unrecorded(&self) -> u64 {
        self.unrecorded.extent.len()
    }

    /// When what is unrecorded is to be recorded at the latest; `None` where there is nothing.
    pub(super) fn record_by(&self, bytes: u64, time: Duration) -> Option<Duration> {
        match self.unrecorded() {
            0 => None,
            written if written >= bytes => Some(Duration::ZERO),
            _ => Some(self.unrecorded.since.saturating_add(time)),
        }
    }

    pub(super) fn take_unrecorded(&mut self) -> Option<Extent> {
        let extent = mem::take(&mut self.unrecorded).extent;
        (!extent.is_empty()).then_some(extent)
    }

    /// Throws away what was written: it cannot be told to belong to what comes next.
    pub(super) fn rewind(&mut self) {
        self.attempt = nothing_at(self.range.start);
        self.unrecorded = Unrecorded::default();
    }

    /// How fast the body comes; `None` where none comes, or it is too early to say.
    pub(super) fn rate(&self, now: Duration) -> Option<u64> {
        self.meter()?.rate(now)
    }

    pub(super) const fn meter(&self) -> Option<&Meter> {
        match &self.state {
            State::Fetching(meter) => Some(meter),
            State::Ready | State::Waiting(_) | State::Asked(_) => None,
        }
    }

    pub(super) const fn slowness_mut(&mut self) -> &mut Slowness {
        &mut self.slowness
    }
}

fn nothing_at(offset: u64) -> Extent {
    Extent::new(offset, 0, 0).unwrap_or_default()
}

/// What `all` has beyond `known`, which it begins with.
fn beyond(known: &Extent, all: &Extent) -> Option<Extent> {
    if known.offset() != all.offset() {
        return None;
    }
    let len = all.len().checked_sub(known.len())?;
    // The combination is the left side shifted, plus the right side: adding the former once more
    // leaves the latter.
    let crc64 = crc64::combine(known.crc64(), 0, len) ^ all.crc64();
    Extent::new(known.end(), len, crc64)
}

#[cfg(test)]
mod tests {
    use cos_proto::{Bucket, Key};
    use proptest::prelude::*;
    use std::vec::Vec;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn get() -> GetObject {
        GetObject::new(Bucket::new("b-1").unwrap(), Key::new("k").unwrap())
    }

    fn fetching(range: Range<u64>) -> Task {
        let mut task = Task::new(range.clone(), RetryBudget::default());
        task.ask(TaskId(1), get());
        task.fetch(range, SECOND);
        task
    }

    fn zeros(offset: u64, len: usize) -> Extent {
        let crc = crc64::checksum(&std::vec![0; len]);
        Extent::new(offset, len as u64, crc).unwrap()
    }

    #[test]
    fn what_cannot_have_been_written_is_refused() {
        let mut task = fetching(100..200);
        assert_eq!(task.report(zeros(100, 10), SECOND), Some(10));
        assert_eq!(task.report(zeros(100, 9), SECOND), None);
        assert_eq!(task.report(zeros(101, 20), SECOND), None);
        assert_eq!(task.report(zeros(100, 101), SECOND), None);
        assert_eq!(task.report(zeros(100, 100), SECOND), Some(90));
        assert_eq!(task.rest(), 200..200);
        task.wait(SECOND);
        assert_eq!(task.report(zeros(100, 100), SECOND), None);
    }

    #[test]
    fn records_are_due_by_bytes_or_by_time() {
        let mut task = fetching(0..100);
        assert_eq!(task.record_by(50, SECOND), None);
        task.report(zeros(0, 49), SECOND);
        assert_eq!(task.record_by(50, SECOND), Some(2 * SECOND));
        task.report(zeros(0, 50), 5 * SECOND);
        assert_eq!(task.record_by(50, SECOND), Some(Duration::ZERO));
        assert_eq!(task.take_unrecorded(), Some(zeros(0, 50)));
        assert_eq!(task.take_unrecorded(), None);
        task.report(zeros(0, 60), 7 * SECOND);
        assert_eq!(task.record_by(50, SECOND), Some(8 * SECOND));
    }

    #[test]
    fn the_next_attempt_goes_on_where_the_last_one_stopped() {
        let mut task = fetching(0..100);
        task.report(zeros(0, 40), SECOND);
        task.wait(3 * SECOND);
        assert!(!task.is_due(2 * SECOND));
        assert!(task.is_due(3 * SECOND));
        assert_eq!(task.rest(), 40..100);
        task.ask(TaskId(2), get());
        assert!(!task.is_due(9 * SECOND) && task.is_under_way());
        task.fetch(40..100, SECOND);
        assert_eq!(task.report(zeros(40, 1), SECOND), Some(1));
    }

    #[test]
    fn what_is_thrown_away_is_asked_for_anew() {
        let mut task = fetching(0..100);
        task.report(zeros(0, 40), SECOND);
        task.rewind();
        assert_eq!((task.rest(), task.unrecorded()), (0..100, 0));
    }

    proptest! {
        #[test]
        fn what_is_new_is_cut_off_what_was_written_in_all(
            bytes: Vec<u8>,
            cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..5),
        ) {
            let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
            cuts.sort_unstable();
            let mut task = fetching(7..7 + bytes.len() as u64);
            let mut from = 0;
            for cut in cuts {
                let so_far = Extent::new(7, cut as u64, crc64::checksum(&bytes[..cut])).unwrap();
                prop_assert_eq!(task.report(so_far, SECOND), Some((cut - from) as u64));
                let new = &bytes[from..cut];
                let new = Extent::new(7 + from as u64, new.len() as u64, crc64::checksum(new)).unwrap();
                prop_assert_eq!(task.take_unrecorded(), (!new.is_empty()).then_some(new));
                from = cut;
            }
        }
    }
}
