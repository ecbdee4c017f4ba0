//! Numbers for the jitter.

use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Where random numbers come from. Clones draw from the same sequence.
#[derive(Clone)]
pub(super) struct Random(Arc<dyn Fn() -> u64 + Send + Sync>);

impl Random {
    pub(super) fn new(random: impl Fn() -> u64 + Send + Sync + 'static) -> Self {
        Self(Arc::new(random))
    }

    /// SplitMix64 (Steele, Lea, Flood 2014): one addition and one mixing a number, good enough to
    /// keep clients from coming back in step, and no more than that.
    pub(super) fn seeded(seed: u64) -> Self {
        let state = AtomicU64::new(seed);
        Self::new(move || {
            let state = state.fetch_add(GOLDEN, Ordering::Relaxed);
            mix(state.wrapping_add(GOLDEN))
        })
    }

    pub(super) fn next(&self) -> u64 {
        (self.0)()
    }
}

/// Another sequence in every process.
impl Default for Random {
    fn default() -> Self {
        // The hasher's keys are the randomness that std has.
        Self::seeded(RandomState::new().hash_one(0))
    }
}

impl fmt::Debug for Random {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Random").finish_non_exhaustive()
    }
}

/// 2^64 divided by the golden ratio.
const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;

fn mix(state: u64) -> u64 {
    let z = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The first numbers of the reference implementation (`splitmix64.c`) for the seed 1234567.
    #[test]
    fn the_sequence_is_the_published_one() {
        let random = Random::seeded(1_234_567);
        assert_eq!(
            [random.next(), random.next(), random.next()],
            [
                6_457_827_717_110_365_317,
                3_203_168_211_198_807_973,
                9_817_491_932_198_370_423,
            ]
        );
    }

    #[test]
    fn clones_share_the_sequence_and_processes_do_not() {
        let random = Random::default();
        assert_ne!(random.clone().next(), random.next());
        assert_ne!(Random::default().next(), Random::default().next());
    }
}
