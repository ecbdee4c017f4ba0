//! The bytes of an object, wherever they are.

use std::{fs::File, io, sync::Arc};

use bytes::{Bytes, BytesMut};

/// Bytes read at once. Large enough that the cost of a hop to the blocking pool does not count,
/// small enough that many connections stay within a few megabytes.
pub(crate) const CHUNK: u64 = 256 * 1024;

/// The bytes of an object.
#[derive(Clone, Debug)]
pub(crate) enum Content {
    Bytes(Bytes),
    Pattern(Pattern),
    File { file: Arc<File>, len: u64 },
}

impl Content {
    pub(crate) fn len(&self) -> u64 {
        match self {
            Self::Bytes(bytes) => u64::try_from(bytes.len()).unwrap_or(u64::MAX),
            Self::Pattern(pattern) => pattern.len,
            Self::File { len, .. } => *len,
        }
    }

    /// Reads `len` bytes from `offset`, into `buffer` if it can be used again. The range must lie
    /// within the content.
    ///
    /// # Errors
    ///
    /// Those of the file, and `UnexpectedEof` where it became shorter.
    pub(crate) fn read(&self, offset: u64, len: usize, buffer: BytesMut) -> io::Result<Bytes> {
        match self {
            Self::Bytes(bytes) => {
                let start = usize::try_from(offset).map_err(io::Error::other)?;
                let end = start.saturating_add(len);
                if end > bytes.len() {
                    return Err(io::ErrorKind::UnexpectedEof.into());
                }
                Ok(bytes.slice(start..end))
            }
            Self::Pattern(pattern) => Ok(pattern.read(offset, len, buffer)),
            Self::File { file, .. } => {
                let mut buffer = buffer;
                buffer.resize(len, 0);
                read_exact_at(file, &mut buffer, offset)?;
                Ok(buffer.freeze())
            }
        }
    }

    /// Whether [`read`](Self::read) may wait for a disk.
    pub(crate) const fn blocks(&self) -> bool {
        matches!(self, Self::File { .. })
    }
}

/// Bytes that are computed from their offsets, so that an object of any size takes no memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Pattern {
    pub(crate) seed: u64,
    pub(crate) len: u64,
}

impl Pattern {
    /// Eight bytes of the pattern, those from `8 * index` on: the mixing function of SplitMix64.
    const fn word(self, index: u64) -> [u8; 8] {
        let mut word = self
            .seed
            .wrapping_add(index.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (word ^ (word >> 31)).to_le_bytes()
    }

    fn read(self, offset: u64, len: usize, mut buffer: BytesMut) -> Bytes {
        buffer.clear();
        buffer.reserve(len.saturating_add(8));
        let skip = usize::try_from(offset % 8).unwrap_or_default();
        let mut index = offset / 8;
        if let Some(first) = self.word(index).get(skip..) {
            buffer.extend_from_slice(first);
        }
        while buffer.len() < len {
            index += 1;
            buffer.extend_from_slice(&self.word(index));
        }
        buffer.truncate(len);
        buffer.freeze()
    }
}

#[cfg(unix)]
fn read_exact_at(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<()> {
    std::os::unix::fs::FileExt::read_exact_at(file, buffer, offset)
}

#[cfg(windows)]
fn read_exact_at(file: &File, mut buffer: &mut [u8], mut offset: u64) -> io::Result<()> {
    use std::os::windows::fs::FileExt;
    while !buffer.is_empty() {
        let read = file.seek_read(buffer, offset)?;
        if read == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        buffer = buffer.split_at_mut(read).1;
        offset = offset.saturating_add(u64::try_from(read).unwrap_or(u64::MAX));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn a_pattern_is_the_same_from_every_offset() {
        let pattern = Pattern { seed: 7, len: 1000 };
        let whole = pattern.read(0, 1000, BytesMut::new());
        for (offset, len) in [
            (0, 1),
            (1, 7),
            (7, 2),
            (8, 8),
            (13, 500),
            (999, 1),
            (1000, 0),
        ] {
            let end = usize::try_from(offset).unwrap() + len;
            let part = pattern.read(offset, len, BytesMut::new());
            assert_eq!(part, whole.slice(end - len..end), "{offset} {len}");
        }
    }

    #[test]
    fn patterns_of_different_seeds_differ() {
        let read = |seed| Pattern { seed, len: 64 }.read(0, 64, BytesMut::new());
        assert_ne!(read(1), read(2));
    }

    #[test]
    fn a_file_that_became_shorter_is_an_error() {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(b"0123456789").unwrap();
        let content = Content::File {
            file: Arc::new(file),
            len: 20,
        };
        assert_eq!(content.read(3, 4, BytesMut::new()).unwrap(), "3456");
        let error = content.read(8, 4, BytesMut::new()).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
    }
}
