//! The limit that adapts: arithmetic, and neither clock nor lock.

use std::num::NonZeroUsize;

/// Additive increase, multiplicative decrease.
///
/// Requests belong to rounds. The first of a round that the service asks to slow down halves the
/// limit and begins the next round; what else comes back from an earlier round was sent before the
/// limit was lowered, and tells nothing about the present one.
#[derive(Debug)]
pub(super) struct Adaptive {
    limit: usize,
    ceiling: usize,
    round: u64,
    /// Good answers since the limit was changed.
    good: usize,
}

impl Adaptive {
    /// Starts at the ceiling.
    pub(super) fn new(ceiling: NonZeroUsize) -> Self {
        Self {
            limit: ceiling.get(),
            ceiling: ceiling.get(),
            round: 0,
            good: 0,
        }
    }

    /// A good answer to a request of `round`, which came while `busy` were in flight.
    ///
    /// The limit grows by one when as many as it allows were answered well, which is about once a
    /// round trip; but only while it is used to at least a half: a limit that nobody comes near is
    /// not tried out.
    pub(super) fn good(&mut self, round: u64, busy: usize) {
        if round != self.round || self.limit >= self.ceiling || busy < self.limit.div_ceil(2) {
            return;
        }
        self.good = self.good.saturating_add(1);
        if self.good >= self.limit {
            self.limit = self.limit.saturating_add(1);
            self.good = 0;
        }
    }

    /// A request of `round` was asked to slow down.
    pub(super) fn slow_down(&mut self, round: u64) {
        if round != self.round {
            return;
        }
        self.limit = (self.limit / 2).max(FLOOR);
        self.round = self.round.wrapping_add(1);
        self.good = 0;
    }

    /// How many requests may be in flight, from [`FLOOR`] to the ceiling.
    pub(super) fn limit(&self) -> usize {
        self.limit
    }

    /// The round to which a request that starts now belongs; also, how often the limit was
    /// lowered, or would have been had it not been at the floor.
    pub(super) fn round(&self) -> u64 {
        self.round
    }
}

/// With less than one request in flight, nothing would ever tell that the service has recovered.
const FLOOR: usize = 1;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn adaptive(ceiling: usize) -> Adaptive {
        Adaptive::new(NonZeroUsize::new(ceiling).unwrap())
    }

    #[test]
    fn a_burst_of_slow_downs_halves_the_limit_once() {
        let mut limit = adaptive(64);
        for _ in 0..64 {
            limit.slow_down(0);
        }
        assert_eq!((limit.limit(), limit.round()), (32, 1));
        limit.slow_down(1);
        assert_eq!(limit.limit(), 16);
    }

    #[test]
    fn the_limit_never_falls_below_one() {
        let mut limit = adaptive(5);
        for round in 0..100 {
            limit.slow_down(round);
        }
        assert_eq!(limit.limit(), 1);
    }

    #[test]
    fn a_full_round_of_good_answers_raises_the_limit_by_one_up_to_the_ceiling() {
        let mut limit = adaptive(4);
        limit.slow_down(0);
        limit.slow_down(1);
        for expected in [2, 2, 3, 3, 3, 4, 4, 4, 4, 4, 4, 4, 4] {
            limit.good(2, limit.limit());
            assert_eq!(limit.limit(), expected);
        }
    }

    #[test]
    fn answers_to_requests_sent_before_the_limit_was_lowered_do_not_raise_it() {
        let mut limit = adaptive(2);
        limit.slow_down(0);
        for _ in 0..100 {
            limit.good(0, 1);
        }
        assert_eq!(limit.limit(), 1);
    }

    #[test]
    fn a_limit_that_is_hardly_used_does_not_grow() {
        let mut limit = adaptive(64);
        limit.slow_down(0);
        for _ in 0..1000 {
            limit.good(1, 15);
        }
        assert_eq!(limit.limit(), 32);
        for _ in 0..32 {
            limit.good(1, 16);
        }
        assert_eq!(limit.limit(), 33);
    }

    proptest! {
        #[test]
        fn the_limit_stays_between_one_and_the_ceiling_and_halves_once_a_round(
            ceiling in 1_usize..100,
            steps in prop::collection::vec((any::<bool>(), 0_u64..4, 0_usize..100), 0..400),
        ) {
            let mut limit = adaptive(ceiling);
            for (slow, age, busy) in steps {
                let (before, round) = (limit.limit(), limit.round());
                let sent = round.saturating_sub(age);
                if slow {
                    limit.slow_down(sent);
                } else {
                    limit.good(sent, busy);
                }
                let after = limit.limit();
                prop_assert!((1..=ceiling).contains(&after));
                if slow && sent == round {
                    prop_assert_eq!(after, (before / 2).max(1));
                } else if slow || sent != round {
                    prop_assert_eq!(after, before);
                } else {
                    prop_assert!(after == before || after == before + 1);
                }
            }
        }
    }
}
