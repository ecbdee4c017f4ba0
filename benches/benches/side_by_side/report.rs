//! The figures as Markdown tables and as a picture.

mod chart;

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::thread;

use crate::case::Case;
use crate::outcome::{Outcome, Row, mebibytes};

/// The table of a case. Ratios are to the floor, or, where there is none, to our command.
pub(crate) fn table(outcome: &Outcome) -> String {
    let base = outcome.rows.iter().find(|row| row.name == "floor");
    let Some(base) = base.or_else(|| outcome.rows.first()) else {
        return String::new();
    };
    let mut table = format!(
        "### {}\n\n| | wall | × | CPU | × | peak memory | spread |\n\
         |---|--:|--:|--:|--:|--:|--:|\n",
        title(outcome),
    );
    let least = base.best();
    for row in &outcome.rows {
        let best = row.best();
        let (wall, cpu) = (best.wall.as_secs_f64(), best.cpu.as_secs_f64());
        writeln!(
            table,
            "| {} | {wall:.3} s | {:.2} | {cpu:.3} s | {:.2} | {:.1} MiB | {:.0} % |",
            row.name,
            wall / least.wall.as_secs_f64(),
            cpu / least.cpu.as_secs_f64(),
            mebibytes(best.peak),
            row.spread() * 100.0,
        )
        .unwrap();
    }
    table
}

/// Writes tables and picture to `benches/results/`.
pub(crate) fn write(outcomes: &[Outcome], rounds: usize) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("results");
    fs::create_dir_all(&folder).unwrap();
    let (date, machine) = (said("date", &["-u", "+%F"]), machine());
    let mut text = format!(
        "# Side by side\n\n\
         Measured on {date}, {machine}, by `cargo bench -p cos-benches --bench side_by_side -- \
         --write`: nginx in a process of its own on the loopback interface, files on tmpfs, the best \
         of {rounds} rounds of every program by turns, for each figure by itself. CPU and memory are \
         the client's own. The spread is how far the middle round lies above the best. Ratios (×) \
         are to the floor, a program over plain blocking sockets that looks at nothing, or to `cos` \
         where there is none.\n\n\
         ![wall time and CPU](side_by_side.svg)\n"
    );
    for outcome in outcomes {
        write!(text, "\n{}\n{}", table(outcome), losses(outcome)).unwrap();
    }
    text.push_str("\n## Versions\n\n");
    let mut named = Vec::new();
    for row in outcomes.iter().flat_map(|outcome| &outcome.rows) {
        if !named.contains(&row.name) {
            named.push(row.name);
            writeln!(text, "- {}: {}", row.name, row.version).unwrap();
        }
    }
    fs::write(folder.join("side_by_side.md"), text).unwrap();
    let picture = chart::draw(outcomes, &format!("{date}, {machine}"));
    fs::write(folder.join("side_by_side.svg"), picture).unwrap();
}

/// What a case is about.
fn title(outcome: &Outcome) -> String {
    let (size, count) = (mebibytes(outcome.size), outcome.count);
    match outcome.case {
        Case::Large => format!("One object of {size:.0} MiB"),
        Case::Tls => format!("One object of {size:.0} MiB over TLS"),
        Case::Cat => format!("One object of {size:.0} MiB to nowhere"),
        Case::Small => format!("{count} objects, {size:.1} MiB in all"),
        Case::Listing => format!("A listing of {count} keys"),
    }
}

/// Says plainly who is ahead of our command, and in what.
fn losses(outcome: &Outcome) -> String {
    let Some(ours) = outcome.rows.iter().find(|row| row.name == "cos") else {
        return String::new();
    };
    let ours = ours.best();
    let mut said = Vec::new();
    let peers = outcome.rows.iter();
    for row in peers.filter(|row| !["cos", "floor"].contains(&row.name)) {
        let best = row.best();
        let figures = [
            ("wall", best.wall < ours.wall),
            ("CPU", best.cpu < ours.cpu),
            ("memory", best.peak < ours.peak),
        ];
        let ahead: Vec<&str> = figures
            .iter()
            .filter(|(_, is_ahead)| *is_ahead)
            .map(|(figure, _)| *figure)
            .collect();
        if !ahead.is_empty() {
            said.push(format!("{} in {}", row.name, ahead.join(" and ")));
        }
    }
    if said.is_empty() {
        "Nobody is ahead of `cos` here.\n".to_owned()
    } else {
        format!("Ahead of `cos`: {}.\n", said.join("; "))
    }
}

/// The processor and the system.
fn machine() -> String {
    let about = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = about.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        (name.trim() == "model name").then(|| value.trim().to_owned())
    });
    let cores = thread::available_parallelism().map_or(1, usize::from);
    format!(
        "{cores} cores of {}, {}",
        model.unwrap_or_default(),
        said("uname", &["-sr"])
    )
}

fn said(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output();
    let text = output.map(|output| output.stdout).unwrap_or_default();
    String::from_utf8_lossy(&text).trim().to_owned()
}

/// The rows of the picture: ours first, then the others by wall time.
fn by_wall(outcome: &Outcome) -> Vec<&Row> {
    let mut rows: Vec<&Row> = outcome.rows.iter().collect();
    rows.sort_by_key(|row| row.best().wall);
    rows
}
