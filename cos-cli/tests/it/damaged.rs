//! Bodies that are short, long, corrupted or cut: nothing at the destination, and the exit code
//! says which it was.

use cos_emulator::{Emulator, Fault, Object, When};

use crate::common::{Place, emulator, object};

const SIZE: u64 = 3 * 1024 * 1024;

/// Each fault, and the exit code of the contract: 6 where the body ended and is not what its head
/// promised, 8 where the connection broke.
fn faults(size: u64) -> Vec<(&'static str, Fault, i32)> {
    vec![
        ("corrupted at the start", Fault::new().corrupt(0), 6),
        ("corrupted in the middle", Fault::new().corrupt(size / 2), 6),
        ("corrupted at the end", Fault::new().corrupt(size - 1), 6),
        (
            "short, and the length says so",
            Fault::new().truncate(size - 1),
            6,
        ),
        (
            "cut to nothing, and the length says so",
            Fault::new().truncate(0),
            6,
        ),
        (
            "longer than its length says",
            Fault::new().content_length(size - 1),
            6,
        ),
        (
            "shorter than its length says",
            Fault::new().content_length(size + 1),
            6,
        ),
        (
            "closed in the middle",
            Fault::new().close_after(size / 2),
            6,
        ),
        ("closed after the head", Fault::new().close_after(0), 6),
        ("reset in the middle", Fault::new().reset_after(size / 2), 8),
        ("closed without an answer", Fault::new().close(), 8),
        ("reset without an answer", Fault::new().reset(), 8),
    ]
}

async fn one_object() -> Emulator {
    emulator([("k", Object::generated(7, SIZE))]).await
}

#[tokio::test]
async fn a_damaged_body_leaves_nothing_at_the_destination() {
    let emulator = one_object().await;
    let place = Place::with_keys(&emulator).once();
    for (name, fault, exit) in faults(SIZE) {
        emulator.faults().script(When::get(), fault);
        let ran = place.cos(["cp", &object("k"), "out"]).await;
        assert_eq!(ran.exit, Some(exit), "{name}: {ran:#?}");
        assert!(
            ran.stderr.starts_with("error: cannot download cos://"),
            "{name}: {ran:#?}"
        );
        assert_eq!(place.names(), [] as [&str; 0], "{name}");
    }
    emulator.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_damaged_body_leaves_an_older_file_as_it_was() {
    let emulator = one_object().await;
    let place = Place::with_keys(&emulator).once();
    std::fs::write(place.path("out"), "older").unwrap();
    for (name, fault, exit) in faults(SIZE) {
        emulator.faults().script(When::get(), fault);
        place.cos(["cp", &object("k"), "out"]).await.exits(exit);
        assert_eq!(place.read("out"), b"older", "{name}");
        assert_eq!(place.names(), ["out"], "{name}");
    }
    emulator.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_damaged_body_on_stdout_is_told_by_the_exit_code() {
    // So small that one request is for all of it.
    let size = SIZE / 16;
    let emulator = emulator([("k", Object::generated(7, size))]).await;
    let place = Place::with_keys(&emulator).once();
    for (name, fault, exit) in faults(size) {
        emulator.faults().script(When::get(), fault);
        let output = place.command(["cat", &object("k")]).output().await.unwrap();
        assert_eq!(output.status.code(), Some(exit), "{name}");
    }
    emulator.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_range_that_is_not_the_one_asked_for_is_6() {
    let emulator = one_object().await;
    let place = Place::with_keys(&emulator);
    for (name, fault) in [
        ("ignored", Fault::new().ignore_range()),
        (
            "another one",
            Fault::new().content_range("bytes 0-1023/3145728"),
        ),
        ("malformed", Fault::new().content_range("bytes 1024-2047")),
        ("missing", Fault::new().drop_header("content-range")),
        ("cut short", Fault::new().truncate(1000)),
    ] {
        emulator.faults().script(When::get(), fault);
        let ran = place
            .cos(["cp", &object("k"), "out", "--range", "bytes=1024-2047"])
            .await;
        assert_eq!(ran.exit, Some(6), "{name}: {ran:#?}");
        assert_eq!(place.names(), [] as [&str; 0], "{name}");
    }
    emulator.shutdown().await.unwrap();
}

#[tokio::test]
async fn another_object_than_the_pinned_one_is_5() {
    let emulator = one_object().await;
    let place = Place::with_keys(&emulator);
    let etag = place
        .cos(["--json", "stat", &object("k")])
        .await
        .exits(0)
        .json()["etag"]
        .as_str()
        .unwrap()
        .to_owned();
    emulator
        .faults()
        .script(When::get(), Fault::new().set_header("etag", "\"another\""));
    place
        .cos(["cp", &object("k"), "out", "--if-match", &etag])
        .await
        .exits(5);
    assert_eq!(place.names(), [] as [&str; 0]);
    emulator.shutdown().await.unwrap();
}

#[tokio::test]
async fn an_error_page_in_place_of_the_object_is_not_downloaded() {
    let emulator = one_object().await;
    let place = Place::with_keys(&emulator);
    let etag = place
        .cos(["--json", "stat", &object("k")])
        .await
        .exits(0)
        .json()["etag"]
        .as_str()
        .unwrap()
        .to_owned();
    emulator
        .faults()
        .script(When::get(), Fault::new().html_page());
    place
        .cos(["cp", &object("k"), "out", "--if-match", &etag])
        .await
        .exits(5);
    emulator
        .faults()
        .script(When::get(), Fault::new().html_page());
    place
        .cos(["cp", &object("k"), "out", "--require-crc64"])
        .await
        .exits(6);
    emulator
        .faults()
        .script(When::get(), Fault::new().html_page());
    place.cos(["ls", &object("")]).await.exits(1);
    assert_eq!(place.names(), [] as [&str; 0]);
    emulator.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_malformed_crc64_header_is_no_answer() {
    let emulator = one_object().await;
    let place = Place::with_keys(&emulator);
    for value in ["+5", "-1", "0x10", "18446744073709551616", "", "1, 2"] {
        emulator.faults().script(
            When::get(),
            Fault::new().set_header("x-cos-hash-crc64ecma", value),
        );
        let ran = place.cos(["cp", &object("k"), "out"]).await;
        assert_eq!(ran.exit, Some(1), "{value:?}: {ran:#?}");
        assert_eq!(place.names(), [] as [&str; 0]);
    }
    emulator.shutdown().await.unwrap();
}
