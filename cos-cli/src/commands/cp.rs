//! `cos cp`: one object into a file, a directory or stdout, or all of a directory.

use std::path::Path;

use cos_transfer::{Destination, DownloadError, Report};

use super::tree::Tree;
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
    if args.recursive {
        return recursive(args).run(&settings?, context).await;
    }
    if let Some(option) = args.tree.given() {
        return Err(Error::usage(format!("{option} is for directories"))
            .with_hint("a directory is downloaded with -r"));
    }
    if args.destination == Path::new("-") {
        let copy = cat::to_stdout(&args.source, args.read, settings, printer);
        return context.stop.or(copy).await;
    }
    let source = args.source.clone();
    let outcome = match settings {
        Ok(settings) => to_file(args, &settings, context).await,
        Err(error) => Err(error),
    };
    if let (Err(Error::Failed(failed)), true) = (&outcome, printer.json()) {
        printer.record(&FailureRecord::new(&source.key, failed))?;
    }
    outcome
}

fn recursive(args: CpArgs) -> Tree {
    Tree {
        source: args.source,
        directory: args.destination,
        fetch: args.read.fetch,
        file: args.file,
        tree: args.tree,
        sync: None,
        delete: false,
    }
}

async fn to_file(args: CpArgs, settings: &Settings, context: &Context) -> Result<(), Error> {
    let printer = context.printer;
    let failed = |error| Error::upstream(format!("cannot download {}", args.source), &error);
    let bar = printer.bar();
    let downloader = request::downloader(settings, &args.read.fetch)?.progress(bar.progress());
    let downloader = request::to_files(downloader, args.file);
    let get = request::get(&args.source, args.read)?;
    let path = Destination::resolve(&args.destination, &get.key)
        .map_err(|error| failed(DownloadError::Destination(error)))?;
    let mut transfer = downloader.download(get, &path);
    let report = tokio::select! {
        // A download that has ended in the same instant has ended.
        biased;
        outcome = &mut transfer => outcome.map_err(failed)?,
        code = context.stop.asked() => {
            let interrupted = Error::interrupted(code);
            return Err(match transfer.cancel().await {
                0 => interrupted,
                kept => interrupted.with_hint(format!("{} are kept: {AGAIN}", bytes(kept))),
            });
        }
    };
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
        let resumed = match report.resumed {
            0 => String::new(),
            resumed => format!(" ({} of it resumed)", bytes(resumed)),
        };
        let anew = match report.restarted {
            true => ", started anew on the way",
            false => "",
        };
        printer.note(format_args!(
            "{source} -> {shown}: {}{resumed} in {}{anew}, verified by {}",
            bytes(report.bytes),
            elapsed(report.elapsed),
            verified(report.verified),
        ));
    }
    Ok(())
}

const AGAIN: &str = "run the same command again to resume";
