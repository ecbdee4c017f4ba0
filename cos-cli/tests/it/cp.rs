//! `cos cp`: where the bytes go, and what is said about it.

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use cos_emulator::{Fault, MemoryBucket, Object, When};

use crate::common::{BUCKET, Place, emulator, names, object, serve};

#[tokio::test]
async fn a_file_gets_the_bytes_and_the_objects_time() {
    let time = SystemTime::UNIX_EPOCH + Duration::from_secs(1_500_000_000);
    let emulator = emulator([("a/k", Object::new("content").last_modified(time))]).await;
    let place = Place::with_keys(&emulator);
    let ran = place
        .cos(["cp", &object("a/k"), "new/folder/out"])
        .await
        .exits(0)
        .says(&[
            "cos://examplebucket-1250000000/a/k -> new/folder/out: 7 B in ",
            ", verified by crc64\n",
        ]);
    assert_eq!(ran.stdout, "");
    assert_eq!(place.read("new/folder/out"), b"content");
    assert_eq!(
        fs::metadata(place.path("new/folder/out"))
            .unwrap()
            .modified()
            .unwrap(),
        time
    );
    assert_eq!(names(&place.path("new/folder")), ["out"]);
    emulator.shutdown().await.unwrap();
}

#[tokio::test]
async fn download_is_the_same_command() {
    let emulator = emulator([("k", Object::new("content"))]).await;
    let place = Place::with_keys(&emulator);
    place.cos(["download", &object("k"), "out"]).await.exits(0);
    assert_eq!(place.read("out"), b"content");
    emulator.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_directory_gets_a_file_with_the_keys_last_component() {
    let emulator = emulator([("a/b/k.txt", Object::new("content"))]).await;
    let place = Place::with_keys(&emulator);
    fs::create_dir(place.path("there")).unwrap();
    place
        .cos(["cp", &object("a/b/k.txt"), "there"])
        .await
        .exits(0);
    place
        .cos(["cp", &object("a/b/k.txt"), "made/"])
        .await
        .exits(0);
    place.cos(["cp", &object("a/b/k.txt"), "."]).await.exits(0);
    for file in ["there/k.txt", "made/k.txt", "k.txt"] {
        assert_eq!(place.read(file), b"content");
    }
    emulator.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_key_without_a_file_name_needs_one_named() {
    let emulator = emulator([("dir/", Object::new("marker")), ("a/..", Object::new("up"))]).await;
    let place = Place::with_keys(&emulator);
    for key in ["dir/", "a/../b/.."] {
        place
            .cos(["cp", &object(key), "."])
            .await
            .exits(2)
            .says(&["hint: name the file"]);
    }
    assert_eq!(emulator.log().len(), 0);
    place.cos(["cp", &object("dir/"), "named"]).await.exits(0);
    assert_eq!(place.read("named"), b"marker");
    emulator.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_dash_is_stdout_and_nothing_else_is_printed_there() {
    let emulator = emulator([("k", Object::new("content"))]).await;
    let place = Place::with_keys(&emulator);
    let ran = place.cos(["cp", &object("k"), "-"]).await.exits(0);
    assert_eq!((ran.stdout.as_str(), ran.stderr.as_str()), ("content", ""));
    assert_eq!(place.names(), [] as [&str; 0]);
    emulator.shutdown().await.unwrap();
}

#[tokio::test]
async fn an_existing_file_is_replaced_unless_it_is_to_be_kept() {
    let emulator = emulator([("k", Object::new("content"))]).await;
    let place = Place::with_keys(&emulator);
    fs::write(place.path("out"), "older").unwrap();
    let kept = place
        .cos(["cp", "--no-clobber", &object("k"), "out"])
        .await
        .exits(0)
        .says(&["skipped, out exists"]);
    assert_eq!(kept.stdout, "");
    assert_eq!(place.read("out"), b"older");
    let kept = place
        .cos(["cp", "--no-clobber", &object("k"), "out", "--json"])
        .await
        .exits(0);
    assert_eq!(
        kept.json(),
        serde_json::json!({"key": "k", "path": "out", "skipped": true})
    );
    place.cos(["cp", &object("k"), "out"]).await.exits(0);
    assert_eq!(place.read("out"), b"content");
    emulator.shutdown().await.unwrap();
}

#[tokio::test]
async fn quiet_says_nothing_and_errors_all_the_same() {
    let emulator = emulator([("k", Object::new("content"))]).await;
    let place = Place::with_keys(&emulator);
    assert_eq!(
        place
            .cos(["-q", "cp", &object("k"), "out"])
            .await
            .exits(0)
            .stderr,
        ""
    );
    assert!(
        place
            .cos(["-q", "cp", &object("gone"), "out"])
            .await
            .exits(3)
            .stderr
            .starts_with("error: ")
    );
    emulator.shutdown().await.unwrap();
}

#[tokio::test]
async fn odd_keys_are_fetched_byte_for_byte() {
    let keys = [
        "数据/文件 (1)~'*!.bin",
        "a+b c&d=e%20f#g?h.txt",
        "a//b",
        "x/./y",
        "a/../b",
        "/x",
        "%2e%2e/%2F",
        "trailing/ ",
        "control\u{1}\u{1b}[31m",
        "\\back\\slash",
        "q?versionId=1",
    ];
    let emulator = emulator(keys.map(|key| (key, Object::new(format!("I am {key}"))))).await;
    let place = Place::with_keys(&emulator);
    for key in keys {
        place.cos(["cp", &object(key), "out"]).await.exits(0);
        assert_eq!(
            place.read("out"),
            format!("I am {key}").as_bytes(),
            "{key:?}"
        );
    }
    emulator.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_key_that_merges_to_the_bucket_is_refused() {
    let emulator = emulator([]).await;
    let place = Place::with_keys(&emulator);
    for key in [".", "..", "a/..", "/"] {
        place
            .cos(["cp", &object(key), "out"])
            .await
            .exits(2)
            .says(&["merges to `/`"]);
    }
    assert_eq!(emulator.log().len(), 0);
    emulator.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_range_gives_these_bytes_verified_by_size() {
    let emulator = emulator([("k", Object::new("0123456789"))]).await;
    let place = Place::with_keys(&emulator);
    for (range, bytes) in [
        ("bytes=2-4", "234"),
        ("bytes=7-", "789"),
        ("bytes=-2", "89"),
    ] {
        let ran = place
            .cos(["cp", &object("k"), "out", "--range", range, "--json"])
            .await
            .exits(0);
        assert_eq!(place.read("out"), bytes.as_bytes());
        assert_eq!(ran.json()["verified"], "size");
    }
    emulator.shutdown().await.unwrap();
}

#[tokio::test]
async fn an_empty_object_is_an_empty_file() {
    let emulator = emulator([("k", Object::new(""))]).await;
    let place = Place::with_keys(&emulator);
    let ran = place
        .cos(["cp", &object("k"), "out", "--json"])
        .await
        .exits(0);
    assert_eq!(place.read("out"), b"");
    assert_eq!(
        (&ran.json()["crc64"], &ran.json()["verified"]),
        (&"0".into(), &"crc64".into())
    );
    emulator.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_version_is_fetched_by_its_id() {
    let bucket = MemoryBucket::new(BUCKET).versioned();
    let first = bucket.put("k", Object::new("first")).unwrap();
    bucket.put("k", Object::new("second"));
    let emulator = serve(bucket).await;
    let place = Place::with_keys(&emulator);
    let ran = place
        .cos(["cp", &object("k"), "out", "--version-id", &first, "--json"])
        .await
        .exits(0);
    assert_eq!(place.read("out"), b"first");
    assert_eq!(ran.json()["version_id"], first);
    assert_eq!(
        place.cos(["cat", &object("k")]).await.exits(0).stdout,
        "second"
    );
    emulator.shutdown().await.unwrap();
}

#[tokio::test]
async fn without_a_crc64_the_report_says_so_and_requiring_one_is_6() {
    let emulator = emulator([("old", Object::new("content").without_crc64())]).await;
    let place = Place::with_keys(&emulator);
    place
        .cos(["cp", &object("old"), "out"])
        .await
        .exits(0)
        .says(&["verified by size"]);
    place
        .cos(["cp", &object("old"), "required", "--require-crc64"])
        .await
        .exits(6)
        .says(&["no CRC64"]);
    assert_eq!(place.names(), ["out"]);
    emulator.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_wrong_crc64_can_be_passed_over_by_name() {
    let emulator = emulator([("k", Object::new("content").crc64(1))]).await;
    let place = Place::with_keys(&emulator);
    place.cos(["cp", &object("k"), "out"]).await.exits(6);
    let ran = place
        .cos(["cp", &object("k"), "out", "--no-crc64", "--json"])
        .await
        .exits(0);
    assert_eq!(ran.json()["verified"], "size");
    emulator.shutdown().await.unwrap();
}

#[tokio::test]
async fn options_reach_the_wire() {
    let emulator = emulator([("k", Object::new("content"))]).await;
    let place = Place::with_keys(&emulator);
    place
        .cos([
            "cat",
            &object("k"),
            "--traffic-limit",
            "819200",
            "--response-content-type",
            "text/x; a=b c",
            "--response-cache-control",
            "no-cache",
            "--response-content-disposition",
            "attachment",
            "--response-content-encoding",
            "identity",
            "--response-content-language",
            "en",
            "--response-expires",
            "0",
        ])
        .await
        .exits(0);
    let log = emulator.log();
    assert_eq!(log[0].header("x-cos-traffic-limit"), Some("819200"));
    let sent = log[0].query();
    for part in [
        "response-content-type=text%2Fx%3B%20a%3Db%20c",
        "response-cache-control=no-cache",
        "response-content-disposition=attachment",
        "response-content-encoding=identity",
        "response-content-language=en",
        "response-expires=0",
    ] {
        assert!(sent.contains(part), "no {part} in {sent}");
    }
    emulator.shutdown().await.unwrap();
}

#[tokio::test]
async fn an_object_that_changes_meanwhile_is_said_to_have_changed() {
    let bucket = MemoryBucket::new(BUCKET);
    bucket.put("k", Object::generated(1, 3 << 20));
    let emulator = serve(bucket.clone()).await;
    let place = Place::with_keys(&emulator);
    let arguments = ["cp", &object("k"), "out", "--part-size", "1MiB", "-j", "1"];
    let seeds = Arc::new(AtomicU64::new(2));
    let changes = |times: u64| {
        let (bucket, seeds) = (bucket.clone(), Arc::clone(&seeds));
        let change = move || {
            let seed = seeds.fetch_add(1, Ordering::Relaxed);
            bucket.put("k", Object::generated(seed, 3 << 20));
        };
        emulator.faults().script(
            When::get().range_from(1 << 20).times(times),
            Fault::new().then(change),
        );
    };
    changes(1);
    place
        .cos(arguments)
        .await
        .exits(0)
        .says(&[", started anew on the way, verified by crc64\n"]);
    let first = place.read("out");
    changes(2);
    place.cos(arguments).await.exits(5).says(&[
        "error: cannot download cos://examplebucket-1250000000/k: the object has changed: ",
        "hint: it was replaced while it was fetched",
    ]);
    assert!(place.read("out") == first, "the older file has not stayed");
    assert_eq!(place.names(), ["out"]);
    emulator.shutdown().await.unwrap();
}
