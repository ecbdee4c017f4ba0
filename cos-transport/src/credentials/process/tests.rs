#![cfg(unix)]

use std::path::Path;
use std::time::Instant;

use super::*;
use crate::credentials::CredentialsErrorKind;

const GOOD: &str = r#"{"TmpSecretId":"id","TmpSecretKey":"canary","Token":"token"}"#;

fn shell(script: &str) -> Process {
    Process::new("/bin/sh").arg("-c").arg(script)
}

async fn failure(process: Process) -> CredentialsError {
    let error = process.provide(None).await.unwrap_err();
    assert!(
        error.tried().starts_with("the credential process"),
        "{error}"
    );
    assert!(!format!("{error} {error:?} {process:?}").contains("canary"));
    error
}

#[tokio::test]
async fn what_the_command_prints_is_used_and_kept() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("runs");
    let process = shell(&format!("echo run >> {}; echo '{GOOD}'", log.display()));
    let first = process.provide(None).await.unwrap();
    assert_eq!(first.credentials().secret_id(), "id");
    assert_eq!(first.credentials().token(), Some("token"));
    let again = process.provide(None).await.unwrap();
    assert_eq!(again.generation(), first.generation());
    let new = process.provide(Some(first.generation())).await.unwrap();
    assert_ne!(new.generation(), first.generation());
    assert_eq!(std::fs::read_to_string(log).unwrap(), "run\nrun\n");
}

#[tokio::test]
async fn a_line_of_a_configuration_is_run_without_a_shell() {
    let line = format!("printf '%s' '{GOOD}'");
    let issued = Process::parse(&line).unwrap().provide(None).await.unwrap();
    assert_eq!(issued.credentials().secret_id(), "id");
    for line in ["", "  ", "'a", "\"\" x"] {
        assert!(Process::parse(line).is_err(), "{line}");
    }
}

#[tokio::test]
async fn a_command_that_does_not_exist_is_named() {
    let error = failure(Process::new("/nowhere/at\x1ball").arg("canary")).await;
    assert_eq!(error.kind(), CredentialsErrorKind::Invalid);
    assert_eq!(
        error.to_string(),
        r#"no credentials from the credential process "/nowhere/at\u{1b}all": it cannot be run"#
    );
}

#[tokio::test]
async fn a_command_that_fails_is_told_without_its_words() {
    let error = failure(shell("echo canary; echo canary >&2; exit 3")).await;
    assert_eq!(error.kind(), CredentialsErrorKind::Invalid);
    assert!(error.reason().contains("exit status: 3"), "{error}");
    let error = failure(shell("kill -9 $$")).await;
    assert!(error.reason().contains("signal: 9"), "{error}");
}

#[tokio::test]
async fn garbage_is_refused() {
    for script in [
        "true",
        "echo canary",
        "echo '{\"TmpSecretKey\": [\"canary\"]}'",
    ] {
        let error = failure(shell(script)).await;
        assert_eq!(error.kind(), CredentialsErrorKind::Invalid, "{script}");
    }
}

#[tokio::test]
async fn a_command_that_prints_too_much_is_refused_at_once() {
    let began = Instant::now();
    let error = failure(shell("while :; do echo canary; done")).await;
    assert_eq!(error.kind(), CredentialsErrorKind::Invalid);
    assert!(error.reason().contains("65536"), "{error}");
    assert!(began.elapsed() < PROCESS_TIME);
}

#[tokio::test]
async fn a_command_that_takes_too_long_is_killed() {
    let folder = tempfile::tempdir().unwrap();
    let pid = folder.path().join("pid");
    let process = shell(&format!("echo $$ > {}; exec sleep 1000", pid.display()))
        .time(Duration::from_millis(300));
    let error = failure(process).await;
    assert_eq!(error.kind(), CredentialsErrorKind::Unavailable);
    gone(&pid).await;
}

#[tokio::test]
async fn a_command_that_nobody_waits_for_is_killed() {
    let folder = tempfile::tempdir().unwrap();
    let pid = folder.path().join("pid");
    let process = shell(&format!("echo $$ > {}; exec sleep 1000", pid.display()));
    let waited = tokio::time::timeout(Duration::from_millis(300), process.provide(None)).await;
    assert!(waited.is_err());
    gone(&pid).await;
}

/// Waits until the process whose id stands in the file is no more.
async fn gone(pid: &Path) {
    let pid = std::fs::read_to_string(pid).unwrap();
    let process = Path::new("/proc").join(pid.trim());
    let limit = Instant::now() + Duration::from_secs(10);
    while process.exists() && !is_zombie(&process) {
        assert!(Instant::now() < limit, "{} lives", process.display());
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

fn is_zombie(process: &Path) -> bool {
    std::fs::read_to_string(process.join("stat")).is_ok_and(|stat| stat.contains(") Z "))
}
