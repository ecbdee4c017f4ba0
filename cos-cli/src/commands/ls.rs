//! `cos ls`: keys, versions or buckets.

use cos_proto::listing::{BucketEntry, ObjectEntry, VersionEntry};
use cos_proto::pager::{BucketPager, Listed, ObjectPager, VersionPager};
use cos_proto::{ListBuckets, ListObjectVersions, ListObjects};

use super::listing::Pages;
use super::request;
use crate::args::LsArgs;
use crate::error::Error;
use crate::escape::escaped;
use crate::printer::{Lines, Printer};
use crate::records::{BucketRecord, EntryRecord, PrefixRecord, VersionRecord};
use crate::settings::Settings;

/// Lists what was asked for; a page is printed while the next one is fetched.
pub(super) async fn run(args: LsArgs, settings: &Settings, printer: Printer) -> Result<(), Error> {
    let Some(place) = &args.place else {
        let pager = BucketPager::new(ListBuckets::new());
        let client = settings.service_client()?;
        let pages = Pages::of(client, pager, "cannot list the buckets".to_owned());
        return print(pages, printer).await;
    };
    let bucket = request::bucket(place)?;
    let prefix = place.key.as_str();
    let delimiter = (!args.recursive).then(|| DELIMITER.to_owned());
    let client = settings.client()?;
    let what = format!("cannot list {place}");
    if args.versions {
        let mut list = ListObjectVersions::new(bucket).prefix(prefix);
        list.delimiter = delimiter;
        print(Pages::of(client, VersionPager::new(list), what), printer).await
    } else {
        let mut list = ListObjects::new(bucket).prefix(prefix);
        list.delimiter = delimiter;
        print(Pages::of(client, ObjectPager::new(list), what), printer).await
    }
}

async fn print<T: Line>(mut pages: Pages<T>, printer: Printer) -> Result<(), Error> {
    let json = printer.json();
    let mut lines = printer.lines();
    while let Some(page) = pages.next().await? {
        for line in &page {
            if json {
                line.record(&mut lines)?;
            } else {
                line.columns(&mut lines)?;
            }
        }
        lines.flush()?;
    }
    Ok(())
}

/// What a listing is made of: columns for a person, a record for a program.
trait Line: Send + 'static {
    fn columns(&self, lines: &mut Lines) -> Result<(), Error>;
    fn record(&self, lines: &mut Lines) -> Result<(), Error>;
}

impl<E: Line> Line for Listed<E> {
    fn columns(&self, lines: &mut Lines) -> Result<(), Error> {
        match self {
            Self::Entry(entry) => entry.columns(lines),
            Self::Prefix(prefix) => lines.line(format_args!(
                "{:TIME$}  {:>SIZE$}  {}",
                "",
                "DIR",
                escaped(prefix)
            )),
            // A folder of an OFS bucket, whose content follows by itself.
            _ => Ok(()),
        }
    }

    fn record(&self, lines: &mut Lines) -> Result<(), Error> {
        match self {
            Self::Entry(entry) => entry.record(lines),
            Self::Prefix(prefix) => lines.record(&PrefixRecord::new(prefix)),
            // As above.
            _ => Ok(()),
        }
    }
}

impl Line for ObjectEntry {
    fn columns(&self, lines: &mut Lines) -> Result<(), Error> {
        // A time is never shorter than its column.
        lines.line(format_args!(
            "{}  {:>SIZE$}  {}",
            self.last_modified,
            self.size,
            escaped(self.key.as_str())
        ))
    }

    fn record(&self, lines: &mut Lines) -> Result<(), Error> {
        lines.record(&EntryRecord::new(self))
    }
}

impl Line for VersionEntry {
    /// A star marks the version that a download without `--version-id` gets, if it is no delete
    /// marker.
    fn columns(&self, lines: &mut Lines) -> Result<(), Error> {
        let size = match self {
            Self::Version(version) => version.size.to_string(),
            _ => "deleted".to_owned(),
        };
        let latest = if self.is_latest() { '*' } else { ' ' };
        let id = self.version_id().map_or("-", |id| id.as_str());
        lines.line(format_args!(
            "{}  {size:>SIZE$}  {latest} {:ID$}  {}",
            self.last_modified(),
            escaped(id).to_string(),
            escaped(self.key().as_str())
        ))
    }

    fn record(&self, lines: &mut Lines) -> Result<(), Error> {
        lines.record(&VersionRecord::new(self))
    }
}

impl Line for BucketEntry {
    fn columns(&self, lines: &mut Lines) -> Result<(), Error> {
        let region = self.location.as_deref().unwrap_or("-");
        lines.line(format_args!(
            "{}  {:REGION$}  {}",
            self.creation_date,
            escaped(region).to_string(),
            escaped(&self.name)
        ))
    }

    fn record(&self, lines: &mut Lines) -> Result<(), Error> {
        lines.record(&BucketRecord::new(self))
    }
}

/// What `/` separates are folders, as in every tool that shows a bucket as folders.
const DELIMITER: &str = "/";

/// Widths of the columns: a time to the second, sizes up to a terabyte, version ids and regions as
/// COS has them.
const TIME: usize = 20;
const SIZE: usize = 13;
const ID: usize = 20;
const REGION: usize = 16;
