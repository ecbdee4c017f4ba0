//! The listing of one prefix: what has come, what may come next.

use alloc::collections::{BTreeSet, VecDeque};
use alloc::string::String;
use alloc::vec::Vec;
use core::cmp::Ordering;

use super::order::Order;
use super::page::{Entry, Incoming, Kind, Marker, Name, name_of};
use super::{Listed, PagerError};

/// The listing of one prefix.
#[derive(Clone, Debug)]
pub(super) struct Level<E> {
    pub(super) prefix: String,
    /// What the next page is asked for with.
    pub(super) marker: Option<Marker>,
    /// Whether a page is to be asked for.
    pub(super) more: bool,
    /// Judged, in order, and not yet given out.
    pub(super) waiting: VecDeque<Listed<E>>,
    /// How far the listing has come in each order; `None` in one that it does not keep to.
    bytes: Option<Reached>,
    tree: Option<Reached>,
    /// Whether a page has had common prefixes.
    folders: bool,
    /// Whether the caller's marker lies in a folder, so that the listing may be a tree's before it
    /// shows a folder.
    starts_in_folder: bool,
    /// Version ids of the markers that were used with the present marker's key.
    used: BTreeSet<Option<String>>,
}

impl<E: Entry> Level<E> {
    pub(super) fn new(prefix: String, start: Option<Marker>) -> Self {
        let starts_in_folder = start
            .as_ref()
            .is_some_and(|marker| marker.key.contains('/'));
        let reached = match &start {
            None => Reached::Nothing,
            Some(marker) => Reached::Start(marker.key.clone()),
        };
        Self {
            prefix,
            used: start
                .iter()
                .map(|marker| marker.version_id.clone())
                .collect(),
            marker: start,
            more: true,
            waiting: VecDeque::new(),
            bytes: Some(reached.clone()),
            tree: Some(reached),
            folders: false,
            starts_in_folder,
        }
    }

    /// Judges a page without taking it.
    pub(super) fn judge(&self, page: &Incoming<E>, delimited: bool) -> Result<Verdict, PagerError> {
        self.check_prefix(page)?;
        let folders = self.folders || !page.prefixes.is_empty();
        let flat = !delimited && !folders;
        let step = |order: Order, before: &Option<Reached>| {
            let before = before.as_ref()?;
            Some(self.reach(order, before, page).and_then(|reached| {
                let marker = self.next_marker(order, &reached, page, flat)?;
                Ok(Step { reached, marker })
            }))
        };
        let bytes = step(Order::Bytes, &self.bytes);
        let tree = step(Order::Tree, &self.tree);
        let (order, marker) = match (&bytes, &tree) {
            (Some(Ok(step)), _) => (Order::Bytes, &step.marker),
            (_, Some(Ok(step))) if folders || self.starts_in_folder => (Order::Tree, &step.marker),
            // The error in the order that the listing has kept to so far; one of the two it has.
            (Some(Err(error)), _) | (None, Some(Err(error))) => return Err(error.clone()),
            (None, _) => return Err(PagerError::StandsStill),
        };
        Ok(Verdict {
            order,
            marker: marker.clone(),
            bytes: bytes.and_then(Result::ok).map(|step| step.reached),
            tree: tree.and_then(Result::ok).map(|step| step.reached),
            folders,
        })
    }

    /// Takes a page that was judged.
    pub(super) fn take(&mut self, page: Incoming<E>, verdict: Verdict, delimited: bool) {
        let Verdict {
            order,
            marker,
            bytes,
            tree,
            folders,
        } = verdict;
        let folder = if delimited {
            Listed::Prefix
        } else {
            Listed::Folder
        };
        let in_order = page.is_one_sequence();
        let mut listed: Vec<_> = page.entries.into_iter().map(Listed::Entry).collect();
        listed.extend(page.prefixes.into_iter().map(folder));
        if !in_order {
            // Stable: the versions of one key stay in the order of the page.
            listed.sort_by(|left, right| order.compare(name_of(left), name_of(right)));
        }
        self.waiting.extend(listed);

        if let Some(marker) = &marker {
            if self
                .marker
                .as_ref()
                .is_none_or(|before| before.key != marker.key)
            {
                self.used.clear();
            }
            self.used.insert(marker.version_id.clone());
        }
        self.more = marker.is_some();
        self.marker = marker;
        (self.bytes, self.tree, self.folders) = (bytes, tree, folders);
    }

    /// Checks that everything starts with the prefix, and that a common prefix says more than it.
    fn check_prefix(&self, page: &Incoming<E>) -> Result<(), PagerError> {
        let leaves = |entry: &str| PagerError::LeavesPrefix {
            entry: String::from(entry),
            prefix: self.prefix.clone(),
        };
        for entry in &page.entries {
            if !entry.key().starts_with(&self.prefix) {
                return Err(leaves(entry.key()));
            }
        }
        for prefix in &page.prefixes {
            match prefix.strip_prefix(&self.prefix) {
                None => return Err(leaves(prefix)),
                Some("") => {
                    return Err(PagerError::Repeats {
                        entry: prefix.clone(),
                    });
                }
                Some(_) => {}
            }
        }
        Ok(())
    }

    /// How far the listing has come with this page, if it keeps to this order.
    fn reach(
        &self,
        order: Order,
        before: &Reached,
        page: &Incoming<E>,
    ) -> Result<Reached, PagerError> {
        // In the page each sequence stands in order. S3 servers may write versions and delete
        // markers one after the other.
        for kind in [Kind::Readable, Kind::Deleted] {
            let keys = page.entries.iter().filter(|entry| entry.kind() == kind);
            check_ascending(order, keys.map(Entry::key), E::KEYS_REPEAT)?;
        }
        check_ascending(order, page.prefixes.iter().map(String::as_str), false)?;
        if page.is_one_sequence() {
            let (Some(first), Some(last)) = (page.entries.first(), page.entries.last()) else {
                return Ok(before.clone());
            };
            self.check_first(order, before, &Name::of_entry(first))?;
            return Ok(Reached::Entry {
                name: String::from(last.key()),
                folder: false,
            });
        }

        // All of them together.
        let mut names: Vec<Name<'_>> = page.entries.iter().map(Name::of_entry).collect();
        names.extend(page.prefixes.iter().map(|prefix| Name::of_prefix(prefix)));
        names.sort_by(|left, right| order.compare(left.text, right.text));
        let (Some(first), Some(last)) = (names.first(), names.last()) else {
            return Ok(before.clone());
        };
        self.check_first(order, before, first)?;
        for (left, right) in names.iter().zip(names.iter().skip(1)) {
            left.check_next(right, E::KEYS_REPEAT)?;
        }
        Ok(Reached::Entry {
            name: String::from(last.text),
            folder: last.folder,
        })
    }

    /// Checks the page's first entry against what came before it.
    fn check_first(
        &self,
        order: Order,
        before: &Reached,
        first: &Name<'_>,
    ) -> Result<(), PagerError> {
        let lawful = match before {
            Reached::Nothing => true,
            // The folder that the marker lies in has keys behind the marker.
            Reached::Start(marker) if first.folder => {
                order.compare(marker, first.text).is_lt() || marker.starts_with(first.text)
            }
            Reached::Start(marker) => follows(order, marker, first.text, E::KEYS_REPEAT),
            Reached::Entry { name, folder: true } => {
                follows(order, name, first.text, false) && !first.text.starts_with(name.as_str())
            }
            Reached::Entry {
                name,
                folder: false,
            } => follows(order, name, first.text, E::KEYS_REPEAT && !first.folder),
        };
        if !lawful {
            return Err(PagerError::GoesBack {
                entry: String::from(first.text),
                after: String::from(before.name()),
            });
        }
        // The marker says where the page before ended: that entry does not come again.
        match &self.marker {
            Some(Marker {
                key,
                version_id: Some(id),
            }) if !id.is_empty() && key == first.text && first.version_id == Some(id) => {
                Err(PagerError::Repeats { entry: key.clone() })
            }
            _ => Ok(()),
        }
    }

    /// The marker of the next page, or `None` if this is the last. In a flat listing nothing is
    /// folded into prefixes.
    fn next_marker(
        &self,
        order: Order,
        reached: &Reached,
        page: &Incoming<E>,
        flat: bool,
    ) -> Result<Option<Marker>, PagerError> {
        if !page.is_truncated {
            return Ok(None);
        }
        if page.len() == 0 {
            return Err(PagerError::StandsStill);
        }
        let last = reached.name();
        let flat = flat && !E::KEYS_REPEAT;
        let given = page.next_key.as_deref().filter(|_| !(flat && page.s3));
        if let Some(key) = given
            && (!key.starts_with(&self.prefix) || order.compare(key, last).is_lt())
        {
            return Err(bad_marker(key, last));
        }
        let marker = match given.filter(|_| !flat) {
            Some(key) => Marker {
                key: String::from(key),
                version_id: page.next_version_id.clone(),
            },
            None => Marker {
                key: String::from(last),
                version_id: page.last_version_id_of(last),
            },
        };
        if self
            .marker
            .as_ref()
            .is_some_and(|before| before.key == marker.key)
        {
            if self.used.contains(&marker.version_id) {
                return Err(bad_marker(&marker.key, last));
            }
            if self.used.len() >= MAX_PAGES_OF_A_KEY {
                return Err(PagerError::TooManyVersions {
                    key: marker.key,
                    limit: MAX_PAGES_OF_A_KEY,
                });
            }
        }
        Ok(Some(marker))
    }
}

pub(super) fn bad_marker(marker: &str, after: &str) -> PagerError {
    PagerError::BadMarker {
        marker: String::from(marker),
        after: String::from(after),
    }
}

/// The most pages that the versions of one key may take. A marker for each is remembered, since
/// version ids have no order; with 1,000 versions a page, this is ten million versions.
const MAX_PAGES_OF_A_KEY: usize = 10_000;

/// What a page that was judged comes to.
#[derive(Debug)]
pub(super) struct Verdict {
    order: Order,
    marker: Option<Marker>,
    bytes: Option<Reached>,
    tree: Option<Reached>,
    folders: bool,
}

/// What a page comes to in one order.
#[derive(Debug)]
struct Step {
    reached: Reached,
    marker: Option<Marker>,
}

/// How far a listing has come.
#[derive(Clone, Debug)]
enum Reached {
    Nothing,
    /// The marker that the caller gave.
    Start(String),
    /// The last entry, or the last common prefix.
    Entry {
        name: String,
        folder: bool,
    },
}

impl Reached {
    fn name(&self) -> &str {
        match self {
            Self::Nothing => "",
            Self::Start(name) | Self::Entry { name, .. } => name,
        }
    }
}

/// Whether one text may follow another.
fn follows(order: Order, before: &str, next: &str, or_equal: bool) -> bool {
    match order.compare(before, next) {
        Ordering::Less => true,
        Ordering::Equal => or_equal,
        Ordering::Greater => false,
    }
}

fn check_ascending<'a>(
    order: Order,
    names: impl Iterator<Item = &'a str>,
    or_equal: bool,
) -> Result<(), PagerError> {
    let mut before = None;
    for name in names {
        match before {
            Some(before) if !follows(order, before, name, or_equal) => {
                return Err(PagerError::GoesBack {
                    entry: String::from(name),
                    after: String::from(before),
                });
            }
            _ => before = Some(name),
        }
    }
    Ok(())
}
