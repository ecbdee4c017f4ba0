//! Ctrl-C: the first one ends a download in order and keeps what has come, the second one ends the
//! process at once.

use std::fs::{File, OpenOptions};
use std::path::Path;
use std::time::Duration;

use cos_emulator::{Emulator, Fault, Object, When};
use rustix::process::Signal;
use tokio::process::Child;
use tokio::time::{sleep, timeout};

use crate::common::{Place, emulator, object, signal};

const SIZE: u64 = 5 << 20;

/// An endpoint that does not send the last two parts of `k` when they are first asked for.
async fn endpoint() -> Emulator {
    let emulator = emulator([("k", Object::generated(1, SIZE))]).await;
    for first in [3 << 20, 4 << 20] {
        emulator.faults().script(
            When::get().range_from(first),
            Fault::new().stall_head_for_ever(),
        );
    }
    emulator
}

fn arguments<'a>(more: &[&'a str]) -> Vec<&'a str> {
    let fixed = ["out", "--part-size", "1MiB", "-j", "2"];
    [
        &["cp", "cos://examplebucket-1250000000/k"],
        &fixed[..],
        more,
    ]
    .concat()
}

/// A process that has three of five parts, and waits for the others.
async fn waiting(place: &Place, emulator: &Emulator, more: &[&str]) -> Child {
    let mut child = place.command(arguments(more)).spawn().unwrap();
    while emulator.faults().check().is_err() {
        assert_eq!(child.try_wait().unwrap(), None, "it has ended by itself");
        sleep(Duration::from_millis(1)).await;
    }
    child
}

#[tokio::test]
async fn f20_the_first_signal_keeps_what_has_come_and_the_same_command_goes_on() {
    for (sent, exit, said) in [
        (Signal::INT, 130, "error: interrupted\n"),
        (Signal::TERM, 143, "error: terminated\n"),
    ] {
        let emulator = endpoint().await;
        let place = Place::with_keys(&emulator);
        let child = waiting(&place, &emulator, &[]).await;
        signal(&child, sent);
        let ended = child.wait_with_output().await.unwrap();
        let stderr = String::from_utf8(ended.stderr).unwrap();
        assert_eq!(ended.status.code(), Some(exit), "{stderr}");
        assert_eq!(
            stderr,
            format!("{said}hint: 3.0 MiB are kept: run the same command again to resume\n")
        );
        assert_eq!(place.names(), ["out.cosckpt", "out.cospart"]);

        let resumed = place.cos(arguments(&["--json"])).await.exits(0).json();
        assert_eq!(resumed["resumed"], 3 << 20);
        assert_eq!(resumed["fetched"], 2 << 20);
        assert_eq!(place.names(), ["out"]);
        emulator.shutdown().await.unwrap();
    }
}

#[tokio::test]
async fn f20_an_interrupted_download_is_a_record_too() {
    let emulator = endpoint().await;
    let place = Place::with_keys(&emulator);
    let child = waiting(&place, &emulator, &["--json"]).await;
    signal(&child, Signal::INT);
    let ended = child.wait_with_output().await.unwrap();
    let record: serde_json::Value = serde_json::from_slice(&ended.stdout).unwrap();
    assert_eq!(record["key"], "k");
    assert_eq!(record["error"]["message"], "interrupted");
    emulator.shutdown().await.unwrap();
}

#[tokio::test]
async fn f20_a_second_signal_ends_what_does_not_end() {
    let place = Place::bare();
    let pipe = place.path("pipe");
    // Whoever opens it to read waits for a writer, and hears no first signal.
    rustix::fs::mkfifoat(rustix::fs::CWD, &pipe, 0o600.into()).unwrap();
    for (sent, exit) in [(Signal::INT, 130), (Signal::TERM, 143)] {
        let mut child = place
            .command(["cp", &object("k"), "out", "--ca-cert", "pipe"])
            .env("COS_REGION", "ap-beijing")
            .spawn()
            .unwrap();
        let _writer = opened_for_writing(&pipe).await;
        let ended = timeout(Duration::from_secs(20), async {
            loop {
                if let Some(ended) = child.try_wait().unwrap() {
                    return ended;
                }
                signal(&child, sent);
                sleep(Duration::from_millis(20)).await;
            }
        });
        assert_eq!(ended.await.unwrap().code(), Some(exit));
    }
}

/// The writing end of a named pipe, once somebody reads it.
async fn opened_for_writing(pipe: &Path) -> File {
    use std::os::unix::fs::OpenOptionsExt;
    let nonblock = rustix::fs::OFlags::NONBLOCK.bits().try_into().unwrap();
    loop {
        let opened = OpenOptions::new()
            .write(true)
            .custom_flags(nonblock)
            .open(pipe);
        match opened {
            Ok(writer) => return writer,
            Err(_) => sleep(Duration::from_millis(1)).await,
        }
    }
}
