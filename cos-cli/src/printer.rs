//! The one place that writes to stdout and stderr.

use std::fmt;
use std::io::{self, IsTerminal, Write};
use std::time::Duration;

use anstream::AutoStream;
use clap::builder::styling::{AnsiColor, Style};
use serde::Serialize;

use crate::args::{OutputArgs, WhenArg};
use crate::error::{Error, Failed, ServiceDetail};
use crate::escape::{escaped, is_hidden, is_plain};
use crate::progress::{Bar, TreeBars};

/// Decides what goes to which stream, from the output options alone.
///
/// stdout carries data and nothing else; everything that is not data goes to stderr. A failure to
/// write to stderr is dropped, as there is nowhere left to say it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Printer {
    json: bool,
    quiet: bool,
    color: bool,
    progress: WhenArg,
}

impl Printer {
    pub(crate) fn new(output: OutputArgs) -> Self {
        Self {
            json: output.json,
            quiet: output.quiet,
            color: stderr_takes_color(output.color),
            // A bar and a log would write over each other, and a program reads no bar.
            progress: match output.progress {
                WhenArg::Auto if output.json || output.quiet || output.verbose > 0 => {
                    WhenArg::Never
                }
                progress => progress,
            },
        }
    }

    /// The bar of one download.
    pub(crate) fn bar(self) -> Bar {
        Bar::new(self.shows_progress())
    }

    /// The bars of the download of a directory.
    pub(crate) fn tree_bars(self) -> TreeBars {
        TreeBars::new(self.shows_progress())
    }

    fn shows_progress(self) -> bool {
        match self.progress {
            WhenArg::Always => true,
            WhenArg::Never => false,
            WhenArg::Auto => io::stderr().is_terminal(),
        }
    }

    /// The bar of a download whose bytes go to stdout: not where they are seen themselves.
    pub(crate) fn bar_beside_data(self) -> Bar {
        if self.progress == WhenArg::Auto && io::stdout().is_terminal() {
            return Bar::new(false);
        }
        self.bar()
    }

    /// Whether results are asked for as JSON.
    pub(crate) fn json(self) -> bool {
        self.json
    }

    /// stdout for a run of data lines. What is written reaches the reader with [`Lines::flush`] at
    /// the latest.
    pub(crate) fn lines(self) -> Lines {
        Lines {
            waiting: Vec::new(),
        }
    }

    /// One line of data on stdout.
    pub(crate) fn line(self, line: impl fmt::Display) -> Result<(), Error> {
        let mut lines = self.lines();
        lines.line(line)?;
        lines.flush()
    }

    /// One JSON object on stdout.
    pub(crate) fn record(self, record: &impl Serialize) -> Result<(), Error> {
        let mut lines = self.lines();
        lines.record(record)?;
        lines.flush()
    }

    /// The result of a command whose data went to stdout: one JSON object on stderr.
    pub(crate) fn record_beside_data(self, record: &impl Serialize) {
        if let Ok(line) = json_line(record) {
            to_stderr(format!("{line}\n").as_bytes());
        }
    }

    /// A remark for a person: not with `--quiet`, and not where a program reads the result.
    pub(crate) fn note(self, text: impl fmt::Display) {
        if !self.quiet && !self.json {
            to_stderr(format!("{text}\n").as_bytes());
        }
    }

    /// A failure: the line, what the service said, what may help.
    pub(crate) fn failure(self, failed: &Failed) {
        let mut text = format!(
            "{} {}\n",
            self.paint(ERROR, "error:"),
            escaped(&failed.message)
        );
        if let Some(service) = &failed.service {
            for (name, value) in service.lines() {
                text.push_str(&format!("  {name}: {}\n", escaped(&value)));
            }
        }
        if let Some(hint) = &failed.hint {
            text.push_str(&format!(
                "{} {}\n",
                self.paint(HINT, "hint:"),
                escaped(hint)
            ));
        }
        to_stderr(text.as_bytes());
    }

    /// The failure of one object of many: one line, with what it takes to ask the service about it.
    pub(crate) fn failed_object(self, failed: &Failed) {
        let id = failed.service.as_ref().and_then(ServiceDetail::request_id);
        let id = id.map_or_else(String::new, |id| format!(" (request id {})", escaped(id)));
        let text = format!(
            "{} {}{id}\n",
            self.paint(ERROR, "error:"),
            escaped(&failed.message)
        );
        to_stderr(text.as_bytes());
    }

    /// A refusal of the command line, as the argument parser words it.
    pub(crate) fn usage(self, text: &str) {
        let text = text.strip_prefix("error: ").unwrap_or(text);
        let mut shown = format!("{} ", self.paint(ERROR, "error:"));
        for line in text.lines() {
            shown.push_str(&format!("{}\n", escaped(line)));
        }
        to_stderr(shown.as_bytes());
    }

    fn paint(self, style: Style, text: &str) -> String {
        if self.color {
            format!("{style}{text}{style:#}")
        } else {
            text.to_owned()
        }
    }
}

/// Data lines on their way to stdout.
///
/// Whole lines are collected and written at once: standard output's own buffer is flushed at every
/// line where it has room for no more than one.
#[derive(Debug)]
pub(crate) struct Lines {
    waiting: Vec<u8>,
}

impl Lines {
    pub(crate) fn line(&mut self, line: impl fmt::Display) -> Result<(), Error> {
        writeln!(self.waiting, "{line}").map_err(|error| Error::stdout(&error))?;
        if self.waiting.len() < ENOUGH {
            return Ok(());
        }
        self.flush()
    }

    pub(crate) fn record(&mut self, record: &impl Serialize) -> Result<(), Error> {
        let line = json_line(record).map_err(|error| Error::stdout(&error.into()))?;
        self.line(line)
    }

    pub(crate) fn flush(&mut self) -> Result<(), Error> {
        let mut stdout = io::stdout().lock();
        let written = stdout
            .write_all(&self.waiting)
            .and_then(|()| stdout.flush());
        self.waiting.clear();
        written.map_err(|error| Error::stdout(&error))
    }
}

/// So many bytes are written at once: what a pipe holds.
const ENOUGH: usize = 64 * 1024;

/// A value as one line of JSON, in which every character that could act on a terminal is an escape.
///
/// JSON itself only demands that of the first 32.
fn json_line(record: &impl Serialize) -> serde_json::Result<String> {
    let text = serde_json::to_string(record)?;
    if is_plain(&text) || !text.contains(is_hidden) {
        return Ok(text);
    }
    let mut line = String::with_capacity(text.len());
    for c in text.chars() {
        if is_hidden(c) {
            for unit in c.encode_utf16(&mut [0; 2]) {
                line.push_str(&format!("\\u{unit:04x}"));
            }
        } else {
            line.push(c);
        }
    }
    Ok(line)
}

/// A number of bytes as a person reads it: `999 B`, `1.5 MiB`.
pub(crate) fn bytes(count: u64) -> String {
    const UNITS: [&str; 6] = ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
    // Tenths of the unit, so that no float rounds a size up into the next unit.
    let mut shown = None;
    let mut rest = count;
    for unit in UNITS {
        if rest < 1024 {
            break;
        }
        shown = Some((rest / 1024, rest % 1024 * 10 / 1024, unit));
        rest /= 1024;
    }
    match shown {
        None => format!("{count} B"),
        Some((whole, tenth, unit)) => format!("{whole}.{tenth} {unit}"),
    }
}

/// A duration as a person reads it: `12 ms`, `1.5 s`, `3 min 20 s`.
pub(crate) fn elapsed(duration: Duration) -> String {
    match duration.as_millis() {
        millis @ 0..1000 => format!("{millis} ms"),
        millis @ 1000..60_000 => format!("{}.{} s", millis / 1000, millis % 1000 / 100),
        _ => roughly(duration),
    }
}

/// A duration where its order of magnitude counts: `9 s`, `3 min 20 s`, `2 h 5 min`, `4 d 1 h`.
pub(crate) fn roughly(duration: Duration) -> String {
    let seconds = duration.as_secs();
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86400);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{seconds} s"),
        (0, 0, _) => format!("{minutes} min {} s", seconds % 60),
        (0, _, _) => format!("{hours} h {} min", minutes % 60),
        _ => format!("{days} d {} h", hours % 24),
    }
}

fn stderr_takes_color(choice: WhenArg) -> bool {
    match choice {
        WhenArg::Always => true,
        WhenArg::Never => false,
        // NO_COLOR, CLICOLOR_FORCE, TERM=dumb and the rest are anstream's to know.
        WhenArg::Auto => {
            let stderr = io::stderr();
            stderr.is_terminal() && AutoStream::choice(&stderr) != anstream::ColorChoice::Never
        }
    }
}

fn to_stderr(text: &[u8]) {
    let _ = io::stderr().lock().write_all(text);
}

const ERROR: Style = AnsiColor::Red.on_default().bold();
const HINT: Style = AnsiColor::Cyan.on_default().bold();

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_hides_no_character() {
        let line = json_line(&"a\u{1b}b\u{9b}c\u{202e}d\u{e0041}e\n").unwrap();
        assert_eq!(line, r#""a\u001bb\u009bc\u202ed\udb40\udc41e\n""#);
        assert_eq!(
            serde_json::from_str::<String>(&line).unwrap(),
            "a\u{1b}b\u{9b}c\u{202e}d\u{e0041}e\n"
        );
    }

    #[test]
    fn sizes_read_well_at_their_borders() {
        for (count, text) in [
            (0, "0 B"),
            (1023, "1023 B"),
            (1024, "1.0 KiB"),
            (1536, "1.5 KiB"),
            (1024 * 1024 - 1, "1023.9 KiB"),
            (1024 * 1024, "1.0 MiB"),
            (u64::MAX, "15.9 EiB"),
        ] {
            assert_eq!(bytes(count), text);
        }
    }

    #[test]
    fn durations_read_well() {
        assert_eq!(elapsed(Duration::from_millis(12)), "12 ms");
        assert_eq!(elapsed(Duration::from_millis(1999)), "1.9 s");
        for (seconds, text) in [
            (0, "0 s"),
            (59, "59 s"),
            (60, "1 min 0 s"),
            (3599, "59 min 59 s"),
            (3600, "1 h 0 min"),
            (86_399, "23 h 59 min"),
            (90_000, "1 d 1 h"),
            (u64::MAX, "213503982334601 d 7 h"),
        ] {
            assert_eq!(roughly(Duration::from_secs(seconds)), text);
        }
        assert_eq!(elapsed(Duration::from_secs(200)), "3 min 20 s");
    }
}
