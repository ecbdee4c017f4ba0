//! What the tests share: an object to ask for, and a folder to look into.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use cos_proto::{Addressing, Bucket, Endpoint, GetObject, Key};
use cos_transfer::Downloader;
use tempfile::TempDir;

/// A downloader of an endpoint that is not COS's own.
pub(crate) fn downloader<S>(service: S) -> Downloader<S> {
    let endpoint = Endpoint::service_url("http://127.0.0.1:9", Addressing::Path).unwrap();
    Downloader::new(service, endpoint)
}

pub(crate) fn object() -> GetObject {
    GetObject::new(
        Bucket::new("examplebucket-1250000000").unwrap(),
        Key::new("folder/object").unwrap(),
    )
}

/// So many bytes that repeat nowhere near.
pub(crate) fn content(len: usize) -> Vec<u8> {
    let mut state = 1_u32;
    let next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state.to_be_bytes()[0]
    };
    std::iter::repeat_with(next).take(len).collect()
}

/// A folder of the test's own.
pub(crate) struct Folder(TempDir);

impl Folder {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    pub(crate) fn join(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// All names in it, those of temporary files included.
    pub(crate) fn names(&self) -> Vec<String> {
        let mut names: Vec<_> = fs::read_dir(self.0.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    /// Waits until it is empty: what was dropped in flight is removed when its last write ends.
    pub(crate) async fn becomes_empty(&self) {
        let emptied = async {
            while !self.names().is_empty() {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(20), emptied)
            .await
            .unwrap_or_else(|_| panic!("left behind: {:?}", self.names()));
    }
}
