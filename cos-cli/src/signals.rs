//! Ending early, because somebody said so.

use std::io;

use crate::exit::ExitCode;

/// Waits for SIGINT or SIGTERM (Ctrl-C elsewhere than on Unix) and gives the exit code that says
/// which one came.
pub(crate) async fn stop() -> io::Result<ExitCode> {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        // Beyond the limit of `ulimit -f` a write is to fail, as on a full disk. Where nobody takes
        // this signal, it ends the process; once taken, it stays so.
        let too_large = rustix::process::Signal::XFSZ.as_raw();
        drop(signal(SignalKind::from_raw(too_large))?);
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        tokio::select! {
            _ = interrupt.recv() => Ok(ExitCode::Interrupted),
            _ = terminate.recv() => Ok(ExitCode::Terminated),
        }
    }
    #[cfg(not(unix))]
    {
        tokio::signal::ctrl_c().await?;
        Ok(ExitCode::Interrupted)
    }
}
