//! What a program used: its own wall time, CPU and peak memory, from the system's account of it.

use std::process::Command;
use std::time::{Duration, Instant};

use wait4::Wait4 as _;

/// What one run of a program took.
#[derive(Clone, Copy, Debug)]
pub struct Usage {
    /// From its start to its end.
    pub wall: Duration,
    /// User and system time of all its threads, and of the children that it waited for.
    pub cpu: Duration,
    /// The most memory that it had resident, in bytes. What this process had at its start counts
    /// as well, so that this process has to stay small.
    pub peak: u64,
}

impl Usage {
    /// Runs `command` to its end.
    ///
    /// # Errors
    ///
    /// If it does not start, or does not exit with 0.
    pub fn of(command: &mut Command) -> Result<Self, String> {
        let started = Instant::now();
        let mut child = command
            .spawn()
            .map_err(|error| format!("{command:?}: {error}"))?;
        let ended = child
            .wait4()
            .map_err(|error| format!("{command:?}: {error}"))?;
        let wall = started.elapsed();
        if !ended.status.success() {
            return Err(format!("{command:?}: {}", ended.status));
        }
        Ok(Self {
            wall,
            cpu: ended.rusage.utime + ended.rusage.stime,
            peak: ended.rusage.maxrss,
        })
    }

    /// The least of each figure: the run that the machine disturbed least.
    #[must_use]
    pub fn best(self, other: Self) -> Self {
        Self {
            wall: self.wall.min(other.wall),
            cpu: self.cpu.min(other.cpu),
            peak: self.peak.min(other.peak),
        }
    }
}
