//! What every command is given.

use crate::environment::Environment;
use crate::printer::Printer;
use crate::trace::Secrets;

/// The process around a command: its environment, its streams, and the secrets that its log hides.
#[derive(Debug)]
pub(crate) struct Context {
    pub(crate) environment: Environment,
    pub(crate) printer: Printer,
    pub(crate) secrets: Secrets,
}

impl Context {
    pub(crate) fn new(environment: Environment, printer: Printer) -> Self {
        Self {
            environment,
            printer,
            secrets: Secrets::default(),
        }
    }
}
