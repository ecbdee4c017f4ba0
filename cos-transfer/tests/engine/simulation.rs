//! A driver, a disk and simulated time: everything that the machine asks for is done, late, in bits,
//! in any order, or goes wrong; and everything that it must not do is looked out for.

use std::ops::Range;
use std::time::Duration;

use cos_proto::{Conditions, ETag, Extent, Failure, GetObject, GuardError, RangeGuard, crc64};
use cos_transfer::engine::journal::Checkpoint;
use cos_transfer::engine::{ClaimId, Download, Error, Mode, Options, Outcome, Output, TaskId};

use crate::world::{Numbers, State};

/// What outlives a crash.
#[derive(Clone, Debug, Default)]
pub(crate) struct Disk {
    pub(crate) file: Vec<u8>,
    pub(crate) journal: Vec<u8>,
}

/// What has happened, so that a test can tell that it was reached.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Seen {
    pub(crate) splits: u32,
    pub(crate) stops: u32,
    pub(crate) discards: u32,
    pub(crate) verified: u32,
    pub(crate) refuted: u32,
    pub(crate) faults: u32,
    pub(crate) overruns: u32,
    pub(crate) changes: u32,
    pub(crate) crashes: u32,
    pub(crate) delivered: u32,
}

impl Seen {
    pub(crate) fn add(&mut self, other: Self) {
        self.splits += other.splits;
        self.stops += other.stops;
        self.discards += other.discards;
        self.verified += other.verified;
        self.refuted += other.refuted;
        self.faults += other.faults;
        self.overruns += other.overruns;
        self.changes += other.changes;
        self.crashes += other.crashes;
        self.delivered += other.delivered;
    }
}

/// A request on its way.
#[derive(Debug)]
struct Flight {
    task: TaskId,
    get: GetObject,
    body: Option<Body>,
    stopping: bool,
}

#[derive(Debug)]
struct Body {
    guard: RangeGuard,
    /// The state of the object when the head was sent: a body never changes.
    state: State,
    /// Where the task has to end: earlier than its guard if it was shortened.
    end: u64,
    next: u64,
}

pub(crate) struct Simulation {
    pub(crate) states: Vec<State>,
    pub(crate) disk: Disk,
    pub(crate) seen: Seen,
    pub(crate) now: Duration,
    /// The service takes no notice of conditions: what it sends has to be looked at.
    pub(crate) deaf: bool,
    asked: GetObject,
    options: Options,
    window: Option<u64>,
    download: Download,
    flights: Vec<Flight>,
    claims: Vec<(ClaimId, Extent)>,
    /// Of each byte of the object: whether the machine has been told that it is there, or claims
    /// so. None of them may be asked for.
    present: Vec<bool>,
    begun: Option<Range<u64>>,
    pinned: Option<ETag>,
    resumed: bool,
    delivered: Vec<u8>,
    end: Option<Result<Outcome, Error>>,
}

impl Simulation {
    pub(crate) fn new(first: State, asked: GetObject, options: Options, mode: Mode) -> Self {
        Self {
            disk: Disk::default(),
            seen: Seen::default(),
            now: Duration::ZERO,
            deaf: false,
            window: match mode {
                Mode::Ordered { window } => Some(window),
                _ => None,
            },
            download: Download::new(asked.clone(), options.clone(), 1),
            options,
            asked,
            flights: Vec::new(),
            claims: Vec::new(),
            present: vec![false; first.bytes.len()],
            states: vec![first],
            begun: None,
            pinned: None,
            resumed: false,
            delivered: Vec::new(),
            end: None,
        }
    }

    pub(crate) fn state(&self) -> &State {
        self.states.last().unwrap()
    }

    /// Does all that the machine asks for, until it waits or has ended.
    pub(crate) fn settle(&mut self, numbers: &mut Numbers) -> Option<Duration> {
        for _ in 0..100_000 {
            match self.download.poll_output(self.now) {
                Output::Request(request) => {
                    self.check_request(&request.get);
                    self.flights.push(Flight {
                        task: request.task,
                        get: request.get,
                        body: None,
                        stopping: false,
                    });
                }
                Output::Shorten { task, end } => self.shorten(task, end, numbers),
                Output::Stop { task } => {
                    self.seen.stops += 1;
                    let flight = self.flights.iter_mut().find(|flight| flight.task == task);
                    flight.into_iter().for_each(|flight| flight.stopping = true);
                }
                Output::Begin { range } => {
                    self.disk.file.resize((range.end - range.start) as usize, 0);
                    self.begun = Some(range);
                }
                Output::Rewrite(bytes) => self.disk.journal = bytes,
                Output::Record(record) => {
                    let extent = record.extent();
                    assert_eq!(crc64::checksum(self.written(&extent)), extent.crc64());
                    self.disk.journal.extend_from_slice(record.as_bytes());
                }
                Output::Discard => {
                    self.seen.discards += 1;
                    assert!(self.flights.is_empty(), "bytes may still come");
                    assert!(
                        self.delivered.is_empty(),
                        "what is out cannot be taken back"
                    );
                    self.disk = Disk::default();
                    self.present.clear();
                    self.begun = None;
                    self.pinned = None;
                    self.resumed = false;
                    self.claims.clear();
                }
                Output::Verify { claim, extent } => self.claims.push((claim, extent)),
                Output::WaitUntil(until) => {
                    assert!(until.is_none_or(|until| until > self.now), "would spin");
                    assert!(
                        until.is_some()
                            || !self.flights.is_empty()
                            || !self.claims.is_empty()
                            || self.window.is_some(),
                        "waits for nothing: {:?}",
                        self.download
                    );
                    let range = self.download.range().unwrap_or(0..0);
                    assert!(self.download.committed() <= range.end - range.start);
                    return until;
                }
                Output::Done(outcome) => {
                    assert!(self.flights.is_empty(), "done while bytes come");
                    self.end = Some(Ok(outcome));
                    return None;
                }
                Output::Failed(error) => {
                    assert!(self.flights.is_empty(), "failed while bytes come");
                    self.end = Some(Err(error));
                    return None;
                }
                other => panic!("unknown {other:?}"),
            }
        }
        panic!(
            "the machine asks for things without end: {:?}",
            self.download
        );
    }

    /// Sends an answer to one of the requests, or some bytes of a body.
    pub(crate) fn advance(&mut self, which: u64, chunk: u64) {
        let Some(at) = pick(self.flights.len(), which) else {
            return;
        };
        let now = self.now;
        let flight = &mut self.flights[at];
        let task = flight.task;
        let Some(body) = &mut flight.body else {
            let mut get = flight.get.clone();
            if self.deaf {
                get.conditions = Conditions::default();
            }
            return match self.states.last().unwrap().answer(&get) {
                Err(failure) => {
                    self.flights.swap_remove(at);
                    self.download.handle_failure(task, failure, now);
                }
                Ok((head, range)) => match self.answered(task, &head) {
                    None => {
                        self.flights.swap_remove(at);
                    }
                    Some(guard) => {
                        assert_eq!(guard.range(), range, "the guard is the fence");
                        let state = self.states.last().unwrap().clone();
                        let flight = &mut self.flights[at];
                        flight.body = Some(Body {
                            end: range.end,
                            next: range.start,
                            guard,
                            state,
                        });
                    }
                },
            };
        };
        let len = (chunk % 97 + 1).min(body.end - body.next);
        if len == 0 || flight.stopping {
            return self.end_flight(at, None);
        }
        let chunk = body.state.body(body.next..body.next + len);
        let offset = body.guard.accept(chunk).unwrap();
        assert_eq!(offset, body.next);
        assert!(offset + len <= body.end, "outside of its fence");
        let start = self.download.range().unwrap().start;
        let from = (offset - start) as usize;
        if self.disk.file.len() < from + chunk.len() {
            self.disk.file.resize(from + chunk.len(), 0);
        }
        self.disk.file[from..from + chunk.len()].copy_from_slice(chunk);
        body.next += len;
        // Not every write is told of at once.
        if !which.is_multiple_of(3) {
            self.tell(at);
        }
    }

    fn answered(&mut self, task: TaskId, head: &http::response::Parts) -> Option<RangeGuard> {
        if self.begun.is_none() {
            let state = self.states.last().unwrap();
            self.pinned = state.etag.as_ref().map(|etag| ETag::parse(etag).unwrap());
            // A claim on an object that was longer may still be read back.
            let len = self.present.len().max(state.bytes.len());
            self.present.resize(len, false);
        }
        self.download.handle_head(task, head, self.now)
    }

    fn tell(&mut self, at: usize) {
        let flight = &self.flights[at];
        if let Some(body) = &flight.body {
            let so_far = body.guard.so_far();
            self.present[so_far.offset() as usize..so_far.end() as usize].fill(true);
            self.download.handle_written(flight.task, so_far, self.now);
        }
    }

    fn end_flight(&mut self, at: usize, failure: Option<Failure>) {
        self.tell(at);
        let flight = self.flights.swap_remove(at);
        match failure {
            None => self.download.handle_end(flight.task, self.now),
            Some(failure) => self.download.handle_failure(flight.task, failure, self.now),
        }
        if self.pinned.is_none()
            && let Some(body) = flight.body
            && body.next < body.end
        {
            // Without an entity tag everything begins from its start.
            self.present.fill(false);
        }
    }

    /// Lets a request or a body fail.
    pub(crate) fn fail(&mut self, which: u64, kind: u64) {
        let Some(at) = pick(self.flights.len(), which) else {
            return;
        };
        self.seen.faults += 1;
        let failure = match kind % 5 {
            0 => Failure::Transport,
            4 => {
                self.overrun(at);
                Failure::Transport
            }
            1 => Failure::CutShort,
            2 => Failure::Throttled { retry_after: None },
            _ => Failure::Server {
                status: http::StatusCode::BAD_GATEWAY,
                retry_after: None,
            },
        };
        self.end_flight(at, Some(failure));
    }

    /// Lets a body go on beyond what its head has said, which is outside of its fence: no byte of
    /// that may be written.
    fn overrun(&mut self, at: usize) {
        if let Some(body) = &mut self.flights[at].body {
            self.seen.overruns += 1;
            let before = body.guard.so_far();
            let beyond = vec![0xEE; body.guard.remaining() as usize + 1];
            assert_eq!(body.guard.accept(&beyond), Err(GuardError::Long));
            assert_eq!(body.guard.so_far(), before);
        }
    }

    fn shorten(&mut self, task: TaskId, end: u64, numbers: &mut Numbers) {
        let flight = self.flights.iter_mut().find(|flight| flight.task == task);
        let Some(body) = flight.and_then(|flight| flight.body.as_mut()) else {
            return;
        };
        assert!((body.next.min(end)..body.end).contains(&end));
        let end = match numbers.below(4) {
            0 => return, // A driver that cannot do it.
            1 => body.end,
            _ => end.max(body.next),
        };
        self.seen.splits += u32::from(end < body.end);
        body.end = end;
        self.download.handle_shortened(task, end, self.now);
    }

    /// Reads one of the claims back.
    pub(crate) fn verify(&mut self, which: u64) {
        let Some(at) = pick(self.claims.len(), which) else {
            return;
        };
        let (claim, extent) = self.claims.swap_remove(at);
        if crc64::checksum(self.written(&extent)) == extent.crc64() {
            self.seen.verified += 1;
            self.download.handle_verified(claim, self.now);
        } else {
            self.seen.refuted += 1;
            self.present[extent.offset() as usize..extent.end() as usize].fill(false);
            self.download.handle_refuted(claim, self.now);
        }
    }

    /// In order: hands out some of the bytes that are there.
    pub(crate) fn deliver(&mut self, most: u64) {
        let Some(begun) = self.begun.clone().filter(|_| self.window.is_some()) else {
            return;
        };
        let from = begun.start + self.delivered.len() as u64;
        let ready = (from..begun.end.min(from + most))
            .take_while(|&byte| self.present.get(byte as usize) == Some(&true))
            .count();
        if ready > 0 {
            let at = self.delivered.len();
            self.delivered
                .extend_from_slice(&self.disk.file[at..at + ready]);
            self.seen.delivered += 1;
            self.download
                .handle_delivered(from + ready as u64, self.now);
        }
    }

    /// Puts another object in the object's place.
    pub(crate) fn change(&mut self, state: State) {
        self.seen.changes += 1;
        self.states.push(state);
    }

    pub(crate) fn cancel(&mut self) {
        self.download.cancel();
    }

    pub(crate) fn set_connections(&mut self, connections: u64) {
        self.download.set_connections(connections as usize);
    }

    /// Kills the process, and starts another on what is on the disk.
    pub(crate) fn crash(&mut self) {
        self.seen.crashes += 1;
        self.flights.clear();
        self.claims.clear();
        self.begun = None;
        self.pinned = None;
        self.end = None;
        self.delivered.clear();
        self.present = vec![false; self.state().bytes.len()];
        let (asked, options) = (self.asked.clone(), self.options.clone());
        self.download = match Checkpoint::read(&self.disk.journal, &asked) {
            Ok(checkpoint) if self.window.is_none() => {
                self.present.resize(checkpoint.size() as usize, false);
                for claim in checkpoint.claims() {
                    self.present[claim.offset() as usize..claim.end() as usize].fill(true);
                }
                let len = checkpoint.range().end - checkpoint.range().start;
                self.disk.file.resize(len as usize, 0);
                self.resumed = true;
                Download::resume(asked, options, self.seen.crashes.into(), &checkpoint)
            }
            _ => {
                self.disk = Disk::default();
                self.resumed = false;
                Download::new(asked, options, self.seen.crashes.into())
            }
        };
    }

    pub(crate) fn is_over(&self) -> bool {
        self.end.is_some()
    }

    pub(crate) const fn end(&self) -> Option<&Result<Outcome, Error>> {
        self.end.as_ref()
    }

    pub(crate) fn is_idle(&self) -> bool {
        self.flights.is_empty() && self.claims.is_empty()
    }

    pub(crate) fn delivered(&self) -> &[u8] {
        &self.delivered
    }

    pub(crate) const fn download(&self) -> &Download {
        &self.download
    }

    /// What a claim or a record speaks of.
    fn written(&self, extent: &Extent) -> &[u8] {
        let start = self.download.range().unwrap().start;
        &self.disk.file[(extent.offset() - start) as usize..(extent.end() - start) as usize]
    }

    /// No request for what is there, or is on its way; and every one but the first bound to the
    /// same object.
    fn check_request(&self, get: &GetObject) {
        let Some(begun) = &self.begun else {
            return self.check_first_request(get);
        };
        let mut bound = Conditions::default();
        bound.if_match = self.pinned.clone();
        let Some(etag) = &self.pinned else {
            assert_eq!(get.range, self.asked.range, "one stream alone");
            return;
        };
        assert!(!etag.is_weak());
        assert_eq!(get.conditions, bound);
        let range = get.range.unwrap();
        let range = range.first().unwrap()..range.last().unwrap() + 1;
        assert!(begun.start <= range.start && range.end <= begun.end);
        self.check_absent(&range);
        for flight in &self.flights {
            let theirs = match (&flight.body, flight.get.range) {
                (Some(body), _) => body.next..body.end,
                (None, Some(range)) => range.first().unwrap()..range.last().unwrap() + 1,
                (None, None) => continue,
            };
            assert!(
                theirs.is_empty() || range.end <= theirs.start || theirs.end <= range.start,
                "{range:?} is on its way by {theirs:?}"
            );
        }
        if let Some(window) = self.window {
            let reached = begun.start + self.delivered.len() as u64;
            assert!(
                range.end <= reached + window,
                "{range:?} is beyond the window"
            );
        }
    }

    /// The first request of a run goes out before anything is known, unless there is a checkpoint.
    fn check_first_request(&self, get: &GetObject) {
        assert!(self.flights.is_empty(), "nothing is known yet");
        if !self.resumed {
            let mut get = get.clone();
            get.range = self.asked.range;
            assert_eq!(get, self.asked);
            return;
        }
        assert!(get.conditions.if_match.is_some());
        let range = get.range.unwrap();
        let range = range.first().unwrap()..range.last().unwrap() + 1;
        let wanted = self.download.range().unwrap();
        let complete = wanted.clone().all(|byte| {
            self.present[byte as usize]
                || self
                    .claims
                    .iter()
                    .any(|(_, claim)| (claim.offset()..claim.end()).contains(&byte))
        });
        // A single byte asks whether a complete download is still that of the object.
        if !(complete && range == (wanted.start..wanted.start + 1)) && self.seen.refuted == 0 {
            self.check_absent(&range);
        }
    }

    fn check_absent(&self, range: &Range<u64>) {
        let there = range.clone().find(|&byte| self.present[byte as usize]);
        assert_eq!(there, None, "a byte of {range:?} is there already");
    }
}

fn pick(len: usize, which: u64) -> Option<usize> {
    which.checked_rem(len as u64).map(|at| at as usize)
}
