//! K11 and K12: symbolic links below the destination, there before or planted during the run, to the
//! inside and to the outside, in place of folders, files, sidecars and our own folder.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use cos_emulator::Object;
use cos_transfer::prefix::{PrefixError, SyncBy};

use crate::support::{World, run};

/// Links that are there before: a folder's fails what is below it, a file's is replaced itself.
#[tokio::test]
async fn k11_links_that_are_there_are_never_followed() {
    let objects = [
        ("in/x", "new"),
        ("out/file", "new"),
        ("out/new/y", "new"),
        ("leaf", "new"),
        ("real/z", "new"),
        ("dangling/x", "new"),
    ];
    let world = World::new(&objects).await;
    fs::create_dir_all(world.at("real")).unwrap();
    symlink("real", world.at("in")).unwrap();
    symlink("../elsewhere", world.at("out")).unwrap();
    symlink("../precious", world.at("leaf")).unwrap();
    symlink("../nothing", world.at("dangling")).unwrap();
    let before = world.outside();

    for _ in 0..2 {
        let ran = world.cp("").await;
        assert_eq!(world.outside(), before);
        assert_eq!(
            ran.keys("failed"),
            ["dangling/x", "in/x", "out/file", "out/new/y"]
        );
        assert!(
            ran.told["in/x"].contains("is a symbolic link"),
            "{}",
            ran.told["in/x"]
        );
        assert_eq!(world.read("leaf"), "new");
        assert!(fs::symlink_metadata(world.at("leaf")).unwrap().is_file());
        let real: Vec<_> = fs::read_dir(world.at("real"))
            .unwrap()
            .map(|entry| entry.unwrap().file_name())
            .collect();
        assert_eq!(
            real,
            ["z"],
            "nothing has come through the link to the inside"
        );
    }
    world.end().await;
}

/// The directory itself may be reached by a link: that is the user's own.
#[tokio::test]
async fn k11_the_destination_may_be_a_link() {
    let world = World::new(&[("a/b", "1")]).await;
    let real = world.outer().join("real");
    fs::create_dir(&real).unwrap();
    symlink("real", world.dir()).unwrap();
    assert!(world.cp("").await.result.is_ok());
    assert_eq!(fs::read(real.join("a/b")).unwrap(), b"1");
    world.end().await;
}

/// Our own folder is not followed either, whatever it was made to be.
#[tokio::test]
async fn k12_a_link_in_place_of_our_own_folder_ends_the_run() {
    let world = World::new(&[("a", "1")]).await;
    fs::create_dir_all(world.dir()).unwrap();
    symlink("../elsewhere", world.at(".cos-partial")).unwrap();
    let before = world.outside();
    let ran = world.cp("").await;
    assert!(
        matches!(ran.result, Err(PrefixError::Local { .. })),
        "{:?}",
        ran.result
    );
    assert_eq!(world.outside(), before);
    assert_eq!(world.gets(), 0);
    world.end().await;
}

/// Links in place of what a run writes there.
#[tokio::test]
async fn k12_links_in_our_own_folder_are_not_written_through() {
    let world = World::new(&[("small", "1")]).await;
    world.bucket.put("large", Object::generated(1, 3_000_000));
    let staging = world.at(".cos-partial");
    fs::create_dir_all(&staging).unwrap();
    let stem = format!(".cos-{:016x}", cos_proto::crc64::checksum(b"large"));
    for name in [
        "new-0".into(),
        "new-1".into(),
        format!("{stem}.cospart"),
        format!("{stem}.cosckpt"),
        format!("{stem}.cosckpt.new"),
    ] {
        symlink("../../precious", staging.join(name)).unwrap();
    }
    let before = world.outside();
    let ran = world.cp("").await;
    assert_eq!(world.outside(), before);
    assert_eq!(ran.result.unwrap().objects, 2);
    assert_eq!(world.tree().len(), 3);

    // The lock itself: a symbolic link, and another name of a file elsewhere.
    for link in [
        |at: &Path| symlink("../../precious", at),
        |at: &Path| fs::hard_link(at.parent().unwrap().join("../../precious"), at),
    ] {
        fs::create_dir_all(&staging).unwrap();
        link(&staging.join("run")).unwrap();
        let before = world.outside();
        assert!(world.cp("").await.result.is_ok());
        assert_eq!(world.outside(), before);
        assert!(!staging.exists());
    }
    world.end().await;
}

/// A thread that puts links in place of folders, files and sidecars all the time, and takes them
/// away again.
struct Planter {
    stop: Arc<AtomicBool>,
    thread: Option<thread::JoinHandle<u64>>,
}

impl Planter {
    fn start(dir: PathBuf) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let thread = thread::spawn(move || {
            let mut planted = 0;
            let mut round = 0_usize;
            while !stopped.load(Ordering::Relaxed) {
                round += 1;
                let target = ["../elsewhere", "../precious", "f1", "..", "/tmp"][round % 5];
                let deep = format!("../{target}");
                let spots = [
                    (format!("f{}", round % 8), target),
                    (format!("f{}/g", round % 8), deep.as_str()),
                    (format!("f{}/leaf", round % 8), deep.as_str()),
                    (format!(".cos-partial/new-{}", round % 64), deep.as_str()),
                    (".cos-partial/run".to_owned(), deep.as_str()),
                ];
                for (spot, target) in &spots {
                    let spot = dir.join(spot);
                    // Out of the way, if something is there; and back, so that both are met.
                    let aside = dir.join(format!("aside-{}", round % 16));
                    let moved = fs::rename(&spot, &aside).is_ok();
                    if symlink(target, &spot).is_ok() {
                        planted += 1;
                        thread::yield_now();
                        let _ = fs::remove_file(&spot);
                    }
                    if moved {
                        let _ = fs::rename(&aside, &spot);
                    }
                }
            }
            planted
        });
        Self {
            stop,
            thread: Some(thread),
        }
    }

    fn stop(&mut self) -> u64 {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.take().unwrap().join().unwrap()
    }
}

/// Whatever is planted, and whatever comes of the run: nothing outside is touched, also not by what
/// deletes.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn k11_links_planted_during_the_run_lead_nowhere() {
    let world = World::new(&[]).await;
    for folder in 0..8 {
        for file in 0..40 {
            world
                .bucket
                .put(format!("f{folder}/g/{file}"), Object::new("new"));
        }
        world
            .bucket
            .put(format!("f{folder}/leaf"), Object::new("new"));
        world
            .bucket
            .put(format!("f{folder}/file"), Object::new("new"));
        world.bucket.put(
            format!("f{folder}/large"),
            Object::generated(folder, 1_200_000),
        );
    }
    let before = world.outside();
    fs::create_dir_all(world.dir()).unwrap();
    let mut planter = Planter::start(world.dir());
    for round in 0..6 {
        let download = world.download("");
        let download = match round % 2 {
            0 => download,
            _ => download.sync(SyncBy::SizeAndTime).delete(true),
        };
        let ran = run(download).await;
        assert_eq!(world.outside(), before, "{:?}", ran.result);
    }
    assert!(planter.stop() > 100);

    // When nobody plants any more, everything comes in place.
    fs::remove_dir_all(world.dir()).unwrap();
    assert!(world.cp("").await.result.is_ok());
    assert_eq!(world.outside(), before);
    world.end().await;
}

/// A link that a bucket does not have is deleted itself.
#[tokio::test]
async fn k11_deletion_takes_the_link_and_not_what_it_leads_to() {
    let world = World::new(&[("a", "1"), ("d/b", "2")]).await;
    fs::create_dir_all(world.at("d")).unwrap();
    symlink("../elsewhere", world.at("out")).unwrap();
    symlink("../precious", world.at("link")).unwrap();
    symlink("b", world.at("d/inside")).unwrap();
    fs::write(world.at("old"), "old").unwrap();
    let before = world.outside();
    let ran = run(world.download("").sync(SyncBy::SizeAndTime).delete(true)).await;
    assert_eq!(world.outside(), before);
    assert_eq!(ran.keys("deleted"), ["d/inside", "link", "old", "out"]);
    assert_eq!(ran.result.unwrap().deleted, 4);
    assert_eq!(
        world.tree().into_keys().collect::<Vec<_>>(),
        ["", "a", "d", "d/b"]
    );
    world.end().await;
}
