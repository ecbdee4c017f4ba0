//! The `cos` command: reads objects and listings of Tencent Cloud COS.
//!
//! This crate is the command and nothing else: arguments become settings, settings become calls of
//! the crates below, and what comes back is printed. Who wants to read COS from a program takes
//! [`cos_transfer`], [`cos_transport`] or [`cos_proto`]; the only thing to call here is [`run`],
//! for a program that is to be this command under another name:
//!
//! ```no_run
//! fn main() -> std::process::ExitCode {
//!     cos_cli::run()
//! }
//! ```
//!
//! What the command promises to scripts (names, outputs, exit codes) is in `cos --help`.

mod args;
mod client;
mod commands;
mod config;
mod context;
mod environment;
mod error;
mod escape;
mod exit;
mod handles;
mod location;
mod printer;
mod progress;
mod records;
mod settings;
mod signals;
mod trace;

use std::num::NonZero;
use std::{process, thread};

use clap::Parser;
use clap::error::ErrorKind;
use tokio::runtime::Builder;

use args::{Cli, Command, OutputArgs};
use context::Context;
use environment::Environment;
use error::Error;
use exit::ExitCode;
use printer::Printer;
use signals::Stop;

/// The most threads that work on requests and their bodies. One writes a file at a time, and each
/// has memory of its own that malloc keeps for it.
const MAX_THREADS: usize = 4;

/// Runs the command with the arguments, the environment and the streams of this process.
///
/// It reads the environment and the configuration file, installs handlers for SIGINT and SIGTERM
/// while it works, and starts a tokio runtime of its own: it must not be called from within one.
/// What it returns is the exit code of the table in `cos --help`.
pub fn run() -> process::ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(refusal) => return refused(&refusal).into(),
    };
    let printer = Printer::new(cli.output);
    match execute(cli, printer) {
        Ok(()) => ExitCode::Success,
        Err(error) => {
            if let Error::Failed(failed) = &error {
                printer.failure(failed);
            }
            error.exit()
        }
    }
    .into()
}

/// Takes a text for a configuration file and resolves each of its profiles; what is refused is
/// told as it would be printed.
///
/// This is what the fuzz target of the configuration file calls, and no interface: it may change in
/// any version.
#[doc(hidden)]
pub fn fuzz_config(text: &str) -> Result<(), String> {
    let shown = |error: Error| match error {
        Error::Failed(failed) => format!("{}\n{:?}", failed.message, failed.hint),
        other => format!("{other:?}"),
    };
    for mut profile in config::Profile::all(text).map_err(shown)? {
        // A file of this machine.
        profile.ca_cert = None;
        let (options, environment) = (Default::default(), Environment::default());
        settings::Settings::of(&options, &environment, profile, &trace::Secrets::default())
            .map_err(shown)?;
    }
    Ok(())
}

/// Runs the command until it ends or a signal comes.
fn execute(cli: Cli, printer: Printer) -> Result<(), Error> {
    // Before any work is done, so that no signal finds it unprotected.
    let stop = Stop::listen()?;
    let context = Context::new(Environment::of_process(), printer, stop);
    trace::start(cli.output.verbose, &context.environment, &context.secrets)?;
    let runtime = runtime(&cli.command)
        .enable_all()
        .build()
        .map_err(|error| {
            Error::new(
                ExitCode::Other,
                format!("cannot start: {}", error::chain(&error)),
            )
        })?;
    // On a thread of the runtime: to wake this one for each chunk or object costs up to a fifth of the
    // processors' time.
    let command =
        runtime.spawn(async move { commands::run(cli.command, &cli.connection, &context).await });
    let outcome = runtime
        .block_on(command)
        // Nobody aborts it.
        .unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()));
    // Nothing is left to wait for; a name lookup that hangs would keep the process from ending.
    runtime.shutdown_background();
    outcome
}

/// Some threads receive and decrypt while others write and print. What is to come in order gains
/// nothing: each chunk is awaited by the one that writes it, and would only go through two caches.
fn runtime(command: &Command) -> Builder {
    if let Command::Cat(_) = command {
        return Builder::new_current_thread();
    }
    let processors = thread::available_parallelism().map_or(1, NonZero::get);
    let mut builder = Builder::new_multi_thread();
    builder.worker_threads(processors.min(MAX_THREADS));
    builder
}

/// Help and version, which are asked for, and refusals of the command line, which are not.
fn refused(refusal: &clap::Error) -> ExitCode {
    match refusal.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => {
            // A closed pipe is no failure: `cos --help | head`.
            let _ = refusal.print();
            return ExitCode::Success;
        }
        // The whole help, on stderr.
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            let _ = refusal.print();
        }
        _ => Printer::new(OutputArgs::default()).usage(&refusal.render().to_string()),
    }
    ExitCode::Usage
}

/// The example in the README is compiled.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;
