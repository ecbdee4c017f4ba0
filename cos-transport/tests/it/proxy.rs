//! Proxies: a real one, and ones that nobody should meet.

mod hostile;
mod tinyproxy;
mod tls_front;

use std::io;
use std::sync::{Arc, Mutex};

use cos_proto::Failure;
use cos_transport::{Error, ErrorKind};
use tracing_subscriber::fmt::MakeWriter;

/// What was logged.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().unwrap()).into_owned()
    }
}

impl io::Write for Log {
    fn write(&mut self, text: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(text);
        Ok(text.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

/// An error with all its sources, in every form.
fn shown(error: &Error) -> String {
    let mut text = format!("{error} {error:?} {error:#?}");
    let mut next = std::error::Error::source(error);
    while let Some(source) = next {
        text.push_str(&format!(" {source} {source:?}"));
        next = source.source();
    }
    text
}

/// Asserts that a proxy refused for good, after one attempt, and what was said.
#[track_caller]
fn refused_for_good(error: &Error, says: &[&str]) {
    assert_eq!(error.kind(), ErrorKind::Proxy, "{error:?}");
    assert_eq!(error.failure(), Failure::InvalidResponse, "{error:?}");
    assert_eq!(error.attempts().made(), 1, "{error:?}");
    for text in says {
        assert!(shown(error).contains(text), "no {text:?} in {error:?}");
    }
}
