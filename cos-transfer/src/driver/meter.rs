//! Tells of progress, at times.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use crate::engine::Download;
use crate::{Progress, Transferred};

/// How often progress is told while bytes come.
const STEP: Duration = Duration::from_millis(100);

/// Over how long the rate is measured: long enough to read, short enough to be of now.
const RATE_TIME: Duration = Duration::from_secs(5);

/// Watches a machine, and tells a [`Progress`] of it.
pub(super) struct Meter {
    progress: Option<Arc<dyn Progress>>,
    /// What was told last, and when.
    told: Option<(Transferred, Duration)>,
    /// What had been fetched, at which time, not longer ago than the rate is measured over.
    fetched: VecDeque<(Duration, u64)>,
}

impl Meter {
    pub(super) fn new(progress: Option<Arc<dyn Progress>>) -> Self {
        Self {
            progress,
            told: None,
            fetched: VecDeque::new(),
        }
    }

    /// Looks at the machine, and tells what there is to tell if it is time to. `finished` says that
    /// it is, as nothing more will come.
    ///
    /// The answer is when it has to be looked at again, where something is not told yet.
    pub(super) fn look(
        &mut self,
        machine: &Download,
        now: Duration,
        finished: bool,
    ) -> Option<Duration> {
        let (progress, range) = (self.progress.as_ref()?, machine.range()?);
        let total = range.end.saturating_sub(range.start);
        let before = match &self.told {
            Some((told, at)) if told.total() == total => {
                let due = at.saturating_add(STEP);
                if !finished && now < due {
                    return (machine.committed() > told.committed()).then_some(due);
                }
                told.committed()
            }
            // The first time, or another object has taken the place: all counts from there.
            Some((told, _)) => told.committed().min(total),
            None => 0,
        };
        let rate = measure(&mut self.fetched, machine.fetched(), now);
        let told = Transferred::new(machine.committed().max(before).min(total), total)
            .resumed_from(machine.resumed())
            .at_rate(rate);
        if self.told.is_none_or(|(last, _)| last != told) {
            progress.update(told);
        }
        self.told = Some((told, now));
        None
    }
}

/// Bytes per second, from the oldest sample to now.
fn measure(samples: &mut VecDeque<(Duration, u64)>, fetched: u64, now: Duration) -> u64 {
    while samples
        .front()
        .is_some_and(|(at, _)| now.saturating_sub(*at) > RATE_TIME)
    {
        samples.pop_front();
    }
    samples.push_back((now, fetched));
    let Some((since, before)) = samples.front() else {
        return 0;
    };
    let millis = now.saturating_sub(*since).as_millis();
    let bytes = u128::from(fetched.saturating_sub(*before)).saturating_mul(1000);
    bytes
        .checked_div(millis)
        .and_then(|rate| u64::try_from(rate).ok())
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_is_that_of_the_last_seconds() {
        let mut samples = VecDeque::new();
        let mut at = |second, fetched| measure(&mut samples, fetched, Duration::from_secs(second));
        assert_eq!(at(0, 0), 0);
        assert_eq!(at(0, 100), 0);
        assert_eq!(at(2, 2000), 1000);
        assert_eq!(at(5, 2000), 400);
        assert_eq!(at(9, 2000), 0);
        assert_eq!(at(100, 5000), 0);
        assert_eq!(at(101, 6000), 1000);
    }
}
