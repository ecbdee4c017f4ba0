//! One file a command: checked arguments in, a library call, its outcome printed.

mod cat;
mod completions;
mod cp;
#[cfg(feature = "serve")]
mod demo;
mod du;
mod listing;
mod ls;
mod man;
mod presign;
mod request;
#[cfg(feature = "serve")]
mod serve;
mod stat;
mod sync;
mod tree;

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
    let stop = &context.stop;
    let printer = context.printer;
    match command {
        Command::Cp(args) => cp::run(args, settings(), context).await,
        Command::Sync(args) => sync::run(args, &settings()?, context).await,
        Command::Cat(args) => stop.or(cat::run(args, settings(), printer)).await,
        Command::Ls(args) => stop.or(ls::run(args, &settings()?, printer)).await,
        Command::Du(args) => stop.or(du::run(args, &settings()?, printer)).await,
        Command::Stat(args) => stop.or(stat::run(args, &settings()?, printer)).await,
        Command::Presign(args) => stop.or(presign::run(args, &settings()?, printer)).await,
        #[cfg(feature = "serve")]
        Command::Serve(args) => serve::run(args, connection.anonymous, context).await,
        #[cfg(feature = "serve")]
        Command::Demo => stop.or(demo::run(context)).await,
        Command::Completions(args) => completions::run(&args, printer),
        Command::Man => man::run(printer),
    }
}
