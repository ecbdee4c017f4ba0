//! The picture: for each case and program a bar of wall time and one of CPU time.

use std::fmt::Write as _;
use std::time::Duration;

use super::{by_wall, title};
use crate::outcome::Outcome;

const WIDTH: f64 = 760.0;

/// Where bars begin, and the longest of them.
const LEFT: f64 = 110.0;
const LONGEST: f64 = 520.0;

const BAR: f64 = 8.0;
const ROW: f64 = 24.0;
const TITLE: f64 = 34.0;

/// No bar is longer than that of our command so many times: beyond it the number alone tells.
const MOST: f64 = 8.0;

pub(super) fn draw(outcomes: &[Outcome], measured: &str) -> String {
    let mut body = String::new();
    let mut y = 20.0;
    text(
        &mut body,
        16.0,
        y,
        "13",
        "bold",
        "wall time (dark) and CPU time (light), less is better",
    );
    for outcome in outcomes {
        y += TITLE;
        text(&mut body, 16.0, y, "12", "bold", &title(outcome));
        y += 10.0;
        let rows = by_wall(outcome);
        let seconds = |duration: Duration| duration.as_secs_f64();
        let ours = rows
            .iter()
            .find(|row| row.name == "cos")
            .map(|row| row.best());
        let longest = rows
            .iter()
            .map(|row| seconds(row.best().wall).max(seconds(row.best().cpu)))
            .fold(0.0, f64::max);
        let end = ours.map_or(longest, |ours| longest.min(MOST * seconds(ours.wall)));
        for row in rows {
            let best = row.best();
            let is_ours = row.name == "cos";
            let weight = if is_ours { "bold" } else { "normal" };
            text(&mut body, 16.0, y + 13.0, "11", weight, row.name);
            let colours = if is_ours {
                ["#0b6bcb", "#8cc4ff"]
            } else {
                ["#6b7280", "#c3c8d0"]
            };
            let bars = [(best.wall, 3.0), (best.cpu, 3.0 + BAR)];
            for ((duration, offset), colour) in bars.into_iter().zip(colours) {
                let length = (seconds(duration) / end).min(1.0) * LONGEST;
                writeln!(
                    body,
                    "<rect x=\"{LEFT}\" y=\"{:.1}\" width=\"{length:.1}\" height=\"{BAR}\" fill=\"{colour}\"/>",
                    y + offset,
                )
                .unwrap();
            }
            let longer = (seconds(best.wall).max(seconds(best.cpu)) / end).min(1.0) * LONGEST;
            let figures = format!("{:.2} s · {:.2} s", seconds(best.wall), seconds(best.cpu));
            text(
                &mut body,
                LEFT + longer + 6.0,
                y + 14.0,
                "10",
                "normal",
                &figures,
            );
            y += ROW;
        }
    }
    y += 14.0;
    text(&mut body, 16.0, y, "10", "normal", measured);
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height:.0}\" \
         font-family=\"system-ui, sans-serif\">\n\
         <rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n{body}</svg>\n",
        height = y + 16.0,
    )
}

fn text(body: &mut String, x: f64, y: f64, size: &str, weight: &str, words: &str) {
    let words = words.replace('&', "&amp;").replace('<', "&lt;");
    writeln!(
        body,
        "<text x=\"{x:.1}\" y=\"{y:.1}\" font-size=\"{size}\" font-weight=\"{weight}\" fill=\"#1f2937\">{words}</text>"
    )
    .unwrap();
}
