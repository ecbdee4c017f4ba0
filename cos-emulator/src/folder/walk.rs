//! The keys of a folder in byte order, without holding them all.

use std::{
    fs, io,
    path::{Path, PathBuf},
    vec,
};

use super::{FolderBucket, is_absence};
use crate::{
    clock::since_epoch,
    escape::{Name, folder_path, key_of_folder_path},
    listing::{Cursor, Query},
    store::{Source, Version},
};

/// Bytes of a key at most. Deeper folders are not entered.
const MAX_KEY: usize = 1024;

/// A walk over a bucket's folder.
///
/// Each folder is read once, when the walk reaches it, and its entries are sorted by what they
/// contribute to a key: a folder's name with the `/` that follows it, so that `a-b` comes before
/// `a/b`.
#[derive(Debug)]
pub(crate) struct Walk {
    bucket: FolderBucket,
    prefix: String,
    marker: String,
    /// Keys with this prefix are passed over.
    skipped: Option<String>,
    /// The entries that remain, of the bucket's folder first.
    open: Vec<vec::IntoIter<Entry>>,
    started: bool,
}

/// An entry of a folder.
#[derive(Debug)]
struct Entry {
    /// The key, or for a folder what its keys begin with.
    key: String,
    path: PathBuf,
    kind: Kind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Folder,
    /// Leads perhaps to a file of the bucket.
    Link,
    /// A file, or something else that is not served.
    Other,
}

impl From<fs::FileType> for Kind {
    fn from(kind: fs::FileType) -> Self {
        if kind.is_dir() {
            Self::Folder
        } else if kind.is_symlink() {
            Self::Link
        } else {
            Self::Other
        }
    }
}

impl Walk {
    pub(super) fn new(bucket: FolderBucket, query: &Query) -> Self {
        Self {
            bucket,
            prefix: query.prefix.clone(),
            marker: query.marker.clone(),
            skipped: None,
            open: Vec::new(),
            started: false,
        }
    }

    fn enter(&mut self, key: &str, path: PathBuf) -> io::Result<()> {
        let mut entries = Vec::new();
        self.read(key, path, &mut entries)?;
        entries.sort_unstable_by(|a, b| a.key.cmp(&b.key));
        self.open.push(entries.into_iter());
        Ok(())
    }

    /// Collects the entries of a folder, and of those in it that continue a name.
    fn read(&self, key: &str, path: PathBuf, entries: &mut Vec<Entry>) -> io::Result<()> {
        let listing = match fs::read_dir(&path) {
            // Removed since its parent was read.
            Err(error) if is_absence(&error) => return Ok(()),
            other => other?,
        };
        for found in listing {
            let found = found?;
            let Some(name) = found.file_name().to_str().and_then(Name::parse) else {
                continue;
            };
            let kind = Kind::from(found.file_type()?);
            let is_folder = kind == Kind::Folder;
            let path = found.path();
            match name {
                Name::Continued(text) if is_folder => {
                    let key = format!("{key}{text}");
                    if key.len() <= MAX_KEY {
                        self.read(&key, path, entries)?;
                    }
                }
                Name::Whole(text) if is_folder => {
                    let key = format!("{key}{text}/");
                    if key.len() <= MAX_KEY {
                        entries.push(Entry { key, path, kind });
                    }
                }
                Name::Whole(text) | Name::Beside(text) if !is_folder => {
                    let key = format!("{key}{text}");
                    if self.is_path_of(&path, &key) {
                        entries.push(Entry { key, path, kind });
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Whether this is the path at which the key is looked for.
    fn is_path_of(&self, path: &Path, key: &str) -> bool {
        let root = &self.bucket.inner.path;
        let Ok(below) = path.strip_prefix(root) else {
            return false;
        };
        if key_of_folder_path(below).as_deref() != Some(key) {
            return false;
        }
        let plain = folder_path(key);
        below == plain || root.join(plain).is_dir()
    }

    /// Whether a folder may hold keys that are asked for.
    fn is_wanted(&self, folder: &str) -> bool {
        let has_prefix = folder.starts_with(&self.prefix) || self.prefix.starts_with(folder);
        let after_marker = folder >= self.marker.as_str() || self.marker.starts_with(folder);
        has_prefix && after_marker && !self.is_skipped(folder)
    }

    fn is_skipped(&self, key: &str) -> bool {
        self.skipped
            .as_deref()
            .is_some_and(|skipped| key.starts_with(skipped))
    }
}

impl Cursor for Walk {
    fn next(&mut self) -> io::Result<Option<(String, Vec<Version>)>> {
        if !self.started {
            self.started = true;
            self.enter("", self.bucket.inner.path.clone())?;
        }
        while let Some(folder) = self.open.last_mut() {
            let Some(entry) = folder.next() else {
                self.open.pop();
                continue;
            };
            if entry.kind == Kind::Folder {
                if self.is_wanted(&entry.key) {
                    self.enter(&entry.key, entry.path)?;
                }
                continue;
            }
            let wanted = entry.key.starts_with(&self.prefix)
                && entry.key >= self.marker
                && !self.is_skipped(&entry.key);
            // A link that leads elsewhere is not there.
            let leads_out = entry.kind == Kind::Link && self.bucket.resolve(&entry.path).is_err();
            if !wanted || leads_out {
                continue;
            }
            // Nor is what was removed meanwhile, or is no file.
            let Some(metadata) = fs::metadata(&entry.path).ok().filter(fs::Metadata::is_file)
            else {
                continue;
            };
            let version = Version {
                id: None,
                is_latest: true,
                modified: metadata.modified().map(since_epoch)?,
                source: Some(Source::File(entry.path)),
            };
            return Ok(Some((entry.key, vec![version])));
        }
        Ok(None)
    }

    fn skip(&mut self, prefix: &str) {
        self.skipped = Some(prefix.to_owned());
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{
        MemoryBucket, Object,
        escape::path_beside_folder,
        folder::Folder,
        listing::{Line, Page, page},
        store::Missing,
    };

    fn folder(keys: &[&str]) -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir(root.path().join("b-1")).unwrap();
        for key in keys {
            write(root.path(), &folder_path(key));
        }
        root
    }

    fn write(root: &Path, path: &Path) {
        let path = root.join("b-1").join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, "x").unwrap();
    }

    fn bucket(root: &Path) -> FolderBucket {
        Folder::new(root, false).unwrap().bucket("b-1").unwrap()
    }

    fn keys(root: &Path, prefix: &str, marker: &str) -> Vec<String> {
        let query = Query {
            prefix: prefix.to_owned(),
            marker: marker.to_owned(),
            max_keys: 1000,
            ..Query::default()
        };
        let page = page(&mut bucket(root).cursor(&query), &query).unwrap();
        let keys = page.lines.into_iter().map(|line| match line {
            Line::Prefix(prefix) => prefix,
            Line::Version(key, _) => key,
        });
        keys.collect()
    }

    #[test]
    fn awkward_keys_are_listed_in_byte_order_and_opened() {
        let long = format!("{}é", "x".repeat(599));
        let beside_long = "x".repeat(252);
        let mut all = vec![
            "/x",
            "a//b",
            "a-b",
            "a/b",
            "a.b",
            "dir/",
            "x/./y",
            "x/../y",
            "%~",
            "100%",
            "数据/文件 (1)~'*!.bin",
            "nul\0",
            &long,
            &beside_long,
        ];
        let root = folder(&all);
        all.sort_unstable();
        assert_eq!(keys(root.path(), "", ""), all);
        for key in all {
            assert!(bucket(root.path()).open(key, None).is_ok(), "{key:?}");
        }
    }

    #[test]
    fn prefix_and_marker_bound_the_walk() {
        let root = folder(&["a", "b/c/d", "b/e", "b-", "c"]);
        assert_eq!(keys(root.path(), "b", ""), ["b-", "b/c/d", "b/e"]);
        assert_eq!(keys(root.path(), "b/c", ""), ["b/c/d"]);
        assert_eq!(keys(root.path(), "", "b/c/d"), ["b/e", "c"]);
        assert_eq!(keys(root.path(), "x", ""), [""; 0]);
    }

    #[test]
    fn a_file_stands_beside_the_folder_of_its_name() {
        let root = folder(&["a/b", "c"]);
        write(root.path(), Path::new("%~a%="));
        // Nothing is called `c/…`, so this is the path of no key.
        write(root.path(), Path::new("%~c%="));
        assert_eq!(keys(root.path(), "", ""), ["a", "a/b", "c"]);
        assert!(bucket(root.path()).open("a", None).is_ok());
        assert!(matches!(
            bucket(root.path()).open("c/d", None),
            Err(Missing::Key)
        ));
    }

    #[cfg(unix)]
    #[test]
    fn links_that_leave_the_bucket_are_not_followed() {
        use std::os::unix::fs::symlink;
        let root = folder(&["file", "folder/file"]);
        fs::write(root.path().join("secret"), "s").unwrap();
        let inside = root.path().join("b-1");
        symlink("file", inside.join("good")).unwrap();
        symlink("../secret", inside.join("bad")).unwrap();
        symlink("/etc/hostname", inside.join("worse")).unwrap();
        symlink("folder", inside.join("linked")).unwrap();
        symlink(".", inside.join("loop")).unwrap();
        symlink("nowhere", inside.join("broken")).unwrap();
        assert_eq!(keys(root.path(), "", ""), ["file", "folder/file", "good"]);
        for key in [
            "bad",
            "worse",
            "linked/file",
            "loop/file",
            "broken",
            "linked",
            "..",
        ] {
            assert!(
                matches!(bucket(root.path()).open(key, None), Err(Missing::Key)),
                "{key}"
            );
        }
        assert!(bucket(root.path()).open("good", None).is_ok());
    }

    #[test]
    fn what_no_folder_can_hold_is_no_bucket() {
        let root = folder(&[]);
        let folder = Folder::new(root.path(), false).unwrap();
        for name in ["", ".", "..", "b-1/..", "none-1", "b-1\0"] {
            assert!(folder.bucket(name).is_none(), "{name:?}");
        }
        assert_eq!(folder.buckets().unwrap().len(), 1);
    }

    prop_compose! {
        fn some_keys()(
            keys in prop::collection::btree_set("[ab./~%]{1,6}|(a|b)/(a|b|-)|x{252,260}", 1..12),
        ) -> Vec<String> {
            keys.into_iter().collect()
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(100))]

        #[test]
        fn a_folder_is_listed_as_memory_is(
            keys in some_keys(),
            prefix in "[ab./]{0,2}",
            delimiter in "[/.]?",
            marker in "[ab./]{0,3}",
            max_keys in 1_usize..6,
        ) {
            let root = folder(&[]);
            let memory = MemoryBucket::new("b-1");
            for key in &keys {
                memory.put(key.as_str(), Object::new("x"));
                let has_folder = keys.iter().any(|other| other.starts_with(&format!("{key}/")));
                let path = if has_folder { path_beside_folder(key) } else { folder_path(key) };
                write(root.path(), &path);
            }
            let query = Query {
                prefix,
                delimiter: Some(delimiter),
                marker,
                max_keys,
                ..Query::default()
            };
            let expected = page(&mut memory.cursor(&query), &query).unwrap();
            let listed = page(&mut bucket(root.path()).cursor(&query), &query).unwrap();
            let names = |page: &Page| -> Vec<String> {
                let name = |line: &Line| match line {
                    Line::Prefix(name) | Line::Version(name, _) => name.clone(),
                };
                page.lines.iter().map(name).collect()
            };
            prop_assert_eq!(names(&listed), names(&expected));
            prop_assert_eq!(listed.next, expected.next);
            for key in &keys {
                prop_assert!(bucket(root.path()).open(key, None).is_ok(), "{}", key);
            }
        }
    }
}
