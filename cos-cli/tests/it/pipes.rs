//! Readers that leave early, and signals.

use std::io::Read;
use std::process::Stdio;

use cos_emulator::{Fault, MemoryBucket, Object, When};
use tokio::io::AsyncReadExt;

use crate::common::{BUCKET, Place, emulator, object, serve};

#[tokio::test]
async fn a_reader_that_leaves_ends_cat_quietly() {
    let emulator = emulator([("k", Object::generated(1, 20_000_000))]).await;
    let place = Place::with_keys(&emulator);
    for arguments in [
        vec!["cat".to_owned(), object("k")],
        vec!["cp".to_owned(), object("k"), "-".to_owned()],
    ] {
        let mut child = place.command(&arguments).spawn().unwrap();
        let mut stdout = child.stdout.take().unwrap();
        stdout.read_exact(&mut [0; 1000]).await.unwrap();
        drop(stdout);
        let output = child.wait_with_output().await.unwrap();
        assert_eq!(
            (output.status.code(), output.stderr),
            (Some(0), Vec::new()),
            "{arguments:?}"
        );
    }
    emulator.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_reader_that_leaves_ends_ls_quietly_and_no_further_page_is_asked_for() {
    let bucket = MemoryBucket::new(BUCKET);
    for number in 0..20_000 {
        bucket.put(
            format!("{}-{number:05}", "long".repeat(20)),
            Object::new(""),
        );
    }
    let emulator = serve(bucket).await;
    let place = Place::with_keys(&emulator);
    let mut child = place.command(["ls", "-r", &object("")]).spawn().unwrap();
    let mut stdout = child.stdout.take().unwrap();
    stdout.read_exact(&mut [0; 100]).await.unwrap();
    drop(stdout);
    let output = child.wait_with_output().await.unwrap();
    assert_eq!((output.status.code(), output.stderr), (Some(0), Vec::new()));
    assert!(emulator.log().len() < 20, "{}", emulator.log().len());
    emulator.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_closed_stdout_is_quiet_for_every_command_that_prints() {
    let emulator = emulator([("k", Object::new("content"))]).await;
    let place = Place::with_keys(&emulator);
    for command in [
        "--help",
        "man",
        "completions bash",
        "du cos://examplebucket-1250000000",
        "du --json cos://examplebucket-1250000000",
        "ls cos://examplebucket-1250000000",
        "ls --versions cos://examplebucket-1250000000",
        "ls",
        "stat cos://examplebucket-1250000000/k",
        "presign cos://examplebucket-1250000000/k",
    ] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let child = place
            .command(command.split(' '))
            .stdout(writer)
            .spawn()
            .unwrap();
        let output = child.wait_with_output().await.unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(
            (output.status.code(), stderr.as_str()),
            (Some(0), ""),
            "{command}"
        );
    }
    emulator.shutdown().await.unwrap();
}

/// Starts a download by one request that never ends, waits until it has begun to write, and sends
/// the signal.
async fn signalled(signal: rustix::process::Signal) -> (Option<i32>, Vec<String>) {
    let emulator = emulator([("k", Object::generated(1, 3_000_000))]).await;
    emulator
        .faults()
        .script(When::get(), Fault::new().stall_after_for_ever(2_000_000));
    let place = Place::with_keys(&emulator);
    let mut child = place
        .command(["cp", &object("k"), "out"])
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    while emulator.faults().check().is_err() || !place.path("out.cospart").exists() {
        assert_eq!(child.try_wait().unwrap(), None, "it has ended by itself");
        tokio::time::sleep(std::time::Duration::from_millis(1)).await;
    }
    crate::common::signal(&child, signal);
    let exit = child.wait().await.unwrap().code();
    emulator.shutdown().await.unwrap();
    (exit, place.names())
}

#[tokio::test]
async fn sigint_is_130_and_leaves_nothing() {
    assert_eq!(
        signalled(rustix::process::Signal::INT).await,
        (Some(130), Vec::new())
    );
}

#[tokio::test]
async fn sigterm_is_143_and_leaves_nothing() {
    assert_eq!(
        signalled(rustix::process::Signal::TERM).await,
        (Some(143), Vec::new())
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn ctrl_c_ends_cat_that_nobody_reads() {
    let emulator = emulator([("k", Object::generated(1, 20_000_000))]).await;
    let place = Place::with_keys(&emulator);
    let (mut reader, writer) = std::io::pipe().unwrap();
    let mut child = place
        .command(["cat", &object("k")])
        .stdout(writer)
        .spawn()
        .unwrap();
    // Something has come, and the pipe is full or about to be: the write that fills it blocks.
    reader.read_exact(&mut [0; 1]).unwrap();
    crate::common::signal(&child, rustix::process::Signal::INT);
    assert_eq!(child.wait().await.unwrap().code(), Some(130));
    emulator.shutdown().await.unwrap();
}
