//! A file that is not there yet: written under a temporary name, published when it is right.
//!
//! Everything here blocks.

use std::fs::{self, File, Permissions};
use std::io::{self, Write as _};
use std::iter;
use std::mem;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use tempfile::NamedTempFile;

use crate::{Destination, DestinationError, DownloadError, LocalAction};

/// How the temporary names begin and end. They are short, whatever the object is called, and stand
/// in the destination's own directory, so that the rename stays on one file system.
const TEMP_PREFIX: &str = ".cos-";
const TEMP_SUFFIX: &str = ".part";

/// The mode of a new file, before the umask takes its share.
#[cfg(unix)]
const NEW_FILE_MODE: u32 = 0o666;

/// The mode of a file that is not complete: nobody else's business.
#[cfg(unix)]
const PART_MODE: u32 = 0o600;

/// The bytes of a download until they are all there. Dropping it removes it, and the directories
/// that were made for it.
#[derive(Debug)]
pub(crate) struct PartFile {
    // Dropped before the directories, which must be empty to go.
    file: NamedTempFile,
    dest: PathBuf,
    dir: PathBuf,
    published_mode: Permissions,
    created: CreatedDirs,
}

/// What became of a file that was to be published.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Published {
    Done,
    /// Another file was there, and was to be left alone.
    Skipped,
}

/// Finds what can be found before anything is sent: whether a file could stand at `dest`, and
/// whether one may be made in its directory, or in the nearest one above it that exists.
pub(crate) fn preflight(dest: &Path) -> Result<Destination, DownloadError> {
    let found = Destination::inspect(dest).map_err(DownloadError::Destination)?;
    let dir = nearest_existing(parent(dest))?;
    may_write(dir).map_err(|error| DownloadError::local(LocalAction::Create, dir, error))?;
    Ok(found)
}

impl PartFile {
    /// Makes an empty file beside `dest`, and the directories above it that are missing.
    pub(crate) fn create(dest: &Path) -> Result<Self, DownloadError> {
        let dir = parent(dest).to_owned();
        let failed = |error| DownloadError::local(LocalAction::Create, &dir, error);
        let created = CreatedDirs::create(&dir).map_err(failed)?;
        let file = temp_file_in(&dir).map_err(failed)?;
        let published_mode = file.as_file().metadata().map_err(failed)?.permissions();
        restrict(file.as_file());
        Ok(Self {
            file,
            dest: dest.to_owned(),
            dir,
            published_mode,
            created,
        })
    }

    /// Where the file will be.
    pub(crate) fn dest(&self) -> &Path {
        &self.dest
    }

    /// Appends `bytes`.
    pub(crate) fn write(&mut self, bytes: &[u8]) -> Result<(), DownloadError> {
        self.file
            .as_file_mut()
            .write_all(bytes)
            .map_err(|error| DownloadError::local(LocalAction::Write, &self.dest, error))
    }

    /// Gives a complete file its time and mode, makes it durable, and puts it at its destination
    /// in one step: a reader of that name sees the former file or the new one, never a part.
    ///
    /// What stands at the destination is looked at once more, as it may have come meanwhile.
    pub(crate) fn publish(
        self,
        modified: Option<SystemTime>,
        no_clobber: bool,
    ) -> Result<Published, DownloadError> {
        // What is named last is dropped first: the file goes before its directories.
        let Self {
            created,
            dest,
            dir,
            published_mode,
            file,
        } = self;
        let failed = |action| {
            let dest = dest.clone();
            move |error| DownloadError::local(action, &dest, error)
        };

        // Time and mode may be nobody's but the owner's to set, where a file system is mounted for
        // somebody else. That is no reason to throw a good file away, and a disk that fails says so
        // when it syncs.
        if let Some(modified) = modified {
            let _ = file.as_file().set_modified(modified);
        }
        let _ = file.as_file().set_permissions(published_mode);
        file.as_file()
            .sync_all()
            .map_err(failed(LocalAction::Sync))?;

        Destination::inspect(&dest).map_err(DownloadError::Destination)?;
        let renamed = if no_clobber {
            file.persist_noclobber(&dest)
        } else {
            file.persist(&dest)
        };
        match renamed {
            Ok(_file) => {}
            Err(error) if no_clobber && error.error.kind() == io::ErrorKind::AlreadyExists => {
                return Ok(Published::Skipped);
            }
            Err(error) => return Err(failed(LocalAction::Publish)(error.error)),
        }
        for dir in iter::once(dir).chain(created.keep()) {
            sync_dir(&dir)
                .map_err(|error| DownloadError::local(LocalAction::SyncName, &dir, error))?;
        }
        Ok(Published::Done)
    }
}

/// Directories that did not exist before. Dropping it removes those that are still empty.
#[derive(Debug)]
struct CreatedDirs {
    /// From the top to the bottom.
    dirs: Vec<PathBuf>,
}

impl CreatedDirs {
    fn create(dir: &Path) -> io::Result<Self> {
        let mut missing = Vec::new();
        for above in dir.ancestors() {
            if above.as_os_str().is_empty() || above.exists() {
                break;
            }
            missing.push(above.to_owned());
        }
        let mut created = Self { dirs: Vec::new() };
        for dir in missing.into_iter().rev() {
            match fs::create_dir(&dir) {
                Ok(()) => created.dirs.push(dir),
                // Somebody else made it meanwhile, and it is theirs.
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
            }
        }
        Ok(created)
    }

    /// Keeps them, and says which directories they were made in, from the bottom to the top: to
    /// sync a directory makes durable what it holds, not the directory itself.
    fn keep(mut self) -> impl Iterator<Item = PathBuf> {
        let dirs = mem::take(&mut self.dirs);
        dirs.into_iter().rev().map(|dir| parent(&dir).to_owned())
    }
}

impl Drop for CreatedDirs {
    fn drop(&mut self) {
        for dir in self.dirs.iter().rev() {
            // One that is not empty any more is in use.
            let _ = fs::remove_dir(dir);
        }
    }
}

/// The directory in which `dest` stands or will stand.
fn parent(dest: &Path) -> &Path {
    match dest.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

/// `dir` or the nearest directory above it that exists.
fn nearest_existing(dir: &Path) -> Result<&Path, DownloadError> {
    for above in dir.ancestors() {
        let above = if above.as_os_str().is_empty() {
            Path::new(".")
        } else {
            above
        };
        match fs::metadata(above) {
            Ok(found) if found.is_dir() => return Ok(above),
            Ok(_) => {
                let error = io::Error::from(io::ErrorKind::NotADirectory);
                return Err(DownloadError::local(LocalAction::Create, above, error));
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(source) => {
                return Err(DownloadError::Destination(DestinationError::Unreadable {
                    path: above.to_owned(),
                    source,
                }));
            }
        }
    }
    Ok(dir)
}

#[cfg(unix)]
fn may_write(dir: &Path) -> io::Result<()> {
    use rustix::fs::{Access, access};
    Ok(access(dir, Access::WRITE_OK | Access::EXEC_OK)?)
}

/// Elsewhere the first write tells.
#[cfg(not(unix))]
fn may_write(_: &Path) -> io::Result<()> {
    Ok(())
}

fn temp_file_in(dir: &Path) -> io::Result<NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(TEMP_PREFIX).suffix(TEMP_SUFFIX);
    // The kernel applies the umask, which no program can read without changing it.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(NEW_FILE_MODE));
    builder.tempfile_in(dir)
}

/// Keeps others out, where the file system lets us.
#[cfg(unix)]
fn restrict(file: &File) {
    let _ = file.set_permissions(std::os::unix::fs::PermissionsExt::from_mode(PART_MODE));
}

#[cfg(not(unix))]
fn restrict(_: &File) {}

/// Makes the names in a directory durable.
///
/// One that may be written but not read cannot be opened for it, and there are file systems that do
/// not sync directories (`EINVAL`): there the rename is as durable as the system has it.
#[cfg(unix)]
fn sync_dir(dir: &Path) -> io::Result<()> {
    match File::open(dir).and_then(|dir| dir.sync_all()) {
        Err(error)
            if matches!(
                error.kind(),
                io::ErrorKind::PermissionDenied | io::ErrorKind::InvalidInput
            ) =>
        {
            Ok(())
        }
        synced => synced,
    }
}

/// Elsewhere a directory cannot be opened as a file; the rename is as durable as the system has it.
#[cfg(not(unix))]
fn sync_dir(_: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_holds_the_directories_that_were_made_is_named() {
        let root = tempfile::tempdir().unwrap();
        let root = root.path();
        let created = CreatedDirs::create(&root.join("a/b/c")).unwrap();
        let above: Vec<_> = created.keep().collect();
        assert_eq!(above, [root.join("a/b"), root.join("a"), root.to_owned()]);
        assert!(root.join("a/b/c").is_dir());

        let created = CreatedDirs::create(&root.join("a/b/d")).unwrap();
        assert_eq!(created.keep().collect::<Vec<_>>(), [root.join("a/b")]);
    }

    /// Each of the directories in turn is one that is not there, and so cannot be synced.
    #[cfg(unix)]
    #[test]
    fn f11_every_directory_that_has_a_new_name_is_synced() {
        let root = tempfile::tempdir().unwrap();
        let dest = root.path().join("file");
        let gone = root.path().join("gone");
        let not_synced = |spoil: fn(&mut PartFile, PathBuf)| {
            let mut part = PartFile::create(&dest).unwrap();
            spoil(&mut part, gone.clone());
            let error = part.publish(None, false).unwrap_err();
            let DownloadError::Local { action, path, .. } = error else {
                panic!("{error:?}");
            };
            assert_eq!((action, path), (LocalAction::SyncName, gone.clone()));
            assert!(dest.exists());
        };
        not_synced(|part, gone| part.dir = gone);
        not_synced(|part, gone| part.created.dirs.push(gone.join("made")));
    }

    /// A pipe cannot be synced, which stands for a disk that fails.
    #[cfg(unix)]
    #[test]
    fn f4_what_cannot_be_synced_is_not_published_and_leaves_nothing() {
        let root = tempfile::tempdir().unwrap();
        let dest = root.path().join("a/b/file");
        let mut part = PartFile::create(&dest).unwrap();
        let (_, path) = part.file.into_parts();
        let (_reader, writer) = io::pipe().unwrap();
        let pipe = File::from(std::os::fd::OwnedFd::from(writer));
        part.file = NamedTempFile::from_parts(pipe, path);

        let error = part.publish(None, false).unwrap_err();
        assert!(
            matches!(
                error,
                DownloadError::Local {
                    action: LocalAction::Sync,
                    ..
                }
            ),
            "{error:?}"
        );
        assert_eq!(fs::read_dir(root.path()).unwrap().count(), 0);
    }

    /// `/proc` lets nobody set a mode there, and does not sync its directories.
    #[cfg(target_os = "linux")]
    #[test]
    fn f21_a_file_system_without_modes_and_synced_directories_will_do() {
        let file = File::open("/proc/self/status").unwrap();
        let mode = file.metadata().unwrap().permissions();
        file.set_permissions(mode.clone()).unwrap_err();
        restrict(&file);
        assert_eq!(file.metadata().unwrap().permissions(), mode);

        File::open("/proc").unwrap().sync_all().unwrap_err();
        sync_dir("/proc".as_ref()).unwrap();
    }
}
