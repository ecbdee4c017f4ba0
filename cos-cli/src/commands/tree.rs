//! `cos cp -r` and `cos sync`: a directory of a bucket into a local one.

mod ending;
mod teller;

use std::path::{Path, PathBuf};

use cos_transfer::prefix::{Prefix, PrefixDownload, SyncBy};
use cos_transport::Client;

use super::request;
use crate::args::{FetchArgs, FileArgs, TreeArgs};
use crate::context::Context;
use crate::error::Error;
use crate::handles;
use crate::location::Location;
use crate::settings::Settings;
use teller::Teller;

/// What is to be fetched, and where to.
#[derive(Debug)]
pub(super) struct Tree {
    pub(super) source: Location,
    pub(super) directory: PathBuf,
    pub(super) fetch: FetchArgs,
    pub(super) file: FileArgs,
    pub(super) tree: TreeArgs,
    /// By what files that need not be fetched are told; without it, all are fetched.
    pub(super) sync: Option<SyncBy>,
    /// Whether local files that the bucket does not have are removed.
    pub(super) delete: bool,
}

impl Tree {
    /// Fetches it, and tells of every object that there is something to tell of.
    pub(super) async fn run(self, settings: &Settings, context: &Context) -> Result<(), Error> {
        if self.directory == Path::new("-") {
            return Err(Error::usage("a directory cannot be written to stdout")
                .with_hint("a directory of that name is ./-"));
        }
        let teller = Teller::new(&self, context.printer);
        let mut transfer = self
            .download(settings)?
            .observer(teller.clone())
            .into_future();
        let ended = tokio::select! {
            // A run that has ended in the same instant has ended.
            biased;
            ended = &mut transfer => ended.map_err(|error| self.failed(&error)),
            error = teller.broken() => {
                transfer.cancel().await;
                return Err(error);
            }
            code = context.stop.asked() => {
                let report = transfer.cancel().await;
                Err((Error::interrupted(code).with_hint(RESUME), report))
            }
        };
        let (outcome, report) = match ended {
            Ok(report) => (Ok(()), report),
            Err((error, report)) => (Err(error), report),
        };
        teller
            .conclude(&self, &report, outcome.is_ok())
            .and(outcome)
    }

    fn download(&self, settings: &Settings) -> Result<PrefixDownload<Client>, Error> {
        let prefix = Prefix::new(request::bucket(&self.source)?, self.source.key.as_str());
        let downloader = request::downloader(settings, &self.fetch)?;
        let fetch = self.fetch.clone();
        let connections = request::connections(settings, &self.fetch.parts)
            .unwrap_or(PrefixDownload::<Client>::CONNECTIONS);
        handles::allow(connections);
        let mut download = request::to_files(downloader, self.file)
            .download_prefix(prefix, &self.directory)
            .filter(self.tree.filter.filter.clone())
            .full_keys(self.tree.full_keys)
            .dry_run(self.tree.dry_run)
            .fail_fast(self.tree.fail_fast)
            .delete(self.delete)
            .connections(connections)
            .request(move |get| request::amended(get, &fetch));
        if let Some(shard) = self.tree.shard {
            download = download.shard(shard);
        }
        if let Some(by) = self.sync {
            download = download.sync(by);
        }
        Ok(download)
    }
}

const RESUME: &str = "run the same command again: what is in place is not fetched again";
