//! Runs the real binary in an environment of its own, and starts endpoints for it.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::LazyLock;

use cos_emulator::{Credentials, Emulator, MemoryBucket, Object};
use tempfile::TempDir;
use tokio::net::TcpSocket;
use tokio::process::{Child, Command};

pub(crate) const BINARY: &str = env!("CARGO_BIN_EXE_cos");

pub(crate) const BUCKET: &str = "examplebucket-1250000000";

/// Credentials that no output may hold. They open the emulator of a test.
pub(crate) const SECRET_ID: &str = "AKIDcanarycanarycanarycanarycanary";
pub(crate) const SECRET_KEY: &str = "canarysecretkeycanarysecretkey01";
pub(crate) const TOKEN: &str = "canarytoken/with+special=chars01";

/// A folder in which commands are run, with no configuration and no credentials but those that a
/// test gives.
#[derive(Debug)]
pub(crate) struct Place {
    folder: TempDir,
    variables: Vec<(String, String)>,
    options: &'static [&'static str],
}

impl Place {
    /// An environment without anything.
    pub(crate) fn bare() -> Self {
        Self {
            folder: TempDir::new().unwrap(),
            variables: Vec::new(),
            options: &[],
        }
    }

    /// An environment with the right credentials for `emulator`.
    pub(crate) fn with_keys(emulator: &Emulator) -> Self {
        Self::anonymous(&emulator.url())
            .env("COS_SECRET_ID", SECRET_ID)
            .env("COS_SECRET_KEY", SECRET_KEY)
    }

    /// An environment that only says where the endpoint is.
    pub(crate) fn anonymous(endpoint: &str) -> Self {
        Self::bare().env("COS_ENDPOINT", endpoint)
    }

    pub(crate) fn env(mut self, name: &str, value: &str) -> Self {
        self.variables.retain(|(known, _)| known != name);
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Commands try nothing again: what comes of one attempt is what they tell.
    pub(crate) fn once(mut self) -> Self {
        self.options = &["--retries", "0"];
        self
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.path(name)).unwrap()
    }

    /// The names in the folder, sorted.
    pub(crate) fn names(&self) -> Vec<String> {
        names(self.folder.path())
    }

    /// The binary with these arguments, ready to be run or spawned.
    pub(crate) fn command<A: AsRef<OsStr>>(
        &self,
        arguments: impl IntoIterator<Item = A>,
    ) -> Command {
        let mut command = self.program(BINARY);
        command.args(self.options).args(arguments);
        command
    }

    /// Another program in this environment.
    pub(crate) fn program(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command
            .env_clear()
            .env("HOME", self.folder.path().join("home"))
            .envs(self.variables.iter().map(|(name, value)| (name, value)))
            .current_dir(self.folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        command
    }

    /// Runs the binary to its end.
    pub(crate) async fn cos<A: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = A>) -> Ran {
        let output = self.command(arguments).output().await.unwrap();
        Ran {
            exit: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// The names of the commands, as the binary tells them.
    pub(crate) async fn commands(&self) -> Vec<String> {
        let help = self.cos(["--help"]).await.exits(0).stdout;
        let commands: Vec<_> = help
            .lines()
            .skip_while(|line| *line != "Commands:")
            .skip(1)
            .take_while(|line| !line.is_empty())
            // A long line goes on below its text.
            .filter(|line| !line.starts_with("   "))
            .filter_map(|line| line.split_whitespace().next())
            // clap's own.
            .filter(|command| *command != "help")
            .map(str::to_owned)
            .collect();
        assert!(commands.len() > 8, "{help}");
        commands
    }
}

/// Sends a signal to a process that has not been waited for.
pub(crate) fn signal(child: &Child, signal: rustix::process::Signal) {
    let pid = child.id().unwrap().try_into().unwrap();
    let pid = rustix::process::Pid::from_raw(pid).unwrap();
    rustix::process::kill_process(pid, signal).unwrap();
}

/// What a run of the binary left.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) exit: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ran {
    /// Asserts the exit code, and shows everything where it is another.
    #[track_caller]
    pub(crate) fn exits(self, code: i32) -> Self {
        assert_eq!(self.exit, Some(code), "{self:#?}");
        self
    }

    /// Asserts that stderr holds each of `texts`.
    #[track_caller]
    pub(crate) fn says(self, texts: &[&str]) -> Self {
        for text in texts {
            assert!(self.stderr.contains(text), "no {text:?} in {self:#?}");
        }
        self
    }

    /// The one JSON object on stdout.
    #[track_caller]
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {self:#?}"))
    }

    /// The JSON objects on stdout, one a line.
    #[track_caller]
    pub(crate) fn json_lines(&self) -> Vec<serde_json::Value> {
        self.stdout
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }
}

/// An endpoint that checks signatures, with one bucket.
pub(crate) async fn emulator(objects: impl IntoIterator<Item = (&str, Object)>) -> Emulator {
    let bucket = MemoryBucket::new(BUCKET);
    for (key, object) in objects {
        bucket.put(key, object);
    }
    serve(bucket).await
}

/// An endpoint that checks signatures, with this bucket.
pub(crate) async fn serve(bucket: MemoryBucket) -> Emulator {
    let credentials = Credentials::new(SECRET_ID, SECRET_KEY).unwrap();
    Emulator::builder()
        .bucket(bucket)
        .credentials(credentials)
        .start()
        .await
        .unwrap()
}

/// `cos://BUCKET/KEY`.
pub(crate) fn object(key: &str) -> String {
    format!("cos://{BUCKET}/{key}")
}

/// The names in a folder, sorted.
pub(crate) fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

/// Runs the command from a shell that has set this limit.
pub(crate) async fn limited(place: &Place, limit: &str, arguments: Vec<String>) -> Ran {
    let output = place
        .program("/bin/sh")
        .args([
            "-c",
            &format!("ulimit {limit} && exec \"$0\" \"$@\""),
            BINARY,
        ])
        .args(arguments)
        .output()
        .await
        .unwrap();
    Ran {
        exit: output.status.code(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

/// Every path below a folder, sorted, with `/` behind those of folders.
pub(crate) fn tree(folder: &Path) -> Vec<String> {
    let mut paths = Vec::new();
    for name in names(folder) {
        let path = folder.join(&name);
        if path.is_dir() {
            paths.push(format!("{name}/"));
            paths.extend(
                tree(&path)
                    .into_iter()
                    .map(|below| format!("{name}/{below}")),
            );
        } else {
            paths.push(name);
        }
    }
    paths.sort();
    paths
}

/// What was told, without what is another time each time.
pub(crate) fn without_times(told: &str) -> String {
    let line = |line: &str| {
        let mut shown = Vec::new();
        let mut words = line.split(' ');
        while let Some(word) = words.next() {
            shown.push(word);
            // `in 12 ms, 3 failed`.
            let mut time = words.clone();
            let number = time
                .next()
                .is_some_and(|number| number.parse::<f64>().is_ok());
            if word == "in" && number {
                let unit = time.next().unwrap();
                shown.push(if unit.ends_with(',') {
                    "[TIME],"
                } else {
                    "[TIME]"
                });
                words = time;
            }
        }
        let line = shown.join(" ");
        match line.split_once("\"elapsed_ms\":") {
            Some((before, _)) => format!("{before}\"elapsed_ms\":[TIME]}}"),
            None => line,
        }
    };
    told.lines().map(line).collect::<Vec<_>>().join("\n")
}

/// A URL at which connections are refused: its port is taken, and nobody listens on it.
pub(crate) fn closed_url() -> String {
    static TAKEN: LazyLock<TcpSocket> = LazyLock::new(|| {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind(([127, 0, 0, 1], 0).into()).unwrap();
        socket
    });
    format!("http://{}", TAKEN.local_addr().unwrap())
}
