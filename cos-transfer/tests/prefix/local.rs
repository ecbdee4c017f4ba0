//! What stands in the way here, and what is never taken over.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::process::Command;
use std::time::{Duration, SystemTime};

use cos_emulator::Object;
use cos_transfer::prefix::PrefixError;
use cos_transfer::{DownloadError, Fsync};

use crate::support::{World, run, skipped};

/// Mode and owner in an object's metadata are nothing to us; its time is.
#[tokio::test]
async fn k22_no_mode_is_ever_taken_from_metadata() {
    let world = World::new(&[]).await;
    let time = SystemTime::UNIX_EPOCH + Duration::from_secs(1_500_000_000);
    for (key, size) in [("small", 10), ("large", 2_000_000)] {
        let object = Object::generated(1, size)
            .metadata("mode", "104777")
            .metadata("uid", "0")
            .metadata("file-permissions", "04777")
            .last_modified(time);
        world.bucket.put(key, object);
    }
    assert!(world.cp("").await.result.is_ok());
    // What the umask leaves a new file.
    fs::write(world.outer().join("like"), "").unwrap();
    let like = fs::metadata(world.outer().join("like")).unwrap().mode();
    for key in ["small", "large"] {
        let found = fs::metadata(world.at(key)).unwrap();
        assert_eq!(
            (found.mode(), found.modified().unwrap()),
            (like, time),
            "{key}"
        );
    }
    world.end().await;
}

/// Until everything is there, nobody else has business with it.
#[tokio::test]
async fn what_is_not_finished_is_private() {
    let world = World::new(&[("a/../b", "x"), ("a", "1")]).await;
    assert!(world.cp("").await.result.is_err());
    let mode = fs::metadata(world.at(".cos-partial"))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o700);
    world.end().await;
}

#[tokio::test]
async fn what_stands_in_the_way_fails_its_objects_alone() {
    let objects = [("dir", "1"), ("file/x", "2"), ("pipe", "3"), ("fine", "4")];
    let world = World::new(&objects).await;
    fs::create_dir_all(world.at("dir/sub")).unwrap();
    fs::write(world.at("file"), "here").unwrap();
    assert!(
        Command::new("mkfifo")
            .arg(world.at("pipe"))
            .status()
            .unwrap()
            .success()
    );
    let ran = world.cp("").await;
    assert_eq!(ran.keys("failed"), ["dir", "file/x", "pipe"]);
    assert!(
        ran.told["file/x"].contains("not a folder"),
        "{}",
        ran.told["file/x"]
    );
    assert_eq!(world.read("file"), "here");
    assert_eq!(world.read("fine"), "4");
    assert_eq!(world.tree()["pipe"], "pipe");
    world.end().await;
}

/// A file system of the test's own, so small that it is full soon. Only root may mount one.
struct Small(std::path::PathBuf);

impl Small {
    fn mount(at: std::path::PathBuf) -> Option<Self> {
        fs::create_dir_all(&at).unwrap();
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=2m", "none"])
            .arg(&at)
            .stderr(std::process::Stdio::null())
            .status();
        mounted
            .is_ok_and(|status| status.success())
            .then_some(Self(at))
    }
}

impl Drop for Small {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

/// It stops early, and says what the matter is; with space again, the next run takes it up.
#[tokio::test]
async fn k23_a_full_disk_stops_the_run() {
    let world = World::new(&[]).await;
    for number in 0..400 {
        world
            .bucket
            .put(format!("{number:03}"), Object::generated(number, 30_000));
    }
    let Some(small) = Small::mount(world.dir()) else {
        skipped("only root may mount a file system");
        return world.end().await;
    };
    let ran = run(world.download("").connections(4)).await;
    let Err(PrefixError::Local { report, source }) = &ran.result else {
        panic!("{:?}", ran.result);
    };
    assert!(
        matches!(source, DownloadError::Local { source, .. } if source.kind() == std::io::ErrorKind::StorageFull)
    );
    assert!(report.objects >= 30 && report.objects < 80, "{report:?}");
    let asked = world.gets() as u64;
    assert!(
        asked <= report.objects + 10,
        "{asked} objects were asked for"
    );
    // Every file that has its name is whole.
    for key in ran.keys("fetched") {
        assert_eq!(fs::metadata(world.at(key)).unwrap().len(), 30_000);
    }
    let grown = Command::new("mount")
        .args(["-o", "remount,size=20m"])
        .arg(&small.0)
        .status();
    assert!(grown.unwrap().success());
    let again = world.cp("").await;
    assert_eq!(again.report().objects + again.report().skipped, 400);
    assert_eq!(again.keys("finished").len() as u64, report.objects);
    again.result.unwrap();
    assert!(!world.at(".cos-partial").exists());
    drop(small);
    world.end().await;
}

/// All of them, or none beyond what is there by then: the sync at the end is one of the whole file
/// system, and not seen from here; that each way works is.
#[tokio::test]
async fn each_way_of_syncing_works() {
    for fsync in [Fsync::Auto, Fsync::Always, Fsync::Never] {
        let world = World::new(&[("a/b", "1"), ("c", "2")]).await;
        world.bucket.put("large", Object::generated(3, 2_500_000));
        let downloader = world.downloader().fsync(fsync);
        let ran = run(downloader.download_prefix(world.prefix(""), &world.dir())).await;
        assert_eq!(ran.result.unwrap().bytes, 2_500_002);
        assert_eq!(world.tree().len(), 5);
        world.end().await;
    }
}
