//! A driver that does what a test tells it, step by step.

use std::time::Duration;

use cos_proto::{Failure, GetObject, RangeGuard};
use cos_transfer::engine::journal::Checkpoint;
use cos_transfer::engine::{Download, Error, Options, Outcome, Output, Request, TaskId};

use crate::world::State;

pub(crate) const SECOND: Duration = Duration::from_secs(1);

pub(crate) struct Script {
    pub(crate) download: Download,
    pub(crate) state: State,
    pub(crate) now: Duration,
    pub(crate) journal: Vec<u8>,
    pub(crate) rewrites: usize,
}

/// A body that is coming.
pub(crate) struct Fetch {
    pub(crate) task: TaskId,
    pub(crate) guard: RangeGuard,
}

impl Script {
    pub(crate) fn new(state: State, asked: GetObject, options: Options) -> Self {
        Self::of(Download::new(asked, options, 7), state)
    }

    pub(crate) fn resume(
        state: State,
        asked: GetObject,
        options: Options,
        checkpoint: &Checkpoint,
    ) -> Self {
        Self::of(Download::resume(asked, options, 7, checkpoint), state)
    }

    fn of(download: Download, state: State) -> Self {
        Self {
            download,
            state,
            now: SECOND,
            journal: Vec::new(),
            rewrites: 0,
        }
    }

    /// The next output that is not about the journal or the space for the file.
    pub(crate) fn poll(&mut self) -> Output {
        loop {
            match self.download.poll_output(self.now) {
                Output::Begin { .. } => {}
                Output::Rewrite(bytes) => {
                    self.rewrites += 1;
                    self.journal = bytes;
                }
                Output::Record(record) => self.journal.extend_from_slice(record.as_bytes()),
                other => return other,
            }
        }
    }

    pub(crate) fn request(&mut self) -> Request {
        match self.poll() {
            Output::Request(request) => *request,
            other => panic!("no request but {other:?}"),
        }
    }

    /// All requests that are made now, until the machine waits.
    pub(crate) fn requests(&mut self) -> Vec<Request> {
        let mut requests = Vec::new();
        loop {
            match self.poll() {
                Output::Request(request) => requests.push(*request),
                Output::WaitUntil(_) => return requests,
                other => panic!("no request but {other:?}"),
            }
        }
    }

    pub(crate) fn wait(&mut self) -> Option<Duration> {
        match self.poll() {
            Output::WaitUntil(until) => until,
            other => panic!("does not wait but {other:?}"),
        }
    }

    pub(crate) fn done(&mut self) -> Outcome {
        match self.poll() {
            Output::Done(outcome) => outcome,
            other => panic!("not done but {other:?}"),
        }
    }

    pub(crate) fn failed(&mut self) -> Error {
        match self.poll() {
            Output::Failed(error) => error,
            other => panic!("has not failed but {other:?}"),
        }
    }

    /// The tasks that are to be stopped now; they end at once.
    pub(crate) fn stop_all(&mut self, count: usize) {
        for _ in 0..count {
            match self.poll() {
                Output::Stop { task } => self.download.handle_end(task, self.now),
                other => panic!("does not stop but {other:?}"),
            }
        }
    }

    /// Answers with a head, or refuses; the body, if one is wanted.
    pub(crate) fn answer(&mut self, request: &Request) -> Option<Fetch> {
        let task = request.task;
        match self.state.answer(&request.get) {
            Ok((head, _)) => {
                let guard = self.download.handle_head(task, &head, self.now)?;
                Some(Fetch { task, guard })
            }
            Err(failure) => {
                self.fail(task, failure);
                None
            }
        }
    }

    /// Brings so many bytes of a body.
    pub(crate) fn write(&mut self, fetch: &mut Fetch, len: u64) {
        let from = fetch.guard.so_far().end();
        fetch
            .guard
            .accept(self.state.body(from..from + len))
            .unwrap();
        self.download
            .handle_written(fetch.task, fetch.guard.so_far(), self.now);
    }

    /// Brings all the rest of a body.
    pub(crate) fn finish(&mut self, mut fetch: Fetch) {
        let rest = fetch.guard.remaining();
        self.write(&mut fetch, rest);
        self.download.handle_end(fetch.task, self.now);
    }

    /// Answers a request and brings all of its body.
    pub(crate) fn serve(&mut self, request: &Request) {
        if let Some(fetch) = self.answer(request) {
            self.finish(fetch);
        }
    }

    /// Serves whatever is asked for, until the end.
    pub(crate) fn run(&mut self) -> Result<Outcome, Error> {
        for _ in 0..100_000 {
            match self.poll() {
                Output::Request(request) => self.serve(&request),
                Output::Done(outcome) => return Ok(outcome),
                Output::Failed(error) => return Err(error),
                Output::WaitUntil(Some(until)) => self.now = until,
                Output::Discard => self.journal.clear(),
                other => panic!("unexpected {other:?}"),
            }
        }
        panic!("no end");
    }

    pub(crate) fn fail(&mut self, task: TaskId, failure: Failure) {
        self.download.handle_failure(task, failure, self.now);
    }
}

pub(crate) fn range(request: &Request) -> String {
    request
        .get
        .range
        .map_or_else(String::new, |range| range.to_string())
}

pub(crate) fn ranges(requests: &[Request]) -> Vec<String> {
    requests.iter().map(range).collect()
}
