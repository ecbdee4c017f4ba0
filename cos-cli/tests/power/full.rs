//! Disks that are full, file systems that take no file, and what else stands in the way: exit 9,
//! and nothing is lost.

use std::fs::{self, File};
use std::os::unix::fs::{FileExt as _, FileTypeExt as _, symlink};
use std::path::Path;
use std::process::{Command, Stdio};

use cos_emulator::{Emulator, Fault, LoggedRequest, When};
use tempfile::TempDir;

use crate::loop_mount::{FileSystem, LoopMount, run};
use crate::rig::{DEST, JOURNAL, OLD, PART, Process, Record, download, endpoint, until};

const MIB: u64 = 1024 * 1024;

/// The exit code of a local file system that fails.
const LOCAL: Option<i32> = Some(9);

/// A tmpfs of so many MiB. Dropping it unmounts it.
struct Tmpfs(TempDir);

impl Tmpfs {
    /// `None`, with a loud word, where that cannot be.
    fn new(mib: u64) -> Option<Self> {
        let folder = TempDir::new().unwrap();
        let options = format!("size={mib}m");
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", &options, "tmpfs"]);
        if !run(mount.arg(folder.path())) {
            crate::say("SKIPPED: a tmpfs cannot be mounted here");
            return None;
        }
        Some(Self(folder))
    }

    fn remount(&self, options: &str) {
        let mut mount = Command::new("mount");
        mount.args(["-o", &format!("remount,{options}")]);
        assert!(run(mount.arg(self.0.path())));
    }
}

impl Drop for Tmpfs {
    fn drop(&mut self) {
        run(Command::new("umount").arg("--lazy").arg(self.0.path()));
    }
}

/// Runs a download into `folder`, and says how it has ended.
fn exit(emulator: &Emulator, folder: &Path, dest: &str) -> Option<i32> {
    let mut command = download(emulator, dest);
    command.args(["--part-size", "1MiB"]).current_dir(folder);
    command.status().unwrap().code()
}

/// The download that succeeds.
fn bring(emulator: &Emulator, folder: &Path, size: u64) -> Record {
    let mut command = download(emulator, DEST);
    command.args(["--part-size", "1MiB"]).current_dir(folder);
    let output = command.stdout(Stdio::piped()).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    assert_eq!(fs::metadata(folder.join(DEST)).unwrap().len(), size);
    assert!(!folder.join(PART).exists() && !folder.join(JOURNAL).exists());
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Fills a file system up to its last byte.
fn fill(path: &Path) {
    let file = File::create(path).unwrap();
    let mut at = 0;
    for len in [64 * 1024, 1024, 1] {
        let zeros = vec![0; len];
        while file.write_all_at(&zeros, at).is_ok() {
            at += u64::try_from(len).unwrap();
        }
    }
    let _ = file.sync_all();
}

#[test]
fn f1_where_there_is_no_room_nothing_is_written_and_an_older_file_stays() {
    let Some(disk) = Tmpfs::new(8) else {
        return;
    };
    let (emulator, folder) = (endpoint(16 * MIB), disk.0.path());
    fs::write(folder.join(DEST), OLD).unwrap();
    assert_eq!(exit(&emulator, folder, DEST), LOCAL);
    assert_eq!(fs::read(folder.join(DEST)).unwrap(), OLD);
    assert_eq!(fs::read_dir(folder).unwrap().count(), 1);
    // How long the object is, the answer to the first request says: of others little is sent.
    let sent: u64 = emulator.log().iter().map(LoggedRequest::bytes_sent).sum();
    assert!(sent < 6 * MIB, "{sent}");

    disk.remount("size=64m");
    assert_eq!(bring(&emulator, folder, 16 * MIB).fetched, 16 * MIB);
}

#[test]
fn f2_a_disk_that_others_fill_up_meanwhile_does_not_matter_where_space_is_reserved() {
    let Some(mount) = LoopMount::new(FileSystem::SmallExt4) else {
        return;
    };
    let (emulator, folder) = (endpoint(16 * MIB), mount.path());
    let throttle = Fault::new().throttle(4 * MIB);
    emulator.faults().script(When::get().always(), throttle);
    let mut command = download(&emulator, DEST);
    command.args(["--part-size", "1MiB"]).current_dir(folder);
    let mut process = Process::start(command);
    until(|| fs::metadata(folder.join(JOURNAL)).is_ok_and(|journal| journal.len() > 0));
    fill(&folder.join("others"));
    assert_eq!(process.wait(), Some(0));
    assert_eq!(fs::metadata(folder.join(DEST)).unwrap().len(), 16 * MIB);
}

#[test]
fn f2_f21_a_disk_that_is_full_where_no_space_can_be_reserved_and_goes_on_when_it_is_not() {
    let Some(mount) = LoopMount::new(FileSystem::Ext2) else {
        return;
    };
    let (emulator, folder) = (endpoint(16 * MIB), mount.path());
    let others = folder.join("others");
    fs::write(&others, vec![1; 14 << 20]).unwrap();
    assert_eq!(exit(&emulator, folder, DEST), LOCAL);
    assert!(!folder.join(DEST).exists());
    let sent: u64 = emulator.log().iter().map(LoggedRequest::bytes_sent).sum();
    assert!(sent < 16 * MIB, "{sent}");

    fs::remove_file(&others).unwrap();
    let record = bring(&emulator, folder, 16 * MIB);
    assert_eq!(record.resumed + record.fetched, 16 * MIB);
    assert!(record.resumed > 4 * MIB, "{record:?}");
}

/// The device is a file on a disk that is too small for it: what is written to it fails by the time
/// that it is synced.
#[test]
fn f4_a_disk_that_fails_publishes_nothing() {
    let Some(disk) = Tmpfs::new(32) else {
        return;
    };
    let Some(mut mount) = LoopMount::below(FileSystem::Ext4, disk.0.path()) else {
        return;
    };
    let size = 40 * MIB;
    let emulator = endpoint(size);
    fs::write(mount.path().join(DEST), OLD).unwrap();
    mount.sync();
    assert_eq!(exit(&emulator, mount.path(), DEST), LOCAL);
    assert_eq!(fs::read(mount.path().join(DEST)).unwrap(), OLD);

    disk.remount("size=400m");
    mount.power_on();
    assert_eq!(fs::read(mount.path().join(DEST)).unwrap(), OLD);
    // The disk may have kept what was to be removed from it: what it claims is read back.
    let record = bring(&emulator, mount.path(), size);
    assert_eq!(record.fetched + record.resumed, size);
    assert!(record.fetched > 0);
}

#[test]
fn f5_a_read_only_file_system_is_told_before_anything_is_sent() {
    let Some(disk) = Tmpfs::new(1) else {
        return;
    };
    let (emulator, folder) = (endpoint(1000), disk.0.path());
    fs::write(folder.join(DEST), OLD).unwrap();
    disk.remount("ro");
    for dest in [DEST, "another", "new/below"] {
        assert_eq!(exit(&emulator, folder, dest), LOCAL, "{dest}");
    }
    assert_eq!(emulator.log().len(), 0);
    assert_eq!(fs::read(folder.join(DEST)).unwrap(), OLD);
}

#[test]
fn f6_a_pipe_is_told_before_anything_is_sent_and_stays() {
    let (emulator, folder) = (endpoint(1000), TempDir::new().unwrap());
    let pipe = folder.path().join(DEST);
    assert!(run(Command::new("mkfifo").arg(&pipe)));
    assert_eq!(exit(&emulator, folder.path(), DEST), LOCAL);
    assert!(fs::metadata(&pipe).unwrap().file_type().is_fifo());
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    assert_eq!(emulator.log().len(), 0);
}

#[test]
fn f9_a_folder_that_is_moved_meanwhile_takes_the_file_with_it() {
    let (emulator, folder) = (endpoint(4 * MIB), TempDir::new().unwrap());
    let throttle = Fault::new().throttle(2 * MIB);
    emulator.faults().script(When::get().always(), throttle);
    let (before, after) = (folder.path().join("before"), folder.path().join("after"));
    let mut command = download(&emulator, "before/out");
    command
        .args(["--part-size", "1MiB"])
        .current_dir(folder.path());
    let mut process = Process::start(command);
    until(|| before.join(PART).exists());
    fs::rename(&before, &after).unwrap();
    assert_eq!(process.wait(), Some(0));
    assert!(!before.exists());
    assert_eq!(fs::metadata(after.join(DEST)).unwrap().len(), 4 * MIB);
    assert_eq!(fs::read_dir(&after).unwrap().count(), 1);
}

#[test]
fn f9_a_folder_that_is_removed_meanwhile_is_not_made_again() {
    let (emulator, folder) = (endpoint(4 * MIB), TempDir::new().unwrap());
    let throttle = Fault::new().throttle(2 * MIB);
    emulator.faults().script(When::get().always(), throttle);
    let gone = folder.path().join("gone");
    let mut command = download(&emulator, "gone/out");
    command
        .args(["--part-size", "1MiB"])
        .current_dir(folder.path());
    let mut process = Process::start(command);
    until(|| gone.join(PART).exists());
    fs::remove_dir_all(&gone).unwrap();
    assert_eq!(process.wait(), LOCAL);
    assert!(!gone.exists());
}

#[test]
fn f13_a_hundred_megabytes_of_garbage_are_no_journal() {
    let (emulator, folder) = (endpoint(3 * MIB), TempDir::new().unwrap());
    let journal = File::create(folder.path().join(JOURNAL)).unwrap();
    let garbage: Vec<u8> = (0..=u8::MAX).cycle().take(1 << 20).collect();
    for mib in 0..100 {
        journal.write_all_at(&garbage, mib * MIB).unwrap();
    }
    assert_eq!(bring(&emulator, folder.path(), 3 * MIB).fetched, 3 * MIB);
}

#[test]
fn f17_sidecars_that_are_links_are_not_written_through() {
    for sidecar in [PART, JOURNAL] {
        for hard in [false, true] {
            let (emulator, folder) = (endpoint(3 * MIB), TempDir::new().unwrap());
            let precious = folder.path().join("precious");
            fs::write(&precious, OLD).unwrap();
            let link = folder.path().join(sidecar);
            if hard {
                fs::hard_link(&precious, &link).unwrap();
            } else {
                symlink(&precious, &link).unwrap();
            }
            assert_eq!(bring(&emulator, folder.path(), 3 * MIB).fetched, 3 * MIB);
            assert_eq!(fs::read(&precious).unwrap(), OLD, "{sidecar}, {hard}");
        }
    }
}

#[test]
fn f17_a_directory_in_the_place_of_a_sidecar_is_named() {
    for sidecar in [PART, JOURNAL] {
        let (emulator, folder) = (endpoint(3 * MIB), TempDir::new().unwrap());
        fs::create_dir(folder.path().join(sidecar)).unwrap();
        let mut command = download(&emulator, DEST);
        command.current_dir(folder.path()).stderr(Stdio::piped());
        let output = command.output().unwrap();
        assert_eq!(output.status.code(), LOCAL);
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert!(stderr.contains(sidecar), "{stderr}");
        assert!(folder.path().join(sidecar).is_dir());
        assert!(!folder.path().join(DEST).exists());
    }
}
