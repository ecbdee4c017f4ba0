//! Fuzz targets of the cos crates: one function a target, and a thin binary around it in
//! `fuzz_targets/`.
//!
//! `README.md` beside this crate says how to run them, what to do with a finding, and how to add
//! one. The seeds of every target are replayed by the ordinary tests.
//!
//! A target panics when a promise is broken: what is accepted must survive being written and read
//! again, or must be what another way of computing it says; and nothing may panic by itself.

use std::{env, fs, process::ExitCode};

use cos_proto::Bucket;

mod answers;
mod listings;
mod signatures;
mod targets;

pub use answers::{answer_head, content_range, service_error};
pub use listings::{bucket_listing, object_listing, version_listing};
pub use signatures::{sign_verify, verify};
pub use targets::{request_target, url_decoding};

/// What a target is given bytes through. `None` where the bytes were refused before a promise could
/// be looked at.
pub type Target = fn(&[u8]) -> Option<()>;

/// Every target, by its name: that of its binary, of its folder in `seeds/` and of its dictionary
/// in `dict/`.
pub const TARGETS: &[(&str, Target)] = &[
    ("answer_head", answer_head),
    ("bucket_listing", bucket_listing),
    ("content_range", content_range),
    ("object_listing", object_listing),
    ("request_target", request_target),
    ("service_error", service_error),
    ("sign_verify", sign_verify),
    ("url_decoding", url_decoding),
    ("verify", verify),
    ("version_listing", version_listing),
];

/// Runs a target over the files that the arguments name: for a finding, without the fuzzer.
pub fn replay(target: Target) -> ExitCode {
    for path in env::args_os().skip(1) {
        match fs::read(&path) {
            Ok(data) => {
                target(&data);
            }
            Err(error) => {
                eprintln!("error: {}: {error}", path.display());
                return ExitCode::FAILURE;
            }
        }
    }
    ExitCode::SUCCESS
}

/// The bucket that all requests are for.
fn bucket() -> Bucket {
    Bucket::new("examplebucket-1250000000").expect("a bucket's name")
}
