//! Several runs that share one directory without talking to each other.

use std::env;
use std::process::Stdio;

use cos_emulator::{MemoryBucket, Object};
use cos_proto::Bucket;
use cos_transfer::prefix::{Prefix, Shard, SyncBy};
use tokio::process::Command;

use crate::support::{BUCKET, World, downloader_of, run};

/// What says to a process of this test's own where to download from and to, and its share.
const URL: &str = "COS_TEST_SHARD_URL";
const DIR: &str = "COS_TEST_SHARD_DIR";
const SHARD: &str = "COS_TEST_SHARD";

/// One of the [`sixteen_processes_fetch_each_object_once`]; without them, nothing.
#[tokio::test]
async fn the_process_of_one_shard() {
    let (Some(url), Some(dir)) = (env::var(URL).ok(), env::var_os(DIR)) else {
        return;
    };
    let shard: Shard = env::var(SHARD).unwrap().parse().unwrap();
    let prefix = Prefix::new(Bucket::new(BUCKET).unwrap(), "");
    let download = downloader_of(&url).download_prefix(prefix, dir.as_ref());
    let ran = run(download.shard(shard).connections(4)).await;
    assert!(ran.told.keys().all(|key| shard.takes(key)));
    ran.result.unwrap();
}

/// Sixteen at once into one directory: each object is fetched exactly once, everything is there, and
/// nothing of any of them is left.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sixteen_processes_fetch_each_object_once() {
    let bucket = MemoryBucket::new(BUCKET);
    let small = |number| format!("d{}/{number:03}", number % 5);
    for number in 0..640 {
        bucket.put(small(number), Object::new(small(number)));
    }
    for number in 0..4 {
        bucket.put(
            format!("large-{number}"),
            Object::generated(number, 1_500_000),
        );
    }
    let world = World::of(bucket, &[]).await;
    let processes: Vec<_> = (0..16)
        .map(|index| {
            Command::new(env::current_exe().unwrap())
                .args(["--exact", "shards::the_process_of_one_shard"])
                .env(URL, world.emulator.url())
                .env(DIR, world.dir())
                .env(SHARD, format!("{index}/16"))
                .stdout(Stdio::null())
                .kill_on_drop(true)
                .spawn()
                .unwrap()
        })
        .collect();
    for mut process in processes {
        assert!(process.wait().await.unwrap().success());
    }
    let log = world.emulator.log();
    for number in 0..640 {
        let key = small(number);
        let asked = log.iter().filter(|request| request.key() == key).count();
        assert_eq!(asked, 1, "{key}");
        assert_eq!(world.read(&key), key);
    }
    for number in 0..4 {
        let key = format!("large-{number}");
        let sent = log.iter().filter(|request| request.key() == key);
        let sent: u64 = sent.map(|request| request.bytes_sent()).sum();
        assert_eq!(sent, 1_500_000, "{key}");
    }
    assert_eq!(world.tree().len(), 644 + 5 + 1, "and nothing besides");
    world.end().await;
}

/// A shard's own run is taken up by the same shard alone.
#[tokio::test]
async fn shards_delete_and_resume_each_for_itself() {
    let world = World::new(&[]).await;
    for number in 0..40 {
        world.bucket.put(format!("{number:02}"), Object::new("x"));
    }
    for index in 0..4 {
        let shard = Shard::new(index, 4).unwrap();
        let ran = run(world
            .download("")
            .shard(shard)
            .sync(SyncBy::SizeAndTime)
            .delete(true))
        .await;
        assert_eq!(
            ran.keys("deleted"),
            [""; 0],
            "the others' files are not ours"
        );
    }
    assert_eq!(world.tree().len(), 41);
    for number in 0..20 {
        world.bucket.delete(&format!("{number:02}"));
    }
    let mut deleted = 0;
    for index in 0..4 {
        let shard = Shard::new(index, 4).unwrap();
        let ran = run(world
            .download("")
            .shard(shard)
            .sync(SyncBy::SizeAndTime)
            .delete(true))
        .await;
        assert!(ran.keys("deleted").iter().all(|key| shard.takes(key)));
        deleted += ran.result.unwrap().deleted;
    }
    assert_eq!(deleted, 20);
    world.end().await;
}
