//! One step of the demo: a command, what befalls it, and what should come out.

use std::env;
use std::path::Path;
use std::process::{Output, Stdio};

use cos_emulator::Fault;
use serde::Serialize;
use tokio::process::Command;

use super::endpoint::{DemoEndpoint, REPORT_SIZE, SECRET_ID, SECRET_KEY};
use super::read;
use crate::environment;
use crate::error::{Error, chain};
use crate::exit::ExitCode;
use crate::printer::Printer;

/// A command line and what is expected of it.
#[derive(Debug)]
pub(super) struct Step {
    title: &'static str,
    arguments: Vec<String>,
    wrong_key: bool,
    fault: Option<Fault>,
    expected: ExitCode,
    file: Option<Expected>,
}

/// What should be there afterwards.
#[derive(Debug)]
enum Expected {
    SameAsObject(&'static str),
    Absent(&'static str),
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
            fault: None,
            expected: ExitCode::Success,
            file: None,
        }
    }

    pub(super) fn with_wrong_key(mut self) -> Self {
        self.wrong_key = true;
        self
    }

    /// One byte in the middle of the object arrives changed.
    pub(super) fn corrupted(mut self) -> Self {
        self.fault = Some(Fault::new().corrupt(REPORT_SIZE / 2));
        self
    }

    /// The connection is reset after half of the object.
    pub(super) fn cut_off(mut self) -> Self {
        self.fault = Some(Fault::new().reset_after(REPORT_SIZE / 2));
        self
    }

    /// Anything but success has to be said.
    pub(super) fn fails(mut self, exit: ExitCode) -> Self {
        self.expected = exit;
        self
    }

    pub(super) fn same_as_object(mut self, file: &'static str) -> Self {
        self.file = Some(Expected::SameAsObject(file));
        self
    }

    pub(super) fn absent(mut self, file: &'static str) -> Self {
        self.file = Some(Expected::Absent(file));
        self
    }

    /// Runs the command in `folder`, shows it, and says whether it came out as it should.
    pub(super) async fn run(
        &self,
        number: usize,
        endpoint: &DemoEndpoint,
        folder: &Path,
        printer: Printer,
    ) -> Result<bool, Error> {
        if let Some(fault) = self.fault.clone() {
            endpoint.script(fault);
        }
        let output = self
            .command(endpoint, folder)?
            .output()
            .await
            .map_err(|error| cannot_run(&error))?;
        let checked = self.check(&output, endpoint, folder);
        self.show(number, &output, &checked, printer)?;
        Ok(checked.as_it_should)
    }

    fn command(&self, endpoint: &DemoEndpoint, folder: &Path) -> Result<Command, Error> {
        let program = env::current_exe().map_err(|error| cannot_run(&error))?;
        let mut command = Command::new(program);
        command
            .args(&self.arguments)
            .current_dir(folder)
            .stdin(Stdio::null())
            .kill_on_drop(true);
        // Nothing that the user has set for real buckets reaches the demo.
        for name in environment::READ {
            command.env_remove(name);
        }
        command
            .env("XDG_CONFIG_HOME", folder)
            .env(environment::ENDPOINT, endpoint.url())
            .env(environment::SECRET_ID, SECRET_ID)
            .env(
                environment::SECRET_KEY,
                if self.wrong_key {
                    WRONG_KEY
                } else {
                    SECRET_KEY
                },
            );
        Ok(command)
    }

    fn check(&self, output: &Output, endpoint: &DemoEndpoint, folder: &Path) -> Checked {
        let exit = output.status.code();
        let (file_as_it_should, file) = match self.file {
            None => (true, None),
            Some(Expected::SameAsObject(name)) => {
                match read(folder, name).as_deref() == Some(endpoint.report()) {
                    true => (true, Some(format!("{name} is the object, byte for byte"))),
                    false => (false, Some(format!("{name} is not the object"))),
                }
            }
            // Not the file, and no temporary file beside it either.
            Some(Expected::Absent(name)) => match left_over(folder, name) {
                None => (true, Some(format!("there is no {name}, nor a part of it"))),
                Some(left) => (false, Some(format!("{left} was left behind"))),
            },
        };
        Checked {
            exit,
            as_it_should: file_as_it_should && exit == Some(self.expected.number().into()),
            file,
        }
    }

    fn show(
        &self,
        number: usize,
        output: &Output,
        checked: &Checked,
        printer: Printer,
    ) -> Result<(), Error> {
        if printer.json() {
            return printer.record(&StepRecord {
                step: number,
                arguments: &self.arguments,
                exit: checked.exit,
                as_expected: checked.as_it_should,
            });
        }
        let mut lines = printer.lines();
        lines.line(format_args!("\n{number}. {}\n", self.title))?;
        let quoted: Vec<_> = self
            .arguments
            .iter()
            .map(|argument| quoted(argument))
            .collect();
        let wrong_key = if self.wrong_key {
            "COS_SECRET_KEY=wrong "
        } else {
            ""
        };
        lines.line(format_args!("   $ {wrong_key}cos {}", quoted.join(" ")))?;
        for stream in [&output.stdout, &output.stderr] {
            for line in String::from_utf8_lossy(stream).lines() {
                lines.line(format_args!("   {line}"))?;
            }
        }
        let exit = checked
            .exit
            .map_or_else(|| "none".to_owned(), |code| code.to_string());
        let file = checked
            .file
            .as_deref()
            .map(|file| format!("; {file}"))
            .unwrap_or_default();
        let verdict = match checked.as_it_should {
            true => String::new(),
            false => format!(" (expected: exit code {})", self.expected.number()),
        };
        lines.line(format_args!("   exit code {exit}{file}{verdict}"))?;
        lines.flush()
    }
}

/// How a step came out.
#[derive(Debug)]
struct Checked {
    exit: Option<i32>,
    as_it_should: bool,
    file: Option<String>,
}

/// A step as `--json` prints it.
#[derive(Debug, Serialize)]
struct StepRecord<'a> {
    step: usize,
    arguments: &'a [String],
    exit: Option<i32>,
    as_expected: bool,
}

/// A file that a failed download to `name` left behind.
fn left_over(folder: &Path, name: &str) -> Option<String> {
    let entries = std::fs::read_dir(folder).ok()?;
    let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    // Everything that is not the result of an earlier step.
    names
        .into_iter()
        .find(|found| found == name || !EARLIER.contains(&found.as_str()))
}

/// An argument as a shell takes it.
fn quoted(argument: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "-_./:+@%,=".contains(c);
    if argument.chars().all(plain) {
        argument.to_owned()
    } else {
        format!("'{}'", argument.replace('\'', r"'\''"))
    }
}

fn cannot_run(error: &std::io::Error) -> Error {
    Error::new(
        ExitCode::Other,
        format!("cannot run this program again: {}", chain(error)),
    )
}

const EARLIER: [&str; 1] = ["report.bin"];
const WRONG_KEY: &str = "wrongsecretkeywrongsecretkeywron";
