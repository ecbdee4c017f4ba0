//! `cos stat`.

use std::time::{Duration, SystemTime};

use cos_emulator::{MemoryBucket, Object};

use crate::common::{BUCKET, Place, emulator, object, serve};

fn described() -> Object {
    Object::new("content")
        .content_type("text/plain")
        .metadata("author", "someone")
        .metadata("evil", "a\u{9b}b")
        .last_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000))
}

#[tokio::test]
async fn a_person_sees_one_field_a_line() {
    let emulator = emulator([("a/k", described())]).await;
    let place = Place::with_keys(&emulator);
    insta::assert_snapshot!(place.cos(["stat", &object("a/k")]).await.exits(0).stdout, @r"
    key             a/k
    size            7
    etag            9a0364b9e99bb480dd25e1f0284c8555
    crc64           8883282091546349020
    last modified   2023-11-14T22:13:20Z
    content type    text/plain
    storage class   STANDARD
    metadata author someone
    metadata evil   a\u{9b}b
    ");
    assert_eq!(emulator.log().len(), 1);
    emulator.shutdown().await.unwrap();
}

#[tokio::test]
async fn json_has_the_fields_of_the_contract() {
    let emulator = emulator([
        ("a/k", described()),
        ("old", Object::new("x").without_crc64()),
    ])
    .await;
    let place = Place::with_keys(&emulator);
    insta::assert_snapshot!(place.cos(["stat", "--json", &object("a/k")]).await.exits(0).stdout, @r#"{"key":"a/k","size":7,"etag":"9a0364b9e99bb480dd25e1f0284c8555","crc64":"8883282091546349020","last_modified":"2023-11-14T22:13:20Z","content_type":"text/plain","storage_class":"STANDARD","version_id":null,"metadata":{"author":"someone","evil":"a\u009bb"}}"#);
    assert_eq!(
        place
            .cos(["stat", "--json", &object("old")])
            .await
            .exits(0)
            .json()["crc64"],
        serde_json::Value::Null
    );
    emulator.shutdown().await.unwrap();
}

#[tokio::test]
async fn an_archived_object_shows_its_state() {
    let emulator = emulator([(
        "cold",
        described().restored("Fri, 21 Dec 2029 00:00:00 GMT"),
    )])
    .await;
    let place = Place::with_keys(&emulator);
    let ran = place.cos(["stat", &object("cold")]).await.exits(0);
    assert!(
        ran.stdout.contains("storage class   ARCHIVE\n") && ran.stdout.contains("\nrestore "),
        "{ran:#?}"
    );
    emulator.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_version_is_asked_for_by_its_id() {
    let bucket = MemoryBucket::new(BUCKET).versioned();
    let first = bucket.put("k", Object::new("first")).unwrap();
    bucket.put("k", Object::new("second!"));
    let emulator = serve(bucket).await;
    let place = Place::with_keys(&emulator);
    let record = place
        .cos(["stat", "--json", &object("k"), "--version-id", &first])
        .await
        .exits(0)
        .json();
    assert_eq!(
        (&record["size"], &record["version_id"]),
        (&5.into(), &first.as_str().into())
    );
    emulator.shutdown().await.unwrap();
}
