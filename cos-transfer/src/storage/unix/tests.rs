//! Directories and files of the system, as they are.

use std::os::unix::fs::{MetadataExt as _, symlink};

use tempfile::TempDir;

use super::file::is_in_memory;
use super::*;
use crate::storage::File as _;

fn root() -> (TempDir, RealDir) {
    let root = tempfile::tempdir().unwrap();
    let dir = RealDir::open_path(root.path()).unwrap();
    (root, dir)
}

fn name(name: &str) -> &OsStr {
    name.as_ref()
}

fn mode(file: &RealFile) -> u32 {
    file.file.metadata().unwrap().permissions().mode() & 0o777
}

#[test]
fn f9_a_directory_is_the_same_wherever_it_is_moved() {
    let (root, _) = root();
    let [before, after] = ["before", "after"].map(|name| root.path().join(name));
    fs::create_dir(&before).unwrap();
    let dir = RealDir::open_path(&before).unwrap();
    fs::rename(&before, &after).unwrap();
    fs::create_dir(&before).unwrap();
    dir.create(name("file")).unwrap();
    dir.sync().unwrap();
    assert!(after.join("file").exists());
    assert_eq!(
        dir.id().unwrap(),
        RealDir::open_path(&after).unwrap().id().unwrap()
    );
    assert_ne!(
        dir.id().unwrap(),
        RealDir::open_path(&before).unwrap().id().unwrap()
    );
}

#[test]
fn f17_no_link_is_followed() {
    let (root, dir) = root();
    let target = root.path().join("target");
    fs::write(&target, b"precious").unwrap();
    symlink(&target, root.path().join("link")).unwrap();
    symlink(root.path(), root.path().join("up")).unwrap();

    assert_eq!(
        dir.entry(name("link")).unwrap().unwrap().kind,
        Kind::Symlink
    );
    dir.open(name("link")).unwrap_err();
    dir.open_dir(name("up")).unwrap_err();
    let error = dir.create(name("link")).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::AlreadyExists);
    dir.create(name("new")).unwrap();
    dir.rename(name("new"), &dir, name("link")).unwrap();
    assert_eq!(dir.entry(name("link")).unwrap().unwrap().kind, Kind::File);
    assert_eq!(fs::read(&target).unwrap(), b"precious");
}

#[test]
fn what_stands_at_a_name_is_told() {
    let (root, dir) = root();
    assert_eq!(dir.entry(name("file")).unwrap(), None);
    assert!(dir.open(name("file")).unwrap().is_none());
    let file = dir.create(name("file")).unwrap();
    file.write_all_at(b"12345", 0).unwrap();
    let time = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000);
    file.set_modified(time).unwrap();
    let entry = Entry {
        kind: Kind::File,
        len: 5,
        modified: Some(time),
        alone: true,
        ours: true,
    };
    assert_eq!(dir.entry(name("file")).unwrap(), Some(entry));
    fs::hard_link(root.path().join("file"), root.path().join("twin")).unwrap();
    assert!(!dir.entry(name("file")).unwrap().unwrap().alone);
    dir.make_dir(name("dir")).unwrap();
    assert_eq!(dir.entry(name("dir")).unwrap().unwrap().kind, Kind::Dir);
    assert_eq!(
        RealDir::open_path("/dev".as_ref())
            .unwrap()
            .entry(name("null"))
            .unwrap()
            .unwrap()
            .kind,
        Kind::Special
    );
    // Nobody owns the root directory's root but root, so that either way one of the two differs.
    let root_owned = RealDir::open_path("/".as_ref()).unwrap();
    let is_root = rustix::process::geteuid().is_root();
    assert_eq!(
        root_owned.entry(name("proc")).unwrap().unwrap().ours,
        is_root
    );
}

#[test]
fn f6_a_pipe_is_not_waited_for() {
    let (root, dir) = root();
    let made = std::process::Command::new("mkfifo")
        .arg(root.path().join("pipe"))
        .status();
    assert!(made.unwrap().success());
    assert_eq!(
        dir.entry(name("pipe")).unwrap().unwrap().kind,
        Kind::Special
    );
    let _ = dir.open(name("pipe"));
}

#[test]
fn a_file_is_private_until_it_is_as_public_as_the_umask_has_it() {
    let (root, dir) = root();
    let file = dir.create(name("file")).unwrap();
    assert_eq!(mode(&file), 0o600);
    let plain = fs::File::create(root.path().join("plain")).unwrap();
    let plain = plain.metadata().unwrap().permissions().mode() & 0o777;
    file.make_public(&file).unwrap();
    assert_eq!(mode(&file), plain);

    // One that was found knows of no mode but from one that is made.
    file.file
        .set_permissions(fs::Permissions::from_mode(PRIVATE_MODE))
        .unwrap();
    let found = dir.open(name("file")).unwrap().unwrap();
    found.make_public(&found).unwrap();
    assert_eq!(mode(&found), 0o600);
    found
        .make_public(&dir.create(name("other")).unwrap())
        .unwrap();
    assert_eq!(mode(&found), plain);
}

#[test]
fn f12_a_lock_is_held_against_every_other_handle_and_goes_with_its_own() {
    let (_root, dir) = root();
    let first = dir.create(name("file")).unwrap();
    let second = dir.open(name("file")).unwrap().unwrap();
    assert!(first.try_lock().unwrap());
    assert!(!second.try_lock().unwrap());
    drop(first);
    assert!(second.try_lock().unwrap());
}

#[test]
fn f12_a_name_is_the_files_until_it_is_anothers() {
    let (_root, dir) = root();
    let first = dir.create(name("file")).unwrap();
    assert!(dir.is(name("file"), &first).unwrap());
    let second = dir.create(name("new")).unwrap();
    dir.rename(name("new"), &dir, name("file")).unwrap();
    assert!(!dir.is(name("file"), &first).unwrap());
    assert!(dir.is(name("file"), &second).unwrap());
    dir.remove(name("file")).unwrap();
    assert!(!dir.is(name("file"), &second).unwrap());
    let error = dir.remove(name("file")).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::NotFound);
}

#[test]
fn f22_what_is_reserved_is_zeros() {
    let (_root, dir) = root();
    let file = dir.create(name("file")).unwrap();
    file.write_all_at(b"some", 0).unwrap();
    file.reserve(10_000).unwrap();
    assert_eq!(file.len().unwrap(), 10_000);
    file.reserve(100).unwrap();
    assert_eq!(file.len().unwrap(), 10_000);
    let mut read = [1; 8];
    assert_eq!(file.read_at(&mut read, 0).unwrap(), 8);
    assert_eq!(&read, b"some\0\0\0\0");
    assert_eq!(file.read_at(&mut read, 10_000).unwrap(), 0);
    file.set_len(2).unwrap();
    assert_eq!(file.read_at(&mut read, 0).unwrap(), 2);
}

/// The one that is used is the first that the file system knows; each does by itself.
#[test]
fn f7_f21_a_file_that_is_there_is_not_replaced_on_any_file_system() {
    type Rename = fn(&RealDir, &OsStr, &RealDir, &OsStr) -> io::Result<()>;
    let all: [Rename; 4] = [
        RealDir::rename_new,
        |from, name, to, to_name| Ok(rename_noreplace(&from.fd, name, &to.fd, to_name)?),
        |from, name, to, to_name| from.rename_by_link(name, to, to_name),
        |from, name, to, to_name| from.rename_by_look(name, to, to_name),
    ];
    for rename in all {
        let (root, dir) = root();
        fs::write(root.path().join("new"), b"new").unwrap();
        rename(&dir, name("new"), &dir, name("free")).unwrap();
        assert_eq!(fs::read(root.path().join("free")).unwrap(), b"new");
        assert!(!root.path().join("new").exists());

        fs::write(root.path().join("there"), b"old").unwrap();
        let error = rename(&dir, name("free"), &dir, name("there")).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(fs::read(root.path().join("there")).unwrap(), b"old");
        assert_eq!(fs::read(root.path().join("free")).unwrap(), b"new");
    }
}

/// `/proc` lets nobody set a mode there, and does not sync its directories.
#[cfg(target_os = "linux")]
#[test]
fn f21_a_file_system_without_synced_directories_will_do() {
    let proc = RealDir::open_path("/proc".as_ref()).unwrap();
    fs::File::open("/proc").unwrap().sync_all().unwrap_err();
    proc.sync().unwrap();
}

/// As on a file system that is mounted for somebody else: root may still read every directory, so
/// the handle is made as it would be.
#[cfg(target_os = "linux")]
#[test]
fn f21_a_directory_that_may_not_be_read_will_do() {
    let (root, _) = root();
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let fd = rustix::fs::open(root.path(), flags, Mode::empty()).unwrap();
    let dir = RealDir {
        fd: Arc::new(fd),
        readable: false,
    };
    dir.create(name("file")).unwrap();
    dir.rename(name("file"), &dir, name("new")).unwrap();
    dir.sync().unwrap();
    assert!(dir.entry(name("new")).unwrap().is_some());
    dir.remove(name("new")).unwrap();
}

/// `/dev/shm` is a tmpfs on every Linux that has it.
#[cfg(target_os = "linux")]
#[test]
fn f1_where_space_is_memory_it_is_counted() {
    let Ok(root) = tempfile::tempdir_in("/dev/shm") else {
        eprintln!("SKIPPED f1_where_space_is_memory_it_is_counted: there is no /dev/shm");
        return;
    };
    let dir = RealDir::open_path(root.path()).unwrap();
    let file = dir.create(name("file")).unwrap();
    assert!(is_in_memory(&file.file).unwrap());
    let error = file.reserve(1 << 60).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::StorageFull);
    assert_eq!(file.len().unwrap(), 0);
    file.reserve(1 << 20).unwrap();
    assert_eq!(file.len().unwrap(), 1 << 20);
    assert_eq!(file.file.metadata().unwrap().blocks(), 0);
}
