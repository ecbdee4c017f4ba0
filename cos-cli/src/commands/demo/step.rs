//! One step of the demo: a command, what befalls it, and what should come out.

use cos_emulator::{Fault, When};

use super::endpoint::{REPORT, REPORT_SIZE};
use crate::exit::ExitCode;

/// A command line, what happens to it, and what is expected of it.
#[derive(Debug)]
pub(super) struct Step {
    pub(super) title: &'static str,
    pub(super) arguments: Vec<String>,
    pub(super) wrong_key: bool,
    pub(super) faults: Vec<(When, Fault)>,
    /// An object that is another one by then, and its bytes.
    pub(super) changed: Option<(String, &'static str)>,
    pub(super) end: End,
    pub(super) expected: Vec<Expected>,
}

/// How the process of a step should end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// By itself.
    Exit(ExitCode),
    /// Killed, once every fault of the step has befallen it.
    Killed,
}

/// What should be there afterwards.
#[derive(Debug, Clone, Copy)]
pub(super) enum Expected {
    /// The file is the object, byte for byte.
    File {
        /// In the demo's folder.
        name: &'static str,
        /// In the demo's bucket.
        key: &'static str,
    },
    /// There is no such file, and nothing that was to become it.
    Nothing(&'static str),
    /// There is no such file yet, but what a later run can go on from.
    Checkpoint(&'static str),
    /// The folder has a file for each object below the prefix, byte for byte, and nothing else.
    Folder {
        /// In the demo's folder.
        name: &'static str,
        /// In the demo's bucket.
        prefix: &'static str,
    },
    /// The endpoint has sent so many bytes of objects.
    Sent(u64),
    /// The endpoint was asked for so many objects.
    Asked(usize),
}

impl Step {
    pub(super) fn new(title: &'static str, arguments: &[&str]) -> Self {
        Self {
            title,
            arguments: arguments
                .iter()
                .map(|argument| (*argument).to_owned())
                .collect(),
            wrong_key: false,
            faults: Vec::new(),
            changed: None,
            end: End::Exit(ExitCode::Success),
            expected: Vec::new(),
        }
    }

    pub(super) fn with_wrong_key(mut self) -> Self {
        self.wrong_key = true;
        self
    }

    /// One byte in the middle of the object arrives changed.
    pub(super) fn corrupted(mut self) -> Self {
        let when = When::get().key(REPORT);
        self.faults.push((when, Fault::new().corrupt(1_000_000)));
        self
    }

    /// The connection is reset in each of the first parts.
    pub(super) fn cut_off(mut self) -> Self {
        for n in 1..=CUTS {
            let when = When::get().key(REPORT).nth(n);
            self.faults
                .push((when, Fault::new().reset_after(n * 1_000_000)));
        }
        self
    }

    /// Half of the object is sent, and nothing of the next `parts` parts. The process is killed when
    /// it has asked for them.
    pub(super) fn killed_half_way(mut self, parts: u64, part_size: u64) -> Self {
        for n in 0..parts {
            let when = When::get()
                .key(REPORT)
                .range_from(REPORT_SIZE / 2 + n * part_size);
            self.faults.push((when, Fault::new().stall_head_for_ever()));
        }
        self.end = End::Killed;
        self
    }

    /// Before it, an object is replaced.
    pub(super) fn after_change(mut self, key: String, content: &'static str) -> Self {
        self.changed = Some((key, content));
        self
    }

    /// Anything but success has to be said.
    pub(super) fn fails(mut self, exit: ExitCode) -> Self {
        self.end = End::Exit(exit);
        self
    }

    pub(super) fn gives(mut self, expected: Expected) -> Self {
        self.expected.push(expected);
        self
    }
}

/// How often a connection is cut.
const CUTS: u64 = 3;
