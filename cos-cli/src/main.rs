//! The `cos` command.

use std::process::ExitCode;

fn main() -> ExitCode {
    cos_cli::run()
}
