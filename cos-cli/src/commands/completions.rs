//! `cos completions`: what teaches a shell the command's words.

use clap::CommandFactory;

use crate::args::{Cli, CompletionsArgs};
use crate::error::Error;
use crate::printer::Printer;

/// Prints the shell's script.
pub(super) fn run(args: &CompletionsArgs, printer: Printer) -> Result<(), Error> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "cos", &mut script);
    printer.line(String::from_utf8_lossy(&script).trim_end())
}
