//! What may stand on the command line: plain data, nothing resolved and nothing opened.

mod connection;
mod object;
mod output;
mod values;

pub(crate) use connection::{AddressingArg, ConnectionArgs, SchemeArg};
pub(crate) use object::{ConditionArgs, IntegrityArgs, OverrideArgs};
pub(crate) use output::{OutputArgs, WhenArg};

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};
use cos_proto::{ByteRange, TrafficLimit, VersionId};

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
    /// Download one object into a file, a directory or stdout.
    #[command(visible_alias = "download")]
    Cp(CpArgs),
    /// Write one object to stdout.
    Cat(CatArgs),
    /// List keys, versions or buckets.
    Ls(LsArgs),
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
}

/// `cos cp`.
#[derive(Debug, Args)]
pub(crate) struct CpArgs {
    /// The object, as cos://BUCKET/KEY
    #[arg(value_name = "cos://BUCKET/KEY")]
    pub(crate) source: Location,
    /// A file, an existing directory (the key's last component is the name), or - for stdout
    ///
    /// Missing parent folders are made. The bytes go to a temporary name beside the destination,
    /// which takes its place once length and CRC64 are checked.
    #[arg(value_name = "DEST")]
    pub(crate) destination: PathBuf,
    /// Leave a file that exists as it is, and say so
    #[arg(long)]
    pub(crate) no_clobber: bool,
    #[command(flatten)]
    pub(crate) read: ReadArgs,
}

/// `cos cat`.
#[derive(Debug, Args)]
pub(crate) struct CatArgs {
    /// The object, as cos://BUCKET/KEY
    #[arg(value_name = "cos://BUCKET/KEY")]
    pub(crate) source: Location,
    #[command(flatten)]
    pub(crate) read: ReadArgs,
}

/// How the content of an object is read.
#[derive(Debug, Args)]
pub(crate) struct ReadArgs {
    #[command(flatten)]
    pub(crate) integrity: IntegrityArgs,
    /// Read only these bytes, counted from 0, both ends included
    #[arg(long, value_name = "bytes=A-B")]
    pub(crate) range: Option<ByteRange>,
    /// Read this version
    #[arg(long, value_name = "ID")]
    pub(crate) version_id: Option<VersionId>,
    /// Let the service send no faster than this, in bit/s, 819200 to 838860800
    #[arg(long, value_name = "BIT/S", value_parser = values::traffic_limit)]
    pub(crate) traffic_limit: Option<TrafficLimit>,
    #[command(flatten)]
    pub(crate) conditions: ConditionArgs,
    #[command(flatten)]
    pub(crate) overrides: OverrideArgs,
}

/// `cos ls`.
#[derive(Debug, Args)]
pub(crate) struct LsArgs {
    /// The bucket, with a prefix where only some keys are wanted; without it, the account's buckets
    #[arg(value_name = "cos://BUCKET[/PREFIX]")]
    pub(crate) place: Option<Location>,
    /// List every key below the prefix instead of one level
    #[arg(short, long, requires = "place")]
    pub(crate) recursive: bool,
    /// List every version and delete marker
    #[arg(long, requires = "place")]
    pub(crate) versions: bool,
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
