//! The programs that are compared: where they are, and what each is called with.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::arguments::Arguments;
use crate::case::{Case, LARGE, PREFIX, Stage};

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
}

impl Kind {
    const ALL: [Self; 2] = [Self::Cos, Self::Floor];

    fn name(self) -> &'static str {
        match self {
            Self::Cos => "cos",
            Self::Floor => "floor",
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
            let program = match kind {
                Kind::Cos => Some(cos(arguments)),
                Kind::Floor => Some(Self {
                    kind,
                    path: PathBuf::new(),
                    version: "blocking sockets, no checks".to_owned(),
                }),
            };
            if program.is_none() {
                println!("SKIPPED: {} is not installed", kind.name());
            }
            program
        });
        programs.collect()
    }

    pub(crate) fn name(&self) -> &'static str {
        self.kind.name()
    }

    pub(crate) fn version(&self) -> &str {
        &self.version
    }

    /// What it is called with; none where it cannot do the case.
    pub(crate) fn command(&self, stage: &Stage) -> Option<Command> {
        match self.kind {
            Kind::Cos => {
                let mut command = Command::new(&self.path);
                command.args(stage.cos_arguments());
                Some(command)
            }
            Kind::Floor => floor(stage),
        }
    }
}

fn floor(stage: &Stage) -> Option<Command> {
    let address = stage.nginx.address().to_string();
    match stage.case {
        Case::Large => {
            let mut command = Command::new(env!("CARGO_BIN_EXE_floor_large"));
            command.args([&address, &format!("/{LARGE}"), &stage.size.to_string()]);
            command.arg(stage.out().join(LARGE));
            Some(command)
        }
        Case::Small => {
            let mut command = Command::new(env!("CARGO_BIN_EXE_floor_small"));
            let prefix = format!("/{}", PREFIX.trim_end_matches('/'));
            command.args([&address, &prefix, &stage.count.to_string()]);
            command.arg(stage.out());
            Some(command)
        }
        Case::Tls | Case::Cat | Case::Listing => None,
    }
}

/// Our command, built as it is released.
fn cos(arguments: &Arguments) -> Program {
    let path = arguments.cos.clone().unwrap_or_else(|| {
        let status = Command::new(env!("CARGO"))
            .args(["build", "--locked", "--release", "-p", "cos-cli"])
            .status()
            .unwrap();
        assert!(status.success(), "cos does not build");
        // Beside this benchmark: TARGET/release/deps/side_by_side-….
        let here = env::current_exe().unwrap();
        here.parent().and_then(Path::parent).unwrap().join("cos")
    });
    Program {
        version: first_line(&path, &["--version"]),
        kind: Kind::Cos,
        path,
    }
}

fn first_line(program: &Path, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    text.lines().next().unwrap_or_default().to_owned()
}
