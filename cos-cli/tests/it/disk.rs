//! A local disk that is no place to write: exit 9.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use cos_emulator::Object;

use crate::common::{BINARY, Place, emulator, object};

#[tokio::test]
async fn a_parent_that_is_a_file_is_9() {
    let emulator = emulator([("k", Object::new("content"))]).await;
    let place = Place::with_keys(&emulator);
    fs::write(place.path("file"), "x").unwrap();
    place
        .cos(["cp", &object("k"), "file/out"])
        .await
        .exits(9)
        .says(&["error: cannot download cos://", "file"]);
    assert_eq!(place.names(), ["file"]);
    emulator.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_directory_named_like_the_file_is_9() {
    let emulator = emulator([("k", Object::new("content"))]).await;
    let place = Place::with_keys(&emulator);
    fs::create_dir_all(place.path("there/k")).unwrap();
    place
        .cos(["cp", &object("k"), "there"])
        .await
        .exits(9)
        .says(&["is a directory"]);
    assert_eq!(emulator.log().len(), 0);
    emulator.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_device_is_9_and_is_not_replaced() {
    let emulator = emulator([("k", Object::new("content"))]).await;
    let place = Place::with_keys(&emulator);
    place.cos(["cp", &object("k"), "/dev/null"]).await.exits(9);
    assert!(!fs::metadata("/dev/null").unwrap().is_file());
    assert_eq!(emulator.log().len(), 0);
    emulator.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_full_disk_on_stdout_is_9() {
    let emulator = emulator([("k", Object::generated(1, 1_000_000))]).await;
    let place = Place::with_keys(&emulator);
    for arguments in [
        ["cat", &object("k")],
        ["stat", &object("k")],
        ["ls", &object("")],
    ] {
        let full = fs::OpenOptions::new()
            .write(true)
            .open("/dev/full")
            .unwrap();
        let child = place.command(arguments).stdout(full).spawn().unwrap();
        let output = child.wait_with_output().await.unwrap();
        assert_eq!(
            output.status.code(),
            Some(9),
            "{arguments:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
    emulator.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_file_larger_than_the_shell_allows_is_9_and_leaves_nothing() {
    let emulator = emulator([("k", Object::generated(1, 3_000_000))]).await;
    let place = Place::with_keys(&emulator);
    let output = place
        .program("/bin/sh")
        .args(["-c", "ulimit -f 1000 && exec \"$0\" \"$@\"", BINARY])
        .args(["cp", &object("k"), "out"])
        .output()
        .await
        .unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(9), "{stderr}");
    assert!(stderr.contains("File too large"), "{stderr}");
    assert!(
        stderr.contains("hint: the file system, or the shell"),
        "{stderr}"
    );
    assert_eq!(place.names(), [] as [&str; 0]);
    emulator.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_read_only_directory_is_9_before_anything_is_fetched() {
    let emulator = emulator([("k", Object::new("content"))]).await;
    let place = Place::with_keys(&emulator);
    fs::create_dir(place.path("closed")).unwrap();
    fs::set_permissions(place.path("closed"), fs::Permissions::from_mode(0o555)).unwrap();
    if fs::write(place.path("closed/probe"), "").is_ok() {
        // Root may write anywhere; /proc takes no new file from anybody.
        place
            .cos(["cp", &object("k"), "/proc/cos-test"])
            .await
            .exits(9);
    } else {
        place.cos(["cp", &object("k"), "closed/out"]).await.exits(9);
    }
    emulator.shutdown().await.unwrap();
}
