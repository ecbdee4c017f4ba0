//! The bars that show how far a download is.

mod heard;
mod screen;
mod tree;

pub(crate) use tree::TreeBars;

use std::fmt;
use std::io::{self, IsTerminal};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use cos_transfer::{Progress, Transferred};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};

use heard::{Heard, Now};
use screen::Screen;

/// A bar on stderr, or none. Dropping it takes it away again, so that what is said next stands on a
/// line of its own.
#[derive(Debug)]
pub(crate) struct Bar {
    bar: ProgressBar,
    heard: Arc<Mutex<Heard>>,
}

impl Bar {
    pub(crate) fn new(shown: bool) -> Self {
        let heard = Arc::new(Mutex::new(Heard::nothing()));
        if !shown {
            let bar = ProgressBar::hidden();
            return Self { bar, heard };
        }
        let bar = ProgressBar::with_draw_target(None, target());
        let told = Arc::clone(&heard);
        bar.set_style(style(move |_| lock(&told).to_string()));
        // It moves where nothing comes, too, and says for how long.
        bar.enable_steady_tick(TICK);
        Self { bar, heard }
    }

    /// What moves the bar.
    pub(crate) fn progress(&self) -> impl Progress + use<> {
        let bar = self.bar.clone();
        let heard = Arc::clone(&self.heard);
        move |now: Transferred| {
            lock(&heard).update(Now {
                bytes: now.committed(),
                total: now.total(),
                is_final: true,
                resumed: now.resumed(),
                rate: now.rate(),
            });
            bar.set_length(now.total());
            bar.set_position(now.committed());
        }
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

/// A bar, and what `told` says behind it.
fn style(told: impl Fn(&ProgressState) -> String + Clone + Send + Sync + 'static) -> ProgressStyle {
    let write = move |state: &ProgressState, out: &mut dyn fmt::Write| {
        // Nothing can be done about a line that cannot be drawn.
        let _ = out.write_str(&told(state));
    };
    match ProgressStyle::with_template("[{bar:24}] {told}") {
        Ok(style) => style.progress_chars("=> ").with_key("told", write),
        Err(_) => ProgressStyle::default_bar(),
    }
}

fn target() -> ProgressDrawTarget {
    let stderr = ProgressDrawTarget::stderr();
    if io::stderr().is_terminal() && stderr.is_hidden() {
        // A terminal that cannot move its cursor (TERM=dumb).
        return stderr;
    }
    ProgressDrawTarget::term_like_with_hz(Box::<Screen>::default(), HZ)
}

/// Whoever panicked with the lock has left a number that is true all the same.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Often enough to look alive, and nothing beside the download itself.
const HZ: u8 = 10;
const TICK: Duration = Duration::from_millis(200);
