//! A service without a socket: it answers what the test has laid out for it.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::future::{Ready, ready};
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use bytes::Bytes;
use cos_proto::crc64::checksum;
use http::{Request, Response, StatusCode};
use http_body::{Body, Frame};
use tower_service::Service;

/// Answers requests in the order in which answers were laid out, and remembers the requests.
///
/// As tower demands, it must be asked whether it is ready before each of them.
#[derive(Debug, Default)]
pub(crate) struct Fake {
    state: Arc<Mutex<State>>,
    ready: bool,
}

/// One service being ready says nothing about its clones.
impl Clone for Fake {
    fn clone(&self) -> Self {
        Self {
            state: Arc::clone(&self.state),
            ready: false,
        }
    }
}

#[derive(Debug, Default)]
struct State {
    answers: VecDeque<Response<FakeBody>>,
    requests: Vec<Request<()>>,
}

impl Fake {
    pub(crate) fn answering(answers: impl IntoIterator<Item = Response<FakeBody>>) -> Self {
        let state = State {
            answers: answers.into_iter().collect(),
            requests: Vec::new(),
        };
        Self {
            state: Arc::new(Mutex::new(state)),
            ready: false,
        }
    }

    /// The `Range` headers of the requests that came.
    pub(crate) fn ranges(&self) -> Vec<Option<String>> {
        let state = self.state.lock().unwrap();
        let range = |request: &Request<()>| {
            let value = request.headers().get("range")?;
            Some(value.to_str().unwrap().to_owned())
        };
        state.requests.iter().map(range).collect()
    }

    pub(crate) fn requests(&self) -> usize {
        self.state.lock().unwrap().requests.len()
    }
}

impl Service<Request<()>> for Fake {
    type Response = Response<FakeBody>;
    type Error = Infallible;
    type Future = Ready<Result<Response<FakeBody>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.ready = true;
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<()>) -> Self::Future {
        assert!(
            std::mem::take(&mut self.ready),
            "called without being ready"
        );
        let mut state = self.state.lock().unwrap();
        state.requests.push(request);
        let answer = state.answers.pop_front();
        ready(Ok(answer.expect("no answer was laid out for this request")))
    }
}

/// What a body does next.
#[derive(Clone, Debug)]
pub(crate) enum Act {
    Data(Bytes),
    /// Data that is made when it is asked for.
    Made(Maker),
    /// The connection breaks.
    Break,
    /// Nothing more comes, and no end either.
    Hang,
}

#[derive(Clone)]
pub(crate) struct Maker(Arc<dyn Fn() -> Bytes + Send + Sync>);

impl std::fmt::Debug for Maker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Maker").finish_non_exhaustive()
    }
}

impl Act {
    pub(crate) fn made(make: impl Fn() -> Bytes + Send + Sync + 'static) -> Self {
        Self::Made(Maker(Arc::new(make)))
    }
}

/// A body that does one thing after another, and then ends.
#[derive(Debug)]
pub(crate) struct FakeBody(VecDeque<Act>);

impl FakeBody {
    pub(crate) fn new(acts: impl IntoIterator<Item = Act>) -> Self {
        Self(acts.into_iter().collect())
    }
}

impl Body for FakeBody {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, std::io::Error>>> {
        if let Some(Act::Hang) = self.0.front() {
            return Poll::Pending;
        }
        Poll::Ready(match self.0.pop_front() {
            Some(Act::Data(data)) => Some(Ok(Frame::data(data))),
            Some(Act::Made(Maker(make))) => Some(Ok(Frame::data(make()))),
            Some(Act::Break) => Some(Err(std::io::ErrorKind::ConnectionReset.into())),
            Some(Act::Hang) | None => None,
        })
    }
}

/// A 200 for `content` whose body does `acts`.
pub(crate) fn ok(content: &[u8], acts: impl IntoIterator<Item = Act>) -> Response<FakeBody> {
    let head = Response::builder()
        .header("content-length", content.len())
        .header("etag", "\"the-etag\"")
        .header("last-modified", "Thu, 10 Dec 2020 03:37:30 GMT")
        .header("x-cos-request-id", "the-request-id")
        .header("x-cos-hash-crc64ecma", checksum(content).to_string());
    head.body(FakeBody::new(acts)).unwrap()
}

/// A 200 for `content`, all of it, in chunks of `chunk` bytes.
pub(crate) fn whole(content: &[u8], chunk: usize) -> Response<FakeBody> {
    ok(content, chunks(content, chunk))
}

/// `content` as data in pieces of `chunk` bytes.
pub(crate) fn chunks(content: &[u8], chunk: usize) -> Vec<Act> {
    content
        .chunks(chunk)
        .map(|piece| Act::Data(Bytes::copy_from_slice(piece)))
        .collect()
}

/// An answer with another status, whose body is an error document with `code`.
pub(crate) fn refusal(status: u16, code: &str) -> Response<FakeBody> {
    let body = format!("<Error><Code>{code}</Code><Message>no</Message></Error>");
    Response::builder()
        .status(StatusCode::from_u16(status).unwrap())
        .header("x-cos-request-id", "the-request-id")
        .body(FakeBody::new([Act::Data(body.into())]))
        .unwrap()
}
