//! The demo as it is told.

use serde::Serialize;

use super::run::Outcome;
use super::step::{End, Step};
use crate::error::Error;
use crate::printer::Printer;

impl Step {
    /// Shows the command and what came of it.
    pub(super) fn show(
        &self,
        number: usize,
        outcome: &Outcome,
        printer: Printer,
    ) -> Result<(), Error> {
        if printer.json() {
            return printer.record(&StepRecord {
                step: number,
                arguments: &self.arguments,
                exit: outcome.exit,
                as_expected: outcome.as_it_should,
            });
        }
        let mut lines = printer.lines();
        lines.line(format_args!("\n{number}. {}\n", self.title))?;
        let quoted: Vec<_> = self.arguments.iter().map(|word| quoted(word)).collect();
        let wrong_key = match self.wrong_key {
            true => "COS_SECRET_KEY=wrong ",
            false => "",
        };
        lines.line(format_args!("   $ {wrong_key}cos {}", quoted.join(" ")))?;
        for line in outcome.said.lines() {
            lines.line(format_args!("   {line}"))?;
        }
        for line in self.verdict(outcome) {
            lines.line(format_args!("   => {line}"))?;
        }
        lines.flush()
    }

    /// How it ended, what was found, and whether that is as it should be.
    fn verdict(&self, outcome: &Outcome) -> Vec<String> {
        let ended = match (self.end, outcome.exit) {
            (End::Killed, None) => "killed".to_owned(),
            (_, None) => "ended by a signal".to_owned(),
            (_, Some(code)) => format!("exit code {code}"),
        };
        let mut lines = vec![ended];
        lines.extend(outcome.found.iter().cloned());
        if !outcome.as_it_should {
            lines.push("this is not as it should be".to_owned());
        }
        lines
    }
}

/// A step as `--json` prints it.
#[derive(Debug, Serialize)]
struct StepRecord<'a> {
    step: usize,
    arguments: &'a [String],
    exit: Option<i32>,
    as_expected: bool,
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
