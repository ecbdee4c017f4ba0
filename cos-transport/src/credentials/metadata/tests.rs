use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use super::*;
use crate::credentials::CredentialsErrorKind;

const GOOD: &str = r#"{"TmpSecretId":"id","TmpSecretKey":"canary","Token":"token",
    "ExpiredTime":32503680000,"Code":"Success"}"#;

/// A metadata service on this machine that answers with what it was given, one answer a connection.
struct Service {
    url: String,
    asked: Arc<Mutex<Vec<String>>>,
    task: JoinHandle<()>,
}

impl Service {
    async fn new(answers: impl IntoIterator<Item = String>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/creds/", listener.local_addr().unwrap());
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (log, answers) = (Arc::clone(&asked), answers.into_iter().collect::<Vec<_>>());
        let task = tokio::spawn(async move {
            for answer in answers {
                let (mut stream, _) = listener.accept().await.unwrap();
                let head = read_head(&mut stream).await;
                log.lock()
                    .unwrap()
                    .push(head.lines().next().unwrap().to_owned());
                // The client may have seen enough before the end.
                let _ = stream.write_all(answer.as_bytes()).await;
            }
        });
        Self { url, asked, task }
    }

    fn provider(&self) -> InstanceMetadata {
        InstanceMetadata::new().url(&self.url).unwrap()
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn read_head(stream: &mut TcpStream) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.unwrap());
    }
    String::from_utf8(head).unwrap()
}

fn ok(body: &str) -> String {
    format!(
        "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

async fn failure(answers: impl IntoIterator<Item = String>) -> CredentialsError {
    let service = Service::new(answers).await;
    let error = service.provider().provide(None).await.unwrap_err();
    assert!(
        error
            .tried()
            .starts_with("instance metadata at http://127.0.0.1:")
    );
    assert!(error.tried().ends_with("/creds"), "{error}");
    let mut told = format!("{error} {error:?}");
    let mut cause = std::error::Error::source(&error);
    while let Some(error) = cause {
        told.push_str(&format!(" {error}"));
        cause = error.source();
    }
    assert!(!told.contains("canary"), "{told}");
    error
}

#[tokio::test]
async fn the_role_is_found_and_its_credentials_are_fetched_and_kept() {
    let service = Service::new([ok("the_role\n"), ok(GOOD)]).await;
    let provider = service.provider();
    let issued = provider.provide(None).await.unwrap();
    assert_eq!(issued.credentials().secret_id(), "id");
    assert_eq!(issued.credentials().token(), Some("token"));
    let again = provider.provide(None).await.unwrap();
    assert_eq!(again.generation(), issued.generation());
    assert_eq!(
        service.asked(),
        ["GET /creds/ HTTP/1.1", "GET /creds/the_role HTTP/1.1"]
    );
    assert!(!format!("{provider:?} {issued:?}").contains("canary"));
}

#[tokio::test]
async fn a_named_role_is_not_looked_for() {
    let service = Service::new([ok(GOOD)]).await;
    let provider = service.provider().role("mine").unwrap();
    provider.provide(None).await.unwrap();
    assert_eq!(service.asked(), ["GET /creds/mine HTTP/1.1"]);
}

#[tokio::test]
async fn refused_credentials_are_fetched_again() {
    let service = Service::new([ok(GOOD), ok(GOOD)]).await;
    let provider = service.provider().role("mine").unwrap();
    let first = provider.provide(None).await.unwrap();
    let second = provider.provide(Some(first.generation())).await.unwrap();
    assert_ne!(first.generation(), second.generation());
    assert_eq!(service.asked().len(), 2);
}

#[tokio::test]
async fn a_server_without_a_role_has_none() {
    for answer in [ok(""), ok("\n"), "HTTP/1.1 404 Not Found\r\n\r\n".into()] {
        let error = failure([answer]).await;
        assert_eq!(error.kind(), CredentialsErrorKind::Absent, "{error}");
    }
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let elsewhere = Service::new([ok(GOOD)]).await;
    for status in [301, 302, 307, 308] {
        let answer = format!(
            "HTTP/1.1 {status} Moved\r\nLocation: {}\r\nContent-Length: 0\r\n\r\n",
            elsewhere.url
        );
        let error = failure([answer]).await;
        assert_eq!(error.kind(), CredentialsErrorKind::Invalid);
        assert!(error.reason().contains(&status.to_string()), "{error}");
    }
    assert!(elsewhere.asked().is_empty());
}

#[tokio::test]
async fn failing_statuses_are_told() {
    for (status, kind) in [
        (400, CredentialsErrorKind::Invalid),
        (403, CredentialsErrorKind::Invalid),
        (429, CredentialsErrorKind::Unavailable),
        (500, CredentialsErrorKind::Unavailable),
        (503, CredentialsErrorKind::Unavailable),
    ] {
        let answer = format!("HTTP/1.1 {status} X\r\nContent-Length: 6\r\n\r\ncanary");
        let error = failure([answer]).await;
        assert_eq!(error.kind(), kind, "{error}");
        assert!(error.reason().contains(&status.to_string()), "{error}");
    }
}

#[tokio::test]
async fn garbage_for_a_role_is_refused() {
    for body in [
        "<html>canary",
        "a/b",
        "..",
        "a\r\nb",
        "canary?x=1",
        "r\u{f6}le",
    ] {
        let error = failure([ok(body)]).await;
        assert_eq!(error.kind(), CredentialsErrorKind::Invalid, "{body}");
    }
    let error = failure([ok(&"a".repeat(ROLE_LIMIT + 1))]).await;
    assert_eq!(error.kind(), CredentialsErrorKind::Invalid);
}

#[tokio::test]
async fn garbage_for_credentials_is_refused() {
    for body in [
        "",
        "canary",
        "<html>canary</html>",
        "{\"TmpSecretKey\":[\"canary\"]}",
    ] {
        let error = failure([ok("role"), ok(body)]).await;
        assert_eq!(error.kind(), CredentialsErrorKind::Invalid, "{body}");
    }
}

#[tokio::test]
async fn an_answer_that_is_too_long_is_refused() {
    let long = " ".repeat(answer::ANSWER_LIMIT + 1);
    let error = failure([ok("role"), ok(&long)]).await;
    assert_eq!(error.kind(), CredentialsErrorKind::Invalid);
    let exact = format!("{GOOD}{}", " ".repeat(answer::ANSWER_LIMIT - GOOD.len()));
    let service = Service::new([ok("role"), ok(&exact)]).await;
    assert!(service.provider().provide(None).await.is_ok());
}

#[tokio::test]
async fn an_answer_that_breaks_off_or_is_no_http_is_told() {
    for answer in [
        "",
        "canary\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nrole",
    ] {
        let error = failure([answer.to_owned()]).await;
        assert_eq!(error.kind(), CredentialsErrorKind::Unavailable, "{answer}");
    }
}

#[tokio::test]
async fn nobody_there_is_told() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    drop(listener);
    let provider = InstanceMetadata::new().url(&url).unwrap();
    let error = provider.provide(None).await.unwrap_err();
    assert_eq!(error.kind(), CredentialsErrorKind::Unavailable);
    assert!(error.to_string().contains("it cannot be reached"));
}

#[tokio::test]
async fn a_service_that_hangs_is_given_up() {
    // One stalls before its head, one in its body.
    for answer in ["", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nrole"] {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let task = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            read_head(&mut stream).await;
            stream.write_all(answer.as_bytes()).await.unwrap();
            std::future::pending::<()>().await;
        });
        let limit = Duration::from_millis(100);
        let provider = InstanceMetadata::new().url(&url).unwrap().time(limit);
        let error = provider.provide(None).await.unwrap_err();
        assert_eq!(error.kind(), CredentialsErrorKind::Unavailable);
        assert!(error.reason().contains("100ms"), "{error}");
        task.abort();
    }
}

#[test]
fn settings_that_cannot_be_right_are_refused() {
    for url in [
        "",
        "metadata.tencentyun.com/x",
        "https://metadata.tencentyun.com/x",
        "http:///x",
        "http://canary:canary@host/x",
        "http://host/x?canary",
        "/x",
    ] {
        let error = InstanceMetadata::new().url(url).unwrap_err();
        assert!(!error.to_string().contains("canary"), "{url}");
    }
    for role in ["", ".", "..", "a/b", "a b", "a?b", "%2e"] {
        assert!(InstanceMetadata::new().role(role).is_err(), "{role}");
    }
    let default = InstanceMetadata::new();
    let same = InstanceMetadata::new().url(METADATA_URL).unwrap();
    assert_eq!(default.0.source().to_string(), same.0.source().to_string());
}
