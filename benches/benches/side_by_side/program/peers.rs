//! Other downloaders, each with the options that its documentation gives for speed: as many
//! connections as ours, parts of 20 MiB.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use cos_benches::nginx::BUCKET;

use super::{Kind, clean, first_line};
use crate::case::{Case, LARGE, PREFIX, Stage};

/// The workspace.
const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

/// Where a peer is, and its version; none where it is not installed.
pub(super) fn find(kind: Kind) -> Option<(PathBuf, String)> {
    // As `.ci/peers` installs what comes from PyPI.
    let installed = |name: &str| Path::new(ROOT).join("target/peers/bin").join(name);
    match kind {
        Kind::Curl => versioned(PathBuf::from("curl"), &["--version"]),
        Kind::Aria2 => versioned(PathBuf::from("aria2c"), &["--version"]),
        Kind::Rclone => versioned(PathBuf::from("rclone"), &["--version"]),
        Kind::S5cmd => {
            let (path, version) = versioned(PathBuf::from("s5cmd"), &["version"])
                .or_else(|| versioned(installed("s5cmd"), &["version"]))?;
            Some((path, format!("s5cmd {version}")))
        }
        Kind::Sdk => versioned(
            installed("python3"),
            &[
                "-c",
                "from qcloud_cos.version import __version__; \
                 print('cos-python-sdk-v5', __version__)",
            ],
        ),
        Kind::OpenDal => versioned(
            Path::new(ROOT).join("benches/opendal/target/release/opendal-peer"),
            &["--version"],
        ),
        Kind::Cos | Kind::Floor => None,
    }
}

fn versioned(path: PathBuf, arguments: &[&str]) -> Option<(PathBuf, String)> {
    let line = first_line(&path, arguments)?;
    // Some say at length what they were built with.
    let words: Vec<&str> = line.split_whitespace().take(3).collect();
    Some((path, words.join(" ").replace("(x86_64-pc-linux-gnu)", "")))
}

/// What a peer is called with; none where it cannot do the case.
pub(super) fn command(kind: Kind, path: &Path, stage: &Stage) -> Option<Command> {
    let mut command = clean(path);
    command.env("HOME", stage.beside("home"));
    let able = match kind {
        Kind::Curl => curl(&mut command, stage),
        Kind::Aria2 => aria2(&mut command, stage),
        Kind::Rclone => rclone(&mut command, stage),
        Kind::S5cmd => s5cmd(&mut command, stage),
        Kind::Sdk => sdk(&mut command, stage),
        Kind::OpenDal => opendal(&mut command, stage),
        Kind::Cos | Kind::Floor => None,
    };
    able.map(|()| command)
}

/// One connection for one object: it has no parts. 32 at once for many.
fn curl(command: &mut Command, stage: &Stage) -> Option<()> {
    command.args(["--silent", "--fail"]);
    match stage.case {
        Case::Large | Case::Tls => {
            if stage.case == Case::Tls {
                command.arg("--cacert").arg(stage.nginx.ca());
            }
            command.arg("--output").arg(stage.out().join(LARGE));
            command.arg(format!("{}/{LARGE}", stage.url()));
        }
        Case::Small => {
            let mut urls = String::new();
            for url in urls_of_small_objects(stage) {
                let name = url.rsplit('/').next().unwrap();
                let output = stage.out().join(name);
                let output = output.display();
                writeln!(urls, "url = \"{url}\"\noutput = \"{output}\"").unwrap();
            }
            fs::write(stage.beside("curl"), urls).unwrap();
            command.args(["--parallel", "--parallel-max", "32", "--config"]);
            command.arg(stage.beside("curl"));
        }
        Case::Cat | Case::Listing => return None,
    }
    Some(())
}

fn aria2(command: &mut Command, stage: &Stage) -> Option<()> {
    command.args([
        "--quiet",
        "--no-conf",
        "--file-allocation=none",
        "--allow-overwrite",
    ]);
    command.arg("--dir").arg(stage.out());
    match stage.case {
        Case::Large | Case::Tls => {
            command.args(["-x5", "-s5", "-k20M", "--out", LARGE]);
            if stage.case == Case::Tls {
                command.arg(format!("--ca-certificate={}", stage.nginx.ca().display()));
            }
            command.arg(format!("{}/{LARGE}", stage.url()));
        }
        Case::Small => {
            let urls: Vec<String> = urls_of_small_objects(stage).collect();
            fs::write(stage.beside("aria2"), urls.join("\n")).unwrap();
            command.args(["-j32", "--input-file"]);
            command.arg(stage.beside("aria2"));
        }
        Case::Cat | Case::Listing => return None,
    }
    Some(())
}

fn rclone(command: &mut Command, stage: &Stage) -> Option<()> {
    command.env("RCLONE_CONFIG", "/dev/null");
    command.args(["--s3-provider", "Other", "--s3-endpoint", &stage.url()]);
    match stage.case {
        Case::Large | Case::Tls => {
            command.arg("copyto").arg(format!(":s3:{BUCKET}/{LARGE}"));
            command.arg(stage.out().join(LARGE));
            command.args(["--multi-thread-streams=5", "--multi-thread-cutoff=20M"]);
            if stage.case == Case::Tls {
                command.arg("--ca-cert").arg(stage.nginx.ca());
            }
        }
        Case::Small => {
            command.arg("copy").arg(format!(":s3:{BUCKET}/{PREFIX}"));
            command.arg(stage.out());
            command.args(["--transfers=32", "--checkers=32"]);
        }
        Case::Listing => {
            command.args(["lsf", "-R", "--fast-list"]);
            command.arg(format!(":s3:{BUCKET}/{PREFIX}"));
        }
        Case::Cat => return None,
    }
    Some(())
}

fn s5cmd(command: &mut Command, stage: &Stage) -> Option<()> {
    command.args(["--no-sign-request", "--endpoint-url", &stage.url()]);
    match stage.case {
        Case::Large | Case::Tls => {
            if stage.case == Case::Tls {
                command.env("AWS_CA_BUNDLE", stage.nginx.ca());
            }
            command.args(["cp", "--concurrency=5", "--part-size=20"]);
            command.arg(format!("s3://{BUCKET}/{LARGE}"));
            command.arg(stage.out().join(LARGE));
        }
        Case::Small => {
            command.args(["--numworkers=32", "cp"]);
            command.arg(format!("s3://{BUCKET}/{PREFIX}*"));
            command.arg(stage.out());
        }
        Case::Listing => {
            command.arg("ls").arg(format!("s3://{BUCKET}/{PREFIX}*"));
        }
        Case::Cat => return None,
    }
    Some(())
}

/// Its resumable download of one object, and the batch download of its sample for many.
fn sdk(command: &mut Command, stage: &Stage) -> Option<()> {
    let script = Path::new(ROOT).join("benches/benches/side_by_side/vendor_sdk.py");
    command.arg(script).arg(stage.case.name());
    let address = stage.address().to_string();
    match stage.case {
        Case::Large => command.args([&address, BUCKET, LARGE]),
        Case::Small | Case::Listing => command.args([&address, BUCKET, PREFIX]),
        // It has no option for an authority of one's own.
        Case::Tls | Case::Cat => return None,
    };
    command.arg(stage.out());
    Some(())
}

/// It puts the bucket in front of the host, which no name server knows here: to it, the server is a
/// proxy.
fn opendal(command: &mut Command, stage: &Stage) -> Option<()> {
    let address = stage.address().to_string();
    command.env("http_proxy", format!("http://{address}"));
    command.arg(stage.case.name());
    match stage.case {
        Case::Large => command.args([&address, BUCKET, LARGE]),
        Case::Small | Case::Listing => command.args([&address, BUCKET, PREFIX]),
        Case::Tls | Case::Cat => return None,
    };
    command.arg(stage.out());
    Some(())
}

fn urls_of_small_objects(stage: &Stage) -> impl Iterator<Item = String> {
    let url = stage.url();
    (0..stage.count).map(move |number| format!("{url}/{PREFIX}{number:08}"))
}
