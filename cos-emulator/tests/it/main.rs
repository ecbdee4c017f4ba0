//! The emulator, seen from a socket.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test stops at the first surprise"
)]

mod access;
mod client;
mod faults;
mod listings;
mod objects;
mod server;
#[cfg(feature = "tls")]
mod tls;
