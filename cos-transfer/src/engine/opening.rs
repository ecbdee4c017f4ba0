//! The first request: the one by whose answer the object becomes known.

use core::ops::Range;

use cos_proto::{ByteRange, Conditions, ETag, GetObject};

/// How the object is asked for, as long as nothing is known of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Opening {
    /// By the first part of what is wanted. There is no HEAD: this answer tells as much.
    Part,
    /// Without a range: the object is empty, and no range of it could be satisfied.
    Empty,
    /// By all that is wanted at once: it has no entity tag that parts could be bound to.
    Single,
    /// By a part that a checkpoint misses, bound to the checkpoint's entity tag.
    Resume,
    /// By a single byte, bound in the same way: a checkpoint misses nothing, but is not known to be
    /// of the object as it is now. The byte itself is not used.
    Confirm,
}

impl Opening {
    pub(super) fn of(known_size: Option<u64>) -> Self {
        match known_size {
            Some(0) => Self::Empty,
            _ => Self::Part,
        }
    }

    /// Whether it is bound to a checkpoint, of which nobody knows yet whether it still holds.
    pub(super) const fn is_bound(self) -> bool {
        matches!(self, Self::Resume | Self::Confirm)
    }

    /// The request, for a part of this size where it is by a part.
    pub(super) fn request(self, asked: &GetObject, part_size: u64) -> GetObject {
        let mut get = asked.clone();
        match self {
            Self::Part => get.range = Some(first_part(asked.range, part_size)),
            Self::Empty => get.range = None,
            Self::Single | Self::Resume | Self::Confirm => {}
        }
        get
    }

    /// Whether the refusal of a range says that the object is empty, and it should be asked for as
    /// such: every range from its start, or up to its end, means all of it then.
    pub(super) fn turns_out_empty(self, asked: &GetObject, complete: Option<u64>) -> bool {
        let from_the_start = asked
            .range
            .and_then(ByteRange::first)
            .is_none_or(|first| first == 0);
        self == Self::Part && complete == Some(0) && from_the_start
    }
}

/// A request for a range that is bound to a checkpoint: it is the first of this run, so what was
/// asked for on condition is still on condition.
///
/// Where `If-Match` holds, a server does not look at `If-Unmodified-Since` (RFC 9110, section
/// 13.2.2): the latter then goes alone, and the answer is held against the checkpoint all the same.
pub(super) fn resumed(asked: &GetObject, range: Range<u64>, etag: Option<&ETag>) -> GetObject {
    let mut get = asked.clone();
    get.range = ByteRange::try_from(range).ok();
    let conditions = &mut get.conditions;
    if conditions.if_match.is_none() && conditions.if_unmodified_since.is_none() {
        conditions.if_match = etag.cloned();
    }
    get
}

/// A further request for a range: bound to the object that the first answer was of, and to nothing
/// else.
pub(super) fn further(asked: &GetObject, range: Range<u64>, etag: &ETag) -> GetObject {
    let mut get = asked.clone();
    get.range = ByteRange::try_from(range).ok();
    get.conditions = Conditions::default();
    get.if_match(etag.clone())
}

fn first_part(wanted: Option<ByteRange>, part_size: u64) -> ByteRange {
    let Some(wanted) = wanted else {
        return part_at(0, u64::MAX, part_size);
    };
    match (wanted.first(), wanted.last()) {
        (Some(first), last) => part_at(first, last.unwrap_or(u64::MAX), part_size),
        // The last bytes of an object of unknown length: its very last ones tell the length.
        (None, _) => match wanted.resolve(u64::MAX) {
            Some(tail) => {
                let len = tail.end.saturating_sub(tail.start).min(part_size);
                ByteRange::suffix(len).unwrap_or(wanted)
            }
            None => wanted,
        },
    }
}

fn part_at(first: u64, last: u64, part_size: u64) -> ByteRange {
    let end = first.saturating_add(part_size.saturating_sub(1));
    ByteRange::new(first, end.min(last)).unwrap_or_else(|_| ByteRange::starting_at(first))
}

#[cfg(test)]
mod tests {
    use cos_proto::{Bucket, Key, Timestamp};
    use std::string::{String, ToString as _};

    use super::*;

    fn asked(range: Option<&str>) -> GetObject {
        let mut get = GetObject::new(Bucket::new("b-1").unwrap(), Key::new("k").unwrap());
        get.range = range.map(|range| range.parse().unwrap());
        get.if_none_match(ETag::new("old").unwrap())
    }

    fn first(range: Option<&str>) -> String {
        let get = Opening::Part.request(&asked(range), 100);
        assert_eq!(get.conditions, asked(None).conditions);
        get.range.unwrap().to_string()
    }

    #[test]
    fn the_first_part_of_what_is_wanted_is_asked_for() {
        assert_eq!(first(None), "bytes=0-99");
        assert_eq!(first(Some("bytes=0-99")), "bytes=0-99");
        assert_eq!(first(Some("bytes=7-50")), "bytes=7-50");
        assert_eq!(first(Some("bytes=7-500")), "bytes=7-106");
        assert_eq!(first(Some("bytes=7-")), "bytes=7-106");
        assert_eq!(first(Some("bytes=-70")), "bytes=-70");
        assert_eq!(first(Some("bytes=-700")), "bytes=-100");
        assert_eq!(
            first(Some("bytes=18446744073709551610-")),
            "bytes=18446744073709551610-18446744073709551615"
        );
    }

    #[test]
    fn an_empty_object_is_asked_for_without_a_range() {
        assert_eq!(Opening::of(Some(0)), Opening::Empty);
        assert_eq!(Opening::of(Some(1)), Opening::Part);
        assert_eq!(
            Opening::Empty.request(&asked(Some("bytes=0-9")), 100).range,
            None
        );
        let empty = |range, complete| Opening::Part.turns_out_empty(&asked(range), complete);
        assert!(empty(None, Some(0)));
        assert!(empty(Some("bytes=0-9"), Some(0)));
        assert!(empty(Some("bytes=-9"), Some(0)));
        assert!(!empty(Some("bytes=1-9"), Some(0)));
        assert!(!empty(None, Some(5)));
        assert!(!empty(None, None));
        assert!(
            !Opening::Empty.turns_out_empty(&asked(None), Some(0)),
            "once is enough"
        );
    }

    #[test]
    fn further_requests_have_one_condition_alone() {
        let etag = ETag::new("new").unwrap();
        let get = further(&asked(None), 5..10, &etag);
        assert_eq!(get.range.unwrap().to_string(), "bytes=5-9");
        let mut conditions = Conditions::default();
        conditions.if_match = Some(etag);
        assert_eq!(get.conditions, conditions);
    }

    #[test]
    fn the_first_request_of_a_resumed_download_keeps_the_conditions_it_was_given() {
        let etag = ETag::new("checkpoint").unwrap();
        let get = resumed(&asked(None), 5..10, Some(&etag));
        assert_eq!(get.range.unwrap().to_string(), "bytes=5-9");
        assert_eq!(
            get.conditions.if_none_match,
            asked(None).conditions.if_none_match
        );
        assert_eq!(get.conditions.if_match, Some(etag.clone()));
        let time = Timestamp::parse_rfc3339("2020-12-10T03:37:30Z").unwrap();
        let dated = asked(None).if_unmodified_since(time);
        let get = resumed(&dated, 5..10, Some(&etag));
        assert_eq!(get.conditions, dated.conditions);
        let own = ETag::new("own").unwrap();
        let get = resumed(&asked(None).if_match(own.clone()), 5..10, Some(&etag));
        assert_eq!(get.conditions.if_match, Some(own));
    }
}
