//! Arguments of the commands that list keys.

use clap::Args;

use crate::location::Location;

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

/// `cos du`.
#[derive(Debug, Args)]
pub(crate) struct DuArgs {
    /// The bucket, with a prefix where only some keys are to count
    #[arg(value_name = "cos://BUCKET[/PREFIX]")]
    pub(crate) place: Location,
}
