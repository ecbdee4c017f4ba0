//! One connection: requests one after another, until something ends it.

use std::{io, sync::Arc, time::Duration};

use bytes::BytesMut;
use http::{HeaderMap, HeaderValue, Method, StatusCode, header, request};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

use crate::{
    body::Pump,
    exchange::{Exchange, Next},
    head::{allows_another, take_head},
    refusal::Refusal,
    reply,
    server::{Shared, Stop},
    stream::Stream,
};

/// For a TLS handshake, and for the next head to come whole.
const PATIENCE: Duration = Duration::from_secs(30);

/// Before a reset, so that what was sent has left this side: a reset throws away what has not.
const SETTLE: Duration = Duration::from_millis(20);

/// For a client to read the last answer and close its side.
const LINGER: Duration = Duration::from_secs(1);

/// A connection and where it stands.
#[derive(Debug)]
pub(crate) struct Connection {
    shared: Arc<Shared>,
    stop: Stop,
    number: u64,
    stream: Stream,
    received: BytesMut,
}

impl Connection {
    /// Serves a connection to its end.
    pub(crate) async fn serve(shared: Arc<Shared>, stop: Stop, number: u64, tcp: TcpStream) {
        let served = async {
            let stream = accept(&shared, tcp).await?;
            let mut connection = Self {
                shared,
                stop,
                number,
                stream,
                received: BytesMut::new(),
            };
            connection.run().await
        };
        if let Err(error) = served.await {
            tracing::debug!(connection = number, %error, "a connection ended early");
        }
    }

    async fn run(&mut self) -> io::Result<()> {
        loop {
            let head = match self.next_head().await? {
                Some(Ok(head)) => head,
                Some(Err(status)) => {
                    self.refuse(status).await?;
                    return self.close().await;
                }
                None => return self.stream.shutdown().await,
            };
            let may_go_on = allows_another(&head) && !self.stop.is_stopped();
            let exchange = Exchange::new(&self.shared, &self.stop, self.number, head);
            match exchange.run(&mut self.stream, may_go_on).await? {
                Next::Another => {}
                Next::Close => return self.close().await,
                Next::Drop => return Ok(()),
                Next::Reset => {
                    tokio::time::sleep(SETTLE).await;
                    return self.stream.reset_on_close();
                }
            }
        }
    }

    /// The next request, or the status of the answer to what is none. `None` if there will be none.
    async fn next_head(&mut self) -> io::Result<Option<Result<request::Parts, StatusCode>>> {
        let Self {
            stream,
            received,
            stop,
            ..
        } = self;
        let whole_head = async {
            loop {
                if let Some(head) = take_head(received).transpose() {
                    return Ok(Some(head));
                }
                if stream.read_buf(received).await? == 0 {
                    return Ok(None);
                }
            }
        };
        tokio::select! {
            biased;
            head = timeout(PATIENCE, whole_head) => head.unwrap_or(Ok(None)),
            () = stop.stopped() => Ok(None),
        }
    }

    async fn refuse(&mut self, status: StatusCode) -> io::Result<()> {
        let identity = self.shared.identities.next(self.shared.clock.now(0));
        let answer = Refusal::of_status(status).answer(&Method::GET, "", &identity);
        let mut headers: HeaderMap = answer.headers;
        headers.extend(identity.header());
        headers.insert(header::CONTENT_LENGTH, answer.body.len().into());
        headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
        let pump = Pump::quiet(answer.body, self.stop.clone());
        reply::send(&mut self.stream, answer.status, &headers, pump).await
    }

    /// Ends the connection so that the last answer arrives: closing while there is something left
    /// to read, such as the body of an upload, would be a reset.
    async fn close(&mut self) -> io::Result<()> {
        self.stream.shutdown().await?;
        let drained = async {
            let mut buffer = [0; 8192];
            while self.stream.read(&mut buffer).await? > 0 {}
            io::Result::Ok(())
        };
        timeout(LINGER, drained).await.unwrap_or(Ok(()))
    }
}

#[cfg(feature = "tls")]
async fn accept(shared: &Shared, tcp: TcpStream) -> io::Result<Stream> {
    let Some(certificate) = &shared.certificate else {
        return Ok(Stream::Plain(tcp));
    };
    let stream = timeout(PATIENCE, certificate.acceptor().accept(tcp)).await??;
    Ok(Stream::Tls(Box::new(stream)))
}

#[cfg(not(feature = "tls"))]
async fn accept(_: &Shared, tcp: TcpStream) -> io::Result<Stream> {
    Ok(Stream::Plain(tcp))
}
