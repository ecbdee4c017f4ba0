//! Downloads of whole directories, through cos-transport's client against the emulator: the faults
//! K1 to K23, each by a test that is called after it, and what a run promises.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test stops at the first surprise"
)]

mod changes;
mod keys;
mod links;
mod listing;
mod local;
mod paced;
mod resume;
mod runs;
mod shards;
mod support;
mod sync;
mod vendor_sdk;
