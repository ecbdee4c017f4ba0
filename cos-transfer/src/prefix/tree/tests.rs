//! Over a file system that folds names, stood in for by one that does not.

use std::fs;

use super::*;
use crate::prefix::Names;
use crate::storage::RealFile;

/// A directory in which names that differ by case alone, or by how an é is written, are one, and are
/// kept as they were given first: as macOS and Windows have it.
#[derive(Clone, Debug)]
struct Folding(RealDir);

fn fold(name: &OsStr) -> String {
    let name = name.to_str().unwrap().to_lowercase();
    name.replace("e\u{301}", "\u{e9}")
}

impl Folding {
    /// The name as it is kept, if it is there.
    fn kept(&self, name: &OsStr) -> OsString {
        let mut kept = name.to_owned();
        let look = &mut |entry: OsString, _| {
            if fold(&entry) == fold(name) {
                kept = entry;
            }
            Ok(ControlFlow::Continue(()))
        };
        self.0.names(look).unwrap();
        kept
    }
}

impl Dir for Folding {
    type File = RealFile;

    fn id(&self) -> io::Result<DirId> {
        self.0.id()
    }

    fn entry(&self, name: &OsStr) -> io::Result<Option<Entry>> {
        self.0.entry(&self.kept(name))
    }

    fn open(&self, name: &OsStr) -> io::Result<Option<RealFile>> {
        self.0.open(&self.kept(name))
    }

    fn create(&self, name: &OsStr) -> io::Result<RealFile> {
        self.0.create(&self.kept(name))
    }

    fn rename(&self, from: &OsStr, to_dir: &Self, to: &OsStr) -> io::Result<()> {
        self.0.rename(&self.kept(from), &to_dir.0, &to_dir.kept(to))
    }

    fn rename_new(&self, from: &OsStr, to_dir: &Self, to: &OsStr) -> io::Result<()> {
        self.0
            .rename_new(&self.kept(from), &to_dir.0, &to_dir.kept(to))
    }

    fn remove(&self, name: &OsStr) -> io::Result<()> {
        self.0.remove(&self.kept(name))
    }

    fn is(&self, name: &OsStr, file: &RealFile) -> io::Result<bool> {
        self.0.is(&self.kept(name), file)
    }

    fn sync(&self) -> io::Result<()> {
        self.0.sync()
    }
}

impl Folder for Folding {
    fn open_folder(&self, name: &OsStr) -> io::Result<Option<Self>> {
        Ok(self.0.open_dir(&self.kept(name))?.map(Self))
    }

    fn make_folder(&self, name: &OsStr) -> io::Result<()> {
        self.0.make_dir(&self.kept(name))
    }

    fn is_spelled(&self, name: &OsStr) -> io::Result<bool> {
        Folder::is_spelled(&self.0, name)
    }
}

struct World {
    folder: tempfile::TempDir,
    staging: Folding,
    tree: Tree<Folding>,
}

impl World {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let root = Folding(RealDir::open_path(folder.path()).unwrap());
        root.make_folder(OsStr::new(RESERVED)).unwrap();
        let staging = root.open_folder(OsStr::new(RESERVED)).unwrap().unwrap();
        let folds = folds(&staging).unwrap();
        let tree = Tree::new(root, folder.path().to_owned());
        Self {
            tree: tree.reserving(&staging, folds).unwrap(),
            folder,
            staging,
        }
    }

    fn look(&self, key: &str) -> Result<Target<Folding>, ObjectError> {
        let path = KeyPath::new(key, Names::Unix).unwrap();
        Ok(self.tree.target(&path, true)?.unwrap())
    }

    /// Publishes as a run does.
    fn publish(&self, target: &Target<Folding>, content: &str) -> io::Result<()> {
        let temporary = self.folder.path().join(RESERVED).join("new");
        fs::write(temporary, content).unwrap();
        let (from, to) = (OsStr::new("new"), OsStr::new(&target.name));
        if target.must_be_new {
            self.staging.rename_new(from, &target.dir, to)
        } else {
            self.staging.rename(from, &target.dir, to)
        }
    }

    fn put(&self, key: &str) -> bool {
        match self.look(key) {
            Ok(target) => {
                self.publish(&target, key).unwrap();
                true
            }
            Err(ObjectError::Collides { .. }) => false,
            Err(error) => panic!("{error}"),
        }
    }

    fn read(&self, path: &str) -> String {
        fs::read_to_string(self.folder.path().join(path)).unwrap()
    }
}

#[test]
fn k9_a_file_system_that_folds_names_is_found_out() {
    let folder = tempfile::tempdir().unwrap();
    let dir = RealDir::open_path(folder.path()).unwrap();
    assert!(folds(&Folding(dir.clone())).unwrap());
    assert!(!folds(&dir).unwrap());
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

/// The first one stays, in files and in folders; what is spelled the same is replaced.
#[test]
fn k9_two_keys_never_become_one_file() {
    let world = World::new();
    for (key, stored) in [
        ("File", true),
        ("file", false),
        ("Dir/a", true),
        ("dir/a", false),
        ("dir/b", false),
        ("Dir/b", true),
        ("caf\u{e9}", true),
        ("cafe\u{301}", false),
        ("File", true),
        ("Dir/a", true),
    ] {
        assert_eq!(world.put(key), stored, "{key}");
    }
    assert_eq!(
        (world.read("File"), world.read("Dir/a")),
        ("File".into(), "Dir/a".into())
    );
}

/// A file of long ago is replaced under its own name and under no other.
#[test]
fn k9_an_older_file_is_replaced_under_its_own_name_alone() {
    let world = World::new();
    fs::write(world.folder.path().join("old"), "before").unwrap();
    assert!(!world.put("OLD"));
    assert_eq!(world.read("old"), "before");
    assert!(world.put("old"));
    assert_eq!(world.read("old"), "old");
}

/// Both are looked at before either is there.
#[test]
fn k9_two_that_come_at_the_same_time_do_not_overwrite_each_other() {
    let world = World::new();
    let (first, second) = (world.look("a").unwrap(), world.look("A").unwrap());
    world.publish(&first, "first").unwrap();
    let error = world.publish(&second, "second").unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::AlreadyExists);
    assert_eq!(world.read("a"), "first");
}

/// Whatever the file system takes for the name of our own folder.
#[test]
fn k12_our_own_folder_is_not_reached_by_another_spelling() {
    let world = World::new();
    // The rule for keys would refuse it; here the file system's own eyes are tried.
    let reached = world.tree.folder(".COS-PARTIAL", true);
    assert!(matches!(
        reached,
        Err(ObjectError::Key(crate::prefix::InvalidKeyPath::Reserved))
    ));
}

#[test]
fn f19_few_folders_are_held_open() {
    let folder = tempfile::tempdir().unwrap();
    let root = RealDir::open_path(folder.path()).unwrap();
    let tree = Tree::new(root, folder.path().to_owned());
    for number in 0..200 {
        tree.folder(&format!("a/b{number}/c/d"), true)
            .unwrap()
            .unwrap();
        assert!(tree.open().len() <= MAX_OPEN);
    }
    assert!(tree.folder("a/b0/c/d", false).unwrap().is_some());
    assert!(tree.folder("a/b0/x", false).unwrap().is_none());
    tree.forget();
    assert!(tree.folder("a/b199/c/d", false).unwrap().is_some());
}
