//! One page of a listing: prefix, delimiter, markers and limit over keys in byte order.

use std::io;

use crate::store::Version;

/// Entries of a page at most, whatever is asked for (documentation 436/7734).
pub(crate) const MAX_KEYS: usize = 1000;

/// What is asked of a listing.
#[derive(Clone, Debug, Default)]
pub(crate) struct Query {
    pub(crate) prefix: String,
    /// Folds keys into common prefixes.
    pub(crate) delimiter: Option<String>,
    /// Entries come after this one; empty: from the start.
    pub(crate) marker: String,
    /// With `versions`: go on within the versions of the marker, after this one.
    pub(crate) version_marker: Option<String>,
    pub(crate) max_keys: usize,
    /// Whether all versions are listed, or only the latest ones that are no delete markers.
    pub(crate) versions: bool,
}

/// Objects in byte order of their keys, from the marker or the prefix on.
pub(crate) trait Cursor {
    /// The next key with the prefix, and its versions, the latest first. May block.
    fn next(&mut self) -> io::Result<Option<(String, Vec<Version>)>>;

    /// Passes over all further keys with this prefix.
    fn skip(&mut self, prefix: &str);
}

/// One page.
#[derive(Debug, Default)]
pub(crate) struct Page {
    pub(crate) lines: Vec<Line>,
    /// Where the next page starts, if there is one.
    pub(crate) next: Option<Next>,
}

/// One entry of a page.
#[derive(Debug)]
pub(crate) enum Line {
    Prefix(String),
    Version(String, Version),
}

/// The markers of the next page.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Next {
    pub(crate) marker: String,
    pub(crate) version: Option<String>,
}

/// Collects a page. An entry, key or common prefix, is listed if it is greater than the marker.
pub(crate) fn page(cursor: &mut impl Cursor, query: &Query) -> io::Result<Page> {
    let mut page = Page::default();
    if query.max_keys == 0 {
        return Ok(page);
    }
    while let Some((key, versions)) = cursor.next()? {
        if let Some(prefix) = common_prefix(&key, query) {
            cursor.skip(&prefix);
            if prefix > query.marker && !page.push(Line::Prefix(prefix), query) {
                break;
            }
            continue;
        }
        let listed = listed_versions(&key, versions, query);
        if !listed
            .into_iter()
            .all(|version| page.push(Line::Version(key.clone(), version), query))
        {
            break;
        }
    }
    Ok(page)
}

impl Page {
    /// Adds an entry, or notes that there would be one more.
    fn push(&mut self, line: Line, query: &Query) -> bool {
        if self.lines.len() < query.max_keys {
            self.lines.push(line);
            return true;
        }
        self.next = self.lines.last().map(|last| match last {
            Line::Prefix(prefix) => Next {
                marker: prefix.clone(),
                version: None,
            },
            Line::Version(key, version) => Next {
                marker: key.clone(),
                version: version.id.clone(),
            },
        });
        false
    }
}

/// The part of a key up to the first delimiter after the prefix.
fn common_prefix(key: &str, query: &Query) -> Option<String> {
    let delimiter = query
        .delimiter
        .as_deref()
        .filter(|delimiter| !delimiter.is_empty())?;
    let rest = key.strip_prefix(query.prefix.as_str())?;
    let (folded, _) = rest.split_once(delimiter)?;
    Some(format!("{}{folded}{delimiter}", query.prefix))
}

fn listed_versions(key: &str, mut versions: Vec<Version>, query: &Query) -> Vec<Version> {
    let before_marker = key < query.marker.as_str();
    let at_marker = key == query.marker;
    if !query.versions {
        versions.truncate(1);
        versions.retain(|version| version.source.is_some() && !before_marker && !at_marker);
        return versions;
    }
    match &query.version_marker {
        _ if before_marker => Vec::new(),
        Some(marker) if at_marker => {
            let mut passed = false;
            versions.retain(|version| {
                let keep = passed;
                passed |= version.id.as_deref() == Some(marker);
                keep
            });
            versions
        }
        None if at_marker => Vec::new(),
        _ => versions,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{MemoryBucket, Object};

    fn bucket(keys: &[&str]) -> MemoryBucket {
        let bucket = MemoryBucket::new("b-1");
        for key in keys {
            bucket.put(*key, Object::new("x"));
        }
        bucket
    }

    fn query(prefix: &str, delimiter: &str, marker: &str, max_keys: usize) -> Query {
        Query {
            prefix: prefix.to_owned(),
            delimiter: Some(delimiter.to_owned()),
            marker: marker.to_owned(),
            max_keys,
            ..Query::default()
        }
    }

    fn list(bucket: &MemoryBucket, query: &Query) -> (Vec<String>, Option<String>) {
        let page = page(&mut bucket.cursor(query), query).unwrap();
        let lines = page.lines.into_iter().map(|line| match line {
            Line::Prefix(prefix) => format!("{prefix}…"),
            Line::Version(key, _) => key,
        });
        (lines.collect(), page.next.map(|next| next.marker))
    }

    #[test]
    fn keys_come_in_byte_order_and_fold_at_the_delimiter() {
        let bucket = bucket(&["b", "a/x", "a/y", "a-", "a", "c/d/e", "é"]);
        let (lines, next) = list(&bucket, &query("", "/", "", 1000));
        assert_eq!(lines, ["a", "a-", "a/…", "b", "c/…", "é"]);
        assert_eq!(next, None);
        let (lines, _) = list(&bucket, &query("a/", "/", "", 1000));
        assert_eq!(lines, ["a/x", "a/y"]);
        let (lines, _) = list(&bucket, &query("", "", "a/x", 1000));
        assert_eq!(lines, ["a/y", "b", "c/d/e", "é"]);
    }

    #[test]
    fn pages_meet_without_gap_or_overlap_whatever_their_size() {
        let bucket = bucket(&["a", "a/", "a/b/c", "a/b/d", "a/c", "a0", "b//c", "b/x", "c"]);
        for delimiter in ["", "/", "b"] {
            let (whole, _) = list(&bucket, &query("", delimiter, "", 1000));
            for size in 1..=whole.len() {
                let mut lines = Vec::new();
                let mut marker = String::new();
                loop {
                    let (page, next) = list(&bucket, &query("", delimiter, &marker, size));
                    assert!(page.len() <= size);
                    lines.extend(page);
                    match next {
                        Some(next) => marker = next,
                        None => break,
                    }
                }
                assert_eq!(lines, whole, "{delimiter} {size}");
            }
        }
    }

    #[test]
    fn a_marker_inside_a_common_prefix_passes_over_it() {
        let bucket = bucket(&["a/x", "a/y", "b"]);
        assert_eq!(list(&bucket, &query("", "/", "a/x", 9)).0, ["b"]);
        assert_eq!(list(&bucket, &query("", "/", "a/", 9)).0, ["b"]);
        assert_eq!(list(&bucket, &query("", "/", "a", 9)).0, ["a/…", "b"]);
    }

    #[test]
    fn no_entries_are_asked_for() {
        assert_eq!(list(&bucket(&["a"]), &query("", "", "", 0)), (vec![], None));
    }

    #[test]
    fn versions_go_on_within_a_key() {
        let bucket = MemoryBucket::new("b-1").versioned();
        let ids: Vec<String> = (0..3)
            .map(|_| bucket.put("a", Object::new("x")).unwrap())
            .collect();
        bucket.delete("a");
        bucket.put("b", Object::new("x"));
        let mut query = Query {
            max_keys: 2,
            versions: true,
            ..Query::default()
        };
        let first = page(&mut bucket.cursor(&query), &query).unwrap();
        let next = first.next.unwrap();
        assert_eq!(
            next,
            Next {
                marker: "a".to_owned(),
                version: Some(ids[2].clone())
            }
        );
        query.marker = next.marker;
        query.version_marker = next.version;
        let second = page(&mut bucket.cursor(&query), &query).unwrap();
        assert_eq!(second.lines.len(), 2);
        assert_eq!(second.next.unwrap().version.as_ref(), ids.first());
        // The key alone passes over all its versions.
        query.version_marker = None;
        let third = page(&mut bucket.cursor(&query), &query).unwrap();
        assert!(matches!(third.lines.as_slice(), [Line::Version(key, _)] if key == "b"));
    }

    #[test]
    fn deleted_objects_are_not_listed() {
        let bucket = MemoryBucket::new("b-1").versioned();
        bucket.put("a", Object::new("x"));
        bucket.put("b", Object::new("x"));
        bucket.delete("a");
        assert_eq!(list(&bucket, &query("", "", "", 9)).0, ["b"]);
    }
}
