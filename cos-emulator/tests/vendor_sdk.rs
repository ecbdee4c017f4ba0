//! The emulator, held against the vendor's Python SDK as a client.
//!
//! The emulator and our own client share cos-sign: an error there would be seen by neither. Here
//! the other side is `cos-python-sdk-v5` from PyPI, unchanged.
//!
//! The interpreter that has it is named by `COS_PEERS_PYTHON`, or stands at
//! `target/peers/bin/python3` of the workspace. Where there is none, each test says so and passes,
//! unless `COS_REQUIRE_PEERS=1`.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::{
    io::Write,
    path::{Path, PathBuf},
    process::Command,
};

use cos_emulator::{
    Builder, Credentials, Emulator, Fault, MemoryBucket, Object, When, folder_path,
};

const BUCKET: &str = "examplebucket-1250000000";
const SECRET_ID: &str = "AKIDexample";
const SECRET_KEY: &str = "secret-key";

/// Five parts of one MiB, the last one short.
const LARGE: usize = (4 << 20) + 4711;

/// Each is the content of its object too. The Python script has the same list.
const AWKWARD_KEYS: [&str; 4] = [
    "数据/文件 (1)~'*!.bin",
    "a+b c&d=e%20f#g?h.txt",
    "a//b",
    "x/./y",
];

#[test]
fn the_sdk_lists_objects_versions_and_buckets() {
    with_each_store(None, |emulator| {
        run(emulator, "listing", None);
    });
}

#[test]
fn the_sdk_gets_awkward_keys() {
    with_each_store(None, |emulator| {
        run(emulator, "awkward_keys", None);
    });
}

#[test]
fn the_sdk_asks_for_ranges_conditions_and_overrides() {
    with_each_store(None, |emulator| {
        run(emulator, "parameters", None);
    });
}

#[test]
fn the_sdk_resumes_a_download_and_verifies_its_crc64() {
    with_each_store(None, |emulator| {
        let second_part = When::get().key("large.bin").range_from(1 << 20);
        emulator
            .faults()
            .script(second_part, Fault::new().close_after(1000));
        if !run(emulator, "resumable", None) {
            emulator.faults().clear();
            return;
        }
        // Five parts, one of them twice.
        let log = emulator.log();
        let parts = log
            .iter()
            .filter(|request| request.header("range").is_some());
        assert_eq!(parts.count(), 6);
    });
}

#[test]
fn the_sdk_presigns_urls() {
    with_each_store(None, |emulator| {
        run(emulator, "presigned", None);
    });
}

#[test]
fn the_sdk_uses_temporary_credentials() {
    for command in ["awkward_keys", "presigned"] {
        with_each_store(Some("temporary-token"), |emulator| {
            run(emulator, command, Some("temporary-token"));
        });
    }
}

#[test]
fn the_sdk_is_refused_with_a_wrong_key() {
    with_each_store(None, |emulator| {
        run(emulator, "wrong_key", None);
    });
}

/// Calls the test with an emulator over memory, and with one over a folder.
fn with_each_store(token: Option<&str>, test: impl Fn(&Emulator)) {
    let large: Vec<u8> = (0..u32::try_from(LARGE).unwrap())
        .map(|index| index.wrapping_mul(0x9e37_79b9).to_be_bytes()[0])
        .collect();
    let objects = || {
        let awkward = AWKWARD_KEYS.map(|key| (key, key.as_bytes().to_vec()));
        awkward.into_iter().chain([("large.bin", large.clone())])
    };
    let credentials = Credentials::new(SECRET_ID, SECRET_KEY).unwrap();
    let credentials = match token {
        Some(token) => credentials.with_token(token).unwrap(),
        None => credentials,
    };
    let start = |builder: Builder| {
        let emulator = builder
            .credentials(credentials.clone())
            .start_on_thread()
            .unwrap();
        test(&emulator);
    };

    let bucket = MemoryBucket::new(BUCKET);
    for (key, content) in objects() {
        bucket.put(key, Object::new(content));
    }
    start(Emulator::builder().bucket(bucket));

    let folder = tempfile::tempdir().unwrap();
    for (key, content) in objects() {
        let path = folder.path().join(BUCKET).join(folder_path(key));
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    }
    start(Emulator::builder().folder(folder.path()));
}

/// Runs a command of the script. `false` if there is no interpreter to run it with.
fn run(emulator: &Emulator, command: &str, token: Option<&str>) -> bool {
    let Some(python) = interpreter() else {
        return false;
    };
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/peers/vendor_sdk.py");
    let folder = tempfile::tempdir().unwrap();
    let mut process = Command::new(python);
    process.arg(script).arg(command).arg(folder.path());
    process
        .env("PORT", emulator.addr().port().to_string())
        .env("BUCKET", BUCKET);
    process
        .env("SECRET_ID", SECRET_ID)
        .env("SECRET_KEY", SECRET_KEY);
    process
        .env("NO_PROXY", "*")
        .env("HOME", folder.path())
        .env("PYTHONDONTWRITEBYTECODE", "1");
    match token {
        Some(token) => process.env("TOKEN", token),
        None => process.env_remove("TOKEN"),
    };
    let output = process.output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "{command}: {told}\n{:#?}",
        emulator.log()
    );
    true
}

/// The interpreter with the SDK, if there is one.
fn interpreter() -> Option<PathBuf> {
    let named = std::env::var_os("COS_PEERS_PYTHON").map(PathBuf::from);
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let python = named.unwrap_or_else(|| workspace.join("target/peers/bin/python3"));
    if python.exists() {
        return Some(python);
    }
    let python = python.display();
    assert!(
        std::env::var_os("COS_REQUIRE_PEERS").is_none_or(|required| required != "1"),
        "the vendor's SDK is required, and there is no {python}"
    );
    // Past the harness, which would keep it to itself.
    let skipped = format!("SKIPPED: the vendor's Python SDK is not there ({python})\n");
    std::io::stderr().write_all(skipped.as_bytes()).unwrap();
    None
}
