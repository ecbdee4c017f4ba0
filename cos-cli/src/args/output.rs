//! Options that say what is printed, and how.

use clap::{ArgAction, Args, ValueEnum};

/// What is printed, and how.
#[derive(Debug, Clone, Copy, Default, Args)]
#[command(next_help_heading = "Output")]
pub(crate) struct OutputArgs {
    /// Print results as JSON, one object a line
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// Print nothing but data and errors
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub(crate) quiet: bool,
    /// Say on stderr what each request came to; -vv and -vvv say more (RUST_LOG says exactly what)
    #[arg(short, long, global = true, action = ArgAction::Count)]
    pub(crate) verbose: u8,
    /// Colours: on a terminal, always or never
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    pub(crate) color: WhenArg,
    /// How far a download is, on stderr: on a terminal, always or never
    ///
    /// On a terminal it is left out with --json, -v, and where the object's bytes go to the same terminal.
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    pub(crate) progress: WhenArg,
}

/// `--color` and `--progress`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum WhenArg {
    /// On a terminal that wants them.
    #[default]
    Auto,
    /// Everywhere.
    Always,
    /// Nowhere.
    Never,
}
