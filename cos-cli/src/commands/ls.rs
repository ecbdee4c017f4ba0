//! `cos ls`: keys, versions or buckets.

use cos_proto::listing::{BucketEntry, ObjectEntry, VersionEntry};
use cos_proto::pager::{BucketPager, Listed, ObjectPager, VersionPager};
use cos_proto::{ListBuckets, ListObjectVersions, ListObjects};

use super::request;
use crate::args::LsArgs;
use crate::error::Error;
use crate::escape::escaped;
use crate::location::Location;
use crate::printer::{Lines, Printer};
use crate::records::{BucketRecord, EntryRecord, PrefixRecord, VersionRecord};
use crate::settings::Settings;

/// Lists what was asked for, page by page; each page is printed before the next one is asked for.
pub(super) async fn run(args: LsArgs, settings: &Settings, printer: Printer) -> Result<(), Error> {
    match (&args.place, args.versions) {
        (None, _) => buckets(settings, printer).await,
        (Some(place), false) => objects(place, args.recursive, settings, printer).await,
        (Some(place), true) => versions(place, args.recursive, settings, printer).await,
    }
}

async fn objects(
    place: &Location,
    recursive: bool,
    settings: &Settings,
    printer: Printer,
) -> Result<(), Error> {
    let failed = |error: &(dyn std::error::Error + 'static)| {
        Error::upstream(format!("cannot list {place}"), error)
    };
    let mut list = ListObjects::new(request::bucket(place)?).prefix(place.key.as_str());
    if !recursive {
        list = list.delimiter(DELIMITER);
    }
    let client = settings.client()?;
    let mut pager = ObjectPager::new(list);
    let mut out = Listing::new(printer);
    while let Some(request) = pager.next_request() {
        let page = client
            .list_objects(request)
            .await
            .map_err(|error| failed(&error))?;
        for listed in pager.take(page).map_err(|error| failed(&error))? {
            match listed {
                Listed::Entry(entry) => out.object(&entry)?,
                Listed::Prefix(prefix) => out.prefix(&prefix)?,
                // A folder of an OFS bucket, whose content follows by itself.
                _ => {}
            }
        }
        out.flush()?;
    }
    Ok(())
}

async fn versions(
    place: &Location,
    recursive: bool,
    settings: &Settings,
    printer: Printer,
) -> Result<(), Error> {
    let failed = |error: &(dyn std::error::Error + 'static)| {
        Error::upstream(format!("cannot list {place}"), error)
    };
    let mut list = ListObjectVersions::new(request::bucket(place)?).prefix(place.key.as_str());
    if !recursive {
        list = list.delimiter(DELIMITER);
    }
    let client = settings.client()?;
    let mut pager = VersionPager::new(list);
    let mut out = Listing::new(printer);
    while let Some(request) = pager.next_request() {
        let page = client
            .list_object_versions(request)
            .await
            .map_err(|error| failed(&error))?;
        for listed in pager.take(page).map_err(|error| failed(&error))? {
            match listed {
                Listed::Entry(entry) => out.version(&entry)?,
                Listed::Prefix(prefix) => out.prefix(&prefix)?,
                // As above.
                _ => {}
            }
        }
        out.flush()?;
    }
    Ok(())
}

async fn buckets(settings: &Settings, printer: Printer) -> Result<(), Error> {
    let failed = |error: &(dyn std::error::Error + 'static)| {
        Error::upstream("cannot list the buckets", error)
    };
    let client = settings.service_client()?;
    let mut pager = BucketPager::new(ListBuckets::new());
    let mut out = Listing::new(printer);
    while let Some(request) = pager.next_request() {
        let page = client
            .list_buckets(request)
            .await
            .map_err(|error| failed(&error))?;
        for bucket in pager.take(page).map_err(|error| failed(&error))? {
            out.bucket(&bucket)?;
        }
        out.flush()?;
    }
    Ok(())
}

/// The lines of a listing: columns for a person, records for a program.
struct Listing {
    lines: Lines,
    json: bool,
}

impl Listing {
    fn new(printer: Printer) -> Self {
        Self {
            lines: printer.lines(),
            json: printer.json(),
        }
    }

    fn prefix(&mut self, prefix: &str) -> Result<(), Error> {
        if self.json {
            return self.lines.record(&PrefixRecord::new(prefix));
        }
        self.lines.line(format_args!(
            "{:TIME$}  {:>SIZE$}  {}",
            "",
            "DIR",
            escaped(prefix)
        ))
    }

    fn object(&mut self, entry: &ObjectEntry) -> Result<(), Error> {
        if self.json {
            return self.lines.record(&EntryRecord::new(entry));
        }
        let time = entry.last_modified.to_string();
        self.lines.line(format_args!(
            "{time:TIME$}  {:>SIZE$}  {}",
            entry.size,
            escaped(entry.key.as_str())
        ))
    }

    /// A star marks the version that a download without `--version-id` gets, if it is no delete
    /// marker.
    fn version(&mut self, entry: &VersionEntry) -> Result<(), Error> {
        if self.json {
            return self.lines.record(&VersionRecord::new(entry));
        }
        let time = entry.last_modified().to_string();
        let size = match entry {
            VersionEntry::Version(version) => version.size.to_string(),
            _ => "deleted".to_owned(),
        };
        let latest = if entry.is_latest() { '*' } else { ' ' };
        let id = entry.version_id().map_or("-", |id| id.as_str());
        self.lines.line(format_args!(
            "{time:TIME$}  {size:>SIZE$}  {latest} {:ID$}  {}",
            escaped(id).to_string(),
            escaped(entry.key().as_str())
        ))
    }

    fn bucket(&mut self, entry: &BucketEntry) -> Result<(), Error> {
        if self.json {
            return self.lines.record(&BucketRecord::new(entry));
        }
        let time = entry.creation_date.to_string();
        let region = entry.location.as_deref().unwrap_or("-");
        self.lines.line(format_args!(
            "{time:TIME$}  {:REGION$}  {}",
            escaped(region).to_string(),
            escaped(&entry.name)
        ))
    }

    fn flush(&mut self) -> Result<(), Error> {
        self.lines.flush()
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
