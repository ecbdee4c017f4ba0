//! A pull reader over the XML documents of the service, strict and bounded.
//!
//! The service answers in two shapes, a listing and a flat `<Error>`. Both are read by element
//! names without their namespace or prefix: the vendor's own Python SDK strips five namespaces that
//! it has met (`cos_comm.py`), S3 servers write a sixth.
//!
//! What the reader refuses it refuses before memory is spent on it: documents over a size, elements
//! nested too deep, texts too long, every document type (and with it every entity that is not one
//! of XML's own five). The root's name and the end of the document are checked, because a captive
//! portal answers `200` with a page of its own, and because the service has been seen to cut a
//! listing off in its middle.

mod error;
mod plain;

use alloc::borrow::Cow;
use alloc::string::String;
use core::str;

use memchr::memchr;
use quick_xml::errors::{Error, IllFormedError, SyntaxError};
use quick_xml::events::{BytesDecl, BytesRef, BytesStart, Event};
use quick_xml::reader::Reader;

pub use error::XmlError;
pub(crate) use plain::Plain;

/// Hands every text element right below the root to `field`, with its local name, in document
/// order.
///
/// This is how an `<Error>` document is read. Elements that hold further elements are passed over,
/// and so is nothing else: names that come twice are handed on twice, missing ones are the caller's
/// to notice.
///
/// # Errors
///
/// The document's first defect. What stands before it has been handed on by then.
pub(crate) fn read_flat<'a>(
    body: &'a [u8],
    root: &str,
    limits: Limits,
    mut field: impl FnMut(&str, Cow<'a, str>),
) -> Result<(), XmlError> {
    let mut document = Document::open(body, root, limits)?;
    while let Some(tag) = document.child()? {
        if let Some(text) = document.text_or_skip()? {
            field(tag.name(), text);
        }
    }
    document.finish()
}

/// A document that is being read, from its root to its end.
///
/// The position is always inside one element. [`child`](Document::child) enters the next element in
/// it, or leaves it when there is none; every tag that was entered is left by exactly one of
/// `child` (until `None`), [`text`](Document::text) or [`skip`](Document::skip).
#[derive(Debug)]
pub(crate) struct Document<'a> {
    /// All of it that is read.
    text: &'a str,
    reader: Reader<&'a [u8]>,
    /// Bytes that were passed over without the reader.
    passed: u64,
    limits: Limits,
    /// Elements that are open, the root included.
    depth: usize,
    /// The body ends within a character, which is not part of what is read.
    cut: bool,
    /// The document has carriage returns somewhere.
    carriage_returns: bool,
    /// The root carries the namespace of S3.
    s3: bool,
}

impl<'a> Document<'a> {
    /// Opens a document and enters its root.
    pub(crate) fn open(body: &'a [u8], root: &str, limits: Limits) -> Result<Self, XmlError> {
        if body.len() > limits.bytes {
            return Err(XmlError::TooLarge {
                limit: limits.bytes,
            });
        }
        let (text, cut) = match str::from_utf8(body) {
            Ok(text) => (text, false),
            // The last character is not complete: whether the document was cut there, its own
            // grammar says best.
            Err(error) if error.error_len().is_none() => {
                let whole = body.get(..error.valid_up_to()).unwrap_or_default();
                (str::from_utf8(whole).unwrap_or_default(), true)
            }
            Err(error) => {
                return Err(XmlError::NotUtf8 {
                    at: error.valid_up_to(),
                });
            }
        };
        let mut reader = Reader::from_str(text);
        reader.config_mut().expand_empty_elements = true;
        let carriage_returns = memchr(b'\r', body).is_some();
        let mut document = Self {
            text,
            reader,
            passed: 0,
            limits,
            depth: 0,
            cut,
            carriage_returns,
            s3: false,
        };
        document.enter_root(root)?;
        Ok(document)
    }

    /// Whether the root is in the namespace of S3, which the service's own listings are not.
    pub(crate) fn is_s3(&self) -> bool {
        self.s3
    }

    /// Enters the next element; `None` when there is none and its parent has been left.
    ///
    /// Text between elements must be white space.
    pub(crate) fn child(&mut self) -> Result<Option<Tag<'a>>, XmlError> {
        loop {
            // White space between elements is most of what there is between them: it need not
            // become an event of its own.
            self.reader.config_mut().trim_text_start = true;
            match self.reader.read_event() {
                Ok(Event::Start(tag)) => {
                    self.descend()?;
                    return Ok(Some(Tag(tag)));
                }
                Ok(Event::End(_)) => {
                    self.ascend();
                    return Ok(None);
                }
                Ok(Event::Text(text)) if is_blank(&text) => {}
                Ok(Event::CData(text)) if is_blank(&text) => {}
                other => self.pass(other)?,
            }
        }
    }

    /// Passes over what `read` has made something of. If it makes nothing of what follows,
    /// [`child`](Document::child) goes on where it would have without this. `read` leaves each element
    /// that it enters, and no other.
    pub(crate) fn plain<T>(&mut self, read: impl FnOnce(&mut Plain<'a>) -> Option<T>) -> Option<T> {
        let start = self.text.len().checked_sub(self.reader.get_ref().len())?;
        let (before, unread) = self.text.split_at_checked(start)?;
        // Behind an empty element its end is still to come, by itself.
        if self.carriage_returns || before.ends_with("/>") {
            return None;
        }
        let mut plain = Plain {
            unread,
            limits: self.limits,
            depth: self.depth,
        };
        let made = read(&mut plain)?;
        if plain.depth != self.depth {
            return None;
        }
        let passed = unread.len().saturating_sub(plain.unread.len());
        *self.reader.get_mut() = plain.unread.as_bytes();
        self.passed = self
            .passed
            .saturating_add(u64::try_from(passed).unwrap_or(u64::MAX));
        Some(made)
    }

    /// The text of the element that was entered last, which holds no other element; leaves it.
    pub(crate) fn text(&mut self) -> Result<Cow<'a, str>, XmlError> {
        match self.text_or_skip()? {
            Some(text) => Ok(text),
            None => Err(self.malformed()),
        }
    }

    /// The text of the element that was entered last, or `None` if it holds another element; leaves
    /// it.
    pub(crate) fn text_or_skip(&mut self) -> Result<Option<Cow<'a, str>>, XmlError> {
        let mut text = Cow::Borrowed("");
        self.reader.config_mut().trim_text_start = false;
        loop {
            match self.reader.read_event() {
                Ok(Event::Text(more)) => append(&mut text, self.with_line_ends(more.into_inner())),
                Ok(Event::CData(more)) => append(&mut text, self.with_line_ends(more.into_inner())),
                Ok(Event::GeneralRef(reference)) => {
                    let character = self.resolve(&reference)?;
                    make_owned(&mut text).push(character);
                }
                Ok(Event::End(_)) => {
                    self.ascend();
                    return Ok(Some(text));
                }
                Ok(Event::Start(_)) => {
                    self.descend()?;
                    self.skip()?;
                    self.skip()?;
                    return Ok(None);
                }
                other => self.pass(other)?,
            }
            if text.len() > self.limits.text {
                return Err(XmlError::TextTooLong {
                    limit: self.limits.text,
                });
            }
        }
    }

    /// Passes over the rest of the element that was entered last, whatever it holds, and leaves it.
    pub(crate) fn skip(&mut self) -> Result<(), XmlError> {
        let outside = self.depth.saturating_sub(1);
        while self.depth > outside {
            match self.reader.read_event() {
                Ok(Event::Start(_)) => self.descend()?,
                Ok(Event::End(_)) => self.ascend(),
                Ok(Event::Text(_) | Event::CData(_) | Event::GeneralRef(_)) => {}
                other => self.pass(other)?,
            }
        }
        Ok(())
    }

    /// Checks that nothing follows the root, which has been left.
    pub(crate) fn finish(mut self) -> Result<(), XmlError> {
        loop {
            match self.reader.read_event() {
                Ok(Event::Eof) if !self.cut => return Ok(()),
                Ok(Event::Text(text)) if is_blank(&text) => {}
                Ok(Event::Comment(_) | Event::PI(_)) => {}
                Ok(_) | Err(_) => return Err(XmlError::TrailingData),
            }
        }
    }

    fn enter_root(&mut self, root: &str) -> Result<(), XmlError> {
        let mut declared = false;
        loop {
            match self.reader.read_event() {
                Ok(Event::Decl(declaration)) if !declared => {
                    check_encoding(&declaration)?;
                    declared = true;
                }
                Ok(Event::Text(text)) if is_blank(&text) => {}
                Ok(Event::Start(tag)) => {
                    self.descend()?;
                    let tag = Tag(tag);
                    if tag.name() != root {
                        return Err(XmlError::wrong_root(tag.name()));
                    }
                    self.s3 = tag.has_namespace(S3_NAMESPACE);
                    return Ok(());
                }
                other => self.pass(other)?,
            }
        }
    }

    /// Passes over what is no content, and refuses what may not stand where it stands.
    fn pass(&self, event: Result<Event<'_>, Error>) -> Result<(), XmlError> {
        match event {
            Ok(Event::Comment(_) | Event::PI(_)) => Ok(()),
            Ok(Event::DocType(_)) => Err(XmlError::DocumentType),
            Ok(Event::Eof) => Err(XmlError::Truncated),
            Ok(_) => Err(self.malformed()),
            Err(error) => Err(self.defect(&error)),
        }
    }

    fn descend(&mut self) -> Result<(), XmlError> {
        self.depth = self.depth.saturating_add(1);
        if self.depth > self.limits.depth {
            return Err(XmlError::TooDeep {
                limit: self.limits.depth,
            });
        }
        Ok(())
    }

    fn ascend(&mut self) {
        self.depth = self.depth.saturating_sub(1);
    }

    /// Makes one line feed of each way to end a line, as a reader of XML does (section 2.11 of its
    /// specification).
    fn with_line_ends(&self, text: Cow<'a, str>) -> Cow<'a, str> {
        if self.carriage_returns && text.contains('\r') {
            Cow::Owned(text.replace("\r\n", "\n").replace('\r', "\n"))
        } else {
            text
        }
    }

    fn resolve(&self, reference: &BytesRef<'_>) -> Result<char, XmlError> {
        match &**reference {
            "amp" => Ok('&'),
            "lt" => Ok('<'),
            "gt" => Ok('>'),
            "quot" => Ok('"'),
            "apos" => Ok('\''),
            _ => match reference.resolve_char_ref() {
                Ok(Some(character)) => Ok(character),
                Ok(None) => Err(XmlError::UnknownEntity),
                Err(_) => Err(self.malformed()),
            },
        }
    }

    fn malformed(&self) -> XmlError {
        XmlError::Malformed {
            at: self.passed.saturating_add(self.reader.buffer_position()),
        }
    }

    /// Tells a document that ends too early from one that is wrong.
    fn defect(&self, error: &Error) -> XmlError {
        let unread = self.reader.get_ref();
        match error {
            // `<!` and nothing behind it; with something behind it, it is not XML.
            Error::Syntax(SyntaxError::InvalidBangMarkup) if *unread != b"<!" => {}
            // All the others of this kind say that the input ended within markup.
            Error::Syntax(_) => return XmlError::Truncated,
            Error::IllFormed(IllFormedError::UnclosedReference) if unread.is_empty() => {
                return XmlError::Truncated;
            }
            _ => {}
        }
        XmlError::Malformed {
            at: self.passed.saturating_add(self.reader.error_position()),
        }
    }
}

/// The start of an element.
#[derive(Debug)]
pub(crate) struct Tag<'a>(BytesStart<'a>);

impl Tag<'_> {
    /// The name without a namespace prefix.
    pub(crate) fn name(&self) -> &str {
        self.0.local_name().into_inner()
    }

    fn has_namespace(&self, namespace: &str) -> bool {
        self.0
            .attributes()
            .with_checks(false)
            .flatten()
            .any(|attribute| {
                attribute.key.as_namespace_binding().is_some()
                    && attribute.value.as_ref() == namespace
            })
    }
}

/// What a document may cost.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// Size of the body in bytes.
    pub(crate) bytes: usize,
    /// Elements nested in each other, the root included.
    pub(crate) depth: usize,
    /// Length of one element's text in bytes, references resolved.
    pub(crate) text: usize,
}

/// The namespace of S3's documents. Those of the service have none in its documentation.
const S3_NAMESPACE: &str = "http://s3.amazonaws.com/doc/2006-03-01/";

/// White space as XML has it: what `str::trim` takes beyond that is content.
fn is_blank(text: &str) -> bool {
    text.bytes().all(is_space)
}

fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n')
}

fn append<'a>(text: &mut Cow<'a, str>, more: Cow<'a, str>) {
    if text.is_empty() && matches!(text, Cow::Borrowed(_)) {
        *text = more;
    } else {
        make_owned(text).push_str(&more);
    }
}

/// A text in pieces, to be added to. Entity tags are such: their quotes are often references, and
/// all of them fit at once.
fn make_owned<'t>(text: &'t mut Cow<'_, str>) -> &'t mut String {
    if let Cow::Borrowed(start) = *text {
        let mut owned = String::with_capacity(start.len().saturating_add(64));
        owned.push_str(start);
        *text = Cow::Owned(owned);
    }
    text.to_mut()
}

/// Refuses a declared encoding that contradicts how the document is read.
fn check_encoding(declaration: &BytesDecl<'_>) -> Result<(), XmlError> {
    match declaration.encoding() {
        None => Ok(()),
        Some(Ok(name))
            if name.eq_ignore_ascii_case("utf-8") || name.eq_ignore_ascii_case("us-ascii") =>
        {
            Ok(())
        }
        Some(_) => Err(XmlError::Encoding),
    }
}

#[cfg(test)]
mod tests;
