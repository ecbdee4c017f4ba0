//! Which share of the keys a process takes.

use std::fmt;
use std::str::FromStr;

use cos_proto::crc64;

/// One of several processes or machines that download one directory without talking to each other:
/// it takes every key whose bytes' CRC64, modulo the number of them all, is its own number.
///
/// ```
/// use cos_transfer::prefix::Shard;
///
/// let shards: Vec<Shard> = (0..16).map(|index| Shard::new(index, 16)).collect::<Result<_, _>>()?;
/// let takers = shards.iter().filter(|shard| shard.takes("data/a.txt")).count();
/// assert_eq!(takers, 1);
/// # Ok::<(), cos_transfer::prefix::InvalidShard>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Shard {
    index: u64,
    count: u64,
}

impl Shard {
    /// Number `index`, counted from 0, of `count`.
    ///
    /// # Errors
    ///
    /// [`InvalidShard`] where `index` is not below `count`.
    pub fn new(index: u64, count: u64) -> Result<Self, InvalidShard> {
        if index < count {
            Ok(Self { index, count })
        } else {
            Err(InvalidShard)
        }
    }

    /// Whether it takes a key. CRC64 is the one that COS computes, of the key's UTF-8 bytes.
    pub fn takes(self, key: &str) -> bool {
        // The count is never 0: the index is below it.
        crc64::checksum(key.as_bytes()).checked_rem(self.count) == Some(self.index)
    }

    /// The name of the folder that keeps what this one has not finished.
    pub(crate) fn folder(self) -> String {
        format!("{}-{}", self.index, self.count)
    }
}

/// `I/N`.
impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.index, self.count)
    }
}

/// `I/N`, both decimal.
impl FromStr for Shard {
    type Err = InvalidShard;

    fn from_str(text: &str) -> Result<Self, InvalidShard> {
        let (index, count) = text.split_once('/').ok_or(InvalidShard)?;
        Self::new(decimal(index)?, decimal(count)?)
    }
}

/// Digits alone: the standard parser takes a sign.
fn decimal(text: &str) -> Result<u64, InvalidShard> {
    if text.bytes().all(|byte| byte.is_ascii_digit()) {
        text.parse().map_err(|_| InvalidShard)
    } else {
        Err(InvalidShard)
    }
}

/// A shard that is not `I/N` with I from 0 to N - 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a shard is I/N, with I from 0 to N - 1")]
#[non_exhaustive]
pub struct InvalidShard;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_key_belongs_to_one_shard() {
        let shards: Vec<_> = (0..7).map(|index| Shard::new(index, 7).unwrap()).collect();
        let mut taken = [0; 7];
        for number in 0..700 {
            let key = format!("data/{number:05}");
            let takers: Vec<_> = (0..7).filter(|&i| shards[i].takes(&key)).collect();
            assert_eq!(takers.len(), 1);
            taken[takers[0]] += 1;
        }
        assert!(taken.iter().all(|&count| count > 50), "{taken:?}");
    }

    #[test]
    fn the_crc64_is_that_of_cos() {
        // The check value of CRC-64/XZ.
        let crc64 = 0x995d_c9bb_df19_39fa_u64;
        assert!(Shard::new(crc64 % 1000, 1000).unwrap().takes("123456789"));
    }

    #[test]
    fn the_text_is_strict() {
        assert_eq!("3/16".parse(), Shard::new(3, 16));
        assert_eq!(Shard::new(3, 16).unwrap().to_string(), "3/16");
        for text in [
            "",
            "1",
            "/",
            "1/1",
            "2/1",
            "0/0",
            "+0/1",
            "0/-1",
            "0/1/2",
            "a/b",
            " 0/1",
            "99999999999999999999/1",
        ] {
            assert_eq!(text.parse::<Shard>(), Err(InvalidShard), "{text:?}");
        }
    }
}
