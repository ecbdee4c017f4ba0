//! The checkpoint's journal: what it says, byte by byte, and what can be saved of a damaged one.
//!
//! ```text
//! header │ header │ record │ record │ record …          appended to, never changed in place
//!
//! header: "COSCKPT" version:u8 len:u32 body[len] check:u64
//! body:   bucket, key, version id or nothing, entity tag (each len:u16 and so many bytes)
//!         size:u64  has crc64:u8 crc64:u64  start:u64 end:u64 of the wanted range
//! record: offset:u64 len:u64 crc64:u64 check:u64        32 bytes
//! ```
//!
//! Numbers are little-endian. A check is the CRC64 of all before it in the header or record; that
//! of a record begins with the header's check, so that a record counts in its own journal only.
//!
//! The journal names the object and nothing else: no endpoint, no part size, no credential. The
//! header is there twice, so that no single defect costs more than one record.
//!
//! **A record is a claim, not a fact.** It may have reached the disk when its bytes have not, and
//! the bytes may have been changed since. So nothing in here is synced, and
//! [`Download::resume`](super::Download::resume) has every claim read back before it is believed.
//!
//! [`Checkpoint::read`] takes any bytes at all. Every record that is whole is found, wherever it
//! stands: after a torn one, after zeros, after garbage. Where two speak of the same bytes, the
//! later one counts.

mod bytes;
mod checkpoint;
mod header;
mod record;

pub use checkpoint::{Checkpoint, NotOurs};
pub(super) use header::Header;
pub use record::Record;

use super::extents::Extents;

/// No journal that this crate writes is longer, in bytes; of a longer one, read so many.
///
/// It is rewritten before it has so many records, so what lies beyond is none of ours.
pub const MAX_LEN: usize = 4 * 1024 * 1024;

/// How many records a journal has before it is rewritten, if that makes it shorter.
pub(super) const MAX_RECORDS: usize = 2 * Extents::MAX;
