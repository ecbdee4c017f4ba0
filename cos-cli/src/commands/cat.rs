//! `cos cat`: one object to stdout.

use std::path::Path;

use cos_transfer::DownloadError;
use tokio::io::AsyncWriteExt;

use super::request;
use crate::args::{CatArgs, ReadArgs};
use crate::error::Error;
use crate::location::Location;
use crate::printer::Printer;
use crate::records::{FailureRecord, TransferRecord};
use crate::settings::Settings;

/// Writes the object to stdout.
pub(super) async fn run(
    args: CatArgs,
    settings: Result<Settings, Error>,
    printer: Printer,
) -> Result<(), Error> {
    to_stdout(&args.source, args.read, settings, printer).await
}

/// Writes an object to stdout. As stdout carries its bytes, the result goes to stderr, where one is
/// asked for.
///
/// Bytes are written as they come: where the end turns out wrong, they are out already, and the
/// exit code says so.
///
/// Settings that could not be resolved are a failure of this object, and reported as one.
pub(super) async fn to_stdout(
    source: &Location,
    read: ReadArgs,
    settings: Result<Settings, Error>,
    printer: Printer,
) -> Result<(), Error> {
    let outcome = match settings {
        Ok(settings) => copy(source, read, &settings, printer).await,
        Err(error) => Err(error),
    };
    if let (Err(Error::Failed(failed)), true) = (&outcome, printer.json()) {
        printer.record_beside_data(&FailureRecord::new(&source.key, failed));
    }
    outcome
}

async fn copy(
    source: &Location,
    read: ReadArgs,
    settings: &Settings,
    printer: Printer,
) -> Result<(), Error> {
    let bar = printer.bar_beside_data();
    let downloader = request::downloader(settings, &read.fetch)?.progress(bar.progress());
    let get = request::get(source, read)?;
    let mut stdout = tokio::io::stdout();
    let report = downloader
        .copy(get, &mut stdout)
        .await
        .map_err(|error| match &error {
            DownloadError::Output(error) => Error::stdout(error),
            _ => Error::upstream(format!("cannot read {source}"), &error),
        })?;
    drop(bar);
    stdout
        .flush()
        .await
        .map_err(|error| Error::stdout(&error))?;
    if printer.json() {
        printer.record_beside_data(&TransferRecord::new(&source.key, Path::new("-"), &report));
    }
    Ok(())
}
