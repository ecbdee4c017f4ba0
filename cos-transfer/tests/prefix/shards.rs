//! Several runs that share one directory without talking to each other.

use cos_emulator::{MemoryBucket, Object};
use cos_transfer::prefix::{Shard, SyncBy};
use tokio::task::JoinSet;

use crate::support::{BUCKET, World, run};

/// Sixteen at once into one directory: each object is fetched exactly once, everything is there, and
/// nothing of any of them is left.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sixteen_shards_fetch_each_object_once() {
    let bucket = MemoryBucket::new(BUCKET);
    for number in 0..640 {
        bucket.put(
            format!("d{}/{number:03}", number % 5),
            Object::generated(number, 100),
        );
    }
    for number in 0..4 {
        bucket.put(
            format!("large-{number}"),
            Object::generated(number, 1_500_000),
        );
    }
    let world = World::of(bucket, &[]).await;
    let mut runs = JoinSet::new();
    for index in 0..16 {
        let shard = Shard::new(index, 16).unwrap();
        let download = world.download("").shard(shard).connections(4);
        runs.spawn(async move { (shard, run(download).await) });
    }
    let mut objects = 0;
    for (shard, ran) in runs.join_all().await {
        assert!(ran.told.keys().all(|key| shard.takes(key)));
        objects += ran.result.unwrap().objects;
    }
    assert_eq!(objects, 644);
    let log = world.emulator.log();
    for number in 0..640 {
        let key = format!("d{}/{number:03}", number % 5);
        let asked = log.iter().filter(|request| request.key() == key).count();
        assert_eq!(asked, 1, "{key}");
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
