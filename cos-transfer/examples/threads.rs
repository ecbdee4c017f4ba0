//! Downloads an object in parts, with plain threads and a blocking client, and goes on where it was
//! killed:
//!
//! ```text
//! cargo run -p cos-transfer --example threads -- http://127.0.0.1:9000 BUCKET KEY FILE
//! ```
//!
//! There is no runtime in here. The main thread owns the machine and does what it says; every
//! request has a thread, which fetches its body under the guard that the machine gave it, writes the
//! bytes where they belong, and tells what it has done. The client is `ureq`, which sends a target
//! as it is. No signature, and no lock against a second process.

use std::collections::HashMap;
use std::collections::hash_map::RandomState;
use std::error::Error;
use std::fs::{self, File, OpenOptions};
use std::hash::{BuildHasher as _, Hasher as _};
use std::io::{self, Read, Seek as _, SeekFrom, Write};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use cos_proto::{
    Addressing, Bucket, Crc64, Endpoint, Extent, Failure, GetObject, Key, RangeGuard, ServiceError,
};
use cos_transfer::engine::journal::{self, Checkpoint};
use cos_transfer::engine::{ClaimId, Download, Options, Outcome, Output, Request, TaskId};
use http::response::Parts;
use ureq::Agent;

pub(crate) type BoxError = Box<dyn Error + Send + Sync>;

fn main() -> Result<(), BoxError> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [url, bucket, key, file] = arguments.as_slice() else {
        return Err("usage: threads URL BUCKET KEY FILE".into());
    };
    let endpoint = Endpoint::service_url(url, Addressing::Auto)?;
    let get = GetObject::new(Bucket::new(bucket)?, Key::new(key)?);
    let outcome = download(endpoint, get, Options::new(), Path::new(file))?;
    let Outcome {
        fetched, resumed, ..
    } = outcome;
    writeln!(
        io::stderr(),
        "{fetched} bytes fetched, {resumed} were there"
    )?;
    Ok(())
}

/// What a thread has to say to the main thread.
enum Event {
    /// A 2xx head has come. The answer is the guard for its body, if that is wanted.
    Head(TaskId, Box<Parts>, Sender<Option<Reins>>),
    Written(TaskId, Extent),
    Ended(TaskId),
    Failed(TaskId, Failure),
    /// A claim was read back, and is true or not.
    Read(ClaimId, bool),
    /// The disk has failed: there is no use in going on.
    Local(io::Error),
}

/// What a thread and the main thread both have hold of: how far a body may go. Under one lock, so
/// that a range that is split is fetched by one of the two alone.
type Reins = Arc<Mutex<Body>>;

struct Body {
    guard: RangeGuard,
    end: u64,
}

impl Body {
    fn left(&self) -> u64 {
        self.end.saturating_sub(self.guard.so_far().end())
    }
}

/// Downloads an object into `path`, by way of `path` with `.part` and `.journal`.
pub(crate) fn download(
    endpoint: Endpoint,
    get: GetObject,
    options: Options,
    path: &Path,
) -> Result<Outcome, BoxError> {
    let (part, journal) = (beside(path, "part"), beside(path, "journal"));
    let checkpoint = read_journal(&journal)
        .ok()
        .filter(|_| part.exists())
        .and_then(|bytes| Checkpoint::read(&bytes, &get).ok());
    let seed = RandomState::new().build_hasher().finish();
    let machine = match &checkpoint {
        Some(checkpoint) => Download::resume(get, options, seed, checkpoint),
        None => Download::new(get, options, seed),
    };
    let file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(checkpoint.is_none())
        .open(&part)?;
    let (events, inbox) = channel();
    let driver = Driver {
        started: Instant::now(),
        epoch: SystemTime::UNIX_EPOCH.elapsed()?,
        agent: agent(),
        endpoint,
        file: Arc::new(Disk {
            file: Mutex::new(file),
            start: Mutex::new(checkpoint.map_or(0, |checkpoint| checkpoint.range().start)),
        }),
        log: None,
        journal,
        events,
        reins: HashMap::new(),
    };
    let journal = driver.journal.clone();
    let disk = Arc::clone(&driver.file);
    let outcome = driver.run(machine, &inbox)?;
    // Durable before it has its name.
    disk.lock().sync_all()?;
    fs::rename(&part, path)?;
    if let Err(error) = fs::remove_file(&journal)
        && error.kind() != io::ErrorKind::NotFound
    {
        return Err(error.into());
    }
    Ok(outcome)
}

/// Everything around the machine.
struct Driver {
    started: Instant,
    epoch: Duration,
    agent: Agent,
    endpoint: Endpoint,
    file: Arc<Disk>,
    /// The journal, where it is open for appending.
    log: Option<File>,
    journal: PathBuf,
    events: Sender<Event>,
    reins: HashMap<TaskId, Reins>,
}

impl Driver {
    fn run(mut self, mut machine: Download, inbox: &Receiver<Event>) -> Result<Outcome, BoxError> {
        let mut local = None;
        loop {
            let now = self.now();
            match machine.poll_output(now) {
                Output::Request(request) => self.send(*request),
                Output::Shorten { task, end } => {
                    if let Some(reins) = self.reins.get(&task) {
                        let mut body = lock(reins);
                        body.end = end.max(body.guard.so_far().end()).min(body.end);
                        machine.handle_shortened(task, body.end, now);
                    }
                }
                Output::Stop { task } => {
                    // A thread that still waits for its head is told when that comes.
                    if let Some(reins) = self.reins.get(&task) {
                        let mut body = lock(reins);
                        body.end = body.guard.so_far().end();
                    }
                }
                Output::Begin { range } => self.file.begin(&range)?,
                Output::Rewrite(bytes) => {
                    let new = beside(&self.journal, "new");
                    fs::write(&new, bytes)?;
                    fs::rename(&new, &self.journal)?;
                    self.log = Some(OpenOptions::new().append(true).open(&self.journal)?);
                }
                Output::Record(record) => {
                    if let Some(log) = &mut self.log {
                        log.write_all(record.as_bytes())?;
                    }
                }
                Output::Discard => {
                    self.log = None;
                    fs::write(&self.journal, [])?;
                    self.file.lock().set_len(0)?;
                }
                Output::Verify { claim, extent } => self.verify(claim, extent),
                Output::WaitUntil(until) => {
                    let time = until.map_or(Duration::MAX, |until| until.saturating_sub(now));
                    match inbox.recv_timeout(time.min(Duration::from_secs(3600))) {
                        Ok(Event::Local(error)) => {
                            local = Some(error);
                            machine.cancel();
                        }
                        Ok(event) => self.tell(&mut machine, event),
                        Err(RecvTimeoutError::Timeout) => {}
                        Err(RecvTimeoutError::Disconnected) => {
                            return Err("no thread is left".into());
                        }
                    }
                }
                Output::Done(outcome) => return Ok(outcome),
                Output::Failed(error) => {
                    return Err(local.map_or_else(|| error.into(), BoxError::from));
                }
                _ => {}
            }
        }
    }

    fn tell(&mut self, machine: &mut Download, event: Event) {
        let now = self.now();
        match event {
            Event::Head(task, head, reply) => {
                let reins = machine.handle_head(task, &head, now).map(|guard| {
                    let end = guard.range().end;
                    Arc::new(Mutex::new(Body { guard, end }))
                });
                if let Some(reins) = &reins {
                    self.reins.insert(task, Arc::clone(reins));
                }
                // A thread that is gone has said why.
                let _ = reply.send(reins);
            }
            Event::Written(task, so_far) => machine.handle_written(task, so_far, now),
            Event::Ended(task) => {
                self.reins.remove(&task);
                machine.handle_end(task, now);
            }
            Event::Failed(task, failure) => {
                self.reins.remove(&task);
                machine.handle_failure(task, failure, now);
            }
            Event::Read(claim, true) => machine.handle_verified(claim, now),
            Event::Read(claim, false) => machine.handle_refuted(claim, now),
            Event::Local(_) => machine.cancel(),
        }
    }

    fn send(&self, request: Request) {
        let (agent, endpoint) = (self.agent.clone(), self.endpoint.clone());
        let (file, events) = (Arc::clone(&self.file), self.events.clone());
        thread::spawn(move || {
            let task = request.task;
            let event = match fetch(&agent, &endpoint, &file, &events, &request) {
                Ok(()) => Event::Ended(task),
                Err(Fault::Remote(failure)) => Event::Failed(task, failure),
                Err(Fault::Local(error)) => {
                    let _ = events.send(Event::Local(error));
                    Event::Ended(task)
                }
            };
            // If nobody listens any more, the download is over.
            let _ = events.send(event);
        });
    }

    fn verify(&self, claim: ClaimId, extent: Extent) {
        let (file, events) = (Arc::clone(&self.file), self.events.clone());
        thread::spawn(move || {
            let is_true = file
                .crc64(&extent)
                .is_ok_and(|crc64| crc64 == extent.crc64());
            let _ = events.send(Event::Read(claim, is_true));
        });
    }

    /// Since the Unix epoch, and never backwards.
    fn now(&self) -> Duration {
        self.epoch.saturating_add(self.started.elapsed())
    }
}

enum Fault {
    Remote(Failure),
    Local(io::Error),
}

/// One request and its body.
fn fetch(
    agent: &Agent,
    endpoint: &Endpoint,
    file: &Disk,
    events: &Sender<Event>,
    request: &Request,
) -> Result<(), Fault> {
    let network = |_| Fault::Remote(Failure::Transport);
    let http = request.get.to_request(endpoint);
    let http = http.map_err(|error| Fault::Remote(Failure::from(&error)))?;
    let answer = agent
        .run(http)
        .map_err(|_| Fault::Remote(Failure::Transport))?;
    let (head, body) = answer.into_parts();
    let mut body = body.into_reader();
    if !head.status.is_success() {
        let mut bytes = Vec::new();
        let read = body.take(MAX_ERROR).read_to_end(&mut bytes);
        read.map_err(network)?;
        let error = ServiceError::read(&head, &bytes);
        return Err(Fault::Remote(Failure::of(&error)));
    }
    let (reply, answer) = channel();
    let asked = events.send(Event::Head(request.task, Box::new(head), reply));
    let Some(reins) = asked.ok().and_then(|()| answer.recv().ok()).flatten() else {
        return Ok(());
    };
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let left = lock(&reins).left();
        if left == 0 {
            return Ok(());
        }
        let len = body
            .by_ref()
            .take(left)
            .read(&mut buffer)
            .map_err(network)?;
        if len == 0 {
            return Err(Fault::Remote(Failure::CutShort));
        }
        let chunk = buffer.get(..len).unwrap_or_default();
        let (offset, chunk, so_far) = {
            let mut body = lock(&reins);
            // It may have been shortened while we read.
            let left = usize::try_from(body.left()).unwrap_or(usize::MAX);
            let chunk = chunk.get(..left).unwrap_or(chunk);
            let accepted = body.guard.accept(chunk);
            let offset = accepted.map_err(|error| Fault::Remote(Failure::from(&error)))?;
            (offset, chunk, body.guard.so_far())
        };
        file.write(offset, chunk).map_err(Fault::Local)?;
        let _ = events.send(Event::Written(request.task, so_far));
    }
}

/// The part file: the bytes of the object from `start` on.
struct Disk {
    file: Mutex<File>,
    start: Mutex<u64>,
}

impl Disk {
    fn begin(&self, range: &Range<u64>) -> io::Result<()> {
        *lock(&self.start) = range.start;
        self.lock().set_len(range.end.saturating_sub(range.start))
    }

    fn write(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        let start = *lock(&self.start);
        let mut file = self.lock();
        file.seek(SeekFrom::Start(offset.saturating_sub(start)))?;
        file.write_all(bytes)
    }

    fn crc64(&self, extent: &Extent) -> io::Result<u64> {
        let start = *lock(&self.start);
        let mut crc = Crc64::new();
        let mut buffer = vec![0; 64 * 1024];
        let mut at = extent.offset();
        while at < extent.end() {
            let left = extent.end().saturating_sub(at);
            let mut file = self.lock();
            file.seek(SeekFrom::Start(at.saturating_sub(start)))?;
            let len = (&*file).take(left).read(&mut buffer)?;
            drop(file);
            if len == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            crc.update(buffer.get(..len).unwrap_or_default());
            at = at.saturating_add(u64::try_from(len).unwrap_or(u64::MAX));
        }
        Ok(crc.value())
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, File> {
        lock(&self.file)
    }
}

fn read_journal(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let most = u64::try_from(journal::MAX_LEN).unwrap_or(u64::MAX);
    File::open(path)?.take(most).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(suffix);
    name.into()
}

fn lock<T: ?Sized>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn agent() -> Agent {
    Agent::config_builder()
        // Answers that are no success are read by `ServiceError`, and redirects are not followed.
        .http_status_as_error(false)
        .max_redirects(0)
        .proxy(None)
        .timeout_connect(Some(Duration::from_secs(10)))
        .timeout_per_read(Some(Duration::from_secs(30)))
        .build()
        .into()
}

/// How much of an error's body is read.
const MAX_ERROR: u64 = 64 * 1024;
