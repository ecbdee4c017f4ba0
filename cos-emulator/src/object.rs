//! An object of a memory bucket, as a value.

use std::{
    io,
    sync::{Mutex, PoisonError},
    time::{Duration, SystemTime},
};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, header};

use crate::{
    clock::since_epoch,
    content::{Content, Pattern},
    digest::Digest,
};

/// An object for a [`MemoryBucket`](crate::MemoryBucket): its bytes and what is told with them.
///
/// ```
/// use cos_emulator::Object;
///
/// let object = Object::new("some bytes")
///     .content_type("text/plain")
///     .metadata("colour", "blue")
///     .storage_class("STANDARD_IA");
/// // 50 GiB that take no memory. Its checksums are given, or computed when first asked for.
/// let large = Object::generated(7, 50 << 30).etag("\"0123456789abcdef-51200\"").without_crc64();
/// # let _ = (object, large);
/// ```
#[derive(Debug)]
pub struct Object {
    content: Content,
    headers: HeaderMap,
    storage_class: Option<HeaderValue>,
    archived: bool,
    etag: Option<String>,
    crc64: Crc64,
    modified: Option<Duration>,
    digest: Mutex<Option<Digest>>,
}

impl Object {
    /// An object of these bytes.
    #[must_use]
    pub fn new(bytes: impl Into<Bytes>) -> Self {
        Self::of(Content::Bytes(bytes.into()))
    }

    /// An object of `len` bytes that are computed from `seed` and their offsets. It takes no
    /// memory.
    ///
    /// Its ETag and CRC64 are computed when it is first asked for, at the speed of MD5, unless
    /// [`etag`](Self::etag) and [`crc64`](Self::crc64) or [`without_crc64`](Self::without_crc64)
    /// give both.
    #[must_use]
    pub fn generated(seed: u64, len: u64) -> Self {
        Self::of(Content::Pattern(Pattern { seed, len }))
    }

    fn of(content: Content) -> Self {
        Self {
            content,
            headers: HeaderMap::new(),
            storage_class: None,
            archived: false,
            etag: None,
            crc64: Crc64::Computed,
            modified: None,
            digest: Mutex::new(None),
        }
    }

    /// Sets `Content-Type` (`application/octet-stream` without it). A value that no header can hold
    /// is left out, here and below.
    #[must_use]
    pub fn content_type(self, value: &str) -> Self {
        self.header(header::CONTENT_TYPE.as_str(), value)
    }

    /// Adds user metadata: the header `x-cos-meta-` and `name`.
    #[must_use]
    pub fn metadata(self, name: &str, value: &str) -> Self {
        self.header(&format!("x-cos-meta-{name}"), value)
    }

    /// Sets a header that is stored with the object and sent with it, such as `Content-Encoding` or
    /// `Cache-Control`.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            self.headers.insert(name, value);
        }
        self
    }

    /// Sets the storage class (`STANDARD` without it).
    #[must_use]
    pub fn storage_class(mut self, class: &str) -> Self {
        self.storage_class = match class {
            "STANDARD" => None,
            other => HeaderValue::from_str(other).ok(),
        };
        self
    }

    /// Makes it an archived object: its bytes cannot be had (403 `InvalidObjectState`), its head
    /// can.
    #[must_use]
    pub fn archived(mut self) -> Self {
        self.archived = true;
        self.storage_class("ARCHIVE")
    }

    /// Makes it an archived object that has been restored until `expiry`, a date as in headers: its
    /// bytes can be had.
    #[must_use]
    pub fn restored(mut self, expiry: &str) -> Self {
        self = self.archived();
        self.archived = false;
        let restore = format!("ongoing-request=\"false\", expiry-date=\"{expiry}\"");
        self.header("x-cos-restore", &restore)
    }

    /// Sets the ETag, with its quotes, in place of the MD5 of the bytes: that of an upload in
    /// parts.
    #[must_use]
    pub fn etag(mut self, etag: impl Into<String>) -> Self {
        self.etag = Some(etag.into());
        self
    }

    /// Claims this CRC64, in place of that of the bytes.
    #[must_use]
    pub fn crc64(mut self, crc64: u64) -> Self {
        self.crc64 = Crc64::Given(crc64);
        self
    }

    /// Leaves `x-cos-hash-crc64ecma` out, as for objects from before the service had it.
    #[must_use]
    pub fn without_crc64(mut self) -> Self {
        self.crc64 = Crc64::Absent;
        self
    }

    /// Sets the time of the last modification (the time of the upload without it). Told to the
    /// second.
    #[must_use]
    pub fn last_modified(mut self, time: SystemTime) -> Self {
        self.modified = Some(since_epoch(time));
        self
    }

    pub(crate) const fn content(&self) -> &Content {
        &self.content
    }

    pub(crate) const fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    pub(crate) const fn stored_class(&self) -> Option<&HeaderValue> {
        self.storage_class.as_ref()
    }

    pub(crate) const fn is_archived(&self) -> bool {
        self.archived
    }

    /// The modification time, fixed when the object is uploaded.
    pub(crate) fn modified_or(&self, now: Duration) -> Duration {
        self.modified.unwrap_or(now)
    }

    /// ETag and CRC64 as they are told. May compute them.
    pub(crate) fn checksums(&self) -> io::Result<(String, Option<u64>)> {
        let etag = match &self.etag {
            Some(etag) => etag.clone(),
            None => self.digest()?.etag,
        };
        let crc64 = match self.crc64 {
            Crc64::Computed => Some(self.digest()?.crc64),
            Crc64::Given(crc64) => Some(crc64),
            Crc64::Absent => None,
        };
        Ok((etag, crc64))
    }

    /// Held while the digest is computed: whoever asks meanwhile waits instead of computing it too.
    fn digest(&self) -> io::Result<Digest> {
        let mut digest = self.digest.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(digest) = &*digest {
            return Ok(digest.clone());
        }
        Ok(digest.insert(Digest::of(&self.content)?).clone())
    }
}

/// What is told of the CRC64.
#[derive(Clone, Copy, Debug)]
enum Crc64 {
    Computed,
    Given(u64),
    Absent,
}
