//! Fetches an object over a blocking client, and goes on where a body was cut off:
//!
//! ```text
//! cargo run -p cos-proto --example blocking -- http://127.0.0.1:9000 BUCKET KEY > FILE
//! ```
//!
//! The client is `ureq`, which sends a target as it is. No signature; for https, enable TLS in
//! `ureq`.

use std::collections::hash_map::RandomState;
use std::error::Error;
use std::fmt;
use std::hash::{BuildHasher, Hasher};
use std::io::{self, Read, Write};
use std::thread;
use std::time::{Duration, SystemTime};

use cos_proto::{
    Addressing, Backoff, Bucket, ByteRange, ETag, Endpoint, Extent, Failure, GetObject, Key,
    RetryBudget, ServiceError,
};
use ureq::Agent;

type BoxError = Box<dyn Error + Send + Sync>;

fn main() -> Result<(), BoxError> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [url, bucket, key] = arguments.as_slice() else {
        return Err("usage: blocking URL BUCKET KEY".into());
    };
    let endpoint = Endpoint::service_url(url, Addressing::Auto)?;
    let object = GetObject::new(Bucket::new(bucket)?, Key::new(key)?);
    Download::new(endpoint, object, Backoff::new()).run(&mut io::stdout().lock())?;
    Ok(())
}

/// A download of a whole object, in order.
#[derive(Debug)]
pub(crate) struct Download {
    agent: Agent,
    endpoint: Endpoint,
    object: GetObject,
    backoff: Backoff,
    budget: RetryBudget,
    /// What is known of the object since its first answer.
    pinned: Option<Pinned>,
    /// What has come so far.
    done: Extent,
}

#[derive(Debug)]
struct Pinned {
    etag: Option<ETag>,
    size: u64,
    crc64: Option<u64>,
}

impl Download {
    /// A download that has not begun.
    pub(crate) fn new(endpoint: Endpoint, object: GetObject, backoff: Backoff) -> Self {
        let agent = Agent::config_builder()
            // Answers that are no success are read by `ServiceError`, and redirects are not
            // followed.
            .http_status_as_error(false)
            .max_redirects(0)
            .proxy(None)
            .timeout_connect(Some(Duration::from_secs(10)))
            .timeout_per_read(Some(Duration::from_secs(30)))
            .build()
            .into();
        let done = Extent::default();
        Self {
            agent,
            endpoint,
            object,
            backoff,
            budget: RetryBudget::default(),
            pinned: None,
            done,
        }
    }

    /// Writes the object to `out` and gives its CRC64, tried again as often as the budget has it.
    pub(crate) fn run(mut self, out: &mut impl Write) -> Result<Extent, BoxError> {
        loop {
            let Err(error) = self.attempt(out) else { break };
            let failure = match Failure::find(&*error) {
                None if error.is::<Network>() => Failure::Transport,
                None => return Err(error),
                Some(failure) => failure,
            };
            let attempt = if failure.is_retryable() {
                self.budget.draw()
            } else {
                None
            };
            let Some(attempt) = attempt else {
                return Err(error);
            };
            let now = SystemTime::UNIX_EPOCH.elapsed()?;
            thread::sleep(
                self.backoff
                    .delay_after(attempt, random(), failure.retry_after(), now),
            );
        }
        match self.pinned.and_then(|pinned| pinned.crc64) {
            Some(crc64) if crc64 != self.done.crc64() => Err(Failure::Corrupt.into()),
            _ => Ok(self.done),
        }
    }

    /// One request, for what is still missing.
    fn attempt(&mut self, out: &mut impl Write) -> Result<(), BoxError> {
        let mut object = self.object.clone();
        if let Some(pinned) = &self.pinned {
            if self.done.len() == pinned.size {
                return Ok(());
            }
            // Without a tag nothing says that the rest is of the same object.
            let etag = pinned
                .etag
                .clone()
                .ok_or("the body was cut off, and the object has no entity tag")?;
            object = object
                .range(ByteRange::starting_at(self.done.end()))
                .if_match(etag);
        }
        let request = object.to_request(&self.endpoint)?;
        let (head, body) = self.agent.run(request).map_err(Network::of)?.into_parts();
        let mut body = body.into_reader();
        if !head.status.is_success() {
            let mut bytes = Vec::new();
            body.take(MAX_ERROR)
                .read_to_end(&mut bytes)
                .map_err(Network::of)?;
            return Err(ServiceError::read(&head, &bytes).into());
        }
        let (answer, mut guard) = object.judge(&head)?;
        let (etag, size, crc64) = (answer.etag().cloned(), answer.size(), answer.crc64());
        self.pinned.get_or_insert(Pinned { etag, size, crc64 });

        let before = self.done;
        let mut buffer = vec![0; 64 * 1024];
        loop {
            let len = body.read(&mut buffer).map_err(Network::of)?;
            let Some(chunk) = buffer.get(..len).filter(|chunk| !chunk.is_empty()) else {
                break;
            };
            guard.accept(chunk)?;
            out.write_all(chunk)?;
            self.budget.progress(chunk.len().try_into()?);
            self.done = before
                .followed_by(&guard.so_far())
                .ok_or(Failure::InvalidResponse)?;
        }
        guard.finish()?;
        Ok(())
    }
}

/// What the client says went wrong, in which a further attempt may do better. What `out` says is no
/// such thing.
#[derive(Debug)]
struct Network(BoxError);

impl Network {
    fn of(error: impl Into<BoxError>) -> Self {
        Self(error.into())
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the network failed")
    }
}

impl Error for Network {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&*self.0)
    }
}

/// A number that std draws anew for every hash map.
fn random() -> u64 {
    RandomState::new().build_hasher().finish()
}

/// How much of an error's body is read.
const MAX_ERROR: u64 = 64 * 1024;
