//! The bar that shows how far a download is.

use std::io::{self, IsTerminal, Write};

use cos_transfer::{Progress, Transferred};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle, TermLike};

/// A bar on stderr, or none. Dropping it takes it away again, so that what is said next stands on a
/// line of its own.
#[derive(Debug)]
pub(crate) struct Bar(ProgressBar);

impl Bar {
    pub(crate) fn new(shown: bool) -> Self {
        if !shown {
            return Self(ProgressBar::hidden());
        }
        let target = if io::stderr().is_terminal() {
            ProgressDrawTarget::stderr()
        } else {
            ProgressDrawTarget::term_like(Box::new(Pipe))
        };
        let bar = ProgressBar::with_draw_target(None, target);
        Self(match ProgressStyle::with_template(TEMPLATE) {
            Ok(style) => bar.with_style(style),
            Err(_) => bar,
        })
    }

    /// What moves the bar.
    pub(crate) fn progress(&self) -> impl Progress + use<> {
        let bar = self.0.clone();
        move |now: Transferred| {
            bar.set_length(now.total());
            bar.set_position(now.committed());
        }
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

const TEMPLATE: &str =
    "[{bar:30}] {binary_bytes} of {binary_total_bytes}, {binary_bytes_per_sec}, {eta} left";

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
