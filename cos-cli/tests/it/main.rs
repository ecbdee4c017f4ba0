//! The real binary: against the local endpoint with its scripted faults, and against servers that are not ours.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]

mod canaries;
mod cat;
mod common;
mod config;
mod cp;
mod damaged;
mod demo;
mod disk;
mod help;
mod json;
mod ls;
mod network;
mod peers;
mod pipes;
mod presign;
mod refused;
mod serve;
mod stat;
mod usage;
