//! Buckets that are folders.

mod walk;

use std::{
    fs::{self, File, Metadata},
    io,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use http::HeaderMap;

pub(crate) use self::walk::Walk;
use crate::{
    clock::since_epoch,
    content::Content,
    digest::{Digest, Digests},
    escape::{folder_path, path_beside_folder},
    listing::Query,
    store::{Described, Missing, Stored},
};

/// A folder whose folders are buckets.
#[derive(Debug)]
pub(crate) struct Folder {
    /// Canonical, so that what a link leads to can be compared with it.
    root: PathBuf,
    ofs: bool,
    digests: Arc<Digests>,
}

impl Folder {
    pub(crate) fn new(root: &Path, ofs: bool) -> io::Result<Self> {
        let root = root.canonicalize()?;
        if !root.is_dir() {
            return Err(io::ErrorKind::NotADirectory.into());
        }
        Ok(Self {
            root,
            ofs,
            digests: Arc::default(),
        })
    }

    /// The bucket of this name. May block.
    pub(crate) fn bucket(&self, name: &str) -> Option<FolderBucket> {
        // A bucket's name is one plain component.
        if !is_folder_name(name) {
            return None;
        }
        let path = self.root.join(name);
        let metadata = fs::symlink_metadata(&path).ok().filter(Metadata::is_dir)?;
        let created = metadata.created().or_else(|_| metadata.modified());
        Some(FolderBucket {
            inner: Arc::new(Inner {
                name: name.to_owned(),
                path,
                created: created.map(since_epoch).unwrap_or_default(),
                ofs: self.ofs,
                digests: Arc::clone(&self.digests),
            }),
        })
    }

    /// All buckets, by name. May block.
    pub(crate) fn buckets(&self) -> io::Result<Vec<FolderBucket>> {
        let mut names = Vec::new();
        for entry in fs::read_dir(&self.root)? {
            names.extend(entry?.file_name().into_string());
        }
        names.sort_unstable();
        Ok(names.iter().filter_map(|name| self.bucket(name)).collect())
    }
}

/// A folder as a bucket.
///
/// A symbolic link is served if it leads to a file inside the bucket; links to folders, and links
/// that lead out of the bucket, are as if they were not there.
#[derive(Clone, Debug)]
pub(crate) struct FolderBucket {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    name: String,
    path: PathBuf,
    created: Duration,
    ofs: bool,
    digests: Arc<Digests>,
}

impl FolderBucket {
    pub(crate) fn name(&self) -> &str {
        &self.inner.name
    }

    pub(crate) fn created(&self) -> Duration {
        self.inner.created
    }

    pub(crate) fn is_ofs(&self) -> bool {
        self.inner.ofs
    }

    /// Opens an object. There are no versions: asking for one finds none.
    pub(crate) fn open(&self, key: &str, version: Option<&str>) -> Result<Stored, Missing> {
        if version.is_some() {
            return Err(Missing::Version);
        }
        let path = self.inner.path.join(folder_path(key));
        let (content, metadata, digest) = match self.open_file(&path) {
            Err(error) if error.kind() == io::ErrorKind::IsADirectory => {
                self.open_file(&self.inner.path.join(path_beside_folder(key)))?
            }
            // A file where the key has a folder, or a name that this file system cannot hold.
            Err(error) if is_absence(&error) => return Err(Missing::Key),
            other => other?,
        };
        Ok(Stored {
            content,
            etag: digest.etag,
            crc64: Some(digest.crc64),
            modified: metadata.modified().map(since_epoch)?,
            headers: HeaderMap::new(),
            class: None,
            archived: false,
            version_id: None,
        })
    }

    /// What a listing tells of a file that a walk has found.
    pub(crate) fn describe(&self, path: &Path) -> io::Result<Option<Described>> {
        match self.open_file(path) {
            Ok((content, _, digest)) => Ok(Some(Described {
                size: content.len(),
                etag: digest.etag,
                class: None,
            })),
            // Removed since the walk.
            Err(error) if is_absence(&error) => Ok(None),
            Err(error) => Err(error),
        }
    }

    pub(crate) fn cursor(&self, query: &Query) -> Walk {
        Walk::new(self.clone(), query)
    }

    fn open_file(&self, path: &Path) -> io::Result<(Content, Metadata, Digest)> {
        let path = self.resolve(path)?;
        let file = File::open(path)?;
        let metadata = file.metadata()?;
        let content = Content::File {
            file: Arc::new(file),
            len: metadata.len(),
        };
        let digest = self.inner.digests.of_file(&content, &metadata)?;
        Ok((content, metadata, digest))
    }

    /// The file that a path means, if it is a plain file of this bucket.
    ///
    /// Someone who changes links at this very moment could still lead it astray: the folder is the
    /// user's own, and nothing is written.
    fn resolve(&self, path: &Path) -> io::Result<PathBuf> {
        let found = fs::symlink_metadata(path)?;
        if found.is_dir() {
            return Err(io::ErrorKind::IsADirectory.into());
        }
        let folder = path.parent().ok_or(io::ErrorKind::NotFound)?;
        if folder.canonicalize()? != folder {
            return Err(io::ErrorKind::NotFound.into());
        }
        let target = path.canonicalize()?;
        let is_served = target.starts_with(&self.inner.path) && fs::metadata(&target)?.is_file();
        if is_served {
            Ok(target)
        } else {
            Err(io::ErrorKind::NotFound.into())
        }
    }
}

fn is_folder_name(name: &str) -> bool {
    !matches!(name, "" | "." | "..") && !name.contains(['/', '\\', '\0'])
}

fn is_absence(error: &io::Error) -> bool {
    use io::ErrorKind::{InvalidFilename, InvalidInput, NotADirectory, NotFound};
    matches!(
        error.kind(),
        NotFound | NotADirectory | InvalidFilename | InvalidInput
    )
}
