//! A bucket in memory that writes pages as the service, an OFS bucket or an S3 server does.

use std::cmp::Ordering;
use std::collections::BTreeSet;
use std::fmt::Write as _;

use cos_proto::uri::encode_path;
use cos_proto::{ListObjectVersions, ListObjects};

/// Whose pages are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flavour {
    /// COS: url-encoding, a next marker on every page that is truncated.
    Cos,
    /// A bucket with metadata acceleration: folders are folded whether asked or not. Sorted by
    /// bytes.
    Ofs,
    /// The same, sorted as a tree.
    OfsTree,
    /// An S3 server: no next marker without a delimiter.
    S3,
    /// An S3 server that writes a token of its own as the next marker.
    S3Token,
}

impl Flavour {
    pub(crate) fn compare(self, left: &str, right: &str) -> Ordering {
        let rank = |byte: u8| if byte == b'/' { 0 } else { u16::from(byte) + 1 };
        match self {
            Self::OfsTree => left.bytes().map(rank).cmp(right.bytes().map(rank)),
            _ => left.cmp(right),
        }
    }

    fn is_ofs(self) -> bool {
        matches!(self, Self::Ofs | Self::OfsTree)
    }
}

/// A page before it is written.
#[derive(Clone, Debug, Default)]
pub(crate) struct Page {
    pub(crate) keys: Vec<String>,
    pub(crate) prefixes: Vec<String>,
    pub(crate) truncated: bool,
    pub(crate) next: Option<String>,
    pub(crate) s3: bool,
}

impl Page {
    pub(crate) fn write(&self) -> String {
        let xmlns = if self.s3 {
            " xmlns='http://s3.amazonaws.com/doc/2006-03-01/'"
        } else {
            ""
        };
        let mut xml = format!(
            "<ListBucketResult{xmlns}><EncodingType>url</EncodingType><IsTruncated>{}</IsTruncated>",
            self.truncated
        );
        if let Some(next) = &self.next {
            write!(xml, "<NextMarker>{}</NextMarker>", encode_path(next)).unwrap();
        }
        for key in &self.keys {
            let key = encode_path(key);
            write!(
                xml,
                "<Contents><Key>{key}</Key><LastModified>2020-12-10T03:37:30.000Z</LastModified><Size>1</Size></Contents>"
            )
            .unwrap();
        }
        for prefix in &self.prefixes {
            write!(
                xml,
                "<CommonPrefixes><Prefix>{}</Prefix></CommonPrefixes>",
                encode_path(prefix)
            )
            .unwrap();
        }
        xml.push_str("</ListBucketResult>");
        xml
    }
}

/// The bucket.
#[derive(Clone, Debug)]
pub(crate) struct Server {
    pub(crate) keys: BTreeSet<String>,
    pub(crate) flavour: Flavour,
}

impl Server {
    /// What a listing of everything gives: keys, or keys and common prefixes, each once, in order.
    pub(crate) fn expected(&self, request: &ListObjects) -> Vec<String> {
        let delimiter = request.delimiter.as_deref().unwrap_or("");
        let marker = request.marker.as_deref().unwrap_or("");
        self.items(&request.prefix, delimiter, marker)
    }

    /// One page.
    pub(crate) fn list(&self, request: &ListObjects) -> Page {
        let asked = request.delimiter.as_deref().unwrap_or("");
        let delimiter = if asked.is_empty() && self.flavour.is_ofs() {
            "/"
        } else {
            asked
        };
        let items = self.items(
            &request.prefix,
            delimiter,
            request.marker.as_deref().unwrap_or(""),
        );
        let most = request.max_keys.map_or(1000, usize::from);
        let truncated = items.len() > most;
        let page: Vec<_> = items.into_iter().take(most).collect();
        let next = match self.flavour {
            _ if !truncated => None,
            Flavour::S3 if asked.is_empty() => None,
            Flavour::S3Token if asked.is_empty() => Some(String::from("0123456789abcdef")),
            _ => page.last().cloned(),
        };
        let is_prefix = |item: &String| {
            !delimiter.is_empty()
                && item
                    .strip_prefix(&request.prefix)
                    .is_some_and(|rest| rest.contains(delimiter))
        };
        let (prefixes, keys) = page.into_iter().partition(is_prefix);
        let s3 = matches!(self.flavour, Flavour::S3 | Flavour::S3Token);
        Page {
            keys,
            prefixes,
            truncated,
            next,
            s3,
        }
    }

    fn items(&self, prefix: &str, delimiter: &str, marker: &str) -> Vec<String> {
        let mut items: Vec<String> = Vec::new();
        for key in &self.keys {
            let Some(rest) = key.strip_prefix(prefix) else {
                continue;
            };
            if self.flavour.compare(key, marker).is_le() {
                continue;
            }
            let folded = match rest.find(delimiter) {
                Some(at) if !delimiter.is_empty() => &key[..prefix.len() + at + delimiter.len()],
                _ => key,
            };
            // A marker that is a common prefix stands for all that is in it.
            if !folded.is_empty() && folded != marker {
                items.push(folded.to_owned());
            }
        }
        items.sort_by(|left, right| self.flavour.compare(left, right));
        items.dedup();
        items
    }
}

/// One way to spoil a page.
#[derive(Clone, Debug)]
pub(crate) enum Spoil {
    Nothing,
    SwapKeys(usize, usize),
    DropKeys,
    AddKey(String),
    AddPrefix(String),
    Next(Option<String>),
    Truncated(bool),
    S3(bool),
}

impl Spoil {
    pub(crate) fn apply(&self, page: &mut Page) {
        match self.clone() {
            Self::Nothing => {}
            Self::SwapKeys(left, right) if !page.keys.is_empty() => {
                let len = page.keys.len();
                page.keys.swap(left % len, right % len);
            }
            Self::SwapKeys(..) => {}
            Self::DropKeys => page.keys.clear(),
            Self::AddKey(key) => page.keys.push(key),
            Self::AddPrefix(prefix) => page.prefixes.push(prefix),
            Self::Next(next) => page.next = next,
            Self::Truncated(truncated) => page.truncated = truncated,
            Self::S3(s3) => page.s3 = s3,
        }
    }
}

/// A version or a delete marker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Version {
    pub(crate) key: String,
    pub(crate) id: String,
    pub(crate) deleted: bool,
}

/// One page of versions of a bucket in which all of them stand in the order of the service.
///
/// `mixed` is how the service writes them; S3 servers may write all versions, then all delete
/// markers.
pub(crate) fn list_versions(all: &[Version], request: &ListObjectVersions, mixed: bool) -> String {
    let start = match (&request.key_marker, request.version_id_marker.as_deref()) {
        (None, _) => 0,
        (Some(key), Some(id)) if !id.is_empty() => {
            1 + all
                .iter()
                .position(|version| version.key == *key && version.id == id)
                .unwrap()
        }
        (Some(key), _) => all
            .iter()
            .position(|version| version.key > *key)
            .unwrap_or(all.len()),
    };
    let most = request.max_keys.map_or(1000, usize::from);
    let page = &all[start..all.len().min(start + most)];
    let truncated = start + page.len() < all.len();
    let mut xml = format!("<ListVersionsResult><IsTruncated>{truncated}</IsTruncated>");
    if let Some(last) = page.last().filter(|_| truncated) {
        let (key, id) = (encode_path(&last.key), &last.id);
        write!(
            xml,
            "<NextKeyMarker>{key}</NextKeyMarker><NextVersionIdMarker>{id}</NextVersionIdMarker>"
        )
        .unwrap();
    }
    let written = |version: &Version| {
        let (key, id) = (encode_path(&version.key), &version.id);
        let (name, size) = if version.deleted {
            ("DeleteMarker", "")
        } else {
            ("Version", "<Size>1</Size>")
        };
        format!(
            "<{name}><Key>{key}</Key><VersionId>{id}</VersionId><IsLatest>false</IsLatest>\
             <LastModified>2020-12-10T03:37:30.000Z</LastModified>{size}</{name}>"
        )
    };
    if mixed {
        xml.extend(page.iter().map(written));
    } else {
        xml.extend(page.iter().filter(|version| !version.deleted).map(written));
        xml.extend(page.iter().filter(|version| version.deleted).map(written));
    }
    xml.push_str("<EncodingType>url</EncodingType></ListVersionsResult>");
    xml
}
