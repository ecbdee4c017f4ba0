//! A running emulator.

use std::{
    fmt,
    net::SocketAddr,
    sync::{Arc, atomic::Ordering},
};

use tokio::{runtime::Handle, sync::watch, task::JoinHandle};

use crate::{
    builder::Builder,
    faults::{Faults, Unconsumed},
    log::LoggedRequest,
    server::Shared,
};

/// An endpoint that is running. It stops when it is dropped or [shut down](Self::shutdown).
pub struct Emulator {
    pub(crate) shared: Arc<Shared>,
    pub(crate) address: SocketAddr,
    pub(crate) scheme: &'static str,
    pub(crate) stop: watch::Sender<bool>,
    /// Taken at shutdown.
    pub(crate) running: Option<Running>,
}

/// What runs the emulator.
#[derive(Debug)]
pub(crate) enum Running {
    /// A task on the caller's runtime.
    Task(JoinHandle<()>),
    /// A thread with a runtime of its own.
    Thread(std::thread::JoinHandle<()>),
}

impl Emulator {
    /// An emulator in the making.
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// The address it listens on.
    #[must_use]
    pub const fn addr(&self) -> SocketAddr {
        self.address
    }

    /// The service URL, such as `http://127.0.0.1:40123`, without a path: what goes into an
    /// endpoint option of a client that addresses buckets by the path.
    #[must_use]
    pub fn url(&self) -> String {
        format!("{}://{}", self.scheme, self.address)
    }

    /// The script of faults and its ledger.
    #[must_use]
    pub fn faults(&self) -> &Faults {
        &self.shared.faults
    }

    /// The requests so far, in the order in which their heads came; the last 16,384 of them.
    #[must_use]
    pub fn log(&self) -> Vec<LoggedRequest> {
        self.shared.log.requests()
    }

    /// Forgets the requests so far.
    pub fn clear_log(&self) {
        self.shared.log.clear();
    }

    /// How many connections were accepted so far.
    #[must_use]
    pub fn connections(&self) -> u64 {
        self.shared.connections.load(Ordering::Relaxed)
    }

    /// Sets the emulator's clock so many seconds ahead of the system's (negative: behind). It is
    /// told in `Date`, and signatures are checked by it.
    pub fn set_clock_skew(&self, seconds: i64) {
        self.shared.clock.set(seconds);
    }

    /// From now on requests with this session token are refused with `ExpiredToken`.
    pub fn expire_token(&self, token: &str) {
        self.shared.service.access.expire_token(token);
    }

    /// Stops accepting connections, gives requests in flight two seconds to end, and closes what is
    /// left. Bodies that stall by a script end at once. Outside of a runtime, an emulator that has a
    /// thread of its own is waited for in the first poll.
    ///
    /// # Errors
    ///
    /// [`Unconsumed`], if a fault was scripted and has not happened.
    ///
    /// # Cancellation
    ///
    /// Dropping the future closes all connections.
    pub async fn shutdown(mut self) -> Result<(), Unconsumed> {
        self.stop.send_replace(true);
        match self.running.take() {
            Some(Running::Task(task)) => {
                if let Err(error) = task.await {
                    tracing::error!(%error, "the emulator ended badly");
                }
            }
            Some(Running::Thread(thread)) => {
                let ended = match Handle::try_current() {
                    Ok(runtime) => runtime.spawn_blocking(move || thread.join()).await,
                    // Nobody else is kept from working here.
                    Err(_) => Ok(thread.join()),
                };
                if !matches!(ended, Ok(Ok(()))) {
                    tracing::error!("the emulator's thread ended badly");
                }
            }
            None => {}
        }
        self.shared.faults.check()
    }
}

impl fmt::Debug for Emulator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Emulator")
            .field("url", &self.url())
            .field("faults", self.faults())
            .finish_non_exhaustive()
    }
}

impl Drop for Emulator {
    /// Stops the emulator without waiting.
    ///
    /// # Panics
    ///
    /// If a fault was scripted and has not happened, unless the thread is panicking already or the
    /// emulator was [shut down](Self::shutdown), which tells it.
    #[track_caller]
    fn drop(&mut self) {
        self.stop.send_replace(true);
        let Some(running) = self.running.take() else {
            return;
        };
        if let Running::Task(task) = running {
            task.abort();
        }
        if !std::thread::panicking() {
            self.shared.faults.assert_all_consumed();
        }
    }
}
