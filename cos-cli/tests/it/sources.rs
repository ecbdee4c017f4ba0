//! Where a profile's credentials come from: a process, or the role of a cloud server.

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use cos_emulator::{Credentials, Emulator, MemoryBucket, Object};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use crate::common::{BUCKET, Place, SECRET_ID, SECRET_KEY, TOKEN, closed_url, object};

/// An endpoint that knows temporary credentials only.
async fn endpoint() -> Emulator {
    let bucket = MemoryBucket::new(BUCKET);
    bucket.put("k", Object::new("content"));
    let credentials = Credentials::new(SECRET_ID, SECRET_KEY).unwrap();
    Emulator::builder()
        .bucket(bucket)
        .credentials(credentials.with_token(TOKEN).unwrap())
        .start()
        .await
        .unwrap()
}

/// The answer of the vendor's token service, as both sources give it.
fn issued() -> String {
    format!(
        "{{\"TmpSecretId\":\"{SECRET_ID}\",\"TmpSecretKey\":\"{SECRET_KEY}\",\
         \"Token\":\"{TOKEN}\",\"ExpiredTime\":4102444800,\"Code\":\"Success\"}}"
    )
}

/// A place with a profile that says `source`.
fn place(emulator: &Emulator, source: &str) -> Place {
    let place = Place::bare().env("COS_CONFIG", "c.toml");
    let text = format!(
        "default_profile = \"p\"\n[profile.p]\nendpoint = \"{}\"\n{source}\n",
        emulator.url()
    );
    fs::write(place.path("c.toml"), text).unwrap();
    place
}

#[tokio::test]
async fn a_process_gives_credentials() {
    let emulator = endpoint().await;
    let place = place(
        &emulator,
        "credential_process = \"/bin/sh 'a helper.sh' work\"",
    );
    let script = "echo \"$1\" >> runs\nprintf '%s' '".to_owned() + &issued() + "'\n";
    fs::write(place.path("a helper.sh"), script).unwrap();
    let ran = place.cos(["cat", &object("k")]).await.exits(0);
    assert_eq!(ran.stdout, "content");
    assert_eq!(place.read("runs"), b"work\n");

    // A link holds the token, and one who has the link needs neither.
    let link = place.cos(["presign", &object("k")]).await.exits(0).stdout;
    assert!(link.contains("x-cos-security-token="), "{link}");
    assert_eq!(place.read("runs"), b"work\nwork\n");
    emulator.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_process_that_fails_is_4_and_nothing_is_sent() {
    let emulator = endpoint().await;
    for (line, why) in [
        ("/bin/sh -c 'echo canary >&2; exit 3'", "exit status: 3"),
        ("/bin/echo canary", "/bin/echo"),
        ("./is-not-there", "./is-not-there"),
    ] {
        let source = format!("credential_process = \"{line}\"");
        for command in ["cat", "presign"] {
            let place = place(&emulator, &source);
            let ran = place.cos([command, &object("k")]).await.exits(4);
            let ran = ran.says(&["no credentials from the credential process", why, "hint: "]);
            assert!(!format!("{ran:?}").contains("canary"), "{ran:#?}");
        }
    }
    assert_eq!(emulator.connections(), 0);
    emulator.shutdown().await.unwrap();
}

/// A metadata service that answers every request with `answer`; its URL, and how often it was
/// asked for the role.
async fn metadata(answer: String) -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/meta", listener.local_addr().unwrap());
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                head.push(stream.read_u8().await.unwrap());
            }
            if head.starts_with(b"GET /meta/reader HTTP/1.1\r\n") {
                count.fetch_add(1, Ordering::Relaxed);
            }
            let answer = format!(
                "HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{answer}",
                answer.len()
            );
            stream.write_all(answer.as_bytes()).await.unwrap();
        }
    });
    (url, asked)
}

#[tokio::test]
async fn the_role_of_a_cloud_server_gives_credentials_and_no_proxy_sees_them() {
    let emulator = endpoint().await;
    let (url, asked) = metadata(issued()).await;
    let source = format!("cvm_role = \"reader\"\nmetadata_url = \"{url}\"");
    let place = place(&emulator, &source).env("HTTP_PROXY", &closed_url());
    let ran = place.cos(["cat", &object("k")]).await.exits(0);
    assert_eq!(ran.stdout, "content");
    assert_eq!(asked.load(Ordering::Relaxed), 1);
    emulator.shutdown().await.unwrap();
}

#[tokio::test]
async fn c8_a_metadata_service_that_says_something_else_is_4() {
    let emulator = endpoint().await;
    let (url, _) = metadata("<html>canary</html>".to_owned()).await;
    let source = format!("cvm_role = \"reader\"\nmetadata_url = \"{url}\"");
    let ran = place(&emulator, &source)
        .cos(["cat", &object("k")])
        .await
        .exits(4);
    let ran = ran.says(&["error: cannot read cos://", "hint: "]);
    assert!(!format!("{ran:?}").contains("canary"), "{ran:#?}");
    assert_eq!(emulator.connections(), 0);
    emulator.shutdown().await.unwrap();
}

#[tokio::test]
async fn the_environment_goes_before_a_process_that_is_not_even_run() {
    let emulator = endpoint().await;
    let place = place(&emulator, "credential_process = \"/bin/touch was-run\"")
        .env("COS_SECRET_ID", SECRET_ID)
        .env("COS_SECRET_KEY", SECRET_KEY)
        .env("COS_TOKEN", TOKEN);
    place.cos(["cat", &object("k")]).await.exits(0);
    assert_eq!(place.names(), ["c.toml"]);
    emulator.shutdown().await.unwrap();
}

#[tokio::test]
async fn two_sources_in_one_profile_are_2() {
    let emulator = endpoint().await;
    let place = place(&emulator, "credential_process = \"a\"\ncvm_role = \"r\"");
    place
        .cos(["cat", &object("k")])
        .await
        .exits(2)
        .says(&["one of them only"]);
    emulator.shutdown().await.unwrap();
}
