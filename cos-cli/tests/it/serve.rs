//! `cos serve`: the URL on stdout, a directory a bucket, signatures checked.

use std::fs;

use cos_emulator::folder_path;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::Child;

use crate::common::{BUCKET, Place, SECRET_ID, SECRET_KEY, object};

/// A running `cos serve`, and its URL.
pub(crate) struct Served {
    pub(crate) url: String,
    child: Child,
}

impl Served {
    /// Serves `directory` of a place.
    pub(crate) async fn start(place: &Place, arguments: &[&str]) -> Self {
        let mut child = place
            .command([&["serve"], arguments].concat())
            .spawn()
            .unwrap();
        Self {
            url: Self::of(&mut child).await,
            child,
        }
    }

    /// The URL that a starting `cos serve` prints.
    pub(crate) async fn of(child: &mut Child) -> String {
        let mut url = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut url)
            .await
            .unwrap();
        assert!(url.starts_with("http://127.0.0.1:"), "{url:?}");
        url.trim_end().to_owned()
    }

    pub(crate) fn port(&self) -> u16 {
        self.url.rsplit(':').next().unwrap().parse().unwrap()
    }

    pub(crate) async fn stop(mut self) {
        self.child.kill().await.unwrap();
    }
}

/// A place with a folder `buckets` that holds these keys in [`BUCKET`], each with its own name as
/// content.
pub(crate) fn folder(keys: &[&str]) -> Place {
    let place = Place::bare()
        .env("COS_SECRET_ID", SECRET_ID)
        .env("COS_SECRET_KEY", SECRET_KEY);
    let bucket = place.path("buckets").join(BUCKET);
    fs::create_dir_all(&bucket).unwrap();
    for key in keys {
        let path = bucket.join(folder_path(key));
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, key).unwrap();
    }
    place
}

#[tokio::test]
async fn keys_of_a_folder_are_fetched_whatever_their_names() {
    let keys = [
        "数据/文件 (1)~'*!.bin",
        "a+b c&d=e%20f#g?h.txt",
        "a//b",
        "x/./y",
        "/x",
        "plain",
    ];
    let place = folder(&keys);
    let served = Served::start(&place, &["buckets"]).await;
    let client = Place::anonymous(&served.url)
        .env("COS_SECRET_ID", SECRET_ID)
        .env("COS_SECRET_KEY", SECRET_KEY);
    for key in keys {
        client
            .cos(["cp", &object(key), "out"])
            .await
            .exits(0)
            .says(&["verified by crc64"]);
        assert_eq!(client.read("out"), key.as_bytes());
    }
    let mut listed: Vec<_> = client
        .cos(["ls", "-r", "--json", &object("")])
        .await
        .exits(0)
        .json_lines();
    listed.sort_by_key(|record| record["key"].as_str().unwrap().to_owned());
    let mut expected = keys.to_vec();
    expected.sort_unstable();
    assert_eq!(
        listed
            .iter()
            .map(|record| record["key"].as_str().unwrap())
            .collect::<Vec<_>>(),
        expected
    );
    served.stop().await;
}

#[tokio::test]
async fn signatures_are_checked_unless_anonymous() {
    let place = folder(&["k"]);
    let served = Served::start(&place, &["buckets"]).await;
    let client = Place::anonymous(&served.url);
    client
        .cos(["cat", &object("k"), "--anonymous"])
        .await
        .exits(4);
    served.stop().await;
    // Where nothing is checked, credentials are not looked at either, not even half of them.
    let half = Place::bare().env("COS_SECRET_ID", SECRET_ID);
    let buckets = place.path("buckets");
    let served = Served::start(&half, &[buckets.to_str().unwrap(), "--anonymous"]).await;
    let client = Place::anonymous(&served.url);
    assert_eq!(
        client
            .cos(["cat", &object("k"), "--anonymous"])
            .await
            .exits(0)
            .stdout,
        "k"
    );
    served.stop().await;
}

#[tokio::test]
async fn without_credentials_it_does_not_start() {
    let place = Place::bare();
    fs::create_dir(place.path("buckets")).unwrap();
    place
        .cos(["serve", "buckets"])
        .await
        .exits(4)
        .says(&["no credentials to check signatures against", "hint: "]);
}

#[tokio::test]
async fn a_taken_port_is_told() {
    let place = folder(&[]);
    let served = Served::start(&place, &["buckets"]).await;
    let listen = format!("127.0.0.1:{}", served.port());
    place
        .cos(["serve", "buckets", "--listen", &listen])
        .await
        .exits(1)
        .says(&[&format!("error: cannot listen on {listen}: ")]);
    served.stop().await;
}

#[tokio::test]
async fn a_signal_ends_it_quietly() {
    use rustix::process::Signal;
    for (signal, exit) in [(Signal::INT, 130), (Signal::TERM, 143)] {
        let place = folder(&["k"]);
        let mut child = place.command(["serve", "buckets", "-q"]).spawn().unwrap();
        Served::of(&mut child).await;
        crate::common::signal(&child, signal);
        let ended = child.wait_with_output().await.unwrap();
        assert_eq!(ended.status.code(), Some(exit));
        assert_eq!(String::from_utf8(ended.stderr).unwrap(), "");
    }
}
