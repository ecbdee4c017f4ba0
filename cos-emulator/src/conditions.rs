//! Conditional requests, in the order of RFC 9110, section 13.2.2.

use http::{HeaderMap, header};

use crate::clock::parse_http_date;

/// What the conditions of a request come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Proceed,
    /// 304.
    NotModified,
    /// 412.
    Failed,
}

/// Judges the conditions for an object with this ETag, last modified at this second.
pub(crate) fn judge(headers: &HeaderMap, etag: &str, modified: u64) -> Verdict {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let date = |name| text(name).and_then(parse_http_date);
    if let Some(tags) = text(header::IF_MATCH) {
        if !any_tag_is(tags, etag, strong) {
            return Verdict::Failed;
        }
    } else if date(header::IF_UNMODIFIED_SINCE).is_some_and(|date| modified > date) {
        return Verdict::Failed;
    }
    if let Some(tags) = text(header::IF_NONE_MATCH) {
        if any_tag_is(tags, etag, weak) {
            return Verdict::NotModified;
        }
    } else if date(header::IF_MODIFIED_SINCE).is_some_and(|date| modified <= date) {
        return Verdict::NotModified;
    }
    Verdict::Proceed
}

/// Whether a list of tags has this one, each read by `compared`. Quotes may be missing, as in many
/// scripts.
fn any_tag_is(tags: &str, etag: &str, compared: fn(&str) -> &str) -> bool {
    let bare = etag.trim_matches('"');
    tags.trim() == "*"
        || tags
            .split(',')
            .any(|tag| compared(tag.trim()).trim_matches('"') == bare)
}

/// Strong comparison, that of `If-Match`: a weak tag is none of ours.
fn strong(tag: &str) -> &str {
    tag
}

/// Weak comparison, that of `If-None-Match`: the mark does not count.
fn weak(tag: &str) -> &str {
    tag.strip_prefix("W/").unwrap_or(tag)
}

#[cfg(test)]
mod tests {
    use http::{HeaderName, HeaderValue};

    use super::*;

    const BEFORE: &str = "Thu, 10 Dec 2020 03:37:29 GMT";
    const AT: &str = "Thu, 10 Dec 2020 03:37:30 GMT";

    fn verdict<const N: usize>(conditions: [(HeaderName, &'static str); N]) -> Verdict {
        let headers = conditions
            .into_iter()
            .map(|(name, value)| (name, HeaderValue::from_static(value)));
        judge(&headers.collect(), "\"abc\"", 1_607_571_450)
    }

    #[test]
    fn each_condition_alone() {
        use header::{IF_MATCH, IF_MODIFIED_SINCE, IF_NONE_MATCH, IF_UNMODIFIED_SINCE};
        assert_eq!(verdict([]), Verdict::Proceed);
        assert_eq!(verdict([(IF_MATCH, "\"abc\"")]), Verdict::Proceed);
        assert_eq!(verdict([(IF_MATCH, "\"x\", abc")]), Verdict::Proceed);
        assert_eq!(verdict([(IF_MATCH, "*")]), Verdict::Proceed);
        assert_eq!(verdict([(IF_MATCH, "\"ab\"")]), Verdict::Failed);
        assert_eq!(verdict([(IF_MATCH, "W/\"abc\"")]), Verdict::Failed);
        assert_eq!(verdict([(IF_NONE_MATCH, "\"abc\"")]), Verdict::NotModified);
        assert_eq!(verdict([(IF_NONE_MATCH, "\"x\"")]), Verdict::Proceed);
        // If-Match compares strongly, If-None-Match weakly.
        assert_eq!(
            verdict([(IF_NONE_MATCH, "\"x\", W/\"abc\"")]),
            Verdict::NotModified
        );
        assert_eq!(verdict([(IF_MODIFIED_SINCE, AT)]), Verdict::NotModified);
        assert_eq!(verdict([(IF_MODIFIED_SINCE, BEFORE)]), Verdict::Proceed);
        assert_eq!(verdict([(IF_UNMODIFIED_SINCE, AT)]), Verdict::Proceed);
        assert_eq!(verdict([(IF_UNMODIFIED_SINCE, BEFORE)]), Verdict::Failed);
        assert_eq!(
            verdict([(IF_UNMODIFIED_SINCE, "yesterday")]),
            Verdict::Proceed
        );
    }

    #[test]
    fn tags_come_before_dates_and_failure_before_not_modified() {
        use header::{IF_MATCH, IF_MODIFIED_SINCE, IF_NONE_MATCH, IF_UNMODIFIED_SINCE};
        let both = [(IF_MATCH, "\"abc\""), (IF_UNMODIFIED_SINCE, BEFORE)];
        assert_eq!(verdict(both), Verdict::Proceed);
        let both = [(IF_NONE_MATCH, "\"x\""), (IF_MODIFIED_SINCE, AT)];
        assert_eq!(verdict(both), Verdict::Proceed);
        let both = [(IF_MATCH, "\"x\""), (IF_NONE_MATCH, "\"abc\"")];
        assert_eq!(verdict(both), Verdict::Failed);
    }
}
