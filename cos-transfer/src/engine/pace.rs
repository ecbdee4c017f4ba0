//! Which connection is too slow, and which range is worth splitting.

use core::time::Duration;

use alloc::collections::VecDeque;
use alloc::vec::Vec;

use cos_proto::RetryBudget;

use super::meter::Meter;
use super::task::{Slowness, Task};

/// What is known of how fast connections are.
#[derive(Clone, Debug, Default)]
pub(super) struct Pace {
    /// When, and how fast, the last ranges ended.
    finished: VecDeque<(Duration, u64)>,
}

impl Pace {
    /// How often the pace is looked at while bodies come.
    pub(super) const TICK: Duration = Duration::from_millis(250);

    /// A connection crawls below this part of the median.
    const CRAWL: u64 = 4;

    /// How long it may crawl.
    const CRAWL_TIME: Duration = Duration::from_secs(3);

    /// Connections that have to be measured before one can be told to crawl.
    const ENOUGH: usize = 3;

    /// Bytes per second below which a connection is as good as dead, and for how long it may be.
    const TRICKLE: u64 = 1024;
    const TRICKLE_TIME: Duration = Duration::from_secs(30);

    /// How many of the last ranges count, and for how long: long enough that a slow connection can
    /// be held against ranges that took less than its time to judge.
    const KEPT: usize = 8;
    const KEPT_TIME: Duration = Duration::from_secs(10);

    /// The least that a split has to save, about: a new connection costs a few round trips.
    const WORTH: Duration = Duration::from_millis(500);

    /// A body has ended.
    pub(super) fn finish(&mut self, meter: &Meter, now: Duration) {
        if meter.bytes() < RetryBudget::PROGRESS {
            return;
        }
        if self.finished.len() >= Self::KEPT {
            self.finished.pop_front();
        }
        self.finished.push_back((now, meter.overall(now)));
    }

    /// The median of what is measured, in bytes per second; `None` where that is too little.
    pub(super) fn median(&self, tasks: &[Task], now: Duration) -> Option<u64> {
        let finished = self
            .finished
            .iter()
            .filter_map(|(at, rate)| (now.saturating_sub(*at) <= Self::KEPT_TIME).then_some(*rate));
        let running = tasks.iter().filter_map(|task| task.rate(now));
        let mut rates: Vec<u64> = finished.chain(running).collect();
        rates.sort_unstable();
        let middle = rates.len().checked_div(2)?;
        (rates.len() >= Self::ENOUGH)
            .then(|| rates.get(middle).copied())
            .flatten()
    }

    /// Looks at a connection of this rate, and says whether it has been too slow for too long.
    pub(super) fn judge(
        slowness: &mut Slowness,
        rate: u64,
        median: Option<u64>,
        now: Duration,
    ) -> Verdict {
        let crawls = median.is_some_and(|median| rate.saturating_mul(Self::CRAWL) < median);
        let since = |slow: bool, since: Option<Duration>| slow.then(|| since.unwrap_or(now));
        slowness.crawls = since(crawls, slowness.crawls);
        slowness.trickles = since(rate < Self::TRICKLE, slowness.trickles);
        let lasts = |since: Option<Duration>, time| {
            since.is_some_and(|since| now.saturating_sub(since) >= time)
        };
        if lasts(slowness.trickles, Self::TRICKLE_TIME) {
            Verdict::Trickles
        } else if lasts(slowness.crawls, Self::CRAWL_TIME) {
            Verdict::Crawls
        } else {
            Verdict::Fine
        }
    }

    /// How many of the last bytes of a range another connection should fetch, so that both end
    /// together: none where it is not worth it.
    ///
    /// `rate` is the range's own; the other connection is expected to be as fast as the median, or
    /// as this one.
    pub(super) fn share(rest: u64, rate: u64, median: Option<u64>, least: u64) -> Option<u64> {
        let time = u128::from(rest)
            .saturating_mul(1000)
            .checked_div(u128::from(rate))
            .unwrap_or(u128::MAX);
        if time < Self::WORTH.as_millis() {
            return None;
        }
        let other = u128::from(median.unwrap_or(rate).max(1));
        let both = other.saturating_add(u128::from(rate));
        let share = u128::from(rest).saturating_mul(other).checked_div(both)?;
        u64::try_from(share).ok().filter(|&share| share >= least)
    }
}

/// Whether a connection is too slow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Fine,
    /// Slower by far than the others.
    Crawls,
    /// As good as dead.
    Trickles,
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);
    const MIB: u64 = 1024 * 1024;

    fn finished(rates: &[u64]) -> Pace {
        let mut pace = Pace::default();
        for rate in rates {
            let mut meter = Meter::new(SECOND);
            meter.add(*rate, SECOND);
            pace.finish(&meter, 2 * SECOND);
        }
        pace
    }

    #[test]
    fn three_measured_connections_have_a_median() {
        assert_eq!(finished(&[MIB, 3 * MIB]).median(&[], 2 * SECOND), None);
        let pace = finished(&[MIB, 3 * MIB, 9 * MIB]);
        assert_eq!(pace.median(&[], 2 * SECOND), Some(3 * MIB));
        assert_eq!(pace.median(&[], 12 * SECOND), Some(3 * MIB));
        assert_eq!(pace.median(&[], 13 * SECOND), None, "that is long ago");
    }

    #[test]
    fn a_handful_of_bytes_measures_nothing() {
        assert_eq!(finished(&[100, 100, 100]).median(&[], 2 * SECOND), None);
    }

    #[test]
    fn below_a_quarter_of_the_median_for_three_seconds_is_a_crawl() {
        let judge = |slowness: &mut Slowness, rate, second| {
            Pace::judge(slowness, rate, Some(4 * MIB), second * SECOND)
        };
        let mut slowness = Slowness::default();
        assert_eq!(judge(&mut slowness, MIB - 1, 10), Verdict::Fine);
        assert_eq!(judge(&mut slowness, MIB - 1, 12), Verdict::Fine);
        assert_eq!(judge(&mut slowness, MIB - 1, 13), Verdict::Crawls);
        assert_eq!(judge(&mut slowness, MIB, 14), Verdict::Fine);
        assert_eq!(
            judge(&mut slowness, MIB - 1, 16),
            Verdict::Fine,
            "it is counted anew"
        );
        assert_eq!(
            Pace::judge(&mut slowness, 2000, None, 60 * SECOND),
            Verdict::Fine
        );
    }

    #[test]
    fn below_a_kibibyte_a_second_for_thirty_is_a_trickle() {
        let mut slowness = Slowness::default();
        let mut judge = |rate, second| Pace::judge(&mut slowness, rate, None, second * SECOND);
        assert_eq!(judge(1023, 0), Verdict::Fine);
        assert_eq!(judge(1023, 29), Verdict::Fine);
        assert_eq!(judge(0, 30), Verdict::Trickles);
    }

    #[test]
    fn a_split_lets_both_connections_end_together() {
        let share = |rate, median| Pace::share(20 * MIB, rate, median, MIB);
        assert_eq!(share(MIB, None), Some(10 * MIB));
        assert_eq!(share(MIB, Some(3 * MIB)), Some(15 * MIB));
        assert_eq!(share(0, Some(MIB)), Some(20 * MIB));
        assert_eq!(share(0, None), Some(20 * MIB));
        assert_eq!(
            share(41 * MIB, None),
            None,
            "it is over in less than half a second"
        );
        assert_eq!(share(MIB, Some(1)), None, "too few bytes for a request");
    }
}
