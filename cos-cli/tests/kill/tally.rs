//! What the kills have come to.

use std::fmt;

/// How many kills there were, where, and what they cost.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tally {
    kills: usize,
    within: usize,
    lost: u64,
    most_lost: u64,
    received: u64,
}

impl Tally {
    /// Counts a kill: whether it was between the first record and the publication, how many bytes
    /// the run had received, and how many of those the journal does not have.
    pub(crate) fn count(&mut self, within: bool, received: u64, lost: u64) {
        self.kills += 1;
        self.within += usize::from(within);
        self.received += received;
        self.lost += lost;
        self.most_lost = self.most_lost.max(lost);
    }

    pub(crate) fn and(mut self, other: &Self) -> Self {
        self.kills += other.kills;
        self.within += other.within;
        self.received += other.received;
        self.lost += other.lost;
        self.most_lost = self.most_lost.max(other.most_lost);
        self
    }

    pub(crate) const fn kills(&self) -> usize {
        self.kills
    }

    pub(crate) const fn within(&self) -> usize {
        self.within
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            kills,
            within,
            lost,
            most_lost,
            received,
        } = self;
        let mean = lost / u64::try_from(*kills).unwrap_or(1).max(1);
        write!(
            f,
            "{kills} kills, {within} of them between the first record and the publication; \
             {received} bytes received, {lost} of them twice: {mean} a kill, at most {most_lost}"
        )
    }
}
