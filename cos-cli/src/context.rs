//! What every command is given.

use crate::environment::Environment;
use crate::printer::Printer;
use crate::signals::Stop;
use crate::trace::Secrets;

/// The process around a command: its environment, its streams, the signals that end it, and the
/// secrets that its log hides.
#[derive(Debug)]
pub(crate) struct Context {
    pub(crate) environment: Environment,
    pub(crate) printer: Printer,
    pub(crate) stop: Stop,
    pub(crate) secrets: Secrets,
}

impl Context {
    pub(crate) fn new(environment: Environment, printer: Printer, stop: Stop) -> Self {
        Self {
            environment,
            printer,
            stop,
            secrets: Secrets::default(),
        }
    }
}
