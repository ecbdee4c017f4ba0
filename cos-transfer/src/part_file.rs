//! A file that is not there yet: written under a temporary name, published when it is right.
//!
//! Everything here blocks.

use std::fs::{self, File, Permissions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use bytes::Bytes;
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
        restrict(file.as_file()).map_err(failed)?;
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

    /// Appends `chunks`.
    pub(crate) fn write(&mut self, chunks: &[Bytes]) -> Result<(), DownloadError> {
        chunks
            .iter()
            .try_for_each(|chunk| self.file.as_file_mut().write_all(chunk))
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
        let Self {
            file,
            dest,
            dir,
            published_mode,
            created,
        } = self;
        let failed = |action| {
            let dest = dest.clone();
            move |error| DownloadError::local(action, &dest, error)
        };

        if let Some(modified) = modified {
            file.as_file()
                .set_modified(modified)
                .map_err(failed(LocalAction::Publish))?;
        }
        file.as_file()
            .set_permissions(published_mode)
            .map_err(failed(LocalAction::Publish))?;
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
        created.keep();
        sync_dir(&dir).map_err(|error| DownloadError::local(LocalAction::Sync, &dir, error))?;
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

    fn keep(mut self) {
        self.dirs.clear();
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

#[cfg(unix)]
fn restrict(file: &File) -> io::Result<()> {
    file.set_permissions(std::os::unix::fs::PermissionsExt::from_mode(PART_MODE))
}

#[cfg(not(unix))]
fn restrict(_: &File) -> io::Result<()> {
    Ok(())
}

/// Makes the new name durable.
#[cfg(unix)]
fn sync_dir(dir: &Path) -> io::Result<()> {
    File::open(dir)?.sync_all()
}

/// Elsewhere a directory cannot be opened as a file; the rename is as durable as the system has it.
#[cfg(not(unix))]
fn sync_dir(_: &Path) -> io::Result<()> {
    Ok(())
}
