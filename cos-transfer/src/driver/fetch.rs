//! A task of the machine: one request, and the chunks of its body under their guard.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use cos_proto::{Extent, Failure, GuardError, RangeGuard, RetryBudget};
use http_body::Body;
use tokio::sync::OwnedSemaphorePermit;

use super::ask::Answer;
use super::fault::Fault;
use crate::engine::TaskId;
use crate::{BoxError, DownloadError};

/// A request on its way, or the body that came.
pub(super) struct Fetch<B> {
    pub(super) task: TaskId,
    pub(super) budget: RetryBudget,
    stage: Stage<B>,
}

type Asking<B> = Pin<Box<dyn Future<Output = Result<Answer<B>, Fault>> + Send>>;

enum Stage<B> {
    Asking(Asking<B>),
    Flowing(Box<Flow<B>>),
    /// It has told its end.
    Over,
}

struct Flow<B> {
    body: Pin<Box<B>>,
    guard: RangeGuard,
    /// Offset in the object behind the last byte that is for this task.
    end: u64,
    _permit: Option<OwnedSemaphorePermit>,
}

/// What a task has to tell.
pub(super) enum Event<B> {
    /// A 2xx answer. If it is wanted, [`Fetch::flow`] goes on with it.
    Head(Answer<B>),
    Chunk(Chunk),
    /// All that was for this task has come.
    End,
    Failed(Fault),
}

/// Bytes that the guard has let through.
pub(super) struct Chunk {
    /// Of its first byte, in the object.
    pub(super) offset: u64,
    pub(super) bytes: Bytes,
    /// What the task has brought with it.
    pub(super) so_far: Extent,
}

impl<B> Fetch<B>
where
    B: Body<Data = Bytes>,
    B::Error: Into<BoxError>,
{
    pub(super) fn new(task: TaskId, budget: RetryBudget, asking: Asking<B>) -> Self {
        Self {
            task,
            budget,
            stage: Stage::Asking(asking),
        }
    }

    /// Goes on with the body, under this guard.
    pub(super) fn flow(
        &mut self,
        body: B,
        guard: RangeGuard,
        permit: Option<OwnedSemaphorePermit>,
    ) {
        self.stage = Stage::Flowing(Box::new(Flow {
            body: Box::pin(body),
            end: guard.range().end,
            guard,
            _permit: permit,
        }));
    }

    /// Lets the body end at `end`, or at once where it is already beyond that. The answer is where
    /// it will end; none where there is no body yet.
    pub(super) fn shorten(&mut self, end: u64) -> Option<u64> {
        let Stage::Flowing(flow) = &mut self.stage else {
            return None;
        };
        flow.end = flow.end.min(end).max(flow.guard.so_far().end());
        Some(flow.end)
    }

    pub(super) fn is_over(&self) -> bool {
        matches!(self.stage, Stage::Over)
    }

    /// What there is to tell. Of a body, the next chunk is asked for only where `may_take` allows
    /// its offset.
    pub(super) fn poll(
        &mut self,
        may_take: impl FnOnce(u64) -> bool,
        cx: &mut Context<'_>,
    ) -> Poll<Event<B>> {
        let event = match &mut self.stage {
            Stage::Over => return Poll::Pending,
            Stage::Asking(asking) => match ready!(asking.as_mut().poll(cx)) {
                Ok(answer) => Event::Head(answer),
                Err(fault) => Event::Failed(fault),
            },
            Stage::Flowing(flow) => ready!(flow.poll(may_take, cx)),
        };
        if !matches!(event, Event::Chunk(_)) {
            // The connection is free for another request, or closed.
            self.stage = Stage::Over;
        }
        Poll::Ready(event)
    }
}

impl<B> Flow<B>
where
    B: Body<Data = Bytes>,
    B::Error: Into<BoxError>,
{
    fn poll(&mut self, may_take: impl FnOnce(u64) -> bool, cx: &mut Context<'_>) -> Poll<Event<B>> {
        let next = self.guard.so_far().end();
        if next >= self.end {
            return Poll::Ready(Event::End);
        }
        if !may_take(next) {
            return Poll::Pending;
        }
        loop {
            let frame = match ready!(self.body.as_mut().poll_frame(cx)) {
                Some(Ok(frame)) => frame,
                Some(Err(error)) => return Poll::Ready(Event::Failed(self.broken(error.into()))),
                None => return Poll::Ready(Event::Failed(self.short())),
            };
            // Trailers are nothing to us.
            if let Ok(bytes) = frame.into_data()
                && !bytes.is_empty()
            {
                return Poll::Ready(self.accept(bytes));
            }
        }
    }

    fn accept(&mut self, mut bytes: Bytes) -> Event<B> {
        if self.end < self.guard.range().end {
            // What comes beyond is another task's by now, and promised all the same.
            let left = self.end.saturating_sub(self.guard.so_far().end());
            bytes.truncate(usize::try_from(left).unwrap_or(usize::MAX));
        }
        match self.guard.accept(&bytes) {
            Ok(offset) => Event::Chunk(Chunk {
                offset,
                bytes,
                so_far: self.guard.so_far(),
            }),
            Err(error) => Event::Failed(Fault::new(DownloadError::Integrity(error))),
        }
    }

    /// A body that ended early is a matter of its length; any other failure is the network's.
    fn broken(&self, error: BoxError) -> Fault {
        let fault = Fault::of_service(error);
        match fault.failure {
            Failure::CutShort => self.short(),
            _ => fault,
        }
    }

    fn short(&self) -> Fault {
        Fault::new(DownloadError::Integrity(GuardError::Short {
            missing: self.guard.remaining(),
        }))
    }
}
