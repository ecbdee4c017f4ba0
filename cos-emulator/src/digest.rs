//! CRC64 and MD5 of contents, computed once.

use std::{
    collections::HashMap,
    fmt::Write as _,
    fs::Metadata,
    io,
    sync::{Arc, Mutex, PoisonError},
    time::SystemTime,
};

use bytes::BytesMut;
use md5::{Digest as _, Md5};

use crate::content::{CHUNK, Content};

/// Files whose digests are remembered. Beyond that all are forgotten and computed again.
const MAX_REMEMBERED: usize = 1 << 20;

/// The checksums of a content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Digest {
    /// In quotes, as in the header.
    pub(crate) etag: String,
    pub(crate) crc64: u64,
}

impl Digest {
    /// Reads all of a content. For a file this blocks.
    pub(crate) fn of(content: &Content) -> io::Result<Self> {
        let mut md5 = Md5::new();
        let mut crc64 = crc64fast::Digest::new();
        let mut buffer = BytesMut::new();
        let mut offset = 0;
        while offset < content.len() {
            let step = CHUNK.min(content.len().saturating_sub(offset));
            let len = usize::try_from(step).map_err(io::Error::other)?;
            let chunk = content.read(offset, len, buffer)?;
            md5.update(&chunk);
            crc64.write(&chunk);
            buffer = chunk.try_into_mut().unwrap_or_default();
            offset += step;
        }
        let mut etag = String::with_capacity(34);
        etag.push('"');
        for byte in md5.finalize() {
            // Writing to a string cannot fail.
            let _ = write!(etag, "{byte:02x}");
        }
        etag.push('"');
        Ok(Self {
            etag,
            crc64: crc64.sum64(),
        })
    }
}

/// Digests of files, by what tells one state of a file from another.
#[derive(Debug, Default)]
pub(crate) struct Digests {
    files: Mutex<HashMap<FileState, Slot>>,
}

/// Held while the digest is computed: whoever asks meanwhile waits instead of reading the file too.
type Slot = Arc<Mutex<Option<Digest>>>;

impl Digests {
    /// The digest of an open file, computed now or remembered. Blocks.
    pub(crate) fn of_file(&self, content: &Content, metadata: &Metadata) -> io::Result<Digest> {
        let slot = self.slot(FileState::of(metadata)?);
        let mut slot = slot.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(digest) = &*slot {
            return Ok(digest.clone());
        }
        let digest = Digest::of(content)?;
        *slot = Some(digest.clone());
        Ok(digest)
    }

    fn slot(&self, state: FileState) -> Slot {
        let mut files = self.files.lock().unwrap_or_else(PoisonError::into_inner);
        if files.len() >= MAX_REMEMBERED {
            files.clear();
        }
        Arc::clone(files.entry(state).or_default())
    }
}

/// One state of a file: another inode, size or time is another content.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct FileState {
    inode: (u64, u64),
    len: u64,
    modified: SystemTime,
}

impl FileState {
    fn of(metadata: &Metadata) -> io::Result<Self> {
        Ok(Self {
            inode: inode(metadata),
            len: metadata.len(),
            modified: metadata.modified()?,
        })
    }
}

#[cfg(unix)]
fn inode(metadata: &Metadata) -> (u64, u64) {
    use std::os::unix::fs::MetadataExt;
    (metadata.dev(), metadata.ino())
}

/// Where there are no inodes, the time of creation stands for them.
#[cfg(not(unix))]
fn inode(metadata: &Metadata) -> (u64, u64) {
    let created = metadata
        .created()
        .map(crate::clock::since_epoch)
        .unwrap_or_default();
    (created.as_secs(), u64::from(created.subsec_nanos()))
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    /// The object of the GET Object page of the service's documentation (436/7753).
    #[test]
    fn the_documented_object_has_the_documented_checksums() {
        let content = Content::Bytes(Bytes::from_static(b"[Object Content]"));
        let digest = Digest::of(&content).unwrap();
        assert_eq!(digest.etag, "\"ee8de918d05640145b18f70f4c3aa602\"");
        assert_eq!(digest.crc64, 16_749_565_679_157_681_890);
    }

    #[test]
    fn a_content_of_many_chunks_is_read_to_its_end() {
        let bytes = Bytes::from(vec![0; 1 << 20]);
        let digest = Digest::of(&Content::Bytes(bytes)).unwrap();
        assert_eq!(digest.crc64, 6_947_770_692_288_575_170);
    }

    #[test]
    fn a_file_is_read_once_until_it_changes() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        let digests = Digests::default();
        let digest = |path: &std::path::Path| {
            let file = std::fs::File::open(path).unwrap();
            let metadata = file.metadata().unwrap();
            let content = Content::File {
                len: metadata.len(),
                file: Arc::new(file),
            };
            digests.of_file(&content, &metadata).unwrap()
        };
        std::fs::write(&path, "one").unwrap();
        let first = digest(&path);
        assert_eq!(digest(&path), first);
        assert_eq!(digests.files.lock().unwrap().len(), 1);
        std::fs::write(&path, "three").unwrap();
        assert_ne!(digest(&path), first);
    }
}
