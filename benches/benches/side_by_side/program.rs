//! The programs that are compared: which there are, and what each is called with.

mod peers;

use std::env;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::arguments::Arguments;
use crate::case::{Case, LARGE, PREFIX, Stage};

/// A program that is there.
#[derive(Debug)]
pub(crate) struct Program {
    kind: Kind,
    path: PathBuf,
    version: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Cos,
    Floor,
    Curl,
    Aria2,
    Rclone,
    S5cmd,
    Sdk,
    OpenDal,
}

impl Kind {
    const ALL: [Self; 8] = [
        Self::Cos,
        Self::Floor,
        Self::Curl,
        Self::Aria2,
        Self::Rclone,
        Self::S5cmd,
        Self::Sdk,
        Self::OpenDal,
    ];

    fn name(self) -> &'static str {
        match self {
            Self::Cos => "cos",
            Self::Floor => "floor",
            Self::Curl => "curl",
            Self::Aria2 => "aria2",
            Self::Rclone => "rclone",
            Self::S5cmd => "s5cmd",
            Self::Sdk => "vendor's SDK",
            Self::OpenDal => "opendal",
        }
    }
}

impl Program {
    /// Those that are there, ours first.
    pub(crate) fn installed(arguments: &Arguments) -> Vec<Self> {
        let wanted = |kind: &Kind| {
            arguments.only.is_empty() || arguments.only.iter().any(|name| name == kind.name())
        };
        let kinds = Kind::ALL.into_iter().filter(wanted);
        let programs = kinds.filter_map(|kind| {
            let program = Self::find(kind, arguments);
            if program.is_none() {
                println!("SKIPPED: {} is not installed", kind.name());
            }
            program
        });
        programs.collect()
    }

    fn find(kind: Kind, arguments: &Arguments) -> Option<Self> {
        let (path, version) = match kind {
            Kind::Cos => {
                let path = arguments.cos.clone().unwrap_or_else(build_cos);
                let version = first_line(&path, &["--version"])?;
                (path, version)
            }
            Kind::Floor => (PathBuf::new(), "blocking sockets, no checks".to_owned()),
            _ => peers::find(kind)?,
        };
        Some(Self {
            kind,
            path,
            version,
        })
    }

    pub(crate) fn name(&self) -> &'static str {
        self.kind.name()
    }

    /// Our command or a floor, without which there is nothing to compare.
    pub(crate) fn is_ours(&self) -> bool {
        matches!(self.kind, Kind::Cos | Kind::Floor)
    }

    pub(crate) fn version(&self) -> &str {
        &self.version
    }

    /// What it is called with; none where it cannot do the case.
    pub(crate) fn command(&self, stage: &Stage) -> Option<Command> {
        match self.kind {
            Kind::Cos => {
                let mut command = clean(&self.path);
                command.args(stage.cos_arguments());
                Some(command)
            }
            Kind::Floor => floor(stage),
            _ => peers::command(self.kind, &self.path, stage),
        }
    }
}

fn floor(stage: &Stage) -> Option<Command> {
    let address = stage.address().to_string();
    match stage.case {
        Case::Large => {
            let mut command = clean(env!("CARGO_BIN_EXE_floor_large"));
            command.args([&address, &format!("/{LARGE}"), &stage.size.to_string()]);
            command.arg(stage.out().join(LARGE));
            Some(command)
        }
        Case::Small => {
            let mut command = clean(env!("CARGO_BIN_EXE_floor_small"));
            let prefix = format!("/{}", PREFIX.trim_end_matches('/'));
            command.args([&address, &prefix, &stage.count.to_string()]);
            command.arg(stage.out());
            Some(command)
        }
        Case::Tls | Case::Cat | Case::Listing => None,
    }
}

/// A command without the settings that this machine's user has for it.
fn clean(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(program);
    command.env_clear();
    command.envs(env::var_os("PATH").map(|path| ("PATH", path)));
    command
}

/// Our command, built as it is released.
fn build_cos() -> PathBuf {
    let status = Command::new(env!("CARGO"))
        .args(["build", "--locked", "--release", "-p", "cos-cli"])
        .status()
        .unwrap();
    assert!(status.success(), "cos does not build");
    // Beside this benchmark: TARGET/release/deps/side_by_side-….
    let here = env::current_exe().unwrap();
    here.parent().and_then(Path::parent).unwrap().join("cos")
}

/// The first line that a program prints; none where it cannot be run.
fn first_line(program: &Path, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).output().ok()?;
    let text = String::from_utf8_lossy(&output.stdout);
    text.lines().next().map(str::to_owned)
}
