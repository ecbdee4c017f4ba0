//! Tests of the public API, against answers that others computed.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test stops at the first surprise"
)]

mod nasty;
mod properties;
mod published;
mod python_sdk;
mod refusals;
mod secrets;
mod sign;
mod support;
