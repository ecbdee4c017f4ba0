//! Connections that a caller makes.

use std::fmt;
use std::task::{Context, Poll};

use http::Uri;
use tokio::io::{AsyncRead, AsyncWrite};
use tower::ServiceExt as _;
use tower::util::BoxCloneSyncService;
use tower_service::Service;

use super::stream::Stream;
use crate::BoxError;

/// A caller's connector, whatever its type.
#[derive(Clone)]
pub(crate) struct OwnConnector(BoxCloneSyncService<Uri, Stream, BoxError>);

impl OwnConnector {
    pub(crate) fn new<C>(connector: C) -> Self
    where
        C: Service<Uri> + Clone + Send + Sync + 'static,
        C::Response: AsyncRead + AsyncWrite + Send + Unpin + 'static,
        C::Error: Into<BoxError>,
        C::Future: Send + 'static,
    {
        let connector = connector.map_response(Stream::new).map_err(Into::into);
        Self(BoxCloneSyncService::new(connector))
    }
}

impl Service<Uri> for OwnConnector {
    type Response = Stream;
    type Error = BoxError;
    type Future = <BoxCloneSyncService<Uri, Stream, BoxError> as Service<Uri>>::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        self.0.call(uri)
    }
}

impl fmt::Debug for OwnConnector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OwnConnector")
    }
}
