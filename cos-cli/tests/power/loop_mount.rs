//! A file system on a loop device, whose power can be cut.

use std::env;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FileSystem {
    Ext4,
    SmallExt4,
    Xfs,
    /// An older kind, on which no space can be reserved.
    Ext2,
}

impl FileSystem {
    /// What makes it, and how.
    const fn mkfs(self) -> (&'static str, &'static [&'static str]) {
        match self {
            Self::Ext4 | Self::SmallExt4 => ("/usr/sbin/mkfs.ext4", &[]),
            Self::Xfs => ("/usr/sbin/mkfs.xfs", &[]),
            Self::Ext2 => (
                "/usr/sbin/mkfs.ext4",
                &["-O", "^extent,^64bit,^has_journal"],
            ),
        }
    }

    /// Bytes of the device, which take space as they are written: no XFS is smaller than 300 MB.
    const fn size(self) -> u64 {
        match self {
            Self::Ext4 | Self::Xfs => 320 * 1024 * 1024,
            Self::SmallExt4 | Self::Ext2 => 24 * 1024 * 1024,
        }
    }
}

/// A mounted file system. Dropping it unmounts it.
#[derive(Debug)]
pub(crate) struct LoopMount {
    is_mounted: bool,
    at: PathBuf,
    image: PathBuf,
    _folder: TempDir,
}

impl LoopMount {
    /// A new one; `None`, with a loud word, where that cannot be.
    pub(crate) fn new(kind: FileSystem) -> Option<Self> {
        Self::below(kind, &env::temp_dir())
    }

    /// A new one, whose device is a file in a folder.
    pub(crate) fn below(kind: FileSystem, folder: &Path) -> Option<Self> {
        let (mkfs, options) = kind.mkfs();
        if !rustix::process::geteuid().is_root() {
            // That is nothing that could be installed.
            crate::say(&format!("SKIPPED: mounting {kind:?} takes root"));
            return None;
        }
        for program in [mkfs, "/usr/sbin/xfs_io"] {
            if !Path::new(program).exists() {
                crate::skipped(&format!("{program} is missing"));
                return None;
            }
        }
        let folder = TempDir::new_in(folder).unwrap();
        let (image, at) = (folder.path().join("image"), folder.path().join("mounted"));
        File::create(&image).unwrap().set_len(kind.size()).unwrap();
        fs::create_dir(&at).unwrap();
        assert!(run(Command::new(mkfs).arg("-q").args(options).arg(&image)));
        let mut mount = Self {
            is_mounted: false,
            at,
            image,
            _folder: folder,
        };
        if !mount.mount() {
            crate::say(&format!("SKIPPED: {kind:?} cannot be mounted here"));
            return None;
        }
        Some(mount)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.at
    }

    /// From now on nothing reaches the device any more, not even what the file system has logged.
    pub(crate) fn cut_the_power(&self) {
        let mut shutdown = Command::new("/usr/sbin/xfs_io");
        assert!(run(shutdown.args(["-x", "-c", "shutdown"]).arg(&self.at)));
        // It is off indeed.
        File::create(self.at.join("after")).unwrap_err();
    }

    /// The power comes again: the file system recovers by its log.
    pub(crate) fn power_on(&mut self) {
        assert!(self.unmount());
        assert!(self.mount());
    }

    /// Everything is on the device.
    pub(crate) fn sync(&self) {
        rustix::fs::syncfs(File::open(&self.at).unwrap()).unwrap();
    }

    fn mount(&mut self) -> bool {
        let mut mount = Command::new("mount");
        mount.args(["-o", "loop"]).arg(&self.image).arg(&self.at);
        self.is_mounted = run(&mut mount);
        self.is_mounted
    }

    fn unmount(&mut self) -> bool {
        self.is_mounted = !run(Command::new("umount").arg(&self.at));
        !self.is_mounted
    }
}

impl Drop for LoopMount {
    fn drop(&mut self) {
        if self.is_mounted {
            // A test that fails may leave files open for a moment.
            run(Command::new("umount").arg("--lazy").arg(&self.at));
        }
    }
}

pub(crate) fn run(command: &mut Command) -> bool {
    let status = command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    status.is_ok_and(|status| status.success())
}
