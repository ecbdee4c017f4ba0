//! Accepting connections, and ending them.

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use http::{Request, Response};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{Semaphore, watch},
    task::JoinSet,
};

use crate::{
    address::Domains,
    body::AnswerBody,
    clock::Clock,
    exchange::{Exchange, Hangup},
    fault::Stall,
    faults::Faults,
    identity::Identities,
    log::Log,
    operation::Service,
    wire::{Stream, Wire},
};

/// Connections at once. More wait in the system's queue.
const MAX_CONNECTIONS: usize = 1024;

/// Bytes of a request's head at most: a URI of 1,024 escaped bytes, a long token, and room.
const MAX_HEAD: usize = 64 * 1024;

/// For a TLS handshake, and for a head from its first byte to its last.
const PATIENCE: Duration = Duration::from_secs(30);

/// For requests in flight when the emulator is shut down.
const GRACE: Duration = Duration::from_secs(2);

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

    /// Resolves at shutdown.
    async fn stopped(&mut self) {
        // An emulator that is gone stops as well.
        let _ = self.0.wait_for(|stopped| *stopped).await;
    }

    /// Waits, unless the emulator is shut down meanwhile.
    pub(crate) async fn stall(&mut self, stall: Stall) -> io::Result<()> {
        let stopped = io::Error::new(io::ErrorKind::Interrupted, "the emulator is shut down");
        match stall {
            Stall::For(Duration::ZERO) => Ok(()),
            Stall::For(time) => tokio::select! {
                () = tokio::time::sleep(time) => Ok(()),
                () = self.stopped() => Err(stopped),
            },
            Stall::ForEver => {
                self.stopped().await;
                Err(stopped)
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
                let connection = Connection {
                    shared: Arc::clone(&shared),
                    stop: stop.clone(),
                    number,
                };
                connections.spawn(async move {
                    connection.run(stream).await;
                    drop(permit);
                });
            }
            // The connection was gone already, or there are no file descriptors left.
            Err(error) => {
                tracing::debug!(%error, "cannot accept a connection");
                tokio::time::sleep(Duration::from_millis(10)).await;
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
) -> io::Result<(TcpStream, tokio::sync::OwnedSemaphorePermit)> {
    let permit = Arc::clone(permits)
        .acquire_owned()
        .await
        .map_err(io::Error::other)?;
    let (stream, _) = listener.accept().await?;
    stream.set_nodelay(true)?;
    Ok((stream, permit))
}

#[derive(Clone, Debug)]
struct Connection {
    shared: Arc<Shared>,
    stop: Stop,
    number: u64,
}

impl Connection {
    async fn run(self, stream: TcpStream) {
        let Ok(wire) = self.wire(stream).await else {
            return;
        };
        let service = {
            let connection = self.clone();
            let wire = wire.clone();
            service_fn(move |request| connection.clone().handle(wire.clone(), request))
        };
        let mut server = http1::Builder::new();
        server
            .timer(TokioTimer::new())
            .header_read_timeout(PATIENCE)
            .max_buf_size(MAX_HEAD);
        let mut serving = std::pin::pin!(server.serve_connection(TokioIo::new(wire), service));
        let mut stop = self.stop;
        let ended = tokio::select! {
            ended = serving.as_mut() => ended,
            () = stop.stopped() => {
                serving.as_mut().graceful_shutdown();
                serving.await
            }
        };
        if let Err(error) = ended {
            tracing::debug!(connection = self.number, %error, "connection ended");
        }
    }

    #[cfg(feature = "tls")]
    async fn wire(&self, stream: TcpStream) -> io::Result<Wire> {
        let Some(certificate) = &self.shared.certificate else {
            return Ok(Wire::new(Stream::Plain(stream)));
        };
        let accepting = certificate.acceptor().accept(stream);
        let accepted = tokio::time::timeout(PATIENCE, accepting).await?;
        let stream = accepted.inspect_err(|error| tracing::debug!(%error, "no TLS"))?;
        Ok(Wire::new(Stream::Tls(Box::new(stream))))
    }

    #[cfg(not(feature = "tls"))]
    #[expect(
        clippy::unused_async,
        reason = "with the feature `tls` it waits for the handshake"
    )]
    async fn wire(&self, stream: TcpStream) -> io::Result<Wire> {
        Ok(Wire::new(Stream::Plain(stream)))
    }

    async fn handle(
        self,
        wire: Wire,
        request: Request<Incoming>,
    ) -> Result<Response<AnswerBody>, Hangup> {
        let (head, _) = request.into_parts();
        let exchange = Exchange::new(self.shared, self.stop, self.number, head);
        exchange.run(wire).await
    }
}
