//! The bar that shows how far a download is.

use std::fmt;
use std::io::{self, IsTerminal, Write};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use cos_transfer::{Progress, Transferred};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle, TermLike};

use crate::printer::{bytes, roughly};

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
        let shown = Arc::clone(&heard);
        let write = move |_: &ProgressState, out: &mut dyn fmt::Write| {
            let heard = *shown.lock().unwrap_or_else(PoisonError::into_inner);
            // Nothing can be done about a line that cannot be drawn.
            let _ = write!(out, "{heard}");
        };
        if let Ok(style) = ProgressStyle::with_template(TEMPLATE) {
            bar.set_style(style.progress_chars("=> ").with_key("heard", write));
        }
        // It moves where nothing comes, too, and says for how long.
        bar.enable_steady_tick(TICK);
        Self { bar, heard }
    }

    /// What moves the bar.
    pub(crate) fn progress(&self) -> impl Progress + use<> {
        let bar = self.bar.clone();
        let heard = Arc::clone(&self.heard);
        move |now: Transferred| {
            heard
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .update(now);
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

/// What was heard of a download last, and when.
#[derive(Debug, Clone, Copy)]
struct Heard {
    last: Option<Transferred>,
    at: Instant,
}

impl Heard {
    fn nothing() -> Self {
        Self {
            last: None,
            at: Instant::now(),
        }
    }

    fn update(&mut self, now: Transferred) {
        if self.last != Some(now) {
            *self = Self {
                last: Some(now),
                at: Instant::now(),
            };
        }
    }
}

/// `30%  12.0 MiB of 40.0 MiB, 3.1 MiB/s, 9 s left, 8.0 MiB resumed`
impl fmt::Display for Heard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let silence = self.at.elapsed();
        let Some(now) = self.last else {
            return match silence < SILENCE {
                true => f.write_str("asking"),
                false => write!(f, "no answer for {}", roughly(silence)),
            };
        };
        let left = now.total().saturating_sub(now.committed());
        let percent = percent(now.committed(), now.total());
        write!(
            f,
            "{percent:>3}%  {} of {}",
            bytes(now.committed()),
            bytes(now.total())
        )?;
        if left == 0 {
            f.write_str(", finishing")?;
        } else if silence >= SILENCE {
            write!(f, ", nothing for {}", roughly(silence))?;
        } else if let Some(seconds) = left.checked_div(now.rate()) {
            let left = roughly(Duration::from_secs(seconds.saturating_add(1)));
            write!(f, ", {}/s, {left} left", bytes(now.rate()))?;
        }
        match now.resumed() {
            0 => Ok(()),
            resumed => write!(f, ", {} resumed", bytes(resumed)),
        }
    }
}

/// Never 100 before everything is there.
fn percent(part: u64, whole: u64) -> u64 {
    let percent = u128::from(part) * 100 / u128::from(whole.max(1));
    match whole {
        0 => 100,
        _ => u64::try_from(percent).unwrap_or(100).min(100),
    }
}

fn target() -> ProgressDrawTarget {
    if io::stderr().is_terminal() {
        ProgressDrawTarget::stderr_with_hz(HZ)
    } else {
        ProgressDrawTarget::term_like_with_hz(Box::new(Pipe), HZ)
    }
}

const TEMPLATE: &str = "[{bar:24}] {heard}";

/// Often enough to look alive, and nothing beside the download itself.
const HZ: u8 = 10;
const TICK: Duration = Duration::from_millis(200);

/// A silence that is worth a word. The transport gives a connection up after 30 s of it.
const SILENCE: Duration = Duration::from_secs(3);

/// stderr where it is no terminal, for `--progress always`: indicatif would draw nothing there.
#[derive(Debug)]
struct Pipe;

impl Pipe {
    fn write(text: &str) -> io::Result<()> {
        io::stderr().write_all(text.as_bytes())
    }

    fn move_by(lines_or_columns: usize, direction: char) -> io::Result<()> {
        match lines_or_columns {
            0 => Ok(()),
            n => Self::write(&format!("\u{1b}[{n}{direction}")),
        }
    }
}

impl TermLike for Pipe {
    fn width(&self) -> u16 {
        80
    }

    fn move_cursor_up(&self, n: usize) -> io::Result<()> {
        Self::move_by(n, 'A')
    }

    fn move_cursor_down(&self, n: usize) -> io::Result<()> {
        Self::move_by(n, 'B')
    }

    fn move_cursor_right(&self, n: usize) -> io::Result<()> {
        Self::move_by(n, 'C')
    }

    fn move_cursor_left(&self, n: usize) -> io::Result<()> {
        Self::move_by(n, 'D')
    }

    fn write_line(&self, line: &str) -> io::Result<()> {
        Self::write(&format!("{line}\n"))
    }

    fn write_str(&self, text: &str) -> io::Result<()> {
        Self::write(text)
    }

    fn clear_line(&self) -> io::Result<()> {
        Self::write("\r\u{1b}[2K")
    }

    fn flush(&self) -> io::Result<()> {
        io::stderr().flush()
    }
}
