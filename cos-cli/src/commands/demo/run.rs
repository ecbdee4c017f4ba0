//! A step at work: the child process, and what became of it.

use std::env;
use std::fs;
use std::path::Path;
use std::process::{Output, Stdio};
use std::time::Duration;

use cos_emulator::LoggedRequest;
use tokio::process::{Child, Command};
use tokio::time::{sleep, timeout};

use super::endpoint::{DemoEndpoint, SECRET_ID, SECRET_KEY};
use super::step::{End, Expected, Step};
use crate::environment;
use crate::error::{Error, chain};
use crate::exit::ExitCode;
use crate::printer::bytes;

/// How a step came out.
#[derive(Debug)]
pub(super) struct Outcome {
    /// What the process said, on stdout and then on stderr.
    pub(super) said: String,
    /// Its exit code; none where it was killed.
    pub(super) exit: Option<i32>,
    /// What was found afterwards.
    pub(super) found: Vec<String>,
    /// Whether all of it is as it should be.
    pub(super) as_it_should: bool,
}

impl Step {
    /// Runs the command in `folder` and looks at what it leaves.
    pub(super) async fn run(
        &self,
        endpoint: &mut DemoEndpoint,
        folder: &Path,
    ) -> Result<Outcome, Error> {
        if let Some((key, content)) = &self.changed {
            endpoint.replace(key, content);
        }
        let seen = endpoint.requests();
        for (when, fault) in &self.faults {
            endpoint.script(when.clone(), fault.clone());
        }
        let mut child = self
            .command(endpoint, folder)?
            .spawn()
            .map_err(|error| cannot_run(&error))?;
        if self.end == End::Killed {
            kill_in_the_middle(&mut child, endpoint).await?;
        }
        let output = child
            .wait_with_output()
            .await
            .map_err(|error| cannot_run(&error))?;
        Ok(self.judge(&output, endpoint, seen, folder))
    }

    fn command(&self, endpoint: &DemoEndpoint, folder: &Path) -> Result<Command, Error> {
        let program = env::current_exe().map_err(|error| cannot_run(&error))?;
        let mut command = Command::new(program);
        command
            .args(&self.arguments)
            .current_dir(folder)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        // Nothing that the user has set for real buckets reaches the demo.
        for name in environment::READ {
            command.env_remove(name);
        }
        command
            .env("XDG_CONFIG_HOME", folder)
            .env(environment::ENDPOINT, endpoint.url())
            .env(environment::SECRET_ID, SECRET_ID)
            .env(
                environment::SECRET_KEY,
                if self.wrong_key {
                    WRONG_KEY
                } else {
                    SECRET_KEY
                },
            );
        Ok(command)
    }

    fn judge(
        &self,
        output: &Output,
        endpoint: &DemoEndpoint,
        seen: usize,
        folder: &Path,
    ) -> Outcome {
        let exit = output.status.code();
        let ended = match self.end {
            End::Exit(code) => exit == Some(code.number().into()),
            End::Killed => !output.status.success(),
        };
        let found = self
            .expected
            .iter()
            .map(|expected| expected.look(endpoint, seen, folder));
        let (right, found): (Vec<_>, Vec<_>) = found.unzip();
        let said = [&output.stdout[..], &output.stderr[..]].concat();
        Outcome {
            said: String::from_utf8_lossy(&said).into_owned(),
            exit,
            found,
            as_it_should: ended && right.into_iter().all(|right| right),
        }
    }
}

impl Expected {
    /// Whether it is so, and what is to be said about it.
    fn look(&self, endpoint: &DemoEndpoint, seen: usize, folder: &Path) -> (bool, String) {
        let there = |name: &str| folder.join(name).exists();
        match *self {
            Self::File { name, key } => {
                let same = fs::read(folder.join(name)).ok().as_deref() == endpoint.object(key);
                match same {
                    true => (true, format!("{name} is the object, byte for byte")),
                    false => (false, format!("{name} is not the object")),
                }
            }
            Self::Nothing(name) => match names(folder).find(|found| found.starts_with(name)) {
                None => (true, format!("there is no {name}, nor a part of it")),
                Some(left) => (false, format!("{left} was left behind")),
            },
            Self::Checkpoint(name) => {
                let kept = !there(name) && sidecars(name).iter().all(|name| there(name));
                let [part, journal] = sidecars(name);
                match kept {
                    true => (
                        true,
                        format!("there is no {name} yet, but {part} and {journal}"),
                    ),
                    false => (false, format!("there is not a checkpoint of {name} alone")),
                }
            }
            Self::Folder { name, prefix } => {
                let local = folder.join(name);
                let objects = endpoint.below(prefix);
                let same = objects
                    .filter(|(path, content)| {
                        fs::read(local.join(path)).ok().as_deref() == Some(*content)
                    })
                    .count();
                let all = same == endpoint.below(prefix).count() && files(&local) == same;
                match all {
                    true => (
                        true,
                        format!("{name} has the {same} objects, byte for byte, and nothing else"),
                    ),
                    false => (false, format!("{name} is not the bucket's {prefix}")),
                }
            }
            Self::Sent(expected) => {
                let requests = endpoint.requests_since(seen);
                let sent = of_objects(&requests).map(LoggedRequest::bytes_sent).sum();
                (
                    sent == expected,
                    format!("the endpoint has sent {}", bytes(sent)),
                )
            }
            Self::Asked(expected) => {
                let requests = endpoint.requests_since(seen);
                let asked = of_objects(&requests).count();
                let told = match asked {
                    0 => "the endpoint was asked for no object".to_owned(),
                    1 => "the endpoint was asked for 1 object".to_owned(),
                    _ => format!("the endpoint was asked for {asked} objects"),
                };
                (asked == expected, told)
            }
        }
    }
}

/// Waits until all that was scripted has happened, and kills the process.
async fn kill_in_the_middle(child: &mut Child, endpoint: &DemoEndpoint) -> Result<(), Error> {
    let ended_or_waiting = async {
        while !endpoint.has_met_all_faults() && matches!(child.try_wait(), Ok(None)) {
            sleep(POLL).await;
        }
    };
    // Killed in any case: that it was not in the middle shows in what it leaves.
    let _ = timeout(PATIENCE, ended_or_waiting).await;
    child.start_kill().map_err(|error| cannot_run(&error))
}

/// What stands beside a file while it is downloaded.
fn sidecars(name: &str) -> [String; 2] {
    [format!("{name}.cospart"), format!("{name}.cosckpt")]
}

/// The requests that were not listings.
fn of_objects(requests: &[LoggedRequest]) -> impl Iterator<Item = &LoggedRequest> {
    requests.iter().filter(|request| !request.key().is_empty())
}

/// How many files there are below a folder.
fn files(folder: &Path) -> usize {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .map(|entry| match entry.path() {
            path if path.is_dir() => files(&path),
            _ => 1,
        })
        .sum()
}

fn names(folder: &Path) -> impl Iterator<Item = String> {
    let entries = fs::read_dir(folder).into_iter().flatten();
    entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok())
}

fn cannot_run(error: &std::io::Error) -> Error {
    Error::new(
        ExitCode::Other,
        format!("cannot run this program again: {}", chain(error)),
    )
}

const WRONG_KEY: &str = "wrongsecretkeywrongsecretkeywron";

/// Far less than a step takes.
const POLL: Duration = Duration::from_millis(2);

/// Far more than half a download takes.
const PATIENCE: Duration = Duration::from_secs(10);
