//! Where a download goes, and what its sidecars are called.

use std::ffi::{OsStr, OsString};
use std::fmt;
use std::fs;
use std::io;
use std::mem;
use std::path::{Path, PathBuf};

use cos_proto::crc64;

use super::Turn;
use crate::storage::{Dir, Kind, RealDir};
use crate::{Destination, DestinationError, DownloadError, LocalAction};

/// A destination, and where its sidecars stand: both in directories that are held open.
pub(crate) struct Place<D> {
    /// Where the file is to be.
    pub(super) dir: D,
    pub(super) name: OsString,
    /// Where the sidecars are: on the same file system.
    pub(super) sidecars: D,
    pub(super) names: Names,
    /// Both as the user knows them.
    path: PathBuf,
    sidecars_path: PathBuf,
    created: CreatedDirs,
    /// Finds it by its path once more.
    find: Option<Find<D>>,
}

type Find<D> = fn(&Path) -> Result<Place<D>, DownloadError>;

/// What the sidecars are called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Names {
    stem: OsString,
    pub(super) part: OsString,
    pub(super) journal: OsString,
    /// The journal that is being written anew; also a file that is made to see which mode a new
    /// file has.
    pub(super) new: OsString,
}

impl Place<RealDir> {
    /// The file `path`, with its sidecars beside it. Missing directories are made, and removed again
    /// if nothing comes of it.
    ///
    /// # Errors
    ///
    /// [`DownloadError::Destination`] for a path that can only be a directory's, or is one that the
    /// sidecars of another file have; [`DownloadError::Local`] where its directory cannot be made or
    /// opened.
    pub(crate) fn at(path: &Path) -> Result<Self, DownloadError> {
        let name = Destination::file_name(path).map_err(DownloadError::Destination)?;
        let parent = parent(path);
        let failed = |error| DownloadError::local(LocalAction::Create, parent, error);
        let created = CreatedDirs::create(parent).map_err(failed)?;
        let dir = RealDir::open_path(parent).map_err(failed)?;
        Ok(Self {
            created,
            find: Some(Self::at),
            ..Self::beside(dir, name.to_owned(), path.to_owned())
        })
    }
}

impl<D: Dir> Place<D> {
    /// The file `name` in `dir`, with its sidecars beside it. Users are told of it as `path`.
    pub(crate) fn beside(dir: D, name: OsString, path: PathBuf) -> Self {
        Self {
            names: Names::of(&name),
            sidecars: dir.clone(),
            sidecars_path: parent(&path).to_owned(),
            dir,
            name,
            path,
            created: CreatedDirs::default(),
            find: None,
        }
    }

    /// The same file with its sidecars in another directory, one for those of many files, where it
    /// is known by `key`. Users are told of that directory as `path`.
    pub(crate) fn sidecars_in(self, sidecars: D, path: PathBuf, key: &[u8]) -> Self {
        Self {
            names: Names::hashed(key),
            sidecars,
            sidecars_path: path,
            ..self
        }
    }

    /// Where the file will be, as the user knows it.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// What stands at the destination now.
    ///
    /// # Errors
    ///
    /// [`DownloadError::Destination`] for what is never replaced, or cannot be seen.
    pub(crate) fn inspect(&self) -> Result<Destination, DownloadError> {
        let path = || self.path.clone();
        let error = match self.dir.entry(&self.name) {
            Ok(None) => return Ok(Destination::Free),
            Ok(Some(entry)) => match entry.kind {
                Kind::File | Kind::Symlink => return Ok(Destination::Replaceable),
                Kind::Dir => DestinationError::Directory { path: path() },
                Kind::Special => DestinationError::Special { path: path() },
            },
            Err(source) => DestinationError::Unreadable {
                path: path(),
                source,
            },
        };
        Err(DownloadError::Destination(error))
    }

    /// Waits until no other download of this process goes to this place.
    ///
    /// # Errors
    ///
    /// [`DownloadError::Local`] where nothing can be known about its directory.
    pub(crate) async fn turn(&self) -> Result<Turn, DownloadError> {
        let id = self.sidecars.id();
        let id = id.map_err(|error| self.failed_to_create(error))?;
        Ok(Turn::wait(id, self.names.stem.clone()).await)
    }

    /// The place once more, if its directory may have gone while this waited for its turn: another
    /// download had made it, and failed.
    pub(super) fn again(&self) -> Option<Result<Self, DownloadError>> {
        Some(self.find?(&self.path))
    }

    /// Makes the name of the published file durable, and those of the directories that were made for
    /// it, which stay.
    pub(super) fn sync(&self) -> Result<(), DownloadError> {
        let failed = |dir: &Path, error| DownloadError::local(LocalAction::SyncName, dir, error);
        let synced = self.dir.sync();
        synced.map_err(|error| failed(parent(&self.path), error))?;
        self.created
            .sync()
            .map_err(|(dir, error)| failed(&dir, error))
    }

    /// Where one of its sidecars is, as the user knows it.
    pub(super) fn path_of(&self, sidecar: &OsStr) -> PathBuf {
        self.sidecars_path.join(sidecar)
    }

    /// A failure to make one of its sidecars.
    pub(super) fn failed_to_create(&self, error: io::Error) -> DownloadError {
        DownloadError::local(LocalAction::Create, &self.sidecars_path, error)
    }
}

impl<D> fmt::Debug for Place<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Place").field(&self.path).finish()
    }
}

/// The longest name that file systems take, in bytes.
const MAX_NAME: usize = 255;

const PART: &str = ".cospart";
const JOURNAL: &str = ".cosckpt";
const NEW_JOURNAL: &str = ".cosckpt.new";

/// Whether a name is one that a file's sidecars have, on a file system that ignores case too.
pub(crate) fn is_reserved(name: &OsStr) -> bool {
    let name = name.as_encoded_bytes();
    [PART, JOURNAL, NEW_JOURNAL].iter().any(|suffix| {
        let from = name.len().checked_sub(suffix.len());
        from.and_then(|from| name.get(from..))
            .is_some_and(|end| end.eq_ignore_ascii_case(suffix.as_bytes()))
    })
}

impl Names {
    /// The sidecars of a file, beside it: called after it, or after its hash where that would be too
    /// long.
    fn of(name: &OsStr) -> Self {
        if name.len().saturating_add(NEW_JOURNAL.len()) > MAX_NAME {
            Self::hashed(name.as_encoded_bytes())
        } else {
            Self::with_stem(name.to_owned())
        }
    }

    /// Sidecars that are called after a hash. Two whose hashes are the same take turns, and neither
    /// takes the other's journal for its own.
    fn hashed(key: &[u8]) -> Self {
        Self::with_stem(format!(".cos-{:016x}", crc64::checksum(key)).into())
    }

    fn with_stem(stem: OsString) -> Self {
        let with = |suffix| {
            let mut name = stem.clone();
            name.push(suffix);
            name
        };
        Self {
            part: with(PART),
            journal: with(JOURNAL),
            new: with(NEW_JOURNAL),
            stem,
        }
    }
}

/// Directories that did not exist before. Dropping it removes those that are still empty.
#[derive(Debug, Default)]
pub(super) struct CreatedDirs {
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
        let mut created = Self::default();
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

    /// Makes their names durable, from the bottom to the top: to sync a directory makes durable what
    /// it holds, not the directory itself. On failure, says which directory it is.
    pub(super) fn sync(&self) -> Result<(), (PathBuf, io::Error)> {
        for dir in self.dirs.iter().rev().map(|dir| parent(dir)) {
            RealDir::open_path(dir)
                .and_then(|dir| dir.sync())
                .map_err(|error| (dir.to_owned(), error))?;
        }
        Ok(())
    }
}

impl Drop for CreatedDirs {
    fn drop(&mut self) {
        for dir in mem::take(&mut self.dirs).iter().rev() {
            // One that is not empty any more is in use.
            let _ = fs::remove_dir(dir);
        }
    }
}

/// The directory in which `path` stands or will stand.
fn parent(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sidecars::Sidecars;

    fn open(path: &Path) -> Sidecars<RealDir> {
        let runtime = tokio::runtime::Builder::new_current_thread();
        let runtime = { runtime }.build().unwrap();
        let place = Place::at(path).unwrap();
        let turn = runtime.block_on(place.turn()).unwrap();
        Sidecars::open(place, turn, true).unwrap()
    }

    fn names(dir: &Path) -> Vec<String> {
        let mut names: Vec<_> = fs::read_dir(dir)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn sidecars_are_called_after_the_file() {
        let names = Names::of("file".as_ref());
        assert_eq!(names.part, "file.cospart");
        assert_eq!(names.journal, "file.cosckpt");
    }

    #[test]
    fn k5_sidecars_of_a_long_name_have_a_short_one() {
        let [fits, long, other] = ["n".repeat(243), "n".repeat(244), "n".repeat(254) + "m"]
            .map(|name| Names::of(name.as_ref()));
        assert_eq!(fits.new.len(), 255);
        assert_eq!(fits.part.len(), 243 + 8);
        for names in [&long, &other] {
            assert_eq!(names.new.len(), 5 + 16 + 12);
        }
        assert_ne!(long, other);
    }

    #[test]
    fn a_path_that_can_only_be_a_directorys_is_no_place() {
        for path in ["", ".", "..", "/", "a/", "a/.", "a/.."] {
            assert!(
                matches!(
                    Place::at(path.as_ref()),
                    Err(DownloadError::Destination(
                        DestinationError::Directory { .. }
                    ))
                ),
                "{path:?}"
            );
        }
    }

    #[test]
    fn k12_a_name_that_sidecars_have_is_no_place() {
        let root = tempfile::tempdir().unwrap();
        for name in ["a.cospart", "a.COSCKPT", "a.cosckpt.new", ".cospart"] {
            assert!(
                matches!(
                    Place::at(&root.path().join(name)),
                    Err(DownloadError::Destination(
                        DestinationError::Reserved { .. }
                    ))
                ),
                "{name}"
            );
        }
        for name in ["cospart", "a.cospart.txt", "a.new", "ü.osckpt"] {
            Place::at(&root.path().join(name)).unwrap();
        }
    }

    #[test]
    fn what_holds_the_directories_that_were_made_is_synced() {
        let root = tempfile::tempdir().unwrap();
        let root = root.path();
        let created = CreatedDirs::create(&root.join("a/b/c")).unwrap();
        assert_eq!(
            created.dirs,
            ["a", "a/b", "a/b/c"].map(|dir| root.join(dir))
        );
        created.sync().unwrap();
        fs::remove_dir_all(root.join("a/b")).unwrap();
        let (failed, _) = created.sync().unwrap_err();
        assert_eq!(failed, root.join("a/b"));
    }

    #[test]
    fn directories_that_were_made_go_when_nothing_comes_of_it() {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir(root.path().join("kept")).unwrap();
        let dest = root.path().join("kept/a/b/file");
        let sidecars = open(&dest);
        assert_eq!(names(dest.parent().unwrap()), ["file.cosckpt"]);
        drop(sidecars);
        assert_eq!(names(&root.path().join("kept")), [] as [&str; 0]);
    }

    #[test]
    fn directories_that_another_download_had_made_may_go_before_it_is_our_turn() {
        let root = tempfile::tempdir().unwrap();
        let dest = root.path().join("a/b/file");
        let first = open(&dest);
        let place = Place::at(&dest).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread();
        let runtime = { runtime }.build().unwrap();
        drop(first);
        assert!(!root.path().join("a").exists());
        let turn = runtime.block_on(place.turn()).unwrap();
        let second = Sidecars::open(place, turn, true).unwrap();
        assert_eq!(names(dest.parent().unwrap()), ["file.cosckpt"]);
        drop(second);
        assert!(!root.path().join("a").exists());
    }

    #[test]
    fn directories_that_were_made_stay_while_there_is_something_to_resume_from() {
        let root = tempfile::tempdir().unwrap();
        let dest = root.path().join("a/b/file");
        let sidecars = open(&dest);
        sidecars.begin(0..3).unwrap();
        sidecars.rewrite(b"header").unwrap();
        sidecars.record(b"a record").unwrap();
        drop(sidecars);
        assert_eq!(
            names(dest.parent().unwrap()),
            ["file.cosckpt", "file.cospart"]
        );
    }

    #[test]
    fn the_sidecars_of_many_files_stand_in_a_directory_of_theirs() {
        let root = tempfile::tempdir().unwrap();
        for dir in ["a", "sidecars"] {
            fs::create_dir(root.path().join(dir)).unwrap();
        }
        let [dir, sidecars] =
            ["a", "sidecars"].map(|dir| RealDir::open_path(&root.path().join(dir)).unwrap());
        let place = |key: &[u8]| {
            let place = Place::beside(dir.clone(), "file".into(), "a/file".into());
            place.sidecars_in(sidecars.clone(), "sidecars".into(), key)
        };
        assert_eq!(place(b"a/file").names, place(b"a/file").names);
        assert_ne!(place(b"a/file").names, place(b"b/file").names);

        let runtime = tokio::runtime::Builder::new_current_thread();
        let runtime = { runtime }.build().unwrap();
        let turn = runtime.block_on(place(b"a/file").turn()).unwrap();
        let held = Sidecars::open(place(b"a/file"), turn, true).unwrap();
        held.begin(0..3).unwrap();
        held.write(b"abc", 0).unwrap();
        assert_eq!(names(&root.path().join("sidecars")).len(), 2);
        assert_eq!(names(&root.path().join("a")), [] as [&str; 0]);
        let how = crate::sidecars::Publish {
            modified: None,
            no_clobber: true,
        };
        held.publish(how).unwrap();
        assert_eq!(names(&root.path().join("sidecars")), [] as [&str; 0]);
        assert_eq!(fs::read(root.path().join("a/file")).unwrap(), b"abc");
    }
}
