//! Where a download may go.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use cos_proto::Key;

/// What stands where a file is to go, seen without following a symbolic link.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Destination {
    /// Nothing.
    Free,
    /// A file, or a symbolic link to anything: it will be replaced itself, and never written
    /// through.
    Replaceable,
}

impl Destination {
    /// The file that a person means who names `dest` as the place for `key`.
    ///
    /// An existing directory, and a path that ends in a separator, stand for a file in that
    /// directory, called as the key's last component (what follows its last `/`). Everything else
    /// is the file itself.
    ///
    /// # Errors
    ///
    /// [`DestinationError::NoFileName`] for a directory and a key whose last component can be no
    /// file's name.
    ///
    /// ```
    /// # use std::path::Path;
    /// use cos_proto::Key;
    /// use cos_transfer::Destination;
    ///
    /// let key = Key::new("photos/cat.jpg")?;
    /// assert_eq!(Destination::resolve("pet.jpg", &key)?, Path::new("pet.jpg"));
    /// assert_eq!(Destination::resolve("pets/", &key)?, Path::new("pets/cat.jpg"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn resolve(dest: impl AsRef<Path>, key: &Key) -> Result<PathBuf, DestinationError> {
        let dest = dest.as_ref();
        if !names_directory(dest) && !dest.is_dir() {
            return Ok(dest.to_owned());
        }
        let name = key.as_str().rsplit('/').next().unwrap_or_default();
        if !is_file_name(name) {
            return Err(DestinationError::NoFileName {
                dest: dest.to_owned(),
            });
        }
        Ok(dest.join(name))
    }

    /// The name of the file that `path` is.
    #[cfg(feature = "tokio")]
    pub(crate) fn file_name(path: &Path) -> Result<&OsStr, DestinationError> {
        match path.file_name() {
            Some(name) if crate::sidecars::is_reserved(name) => Err(DestinationError::Reserved {
                path: path.to_owned(),
            }),
            Some(name) if !names_directory(path) => Ok(name),
            _ => Err(DestinationError::Directory {
                path: path.to_owned(),
            }),
        }
    }

    /// Looks at what stands at `path`.
    ///
    /// # Errors
    ///
    /// [`DestinationError::Directory`] and [`DestinationError::Special`] for what is never
    /// replaced, [`DestinationError::Unreadable`] where it cannot be known.
    pub fn inspect(path: impl AsRef<Path>) -> Result<Self, DestinationError> {
        let path = path.as_ref();
        let refused = |problem: fn(PathBuf) -> DestinationError| Err(problem(path.to_owned()));
        if names_directory(path) {
            return refused(|path| DestinationError::Directory { path });
        }
        match fs::symlink_metadata(path) {
            Ok(found) if found.is_file() || found.is_symlink() => Ok(Self::Replaceable),
            Ok(found) if found.is_dir() => refused(|path| DestinationError::Directory { path }),
            Ok(_) => refused(|path| DestinationError::Special { path }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Self::Free),
            Err(source) => Err(DestinationError::Unreadable {
                path: path.to_owned(),
                source,
            }),
        }
    }
}

/// Whether a path can only be a directory's: empty, ending in a separator, or in `.` or `..`.
fn names_directory(path: &Path) -> bool {
    let text = path.as_os_str().as_encoded_bytes();
    let ends_in_separator = text
        .last()
        .is_some_and(|&byte| std::path::is_separator(char::from(byte)));
    // `file_name` sees neither a separator nor a `.` at the end.
    ends_in_separator || text.ends_with(b"/.") || text == b"." || path.file_name().is_none()
}

/// Whether a key's component is the name of a file in a directory, and of nothing else.
fn is_file_name(name: &str) -> bool {
    let path = Path::new(name);
    // What a system takes for a separator, a drive or a parent is not the name as a whole.
    !name.contains('\0') && path.file_name() == Some(OsStr::new(name))
}

/// Why a download cannot go where it should.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DestinationError {
    /// A directory is in the way.
    #[error("{} is a directory", path.display())]
    Directory {
        /// The directory.
        path: PathBuf,
    },
    /// A device, a pipe or a socket is in the way.
    #[error("{} is neither a file nor a place for one", path.display())]
    Special {
        /// What is in the way.
        path: PathBuf,
    },
    /// It has the name that the part file or the journal of another download would have: it ends in
    /// `.cospart`, `.cosckpt` or `.cosckpt.new`.
    #[error("{} has a name that unfinished downloads have", path.display())]
    Reserved {
        /// The destination.
        path: PathBuf,
    },
    /// The key's last component cannot be the name of a file.
    #[error("the key gives no name for a file in {}", dest.display())]
    NoFileName {
        /// The directory.
        dest: PathBuf,
    },
    /// What is there cannot be seen.
    #[error("cannot look at {}", path.display())]
    Unreadable {
        /// The destination.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(text: &str) -> Key {
        Key::new(text).unwrap()
    }

    #[test]
    fn a_directory_takes_the_last_component_of_the_key() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(
            Destination::resolve(dir.path(), &key("a/b c.txt")).unwrap(),
            dir.path().join("b c.txt")
        );
        assert_eq!(
            Destination::resolve(dir.path().join("new/"), &key("x")).unwrap(),
            dir.path().join("new/x")
        );
    }

    #[test]
    fn anything_else_is_the_file_itself() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("new");
        assert_eq!(Destination::resolve(&file, &key("a/..")).unwrap(), file);
    }

    #[test]
    fn a_component_that_leaves_the_directory_is_no_name() {
        let dir = tempfile::tempdir().unwrap();
        for hostile in ["a/..", "a/.", "dir/", "..", ".", "a/b\0c"] {
            assert!(
                matches!(
                    Destination::resolve(dir.path(), &key(hostile)),
                    Err(DestinationError::NoFileName { .. })
                ),
                "{hostile:?}"
            );
        }
        for harmless in ["...", "..a", "file..txt", "a\\b"] {
            assert!(
                Destination::resolve(dir.path(), &key(harmless)).is_ok(),
                "{harmless:?}"
            );
        }
    }

    #[test]
    fn files_and_links_may_be_replaced_but_directories_may_not() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("file");
        assert_eq!(Destination::inspect(&file).unwrap(), Destination::Free);
        fs::write(&file, b"old").unwrap();
        assert_eq!(
            Destination::inspect(&file).unwrap(),
            Destination::Replaceable
        );
        for directory in [
            dir.path().to_owned(),
            dir.path().join("file/"),
            dir.path().join("new/."),
            dir.path().join("new/.."),
            "".into(),
        ] {
            assert!(
                matches!(
                    Destination::inspect(&directory),
                    Err(DestinationError::Directory { .. })
                ),
                "{directory:?}"
            );
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_link_is_seen_itself() {
        let dir = tempfile::tempdir().unwrap();
        let link = dir.path().join("link");
        std::os::unix::fs::symlink(dir.path(), &link).unwrap();
        assert_eq!(
            Destination::inspect(&link).unwrap(),
            Destination::Replaceable
        );
    }

    #[cfg(unix)]
    #[test]
    fn a_device_is_in_the_way() {
        assert!(matches!(
            Destination::inspect("/dev/null"),
            Err(DestinationError::Special { .. })
        ));
    }
}
