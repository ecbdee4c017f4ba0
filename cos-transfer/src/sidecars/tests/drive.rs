//! A driver of one thread: tasks go on bit by bit, in an order that the seed has it.

use std::ffi::OsString;
use std::time::Duration;

use cos_proto::{Extent, RangeGuard};

use super::service::Object;
use super::{DEST, Numbers, get};
use crate::DownloadError;
use crate::engine::{ClaimId, Download, Error, Options, Outcome, Output, TaskId};
use crate::sidecars::{Place, Publish, Published, Sidecars, Turn};
use crate::storage::sim::SimDir;
use crate::storage::{Dir as _, DirId};

/// How a download goes.
#[derive(Clone, Debug)]
pub(super) struct Run {
    pub(super) seed: u64,
    pub(super) options: Options,
    pub(super) no_clobber: bool,
    pub(super) resume: bool,
    /// Chunks have up to so many bytes.
    pub(super) chunk: usize,
    /// Downloads of one process wait for each other.
    pub(super) process: u64,
    /// Where the sidecars stand, if not beside the file.
    pub(super) sidecars: Option<SimDir>,
}

#[derive(Debug)]
pub(super) enum Failed {
    /// The file system.
    Local(DownloadError),
    Engine(Error),
}

impl From<DownloadError> for Failed {
    fn from(error: DownloadError) -> Self {
        Self::Local(error)
    }
}

struct Flight<'a> {
    task: TaskId,
    guard: RangeGuard,
    rest: &'a [u8],
}

impl Run {
    pub(super) fn new(seed: u64) -> Self {
        Self {
            seed,
            options: super::options(),
            no_clobber: false,
            resume: true,
            chunk: 1500,
            process: 0,
            sidecars: None,
        }
    }

    pub(super) fn part_size(mut self, bytes: u64) -> Self {
        self.options = self.options.part_size(bytes);
        self
    }

    /// Downloads the object into the directory.
    pub(super) fn download(
        &self,
        dir: &SimDir,
        object: &Object,
    ) -> Result<(Outcome, Published), Failed> {
        self.download_to(&self.open(dir)?, object)
    }

    pub(super) fn open(&self, dir: &SimDir) -> Result<Sidecars<SimDir>, DownloadError> {
        let (dir, name) = (dir.clone(), OsString::from(DEST));
        let mut place = Place::beside(dir, name, DEST.into());
        if let Some(sidecars) = self.sidecars.clone() {
            place = place.sidecars_in(sidecars, "sidecars".into(), b"key");
        }
        let DirId(sim, _) = place.sidecars.id().unwrap();
        let turn = Turn::wait(DirId(sim, self.process), DEST.into());
        let runtime = tokio::runtime::Builder::new_current_thread();
        let turn = { runtime }.build().unwrap().block_on(turn);
        Sidecars::open(place, turn, true)
    }

    pub(super) fn download_to(
        &self,
        sidecars: &Sidecars<SimDir>,
        object: &Object,
    ) -> Result<(Outcome, Published), Failed> {
        let (options, seed) = (self.options.clone(), self.seed);
        let checkpoint = match self.resume {
            true => sidecars.checkpoint(&get())?,
            false => None,
        };
        let mut machine = match checkpoint {
            Some(checkpoint) => Download::resume(get(), options, seed, &checkpoint),
            None => Download::new(get(), options, seed),
        };
        let outcome = self.drive(&mut machine, sidecars, object)?;
        let published = sidecars.publish(Publish {
            modified: None,
            no_clobber: self.no_clobber,
        })?;
        Ok((outcome, published))
    }

    fn drive(
        &self,
        machine: &mut Download,
        sidecars: &Sidecars<SimDir>,
        object: &Object,
    ) -> Result<Outcome, Failed> {
        let mut numbers = Numbers(self.seed);
        let mut now = Duration::ZERO;
        let mut flights: Vec<Flight<'_>> = Vec::new();
        let mut claims: Vec<(ClaimId, Extent)> = Vec::new();
        loop {
            match machine.poll_output(now) {
                Output::Request(request) => {
                    let task = request.task;
                    match object.answer(&request.get) {
                        Err(failure) => machine.handle_failure(task, failure, now),
                        Ok((head, range)) => {
                            if let Some(guard) = machine.handle_head(task, &head, now) {
                                let rest = &object.bytes[range];
                                flights.push(Flight { task, guard, rest });
                            }
                        }
                    }
                }
                Output::Begin { range } => sidecars.begin(range)?,
                Output::Rewrite(bytes) => sidecars.rewrite(&bytes)?,
                Output::Record(record) => sidecars.record(record.as_bytes())?,
                Output::Discard => sidecars.discard()?,
                Output::Verify { claim, extent } => claims.push((claim, extent)),
                Output::Stop { task } => {
                    flights.retain(|flight| flight.task != task);
                    machine.handle_end(task, now);
                }
                Output::WaitUntil(until) => match numbers.below(flights.len() + claims.len() + 1) {
                    at if at < flights.len() => {
                        let is_over =
                            self.go_on(&mut flights[at], machine, sidecars, now, &mut numbers)?;
                        if is_over {
                            let flight = flights.swap_remove(at);
                            machine.handle_end(flight.task, now);
                        }
                    }
                    at if at < flights.len() + claims.len() => {
                        let (claim, extent) = claims.swap_remove(at - flights.len());
                        if sidecars.read_back(&extent) {
                            machine.handle_verified(claim, now);
                        } else {
                            machine.handle_refuted(claim, now);
                        }
                    }
                    _ => {
                        let later = now + Duration::from_millis(100);
                        now = until.map_or(later, |until| until.clamp(now, later));
                    }
                },
                Output::Done(outcome) => return Ok(outcome),
                Output::Failed(error) => return Err(Failed::Engine(error)),
                Output::Shorten { .. } => {}
            }
        }
    }

    /// A chunk more of a body; true at its end.
    fn go_on(
        &self,
        flight: &mut Flight<'_>,
        machine: &mut Download,
        sidecars: &Sidecars<SimDir>,
        now: Duration,
        numbers: &mut Numbers,
    ) -> Result<bool, Failed> {
        let len = (1 + numbers.below(self.chunk)).min(flight.rest.len());
        if len == 0 {
            return Ok(true);
        }
        let (chunk, rest) = flight.rest.split_at(len);
        let offset = flight.guard.accept(chunk).unwrap();
        sidecars.write(chunk, offset)?;
        flight.rest = rest;
        machine.handle_written(flight.task, flight.guard.so_far(), now);
        Ok(rest.is_empty())
    }
}
