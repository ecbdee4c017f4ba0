//! What a run is to do.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use cos_proto::{Bucket, GetObject, Key};

use super::{Filter, Observer, Shard};

/// All keys of a bucket that start with a text: a plain prefix, as in listings. `data/` is what a
/// file system would call the folder `data`; `data` is that, and `database.txt` too.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Prefix {
    bucket: Bucket,
    prefix: String,
}

impl Prefix {
    /// The keys of `bucket` that start with `prefix`; all of them if that is empty.
    pub fn new(bucket: Bucket, prefix: impl Into<String>) -> Self {
        Self {
            bucket,
            prefix: prefix.into(),
        }
    }

    /// The bucket.
    pub fn bucket(&self) -> &Bucket {
        &self.bucket
    }

    /// The text that the keys start with.
    pub fn as_str(&self) -> &str {
        &self.prefix
    }

    /// What is left of a key after the prefix's last `/`: its path below a directory. `None` for a
    /// key that does not start with the prefix.
    ///
    /// ```
    /// # use cos_proto::Bucket;
    /// use cos_transfer::prefix::Prefix;
    ///
    /// let prefix = Prefix::new(Bucket::new("examplebucket-1250000000")?, "logs/2024-");
    /// assert_eq!(prefix.below("logs/2024-05/a.txt"), Some("2024-05/a.txt"));
    /// assert_eq!(prefix.below("logs/2025-05/a.txt"), None);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn below<'k>(&self, key: &'k str) -> Option<&'k str> {
        key.strip_prefix(&self.prefix)?;
        key.strip_prefix(self.base())
    }

    /// The prefix up to its last `/`.
    fn base(&self) -> &str {
        match self.prefix.rfind('/') {
            Some(at) => self.prefix.get(..=at).unwrap_or_default(),
            None => "",
        }
    }
}

/// By what `sync` tells a file that differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SyncBy {
    /// Its size, or its time of modification in whole seconds, whichever of the two is later.
    SizeAndTime,
    /// Its size, or else its CRC64: for each object of equal size a HEAD is sent and the local file
    /// is read. An object that has no CRC64 always differs.
    Checksum,
}

/// Adds to the request for an object.
pub(super) type Amend = Arc<dyn Fn(GetObject) -> GetObject + Send + Sync>;

/// What a run is to do.
#[derive(Clone)]
pub(super) struct Plan {
    pub(super) prefix: Prefix,
    pub(super) dir: PathBuf,
    pub(super) connections: usize,
    pub(super) full_keys: bool,
    pub(super) filter: Filter,
    pub(super) shard: Option<Shard>,
    pub(super) sync: Option<SyncBy>,
    pub(super) delete: bool,
    pub(super) dry_run: bool,
    pub(super) fail_fast: bool,
    pub(super) observer: Option<Arc<dyn Observer>>,
    pub(super) amend: Option<Amend>,
}

impl Plan {
    /// Whether the filter wants a key of the listing and the shard takes it.
    pub(super) fn takes(&self, key: &str) -> bool {
        let below = self.prefix.below(key).unwrap_or(key);
        self.filter.wants(below) && self.shard.is_none_or(|shard| shard.takes(key))
    }

    /// The path of a key below the directory, as a text that nobody has judged.
    pub(super) fn path_of<'k>(&self, key: &'k str) -> &'k str {
        if self.full_keys {
            key
        } else {
            self.prefix.below(key).unwrap_or(key)
        }
    }

    /// The key that has this path, if it starts with the prefix.
    pub(super) fn key_of(&self, path: &str) -> Option<String> {
        let base = if self.full_keys {
            ""
        } else {
            self.prefix.base()
        };
        let key = format!("{base}{path}");
        (key.len() <= Key::MAX_LEN && key.starts_with(&self.prefix.prefix)).then_some(key)
    }

    /// The request for an object.
    pub(super) fn get(&self, key: Key) -> GetObject {
        let get = GetObject::new(self.prefix.bucket.clone(), key);
        match &self.amend {
            Some(amend) => amend(get),
            None => get,
        }
    }

    /// What tells this run from others in the same directory: a former one of the same kind that was
    /// cut off is taken up.
    pub(super) fn run(&self) -> Vec<u8> {
        let kind = match self.sync {
            None => "cp",
            Some(_) => "sync",
        };
        let keys = if self.full_keys { "full" } else { "below" };
        format!(
            "cos-partial 1\n{kind} {keys}\n{}\n{}\n",
            self.prefix.bucket, self.prefix.prefix
        )
        .into_bytes()
    }
}

impl fmt::Debug for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Plan")
            .field("prefix", &self.prefix)
            .field("dir", &self.dir)
            .field("connections", &self.connections)
            .field("full_keys", &self.full_keys)
            .field("filter", &self.filter)
            .field("shard", &self.shard)
            .field("sync", &self.sync)
            .field("delete", &self.delete)
            .field("dry_run", &self.dry_run)
            .field("fail_fast", &self.fail_fast)
            .finish_non_exhaustive()
    }
}
