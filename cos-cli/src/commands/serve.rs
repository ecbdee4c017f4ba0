//! `cos serve`: a local endpoint over a directory.

use cos_emulator::Emulator;

use crate::args::ServeArgs;
use crate::context::Context;
use crate::error::{Error, chain};
use crate::escape::escaped;
use crate::exit::ExitCode;
use crate::settings::credentials;

/// Serves until the process is told to stop.
pub(super) async fn run(args: ServeArgs, anonymous: bool, context: &Context) -> Result<(), Error> {
    let shown = args.directory.to_string_lossy();
    if !args.directory.is_dir() {
        return Err(Error::usage(format!(
            "{} is not a directory",
            escaped(&shown)
        )));
    }
    let builder = Emulator::builder()
        .folder(&args.directory)
        .listen(args.listen);
    let builder = if anonymous {
        builder.anonymous()
    } else {
        let credentials = credentials::of_environment(&context.environment, &context.secrets)?;
        builder.credentials(credentials.ok_or_else(no_credentials)?)
    };
    let emulator = builder
        .start()
        .await
        .map_err(|error| Error::new(ExitCode::Other, chain(&error)))?;
    context.printer.line(emulator.url())?;
    let checked = if anonymous {
        "signatures are not checked"
    } else {
        "signatures are checked"
    };
    context.printer.note(format_args!(
        "serving {}, {checked}; Ctrl-C ends it",
        escaped(&shown)
    ));
    Err(Error::Stopped(context.stop.asked().await))
}

fn no_credentials() -> Error {
    Error::new(
        ExitCode::Access,
        "no credentials to check signatures against",
    )
    .with_hint("set COS_SECRET_ID and COS_SECRET_KEY to anything, or use --anonymous")
}
