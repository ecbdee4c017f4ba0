//! The record of `cos stat`.

use std::collections::BTreeMap;

use cos_proto::ObjectHead;
use http::HeaderMap;
use http::header::CONTENT_TYPE;
use serde::Serialize;

use super::STANDARD;
use crate::escape::escaped;

/// An object as its head describes it.
#[derive(Debug, Serialize)]
pub(crate) struct ObjectRecord {
    key: String,
    size: u64,
    etag: Option<String>,
    crc64: Option<String>,
    last_modified: Option<String>,
    content_type: Option<String>,
    storage_class: Option<String>,
    version_id: Option<String>,
    metadata: BTreeMap<String, String>,
    #[serde(skip)]
    more: Vec<(&'static str, String)>,
}

impl ObjectRecord {
    pub(crate) fn new(key: &str, head: &ObjectHead) -> Self {
        let headers = head.headers();
        Self {
            key: key.to_owned(),
            size: head.size(),
            etag: head.etag().map(super::etag),
            crc64: head.crc64().map(|crc64| crc64.to_string()),
            last_modified: head.last_modified().map(|time| time.to_string()),
            content_type: text(headers, CONTENT_TYPE.as_str()),
            // The service leaves the header out for its standard class.
            storage_class: Some(
                text(headers, STORAGE_CLASS).unwrap_or_else(|| STANDARD.to_owned()),
            ),
            version_id: head.version_id().map(ToString::to_string),
            metadata: metadata(headers),
            more: MORE
                .iter()
                .filter_map(|(name, header)| Some((*name, text(headers, header)?)))
                .collect(),
        }
    }

    /// Name and value of each line for a person, control characters escaped.
    pub(crate) fn lines(&self) -> impl Iterator<Item = (String, String)> {
        let known = [
            ("key", Some(self.key.clone())),
            ("size", Some(self.size.to_string())),
            ("etag", self.etag.clone()),
            ("crc64", self.crc64.clone()),
            ("last modified", self.last_modified.clone()),
            ("content type", self.content_type.clone()),
            ("storage class", self.storage_class.clone()),
            ("version id", self.version_id.clone()),
        ];
        let known = known
            .into_iter()
            .filter_map(|(name, value)| Some((name.to_owned(), value?)));
        let more = self
            .more
            .iter()
            .map(|(name, value)| ((*name).to_owned(), value.clone()));
        let metadata = self
            .metadata
            .iter()
            .map(|(name, value)| (format!("metadata {name}"), value.clone()));
        known
            .chain(more)
            .chain(metadata)
            .map(|(name, value)| (escaped(&name).to_string(), escaped(&value).to_string()))
            .collect::<Vec<_>>()
            .into_iter()
    }
}

fn metadata(headers: &HeaderMap) -> BTreeMap<String, String> {
    headers
        .iter()
        .filter_map(|(name, value)| {
            let name = name.as_str().strip_prefix(META)?;
            Some((
                name.to_owned(),
                String::from_utf8_lossy(value.as_bytes()).into_owned(),
            ))
        })
        .collect()
}

fn text(headers: &HeaderMap, name: &str) -> Option<String> {
    headers
        .get(name)
        .map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
}

/// What a person is shown beside the fields of the record, where the service sends it.
const MORE: [(&str, &str); 7] = [
    ("content encoding", "content-encoding"),
    ("cache control", "cache-control"),
    ("disposition", "content-disposition"),
    ("storage tier", "x-cos-storage-tier"),
    ("restore", "x-cos-restore"),
    ("encryption", "x-cos-server-side-encryption"),
    ("object type", "x-cos-object-type"),
];

const META: &str = "x-cos-meta-";
const STORAGE_CLASS: &str = "x-cos-storage-class";
