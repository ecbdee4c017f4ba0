//! The plainest form of elements, read without the reader.

use alloc::borrow::Cow;
use alloc::string::String;

use memchr::{memchr, memchr2};

use super::{Limits, is_space};

/// What follows in a document, as far as it is of the plainest form: elements without attributes
/// that hold such elements or a text, and in a text no references but the quotes around an entity
/// tag.
///
/// Nearly all of a listing is of this form, and events for each element would be most of the time
/// that a page takes. What this refuses is no error: the reader reads it, and whatever this takes
/// the reader would read as the same.
#[derive(Debug)]
pub(crate) struct Plain<'a> {
    pub(super) unread: &'a str,
    pub(super) limits: Limits,
    pub(super) depth: usize,
}

/// An element that holds nothing but text.
#[derive(Debug)]
pub(crate) struct Leaf<'a> {
    pub(crate) name: &'a str,
    pub(crate) text: Cow<'a, str>,
}

impl<'a> Plain<'a> {
    /// Enters the next element, if it has this name.
    pub(crate) fn enter(&mut self, name: &str) -> Option<()> {
        let rest = self.tag()?.strip_prefix(name)?.strip_prefix('>')?;
        let depth = self.depth.checked_add(1)?;
        if depth > self.limits.depth {
            return None;
        }
        (self.unread, self.depth) = (rest, depth);
        Some(())
    }

    /// Leaves the element that was entered last, which has this name, if it ends here.
    pub(crate) fn leave(&mut self, name: &str) -> Option<()> {
        let rest = self.tag()?.strip_prefix('/')?.strip_prefix(name)?;
        self.unread = rest.strip_prefix('>')?;
        self.depth = self.depth.checked_sub(1)?;
        Some(())
    }

    /// Passes over the next element, if it holds nothing but text.
    pub(crate) fn leaf(&mut self) -> Option<Leaf<'a>> {
        let unread = self.tag()?;
        let name_len = unread
            .bytes()
            .position(|byte| !byte.is_ascii_alphanumeric())?;
        let (name, rest) = unread.split_at_checked(name_len)?;
        let rest = rest.strip_prefix('>')?;
        let quoted = memchr2(b'<', b'&', rest.as_bytes())?;
        let text_len = match rest.as_bytes().get(quoted)? {
            b'<' => quoted,
            _ => memchr(b'<', rest.as_bytes())?,
        };
        let (text, rest) = rest.split_at_checked(text_len)?;
        let rest = rest
            .strip_prefix("</")?
            .strip_prefix(name)?
            .strip_prefix('>')?;
        if name.is_empty() || text.len() > self.limits.text || self.depth >= self.limits.depth {
            return None;
        }
        let text = match text_len == quoted {
            true => Cow::Borrowed(text),
            false => Cow::Owned(unquoted(text)?),
        };
        self.unread = rest;
        Some(Leaf { name, text })
    }

    /// What stands behind the `<` of the next tag.
    fn tag(&self) -> Option<&'a str> {
        let at = self.unread.bytes().position(|byte| !is_space(byte))?;
        self.unread.get(at..)?.strip_prefix('<')
    }
}

/// A text between two quotes that are references, as entity tags are; `None` if it has others.
fn unquoted(text: &str) -> Option<String> {
    let tag = text.strip_prefix(QUOTE)?.strip_suffix(QUOTE)?;
    if memchr(b'&', tag.as_bytes()).is_some() {
        return None;
    }
    let mut unquoted = String::with_capacity(tag.len().saturating_add(2));
    unquoted.push('"');
    unquoted.push_str(tag);
    unquoted.push('"');
    Some(unquoted)
}

const QUOTE: &str = "&quot;";
