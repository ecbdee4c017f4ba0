//! `cos stat`: what a HEAD says.

use cos_proto::HeadObject;

use super::request;
use crate::args::StatArgs;
use crate::error::Error;
use crate::printer::Printer;
use crate::records::ObjectRecord;
use crate::settings::Settings;

/// Asks for the object's head and prints it.
pub(super) async fn run(
    args: StatArgs,
    settings: &Settings,
    printer: Printer,
) -> Result<(), Error> {
    let (bucket, key) = request::object(&args.source)?;
    let mut head = HeadObject::new(bucket, key);
    head.version_id = args.version_id;
    let answer = settings
        .client()?
        .head_object(head)
        .await
        .map_err(|error| Error::upstream(format!("cannot stat {}", args.source), &error))?;
    let record = ObjectRecord::new(&args.source.key, &answer);
    if printer.json() {
        return printer.record(&record);
    }
    let mut lines = printer.lines();
    for (name, value) in record.lines() {
        lines.line(format_args!("{name:<15} {value}"))?;
    }
    lines.flush()
}
