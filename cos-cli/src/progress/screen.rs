//! Where bars are drawn.

use std::io::{self, Write};
use std::sync::Mutex;

use indicatif::TermLike;

use super::lock;

/// stderr, also where it is no terminal (`--progress always`), for which indicatif has nothing.
///
/// indicatif fills every line with blanks, the last one too; the `^C` that a terminal shows would
/// then stand on a line of its own, and a bar would be left behind. So the last blanks are left out.
#[derive(Debug, Default)]
pub(super) struct Screen {
    /// What is drawn and not shown yet: a bar is shown at once or not at all.
    drawn: Mutex<Vec<u8>>,
}

impl Screen {
    fn draw(&self, text: &str) -> io::Result<()> {
        lock(&self.drawn).write_all(text.as_bytes())
    }

    fn move_by(&self, lines_or_columns: usize, direction: char) -> io::Result<()> {
        match lines_or_columns {
            0 => Ok(()),
            n => self.draw(&format!("\u{1b}[{n}{direction}")),
        }
    }
}

impl TermLike for Screen {
    fn width(&self) -> u16 {
        columns()
    }

    fn move_cursor_up(&self, n: usize) -> io::Result<()> {
        self.move_by(n, 'A')
    }

    fn move_cursor_down(&self, n: usize) -> io::Result<()> {
        self.move_by(n, 'B')
    }

    fn move_cursor_right(&self, n: usize) -> io::Result<()> {
        self.move_by(n, 'C')
    }

    fn move_cursor_left(&self, n: usize) -> io::Result<()> {
        self.move_by(n, 'D')
    }

    fn write_line(&self, line: &str) -> io::Result<()> {
        self.draw(line)?;
        self.draw("\n")
    }

    fn write_str(&self, text: &str) -> io::Result<()> {
        self.draw(text)
    }

    fn clear_line(&self) -> io::Result<()> {
        self.draw("\r\u{1b}[2K")
    }

    fn flush(&self) -> io::Result<()> {
        let mut drawn = lock(&self.drawn);
        while drawn.last() == Some(&b' ') {
            drawn.pop();
        }
        let shown = io::stderr().lock().write_all(&drawn);
        drawn.clear();
        shown
    }
}

#[cfg(unix)]
fn columns() -> u16 {
    rustix::termios::tcgetwinsize(io::stderr())
        .map(|size| size.ws_col)
        .ok()
        .filter(|&columns| columns > 0)
        .unwrap_or(COLUMNS)
}

#[cfg(not(unix))]
fn columns() -> u16 {
    COLUMNS
}

/// Of what is no terminal, or one that does not say.
const COLUMNS: u16 = 80;
