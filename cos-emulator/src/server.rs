//! Accepting connections, and ending them.

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::{
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore, watch},
    task::JoinSet,
};

use crate::{
    address::Domains, clock::Clock, connection::Connection, fault::Stall, faults::Faults,
    identity::Identities, log::Log, operation::Service,
};

/// Connections at once. More wait in the system's queue.
const MAX_CONNECTIONS: usize = 1024;

/// For requests in flight when the emulator is shut down.
const GRACE: Duration = Duration::from_secs(2);

/// Before trying again when the system has no connection to give.
const PAUSE: Duration = Duration::from_millis(10);

/// What all connections share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) service: Arc<Service>,
    pub(crate) domains: Domains,
    pub(crate) faults: Faults,
    pub(crate) log: Log,
    pub(crate) clock: Clock,
    pub(crate) identities: Identities,
    pub(crate) connections: AtomicU64,
    #[cfg(feature = "tls")]
    pub(crate) certificate: Option<crate::tls::ServerCertificate>,
}

/// Tells when the emulator is being shut down.
#[derive(Clone, Debug)]
pub(crate) struct Stop(watch::Receiver<bool>);

impl Stop {
    pub(crate) fn new() -> (watch::Sender<bool>, Self) {
        let (sender, receiver) = watch::channel(false);
        (sender, Self(receiver))
    }

    pub(crate) fn is_stopped(&self) -> bool {
        *self.0.borrow()
    }

    /// Resolves at shutdown.
    pub(crate) async fn stopped(&mut self) {
        // An emulator that is gone stops as well.
        let _ = self.0.wait_for(|stopped| *stopped).await;
    }

    /// Waits, unless the emulator is shut down meanwhile.
    pub(crate) async fn stall(&mut self, stall: Stall) -> io::Result<()> {
        let stopped = || io::Error::new(io::ErrorKind::Interrupted, "the emulator is shut down");
        match stall {
            Stall::For(Duration::ZERO) => Ok(()),
            Stall::For(time) => tokio::select! {
                () = tokio::time::sleep(time) => Ok(()),
                () = self.stopped() => Err(stopped()),
            },
            Stall::ForEver => {
                self.stopped().await;
                Err(stopped())
            }
        }
    }
}

/// Accepts connections until shutdown, then waits a little for those that are open.
pub(crate) async fn serve(shared: Arc<Shared>, listener: TcpListener, mut stop: Stop) {
    let permits = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    let mut connections = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            accepted = accept(&listener, &permits) => accepted,
            () = stop.stopped() => break,
        };
        while connections.try_join_next().is_some() {}
        match accepted {
            Ok((stream, permit)) => {
                let number = shared.connections.fetch_add(1, Ordering::Relaxed) + 1;
                let serving = Connection::serve(Arc::clone(&shared), stop.clone(), number, stream);
                connections.spawn(async move {
                    serving.await;
                    drop(permit);
                });
            }
            // The connection was gone already, or there are no file descriptors left.
            Err(error) => {
                tracing::debug!(%error, "cannot accept a connection");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
    drop(listener);
    let all_ended = async { while connections.join_next().await.is_some() {} };
    let _ = tokio::time::timeout(GRACE, all_ended).await;
}

async fn accept(
    listener: &TcpListener,
    permits: &Arc<Semaphore>,
) -> io::Result<(TcpStream, OwnedSemaphorePermit)> {
    let permit = Arc::clone(permits)
        .acquire_owned()
        .await
        .map_err(io::Error::other)?;
    let (stream, _) = listener.accept().await?;
    stream.set_nodelay(true)?;
    Ok((stream, permit))
}
