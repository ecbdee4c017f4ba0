//! One file a command: checked arguments in, a library call, its outcome printed.

mod cat;
mod cp;
#[cfg(feature = "serve")]
mod demo;
mod ls;
mod presign;
mod request;
#[cfg(feature = "serve")]
mod serve;
mod stat;

use crate::args::{Command, ConnectionArgs};
use crate::context::Context;
use crate::error::Error;
use crate::settings::Settings;

/// Carries out a command.
pub(crate) async fn run(
    command: Command,
    connection: &ConnectionArgs,
    context: &Context,
) -> Result<(), Error> {
    let settings = || Settings::resolve(connection, &context.environment, &context.secrets);
    match command {
        Command::Cp(args) => cp::run(args, settings(), context.printer).await,
        Command::Cat(args) => cat::run(args, settings(), context.printer).await,
        Command::Ls(args) => ls::run(args, &settings()?, context.printer).await,
        Command::Stat(args) => stat::run(args, &settings()?, context.printer).await,
        Command::Presign(args) => presign::run(args, &settings()?, context.printer).await,
        #[cfg(feature = "serve")]
        Command::Serve(args) => serve::run(args, connection.anonymous, context).await,
        #[cfg(feature = "serve")]
        Command::Demo => demo::run(context).await,
    }
}
