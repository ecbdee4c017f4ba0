//! `cos presign`: a URL that works without credentials, until it does not.

use cos_emulator::{Credentials, Emulator, MemoryBucket, Object};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::common::{BUCKET, Place, SECRET_ID, SECRET_KEY, TOKEN, emulator, object};

/// GETs a URL as any HTTP client would, and gives back the head and the body.
async fn get(url: &str) -> (String, String) {
    let rest = url.trim_end().strip_prefix("http://").unwrap();
    let (authority, path) = rest.split_at(rest.find('/').unwrap());
    let mut stream = TcpStream::connect(authority).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nHost: {authority}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.to_owned(), body.to_owned())
}

#[tokio::test]
async fn the_url_alone_is_on_stdout_and_opens_the_object() {
    let keys = [
        "k",
        "数据/文件 (1)~'*!.bin",
        "a+b c&d=e%20f#g?h.txt",
        "a//b",
        "x/./y",
        "/x",
    ];
    let emulator = emulator(keys.map(|key| (key, Object::new(format!("I am {key}"))))).await;
    let place = Place::with_keys(&emulator);
    for key in keys {
        let ran = place.cos(["presign", &object(key)]).await.exits(0);
        assert_eq!((ran.stdout.lines().count(), ran.stderr.as_str()), (1, ""));
        let (head, body) = get(&ran.stdout).await;
        assert!(head.starts_with("HTTP/1.1 200 "), "{key}: {head}\n{body}");
        assert_eq!(body, format!("I am {key}"));
    }
    emulator.shutdown().await.unwrap();
}

#[tokio::test]
async fn overrides_and_versions_are_part_of_the_url() {
    let emulator = emulator([("k", Object::new("content"))]).await;
    let place = Place::with_keys(&emulator);
    let disposition = "attachment; filename=\"a b.txt\"";
    let ran = place
        .cos([
            "presign",
            &object("k"),
            "--response-content-disposition",
            disposition,
            "--response-content-type",
            "a/b",
        ])
        .await
        .exits(0);
    let (head, body) = get(&ran.stdout).await;
    let head = head.to_ascii_lowercase();
    assert!(
        head.contains(&format!("content-disposition: {disposition}"))
            && head.contains("content-type: a/b"),
        "{head}"
    );
    assert_eq!(body, "content");
    let ran = place
        .cos(["presign", &object("k"), "--version-id", "v1"])
        .await
        .exits(0);
    assert!(ran.stdout.contains("versionId=v1&"), "{ran:#?}");
    emulator.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_url_expires() {
    let emulator = emulator([("k", Object::new("content"))]).await;
    let place = Place::with_keys(&emulator);
    let url = place
        .cos(["presign", &object("k"), "--expires", "10m"])
        .await
        .exits(0)
        .stdout;
    assert!(get(&url).await.0.starts_with("HTTP/1.1 200 "));
    emulator.set_clock_skew(11 * 60);
    let (head, body) = get(&url).await;
    assert!(
        head.starts_with("HTTP/1.1 403 ") && body.contains("expired"),
        "{head}\n{body}"
    );
    emulator.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_token_is_signed_into_the_url() {
    let credentials = Credentials::new(SECRET_ID, SECRET_KEY)
        .unwrap()
        .with_token(TOKEN)
        .unwrap();
    let bucket = MemoryBucket::new(BUCKET);
    bucket.put("k", Object::new("content"));
    let emulator = Emulator::builder()
        .bucket(bucket)
        .credentials(credentials)
        .start()
        .await
        .unwrap();
    let place = Place::with_keys(&emulator).env("COS_TOKEN", TOKEN);
    let url = place.cos(["presign", &object("k")]).await.exits(0).stdout;
    assert!(url.contains("x-cos-security-token="), "{url}");
    assert_eq!(get(&url).await.1, "content");
    emulator.shutdown().await.unwrap();
}

#[tokio::test]
async fn nothing_is_sent_and_anonymous_cannot_sign() {
    let emulator = emulator([]).await;
    let place = Place::with_keys(&emulator);
    place.cos(["presign", &object("k")]).await.exits(0);
    assert_eq!(emulator.log().len(), 0);
    emulator.shutdown().await.unwrap();
    let unsigned = Place::anonymous("http://127.0.0.1:1");
    for place in [&place, &unsigned] {
        let ran = place.cos(["presign", &object("k"), "--anonymous"]).await;
        let ran = ran.exits(4).says(&["hint: set COS_SECRET_ID"]);
        // It is said already, or would not help.
        assert!(!ran.stderr.contains("--anonymous"), "{ran:#?}");
    }
    let ran = unsigned.cos(["presign", &object("k")]).await.exits(4);
    assert!(!ran.stderr.contains("--anonymous"), "{ran:#?}");
}
