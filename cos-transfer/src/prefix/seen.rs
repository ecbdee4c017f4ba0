//! Which keys the listing has shown, in bounded memory.

use std::io;

use cos_proto::crc64;

use crate::storage::{File, RealFile};

/// How many keys are remembered in memory, 8 bytes each. What goes beyond is written down, and read
/// again as often as there are so many: each time the local files are gone through once.
const IN_MEMORY: usize = 1 << 20;

/// The keys that a listing has shown, each by its CRC64. Two keys of one CRC64 are one here, so that
/// a local file may stay that should go; none goes that should stay.
#[derive(Debug, Default)]
pub(super) struct Seen {
    hashes: Vec<u64>,
    count: u64,
    /// Where `hashes` were written whenever they were too many.
    spilled: Option<RealFile>,
}

impl Seen {
    pub(super) fn new() -> Self {
        Self::default()
    }

    /// Remembers a key. `spill` makes a file for those that are too many for the memory; where
    /// there is no place for one, they stay there.
    pub(super) fn add(
        &mut self,
        key: &str,
        spill: impl FnOnce() -> io::Result<Option<RealFile>>,
    ) -> io::Result<()> {
        if self.hashes.len() >= IN_MEMORY {
            if self.spilled.is_none() {
                self.spilled = spill()?;
            }
            if let Some(file) = &self.spilled {
                write(file, &self.hashes, self.count)?;
                self.count = self.count.saturating_add(len(&self.hashes));
                self.hashes.clear();
            }
        }
        self.hashes.push(hash(key));
        Ok(())
    }

    /// How often the local files have to be gone through.
    pub(super) fn rounds(&self) -> u64 {
        let all = self.count.saturating_add(len(&self.hashes));
        let at_once = u64::try_from(IN_MEMORY).unwrap_or(u64::MAX);
        all.div_ceil(at_once).max(1)
    }

    /// The keys of one round.
    pub(super) fn round(&self, number: u64) -> io::Result<Round> {
        let rounds = self.rounds();
        let mut round = Round {
            hashes: Vec::new(),
            number,
            rounds,
        };
        let mut take = |hash: u64| {
            if round.is_of(hash) {
                round.hashes.push(hash);
            }
        };
        self.hashes.iter().copied().for_each(&mut take);
        if let Some(file) = &self.spilled {
            read(file, self.count, take)?;
        }
        round.hashes.sort_unstable();
        Ok(round)
    }
}

/// A share of the keys: those whose CRC64 falls into it.
#[derive(Debug)]
pub(super) struct Round {
    hashes: Vec<u64>,
    number: u64,
    rounds: u64,
}

impl Round {
    /// Whether it is the first one.
    pub(super) fn is_first(&self) -> bool {
        self.number == 0
    }

    /// Whether a key belongs to this round and the listing has not shown it.
    pub(super) fn misses(&self, key: &str) -> bool {
        let hash = hash(key);
        self.is_of(hash) && self.hashes.binary_search(&hash).is_err()
    }

    fn is_of(&self, hash: u64) -> bool {
        hash.checked_rem(self.rounds) == Some(self.number)
    }
}

fn hash(key: &str) -> u64 {
    crc64::checksum(key.as_bytes())
}

fn len(hashes: &[u64]) -> u64 {
    u64::try_from(hashes.len()).unwrap_or(u64::MAX)
}

/// Bytes of one hash.
const WIDTH: usize = size_of::<u64>();

/// Hashes that are written or read at once.
const AT_ONCE: usize = 8192;

fn write(file: &RealFile, hashes: &[u64], before: u64) -> io::Result<()> {
    let mut offset = before.saturating_mul(8);
    for hashes in hashes.chunks(AT_ONCE) {
        let bytes: Vec<u8> = hashes.iter().flat_map(|hash| hash.to_le_bytes()).collect();
        file.write_all_at(&bytes, offset)?;
        offset = offset.saturating_add(len(hashes).saturating_mul(8));
    }
    Ok(())
}

fn read(file: &RealFile, count: u64, mut take: impl FnMut(u64)) -> io::Result<()> {
    let end = count.saturating_mul(8);
    let mut buffer = vec![0; AT_ONCE * WIDTH];
    let mut filled = 0;
    let mut offset = 0;
    while offset < end {
        let free = buffer.get_mut(filled..).unwrap_or_default();
        let read = file.read_at(free, offset)?;
        if read == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        offset = offset.saturating_add(u64::try_from(read).unwrap_or(u64::MAX));
        filled = filled.saturating_add(read);
        let whole = filled - filled % WIDTH;
        let (hashes, _) = buffer.get(..whole).unwrap_or_default().as_chunks::<WIDTH>();
        hashes
            .iter()
            .copied()
            .map(u64::from_le_bytes)
            .for_each(&mut take);
        buffer.copy_within(whole..filled, 0);
        filled -= whole;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::ffi::OsStr;

    use super::*;
    use crate::storage::{Dir as _, RealDir};

    #[test]
    fn without_keys_all_is_missed() {
        let seen = Seen::new();
        assert_eq!(seen.rounds(), 1);
        assert!(seen.round(0).unwrap().misses("a"));
    }

    #[test]
    fn what_does_not_fit_into_memory_is_read_again() {
        let folder = tempfile::tempdir().unwrap();
        let dir = RealDir::open_path(folder.path()).unwrap();
        let mut seen = Seen::new();
        let keys = 2 * IN_MEMORY + IN_MEMORY / 2;
        for number in 0..keys {
            let spill = || dir.create(OsStr::new("seen")).map(Some);
            seen.add(&format!("{number}"), spill).unwrap();
        }
        assert_eq!(seen.rounds(), 3);
        let rounds: Vec<_> = (0..3).map(|number| seen.round(number).unwrap()).collect();
        let misses = |key: &str| rounds.iter().filter(|round| round.misses(key)).count();
        for number in (0..keys).step_by(997) {
            assert_eq!(misses(&format!("{number}")), 0);
            assert_eq!(misses(&format!("x{number}")), 1);
        }
        assert!(
            rounds
                .iter()
                .all(|round| round.hashes.len() < 2 * IN_MEMORY)
        );
    }
}
