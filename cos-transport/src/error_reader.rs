//! A layer that reads the bodies of refusals, because that is where COS says why.
//!
//! A retry policy is synchronous and sees no body; below it, this layer reads the body of every
//! answer that is not 2xx, parses it once, and leaves the [`ServiceError`] in the answer's
//! extensions.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use cos_proto::ServiceError;
use http::response::Parts;
use http::{Request, Response};
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;
use tokio::time::Sleep;
use tower_layer::Layer;
use tower_service::Service;

use crate::sign::StringToSign;

/// How much of a refusal is read, in bytes. COS's own are below 2 KiB, a proxy's page may be longer,
/// and nothing beyond this would make the reason clearer.
pub const ERROR_BODY_LIMIT: usize = ServiceError::MAX_BODY;

/// How long a refusal's body may take. Its status is known by then: what the body adds is not
/// worth a long wait.
pub const ERROR_BODY_TIME: Duration = Duration::from_secs(5);

/// Reads at most [`ERROR_BODY_LIMIT`] bytes of the body of every answer that is not 2xx, for at
/// most [`ERROR_BODY_TIME`], and puts the [`ServiceError`] into the answer's extensions.
///
/// A body that is longer, slower or cut off counts as far as it was read; the answer is never
/// turned into an error here. The bytes that were read are the new body.
#[derive(Clone, Copy, Debug, Default)]
pub struct ErrorReaderLayer(());

impl ErrorReaderLayer {
    /// The layer.
    pub fn new() -> Self {
        Self::default()
    }
}

impl<S> Layer<S> for ErrorReaderLayer {
    type Service = ErrorReader<S>;

    fn layer(&self, inner: S) -> Self::Service {
        ErrorReader { inner }
    }
}

/// The service of [`ErrorReaderLayer`].
#[derive(Clone, Copy, Debug)]
pub struct ErrorReader<S> {
    inner: S,
}

impl<S, ReqB, ResB> Service<Request<ReqB>> for ErrorReader<S>
where
    S: Service<Request<ReqB>, Response = Response<ResB>>,
    ResB: Body<Data = Bytes>,
{
    type Response = Response<ErrorReaderBody<ResB>>;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future, ResB>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<ReqB>) -> Self::Future {
        ResponseFuture {
            state: State::Head {
                response: self.inner.call(request),
            },
        }
    }
}

pin_project! {
    /// The future of [`ErrorReader`]. Dropping it drops the request below, or the body that was
    /// being read.
    #[must_use = "futures do nothing unless polled"]
    pub struct ResponseFuture<F, B> {
        #[pin]
        state: State<F, B>,
    }
}

pin_project! {
    #[project = StateProj]
    enum State<F, B> {
        Head {
            #[pin]
            response: F,
        },
        Reading {
            // Present until the answer is handed on.
            parts: Option<Parts>,
            read: Vec<u8>,
            #[pin]
            body: B,
            #[pin]
            sleep: Sleep,
        },
    }
}

impl<F, B, E> Future for ResponseFuture<F, B>
where
    F: Future<Output = Result<Response<B>, E>>,
    B: Body<Data = Bytes>,
{
    type Output = Result<Response<ErrorReaderBody<B>>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut state = self.project().state;
        loop {
            match state.as_mut().project() {
                StateProj::Head { response } => {
                    let response = ready!(response.poll(cx))?;
                    if response.status().is_success() {
                        return Poll::Ready(Ok(response.map(ErrorReaderBody::passed)));
                    }
                    let (parts, body) = response.into_parts();
                    state.set(State::Reading {
                        parts: Some(parts),
                        read: Vec::new(),
                        body,
                        sleep: tokio::time::sleep(ERROR_BODY_TIME),
                    });
                }
                StateProj::Reading {
                    parts,
                    read,
                    body,
                    sleep,
                } => {
                    if poll_read(body, read, cx).is_pending() {
                        ready!(sleep.poll(cx));
                    }
                    let Some(mut parts) = parts.take() else {
                        // Polled after it was ready, which no caller may do.
                        return Poll::Pending;
                    };
                    let read = std::mem::take(read);
                    let error = with_ours(ServiceError::read(&parts, &read), &parts);
                    parts.extensions.insert(error);
                    let body = ErrorReaderBody::read(read.into());
                    return Poll::Ready(Ok(Response::from_parts(parts, body)));
                }
            }
        }
    }
}

/// Puts our string to sign beside the service's, where the layer that signs has left it.
fn with_ours(error: ServiceError, parts: &Parts) -> ServiceError {
    match parts.extensions.get::<StringToSign>() {
        Some(ours) => error.with_our_string_to_sign(ours.as_str()),
        None => error,
    }
}

/// Moves what `body` has into `read`; ready when the body has ended, in whatever way, or enough
/// was read.
fn poll_read<B: Body<Data = Bytes>>(
    mut body: Pin<&mut B>,
    read: &mut Vec<u8>,
    cx: &mut Context<'_>,
) -> Poll<()> {
    loop {
        let Some(Ok(frame)) = ready!(body.as_mut().poll_frame(cx)) else {
            return Poll::Ready(());
        };
        if let Some(data) = frame.data_ref() {
            let room = ERROR_BODY_LIMIT.saturating_sub(read.len());
            read.extend_from_slice(data.get(..room).unwrap_or(data));
            if read.len() >= ERROR_BODY_LIMIT {
                return Poll::Ready(());
            }
        }
    }
}

pin_project! {
    /// The body of an answer that passed an [`ErrorReader`]: untouched for 2xx, else the bytes
    /// that were read.
    pub struct ErrorReaderBody<B> {
        #[pin]
        inner: BodyState<B>,
    }
}

pin_project! {
    #[project = BodyStateProj]
    enum BodyState<B> {
        Passed {
            #[pin]
            body: B,
        },
        Read {
            bytes: Bytes,
        },
    }
}

impl<B> ErrorReaderBody<B> {
    fn passed(body: B) -> Self {
        Self {
            inner: BodyState::Passed { body },
        }
    }

    fn read(bytes: Bytes) -> Self {
        Self {
            inner: BodyState::Read { bytes },
        }
    }
}

impl<B: Body<Data = Bytes>> Body for ErrorReaderBody<B> {
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        match self.project().inner.project() {
            BodyStateProj::Passed { body } => body.poll_frame(cx),
            BodyStateProj::Read { bytes } => {
                let bytes = std::mem::take(bytes);
                Poll::Ready((!bytes.is_empty()).then(|| Ok(Frame::data(bytes))))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.inner {
            BodyState::Passed { body } => body.is_end_stream(),
            BodyState::Read { bytes } => bytes.is_empty(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.inner {
            BodyState::Passed { body } => body.size_hint(),
            // A slice's length always fits.
            BodyState::Read { bytes } => SizeHint::with_exact(bytes.len().try_into().unwrap_or(0)),
        }
    }
}

impl<F, B> fmt::Debug for ResponseFuture<F, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}

/// Without the bytes: a refused signature's answer repeats parts of the request.
impl<B> fmt::Debug for ErrorReaderBody<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ErrorReaderBody").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use http::StatusCode;
    use http_body_util::BodyExt as _;
    use tokio_test::{assert_pending, assert_ready_ok, task};
    use tower_test::mock;

    use super::*;
    use crate::BoxError;
    use crate::test_body::{FedBody, Feed, fed_body};

    const BODY: &str = "<?xml version='1.0' encoding='utf-8' ?>\n<Error>\n\
        <Code>SlowDown</Code>\n<Message>Reduce your request rate.</Message>\n</Error>";

    type Future = ResponseFuture<mock::future::ResponseFuture<Response<FedBody>>, FedBody>;

    /// A request that was answered with `status` and a body that the test feeds.
    async fn answered(status: StatusCode) -> (Feed, task::Spawn<Future>) {
        let (mut service, mut handle) =
            mock::spawn_layer::<Request<()>, Response<FedBody>, _>(ErrorReaderLayer::new());
        assert_ready_ok!(service.poll_ready());
        let response = task::spawn(service.call(Request::new(())));
        let (_request, send) = handle.next_request().await.unwrap();
        let (feed, body) = fed_body();
        let mut answer = Response::new(body);
        *answer.status_mut() = status;
        send.send_response(answer);
        (feed, response)
    }

    fn code(response: &Response<ErrorReaderBody<FedBody>>) -> Option<&str> {
        response.extensions().get::<ServiceError>().unwrap().code()
    }

    async fn all(response: Response<ErrorReaderBody<FedBody>>) -> Result<Bytes, BoxError> {
        Ok(response.into_body().collect().await?.to_bytes())
    }

    #[tokio::test(start_paused = true)]
    async fn a_refusal_is_read_and_understood() {
        let (feed, mut response) = answered(StatusCode::SERVICE_UNAVAILABLE).await;
        let (start, end) = BODY.split_at(70);
        feed.send(Ok(start.into())).unwrap();
        assert_pending!(response.poll());
        feed.send(Ok(end.into())).unwrap();
        drop(feed);
        let response = assert_ready_ok!(response.poll());
        assert_eq!(code(&response), Some("SlowDown"));
        assert_eq!(all(response).await.unwrap(), BODY);
    }

    #[tokio::test(start_paused = true)]
    async fn a_success_passes_unread() {
        let (feed, mut response) = answered(StatusCode::PARTIAL_CONTENT).await;
        let response = assert_ready_ok!(response.poll());
        assert!(response.extensions().get::<ServiceError>().is_none());
        feed.send(Ok("part".into())).unwrap();
        drop(feed);
        assert_eq!(all(response).await.unwrap(), "part");
    }

    #[tokio::test(start_paused = true)]
    async fn a_refusal_without_a_body_still_has_its_status() {
        let (feed, mut response) = answered(StatusCode::NOT_FOUND).await;
        drop(feed);
        let response = assert_ready_ok!(response.poll());
        let error = response.extensions().get::<ServiceError>().unwrap();
        assert_eq!(error.status(), StatusCode::NOT_FOUND);
        assert!(response.body().is_end_stream());
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_breaks_counts_as_far_as_it_came() {
        let (feed, mut response) = answered(StatusCode::SERVICE_UNAVAILABLE).await;
        feed.send(Ok(BODY.into())).unwrap();
        feed.send(Err("reset".into())).unwrap();
        let response = assert_ready_ok!(response.poll());
        assert_eq!(code(&response), Some("SlowDown"));
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_stalls_counts_as_far_as_it_came() {
        let (feed, mut response) = answered(StatusCode::SERVICE_UNAVAILABLE).await;
        feed.send(Ok(BODY.into())).unwrap();
        assert_pending!(response.poll());
        tokio::time::advance(ERROR_BODY_TIME).await;
        assert!(response.is_woken());
        let response = assert_ready_ok!(response.poll());
        assert_eq!(code(&response), Some("SlowDown"));
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_without_end_is_read_up_to_the_limit() {
        let (feed, mut response) = answered(StatusCode::FORBIDDEN).await;
        for _ in 0..100 {
            feed.send(Ok(Bytes::from(vec![b'x'; 1000]))).unwrap();
        }
        let response = assert_ready_ok!(response.poll());
        let error = response.extensions().get::<ServiceError>().unwrap();
        assert_eq!(error.body().len(), ERROR_BODY_LIMIT);
        assert_eq!(all(response).await.unwrap().len(), ERROR_BODY_LIMIT);
    }

    #[tokio::test(start_paused = true)]
    async fn neither_future_nor_body_shows_what_was_read() {
        let (feed, mut response) = answered(StatusCode::FORBIDDEN).await;
        feed.send(Ok("canary".into())).unwrap();
        assert_pending!(response.poll());
        assert!(!format!("{response:?}").contains("canary"));
        drop(feed);
        let response = assert_ready_ok!(response.poll());
        assert!(!format!("{:?}", response.body()).contains("canary"));
    }
}
