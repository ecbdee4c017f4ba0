//! An answer, decided but not yet sent.

use std::ops::Range;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode, header};

use crate::{content::Content, xml::Document};

/// Status, headers and body. The length, the date and the ids are added when it is sent.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Payload,
    /// Bytes per second at which the body is sent, if it asked for a limit.
    pub(crate) traffic_limit: Option<u64>,
}

/// A part of a content.
#[derive(Clone, Debug)]
pub(crate) struct Payload {
    pub(crate) content: Content,
    pub(crate) range: Range<u64>,
}

impl Payload {
    pub(crate) fn of(content: Content) -> Self {
        let range = 0..content.len();
        Self { content, range }
    }

    pub(crate) fn len(&self) -> u64 {
        self.range.end.saturating_sub(self.range.start)
    }

    pub(crate) fn truncate(&mut self, len: u64) {
        self.range.end = self.range.end.min(self.range.start.saturating_add(len));
    }
}

impl Answer {
    pub(crate) fn empty(status: StatusCode) -> Self {
        Self {
            status,
            headers: HeaderMap::new(),
            body: Payload::of(Content::Bytes(Bytes::new())),
            traffic_limit: None,
        }
    }

    pub(crate) fn xml(document: Document) -> Self {
        let mut answer = Self::empty(StatusCode::OK);
        answer.set_xml(document);
        answer
    }

    pub(crate) fn set_xml(&mut self, document: Document) {
        self.set_body(
            HeaderValue::from_static("application/xml"),
            document.finish().into(),
        );
    }

    pub(crate) fn set_body(&mut self, content_type: HeaderValue, body: Bytes) {
        self.headers.insert(header::CONTENT_TYPE, content_type);
        self.body = Payload::of(Content::Bytes(body));
    }
}
