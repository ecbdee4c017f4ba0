//! What stands on the command line.

use std::env;
use std::path::PathBuf;
use std::time::Duration;

use crate::case::Case;

#[derive(Debug)]
pub(crate) struct Arguments {
    pub(crate) cases: Vec<Case>,
    /// Names of programs; all, where there is none.
    pub(crate) only: Vec<String>,
    pub(crate) rounds: usize,
    /// Of the large object, in bytes.
    pub(crate) size: u64,
    /// Our command, where it is not to be built.
    pub(crate) cos: Option<PathBuf>,
    /// How long the server lets each request wait.
    pub(crate) delay: Option<Duration>,
    pub(crate) serve: bool,
    pub(crate) write: bool,
}

impl Arguments {
    pub(crate) fn parse() -> Self {
        let mut arguments = Self {
            cases: Vec::new(),
            only: Vec::new(),
            rounds: 7,
            size: 1 << 30,
            cos: None,
            delay: None,
            serve: false,
            write: false,
        };
        let mut words = env::args().skip(1);
        while let Some(word) = words.next() {
            let mut value = || words.next().unwrap_or_else(|| panic!("{word} has a value"));
            match word.as_str() {
                "--only" => arguments.only = value().split(',').map(str::to_owned).collect(),
                "--rounds" => arguments.rounds = value().parse().unwrap(),
                "--size" => arguments.size = size(&value()),
                "--cos" => arguments.cos = Some(PathBuf::from(value())),
                "--delay" => {
                    arguments.delay = Some(Duration::from_millis(value().parse().unwrap()));
                }
                "--serve" => arguments.serve = true,
                "--write" => arguments.write = true,
                // Cargo says so to every benchmark.
                "--bench" => {}
                name => arguments.cases.push(
                    Case::named(name)
                        .unwrap_or_else(|| panic!("{name}: neither a case nor an option")),
                ),
            }
        }
        if arguments.cases.is_empty() {
            arguments.cases = vec![Case::Large, Case::Tls, Case::Small, Case::Listing];
        }
        arguments
    }
}

fn size(text: &str) -> u64 {
    let digits = text.trim_end_matches(|last: char| last.is_ascii_alphabetic());
    let unit = match text.trim_start_matches(digits) {
        "" => 0,
        "MiB" => 20,
        "GiB" => 30,
        "TiB" => 40,
        other => panic!("{other}: no unit of sizes"),
    };
    digits.parse::<u64>().unwrap() << unit
}
