//! Our command beside the copy floors and other downloaders, from the same nginx on this machine.
//!
//! ```text
//! cargo bench -p cos-benches --bench side_by_side                    # everything, 7 rounds
//! cargo bench -p cos-benches --bench side_by_side -- large           # one case
//! cargo bench -p cos-benches --bench side_by_side -- small --only cos,floor --rounds 3
//! cargo bench -p cos-benches --bench side_by_side -- large --size 8GiB --cos path/to/cos
//! cargo bench -p cos-benches --bench side_by_side -- small --delay 50 # each request waits for 50 ms
//! cargo bench -p cos-benches --bench side_by_side -- large --serve   # only the server, to look closer
//! cargo bench -p cos-benches --bench side_by_side -- --write         # writes benches/results/
//! ```
//!
//! Cases are `large`, `tls` (the same object over TLS), `cat` (the same to nowhere), `small` (many
//! objects) and `listing`. A round runs every program once, one after the other; what counts is the
//! best of all rounds, for each figure by itself, and the spread says how far a program's own rounds
//! lie apart. The server is a process of its own, whose time counts for nobody; files are on tmpfs
//! where there is one. A program that is not installed is left out, loudly.
#![expect(
    clippy::panic,
    clippy::print_stderr,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a benchmark prints, and stops at the first surprise"
)]

mod arguments;
mod case;
mod outcome;
mod program;
mod report;
mod site;

use std::fs;
use std::io::Read as _;
use std::process::{Command, Stdio};

use cos_benches::measure::Usage;
use cos_benches::nginx::Nginx;

use arguments::Arguments;
use case::Stage;
use outcome::Outcome;
use program::Program;

fn main() {
    let arguments = Arguments::parse();
    if Nginx::program().is_none() {
        println!("SKIPPED: nginx is not installed (Debian: nginx-light)");
        return;
    }
    let programs = Program::installed(&arguments);
    let mut outcomes = Vec::new();
    for case in &arguments.cases {
        let stage = Stage::set(*case, &arguments);
        if arguments.serve {
            serve(&stage);
        } else {
            let outcome = run(&stage, &programs, arguments.rounds);
            println!("{}", report::table(&outcome));
            outcomes.push(outcome);
        }
    }
    if arguments.write {
        report::write(&outcomes, arguments.rounds);
    }
}

fn run(stage: &Stage, programs: &[Program], rounds: usize) -> Outcome {
    let mut outcome = Outcome::new(stage);
    let mut left_out = Vec::new();
    for round in 0..rounds {
        for program in programs {
            let Some(command) = program.command(stage) else {
                continue;
            };
            if left_out.contains(&program.name()) {
                continue;
            }
            match run_once(stage, program, command, round == 0) {
                Ok(used) => outcome.add(program, used),
                Err(error) => {
                    println!("FAILED: {} {}: {error}", stage.case.name(), program.name());
                    assert!(!program.is_ours(), "no comparison without it");
                    left_out.push(program.name());
                }
            }
        }
    }
    stage.clear();
    outcome
}

/// Runs a program to its end; looks at what it left, where `check` says so.
fn run_once(
    stage: &Stage,
    program: &Program,
    mut command: Command,
    check: bool,
) -> Result<Usage, String> {
    stage.clear();
    let log = fs::File::create(stage.log()).unwrap();
    command
        .stdin(Stdio::null())
        .stdout(stage.stdout())
        .stderr(log);
    let used = Usage::of(&mut command).map_err(|error| {
        let said = fs::read_to_string(stage.log()).unwrap_or_default();
        format!("{error}\n{said}")
    })?;
    eprintln!(
        "{} {}: wall {:.3} s, CPU {:.3} s, {:.1} MiB",
        stage.case.name(),
        program.name(),
        used.wall.as_secs_f64(),
        used.cpu.as_secs_f64(),
        outcome::mebibytes(used.peak),
    );
    if check {
        stage.check()?;
    }
    Ok(used)
}

/// Serves until stdin ends.
fn serve(stage: &Stage) {
    println!("http://{} and {}", stage.address(), stage.nginx.tls_url());
    println!("authority: {}", stage.nginx.ca().display());
    println!("destination: {}", stage.out().display());
    let cos = stage.cos_arguments();
    println!("cos {}", cos.join(" "));
    println!("until stdin ends");
    let _ = std::io::stdin().read_to_end(&mut Vec::new());
}
