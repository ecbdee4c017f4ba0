//! `--json`: one object a line, on stdout unless stdout carries data.

use cos_emulator::{Fault, Object, When};
use serde_json::{Value, json};

use crate::common::{Place, closed_url, emulator, object};

#[tokio::test]
async fn cp_gives_one_record() {
    let emulator = emulator([("a/k", Object::new("123456789").etag("\"abc-2\""))]).await;
    let place = Place::with_keys(&emulator);
    let ran = place
        .cos(["cp", "--json", &object("a/k"), "out"])
        .await
        .exits(0);
    assert_eq!(ran.stderr, "");
    let mut record = ran.json();
    assert!(record["elapsed_ms"].take().is_u64());
    assert_eq!(
        record,
        json!({
            "key": "a/k", "path": "out", "bytes": 9, "fetched": 9, "resumed": 0, "crc64": "11051210869376104954",
            "verified": "crc64", "etag": "abc-2", "version_id": null, "elapsed_ms": null,
        })
    );
    let order = [
        "key",
        "path",
        "bytes",
        "fetched",
        "resumed",
        "crc64",
        "verified",
        "etag",
        "version_id",
        "elapsed_ms",
    ];
    let at = order.map(|name| ran.stdout.find(&format!("\"{name}\":")).unwrap());
    assert!(at.is_sorted(), "{}", ran.stdout);
    emulator.shutdown().await.unwrap();
}

#[tokio::test]
async fn with_data_on_stdout_the_record_is_on_stderr() {
    let emulator = emulator([("k", Object::new("content"))]).await;
    let place = Place::with_keys(&emulator);
    for arguments in [vec!["cat", "--json"], vec!["cp", "--json"]] {
        let object = object("k");
        let mut arguments = arguments;
        arguments.push(&object);
        if arguments[0] == "cp" {
            arguments.push("-");
        }
        let ran = place.cos(&arguments).await.exits(0);
        assert_eq!(ran.stdout, "content");
        let record: Value = serde_json::from_str(&ran.stderr).unwrap();
        assert_eq!(
            (&record["key"], &record["path"], &record["bytes"]),
            (&"k".into(), &"-".into(), &7.into())
        );
    }
    emulator.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_failed_cp_is_a_record_beside_the_text() {
    let emulator = emulator([("k", Object::new("content"))]).await;
    let place = Place::with_keys(&emulator);
    let ran = place
        .cos(["cp", "--json", &object("gone"), "out"])
        .await
        .exits(3)
        .says(&["error: cannot download"]);
    let record = ran.json();
    assert_eq!(
        (&record["key"], &record["error"]["code"]),
        (&"gone".into(), &"NoSuchKey".into())
    );
    assert_eq!(record["error"]["status"], 404);
    assert!(
        record["error"]["message"].is_string() && record["error"]["request_id"].is_string(),
        "{record}"
    );
    assert_eq!(record.as_object().unwrap().len(), 2);
    assert_eq!(record["error"].as_object().unwrap().len(), 4);
    emulator.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_failure_that_is_no_answer_has_no_code() {
    let place = Place::anonymous(&closed_url());
    let ran = place
        .cos(["cp", "--json", "--anonymous", &object("k"), "out"])
        .await
        .exits(8);
    let error = &ran.json()["error"];
    assert_eq!(
        (&error["code"], &error["status"], &error["request_id"]),
        (&Value::Null, &Value::Null, &Value::Null)
    );
    assert!(
        error["message"]
            .as_str()
            .unwrap()
            .starts_with("cannot download cos://"),
        "{error}"
    );
}

#[tokio::test]
async fn a_cp_that_is_refused_before_anything_is_sent_is_a_record_too() {
    // Nothing says where the bucket is, and then the configuration file is not there.
    for options in [["--anonymous"].as_slice(), &["--config", "missing.toml"]] {
        let place = Place::bare();
        let object = object("k");
        let arguments = [&["cp", "--json", &object, "out"], options].concat();
        let ran = place.cos(&arguments).await.exits(2).says(&["error: "]);
        let record = ran.json();
        assert_eq!(record["key"], "k", "{options:?}");
        assert!(record["error"]["message"].is_string(), "{record}");
        let arguments = [&["cat", "--json", &object], options].concat();
        let ran = place.cos(&arguments).await.exits(2).says(&["\nerror: "]);
        assert_eq!(ran.stdout, "");
        let record: Value = serde_json::from_str(ran.stderr.lines().next().unwrap()).unwrap();
        assert_eq!(record["key"], "k", "{options:?}");
    }
}

#[tokio::test]
async fn a_damaged_object_on_stdout_keeps_stdout_for_the_bytes() {
    let emulator = emulator([("k", Object::generated(1, 100_000))]).await;
    emulator
        .faults()
        .script(When::get(), Fault::new().corrupt(0));
    let place = Place::with_keys(&emulator);
    let output = place
        .command(["cat", "--json", &object("k")])
        .output()
        .await
        .unwrap();
    assert_eq!(output.status.code(), Some(6));
    let stderr = String::from_utf8(output.stderr).unwrap();
    let record: Value = serde_json::from_str(stderr.lines().next().unwrap()).unwrap();
    assert_eq!(record["key"], "k");
    assert!(
        stderr
            .lines()
            .nth(1)
            .unwrap()
            .starts_with("error: cannot read cos://"),
        "{stderr}"
    );
    emulator.shutdown().await.unwrap();
}
