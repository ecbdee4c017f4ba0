//! Keys that are no names, names that look like none, and keys that stand in each other's way.

use cos_emulator::Object;
use cos_transfer::prefix::{PrefixError, Shard};

use crate::support::{World, run};

/// Hostile keys among harmless ones: the first fail, each with its reason, the others are there, and
/// nothing has happened outside of the destination.
async fn refused(hostile: &[(&str, &str)], harmless: &[&str]) {
    let world = World::new(&[("fine", "fine")]).await;
    for (key, _) in hostile {
        world.bucket.put(*key, Object::new("evil"));
    }
    for key in harmless {
        world.bucket.put(*key, Object::new("good"));
    }
    let before = world.outside();
    let ran = world.cp("").await;
    assert_eq!(world.outside(), before);

    assert!(matches!(&ran.result, Err(PrefixError::Objects { .. })));
    for (key, reason) in hostile {
        let told = &ran.told[*key];
        assert!(
            told.starts_with("failed") && told.contains(reason),
            "{key:?}: {told}"
        );
    }
    let mut expected: Vec<_> = harmless.iter().map(|key| (*key).to_owned()).collect();
    expected.push("fine".into());
    expected.sort();
    let mut there: Vec<_> = world
        .tree()
        .into_iter()
        .filter(|(_, content)| content != "folder")
        .map(|(path, _)| path)
        .collect();
    // What marks the run as one that has not placed everything.
    there.retain(|path| !path.starts_with(".cos-partial/"));
    assert_eq!(there, expected);
    assert_eq!(ran.report().failed, hostile.len() as u64);
    assert_eq!(
        world.gets(),
        expected.len(),
        "a key that is refused is not asked for"
    );
    world.end().await;
}

#[tokio::test]
async fn k1_keys_that_lead_out_are_refused() {
    let two_dots = "two dots";
    refused(
        &[
            ("../x", two_dots),
            ("../../precious", two_dots),
            ("a/../../x", two_dots),
            ("a/..", two_dots),
            ("..", two_dots),
            ("a/../", two_dots),
            ("/../x", "starts with a slash"),
        ],
        &[],
    )
    .await;
}

#[tokio::test]
async fn k2_absolute_keys_are_refused_and_backslashes_are_characters() {
    refused(
        &[
            ("/abs", "slash"),
            ("//x", "slash"),
            ("/", "slash"),
            ("/tmp/x", "slash"),
        ],
        &["C:\\x", "\\\\srv\\x", "\\..\\x", "C:"],
    )
    .await;
}

#[tokio::test]
async fn k3_names_that_only_look_like_two_dots_are_names() {
    let keys = ["file..txt", "...", "..a", "a../b", "b/..."];
    let world = World::new(&keys.map(|key| (key, "good"))).await;
    let ran = world.cp("").await;
    assert_eq!(ran.result.unwrap().objects, 5);
    for key in keys {
        assert_eq!(world.read(key), "good");
    }
    world.end().await;
}

#[tokio::test]
async fn k4_a_nul_is_refused_and_other_control_characters_are_stored() {
    refused(
        &[("a\0b", "NUL")],
        &[
            "esc\u{1b}[31mred",
            "line\nfeed",
            "\u{202e}txt.exe",
            "bell\u{7}",
            "\u{85}",
        ],
    )
    .await;
}

#[tokio::test]
async fn k5_a_component_that_is_too_long_is_refused_and_the_longest_is_not() {
    let long = "x".repeat(256);
    let nested = format!("a/{long}/b");
    let longest = "y".repeat(255);
    let deep = ["d"; 500].join("/");
    refused(
        &[(&long, "256 bytes"), (&nested, "256 bytes")],
        &[&longest, &deep],
    )
    .await;
}

/// Large enough for sidecars, whose own names would be longer than a name may be.
#[tokio::test]
async fn k5_sidecars_fit_where_the_name_itself_just_does() {
    let name = "z".repeat(255);
    let world = World::new(&[]).await;
    world
        .bucket
        .put(name.as_str(), Object::generated(5, 3_000_000));
    let ran = world.cp("").await;
    assert_eq!(ran.result.unwrap().bytes, 3_000_000);
    assert_eq!(world.tree().len(), 2);
    world.end().await;
}

#[tokio::test]
async fn k6_components_that_a_file_system_drops_are_refused() {
    refused(
        &[
            ("a//b", "empty component"),
            ("a//", "empty component"),
            ("./a", "a dot"),
            ("b/./c", "a dot"),
            (".", "a dot"),
            ("b/.", "a dot"),
        ],
        &["a/b", "c"],
    )
    .await;
}

/// `a` stays and everything below it fails; what sorts in between is not concerned.
#[tokio::test]
async fn k7_a_file_stays_and_what_is_below_it_fails() {
    let objects = [
        ("a", "file"),
        ("a!", "1"),
        ("a-b", "2"),
        ("a/", ""),
        ("a/b", "3"),
        ("a/c/d", "4"),
        ("ab", "5"),
    ];
    let below = ["a/", "a/b", "a/c/d"];
    let world = World::new(&objects).await;
    for _ in 0..3 {
        let ran = world.cp("").await;
        assert_eq!(ran.keys("failed"), below);
        assert!(ran.told["a/b"].contains("the key \"a\" is a file"));
        assert_eq!(world.read("a"), "file");
        assert_eq!(world.read("ab"), "5");
    }
    world.end().await;
}

/// Also where the file itself is another shard's, or not wanted.
#[tokio::test]
async fn k7_is_decided_before_filters_and_shards() {
    let world = World::new(&[("a", "file"), ("a/b", "1"), ("a/c", "2"), ("d/e", "3")]).await;
    let mut failed = Vec::new();
    for index in 0..3 {
        let download = world.download("").shard(Shard::new(index, 3).unwrap());
        let ran = run(download).await;
        failed.extend(ran.keys("failed").into_iter().map(str::to_owned));
    }
    failed.sort();
    assert_eq!(failed, ["a/b", "a/c"]);

    let filter = cos_transfer::prefix::Filter::new().include("a/*").unwrap();
    let ran = run(world.download("").filter(filter)).await;
    assert_eq!(ran.keys("failed"), ["a/b", "a/c"]);
    assert_eq!(ran.keys("fetched"), [""; 0]);
    world.end().await;
}

#[tokio::test]
async fn k8_a_folders_key_makes_a_folder_and_with_bytes_fails() {
    let world = World::new(&[("d/empty/", ""), ("d/full/", "5byte"), ("d/x/y", "z")]).await;
    let ran = world.cp("d/").await;
    assert_eq!(ran.keys("folder"), ["d/empty/"]);
    assert_eq!(ran.keys("failed"), ["d/full/"]);
    assert!(ran.told["d/full/"].contains("5 bytes"));
    assert!(world.at("empty").is_dir() && !world.at("full").exists());
    world.end().await;
}

/// A bucket's bytes never become a checkpoint.
#[tokio::test]
async fn k12_the_name_of_our_own_folder_is_refused_in_any_case() {
    refused(
        &[
            (".cos-partial", "unfinished"),
            (".cos-partial/run", "unfinished"),
            (".COS-PARTIAL/x.cospart", "unfinished"),
            (".Cos-Partial/", "unfinished"),
            (".co\u{17f}-partial/x", "unfinished"),
        ],
        &["a/.cos-partial", ".cos-partial.", "x.cospart", "x.cosckpt"],
    )
    .await;
}

/// A plain prefix in the bucket; in paths, whole components.
#[tokio::test]
async fn k13_a_prefix_is_a_text_and_only_whole_components_are_left_out() {
    let world = World::new(&[("foo/a", "1"), ("foobar/b", "2"), ("fo", "3")]).await;
    let ran = world.cp("foo").await;
    assert_eq!(ran.keys("fetched"), ["foo/a", "foobar/b"]);
    assert_eq!(world.read("foo/a"), "1");
    assert_eq!(world.read("foobar/b"), "2");
    let ran = run(world.download("foo/").full_keys(true)).await;
    assert_eq!(ran.keys("fetched"), ["foo/a"]);
    let ran = world.cp("foo/").await;
    assert_eq!(ran.keys("fetched"), ["foo/a"]);
    assert_eq!(world.read("a"), "1");
    world.end().await;
}

/// What is asked for is the key, byte for byte, however odd.
#[tokio::test]
async fn k14_odd_keys_arrive_on_the_wire_as_they_are() {
    let keys = [
        "a b",
        "a%2Fb",
        "a+b",
        "ü/数据",
        "x?y=z&w#f",
        "q;r:s@t",
        "~!*'()",
        "..a/...",
        "%",
        "\\",
    ];
    let world = World::new(&keys.map(|key| (key, key))).await;
    let ran = world.cp("").await;
    assert_eq!(ran.result.unwrap().objects, keys.len() as u64);
    for key in keys {
        assert_eq!(world.read(key), key);
    }
    let log = world.emulator.log();
    let mut asked: Vec<_> = log
        .iter()
        .map(|request| request.key())
        .filter(|key| !key.is_empty())
        .collect();
    let mut expected = keys.to_vec();
    asked.sort_unstable();
    expected.sort_unstable();
    assert_eq!(asked, expected);
    drop(log);
    world.end().await;
}
