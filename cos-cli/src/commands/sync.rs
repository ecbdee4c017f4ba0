//! `cos sync`: of a directory of a bucket, what differs.

use cos_transfer::prefix::SyncBy;

use super::tree::Tree;
use crate::args::SyncArgs;
use crate::context::Context;
use crate::error::Error;
use crate::settings::Settings;

/// Fetches what differs.
pub(super) async fn run(
    args: SyncArgs,
    settings: &Settings,
    context: &Context,
) -> Result<(), Error> {
    let tree = Tree {
        source: args.source,
        directory: args.directory,
        fetch: args.fetch,
        file: args.file,
        tree: args.tree,
        sync: Some(match args.checksum {
            true => SyncBy::Checksum,
            false => SyncBy::SizeAndTime,
        }),
        delete: args.delete,
    };
    tree.run(settings, context).await
}
