//! `cos du`: how much there is below a prefix.

use cos_proto::ListObjects;
use cos_proto::pager::{Listed, ObjectPager};

use super::listing::Pages;
use super::request;
use crate::args::DuArgs;
use crate::error::Error;
use crate::escape::escaped;
use crate::printer::{Printer, bytes};
use crate::records::{SumRecord, UsageRecord};
use crate::settings::Settings;

/// Counts the objects of a listing and their bytes; nothing is printed before all are counted.
pub(super) async fn run(args: DuArgs, settings: &Settings, printer: Printer) -> Result<(), Error> {
    let place = &args.place;
    let list = ListObjects::new(request::bucket(place)?).prefix(place.key.as_str());
    let mut pages = Pages::of(
        settings.client()?,
        ObjectPager::new(list),
        format!("cannot list {place}"),
    );
    let mut usage = UsageRecord::default();
    while let Some(page) = pages.next().await? {
        for object in page.into_iter().filter_map(Listed::into_entry) {
            usage.add(object.storage_class.as_deref(), object.size);
        }
    }
    if printer.json() {
        return printer.record(&usage);
    }
    let mut lines = printer.lines();
    for (class, sum) in usage.classes() {
        lines.line(line(sum, &escaped(class).to_string()))?;
    }
    lines.line(line(usage.total(), "total"))?;
    lines.flush()
}

/// Objects, bytes to the last one, bytes as a person reads them, and what they are of.
fn line(sum: SumRecord, of: &str) -> String {
    format!(
        "{:>OBJECTS$}  {:>BYTES$}  {:>SIZE$}  {of}",
        sum.objects,
        sum.bytes,
        bytes(sum.bytes)
    )
}

/// Widths of the columns: a billion objects, a petabyte.
const OBJECTS: usize = 10;
const BYTES: usize = 16;
const SIZE: usize = 10;
