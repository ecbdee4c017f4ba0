//! Benchmarks of the cos crates: what they share.
//!
//! [`nginx`] is the server that throughput is measured against, [`relay`] puts it at a distance,
//! [`floor`] is the least that a client can do over plain sockets, [`measure`] runs a program and
//! counts what it used, [`work`] is what is measured without any of them.
#![expect(
    clippy::exhaustive_structs,
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a benchmark stops at the first surprise, and nobody depends on this crate"
)]

pub mod floor;
pub mod measure;
pub mod nginx;
pub mod relay;
pub mod work;
