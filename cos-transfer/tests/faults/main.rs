//! Every row of the fault catalogue that concerns a download: in parts, through cos-transport's
//! client, against the emulator that commits the fault.
//!
//! Each test asserts that its faults have happened, how many requests were sent, and what is in the
//! folder afterwards. `README.md` beside this file maps the rows to their tests, here and elsewhere;
//! the test in `table.rs` keeps it true. What the command makes of these failures, and its exit
//! codes, is `cos-cli/tests/it/parts.rs`.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod answers;
mod changes;
mod chaos;
mod credentials;
mod files;
mod pace;
mod rig;
mod sizes;
mod table;
mod transport;
