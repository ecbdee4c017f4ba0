//! Buckets in memory.

use std::{
    collections::BTreeMap,
    io,
    ops::Bound,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, SystemTime},
};

use crate::{
    clock::since_epoch,
    encoding::base64,
    listing::{Cursor, Query},
    object::Object,
    store::{Missing, Source, Stored, Version},
};

/// The id of versions from before versioning, and while it is suspended.
const NULL_VERSION: &str = "null";

/// A bucket in memory: a handle that may be cloned, given to an emulator, and changed while it
/// runs.
#[derive(Clone, Debug)]
pub struct MemoryBucket {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    name: String,
    created: Duration,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    versioning: Versioning,
    ofs: bool,
    /// The latest version last. Never an empty list.
    keys: BTreeMap<String, Vec<Held>>,
    last_version: u64,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Versioning {
    #[default]
    Never,
    Enabled,
    Suspended,
}

/// One version, or a delete marker.
#[derive(Clone, Debug)]
struct Held {
    id: Option<String>,
    modified: Duration,
    object: Option<Arc<Object>>,
}

impl MemoryBucket {
    /// An empty bucket with this name, such as `examplebucket-1250000000`.
    #[must_use]
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            inner: Arc::new(Inner {
                name: name.into(),
                created: since_epoch(SystemTime::now()),
                state: Mutex::default(),
            }),
        }
    }

    /// Turns versioning on: from now on every upload and deletion makes a version.
    #[must_use]
    pub fn versioned(self) -> Self {
        self.set_versioning(true);
        self
    }

    /// Makes it a metadata-accelerated bucket: its listings fold keys at `/` without being asked
    /// to.
    #[must_use]
    pub fn ofs(self) -> Self {
        self.lock().ofs = true;
        self
    }

    /// The bucket's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.inner.name
    }

    /// Turns versioning on, or suspends it where it was on.
    pub fn set_versioning(&self, on: bool) {
        let mut state = self.lock();
        state.versioning = match (on, state.versioning) {
            (true, _) => Versioning::Enabled,
            (false, Versioning::Never) => Versioning::Never,
            (false, _) => Versioning::Suspended,
        };
    }

    /// Uploads an object, and gives the id of its version where the bucket has versions.
    pub fn put(&self, key: impl Into<String>, object: Object) -> Option<String> {
        let modified = object.modified_or(since_epoch(SystemTime::now()));
        self.lock()
            .add(key.into(), Some(Arc::new(object)), modified)
    }

    /// Deletes an object: for good, or with a delete marker where the bucket has versions, whose
    /// version id is the answer.
    pub fn delete(&self, key: &str) -> Option<String> {
        let mut state = self.lock();
        if state.versioning == Versioning::Never {
            state.keys.remove(key);
            return None;
        }
        state.add(key.to_owned(), None, since_epoch(SystemTime::now()))
    }

    pub(crate) fn created(&self) -> Duration {
        self.inner.created
    }

    pub(crate) fn is_ofs(&self) -> bool {
        self.lock().ofs
    }

    pub(crate) fn open(&self, key: &str, version: Option<&str>) -> Result<Stored, Missing> {
        let held = self.find(key, version)?;
        let Some(object) = held.object else {
            return Err(Missing::Deleted {
                version_id: held.id.unwrap_or_default(),
            });
        };
        let (etag, crc64) = object.checksums()?;
        Ok(Stored {
            content: object.content().clone(),
            etag,
            crc64,
            modified: held.modified,
            headers: object.headers().clone(),
            class: object.stored_class().cloned(),
            archived: object.is_archived(),
            version_id: held.id,
        })
    }

    pub(crate) fn cursor(&self, query: &Query) -> MemoryCursor {
        let from = query.marker.as_str().max(query.prefix.as_str());
        MemoryCursor {
            bucket: self.clone(),
            prefix: query.prefix.clone(),
            from: Bound::Included(from.to_owned()),
        }
    }

    fn find(&self, key: &str, version: Option<&str>) -> Result<Held, Missing> {
        let state = self.lock();
        let versions = state.keys.get(key);
        let found = match version {
            None => versions
                .and_then(|versions| versions.last())
                .ok_or(Missing::Key),
            Some(id) => versions
                .and_then(|versions| versions.iter().find(|held| held.id.as_deref() == Some(id)))
                .ok_or(Missing::Version),
        };
        found.cloned()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.inner
            .state
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn add(
        &mut self,
        key: String,
        object: Option<Arc<Object>>,
        modified: Duration,
    ) -> Option<String> {
        let id = match self.versioning {
            Versioning::Never => None,
            Versioning::Enabled => Some(self.new_version()),
            Versioning::Suspended => Some(NULL_VERSION.to_owned()),
        };
        let versions = self.keys.entry(key).or_default();
        if self.versioning != Versioning::Never {
            // What was there before versioning gets the id that the service gives it.
            for held in versions.iter_mut().filter(|held| held.id.is_none()) {
                held.id = Some(NULL_VERSION.to_owned());
            }
        }
        versions.retain(|held| held.id != id);
        versions.push(Held {
            id: id.clone(),
            modified,
            object,
        });
        id
    }

    /// Ids look like those of the service: a number that falls with time, in Base64.
    fn new_version(&mut self) -> String {
        self.last_version += 1;
        let number = u64::MAX - self.last_version;
        base64(number.to_string().as_bytes())
            .trim_end_matches('=')
            .to_owned()
    }
}

/// Keys of a memory bucket in order. Each step locks the bucket anew.
#[derive(Debug)]
pub(crate) struct MemoryCursor {
    bucket: MemoryBucket,
    prefix: String,
    from: Bound<String>,
}

impl Cursor for MemoryCursor {
    fn next(&mut self) -> io::Result<Option<(String, Vec<Version>)>> {
        let state = self.bucket.lock();
        let mut further = state.keys.range((self.from.clone(), Bound::Unbounded));
        let Some((key, held)) = further
            .next()
            .filter(|(key, _)| key.starts_with(&self.prefix))
        else {
            return Ok(None);
        };
        let versions = held.iter().rev().enumerate().map(|(index, held)| Version {
            id: held.id.clone().or_else(|| {
                (state.versioning != Versioning::Never).then(|| NULL_VERSION.to_owned())
            }),
            is_latest: index == 0,
            modified: held.modified,
            source: held.object.clone().map(Source::Object),
        });
        let versions = versions.collect();
        self.from = Bound::Excluded(key.clone());
        Ok(Some((key.clone(), versions)))
    }

    fn skip(&mut self, prefix: &str) {
        self.from = match after_prefix(prefix) {
            Some(first) => Bound::Included(first),
            // Nothing follows: a prefix of nothing but the last character of all.
            None => Bound::Excluded(prefix.to_owned()),
        };
    }
}

/// The least string that is greater than all strings with this prefix.
fn after_prefix(prefix: &str) -> Option<String> {
    let mut prefix = prefix.to_owned();
    while let Some(last) = prefix.pop() {
        // `char` ranges pass over the surrogates.
        if let Some(next) = (last..=char::MAX).nth(1) {
            prefix.push(next);
            return Some(prefix);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn etag(bucket: &MemoryBucket, version: Option<&str>) -> String {
        bucket.open("a", version).unwrap().etag
    }

    #[test]
    fn without_versions_an_upload_replaces() {
        let bucket = MemoryBucket::new("b-1");
        assert_eq!(bucket.put("a", Object::new("1")), None);
        let first = etag(&bucket, None);
        bucket.put("a", Object::new("2"));
        assert_ne!(etag(&bucket, None), first);
        bucket.delete("a");
        assert!(matches!(bucket.open("a", None), Err(Missing::Key)));
        assert!(matches!(
            bucket.open("a", Some("null")),
            Err(Missing::Version)
        ));
    }

    #[test]
    fn versions_stay_and_a_delete_marker_hides_them() {
        let bucket = MemoryBucket::new("b-1");
        bucket.put("a", Object::new("before").etag("\"0\""));
        bucket.set_versioning(true);
        let first = bucket.put("a", Object::new("1").etag("\"1\"")).unwrap();
        let second = bucket.put("a", Object::new("2").etag("\"2\"")).unwrap();
        assert_eq!(etag(&bucket, None), "\"2\"");
        assert_eq!(etag(&bucket, Some(&first)), "\"1\"");
        assert_eq!(etag(&bucket, Some("null")), "\"0\"");
        assert!(second < first, "a later version has a smaller id");
        let marker = bucket.delete("a").unwrap();
        for version in [None, Some(marker.as_str())] {
            let missing = bucket.open("a", version).unwrap_err();
            assert!(matches!(missing, Missing::Deleted { version_id } if version_id == marker));
        }
        assert_eq!(etag(&bucket, Some(&second)), "\"2\"");
    }

    #[test]
    fn suspended_versioning_keeps_one_null_version() {
        let bucket = MemoryBucket::new("b-1").versioned();
        let first = bucket.put("a", Object::new("1").etag("\"1\"")).unwrap();
        bucket.set_versioning(false);
        bucket.put("a", Object::new("2").etag("\"2\""));
        bucket.put("a", Object::new("3").etag("\"3\""));
        assert_eq!(etag(&bucket, Some("null")), "\"3\"");
        assert_eq!(etag(&bucket, Some(&first)), "\"1\"");
    }

    #[test]
    fn what_follows_a_prefix() {
        assert_eq!(after_prefix("a/").as_deref(), Some("a0"));
        assert_eq!(after_prefix("a\u{d7ff}").as_deref(), Some("a\u{e000}"));
        assert_eq!(after_prefix("a\u{10ffff}").as_deref(), Some("b"));
        assert_eq!(after_prefix("\u{10ffff}"), None);
    }
}
