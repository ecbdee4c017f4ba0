//! The folders on the way down, and what waits behind them.

use alloc::string::String;
use alloc::vec::Vec;

use super::level::Level;
use super::page::{Entry, Incoming, Marker};
use super::{Listed, PagerError};

/// The most folders that may be open at a time. A key has at most 1,024 bytes, of which each folder
/// takes two or more.
pub const MAX_DEPTH: usize = 512;

/// The most entries that may wait behind folders that are being walked: as many as 32 full pages,
/// one for each folder on the way down.
pub const MAX_WAITING: usize = 32_000;

/// A walk through a listing, folder by folder.
#[derive(Clone, Debug)]
pub(super) struct Walk<E> {
    /// The folders on the way down, the prefix that was asked for first. Empty at the end.
    levels: Vec<Level<E>>,
    /// A delimiter was asked for: common prefixes are what is wanted, and are not walked into.
    delimited: bool,
    /// Where the caller starts.
    start: Option<Marker>,
}

impl<E: Entry> Walk<E> {
    pub(super) fn new(prefix: String, delimiter: Option<&str>, start: Option<Marker>) -> Self {
        let delimited = delimiter.is_some_and(|delimiter| !delimiter.is_empty());
        let start = start.filter(|marker| !marker.key.is_empty());
        Self {
            levels: Vec::from([Level::new(prefix, start.clone())]),
            delimited,
            start,
        }
    }

    /// Prefix and marker of the next page.
    pub(super) fn next(&self) -> Option<(&str, Option<&Marker>)> {
        let level = self.levels.last()?;
        Some((&level.prefix, level.marker.as_ref()))
    }

    /// Takes the page of the innermost folder and gives out what nothing stands before any more.
    pub(super) fn take(&mut self, page: Incoming<E>) -> Result<Vec<Listed<E>>, PagerError> {
        let depth = self.levels.len();
        let waiting: usize = self.levels.iter().map(|level| level.waiting.len()).sum();
        let level = self.levels.last_mut().ok_or(PagerError::NotAsked)?;
        let verdict = level.judge(&page, self.delimited)?;
        if !self.delimited && !page.prefixes.is_empty() {
            if depth >= MAX_DEPTH {
                return Err(PagerError::TooDeep { limit: MAX_DEPTH });
            }
            if waiting.saturating_add(page.len()) > MAX_WAITING {
                return Err(PagerError::TooManyWaiting { limit: MAX_WAITING });
            }
        }
        level.take(page, verdict, self.delimited);
        Ok(self.give_out())
    }

    /// Moves on to where the next page is needed.
    fn give_out(&mut self) -> Vec<Listed<E>> {
        let mut out = Vec::with_capacity(self.levels.last().map_or(0, |level| level.waiting.len()));
        while let Some(level) = self.levels.last_mut() {
            match level.waiting.pop_front() {
                Some(Listed::Folder(folder)) => {
                    let start = self
                        .start
                        .clone()
                        .filter(|marker| marker.key.starts_with(&folder));
                    self.levels.push(Level::new(folder.clone(), start));
                    out.push(Listed::Folder(folder));
                    break;
                }
                Some(listed) => out.push(listed),
                None if level.more => break,
                None => {
                    self.levels.pop();
                }
            }
        }
        out
    }
}
