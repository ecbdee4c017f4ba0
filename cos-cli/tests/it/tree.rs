//! `cos cp -r`: what is fetched, what is said about it, and how a run ends that did not do all.

use std::fs;
use std::time::Duration;

use cos_emulator::{Emulator, Fault, Object, When};
use http::StatusCode;
use rustix::process::Signal;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::Child;
use tokio::time::sleep;

use crate::common::{Place, Ran, emulator, limited, object, signal, tree, without_times};

/// A folder with a marker, a nested one, and keys beside it.
async fn album() -> Emulator {
    emulator([
        ("album/", Object::new("")),
        ("album/a.jpg", Object::new("first")),
        ("album/b.txt", Object::new("second")),
        ("album/deep/er/c.jpg", Object::new("third")),
        ("albums/d.jpg", Object::new("fourth")),
        ("other", Object::new("fifth")),
    ])
    .await
}

/// Faults that befall every request for an object.
fn broken(emulator: &Emulator, key: &str, status: StatusCode, code: &str) {
    let fault = Fault::new().error(status, code);
    emulator
        .faults()
        .script(When::get().key(key).always(), fault);
}

fn denied(emulator: &Emulator, key: &str) {
    broken(emulator, key, StatusCode::FORBIDDEN, "AccessDenied");
}

#[tokio::test]
async fn every_key_that_starts_with_the_prefix_is_fetched() {
    let emulator = album().await;
    let place = Place::with_keys(&emulator);
    let ran = place
        .cos(["cp", "-r", &object("album/"), "into/here"])
        .await
        .exits(0);
    assert_eq!(ran.stdout, "");
    insta::assert_snapshot!(
        without_times(&ran.stderr),
        @"cos://examplebucket-1250000000/album/ -> into/here: fetched 4 objects, 16 B in [TIME]"
    );
    assert_eq!(
        tree(&place.path("into")),
        [
            "here/",
            "here/a.jpg",
            "here/b.txt",
            "here/deep/",
            "here/deep/er/",
            "here/deep/er/c.jpg"
        ]
    );
    assert_eq!(place.read("into/here/deep/er/c.jpg"), b"third");

    // A plain prefix, as in listings; and whole keys.
    place
        .cos(["cp", "-r", &object("album"), "plain"])
        .await
        .exits(0);
    assert_eq!(place.read("plain/albums/d.jpg"), b"fourth");
    place
        .cos(["cp", "-r", &object("album/deep/"), "full", "--full-keys"])
        .await
        .exits(0);
    assert_eq!(place.read("full/album/deep/er/c.jpg"), b"third");
    emulator.shutdown().await.unwrap();
}

#[tokio::test]
async fn json_is_a_line_for_each_object_and_one_for_all() {
    let emulator = album().await;
    denied(&emulator, "album/b.txt");
    let place = Place::with_keys(&emulator);
    let ran = place
        .cos(["cp", "-r", &object("album/"), "here", "--json"])
        .await
        .exits(7);
    let mut lines: Vec<_> = without_ids(&ran.stdout)
        .lines()
        .map(str::to_owned)
        .collect();
    // Objects are told in the order in which they are done.
    lines[..4].sort();
    insta::assert_snapshot!(lines.join("\n"), @r#"
    {"key":"album/","path":"here/","done":"folder"}
    {"key":"album/a.jpg","path":"here/a.jpg","bytes":5,"fetched":5,"resumed":0,"crc64":"17574460242561445206","verified":"crc64","etag":"8b04d5e3775d298e78455efc5ca404d5","version_id":null,"elapsed_ms":[TIME]}
    {"key":"album/b.txt","error":{"code":"AccessDenied","status":403,"message":"This is a scripted fault.","request_id":[ID]}}
    {"key":"album/deep/er/c.jpg","path":"here/deep/er/c.jpg","bytes":5,"fetched":5,"resumed":0,"crc64":"3293225249006534326","verified":"crc64","etag":"dd5c8bf51558ffcbe5007071908e9524","version_id":null,"elapsed_ms":[TIME]}
    {"objects":3,"failed":1,"skipped":0,"bytes":10,"elapsed_ms":[TIME]}
    "#);
    emulator.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_failure_is_named_with_its_code_and_all_others_are_in_place() {
    let emulator = album().await;
    denied(&emulator, "album/b.txt");
    broken(&emulator, "album/a.jpg", StatusCode::NOT_FOUND, "NoSuchKey");
    let place = Place::with_keys(&emulator);
    let ran = place
        .cos(["cp", "-r", &object("album/"), "here"])
        .await
        .exits(7);
    let mut lines: Vec<_> = without_ids(&ran.stderr)
        .lines()
        .map(str::to_owned)
        .collect();
    lines[..2].sort();
    insta::assert_snapshot!(lines.join("\n"), @r"
    error: cannot download cos://examplebucket-1250000000/album/a.jpg: 404 NoSuchKey: This is a scripted fault. (request id [ID])
    error: cannot download cos://examplebucket-1250000000/album/b.txt: 403 AccessDenied: This is a scripted fault. (request id [ID])
    cos://examplebucket-1250000000/album/ -> here: fetched 2 objects, 5 B in [TIME], 2 failed
    error: cannot download cos://examplebucket-1250000000/album/: 2 of 4 objects failed
    ");
    // What the next run goes on from stays beside it.
    let there = tree(&place.path("here"));
    let objects = there
        .iter()
        .filter(|path| !path.starts_with(".cos-partial/"));
    assert!(
        objects.eq(["deep/", "deep/er/", "deep/er/c.jpg"].iter()),
        "{there:?}"
    );
    emulator.shutdown().await.unwrap();
}

/// What was told, without times and request ids.
fn without_ids(told: &str) -> String {
    let mut told = without_times(told);
    for (before, after) in [("(request id ", ")"), ("\"request_id\":", "}")] {
        let mut parts = told.split(before);
        let first = parts.next().unwrap().to_owned();
        told = parts.fold(first, |all, part| {
            let (_, rest) = part.split_once(after).unwrap();
            format!("{all}{before}[ID]{after}{rest}")
        });
    }
    told
}

#[tokio::test]
async fn fail_fast_ends_at_the_first_failure() {
    let emulator = emulator([
        ("k/a", Object::new("a")),
        ("k/b", Object::new("b")),
        ("k/c", Object::new("c")),
    ])
    .await;
    denied(&emulator, "k/a");
    let place = Place::with_keys(&emulator);
    let arguments = ["cp", "-r", &object("k/"), "here", "--connections", "1"];
    place
        .cos([&arguments[..], &["--fail-fast"]].concat())
        .await
        .exits(7);
    assert!(!place.path("here/c").exists());
    place.cos(arguments).await.exits(7);
    assert!(place.path("here/c").exists());
    emulator.shutdown().await.unwrap();
}

#[tokio::test]
async fn filters_are_asked_in_turn_and_the_last_match_wins() {
    let emulator = album().await;
    let place = Place::with_keys(&emulator);
    let jpg = ["--exclude", "*", "--include", "*.jpg"];
    let source = object("album/");
    let copy = ["cp", "-r", &source];
    place
        .cos([&copy[..], &["jpg"], &jpg].concat())
        .await
        .exits(0);
    assert_eq!(
        tree(&place.path("jpg")),
        ["a.jpg", "deep/", "deep/er/", "deep/er/c.jpg"]
    );
    let flat = ["--exclude", "deep/*"];
    place
        .cos([&copy[..], &["flat"], &jpg, &flat].concat())
        .await
        .exits(0);
    assert_eq!(tree(&place.path("flat")), ["a.jpg"]);
    emulator.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_dry_run_tells_and_does_nothing() {
    let emulator = album().await;
    let place = Place::with_keys(&emulator);
    let arguments = ["cp", "-r", &object("album/"), "here", "--dry-run"];
    let ran = place.cos(arguments).await.exits(0);
    assert_eq!(place.names(), [] as [&str; 0]);
    let told: Vec<_> = ran.stdout.lines().collect();
    assert!(
        told.contains(&"would fetch cos://examplebucket-1250000000/album/a.jpg -> here/a.jpg: 5 B"),
        "{ran:#?}"
    );
    assert!(ran.stderr.contains("would fetch"), "{ran:#?}");
    let gets = |request: &cos_emulator::LoggedRequest| !request.key().is_empty();
    assert_eq!(
        emulator
            .log()
            .iter()
            .filter(|request| gets(request))
            .count(),
        0
    );
    emulator.shutdown().await.unwrap();
}

#[tokio::test]
async fn what_is_there_is_replaced_unless_it_is_to_be_kept() {
    let emulator = album().await;
    let place = Place::with_keys(&emulator);
    fs::create_dir(place.path("here")).unwrap();
    fs::write(place.path("here/a.jpg"), "older").unwrap();
    let copy = ["cp", "-r", &object("album/"), "here"];
    let kept = place
        .cos([&copy[..], &["--no-clobber", "--json"]].concat())
        .await
        .exits(0);
    assert_eq!(place.read("here/a.jpg"), b"older");
    let last = kept.json_lines().pop().unwrap();
    assert_eq!((&last["skipped"], &last["failed"]), (&1.into(), &0.into()));
    place.cos(copy).await.exits(0);
    assert_eq!(place.read("here/a.jpg"), b"first");
    emulator.shutdown().await.unwrap();
}

#[tokio::test]
async fn shards_share_a_directory() {
    let emulator = album().await;
    let place = Place::with_keys(&emulator);
    let source = object("album");
    let shards = ["0/3", "1/3", "2/3"];
    let mut objects = 0;
    for shard in shards {
        let ran = place
            .cos(["cp", "-r", &source, "here", "--shard", shard, "--json"])
            .await;
        // A share may be empty.
        assert!(matches!(ran.exit, Some(0)), "{ran:#?}");
        objects += ran.json_lines().pop().unwrap()["objects"].as_u64().unwrap();
    }
    assert_eq!(objects, 5);
    place.cos(["cp", "-r", &source, "alone"]).await.exits(0);
    assert_eq!(tree(&place.path("here")), tree(&place.path("alone")));
    emulator.shutdown().await.unwrap();
}

#[tokio::test]
async fn no_key_at_all_is_3() {
    let emulator = album().await;
    let place = Place::with_keys(&emulator);
    place
        .cos(["cp", "-r", &object("nothing/"), "here"])
        .await
        .exits(3)
        .says(&["error: cannot download cos://examplebucket-1250000000/nothing/: no key starts"]);
    place
        .cos(["cp", "-r", "cos://absent-1250000000/", "here"])
        .await
        .exits(3)
        .says(&["NoSuchBucket"]);
    assert_eq!(tree(&place.path("here")), [] as [&str; 0]);
    emulator.shutdown().await.unwrap();
}

/// More keys than a page has, and a second page that does not come.
async fn cut_listing() -> Emulator {
    let keys: Vec<_> = (0..1200).map(|n| format!("k/{n:04}")).collect();
    let emulator = emulator(keys.iter().map(|key| (key.as_str(), Object::new("x")))).await;
    cut_next_listing(&emulator);
    emulator
}

fn cut_next_listing(emulator: &Emulator) {
    let fault = Fault::new().error(StatusCode::FORBIDDEN, "AccessDenied");
    emulator.faults().script(When::list().nth(2), fault);
}

#[tokio::test]
async fn a_listing_that_breaks_off_is_said_and_never_0() {
    let emulator = cut_listing().await;
    let place = Place::with_keys(&emulator);
    let ran = place
        .cos(["cp", "-r", &object("k/"), "here", "--json"])
        .await
        .exits(4)
        .says(&[
            "error: cannot list all of cos://examplebucket-1250000000/k/: ",
            "the listing failed after 1000 objects: 403 AccessDenied",
        ]);
    assert_eq!(ran.json_lines().pop().unwrap()["objects"], 1000);
    assert!(place.path("here/0999").exists());

    // It goes before the failure of an object.
    denied(&emulator, "k/0001");
    cut_next_listing(&emulator);
    place
        .cos(["cp", "-r", &object("k/"), "again"])
        .await
        .exits(4)
        .says(&["error: cannot download cos://examplebucket-1250000000/k/0001: 403"]);
    emulator.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_disk_that_takes_nothing_is_9() {
    let emulator = album().await;
    let place = Place::with_keys(&emulator);
    fs::write(place.path("file"), "x").unwrap();
    for directory in ["file", "file/below", "/proc/cos-test"] {
        place
            .cos(["cp", "-r", &object("album/"), directory])
            .await
            .exits(9)
            .says(&["error: cannot download cos://"]);
    }
    assert_eq!(place.read("file"), b"x");
    emulator.shutdown().await.unwrap();
}

#[tokio::test]
async fn names_that_would_move_a_cursor_are_shown_and_do_not() {
    let key = "k/\u{1b}[2Jgone\u{202e}\r\n";
    let emulator = emulator([(key, Object::new("x")), ("k/\u{1b}]0;b", Object::new("x"))]).await;
    denied(&emulator, key);
    let place = Place::with_keys(&emulator);
    let ran = place
        .cos(["cp", "-r", &object("k/"), "a\u{1b}[31m"])
        .await
        .exits(7)
        .says(&[r"k/\u{1b}[2Jgone\u{202e}\r\n: 403", r"-> a\u{1b}[31m: "]);
    assert!(
        !ran.stderr.contains(['\u{1b}', '\u{202e}', '\r']),
        "{ran:#?}"
    );
    let ran = place
        .cos(["cp", "-r", &object("k/"), "b", "--dry-run"])
        .await
        .exits(0);
    assert!(
        !ran.stdout.contains(['\u{1b}', '\u{202e}', '\r']),
        "{ran:#?}"
    );
    let ran = place
        .cos(["cp", "-r", &object("k/"), "c", "--json"])
        .await
        .exits(7);
    assert!(
        !ran.stdout.contains(['\u{1b}', '\u{202e}', '\r']),
        "{ran:#?}"
    );
    assert!(ran.json_lines().iter().any(|line| line["key"] == key));
    emulator.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_reader_that_leaves_ends_it_quietly() {
    let keys: Vec<_> = (0..3000).map(|n| format!("k/{n:04}")).collect();
    let emulator = emulator(keys.iter().map(|key| (key.as_str(), Object::new("x")))).await;
    let place = Place::with_keys(&emulator);
    // Of many objects, and of so few that their lines are written in the end.
    for (option, prefix) in [
        ("--json", "k/"),
        ("--json", "k/000"),
        ("--dry-run", "k/"),
        ("--dry-run", "k/000"),
    ] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let child = place
            .command(["cp", "-r", &object(prefix), "here", option])
            .stdout(writer)
            .spawn()
            .unwrap();
        let ended = child.wait_with_output().await.unwrap();
        assert_eq!(ended.status.code(), Some(0), "{option}");
        assert_eq!(String::from_utf8(ended.stderr).unwrap(), "", "{option}");
    }
    emulator.shutdown().await.unwrap();
}

/// An endpoint with 41 objects, of which one is not sent when it is first asked for.
async fn stuck() -> Emulator {
    let keys = (0..40).map(|n| format!("k/{n:02}"));
    let keys: Vec<_> = keys.chain(["k/denied".to_owned()]).collect();
    let emulator = emulator(keys.iter().map(|key| (key.as_str(), Object::new("x")))).await;
    emulator
        .faults()
        .script(When::get().key("k/39"), Fault::new().stall_head_for_ever());
    emulator
}

/// Waits until that one is asked for, and those before it are in place.
async fn until_stuck(emulator: &Emulator, place: &Place, child: &mut Child) {
    let published = || (0..39).all(|n| place.path(&format!("here/{n:02}")).exists());
    let met = || emulator.faults().unconsumed().is_empty();
    while !met() || !published() {
        assert_eq!(child.try_wait().unwrap(), None, "it has ended by itself");
        sleep(Duration::from_millis(2)).await;
    }
}

#[tokio::test]
async fn ctrl_c_keeps_what_is_in_place_and_goes_before_failures() {
    let emulator = stuck().await;
    denied(&emulator, "k/denied");
    let place = Place::with_keys(&emulator);
    let arguments = ["cp", "-r", &object("k/"), "here"];
    let mut child = place.command(arguments).spawn().unwrap();
    until_stuck(&emulator, &place, &mut child).await;
    signal(&child, Signal::INT);
    let ended = child.wait_with_output().await.unwrap();
    let stderr = String::from_utf8(ended.stderr).unwrap();
    assert_eq!(ended.status.code(), Some(130), "{stderr}");
    for said in [
        "error: cannot download cos://examplebucket-1250000000/k/denied: 403",
        "fetched 39 objects, 39 B",
        ", 1 failed\nerror: interrupted\nhint: run the same command again",
    ] {
        assert!(stderr.contains(said), "no {said:?} in {stderr}");
    }

    emulator.faults().clear();
    let seen = emulator.log().len();
    place.cos(arguments).await.exits(0);
    let asked: Vec<_> = emulator.log().into_iter().skip(seen).collect();
    let mut keys: Vec<_> = asked.iter().map(|request| request.key()).collect();
    keys.sort_unstable();
    assert_eq!(
        keys,
        ["", "k/39", "k/denied"],
        "a listing, and what was missing"
    );
    assert!(!place.path("here/.cos-partial").exists());
    emulator.shutdown().await.unwrap();
}

#[tokio::test]
async fn lines_come_while_it_goes_on() {
    let emulator = stuck().await;
    let place = Place::with_keys(&emulator);
    let arguments = ["cp", "-r", &object("k/"), "here", "--json"];
    let mut child = place.command(arguments).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    for _ in 0..39 {
        let line = lines.next_line().await.unwrap().unwrap();
        let record: serde_json::Value = serde_json::from_str(&line).unwrap();
        assert_eq!(record["verified"], "crc64");
    }
    assert_eq!(child.try_wait().unwrap(), None);
    drop(child);
    emulator.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_second_process_in_the_same_directory_is_10() {
    let emulator = stuck().await;
    let place = Place::with_keys(&emulator);
    let arguments = ["cp", "-r", &object("k/"), "here"];
    let mut child = place.command(arguments).spawn().unwrap();
    until_stuck(&emulator, &place, &mut child).await;
    place
        .cos(arguments)
        .await
        .exits(10)
        .says(&["another process is downloading to here", "hint: "]);
    drop(child);
    emulator.shutdown().await.unwrap();
}

#[tokio::test]
async fn two_bars_show_objects_and_bytes_and_are_gone_in_the_end() {
    let emulator = album().await;
    denied(&emulator, "album/b.txt");
    let place = Place::with_keys(&emulator);
    let arguments = [
        "cp",
        "-r",
        &object("album/"),
        "here",
        "--progress",
        "always",
    ];
    let Ran { stderr, .. } = place.cos(arguments).await.exits(7);
    assert!(stderr.contains("objects"), "{stderr:?}");
    assert!(stderr.contains("100%  10 B of 10 B"), "{stderr:?}");
    let said = stderr.rsplit("\u{1b}[2K").next().unwrap();
    assert!(said.contains("1 failed\nerror: "), "{stderr:?}");
    emulator.shutdown().await.unwrap();
}

#[tokio::test]
async fn what_is_asked_for_every_object_reaches_the_wire() {
    let emulator = album().await;
    let place = Place::with_keys(&emulator);
    place
        .cos([
            "cp",
            "-r",
            &object("album/"),
            "here",
            "--traffic-limit",
            "838860800",
            "--response-cache-control",
            "no-store",
        ])
        .await
        .exits(0);
    let log = emulator.log();
    let gets: Vec<_> = log
        .iter()
        .filter(|request| request.key().ends_with("jpg"))
        .collect();
    assert_eq!(gets.len(), 2);
    for get in gets {
        assert_eq!(get.header("x-cos-traffic-limit"), Some("838860800"));
        assert!(get.query().contains("response-cache-control=no-store"));
    }
    emulator.shutdown().await.unwrap();
}

#[tokio::test]
async fn options_that_do_not_go_together_are_2() {
    let place = Place::bare().env("COS_REGION", "ap-beijing");
    let k = object("k");
    for arguments in [
        vec!["cp", &k, "out", "--full-keys"],
        vec!["cp", &k, "out", "--dry-run"],
        vec!["cp", &k, "out", "--fail-fast"],
        vec!["cp", &k, "out", "--include", "*"],
        vec!["cp", &k, "out", "--exclude", "*"],
        vec!["cp", &k, "out", "--shard", "0/1"],
        vec!["cp", "-r", &k, "out", "--range", "bytes=0-1"],
        vec!["cp", "-r", &k, "out", "--version-id", "1"],
        vec!["cp", "-r", &k, "out", "--if-match", "x"],
        vec!["cp", "-r", &k, "out", "--include", "a[b"],
        vec!["cp", "-r", &k, "out", "--shard", "2/2"],
        vec!["cp", "-r", &k, "out", "--checksum"],
        vec!["cp", "-r", &k, "out", "--delete"],
        vec!["sync", &k, "out", "--range", "bytes=0-1"],
        vec!["sync", &k],
        vec!["sync", &k, "-"],
        vec!["cp", "-r", &k, "-"],
    ] {
        let ran = place.cos(&arguments).await;
        assert_eq!(ran.exit, Some(2), "{arguments:?}: {ran:#?}");
        assert!(ran.stderr.starts_with("error: "), "{arguments:?}: {ran:#?}");
    }
    assert_eq!(place.names(), [] as [&str; 0]);
}

async fn many(limit: &str) -> u64 {
    let keys: Vec<String> = (0..400).map(|n| format!("many/{n}")).collect();
    let objects = keys.iter().map(|key| (key.as_str(), Object::new("few")));
    let emulator = emulator(objects).await;
    // None is done before all are under way.
    let late = Fault::new().stall_head(Duration::from_millis(300));
    let first = When::get().key_prefix("many/").times(256);
    emulator.faults().script(first, late);
    let place = Place::with_keys(&emulator);
    let arguments = ["cp", "-r", "--connections", "256"].map(str::to_owned);
    let arguments = arguments
        .into_iter()
        .chain([object("many/"), "out".to_owned()]);
    let ran = limited(&place, limit, arguments.collect()).await.exits(0);
    assert_eq!(ran.stdout, "");
    assert_eq!(tree(&place.path("out")).len(), keys.len());
    let connections = emulator.connections();
    emulator.shutdown().await.unwrap();
    connections
}

/// Of the connections that are wanted, there are as many as there are file handles for.
#[tokio::test]
async fn f19_few_file_handles_are_fewer_connections() {
    let connections = many("-n 128").await;
    assert!(connections <= 64, "{connections}");
}

#[tokio::test]
async fn f19_a_limit_on_file_handles_is_raised_as_far_as_it_may_be() {
    let connections = many("-S -n 128").await;
    assert!(connections > 64, "{connections}");
}
