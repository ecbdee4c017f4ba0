//! Arguments of the commands that describe the command itself.

use clap::Args;
use clap_complete::Shell;

/// `cos completions`.
#[derive(Debug, Args)]
pub(crate) struct CompletionsArgs {
    /// The shell that is to read the script
    #[arg(value_name = "SHELL")]
    pub(crate) shell: Shell,
}
