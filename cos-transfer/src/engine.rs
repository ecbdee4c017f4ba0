//! The download machine, without IO: a deterministic implementation of the checkpointed parallel
//! download of one object. It opens no file and no connection, spawns nothing, sleeps never, and
//! asks nobody for the time.
//!
//! [`Download`] is told what has happened (heads, bytes that were written, ends, failures, the
//! time) and answers what to do next (send this request, record this extent, verify that claim, wait
//! until then, done). The bytes never pass through it: a [`RangeGuard`](cos_proto::RangeGuard) goes
//! with each body, and its word is all that the machine wants of it. So it runs over any client, any
//! file and any runtime, or none:
//!
//! ```
//! # use cos_proto::{Bucket, ByteRange, GetObject, Key, crc64};
//! # use std::time::{Duration, Instant};
//! use cos_transfer::engine::journal::Checkpoint;
//! use cos_transfer::engine::{Download, Options, Output};
//!
//! # let object: Vec<u8> = (0..100_u8).collect();
//! # let crc = crc64::checksum(&object);
//! # let send = |get: &GetObject| {
//! #     let range = get.range.unwrap().resolve(100).unwrap();
//! #     let (head, ()) = http::Response::builder()
//! #         .status(206)
//! #         .header("content-range", format!("bytes {}-{}/100", range.start, range.end - 1))
//! #         .header("etag", "\"e\"")
//! #         .header("x-cos-hash-crc64ecma", crc)
//! #         .body(())
//! #         .unwrap()
//! #         .into_parts();
//! #     (head, object[range.start as usize..range.end as usize].to_vec())
//! # };
//! # let (seed, started) = (0, Instant::now());
//! # let now = || started.elapsed();
//! # let (mut file, mut journal) = (vec![0; 100], Vec::new());
//! let get = GetObject::new(Bucket::new("examplebucket-1250000000")?, Key::new("a.bin")?);
//! let options = Options::new().part_size(30);
//! let mut download = match Checkpoint::read(&journal, &get) {
//!     Ok(checkpoint) => Download::resume(get, options, seed, &checkpoint),
//!     Err(_) => Download::new(get, options, seed), // no journal, or that of another object
//! };
//! let outcome = loop {
//!     match download.poll_output(now()) {
//!         Output::Request(request) => {
//!             let (head, body) = send(&request.get); // what fails goes to `handle_failure`
//!             if let Some(mut guard) = download.handle_head(request.task, &head, now()) {
//!                 for chunk in body.chunks(16) {
//!                     let at = guard.accept(chunk)? as usize;
//!                     file[at..at + chunk.len()].copy_from_slice(chunk);
//!                     download.handle_written(request.task, guard.so_far(), now());
//!                 }
//!                 download.handle_end(request.task, now());
//!             }
//!         }
//!         Output::Rewrite(bytes) => journal = bytes,
//!         Output::Record(record) => journal.extend_from_slice(record.as_bytes()),
//!         Output::Discard => journal.clear(),
//!         Output::Verify { claim, extent } => {
//!             let bytes = &file[extent.offset() as usize..extent.end() as usize];
//!             if crc64::checksum(bytes) == extent.crc64() {
//!                 download.handle_verified(claim, now());
//!             } else {
//!                 download.handle_refuted(claim, now());
//!             }
//!         }
//!         Output::WaitUntil(_) => { /* sleep until then, or until something happens */ }
//!         Output::Done(outcome) => break outcome, // now sync, rename, sync the directory
//!         Output::Failed(error) => return Err(error.into()),
//!         _ => { /* reserve space at `Begin`; nothing is in flight here to shorten or to stop */ }
//!     }
//! };
//! assert_eq!(file, object);
//! assert_eq!((outcome.range, outcome.requests), (0..100, 4));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! This driver does one thing after the other. One with threads or tasks owns the machine in one
//! place, sends every [`Output::Request`] on its way, goes on polling, and tells the machine what
//! comes back: `examples/threads.rs` does it with plain threads.
//!
//! # The states of a download
//!
//! ```text
//!  new ──> Opening ─────────────> Fetching ──────────────> Done
//!            ^ │  the first answer    │  all bytes are there,
//!            │ │  tells what it is    │  and their CRC64 is the object's
//!            │ │                      │
//!            │ └───────> Draining <───┘  the object has changed, a failure is final, cancelled:
//!            │             │    │        every task is told to stop
//!            └─────────────┘    └───────────────────────> Failed
//!          the object has changed,
//!          once; all is forgotten
//! ```
//!
//! **Opening.** There is no HEAD. The first request is for the first part, `bytes=0-(part size -
//! 1)`, and carries the conditions that it was asked to; its answer tells length, entity tag and
//! CRC64. An empty object refuses every range (416, `bytes */0`) and is asked for once more without
//! one. An object without a strong entity tag is asked for by one request alone. With a checkpoint
//! the first request is for a part that is missing, bound to the checkpoint's entity tag.
//!
//! **Fetching.** Up to [`Options::connections`] ranges are in flight. Every request carries
//! `If-Match` with the first entity tag, and no other condition; every answer is held against the
//! first one's entity tag, length, CRC64 and version id before a byte of it is let through. A range
//! that fails goes on from the byte that it has reached, after a delay, as often as its
//! [`RetryBudget`](cos_proto::RetryBudget) allows; where the service asks to slow down, all of them
//! wait. Meanwhile a checkpoint's claims are read back; those that are not true are fetched.
//!
//! **The end of it.** Where fewer ranges are left than connections, the one that would take longest
//! is split ([`Output::Shorten`]), in such proportion that both end together. A connection that is
//! slower than a quarter of the median of at least three for three seconds is stopped
//! ([`Output::Stop`]), and the rest of its range asked for on another; so is one that brings less
//! than a kibibyte a second for half a minute. Neither is done under a limit, and the former not in
//! order, where a connection may have to wait for its reader.
//!
//! **Draining.** Bytes of two states of an object are never mixed: before anything starts anew, all
//! tasks have ended, and what was written is discarded. In order ([`Mode::Ordered`]), once a byte is
//! out, a change is the end.
//!
//! # What is remembered
//!
//! Extents, not parts: whatever has come, whenever [`Options::record_every`] says so, with its
//! CRC64. The CRC64 of the object is combined from theirs, so that no byte is read twice but those
//! that a checkpoint claims. See [`journal`] for what is written down.
//!
//! Memory is bounded, whatever the size of the object: the plan is a list of gaps, of which there
//! are as many as connections and claims; neighbouring extents are merged, the more coarsely the
//! more there are, at most about 16,000 of 32 bytes.

// What is in here has to run where there is neither an operating system nor a clock, and lengths are
// those that a server claims.
#![cfg_attr(
    not(test),
    warn(
        clippy::std_instead_of_core,
        clippy::std_instead_of_alloc,
        clippy::alloc_instead_of_core,
        clippy::arithmetic_side_effects
    )
)]

mod claims;
mod download;
mod error;
mod extents;
mod identity;
pub mod journal;
mod log;
mod meter;
mod opening;
mod options;
mod output;
mod pace;
mod plan;
mod random;
mod task;

pub use download::Download;
pub use error::{Change, Error};
pub use options::{Mode, Options};
pub use output::{ClaimId, Outcome, Output, Request, TaskId};
