//! GET Bucket and GET Bucket Object versions (documentation 436/7734, 436/35521).

use std::borrow::Cow;

use super::{Call, Service};
use crate::{
    answer::Answer,
    clock::listing_date,
    encoding::encode_listing,
    listing::{Line, MAX_KEYS, Page, Query},
    refusal::Refusal,
    store::{Bucket, Described, Version},
    xml::Document,
};

impl Service {
    pub(super) fn list(&self, bucket: &Bucket, call: &Call) -> Result<Answer, Refusal> {
        let encoding = match call.param("encoding-type") {
            None | Some("") => Encoding::Plain,
            Some("url") => Encoding::Url,
            Some(_) => return Err(Refusal::invalid_argument("encoding-type must be url.")),
        };
        let query = query(bucket, call)?;
        let page = bucket.page(&query).map_err(|error| {
            tracing::warn!(%error, "cannot list a bucket");
            Refusal::internal_error()
        })?;
        let listing = Listing {
            bucket,
            call,
            query: &query,
            encoding,
        };
        let mut answer = Answer::xml(listing.write(&page)?);
        self.set_region(&mut answer);
        Ok(answer)
    }
}

fn query(bucket: &Bucket, call: &Call) -> Result<Query, Refusal> {
    let text = |name| call.param(name).unwrap_or_default().to_owned();
    let versions = call.param("versions").is_some();
    let marker = text(if versions { "key-marker" } else { "marker" });
    let version_marker = call
        .param("version-id-marker")
        .filter(|id| versions && !id.is_empty());
    if version_marker.is_some() && marker.is_empty() {
        return Err(Refusal::invalid_argument(
            "version-id-marker needs a key-marker.",
        ));
    }
    let mut delimiter = call.param("delimiter").filter(|text| !text.is_empty());
    if bucket.is_ofs() && !versions {
        delimiter = delimiter.or(Some("/"));
    }
    Ok(Query {
        prefix: text("prefix"),
        delimiter: delimiter.map(str::to_owned),
        marker,
        version_marker: version_marker.map(str::to_owned),
        max_keys: max_keys(call, MAX_KEYS)?,
        versions,
    })
}

/// Reads `max-keys`, from 0 on. More than the service allows is taken as what it allows.
pub(super) fn max_keys(call: &Call, allowed: usize) -> Result<usize, Refusal> {
    match call.param("max-keys") {
        None | Some("") => Ok(allowed),
        Some(text) if text.bytes().all(|byte| byte.is_ascii_digit()) => {
            Ok(text.parse().unwrap_or(allowed).min(allowed))
        }
        Some(_) => Err(Refusal::invalid_argument(
            "max-keys must be a number from 0 on.",
        )),
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Encoding {
    Plain,
    Url,
}

impl Encoding {
    fn apply(self, text: &str) -> Cow<'_, str> {
        match self {
            Self::Plain => Cow::Borrowed(text),
            Self::Url => Cow::Owned(encode_listing(text)),
        }
    }
}

/// A page on its way into XML.
#[derive(Debug)]
struct Listing<'a> {
    bucket: &'a Bucket,
    call: &'a Call,
    query: &'a Query,
    encoding: Encoding,
}

impl Listing<'_> {
    fn write(&self, page: &Page) -> Result<Document, Refusal> {
        let versions = self.query.versions;
        let root = if versions {
            "ListVersionsResult"
        } else {
            "ListBucketResult"
        };
        let mut document = Document::new(root);
        document.element("Name", self.bucket.name());
        if self.encoding == Encoding::Url {
            document.element("EncodingType", "url");
        }
        document.element("Prefix", &self.encoding.apply(&self.query.prefix));
        let marker = if versions { "KeyMarker" } else { "Marker" };
        document.element(marker, &self.encoding.apply(&self.query.marker));
        if versions {
            document.element(
                "VersionIdMarker",
                self.query.version_marker.as_deref().unwrap_or_default(),
            );
        }
        document.element("MaxKeys", &self.query.max_keys.to_string());
        // As it was asked for, and not encoded: the vendor's Python SDK does not decode it.
        if let Some(delimiter) = self.call.param("delimiter").filter(|text| !text.is_empty()) {
            document.element("Delimiter", delimiter);
        }
        document.element(
            "IsTruncated",
            if page.next.is_some() { "true" } else { "false" },
        );
        if let Some(next) = &page.next {
            let name = if versions {
                "NextKeyMarker"
            } else {
                "NextMarker"
            };
            document.element(name, &self.encoding.apply(&next.marker));
            if versions {
                document.element(
                    "NextVersionIdMarker",
                    next.version.as_deref().unwrap_or_default(),
                );
            }
        }
        for line in &page.lines {
            match line {
                Line::Prefix(prefix) => {
                    document.open("CommonPrefixes");
                    document.element("Prefix", &self.encoding.apply(prefix));
                    document.close();
                }
                Line::Version(key, version) => self.write_version(&mut document, key, version)?,
            }
        }
        Ok(document)
    }

    fn write_version(
        &self,
        document: &mut Document,
        key: &str,
        version: &Version,
    ) -> Result<(), Refusal> {
        let described = match &version.source {
            None => None,
            Some(source) => match self.bucket.describe(source) {
                Ok(Some(described)) => Some(described),
                // It has vanished since the page was collected.
                Ok(None) => return Ok(()),
                Err(error) => {
                    tracing::warn!(%error, "cannot read an object");
                    return Err(Refusal::internal_error());
                }
            },
        };
        document.open(match (self.query.versions, &described) {
            (false, _) => "Contents",
            (true, Some(_)) => "Version",
            (true, None) => "DeleteMarker",
        });
        document.element("Key", &self.encoding.apply(key));
        if self.query.versions {
            document.element("VersionId", version.id.as_deref().unwrap_or_default());
            document.element("IsLatest", if version.is_latest { "true" } else { "false" });
        }
        document.element("LastModified", &listing_date(version.modified));
        if let Some(Described { size, etag, class }) = &described {
            document.element("ETag", etag);
            document.element("Size", &size.to_string());
            let class = class.as_ref().and_then(|class| class.to_str().ok());
            document.element("StorageClass", class.unwrap_or("STANDARD"));
        }
        self.write_owner(document);
        document.close();
        Ok(())
    }

    /// The owner of an object is told by the APPID of its bucket.
    fn write_owner(&self, document: &mut Document) {
        let appid = self
            .bucket
            .name()
            .rsplit_once('-')
            .map_or("1250000000", |(_, appid)| appid);
        document.open("Owner");
        document.element("ID", appid);
        document.element("DisplayName", appid);
        document.close();
    }
}
