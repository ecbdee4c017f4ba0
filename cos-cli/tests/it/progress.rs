//! `--progress` and `-v`: what is said beside the result.

use cos_emulator::{Fault, Object, When};

use crate::common::{Place, emulator, object};

const SIZE: u64 = 8 << 20;

#[tokio::test]
async fn a_bar_is_drawn_in_a_pipe_only_if_asked_for() {
    let emulator = emulator([("k", Object::generated(1, SIZE))]).await;
    let place = Place::with_keys(&emulator);
    let source = object("k");
    for quiet in [&[][..], &["--progress", "auto"], &["--progress", "never"]] {
        let args = [&["cp", &source, "out"], quiet].concat();
        let ran = place.cos(args).await.exits(0);
        assert_eq!(ran.stderr.lines().count(), 1, "{:?}", ran.stderr);
        assert!(!ran.stderr.contains('\u{1b}'), "{:?}", ran.stderr);
    }
    let shown = place
        .cos(["cp", &object("k"), "out", "--progress", "always"])
        .await
        .exits(0)
        .says(&[" of 8.0 MiB"])
        .stderr;
    let said = shown.rsplit("\u{1b}[2K").next().unwrap();
    assert!(
        said.starts_with("cos://") && said.ends_with("verified by crc64\n"),
        "the bar is gone before the result is told: {shown:?}"
    );
    emulator.shutdown().await.unwrap();
}

#[tokio::test]
async fn data_on_stdout_is_not_touched_by_a_bar() {
    let emulator = emulator([("k", Object::new("content"))]).await;
    let place = Place::with_keys(&emulator);
    let ran = place
        .cos(["cat", &object("k"), "--progress", "always"])
        .await
        .exits(0)
        .says(&["of 7 B"]);
    assert_eq!(ran.stdout, "content");
    emulator.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_bar_is_gone_before_an_error_is_told() {
    let emulator = emulator([("k", Object::generated(1, SIZE))]).await;
    let place = Place::with_keys(&emulator);
    emulator
        .faults()
        .script(When::get().key("k"), Fault::new().corrupt(SIZE - 1));
    let shown = place
        .cos(["cp", &object("k"), "out", "--progress", "always"])
        .await
        .exits(6)
        .stderr;
    let said = shown.rsplit("\u{1b}[2K").next().unwrap();
    assert!(said.starts_with("error: "), "{shown:?}");
    emulator.shutdown().await.unwrap();
}

#[tokio::test]
async fn verbose_tells_of_each_request() {
    let emulator = emulator([("k", Object::new("content"))]).await;
    let place = Place::with_keys(&emulator);
    let told = place.cos(["cp", &object("k"), "out", "-v"]).await.exits(0);
    assert!(told.stderr.lines().count() > 1, "{:?}", told.stderr);
    assert!(told.stderr.contains("206"), "{:?}", told.stderr);
    emulator.shutdown().await.unwrap();
}
