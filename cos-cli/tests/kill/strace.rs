//! strace: what system calls a download makes on its files, and SIGKILL at one of them.

use std::env;
use std::fs;
use std::io::Write as _;
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};

use crate::rig::{DEST, JOURNAL, PART_FILE};

/// Calls before which a kill may leave something else than before another one.
const CHANGES: &str = "openat,openat2,flock,fallocate,ftruncate,write,writev,pwrite64,pwritev,\
    pwritev2,sync_file_range,fsync,fdatasync,utimensat,fchmod,fchown,rename,renameat,renameat2,link,\
    linkat,unlink,unlinkat";

/// strace, where it is there and may trace.
#[derive(Clone, Debug)]
pub(crate) struct Strace(PathBuf);

/// A file that a download works on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Place {
    Journal,
    PartFile,
    Destination,
    /// The directory itself, as one that is opened or synced.
    Directory,
}

/// A system call on one of the files.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Call {
    pub(crate) name: String,
    pub(crate) place: Place,
}

impl Strace {
    /// None where it is not there or may not trace, after a loud word.
    pub(crate) fn find() -> Option<Self> {
        let strace = ["/usr/bin/strace", "/usr/local/bin/strace"]
            .into_iter()
            .map(PathBuf::from)
            .find(|path| path.exists());
        let missing = match strace {
            None => "there is no strace",
            Some(strace) => {
                let tried = Command::new(&strace)
                    .args(["-f", "-o", "/dev/null", "true"])
                    .stderr(Stdio::null())
                    .status();
                if tried.is_ok_and(|status| status.success()) {
                    return Some(Self(strace));
                }
                "strace may not trace here"
            }
        };
        let required = env::var_os("COS_REQUIRE_PEERS").is_some_and(|value| value == "1");
        assert!(!required, "COS_REQUIRE_PEERS=1, and {missing}");
        let line = format!("\nSKIPPED: kills at named points: {missing}\n");
        std::io::stderr().write_all(line.as_bytes()).unwrap();
        None
    }

    /// Runs a command, and tells which calls it made on the files in `folder`, in their order.
    pub(crate) fn calls_of(
        &self,
        folder: &Path,
        command: impl FnOnce(Command) -> Command,
    ) -> Vec<Call> {
        let record = tempfile::NamedTempFile::new().unwrap();
        let mut strace = Command::new(&self.0);
        strace
            .args(["-f", "-y", "-e", &format!("trace={CHANGES}"), "-o"])
            .arg(record.path());
        for place in Place::ALL {
            strace.args(place.paths(folder));
        }
        let status = command(strace).status().unwrap();
        assert!(status.success(), "{status}");
        let record = fs::read_to_string(record.path()).unwrap();
        record
            .lines()
            .filter_map(|line| call(line, folder))
            .collect()
    }

    /// Runs a command that is killed when one of its threads is about to make this call for the
    /// `nth` time. Whether it came to that.
    pub(crate) fn kill_at(
        &self,
        point: &Call,
        nth: usize,
        folder: &Path,
        command: impl FnOnce(Command) -> Command,
    ) -> bool {
        let mut strace = Command::new(&self.0);
        strace
            .args(["-f", "-o", "/dev/null", "-e"])
            .arg(format!("trace={}", point.name))
            .arg("-e")
            .arg(format!("inject={}:signal=KILL:when={nth}", point.name))
            .args(point.place.paths(folder));
        let status = command(strace).status().unwrap();
        assert!(status.success() || was_killed(status), "{status}");
        was_killed(status)
    }
}

/// strace dies of what its command has died of.
fn was_killed(status: ExitStatus) -> bool {
    const SIGKILL: i32 = 9;
    status.signal() == Some(SIGKILL)
}

impl Place {
    const ALL: [Self; 4] = [
        Self::Journal,
        Self::PartFile,
        Self::Destination,
        Self::Directory,
    ];

    /// Arguments that have strace look at this one: by the path of what is open, and by the name
    /// that a call gives.
    fn paths(self, folder: &Path) -> Vec<String> {
        let names = match self {
            Self::Journal => [JOURNAL.to_owned(), path(folder, JOURNAL)],
            Self::PartFile => [PART_FILE.to_owned(), path(folder, PART_FILE)],
            Self::Destination => [DEST.to_owned(), path(folder, DEST)],
            Self::Directory => [".".to_owned(), folder.to_str().unwrap().to_owned()],
        };
        names
            .into_iter()
            .flat_map(|name| ["-P".to_owned(), name])
            .collect()
    }
}

fn path(folder: &Path, name: &str) -> String {
    folder.join(name).to_str().unwrap().to_owned()
}

/// Reads `PID name(arguments) = result`. The rest of a call that was interrupted in the record, and
/// what is no call, is passed over.
fn call(line: &str, folder: &Path) -> Option<Call> {
    let (_, call) = line.split_once(' ')?;
    let (name, arguments) = call.trim_start().split_once('(')?;
    let is_name = |name: &str| name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    if name.is_empty() || !is_name(name) {
        return None;
    }
    let mentions = |name: &str| {
        arguments.contains(&format!("\"{name}\"")) || arguments.contains(&format!("/{name}>"))
    };
    let place = if mentions(JOURNAL) {
        Place::Journal
    } else if mentions(PART_FILE) {
        Place::PartFile
    } else if mentions(DEST) {
        Place::Destination
    } else if arguments.contains(&format!("{}>", folder.to_str()?)) {
        Place::Directory
    } else {
        return None;
    };
    Some(Call {
        name: name.to_owned(),
        place,
    })
}
