//! Which request a fault is for.

use std::fmt;

use http::Method;

/// Which request a scripted fault is for: all conditions together, and how many such requests pass
/// before it.
///
/// ```
/// use cos_emulator::When;
///
/// // The third request for bytes from 1024 on of this object.
/// let when = When::get().bucket("examplebucket-1250000000").key("a/b").range_from(1024).nth(3);
/// # let _ = when;
/// ```
#[derive(Clone, Debug, Default)]
#[must_use = "conditions do nothing until they are given to `Faults::script`"]
pub struct When {
    method: Option<Method>,
    bucket: Option<String>,
    key: Option<String>,
    key_prefix: Option<String>,
    query: Option<String>,
    range: Option<Option<String>>,
    range_from: Option<u64>,
    nth: Option<u64>,
    times: Times,
}

impl When {
    /// Any request.
    pub fn any() -> Self {
        Self::default()
    }

    /// A request with the method GET: objects and listings alike.
    pub fn get() -> Self {
        Self::any().method(Method::GET)
    }

    /// A request with the method HEAD.
    pub fn head() -> Self {
        Self::any().method(Method::HEAD)
    }

    /// A listing of objects, of versions or of buckets: a GET without a key.
    pub fn list() -> Self {
        Self::get().key("")
    }

    /// Only requests with this method.
    pub fn method(mut self, method: Method) -> Self {
        self.method = Some(method);
        self
    }

    /// Only requests to this bucket.
    pub fn bucket(mut self, bucket: impl Into<String>) -> Self {
        self.bucket = Some(bucket.into());
        self
    }

    /// Only requests for this key, decoded; the empty key is a request to the bucket itself.
    pub fn key(mut self, key: impl Into<String>) -> Self {
        self.key = Some(key.into());
        self
    }

    /// Only requests for keys with this prefix.
    pub fn key_prefix(mut self, prefix: impl Into<String>) -> Self {
        self.key_prefix = Some(prefix.into());
        self
    }

    /// Only requests with this text in their query as it was sent, such as `versions` or
    /// `marker=a`.
    pub fn query(mut self, text: impl Into<String>) -> Self {
        self.query = Some(text.into());
        self
    }

    /// Only requests with exactly this `Range` header, such as `bytes=0-1023`.
    pub fn range(mut self, range: impl Into<String>) -> Self {
        self.range = Some(Some(range.into()));
        self
    }

    /// Only requests for a range that starts at this byte.
    pub fn range_from(mut self, first: u64) -> Self {
        self.range_from = Some(first);
        self
    }

    /// Only requests without a `Range` header.
    pub fn without_range(mut self) -> Self {
        self.range = Some(None);
        self
    }

    /// Only the n-th request that meets the conditions, counted from 1 and from the moment the
    /// fault is scripted. Without it: the next one. 0 is taken as 1.
    pub fn nth(mut self, n: u64) -> Self {
        self.nth = Some(n.max(1));
        self
    }

    /// So many requests in a row, from the n-th on. Without it: one. The fault is consumed when it
    /// has happened so many times.
    pub fn times(mut self, times: u64) -> Self {
        self.times = Times::Limited(times);
        self
    }

    /// All requests from the n-th on. The fault is consumed when it has happened once.
    pub fn always(mut self) -> Self {
        self.times = Times::Always;
        self
    }

    pub(crate) fn first(&self) -> u64 {
        self.nth.unwrap_or(1)
    }

    pub(crate) const fn how_often(&self) -> Times {
        self.times
    }

    pub(crate) fn matches(&self, request: &Subject<'_>) -> bool {
        self.method
            .as_ref()
            .is_none_or(|method| method == request.method)
            && self
                .bucket
                .as_deref()
                .is_none_or(|bucket| request.bucket == Some(bucket))
            && self.key.as_deref().is_none_or(|key| request.key == key)
            && self
                .key_prefix
                .as_deref()
                .is_none_or(|prefix| request.key.starts_with(prefix))
            && self
                .query
                .as_deref()
                .is_none_or(|text| request.query.contains(text))
            && self
                .range
                .as_ref()
                .is_none_or(|range| request.range == range.as_deref())
            && self
                .range_from
                .is_none_or(|first| request.range_starts_at(first))
    }
}

/// How often a fault happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Times {
    Limited(u64),
    Always,
}

impl Default for Times {
    fn default() -> Self {
        Self::Limited(1)
    }
}

impl fmt::Display for When {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.method {
            Some(method) => write!(f, "{method}")?,
            None => f.write_str("any request")?,
        }
        for (name, value) in [
            ("bucket", &self.bucket),
            ("key", &self.key),
            ("key prefix", &self.key_prefix),
            ("query", &self.query),
        ] {
            if let Some(value) = value {
                write!(f, ", {name} {value:?}")?;
            }
        }
        match &self.range {
            Some(Some(range)) => write!(f, ", range {range:?}")?,
            Some(None) => f.write_str(", without range")?,
            None => {}
        }
        if let Some(first) = self.range_from {
            write!(f, ", range from {first}")?;
        }
        write!(f, ", number {}", self.first())?;
        match self.times {
            Times::Limited(1) => Ok(()),
            Times::Limited(times) => write!(f, ", {times} times"),
            Times::Always => f.write_str(", always"),
        }
    }
}

/// What the conditions look at.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Subject<'a> {
    pub(crate) method: &'a Method,
    pub(crate) bucket: Option<&'a str>,
    pub(crate) key: &'a str,
    pub(crate) query: &'a str,
    pub(crate) range: Option<&'a str>,
}

impl Subject<'_> {
    fn range_starts_at(&self, first: u64) -> bool {
        self.range
            .and_then(|range| range.strip_prefix("bytes="))
            .and_then(|range| range.split_once('-'))
            .is_some_and(|(start, _)| start.parse() == Ok(first))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SUBJECT: Subject<'static> = Subject {
        method: &Method::GET,
        bucket: Some("b-1"),
        key: "a/b",
        query: "versionId=7",
        range: Some("bytes=1024-2047"),
    };

    #[test]
    fn every_condition_must_hold() {
        let when = When::get()
            .bucket("b-1")
            .key("a/b")
            .key_prefix("a/")
            .query("versionId");
        assert!(
            when.clone()
                .range("bytes=1024-2047")
                .range_from(1024)
                .matches(&SUBJECT)
        );
        for other in [
            When::head(),
            when.clone().key("a"),
            When::any().bucket("c-1"),
            When::any().key_prefix("b"),
            When::any().query("marker"),
            When::any().range_from(102),
            When::any().without_range(),
        ] {
            assert!(!other.matches(&SUBJECT), "{other}");
        }
    }

    #[test]
    fn conditions_are_told_in_words() {
        let when = When::get().key("a b").range_from(3).nth(2).times(4);
        assert_eq!(
            when.to_string(),
            "GET, key \"a b\", range from 3, number 2, 4 times"
        );
    }
}
