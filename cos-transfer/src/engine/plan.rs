//! What is still to be asked for.

use core::ops::Range;

use alloc::collections::BTreeMap;

use super::{Mode, Options};

/// The bytes that are wanted and that no task has, cut into parts only when they are taken: the
/// plan of 50 TB is as small as that of a megabyte.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    /// Start and end of each gap; they neither overlap nor touch.
    gaps: BTreeMap<u64, u64>,
    part_size: u64,
    window: Option<u64>,
    delivered: u64,
}

impl Plan {
    /// Nothing is wanted yet.
    pub(super) fn new(options: &Options) -> Self {
        let (part_size, window) = match options.mode {
            Mode::File => (options.part_size, None),
            Mode::Ordered { window } => {
                let connections = u64::try_from(options.connections).unwrap_or(u64::MAX);
                let share = window.checked_div(connections).unwrap_or(window);
                (options.part_size.min(share.max(1)), Some(window))
            }
        };
        Self {
            gaps: BTreeMap::new(),
            part_size,
            window,
            delivered: 0,
        }
    }

    /// Bytes of a part.
    pub(super) const fn part_size(&self) -> u64 {
        self.part_size
    }

    /// Wants a range that is not wanted yet.
    pub(super) fn want(&mut self, range: Range<u64>) {
        if range.is_empty() {
            return;
        }
        let Range { mut start, mut end } = range;
        if let Some((&before, &reaches)) = self.gaps.range(..start).next_back()
            && reaches == start
        {
            start = before;
        }
        if let Some(reaches) = self.gaps.remove(&end) {
            end = reaches;
        }
        self.gaps.insert(start, end);
    }

    /// Takes the next part: the first bytes that are wanted, unless they lie beyond the window.
    pub(super) fn next(&mut self) -> Option<Range<u64>> {
        let (&start, &end) = self.gaps.first_key_value()?;
        let part = start..end.min(start.saturating_add(self.part_size));
        if self
            .window
            .is_some_and(|window| part.end > self.delivered.saturating_add(window))
        {
            return None;
        }
        self.gaps.remove(&start);
        if part.end < end {
            self.gaps.insert(part.end, end);
        }
        Some(part)
    }

    /// Moves the window: all bytes before `offset` have been delivered.
    pub(super) fn deliver(&mut self, offset: u64) {
        self.delivered = self.delivered.max(offset);
    }

    /// Whether every byte that is wanted has been taken.
    pub(super) fn is_empty(&self) -> bool {
        self.gaps.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use std::vec::Vec;

    use super::*;

    fn plan(options: Options) -> Plan {
        Plan::new(&options)
    }

    #[test]
    fn parts_are_cut_from_the_front() {
        let mut plan = plan(Options::new().part_size(10));
        plan.want(5..28);
        let parts: Vec<_> = core::iter::from_fn(|| plan.next()).collect();
        assert_eq!(parts, [5..15, 15..25, 25..28]);
        assert!(plan.is_empty());
    }

    #[test]
    fn what_comes_back_is_taken_first_and_joined() {
        let mut plan = plan(Options::new().part_size(10));
        plan.want(50..100);
        plan.want(0..5);
        plan.want(10..15);
        plan.want(5..10);
        plan.want(7..7);
        assert_eq!(plan.next(), Some(0..10));
        assert_eq!(plan.next(), Some(10..15));
        assert_eq!(plan.next(), Some(50..60));
    }

    #[test]
    fn nothing_beyond_the_window_is_taken() {
        let mode = Mode::Ordered { window: 20 };
        let mut plan = plan(Options::new().part_size(100).connections(2).mode(mode));
        assert_eq!(plan.part_size(), 10);
        plan.want(0..100);
        assert_eq!(
            [plan.next(), plan.next(), plan.next()],
            [Some(0..10), Some(10..20), None]
        );
        plan.deliver(9);
        assert_eq!(plan.next(), None);
        plan.deliver(10);
        plan.deliver(3);
        assert_eq!([plan.next(), plan.next()], [Some(20..30), None]);
        assert!(!plan.is_empty());
    }

    #[test]
    fn a_window_smaller_than_the_connections_still_moves() {
        let mode = Mode::Ordered { window: 1 };
        let mut plan = plan(Options::new().connections(5).mode(mode));
        plan.want(0..3);
        for offset in 0..3 {
            plan.deliver(offset);
            assert_eq!([plan.next(), plan.next()], [Some(offset..offset + 1), None]);
        }
    }

    #[test]
    fn the_plan_of_the_largest_object_does_not_overflow() {
        let mut plan = plan(Options::new().part_size(u64::MAX));
        plan.want(u64::MAX - 1..u64::MAX);
        assert_eq!(plan.next(), Some(u64::MAX - 1..u64::MAX));
    }
}
