//! How many instructions the pieces of work take: counted by valgrind's callgrind, so that a change
//! of a few percent shows where wall time is all noise.
//!
//! ```text
//! cargo bench -p cos-benches --bench icount               # counts, and compares with the baseline
//! cargo bench -p cos-benches --bench icount -- --accept   # makes what was counted the baseline
//! cargo bench -p cos-benches --bench icount -- --twice    # counts twice: the two agree within 1 %
//! ```
//!
//! The baselines stand in `benches/icount/`, one for each version of the compiler and architecture.
//! It fails where a count is more than 5 % above its baseline; where there is none, or no valgrind,
//! it says so and passes. A count that fell by as much is worth a new baseline, too.
//!
//! What is counted is the difference between a process that does the work some times and one that
//! does it no time, so that starting and making ready do not count.
#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a benchmark prints, and stops at the first surprise"
)]

use std::env;
use std::fs;
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::process::{Command, exit};

use cos_benches::work::{self, Work};

/// How often a piece of work is done in the process that is counted.
const TIMES: u64 = 5;

/// The most that a count may be above its baseline, in thousandths.
const MOST: u64 = 50;

/// The most that two counts of the same may differ, in thousandths.
const NOISE: u64 = 10;

fn main() {
    let arguments: Vec<String> = env::args().skip(1).collect();
    if let [option, name, times] = arguments.as_slice()
        && option == "--work"
    {
        return run(name, times.parse().unwrap());
    }
    let has = |option: &str| arguments.iter().any(|argument| argument == option);
    if Command::new("valgrind").arg("--version").output().is_err() {
        println!("SKIPPED: valgrind is not installed: no instructions were counted");
        return;
    }
    let counted: Vec<(Work, u64)> = work::ALL.map(|work| (work, count(work))).to_vec();
    if has("--twice") {
        check_noise(&counted);
    }
    let file = baseline_file();
    if has("--accept") {
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        let lines = counted
            .iter()
            .map(|(work, count)| format!("{} {count}\n", work.name));
        fs::write(&file, lines.collect::<String>()).unwrap();
        println!("written: {}", file.display());
        return;
    }
    let Ok(baseline) = fs::read_to_string(&file) else {
        println!(
            "SKIPPED: there is no {}: nothing was compared",
            file.display()
        );
        return;
    };
    if !compare(&counted, &baseline) {
        println!("more than {} % up; where that is meant:", MOST / 10);
        println!("    cargo bench -p cos-benches --bench icount -- --accept");
        exit(1);
    }
}

/// In the process that valgrind looks at.
fn run(name: &str, times: u64) {
    let work = work::ALL.iter().find(|work| work.name == name).unwrap();
    let mut once = (work.ready)();
    for _ in 0..times {
        black_box(once());
    }
}

/// The instructions of one piece of work.
fn count(work: Work) -> u64 {
    let [none, some] = [0, TIMES].map(|times| {
        let output = Command::new("valgrind")
            .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
            .arg(env::current_exe().unwrap())
            .args(["--work", work.name, &times.to_string()])
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{said}");
        let collected = said
            .lines()
            .find_map(|line| line.split_once("Collected :"))
            .unwrap();
        collected.1.trim().parse::<u64>().unwrap()
    });
    let count = (some - none) / TIMES;
    println!("{:<32} {count:>12}", work.name);
    count
}

fn check_noise(counted: &[(Work, u64)]) {
    for (work, first) in counted {
        let second = count(*work);
        let apart = first.abs_diff(second) * 1000 / first;
        assert!(
            apart <= NOISE,
            "{}: {first} and {second} instructions",
            work.name
        );
    }
}

/// Whether all counts hold their baseline.
fn compare(counted: &[(Work, u64)], baseline: &str) -> bool {
    let mut holds = true;
    for (work, count) in counted {
        let before = baseline.lines().find_map(|line| {
            let (name, count) = line.split_once(' ')?;
            (name == work.name).then(|| count.parse::<u64>().unwrap())
        });
        let Some(before) = before else {
            println!("{}: not in the baseline", work.name);
            holds = false;
            continue;
        };
        if *count * 1000 > before * (1000 + MOST) {
            println!("{}: {before} before, {count} now", work.name);
            holds = false;
        } else if *count * 1000 < before * (1000 - MOST) {
            println!("{}: {before} before, only {count} now", work.name);
        }
    }
    holds
}

fn baseline_file() -> PathBuf {
    let output = Command::new("rustc").arg("--version").output().unwrap();
    let version = String::from_utf8(output.stdout).unwrap();
    let version = version.split(' ').nth(1).unwrap();
    let name = format!("rustc-{version}-{}.txt", env::consts::ARCH);
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("icount")
        .join(name)
}
