//! Ending early, because somebody said so: the first signal asks for an end in order, the second
//! one is the end.

use std::io;
use std::process;
use std::sync::mpsc;
use std::thread;

use tokio::sync::watch;

use crate::error::{Error, chain};
use crate::exit::ExitCode;

/// Whether the process was told to stop. All clones hear of it.
#[derive(Debug, Clone)]
pub(crate) struct Stop(watch::Receiver<Option<ExitCode>>);

impl Stop {
    /// Takes SIGINT and SIGTERM (Ctrl-C elsewhere than on Unix) from here on.
    ///
    /// They are awaited on a thread of its own: whatever holds up the others, a file system that
    /// does not answer or a pipe that nobody reads, a second signal ends the process at once.
    pub(crate) fn listen() -> Result<Self, Error> {
        let (asked, stop) = watch::channel(None);
        let (ready, started) = mpsc::channel();
        thread::Builder::new()
            .name("signals".to_owned())
            .spawn(move || watch_signals(&ready, &asked))
            .map_err(|error| cannot_listen(&error))?;
        match started.recv() {
            Ok(Ok(())) => Ok(Self(stop)),
            Ok(Err(error)) => Err(cannot_listen(&error)),
            Err(error) => Err(cannot_listen(&io::Error::other(error))),
        }
    }

    /// Waits for the first signal, and gives the exit code that says which one it was.
    pub(crate) async fn asked(&self) -> ExitCode {
        let mut stop = self.0.clone();
        let asked = stop.wait_for(Option::is_some).await.map(|code| *code);
        match asked {
            Ok(Some(code)) => code,
            // The thread ends only with the process.
            Ok(None) | Err(_) => std::future::pending().await,
        }
    }

    /// Does `work`, or drops it once the process is told to stop.
    pub(crate) async fn or<T>(
        &self,
        work: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Error> {
        tokio::select! {
            code = self.asked() => Err(Error::interrupted(code)),
            outcome = work => outcome,
        }
    }
}

fn cannot_listen(error: &io::Error) -> Error {
    Error::new(
        ExitCode::Other,
        format!("cannot wait for signals: {}", chain(error)),
    )
}

#[expect(
    clippy::exit,
    reason = "who asks twice wants no destructor to be waited for"
)]
fn watch_signals(ready: &mpsc::Sender<io::Result<()>>, asked: &watch::Sender<Option<ExitCode>>) {
    // Told to nobody only where the process is about to end.
    let tell = |outcome| drop(ready.send(outcome));
    let runtime = match tokio::runtime::Builder::new_current_thread()
        .enable_io()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => return tell(Err(error)),
    };
    runtime.block_on(async {
        let mut signals = match Signals::new() {
            Ok(signals) => signals,
            Err(error) => return tell(Err(error)),
        };
        tell(Ok(()));
        asked.send_replace(Some(signals.next().await));
        process::exit(signals.next().await.number().into());
    });
}

#[cfg(unix)]
struct Signals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    fn new() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        // Beyond the limit of `ulimit -f` a write is to fail, as on a full disk. Where nobody takes
        // this signal, it ends the process; once taken, it stays so.
        let too_large = rustix::process::Signal::XFSZ.as_raw();
        drop(signal(SignalKind::from_raw(too_large))?);
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    async fn next(&mut self) -> ExitCode {
        tokio::select! {
            _ = self.interrupt.recv() => ExitCode::Interrupted,
            _ = self.terminate.recv() => ExitCode::Terminated,
        }
    }
}

#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    fn new() -> io::Result<Self> {
        Ok(Self)
    }

    async fn next(&mut self) -> ExitCode {
        match tokio::signal::ctrl_c().await {
            Ok(()) => ExitCode::Interrupted,
            Err(_) => std::future::pending().await,
        }
    }
}
