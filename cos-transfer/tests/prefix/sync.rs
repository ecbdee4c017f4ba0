//! Only what differs, and what is not in the bucket any more.

use std::fs::{self, File};
use std::time::{Duration, SystemTime};

use cos_emulator::{Fault, MemoryBucket, Object, When};
use cos_transfer::prefix::{Done, Filter, Outcome, PrefixError, Shard, SyncBy};
use http::StatusCode;

use crate::support::{BUCKET, Ran, World, run, skipped};

async fn sync(world: &World, by: SyncBy) -> Ran {
    run(world.download("data/").sync(by)).await
}

/// A bucket of a few pages.
async fn world() -> World {
    let bucket = MemoryBucket::new(BUCKET);
    for number in 0..1200 {
        bucket.put(
            format!("data/{}/{number:04}", number % 7),
            Object::generated(number, 100),
        );
    }
    bucket.put("data/empty/", Object::new(""));
    bucket.put("data/large", Object::generated(9, 2_500_000));
    World::of(bucket, &[]).await
}

#[tokio::test]
async fn twice_fetches_nothing_and_makes_one_listing_and_one_change_is_one_fetch() {
    let world = world().await;
    assert_eq!(
        sync(&world, SyncBy::SizeAndTime)
            .await
            .result
            .unwrap()
            .objects,
        1202
    );
    world.emulator.clear_log();

    let second = sync(&world, SyncBy::SizeAndTime).await.result.unwrap();
    assert_eq!(
        (second.objects, second.skipped, second.fetched),
        (1, 1201, 0),
        "the folder is there"
    );
    assert_eq!(
        (world.gets(), world.pages()),
        (0, 2),
        "two pages are one listing"
    );
    world.emulator.clear_log();

    let later = SystemTime::now() + Duration::from_secs(5);
    world.bucket.put(
        "data/3/0003",
        Object::generated(77, 100).last_modified(later),
    );
    let third = sync(&world, SyncBy::SizeAndTime).await;
    assert_eq!(third.keys("fetched"), ["data/3/0003"]);
    assert_eq!((world.gets(), world.pages()), (1, 2));
    assert!(!world.at(".cos-partial").exists());
    world.end().await;
}

/// Size or whole-second time, either way: an older one differs too.
#[tokio::test]
async fn a_file_differs_by_its_size_or_by_its_time_either_way() {
    let world = World::new(&[
        ("data/a", "1234"),
        ("data/b", "1234"),
        ("data/c", "1234"),
        ("data/d", "1234"),
    ])
    .await;
    assert!(sync(&world, SyncBy::SizeAndTime).await.result.is_ok());
    let set = |name: &str, change: fn(SystemTime) -> SystemTime| {
        let file = File::options().write(true).open(world.at(name)).unwrap();
        let before = file.metadata().unwrap().modified().unwrap();
        file.set_modified(change(before)).unwrap();
    };
    set("a", |time| time - Duration::from_secs(1));
    set("b", |time| time + Duration::from_secs(1));
    set("c", |time| time + Duration::from_millis(300));
    let time = fs::metadata(world.at("d")).unwrap().modified().unwrap();
    fs::write(world.at("d"), "12345").unwrap();
    File::options()
        .write(true)
        .open(world.at("d"))
        .unwrap()
        .set_modified(time)
        .unwrap();
    let ran = sync(&world, SyncBy::SizeAndTime).await;
    assert_eq!(ran.keys("fetched"), ["data/a", "data/b", "data/d"]);
    assert_eq!(ran.keys("same"), ["data/c"]);
    world.end().await;
}

/// By CRC64: time is nothing, content is everything; only objects of equal size are asked about.
#[tokio::test]
async fn by_checksum_content_alone_counts() {
    let objects = [
        ("data/changed", "aaaa"),
        ("data/longer", "aaaa"),
        ("data/touched", "aaaa"),
    ];
    let world = World::new(&objects).await;
    world
        .bucket
        .put("data/unknown", Object::new("aaaa").without_crc64());
    assert!(sync(&world, SyncBy::Checksum).await.result.is_ok());
    world.emulator.clear_log();
    let time = fs::metadata(world.at("changed"))
        .unwrap()
        .modified()
        .unwrap();
    fs::write(world.at("changed"), "bbbb").unwrap();
    File::options()
        .write(true)
        .open(world.at("changed"))
        .unwrap()
        .set_modified(time)
        .unwrap();
    fs::write(world.at("longer"), "aaaaa").unwrap();
    fs::write(world.at("touched"), "aaaa").unwrap();
    let ran = sync(&world, SyncBy::Checksum).await;
    assert_eq!(
        ran.keys("fetched"),
        ["data/changed", "data/longer", "data/unknown"]
    );
    assert_eq!(ran.keys("same"), ["data/touched"]);
    let log = world.emulator.log();
    let mut heads: Vec<_> = log
        .iter()
        .filter(|request| request.method() == "HEAD")
        .map(|request| request.key().to_owned())
        .collect();
    heads.sort();
    assert_eq!(heads, ["data/changed", "data/touched", "data/unknown"]);
    world.end().await;
}

fn local(world: &World, paths: &[&str]) {
    for path in paths {
        let path = world.at(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, "local").unwrap();
    }
}

#[tokio::test]
async fn deletion_removes_what_the_bucket_does_not_have() {
    let world = World::new(&[("data/a", "1"), ("data/d/b", "2")]).await;
    local(&world, &["old", "d/old", "x/y/z", "\u{1b}odd"]);
    let ran = run(world
        .download("data/")
        .sync(SyncBy::SizeAndTime)
        .delete(true))
    .await;
    assert_eq!(
        ran.keys("deleted"),
        ["data/\u{1b}odd", "data/d/old", "data/old", "data/x/y/z"]
    );
    let there: Vec<_> = world.tree().into_keys().collect();
    assert_eq!(there, ["", "a", "d", "d/b", "x", "x/y"], "folders stay");
    world.end().await;
}

/// Without a prefix in the paths, and with it: what could not have come from there is not ours.
#[tokio::test]
async fn deletion_leaves_what_is_outside_of_prefix_filter_and_shard() {
    let world = World::new(&[("data/fo-a", "1")]).await;
    local(&world, &["fo-b", "other", "tmp/x"]);
    let download = || {
        world
            .download("data/fo")
            .sync(SyncBy::SizeAndTime)
            .delete(true)
    };
    let ran = run(download()).await;
    assert_eq!(ran.keys("deleted"), ["data/fo-b"]);
    assert!(world.at("other").exists() && world.at("tmp/x").exists());

    local(&world, &["fo-b", "fo.tmp"]);
    let filter = Filter::new().exclude("*.tmp").unwrap();
    let ran = run(download().filter(filter)).await;
    assert_eq!(ran.keys("deleted"), ["data/fo-b"]);

    local(&world, &["fo-b", "fo-c", "fo-d", "fo-e"]);
    let shard = Shard::new(1, 2).unwrap();
    let ran = run(download().shard(shard)).await;
    assert!(ran.keys("deleted").iter().all(|key| shard.takes(key)));
    let left = |key: &str| world.at(key.strip_prefix("data/").unwrap()).exists();
    for key in ["data/fo-b", "data/fo-c", "data/fo-d", "data/fo-e"] {
        assert_eq!(left(key), !shard.takes(key), "{key}");
    }

    local(&world, &["full/data/fo-x", "full/fo-y"]);
    let download = world
        .downloader()
        .download_prefix(world.prefix("data/fo"), &world.at("full"));
    let ran = run(download
        .full_keys(true)
        .sync(SyncBy::SizeAndTime)
        .delete(true))
    .await;
    assert_eq!(ran.keys("deleted"), ["data/fo-x"]);
    assert!(world.at("full/fo-y").exists() && world.at("full/data/fo-a").exists());
    world.end().await;
}

/// Whether the first page is lost, or the second, or there is no key at all.
#[tokio::test]
async fn deletion_never_follows_a_listing_that_failed() {
    let world = world().await;
    local(&world, &["old", "zzz"]);
    let lost = || Fault::new().error(StatusCode::FORBIDDEN, "AccessDenied");
    for when in [When::list(), When::list().query("marker=")] {
        world.emulator.faults().script(when, lost());
        let ran = run(world
            .download("data/")
            .sync(SyncBy::SizeAndTime)
            .delete(true))
        .await;
        assert!(matches!(ran.result, Err(PrefixError::Listing { .. })));
        assert!(world.at("old").exists() && world.at("zzz").exists());
    }
    let ran = run(world
        .download("mistyped/")
        .sync(SyncBy::SizeAndTime)
        .delete(true))
    .await;
    assert!(matches!(ran.result, Err(PrefixError::NoKeys { .. })));
    assert!(world.at("old").exists());

    // Nor a run that was stopped.
    let gone = Fault::new().error(StatusCode::FORBIDDEN, "AccessDenied");
    world.bucket.put("data/new", Object::new("1"));
    world
        .emulator
        .faults()
        .script(When::get().key("data/new"), gone);
    let ran = run(world
        .download("data/")
        .sync(SyncBy::SizeAndTime)
        .delete(true)
        .fail_fast(true))
    .await;
    assert!(matches!(ran.result, Err(PrefixError::Objects { .. })));
    assert!(world.at("old").exists());
    world.end().await;
}

#[tokio::test]
async fn a_file_whose_object_failed_is_not_deleted() {
    let world = World::new(&[("data/a", "1"), ("data/b", "2")]).await;
    local(&world, &["a", "old"]);
    let denied = Fault::new().error(StatusCode::FORBIDDEN, "AccessDenied");
    world
        .emulator
        .faults()
        .script(When::get().key("data/a"), denied);
    let ran = run(world
        .download("data/")
        .sync(SyncBy::SizeAndTime)
        .delete(true))
    .await;
    assert_eq!(
        (ran.keys("failed"), ran.keys("deleted")),
        (vec!["data/a"], vec!["data/old"])
    );
    assert_eq!(world.read("a"), "local");
    world.end().await;
}

#[tokio::test]
async fn a_dry_run_tells_and_changes_nothing() {
    let world = World::new(&[
        ("data/a", "1234"),
        ("data/same", "1"),
        ("data/d/", ""),
        ("data/x/..", ""),
    ])
    .await;
    let dry = || {
        world
            .download("data/")
            .sync(SyncBy::SizeAndTime)
            .delete(true)
            .dry_run(true)
    };
    let ran = run(dry()).await;
    assert!(!world.dir().exists());
    assert_eq!(ran.told["data/a"], "would fetch 4");
    assert_eq!(ran.keys("failed"), ["data/x/.."]);

    let only = Filter::new().include("same").unwrap();
    assert!(
        run(world.download("data/").filter(only))
            .await
            .result
            .is_ok()
    );
    local(&world, &["old", "sub/old"]);
    let before = world.tree();
    world.emulator.clear_log();
    let ran = run(dry()).await;
    assert_eq!(world.tree(), before);
    assert_eq!(ran.keys("would delete"), ["data/old", "data/sub/old"]);
    assert_eq!(ran.keys("same"), ["data/same"]);
    assert_eq!(
        (world.gets(), ran.report().bytes, ran.report().deleted),
        (0, 4, 2)
    );
    world.end().await;
}

/// What cannot be read may hold what should go: that is told, and is no success.
#[tokio::test]
async fn a_folder_that_cannot_be_read_is_told_of() {
    use std::os::unix::fs::PermissionsExt as _;
    let world = World::new(&[("data/a", "1")]).await;
    local(&world, &["closed/old", "open/old"]);
    fs::set_permissions(world.at("closed"), fs::Permissions::from_mode(0o300)).unwrap();
    if fs::read_dir(world.at("closed")).is_ok() {
        skipped("nothing is closed to root");
        return world.end().await;
    }
    let ran = run(world
        .download("data/")
        .sync(SyncBy::SizeAndTime)
        .delete(true))
    .await;
    assert_eq!(
        (ran.keys("failed"), ran.keys("deleted")),
        (vec!["data/closed"], vec!["data/open/old"])
    );
    fs::set_permissions(world.at("closed"), fs::Permissions::from_mode(0o700)).unwrap();
    world.end().await;
}

/// What is given up while files are deleted deletes no more.
#[tokio::test]
async fn given_up_while_it_deletes_it_stops() {
    let world = World::new(&[("data/a", "1")]).await;
    let stale: Vec<_> = (0..500).map(|number| format!("stale{number}")).collect();
    local(
        &world,
        &stale.iter().map(String::as_str).collect::<Vec<_>>(),
    );
    let (tell, mut told) = tokio::sync::mpsc::unbounded_channel();
    let (go, wait) = std::sync::mpsc::channel::<()>();
    let wait = std::sync::Mutex::new(wait);
    let observer = move |done: &Done<'_>| {
        if let Outcome::Deleted = done.outcome {
            tell.send(()).unwrap();
            // The first one is held until the run has been given up.
            let _ = wait.lock().unwrap().recv();
        }
    };
    let download = world
        .download("data/")
        .sync(SyncBy::SizeAndTime)
        .delete(true);
    let mut transfer = download.observer(observer).into_future();
    tokio::select! {
        _ = &mut transfer => panic!("it was to be given up"),
        _ = told.recv() => {}
    }
    let mut cancel = std::pin::pin!(transfer.cancel());
    tokio::select! {
        biased;
        _ = &mut cancel => panic!("the observer holds it up"),
        () = std::future::ready(()) => {}
    }
    drop(go);
    assert_eq!(cancel.await.deleted, 1);
    world.end().await;
}

/// What is given up while a local file is read does not read it to its end: it is not one that could
/// be read in a lifetime.
#[tokio::test]
async fn given_up_while_it_compares_it_stops() {
    let world = World::new(&[]).await;
    let size = 1 << 43;
    let object = Object::generated(1, size).crc64(1).etag("\"e\"");
    world.bucket.put("data/big", object);
    fs::create_dir_all(world.dir()).unwrap();
    File::create(world.at("big"))
        .unwrap()
        .set_len(size)
        .unwrap();
    let download = world.download("data/").sync(SyncBy::Checksum);
    let mut transfer = download.into_future();
    while world.emulator.log().len() < 2 {
        let _ = tokio::time::timeout(Duration::from_millis(20), &mut transfer).await;
    }
    assert_eq!(transfer.cancel().await.objects, 0);
    world.end().await;
}

/// Deeper than any key: it is left alone, and nothing overflows.
#[tokio::test]
async fn deletion_does_not_go_deeper_than_keys_do() {
    let world = World::new(&[("data/a", "1")]).await;
    let deep = ["d"; 600].join("/");
    local(&world, &[&format!("{deep}/old"), "d/d/d/old"]);
    let ran = run(world
        .download("data/")
        .sync(SyncBy::SizeAndTime)
        .delete(true))
    .await;
    assert_eq!(ran.keys("deleted"), ["data/d/d/d/old"]);
    assert!(ran.result.is_ok());
    world.end().await;
}
