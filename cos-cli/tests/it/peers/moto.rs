//! moto, an S3 server in Python, as a server for listings and objects: path-style and anonymous.

use std::process::Stdio;

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, ChildStdin, Command};

use super::{ODD_KEYS, python_with};
use crate::common::{Place, object};

const BUCKET: &str = "examplebucket-1250000000";

/// A running moto. It ends when its stdin does.
struct Moto {
    url: String,
    child: Child,
    stdin: ChildStdin,
}

impl Moto {
    /// A server with [`BUCKET`], in which each of `keys` has its own name as content; none without
    /// moto.
    async fn start(keys: &[&str]) -> Option<Self> {
        let python = python_with("moto.server")?;
        let home = tempfile::TempDir::new().unwrap();
        let mut child = Command::new(python)
            .arg(concat!(
                env!("CARGO_MANIFEST_DIR"),
                "/tests/it/peers/moto_server.py"
            ))
            .env_clear()
            .env("HOME", home.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut stdin = child.stdin.take().unwrap();
        let job = serde_json::json!({ "bucket": BUCKET, "keys": keys });
        stdin
            .write_all(format!("{job}\n").as_bytes())
            .await
            .unwrap();
        let mut port = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut port)
            .await
            .unwrap();
        let url = format!("http://127.0.0.1:{}", port.trim());
        Some(Self { url, child, stdin })
    }

    async fn stop(mut self) {
        drop(self.stdin);
        self.child.wait().await.unwrap();
    }
}

#[tokio::test]
async fn every_key_is_listed_and_fetched() {
    let Some(moto) = Moto::start(&ODD_KEYS).await else {
        return;
    };
    let place = Place::anonymous(&moto.url);
    let records = place
        .cos(["ls", "-r", "--json", "--anonymous", &object("")])
        .await
        .exits(0)
        .json_lines();
    let keys: Vec<_> = records
        .iter()
        .map(|record| record["key"].as_str().unwrap())
        .collect();
    let mut expected = ODD_KEYS.to_vec();
    expected.sort_unstable();
    assert_eq!(keys, expected);
    for (key, record) in expected.iter().zip(&records) {
        assert_eq!(record["size"], key.len());
        place
            .cos(["cp", "--anonymous", &object(key), "out"])
            .await
            .exits(0)
            .says(&["verified by size"]);
        assert_eq!(place.read("out"), key.as_bytes());
        assert_eq!(
            place
                .cos(["cat", "--anonymous", &object(key)])
                .await
                .exits(0)
                .stdout,
            *key
        );
        let stat = place
            .cos(["stat", "--json", "--anonymous", &object(key)])
            .await
            .exits(0)
            .json();
        assert_eq!(
            (&stat["size"], &stat["etag"]),
            (&record["size"], &record["etag"])
        );
    }
    moto.stop().await;
}

#[tokio::test]
async fn one_level_and_several_pages() {
    let keys: Vec<_> = (0..1100)
        .map(|number| format!("many/{number:04}"))
        .chain(["z".to_owned()])
        .collect();
    let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
    let Some(moto) = Moto::start(&keys).await else {
        return;
    };
    let place = Place::anonymous(&moto.url);
    let level = place
        .cos(["ls", "--json", "--anonymous", &object("")])
        .await
        .exits(0)
        .json_lines();
    assert_eq!(
        (level.len(), &level[0]["prefix"], &level[1]["key"]),
        (2, &"many/".into(), &"z".into())
    );
    let all = place
        .cos(["ls", "-r", "--json", "--anonymous", &object("")])
        .await
        .exits(0)
        .json_lines();
    assert_eq!(
        all.iter()
            .map(|record| record["key"].as_str().unwrap())
            .collect::<Vec<_>>(),
        keys
    );
    moto.stop().await;
}

#[tokio::test]
async fn ranges_conditions_and_refusals() {
    let Some(moto) = Moto::start(&["0123456789"]).await else {
        return;
    };
    let place = Place::anonymous(&moto.url);
    let key = object("0123456789");
    let ran = place
        .cos(["cat", "--anonymous", &key, "--range", "bytes=2-4"])
        .await
        .exits(0);
    assert_eq!(ran.stdout, "234");
    let stat = place
        .cos(["stat", "--json", "--anonymous", &key])
        .await
        .exits(0)
        .json();
    let etag = stat["etag"].as_str().unwrap();
    place
        .cos(["cat", "--anonymous", &key, "--if-match", etag])
        .await
        .exits(0);
    place
        .cos(["cat", "--anonymous", &key, "--if-match", "other"])
        .await
        .exits(5);
    place
        .cos(["cat", "--anonymous", &key, "--if-none-match", etag])
        .await
        .exits(5);
    place
        .cos(["cat", "--anonymous", &object("gone")])
        .await
        .exits(3)
        .says(&["code: NoSuchKey"]);
    place
        .cos(["ls", "--anonymous", "cos://gone-1250000000"])
        .await
        .exits(3)
        .says(&["code: NoSuchBucket"]);
    moto.stop().await;
}
