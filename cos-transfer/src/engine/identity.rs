//! Which object it is: what the first answer pins, and every further one is held against.

use cos_proto::{ETag, ObjectHead, VersionId};

use super::Change;

/// What tells an object, in this state, from every other one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Identity {
    /// A strong one, or none: a weak entity tag does not say that the bytes are the same.
    pub(super) etag: Option<ETag>,
    pub(super) size: u64,
    pub(super) crc64: Option<u64>,
    pub(super) version_id: Option<VersionId>,
}

impl Identity {
    pub(super) fn of(head: &ObjectHead) -> Self {
        Self {
            etag: strong(head),
            size: head.size(),
            crc64: head.crc64(),
            version_id: head.version_id().cloned(),
        }
    }

    /// Whether requests can be bound to it, so that parts of it belong together.
    pub(super) const fn is_pinned(&self) -> bool {
        self.etag.is_some()
    }

    /// Holds a further answer against it.
    ///
    /// What an answer leaves out says nothing; what the first one left out is learnt.
    pub(super) fn admit(&mut self, head: &ObjectHead) -> Result<(), Change> {
        if self.etag.is_some() && strong(head) != self.etag {
            return Err(Change::ETag);
        }
        if head.size() != self.size {
            return Err(Change::Size {
                was: self.size,
                is: head.size(),
            });
        }
        match (self.crc64, head.crc64()) {
            (Some(was), Some(is)) if was != is => return Err(Change::Crc64 { was, is }),
            (was, is) => self.crc64 = was.or(is),
        }
        match (&self.version_id, head.version_id()) {
            (Some(was), Some(is)) if was != is => return Err(Change::Version),
            (None, Some(is)) => self.version_id = Some(is.clone()),
            _ => {}
        }
        Ok(())
    }
}

fn strong(head: &ObjectHead) -> Option<ETag> {
    head.etag().filter(|etag| !etag.is_weak()).cloned()
}

#[cfg(test)]
mod tests {
    use cos_proto::{Bucket, GetObject, Key};

    use super::*;

    fn head(headers: &[(&str, &str)]) -> ObjectHead {
        let get = GetObject::new(Bucket::new("b-1").unwrap(), Key::new("k").unwrap());
        let mut answer = http::Response::builder();
        for (name, value) in headers {
            answer = answer.header(*name, *value);
        }
        let (parts, ()) = answer.body(()).unwrap().into_parts();
        get.judge(&parts).unwrap().0
    }

    const FIRST: [(&str, &str); 4] = [
        ("content-length", "10"),
        ("etag", "\"a\""),
        ("x-cos-hash-crc64ecma", "7"),
        ("x-cos-version-id", "v1"),
    ];

    fn with(name: &str, value: &'static str) -> ObjectHead {
        head(&FIRST.map(|(n, v)| if n == name { (n, value) } else { (n, v) }))
    }

    #[test]
    fn every_part_of_the_identity_is_held_against_it() {
        let first = Identity::of(&head(&FIRST));
        assert!(first.is_pinned());
        let admit = |head: ObjectHead| first.clone().admit(&head);
        assert_eq!(admit(head(&FIRST)), Ok(()));
        assert_eq!(admit(with("etag", "\"b\"")), Err(Change::ETag));
        assert_eq!(admit(with("etag", "W/\"a\"")), Err(Change::ETag));
        assert_eq!(
            admit(with("content-length", "11")),
            Err(Change::Size { was: 10, is: 11 })
        );
        assert_eq!(
            admit(with("x-cos-hash-crc64ecma", "8")),
            Err(Change::Crc64 { was: 7, is: 8 })
        );
        assert_eq!(admit(with("x-cos-version-id", "v2")), Err(Change::Version));
    }

    #[test]
    fn what_is_left_out_says_nothing_and_what_comes_later_is_learnt() {
        let mut first = Identity::of(&head(&FIRST[..2]));
        assert_eq!(first.admit(&head(&FIRST)), Ok(()));
        assert_eq!(first, Identity::of(&head(&FIRST)));
        assert_eq!(first.admit(&head(&FIRST[..2])), Ok(()));
        assert_eq!(
            first.admit(&with("x-cos-hash-crc64ecma", "8")),
            Err(Change::Crc64 { was: 7, is: 8 })
        );
    }

    #[test]
    fn a_weak_entity_tag_pins_nothing() {
        assert!(!Identity::of(&with("etag", "W/\"a\"")).is_pinned());
        assert!(!Identity::of(&head(&FIRST[..1])).is_pinned());
    }
}
