//! What may stand on the command line: plain data, nothing resolved and nothing opened.

mod connection;
#[cfg(test)]
mod contract;
mod listing;
mod object;
mod output;
mod shell;
mod transfer;
mod tree;
pub(crate) mod values;

pub(crate) use connection::{AddressingArg, ConnectionArgs, SchemeArg};
pub(crate) use listing::{DuArgs, LsArgs};
pub(crate) use object::{ConditionArgs, OverrideArgs};
pub(crate) use output::{OutputArgs, WhenArg};
pub(crate) use shell::CompletionsArgs;
pub(crate) use transfer::{
    CatArgs, CpArgs, FetchArgs, FileArgs, FsyncArg, PartArgs, ReadArgs, SyncArgs,
};
pub(crate) use tree::TreeArgs;
pub(crate) use values::{connections, part_size};

#[cfg(feature = "serve")]
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};
use cos_proto::VersionId;

use crate::exit;
use crate::location::Location;

/// Reads objects and listings of Tencent Cloud COS.
///
/// Objects are written as cos://BUCKET/KEY, the key byte for byte: nothing in it is decoded or
/// merged.
#[derive(Debug, Parser)]
#[command(name = "cos", version, after_help = exit::HELP, max_term_width = 120)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) connection: ConnectionArgs,
    #[command(flatten)]
    pub(crate) output: OutputArgs,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// The commands of this version.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Download an object into a file, a directory or stdout, or every object below a prefix.
    #[command(visible_alias = "download")]
    Cp(CpArgs),
    /// Download what differs below a prefix.
    Sync(SyncArgs),
    /// Write one object to stdout.
    Cat(CatArgs),
    /// List keys, versions or buckets.
    Ls(LsArgs),
    /// Count objects and their bytes, by storage class.
    Du(DuArgs),
    /// Show what the service knows about an object (HEAD).
    Stat(StatArgs),
    /// Print a URL that lets anyone who has it read an object for a while.
    Presign(PresignArgs),
    /// Serve a directory as a local COS endpoint.
    #[cfg(feature = "serve")]
    Serve(ServeArgs),
    /// Show the main job on a local endpoint, without an account.
    #[cfg(feature = "serve")]
    Demo,
    /// Print a script that teaches a shell to complete the command's words.
    Completions(CompletionsArgs),
    /// Print the manual page, for man -l.
    Man,
}

/// `cos stat`.
#[derive(Debug, Args)]
pub(crate) struct StatArgs {
    /// The object, as cos://BUCKET/KEY
    #[arg(value_name = "cos://BUCKET/KEY")]
    pub(crate) source: Location,
    /// Ask for this version
    #[arg(long, value_name = "ID")]
    pub(crate) version_id: Option<VersionId>,
}

/// `cos presign`.
#[derive(Debug, Args)]
pub(crate) struct PresignArgs {
    /// The object, as cos://BUCKET/KEY
    #[arg(value_name = "cos://BUCKET/KEY")]
    pub(crate) source: Location,
    /// How long the URL is valid, a year at most
    #[arg(long, value_name = "DURATION", default_value = "1h", value_parser = values::validity)]
    pub(crate) expires: Duration,
    /// Name this version
    #[arg(long, value_name = "ID")]
    pub(crate) version_id: Option<VersionId>,
    #[command(flatten)]
    pub(crate) overrides: OverrideArgs,
}

/// `cos serve`.
#[cfg(feature = "serve")]
#[derive(Debug, Args)]
pub(crate) struct ServeArgs {
    /// The directory to serve; each directory in it is a bucket
    ///
    /// Signatures are checked against COS_SECRET_ID and COS_SECRET_KEY (and COS_TOKEN); with
    /// --anonymous nothing is checked. The URL is printed on stdout once the endpoint accepts
    /// connections.
    #[arg(value_name = "DIR")]
    pub(crate) directory: PathBuf,
    /// Where to listen, as IP:PORT; port 0 takes a free port
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:0")]
    pub(crate) listen: std::net::SocketAddr,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_definition_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn global_options_stand_before_or_after_the_command() {
        for line in [
            ["cos", "--region", "r", "ls"],
            ["cos", "ls", "--region", "r"],
        ] {
            assert_eq!(
                Cli::parse_from(line).connection.region.as_deref(),
                Some("r")
            );
        }
    }

    #[test]
    fn no_option_takes_a_secret() {
        for name in ["--secret-key", "--secret-id", "--token", "--sse-c-key"] {
            assert!(Cli::try_parse_from(["cos", "ls", name, "x"]).is_err());
        }
    }
}
