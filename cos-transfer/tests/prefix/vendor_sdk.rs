//! Against the vendor's Python SDK, which runs the vendor's own sample against the same endpoint.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use cos_emulator::Object;
use tokio::process::Command;

use crate::support::{BUCKET, World, run, skipped, snapshot};

/// A Python that has the SDK, or a loud word that there is none.
fn python() -> Option<PathBuf> {
    let ours = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/peers/bin/python3");
    let python = env::var_os("COS_PEERS_PYTHON").map_or_else(ours, PathBuf::from);
    let has_it = std::process::Command::new(&python)
        .args(["-c", "import qcloud_cos"])
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success());
    if has_it {
        return Some(python);
    }
    let required = env::var_os("COS_REQUIRE_PEERS").is_some_and(|value| value == "1");
    assert!(
        !required,
        "COS_REQUIRE_PEERS=1, and {} has no qcloud_cos",
        python.display()
    );
    let python = python.display();
    skipped(&format!(
        "{python} has no qcloud_cos; .ci/peers installs it"
    ));
    None
}

/// Nested folders, markers of folders, existing files, an object above the SDK's part size: the two
/// trees are the same.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_tree_is_the_one_that_the_vendors_sample_makes() {
    let Some(python) = python() else { return };
    let objects = [
        ("data/", ""),
        ("data/a.txt", "new a"),
        ("data/b c+d%.txt", "odd"),
        ("data/empty", ""),
        ("data/marker/", ""),
        ("data/marker/x", "below a marker"),
        ("data/nested/deeper/deepest/y", "nested"),
        ("data/\u{6570}\u{636e}/\u{6587}\u{4ef6}", "unicode"),
        ("data/only-a-marker/", ""),
        ("database.txt", "not of the prefix"),
    ];
    let world = World::new(&objects).await;
    // In the long run more than a page; each costs the SDK some milliseconds.
    let many = if env::var_os("COS_LONG").is_some() {
        1100
    } else {
        60
    };
    for number in 0..many {
        world.bucket.put(
            format!("data/many/{number:04}"),
            Object::generated(number, number),
        );
    }
    world
        .bucket
        .put("data/large", Object::generated(1, 21 * 1024 * 1024));
    let theirs = world.outer().join("theirs");
    for dir in [theirs.clone(), world.dir()] {
        fs::create_dir_all(dir.join("data/nested")).unwrap();
        fs::write(dir.join("data/a.txt"), "an older and longer file").unwrap();
        fs::write(dir.join("data/nested/mine"), "of the user").unwrap();
    }

    let address = world.emulator.addr();
    let sample = Command::new(python)
        .arg(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/tests/prefix/vendor_sdk.py"
        ))
        .args([
            &address.ip().to_string(),
            &address.port().to_string(),
            BUCKET,
            "data/",
        ])
        .arg(&theirs)
        .env_clear()
        .env("HOME", world.outer())
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output()
        .await
        .unwrap();
    assert!(
        sample.status.success(),
        "{}",
        String::from_utf8_lossy(&sample.stderr)
    );

    let ran = run(world.download("data/").full_keys(true)).await;
    assert_eq!(ran.result.unwrap().failed, 0);
    let contents = |dir: &Path| -> Vec<_> {
        let all = snapshot(dir).into_iter();
        all.map(|(path, node)| (path, node.content)).collect()
    };
    let (ours, theirs) = (contents(&world.dir()), contents(&theirs));
    let differs = ours
        .iter()
        .zip(&theirs)
        .find(|(ours, theirs)| ours != theirs);
    assert!(differs.is_none(), "{:.200}", format!("{differs:?}"));
    assert_eq!(ours.len(), theirs.len());
    assert!(ours.len() as u64 > many + 10);
    world.end().await;
}
