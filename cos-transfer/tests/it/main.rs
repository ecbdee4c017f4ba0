//! Downloads through a service that is a function, and through the client against the emulator.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]

mod copy;
mod destination;
mod emulator;
mod fake;
mod integrity;
#[cfg(unix)]
mod nginx;
mod refusals;
mod support;
mod transfer;
