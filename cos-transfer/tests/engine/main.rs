//! The download machine: held against a model of a driver, a disk and a service under thousands of
//! schedules, and behaviour by behaviour.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    reason = "a test stops at the first surprise, and its objects are small"
)]

mod change;
mod journal;
mod model;
mod opening;
mod pace;
mod resume;
mod retry;
mod schedule;
mod script;
mod simulation;
mod speed;
mod threads;
mod world;
