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
mod config;
mod engine;
mod input;
mod listings;
mod pagers;
mod places;
mod signatures;
mod targets;

// What the crates' own tests have against the same promises, and what is private to a crate and
// takes bytes from outside.
#[path = "../../cos-emulator/src/address.rs"]
#[expect(dead_code, reason = "a target reads the path alone")]
mod address;
#[path = "../../cos-emulator/src/encoding.rs"]
#[cfg_attr(not(test), expect(dead_code, reason = "a target decodes only"))]
mod encoding;
#[path = "../../cos-cli/src/escape.rs"]
mod escape;
#[path = "../../cos-cli/src/location.rs"]
mod location;
#[path = "../../cos-transfer/tests/engine/schedule.rs"]
mod schedule;
#[path = "../../cos-proto/tests/pager/server.rs"]
#[expect(dead_code, reason = "a target lists objects, and asks for no versions")]
mod server;
#[path = "../../cos-transfer/tests/engine/simulation.rs"]
#[expect(dead_code, reason = "nobody counts what a run has met")]
mod simulation;
#[path = "../../cos-transfer/tests/engine/world.rs"]
mod world;

pub use answers::{answer_head, content_range, service_error};
pub use config::config;
pub use engine::{engine, journal};
pub use listings::{bucket_listing, object_listing, version_listing};
pub use pagers::pager;
pub use places::{cos_url, key_path};
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
    ("config", config),
    ("content_range", content_range),
    ("cos_url", cos_url),
    ("engine", engine),
    ("journal", journal),
    ("key_path", key_path),
    ("object_listing", object_listing),
    ("pager", pager),
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
