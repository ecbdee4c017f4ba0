//! Drives the machine of [`engine`] on a tokio runtime.
//!
//! Whoever polls the [`Driver`] does the work: there is one future, which owns the machine, the
//! requests and their bodies, and nothing is spawned for them. A body's chunk goes from the service
//! to the [`Sink`] without a copy and without another task in between, and the machine is told of
//! it when it is there. What blocks for longer than a write of one chunk is the sink's to do on
//! other threads.

mod ask;
mod clock;
mod fault;
mod fetch;
mod meter;
mod sink;

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use cos_proto::{Endpoint, ObjectHead};
use http::{Request, Response};
use http_body::Body;
use tokio::sync::Semaphore;
use tokio::time::Sleep;
use tower_service::Service;

pub(crate) use ask::{Answer, ask, refusal, send};
pub(crate) use fault::Fault;
pub(crate) use sink::{Done, Order, Sink};

use crate::engine::{self, Download, Outcome, Output, TaskId};
use crate::{BoxError, DownloadError, Progress};
use clock::Clock;
use fault::{Last, explain};
use fetch::{Event, Fetch};
use meter::Meter;

/// How often all requests are looked after in one poll before the runtime gets its turn: each time,
/// each of them may bring a chunk. It bounds how long a poll takes, and is enough to take what has
/// come meanwhile.
const ROUNDS: usize = 4;

/// What a driver sends requests by.
#[derive(Clone)]
pub(crate) struct Line<S> {
    pub(crate) service: S,
    pub(crate) endpoint: Arc<Endpoint>,
    /// How many requests may be on their way, where that is shared with others: each takes a
    /// permit until its body has ended.
    pub(crate) connections: Option<Arc<Semaphore>>,
}

/// Runs one download, as far as its bytes: it begins with the first request, and ends when all
/// bytes are in the sink and right, or nothing is under way any more.
pub(crate) struct Driver<S, B, K> {
    line: Line<S>,
    machine: Download,
    fetches: Vec<Fetch<B>>,
    sink: K,
    clock: Clock,
    meter: Meter,
    timer: Option<Pin<Box<Sleep>>>,
    /// What the task has told whose failure ends the download.
    last: Option<Last>,
    /// What was no request's failure.
    local: Option<DownloadError>,
}

/// What the machine leaves to do.
enum Next {
    Wait(Option<Duration>),
    End(Result<Outcome, engine::Error>),
}

impl<S, B, K> Driver<S, B, K>
where
    S: Service<Request<()>, Response = Response<B>> + Clone + Send + 'static,
    S::Future: Send,
    S::Error: Into<BoxError>,
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
    K: Sink,
{
    pub(crate) fn new(
        line: Line<S>,
        machine: Download,
        sink: K,
        progress: Option<Arc<dyn Progress>>,
    ) -> Self {
        Self {
            line,
            machine,
            fetches: Vec::new(),
            sink,
            clock: Clock::new(),
            meter: Meter::new(progress),
            timer: None,
            last: None,
            local: None,
        }
    }

    pub(crate) fn sink_mut(&mut self) -> &mut K {
        &mut self.sink
    }

    pub(crate) fn into_sink(self) -> K {
        self.sink
    }

    pub(crate) fn head(&self) -> Option<&ObjectHead> {
        self.machine.head()
    }

    /// Stops in order: what has come is recorded first. Poll on until the end.
    pub(crate) fn cancel(&mut self) {
        self.machine.cancel();
    }

    /// Bytes that are there, or are claimed to be.
    pub(crate) fn kept(&self) -> u64 {
        let machine = &self.machine;
        machine.committed().saturating_add(machine.claimed())
    }

    /// In order: what the head says was handed out.
    pub(crate) fn head_told(&mut self) {
        self.machine.handle_head_told();
    }

    /// In order: all bytes before `offset` have been handed out.
    pub(crate) fn delivered(&mut self, offset: u64) {
        self.machine.handle_delivered(offset, self.clock.now());
    }

    /// Goes on as far as possible without waiting. Not to be polled again after the end.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<Outcome, DownloadError>> {
        for _ in 0..ROUNDS {
            let next = self.obey();
            let heard = self.hear_sink(cx) | self.hear_fetches(cx);
            if self.machine.failure().is_some() {
                self.sink.stop();
            }
            let over = matches!(next, Next::End(Ok(_)));
            let tell = self.meter.look(&self.machine, self.clock.now(), over);
            if heard {
                continue;
            }
            match next {
                Next::End(_) if !self.sink.is_idle() => return Poll::Pending,
                Next::End(end) => return Poll::Ready(self.end(end)),
                Next::Wait(until) if self.wait(earlier(until, tell), cx) => return Poll::Pending,
                Next::Wait(_) => {}
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    fn end(&mut self, end: Result<Outcome, engine::Error>) -> Result<Outcome, DownloadError> {
        // For an object without a byte there may be nothing left to wait for when the part file
        // cannot be made.
        match self.local.take() {
            Some(local) => Err(local),
            None => end.map_err(|error| explain(error, self.last.take())),
        }
    }

    /// Does what the machine wants, until there is nothing more to do.
    ///
    /// An order to the sink comes to its end before anything else is begun: no part is asked for
    /// before there is room for it, and no connection takes the file handle that it needs.
    fn obey(&mut self) -> Next {
        loop {
            if self.sink.is_busy() {
                return Next::Wait(None);
            }
            let now = self.clock.now();
            match self.machine.poll_output(now) {
                Output::Request(request) => self.send(*request),
                Output::Shorten { task, end } => {
                    let fetch = self.fetches.iter_mut().find(|fetch| fetch.task == task);
                    if let Some(end) = fetch.and_then(|fetch| fetch.shorten(end)) {
                        self.machine.handle_shortened(task, end, now);
                    }
                }
                Output::Stop { task } => {
                    self.fetches.retain(|fetch| fetch.task != task);
                    self.machine.handle_end(task, now);
                }
                Output::Begin { range } => self.order(Order::Begin(range)),
                Output::Rewrite(bytes) => self.order(Order::Rewrite(bytes)),
                Output::Record(record) => self.order(Order::Record(record)),
                Output::Discard => self.order(Order::Discard),
                Output::Verify { claim, extent } => {
                    self.order(Order::Verify { claim, extent });
                }
                Output::WaitUntil(until) => return Next::Wait(until),
                Output::Done(outcome) => return Next::End(Ok(outcome)),
                Output::Failed(error) => return Next::End(Err(error)),
            }
        }
    }

    fn order(&mut self, order: Order) {
        if let Err(error) = self.sink.order(order) {
            self.fail(error);
        }
    }

    fn send(&mut self, request: engine::Request) {
        let engine::Request { task, get, budget } = request;
        let asking = ask(self.line.clone(), &get, budget.clone());
        self.fetches
            .push(Fetch::new(task, budget, Box::pin(asking)));
    }

    /// Whether the sink had anything to tell.
    fn hear_sink(&mut self, cx: &mut Context<'_>) -> bool {
        let mut heard = false;
        while let Poll::Ready(done) = self.sink.poll(cx) {
            heard = true;
            let now = self.clock.now();
            match done {
                Done::Step => {}
                Done::Read {
                    claim,
                    is_true: true,
                } => self.machine.handle_verified(claim, now),
                Done::Read {
                    claim,
                    is_true: false,
                } => self.machine.handle_refuted(claim, now),
                Done::Failed(error) => self.fail(error),
            }
        }
        heard
    }

    /// Takes at most one word of each request. Whether there was any.
    fn hear_fetches(&mut self, cx: &mut Context<'_>) -> bool {
        let mut heard = false;
        let now = self.clock.now();
        for at in 0..self.fetches.len() {
            let (sink, Some(fetch)) = (&self.sink, self.fetches.get_mut(at)) else {
                break;
            };
            let Poll::Ready(event) = fetch.poll(|offset| sink.may_take(offset), cx) else {
                continue;
            };
            heard = true;
            let task = fetch.task;
            match event {
                Event::Head(answer) => {
                    let guard = self.machine.handle_head(task, &answer.parts, now);
                    if let Some(guard) = guard {
                        fetch.flow(answer.body, guard, answer.permit);
                    }
                }
                Event::Chunk(chunk) => match self.sink.take(chunk.offset, chunk.bytes) {
                    Ok(()) => self.machine.handle_written(task, chunk.so_far, now),
                    Err(error) => self.fail(error),
                },
                Event::End => self.machine.handle_end(task, now),
                Event::Failed(fault) => {
                    let attempts = fetch.budget.drawn().saturating_add(1);
                    self.failed(task, fault, attempts, now);
                }
            }
        }
        self.fetches.retain(|fetch| !fetch.is_over());
        heard
    }

    fn failed(&mut self, task: TaskId, fault: Fault, attempts: u32, now: Duration) {
        if fault.is_for_want_of_handles() {
            self.machine.handle_no_room(task, now);
        } else if fault.is_exhausted() {
            self.machine.handle_exhausted(task, fault.failure, now);
        } else {
            self.machine.handle_failure(task, fault.failure, now);
        }
        if self.last.is_none() && self.machine.failure().and_then(engine::Error::task) == Some(task)
        {
            self.last = Some(Last {
                task,
                error: fault.error,
                attempts,
            });
        }
    }

    /// A failure that is no request's. The first one counts.
    fn fail(&mut self, error: DownloadError) {
        self.local.get_or_insert(error);
        self.machine.cancel();
    }

    /// Whether there is anything to wait for until then.
    fn wait(&mut self, until: Option<Duration>, cx: &mut Context<'_>) -> bool {
        let Some(until) = until.and_then(|until| self.clock.instant(until)) else {
            self.timer = None;
            return true;
        };
        let timer = self
            .timer
            .get_or_insert_with(|| Box::pin(tokio::time::sleep_until(until)));
        if timer.deadline() != until {
            timer.as_mut().reset(until);
        }
        timer.as_mut().poll(cx).is_pending()
    }
}

fn earlier(a: Option<Duration>, b: Option<Duration>) -> Option<Duration> {
    a.into_iter().chain(b).min()
}
