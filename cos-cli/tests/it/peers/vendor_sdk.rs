//! The vendor's Python SDK, unchanged, as a client of `cos serve`.

use std::collections::BTreeMap;
use std::process::Stdio;

use serde::Deserialize;
use tokio::process::Command;

use super::{ODD_KEYS, python_with};
use crate::common::{BUCKET, Place, SECRET_ID, SECRET_KEY};
use crate::serve::{Served, folder};

/// SHA-256 of each object's content by its key, as the SDK downloaded it in its two ways.
#[derive(Debug, Deserialize)]
struct Downloaded {
    simple: BTreeMap<String, String>,
    resumable: BTreeMap<String, String>,
}

/// Lists and downloads everything with the SDK.
async fn run(python: &std::path::Path, served: &Served, key: &str) -> std::process::Output {
    let work = Place::bare();
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/peers/vendor_sdk.py");
    std::fs::create_dir(work.path("out")).unwrap();
    Command::new(python)
        .args([script, "127.0.0.1", &served.port().to_string(), BUCKET])
        .arg(work.path("out"))
        .env_clear()
        .env("HOME", work.path("."))
        .env("COS_SECRET_ID", SECRET_ID)
        .env("COS_SECRET_KEY", key)
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output()
        .await
        .unwrap()
}

fn sha256(python: &std::path::Path, file: &std::path::Path) -> String {
    let script =
        "import hashlib, sys; print(hashlib.sha256(open(sys.argv[1], 'rb').read()).hexdigest())";
    let output = std::process::Command::new(python)
        .args(["-c", script])
        .arg(file)
        .output()
        .unwrap();
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

#[tokio::test]
async fn it_lists_and_downloads_every_key_with_signatures_checked() {
    let Some(python) = python_with("qcloud_cos") else {
        return;
    };
    let place = folder(&ODD_KEYS);
    // Beyond the part size of the script, so that the resumable download fetches ranges in
    // parallel.
    let large: Vec<u8> = (0..3_500_000_u32)
        .map(|number| number.wrapping_mul(2_654_435_761).to_be_bytes()[0])
        .collect();
    std::fs::write(place.path("buckets").join(BUCKET).join("large.bin"), large).unwrap();
    let served = Served::start(&place, &["buckets"]).await;

    let output = run(&python, &served, SECRET_KEY).await;
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let downloaded: Downloaded = serde_json::from_slice(&output.stdout).unwrap();

    let mut expected = BTreeMap::new();
    for key in ODD_KEYS.iter().chain(&["large.bin"]) {
        let file = place
            .path("buckets")
            .join(BUCKET)
            .join(cos_emulator::folder_path(key));
        expected.insert((*key).to_owned(), sha256(&python, &file));
    }
    assert_eq!(downloaded.simple, expected);
    assert_eq!(downloaded.resumable, expected);
    served.stop().await;
}

#[tokio::test]
async fn it_is_refused_with_a_wrong_key() {
    let Some(python) = python_with("qcloud_cos") else {
        return;
    };
    let place = folder(&["k"]);
    let served = Served::start(&place, &["buckets"]).await;
    let output = run(&python, &served, "wrongsecretkeywrongsecretkeywron").await;
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(
        !output.status.success() && stderr.contains("SignatureDoesNotMatch"),
        "{stderr}"
    );
    served.stop().await;
}
