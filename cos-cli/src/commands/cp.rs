//! `cos cp`: one object into a file, a directory or stdout.

use std::path::Path;

use cos_transfer::{Destination, DownloadError, Report};

use super::{cat, request};
use crate::args::CpArgs;
use crate::context::Context;
use crate::error::Error;
use crate::escape::escaped;
use crate::location::Location;
use crate::printer::{Printer, bytes, elapsed};
use crate::records::{FailureRecord, SkippedRecord, TransferRecord, verified};
use crate::settings::Settings;

/// Downloads the object.
///
/// Settings that could not be resolved are a failure of this object, and reported as one.
pub(super) async fn run(
    args: CpArgs,
    settings: Result<Settings, Error>,
    context: &Context,
) -> Result<(), Error> {
    let printer = context.printer;
    let stop = &context.stop;
    if args.destination == Path::new("-") {
        return stop
            .or(cat::to_stdout(&args.source, args.read, settings, printer))
            .await;
    }
    let source = args.source.clone();
    let outcome = match settings {
        Ok(settings) => stop.or(to_file(args, &settings, printer)).await,
        Err(error) => Err(error),
    };
    if let (Err(Error::Failed(failed)), true) = (&outcome, printer.json()) {
        printer.record(&FailureRecord::new(&source.key, failed))?;
    }
    outcome
}

async fn to_file(args: CpArgs, settings: &Settings, printer: Printer) -> Result<(), Error> {
    let failed = |error| Error::upstream(format!("cannot download {}", args.source), &error);
    let bar = printer.bar();
    let downloader = request::downloader(settings, args.read.integrity)?
        .no_clobber(args.no_clobber)
        .progress(bar.progress());
    let get = request::get(&args.source, args.read)?;
    let path = Destination::resolve(&args.destination, &get.key)
        .map_err(|error| failed(DownloadError::Destination(error)))?;
    let report = downloader.download(get, &path).await.map_err(failed)?;
    drop(bar);
    print(&args.source, &path, &report, printer)
}

fn print(source: &Location, path: &Path, report: &Report, printer: Printer) -> Result<(), Error> {
    match (printer.json(), report.skipped) {
        (true, true) => return printer.record(&SkippedRecord::new(&source.key, path)),
        (true, false) => return printer.record(&TransferRecord::new(&source.key, path, report)),
        (false, _) => {}
    }
    let shown = path.to_string_lossy();
    let shown = escaped(&shown);
    if report.skipped {
        printer.note(format_args!("{source}: skipped, {shown} exists"));
    } else {
        printer.note(format_args!(
            "{source} -> {shown}: {} in {}, verified by {}",
            bytes(report.bytes),
            elapsed(report.elapsed),
            verified(report.verified),
        ));
    }
    Ok(())
}
