//! The first step of every way: a connection to a host and port.

use std::time::Duration;

use http::Uri;
use hyper_util::client::legacy::connect::HttpConnector;
use tower::ServiceExt as _;

use super::own::OwnConnector;
use super::stream::Stream;
use crate::BoxError;

/// Name lookup and TCP, or what a caller brings in their place.
#[derive(Clone)]
pub(crate) enum Dial {
    Tcp(HttpConnector),
    Own(OwnConnector),
}

impl Dial {
    /// hyper-util's TCP connector.
    pub(crate) fn tcp(limit: Duration) -> Self {
        let mut tcp = HttpConnector::new();
        // Requests are small, and latency is what a small object's download consists of.
        tcp.set_nodelay(true);
        // Divided among the addresses of a name, so that one that is dead leaves time for the next.
        tcp.set_connect_timeout(Some(limit));
        // Which scheme is spoken was looked at before.
        tcp.enforce_http(false);
        Self::Tcp(tcp)
    }

    /// A connection to the host and port of `uri`, or to the port of its scheme.
    pub(super) async fn dial(self, uri: Uri) -> Result<Stream, BoxError> {
        match self {
            Self::Tcp(tcp) => Ok(Stream::new(tcp.oneshot(uri).await?.into_inner())),
            Self::Own(connector) => connector.oneshot(uri).await,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn small_writes_are_sent_at_once() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let uri: Uri = format!("http://{}/", listener.local_addr().unwrap())
            .parse()
            .unwrap();
        let Dial::Tcp(tcp) = Dial::tcp(Duration::from_secs(10)) else {
            panic!("it is TCP");
        };
        let stream = tcp.oneshot(uri).await.unwrap().into_inner();
        assert!(stream.nodelay().unwrap());
    }
}
