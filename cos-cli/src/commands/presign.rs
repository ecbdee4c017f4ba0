//! `cos presign`: a URL, and nothing else, on stdout.

use cos_proto::GetObject;

use super::request;
use crate::args::PresignArgs;
use crate::error::Error;
use crate::printer::Printer;
use crate::settings::Settings;

/// Prints the URL. Nothing is sent.
pub(super) async fn run(
    args: PresignArgs,
    settings: &Settings,
    printer: Printer,
) -> Result<(), Error> {
    let (bucket, key) = request::object(&args.source)?;
    let mut get = GetObject::new(bucket, key);
    get.version_id = args.version_id;
    let get = request::with_overrides(get, args.overrides);
    let uri = settings
        .signing_client()?
        .presign(get, args.expires)
        .await
        .map_err(|error| Error::upstream(format!("cannot presign {}", args.source), &error))?;
    printer.line(uri.as_str())
}
