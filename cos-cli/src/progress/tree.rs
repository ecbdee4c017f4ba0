//! The bars of a whole directory.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use cos_transfer::prefix::PrefixProgress;
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget};

use super::heard::{Heard, Now};
use super::{TICK, lock, style, target};

/// Two bars on stderr, or none: objects, and their bytes.
#[derive(Debug)]
pub(crate) struct TreeBars {
    both: MultiProgress,
    objects: ProgressBar,
    bytes: ProgressBar,
    heard: Arc<Mutex<Heard>>,
    rate: Mutex<Rate>,
}

impl TreeBars {
    pub(crate) fn new(shown: bool) -> Self {
        let heard = Arc::new(Mutex::new(Heard::nothing()));
        let target = match shown {
            true => target(),
            false => ProgressDrawTarget::hidden(),
        };
        let both = MultiProgress::with_draw_target(target);
        let objects = both.add(ProgressBar::no_length());
        let bytes = both.add(ProgressBar::no_length());
        if shown {
            let told = Arc::clone(&heard);
            objects.set_style(style(move |state| {
                let so_far = match lock(&told).is_final() {
                    true => "",
                    false => " so far",
                };
                let listed = state.len().unwrap_or(0);
                format!("{} of {listed} objects{so_far}", state.pos())
            }));
            let told = Arc::clone(&heard);
            bytes.set_style(style(move |_| lock(&told).to_string()));
            bytes.enable_steady_tick(TICK);
        }
        Self {
            both,
            objects,
            bytes,
            heard,
            rate: Mutex::new(Rate::default()),
        }
    }

    /// Takes note of how far the run is.
    pub(crate) fn update(&self, now: PrefixProgress) {
        lock(&self.heard).update(Now {
            bytes: now.bytes,
            total: now.bytes_listed,
            is_final: now.is_listed,
            resumed: 0,
            rate: lock(&self.rate).update(now.bytes, Instant::now()),
        });
        advance(&self.objects, now.objects, now.objects_listed);
        advance(&self.bytes, now.bytes, now.bytes_listed);
    }

    /// Lets `print` write to the terminal above the bars.
    pub(crate) fn beside(&self, print: impl FnOnce()) {
        self.both.suspend(print);
    }

    /// Takes the bars away.
    pub(crate) fn clear(&self) {
        self.objects.finish_and_clear();
        self.bytes.finish_and_clear();
    }
}

impl Drop for TreeBars {
    fn drop(&mut self) {
        self.clear();
    }
}

/// A bar of nothing is drawn as a full one, and so has no length.
fn advance(bar: &ProgressBar, position: u64, length: u64) {
    if length > 0 {
        bar.set_length(length);
    }
    bar.set_position(position);
}

/// Bytes a second, of late.
#[derive(Debug, Default)]
struct Rate {
    since: Option<(Instant, u64)>,
    rate: u64,
}

impl Rate {
    fn update(&mut self, bytes: u64, now: Instant) -> u64 {
        let Some((at, before)) = self.since else {
            self.since = Some((now, bytes));
            return 0;
        };
        let passed = now.saturating_duration_since(at);
        if passed >= SPAN {
            let come = bytes.saturating_sub(before).saturating_mul(1000);
            let millis = u64::try_from(passed.as_millis()).unwrap_or(u64::MAX);
            let rate = come.checked_div(millis).unwrap_or(0);
            self.rate = match self.rate {
                0 => rate,
                // Three quarters old, one new: no single second makes it jump.
                old => (old / 4).saturating_mul(3).saturating_add(rate / 4),
            };
            self.since = Some((now, bytes));
        }
        self.rate
    }
}

/// Over how long a rate is taken.
const SPAN: Duration = Duration::from_millis(500);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_follows_without_a_jump() {
        let start = Instant::now();
        let mut rate = Rate::default();
        assert_eq!(rate.update(0, start), 0);
        assert_eq!(rate.update(1 << 20, start + SPAN / 2), 0, "too early");
        assert_eq!(rate.update(1 << 20, start + SPAN), 2 << 20);
        assert_eq!(
            rate.update(1 << 20, start + 2 * SPAN),
            3 << 19,
            "nothing came"
        );
        assert_eq!(rate.update(u64::MAX, start), 3 << 19, "no clock goes back");
    }
}
