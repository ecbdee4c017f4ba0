//! `cos cat`.

use cos_emulator::Object;

use crate::common::{Place, emulator, object};

#[tokio::test]
async fn the_bytes_and_nothing_else_are_on_stdout() {
    let emulator = emulator([("k", Object::generated(3, 5_000_001))]).await;
    let place = Place::with_keys(&emulator);
    place.cos(["cp", &object("k"), "file"]).await.exits(0);
    let output = place.command(["cat", &object("k")]).output().await.unwrap();
    assert_eq!((output.status.code(), output.stderr), (Some(0), Vec::new()));
    assert!(output.stdout == place.read("file"), "the bytes differ");
    assert_eq!(output.stdout.len(), 5_000_001);
    emulator.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_range_is_these_bytes() {
    let emulator = emulator([("k", Object::new("0123456789"))]).await;
    let place = Place::with_keys(&emulator);
    assert_eq!(
        place
            .cos(["cat", &object("k"), "--range", "bytes=0-0"])
            .await
            .exits(0)
            .stdout,
        "0"
    );
    assert_eq!(
        place
            .cos(["cat", &object("k"), "--range", "bytes=8-100"])
            .await
            .exits(0)
            .stdout,
        "89"
    );
    emulator.shutdown().await.unwrap();
}

#[tokio::test]
async fn an_empty_object_is_nothing() {
    let emulator = emulator([("k", Object::new(""))]).await;
    let place = Place::with_keys(&emulator);
    assert_eq!(place.cos(["cat", &object("k")]).await.exits(0).stdout, "");
    emulator.shutdown().await.unwrap();
}

#[tokio::test]
async fn an_object_that_looks_like_an_error_comes_verbatim() {
    let page = "<?xml version='1.0'?><Error><Code>NoSuchKey</Code></Error>";
    let emulator = emulator([("k", Object::new(page).content_type("application/xml"))]).await;
    let place = Place::with_keys(&emulator);
    assert_eq!(place.cos(["cat", &object("k")]).await.exits(0).stdout, page);
    emulator.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_compressed_object_comes_as_it_is_stored() {
    let emulator = emulator([(
        "k",
        Object::new("\u{1f}not really gzip").header("content-encoding", "gzip"),
    )])
    .await;
    let place = Place::with_keys(&emulator);
    assert_eq!(
        place.cos(["cat", &object("k")]).await.exits(0).stdout,
        "\u{1f}not really gzip"
    );
    assert_eq!(
        emulator.log()[0].header("accept-encoding"),
        Some("identity")
    );
    emulator.shutdown().await.unwrap();
}
