//! What `-v` shows: the events of the libraries on stderr, through a writer that hides secrets.

use std::fmt;
use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};

use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::prelude::*;
use zeroize::Zeroizing;

use crate::environment::{self, Environment};
use crate::error::Error;
use crate::escape::escaped;

/// The secrets of this run, for the log writer to hide.
///
/// The project's own crates log none. This is for the crates below them, which `RUST_LOG` can make
/// as talkative as they like, and for the mistake that nobody has made yet.
#[derive(Clone, Default)]
pub(crate) struct Secrets(Arc<Mutex<Vec<Zeroizing<String>>>>);

impl Secrets {
    /// Hides `secret` wherever it is logged from now on, also percent-encoded.
    pub(crate) fn hide(&self, secret: &str) {
        // Shorter ones would blot out ordinary words.
        if secret.len() < SHORTEST_SECRET {
            return;
        }
        let mut secrets = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let encoded = percent_encoded(secret);
        if *encoded != *secret {
            secrets.push(encoded);
        }
        secrets.push(Zeroizing::new(secret.to_owned()));
    }

    fn redact(&self, mut text: String) -> String {
        for secret in self.0.lock().unwrap_or_else(PoisonError::into_inner).iter() {
            if text.contains(secret.as_str()) {
                text = text.replace(secret.as_str(), REDACTED);
            }
        }
        redact_signatures(&text)
    }
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secrets")
    }
}

/// Starts logging to stderr as `-v` asks; without it nothing is logged.
///
/// `RUST_LOG` says which targets and levels instead, once there is a `-v`.
pub(crate) fn start(
    verbose: u8,
    environment: &Environment,
    secrets: &Secrets,
) -> Result<(), Error> {
    if verbose == 0 {
        return Ok(());
    }
    let filter = match environment.text(environment::RUST_LOG)? {
        Some(text) => text
            .parse()
            .map_err(|_| Error::usage("RUST_LOG is not a list of target=level"))?,
        None => targets(verbose),
    };
    let layer = tracing_subscriber::fmt::layer()
        .with_ansi(false)
        .with_writer(SafeStderr {
            secrets: secrets.clone(),
        });
    // A second subscriber in one process is refused; the first one stays, which is as good.
    let _ = tracing_subscriber::registry()
        .with(layer)
        .with(filter)
        .try_init();
    Ok(())
}

/// One `-v`: each answer. Two: all that this project has to say. Three: what is below it, too.
fn targets(verbose: u8) -> Targets {
    let (ours, others) = match verbose {
        1 => (LevelFilter::DEBUG, LevelFilter::WARN),
        2 => (LevelFilter::TRACE, LevelFilter::WARN),
        _ => (LevelFilter::TRACE, LevelFilter::DEBUG),
    };
    Targets::new()
        .with_default(others)
        .with_targets(OURS.map(|target| (target, ours)))
}

/// stderr, with secrets blotted out and control characters shown. Gets one whole event at a time.
#[derive(Debug, Clone)]
struct SafeStderr {
    secrets: Secrets,
}

impl SafeStderr {
    fn safe(&self, event: &[u8]) -> String {
        let text = self
            .secrets
            .redact(String::from_utf8_lossy(event).into_owned());
        let mut safe = String::with_capacity(text.len());
        for line in text.lines() {
            safe.push_str(&format!("{}\n", escaped(line)));
        }
        safe
    }
}

impl Write for SafeStderr {
    fn write(&mut self, event: &[u8]) -> io::Result<usize> {
        io::stderr().lock().write_all(self.safe(event).as_bytes())?;
        Ok(event.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for SafeStderr {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

/// Blots out what follows `q-signature=`, in a header or in a presigned query.
fn redact_signatures(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(SIGNATURE) {
        safe.push_str(before);
        safe.push_str(SIGNATURE);
        safe.push_str(REDACTED);
        rest = after.trim_start_matches(|c: char| c.is_ascii_hexdigit());
    }
    safe.push_str(rest);
    safe
}

fn percent_encoded(text: &str) -> Zeroizing<String> {
    let mut encoded = Zeroizing::new(String::with_capacity(text.len() * 3));
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                encoded.push(char::from(byte))
            }
            other => encoded.push_str(&format!("%{other:02X}")),
        }
    }
    encoded
}

/// The crates of this project.
const OURS: [&str; 6] = [
    "cos_cli",
    "cos_emulator",
    "cos_proto",
    "cos_sign",
    "cos_transfer",
    "cos_transport",
];

const SIGNATURE: &str = "q-signature=";
const REDACTED: &str = "[redacted]";

/// A real secret key has 32 characters, a token hundreds.
const SHORTEST_SECRET: usize = 8;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_blotted_out_raw_and_encoded() {
        let secrets = Secrets::default();
        secrets.hide("canary/key+1");
        let writer = SafeStderr { secrets };
        let shown = writer.safe(b"a canary/key+1 b canary%2Fkey%2B1 c\n");
        assert_eq!(shown, "a [redacted] b [redacted] c\n");
    }

    #[test]
    fn a_signature_is_blotted_out() {
        let writer = SafeStderr {
            secrets: Secrets::default(),
        };
        let shown = writer.safe(b"?x=1&q-signature=0123456789abcdef&y q-signature=ff\n");
        assert_eq!(
            shown,
            "?x=1&q-signature=[redacted]&y q-signature=[redacted]\n"
        );
    }

    #[test]
    fn a_log_line_moves_no_cursor() {
        let writer = SafeStderr {
            secrets: Secrets::default(),
        };
        assert_eq!(writer.safe(b"key=\x1b[2J\n"), "key=\\u{1b}[2J\n");
    }
}
