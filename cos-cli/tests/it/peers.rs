//! Servers and clients that none of us wrote.
//!
//! Where one is not installed its tests say so loudly, and fail if `COS_REQUIRE_PEERS=1` says that
//! it has to be there.

mod guide;
mod moto;
mod nginx;
mod shells;
mod vendor_sdk;

use std::env;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Keys that clients and servers like to change on their way.
const ODD_KEYS: [&str; 5] = [
    "数据/文件 (1)~'*!.bin",
    "a+b c&d=e%20f#g?h.txt",
    "a//b",
    "x/./y",
    "plain.txt",
];

/// The Python interpreter that has `module`, or a loud word that it is missing.
fn python_with(module: &str) -> Option<PathBuf> {
    let named = env::var_os("COS_PEERS_PYTHON").map(PathBuf::from);
    let ours = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/peers/bin/python3");
    let python = named.unwrap_or_else(ours);
    let has_it = Command::new(&python)
        .args(["-c", &format!("import {module}")])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success());
    if has_it {
        Some(python)
    } else {
        missing(&format!("{} with the module {module}", python.display()))
    }
}

/// A program of the system, or a loud word that it is missing.
fn program(paths: &[&str]) -> Option<PathBuf> {
    let found = paths.iter().map(Path::new).find(|path| path.exists());
    found
        .map(Path::to_owned)
        .or_else(|| missing(&paths.join(" or ")))
}

/// Says that a peer is missing; past the test harness, which keeps the output of tests that pass to
/// itself.
fn missing<T>(what: &str) -> Option<T> {
    let required = env::var_os("COS_REQUIRE_PEERS").is_some_and(|value| value == "1");
    assert!(!required, "COS_REQUIRE_PEERS=1, and there is no {what}");
    let test = std::thread::current()
        .name()
        .unwrap_or("a peer test")
        .to_owned();
    // On a line of its own, whatever the harness has just written.
    let line = format!("\nSKIPPED: {test}: there is no {what}\n");
    std::io::stderr().write_all(line.as_bytes()).unwrap();
    None
}
