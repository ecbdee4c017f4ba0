//! What the rounds of a case gave.

use cos_benches::measure::Usage;

use crate::case::{Case, Stage};
use crate::program::Program;

#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) case: Case,
    pub(crate) size: u64,
    pub(crate) count: u32,
    pub(crate) rows: Vec<Row>,
}

/// The rounds of one program.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) name: &'static str,
    pub(crate) version: String,
    rounds: Vec<Usage>,
}

impl Outcome {
    pub(crate) fn new(stage: &Stage) -> Self {
        Self {
            case: stage.case,
            size: stage.size,
            count: stage.count,
            rows: Vec::new(),
        }
    }

    pub(crate) fn add(&mut self, program: &Program, usage: Usage) {
        match self.rows.iter_mut().find(|row| row.name == program.name()) {
            Some(row) => row.rounds.push(usage),
            None => self.rows.push(Row {
                name: program.name(),
                version: program.version().to_owned(),
                rounds: vec![usage],
            }),
        }
    }
}

impl Row {
    /// The best round, for each figure by itself.
    pub(crate) fn best(&self) -> Usage {
        let mut rounds = self.rounds.iter().copied();
        let first = rounds.next().unwrap();
        rounds.fold(first, Usage::best)
    }

    /// How far the middle round's wall time lies above the best one, as a share of it.
    pub(crate) fn spread(&self) -> f64 {
        let mut walls: Vec<f64> = self.rounds.iter().map(|r| r.wall.as_secs_f64()).collect();
        walls.sort_by(f64::total_cmp);
        let middle = walls.get(walls.len() / 2).unwrap();
        middle / walls.first().unwrap() - 1.0
    }
}

#[expect(clippy::cast_precision_loss, reason = "a figure of three digits")]
pub(crate) fn mebibytes(bytes: u64) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}
