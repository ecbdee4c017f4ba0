//! Arguments of the commands that fetch objects.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use cos_proto::{ByteRange, TrafficLimit, VersionId};

use super::object::{ConditionArgs, IntegrityArgs, OverrideArgs};
use super::tree::TreeArgs;
use super::values;
use crate::location::Location;

/// `cos cp`.
#[derive(Debug, Args)]
pub(crate) struct CpArgs {
    /// The object, as cos://BUCKET/KEY; with -r a prefix: every key that starts with it
    #[arg(value_name = "cos://BUCKET/KEY")]
    pub(crate) source: Location,
    /// A file, an existing directory (the key's last component is the name), or - for stdout; with
    /// -r a directory
    ///
    /// Missing parent folders are made. The bytes go to DEST.cospart, which takes its place once
    /// length and CRC64 are checked; DEST.cosckpt remembers how far it is. With -r they stand in
    /// DEST/.cos-partial. After an interruption, the same command again goes on from there.
    #[arg(value_name = "DEST")]
    pub(crate) destination: PathBuf,
    /// Download every object whose key starts with KEY, to DEST and what follows KEY's last /
    #[arg(short, long, conflicts_with_all = ["range", "version_id", "ConditionArgs"])]
    pub(crate) recursive: bool,
    #[command(flatten)]
    pub(crate) file: FileArgs,
    #[command(flatten)]
    pub(crate) tree: TreeArgs,
    #[command(flatten)]
    pub(crate) read: ReadArgs,
}

/// `cos sync`.
#[derive(Debug, Args)]
pub(crate) struct SyncArgs {
    /// The bucket and a prefix: every key that starts with it
    #[arg(value_name = "cos://BUCKET[/PREFIX]")]
    pub(crate) source: Location,
    /// The directory; it is made where there is none
    #[arg(value_name = "DIR")]
    pub(crate) directory: PathBuf,
    /// Compare CRC64 instead of time: a request for each object of equal size, and the file is read
    #[arg(long)]
    pub(crate) checksum: bool,
    /// Remove local files that are not in the bucket
    ///
    /// Never after a listing that failed, and only files that the filters and the shard take.
    #[arg(long)]
    pub(crate) delete: bool,
    #[command(flatten)]
    pub(crate) file: FileArgs,
    #[command(flatten)]
    pub(crate) tree: TreeArgs,
    #[command(flatten)]
    pub(crate) fetch: FetchArgs,
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

/// How files are written.
#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct FileArgs {
    /// Leave a file that exists as it is, and say so
    #[arg(long)]
    pub(crate) no_clobber: bool,
    /// Start anew, whatever an interrupted download has left
    #[arg(long)]
    pub(crate) no_resume: bool,
    /// Take what an interrupted download has left for right, without reading it back
    #[arg(long, conflicts_with = "no_resume")]
    pub(crate) trust_checkpoint: bool,
    /// When files are made durable before they count as done
    #[arg(long, value_name = "WHEN", default_value = "auto")]
    pub(crate) fsync: FsyncArg,
}

/// `--fsync`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum FsyncArg {
    /// Each file by itself; the small ones of a directory together, at the end.
    Auto,
    /// Each file by itself.
    Always,
    /// When the system gets to it: a power cut may leave files that are not whole.
    Never,
}

/// How the content of one object is read.
#[derive(Debug, Clone, Args)]
pub(crate) struct ReadArgs {
    /// Read only these bytes, counted from 0, both ends included
    #[arg(long, value_name = "bytes=A-B")]
    pub(crate) range: Option<ByteRange>,
    /// Read this version
    #[arg(long, value_name = "ID")]
    pub(crate) version_id: Option<VersionId>,
    #[command(flatten)]
    pub(crate) conditions: ConditionArgs,
    #[command(flatten)]
    pub(crate) fetch: FetchArgs,
}

/// How the content of every object is fetched.
#[derive(Debug, Clone, Args)]
pub(crate) struct FetchArgs {
    #[command(flatten)]
    pub(crate) parts: PartArgs,
    #[command(flatten)]
    pub(crate) integrity: IntegrityArgs,
    /// Let the service send no faster than this over each connection, in bit/s, 819200 to 838860800
    #[arg(long, value_name = "BIT/S", value_parser = values::traffic_limit)]
    pub(crate) traffic_limit: Option<TrafficLimit>,
    #[command(flatten)]
    pub(crate) overrides: OverrideArgs,
}

/// How an object is fetched in parts. What is not said, the profile or the default says.
#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct PartArgs {
    /// Fetch objects that are larger than this in parts of this size [default: 20MiB]
    #[arg(long, value_name = "SIZE", value_parser = values::part_size)]
    pub(crate) part_size: Option<u64>,
    /// Fetch so many parts of an object at once [default: 5]
    #[arg(short = 'j', long, value_name = "N", value_parser = values::connections)]
    pub(crate) parallel: Option<NonZeroUsize>,
    /// Use no more connections than this, all objects together [default: 32]
    #[arg(long, value_name = "N", value_parser = values::connections)]
    pub(crate) connections: Option<NonZeroUsize>,
}
