//! The real binary: against the local endpoint with its scripted faults, and against servers that
//! are not ours.
// Signals, file modes and /dev are what several of these are about.
#![cfg(unix)]
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]

#[cfg(feature = "serve")]
mod canaries;
mod cat;
mod common;
mod config;
mod cp;
mod damaged;
#[cfg(feature = "serve")]
mod demo;
mod disk;
#[cfg(feature = "serve")]
mod documents;
mod du;
#[cfg(feature = "serve")]
mod help;
mod interrupt;
mod json;
mod limits;
mod ls;
mod network;
mod parts;
#[cfg(feature = "serve")]
mod peers;
mod pipes;
mod presign;
mod progress;
mod proxy;
mod refused;
#[cfg(feature = "serve")]
mod serve;
mod sources;
mod stat;
mod sync;
mod tree;
mod two_processes;
mod usage;
