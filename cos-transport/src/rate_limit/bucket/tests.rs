use proptest::prelude::*;

use super::*;

const SECOND: Duration = Duration::from_secs(1);

fn bucket(rate: u64, burst: Duration) -> TokenBucket {
    TokenBucket::new(NonZeroU64::new(rate).unwrap(), burst)
}

/// A bucket as one would draw it: tokens as a fraction, one nanosecond after the other.
struct Model {
    rate: u64,
    capacity: i128,
    level: i128,
    now: Duration,
}

impl Model {
    fn new(rate: u64, burst: Duration) -> Self {
        let capacity =
            (i128::from(rate) * i128::try_from(burst.as_nanos()).unwrap()).max(1_000_000_000);
        Self {
            rate,
            capacity,
            level: capacity,
            now: Duration::ZERO,
        }
    }

    fn take(&mut self, tokens: u64, now: Duration) -> bool {
        if now > self.now {
            let nanos = i128::try_from((now - self.now).as_nanos()).unwrap();
            self.level = (self.level + nanos * i128::from(self.rate)).min(self.capacity);
            self.now = now;
        }
        let amount = i128::from(tokens) * 1_000_000_000;
        let enough = self.level >= amount.min(self.capacity);
        if enough {
            self.level -= amount;
        }
        enough
    }
}

#[test]
fn a_slow_rate_still_lets_one_through_at_once() {
    let mut bucket = bucket(1, Duration::from_millis(250));
    assert_eq!(bucket.capacity(), 1);
    assert!(bucket.take(1, Duration::ZERO));
    assert!(!bucket.take(1, SECOND - Duration::from_nanos(1)));
    assert!(bucket.take(1, SECOND));
}

#[test]
fn a_pause_earns_no_more_than_the_burst() {
    let mut bucket = bucket(100, Duration::from_millis(250));
    assert!(bucket.take(25, Duration::ZERO));
    let later = 1000 * SECOND;
    assert!(bucket.take(25, later));
    assert!(!bucket.take(1, later));
}

#[test]
fn time_that_goes_backwards_stands_still() {
    let mut bucket = bucket(10, Duration::from_millis(100));
    assert!(bucket.take(1, SECOND));
    assert!(!bucket.take(1, Duration::ZERO));
    assert_eq!(bucket.wait(1, Duration::ZERO), Duration::from_millis(100));
    assert!(!bucket.take(1, SECOND + Duration::from_millis(99)));
    assert!(bucket.take(1, SECOND + Duration::from_millis(100)));
}

#[test]
fn more_than_it_holds_is_taken_from_a_full_bucket_and_paid_off() {
    let mut bucket = bucket(10, SECOND);
    assert!(bucket.take(1, Duration::ZERO));
    assert!(!bucket.take(30, Duration::ZERO));
    let full = Duration::from_millis(100);
    assert!(bucket.take(30, full));
    assert_eq!(bucket.wait(1, full), Duration::from_millis(2100));
}

#[test]
fn what_is_given_back_can_be_taken_again_but_never_overfills() {
    let mut bucket = bucket(10, SECOND);
    assert!(bucket.take(10, Duration::ZERO));
    bucket.give_back(3);
    assert!(bucket.take(3, Duration::ZERO));
    assert!(!bucket.take(1, Duration::ZERO));
    bucket.give_back(u64::MAX);
    assert!(bucket.take(10, Duration::ZERO));
    assert!(!bucket.take(1, Duration::ZERO));
}

/// Times that come closer and closer together, and some that do not move, with what is asked for.
fn asks(tokens: u64) -> impl Strategy<Value = Vec<(Duration, u64)>> {
    let pause = prop_oneof![
        Just(Duration::ZERO),
        (0_u64..1_000).prop_map(Duration::from_nanos),
        (0_u64..1_000_000_000).prop_map(Duration::from_nanos),
        (0_u64..10_000).prop_map(Duration::from_millis),
    ];
    prop::collection::vec((pause, 0..=tokens), 1..200).prop_map(|steps| {
        let mut now = Duration::ZERO;
        steps
            .into_iter()
            .map(|(pause, tokens)| {
                now += pause;
                (now, tokens)
            })
            .collect()
    })
}

/// Rates of all magnitudes.
fn rates() -> impl Strategy<Value = u64> {
    (0_u32..64, any::<u64>()).prop_map(|(shift, bits)| (bits >> shift).max(1))
}

proptest! {
    #[test]
    fn it_gives_exactly_what_the_model_gives(
        rate in 1_u64..1_000_000_000,
        burst in 0_u64..1_000,
        asks in asks(2_000),
    ) {
        let burst = Duration::from_millis(burst);
        let (mut bucket, mut model) = (bucket(rate, burst), Model::new(rate, burst));
        for (now, tokens) in asks {
            prop_assert_eq!(bucket.take(tokens, now), model.take(tokens, now));
        }
    }

    #[test]
    fn no_stretch_of_time_gets_more_than_its_rate_and_the_burst(
        rate in 1_u64..10_000,
        burst in 0_u64..1_000,
        asks in asks(50),
    ) {
        let mut bucket = bucket(rate, Duration::from_millis(burst));
        let capacity = bucket.capacity();
        let taken: Vec<_> = asks
            .into_iter()
            .filter(|&(now, tokens)| tokens <= capacity && bucket.take(tokens, now))
            .collect();
        for (from, &(start, _)) in taken.iter().enumerate() {
            let mut sum = 0_u128;
            for &(end, tokens) in &taken[from..] {
                sum += u128::from(tokens);
                // In billionths, so that nothing is rounded.
                let may = (end - start).as_nanos() * u128::from(rate) + bucket.capacity;
                prop_assert!(sum * TOKEN <= may, "{sum} from {start:?} to {end:?}");
            }
        }
    }

    #[test]
    fn who_waits_as_long_as_told_gets_it_and_nobody_gets_it_earlier(
        rate in rates(),
        burst in 0_u64..1_000,
        taken in any::<u64>(),
        tokens in any::<u64>(),
        start in any::<u32>(),
    ) {
        let mut bucket = bucket(rate, Duration::from_millis(burst));
        let tokens = tokens.min(bucket.capacity());
        let start = Duration::from_micros(start.into());
        bucket.take(taken, start);
        let wait = bucket.wait(tokens, start);
        let at = start + wait;
        if let Some(before) = at.checked_sub(Duration::from_nanos(1)).filter(|&at| at >= start) {
            prop_assert!(!bucket.clone().take(tokens, before));
        }
        prop_assert!(bucket.take(tokens, at));
    }

    #[test]
    fn takers_who_wait_as_told_get_the_whole_rate(
        rate in 1_u64..1_000_000,
        tokens in 1_u64..1_000,
    ) {
        let mut bucket = bucket(rate, Duration::from_millis(250));
        let tokens = tokens.min(bucket.capacity());
        let mut now = Duration::ZERO;
        for _ in 0..1_000 {
            now += bucket.wait(tokens, now);
            prop_assert!(bucket.take(tokens, now));
        }
        // Nothing was lost but the part of a nanosecond at the end.
        let paid = u128::from(tokens) * 1_000 * TOKEN - bucket.capacity.min(u128::from(tokens) * 1_000 * TOKEN);
        prop_assert!(now.as_nanos() <= paid.div_ceil(u128::from(rate)));
    }

    #[test]
    fn extremes_of_rate_burst_amount_and_time_neither_overflow_nor_block(
        rate in prop_oneof![Just(1), Just(u64::MAX), rates()],
        burst in prop_oneof![Just(Duration::ZERO), Just(Duration::MAX), any::<Duration>()],
        asks in prop::collection::vec(
            (
                prop_oneof![Just(0), Just(u64::MAX), any::<u64>()],
                prop_oneof![Just(Duration::ZERO), Just(Duration::MAX), any::<Duration>()],
            ),
            1..50,
        ),
    ) {
        let mut bucket = bucket(rate, burst);
        for (tokens, now) in asks {
            let taken = bucket.take(tokens, now);
            let wait = bucket.wait(tokens, now);
            if !taken {
                prop_assert!(wait > Duration::ZERO);
            }
            bucket.clone().give_back(tokens);
            prop_assert!(bucket.capacity() >= 1);
        }
    }

    #[test]
    fn a_debt_of_any_size_is_paid_off_in_time(rate in rates(), tokens in any::<u64>()) {
        let mut bucket = bucket(rate, Duration::from_millis(250));
        prop_assert!(bucket.take(tokens, Duration::ZERO));
        prop_assert!(bucket.take(1, Duration::MAX));
    }
}
