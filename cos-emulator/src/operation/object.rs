//! GET Object and HEAD Object (documentation 436/7753, 436/7745).

use http::{HeaderName, HeaderValue, StatusCode, header};

use super::Call;
use crate::{
    access::Caller,
    answer::{Answer, Payload},
    clock::http_date,
    conditions::{Verdict, judge},
    range::{Asked, asked},
    refusal::Refusal,
    store::{Bucket, Missing, Stored},
};

/// Bytes of a key at most.
const MAX_KEY: usize = 1024;

/// Bits per second that `x-cos-traffic-limit` may ask for (documentation 436/7753).
const TRAFFIC_LIMITS: std::ops::RangeInclusive<u64> = 819_200..=838_860_800;

/// Headers of the answer that a signed request may override.
const OVERRIDES: [(&str, HeaderName); 6] = [
    ("response-cache-control", header::CACHE_CONTROL),
    ("response-content-disposition", header::CONTENT_DISPOSITION),
    ("response-content-encoding", header::CONTENT_ENCODING),
    ("response-content-language", header::CONTENT_LANGUAGE),
    ("response-content-type", header::CONTENT_TYPE),
    ("response-expires", header::EXPIRES),
];

pub(super) fn answer(bucket: &Bucket, call: &Call) -> Result<Answer, Refusal> {
    if call.target.key.len() > MAX_KEY {
        return Err(Refusal::key_too_long());
    }
    let traffic_limit = traffic_limit(call)?;
    let overrides = overrides(call)?;
    let stored = open(bucket, call)?;

    let size = stored.content.len();
    let mut answer = Answer::empty(StatusCode::OK);
    set_headers(&mut answer, &stored);
    match judge(&call.head.headers, &stored.etag, stored.modified.as_secs()) {
        Verdict::Failed => return Err(Refusal::precondition_failed()),
        Verdict::NotModified => {
            answer.status = StatusCode::NOT_MODIFIED;
            answer.headers.remove(header::CONTENT_TYPE);
            return Ok(answer);
        }
        Verdict::Proceed => {}
    }
    if stored.archived && call.head.method == http::Method::GET {
        return Err(Refusal::new(
            StatusCode::FORBIDDEN,
            "InvalidObjectState",
            "The operation is not valid for the object's storage class",
        ));
    }
    for (name, value) in overrides {
        answer.headers.insert(name, value);
    }
    answer.traffic_limit = traffic_limit;
    answer.body = Payload::of(stored.content);
    match asked(call.range(), size) {
        Asked::Whole => {}
        Asked::Part(range) => {
            answer.status = StatusCode::PARTIAL_CONTENT;
            set_content_range(&mut answer, range.start, range.end.saturating_sub(1), size);
            answer.body.range = range;
        }
        Asked::Unsatisfiable => return Err(unsatisfiable(size)),
    }
    Ok(answer)
}

fn open(bucket: &Bucket, call: &Call) -> Result<Stored, Refusal> {
    let version = call.param("versionId");
    bucket
        .open(&call.target.key, version)
        .map_err(|missing| match missing {
            Missing::Key => Refusal::no_such_key(),
            Missing::Version => Refusal::no_such_version(),
            Missing::Deleted { version_id } => {
                let refusal = Refusal::no_such_key().header(
                    HeaderName::from_static("x-cos-delete-marker"),
                    HeaderValue::from_static("true"),
                );
                match HeaderValue::try_from(version_id) {
                    Ok(id) => refusal.header(HeaderName::from_static("x-cos-version-id"), id),
                    Err(_) => refusal,
                }
            }
            Missing::Io(error) => {
                tracing::warn!(%error, "cannot read an object");
                Refusal::internal_error()
            }
        })
}

fn set_headers(answer: &mut Answer, stored: &Stored) {
    let headers = &mut answer.headers;
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/octet-stream"),
    );
    headers.extend(stored.headers.clone());
    headers.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    if let Some(class) = &stored.class {
        headers.insert("x-cos-storage-class", class.clone());
    }
    if let Some(crc64) = stored.crc64 {
        headers.insert("x-cos-hash-crc64ecma", crc64.into());
    }
    let texts = [
        (header::ETAG, Some(stored.etag.clone())),
        (header::LAST_MODIFIED, Some(http_date(stored.modified))),
        (
            HeaderName::from_static("x-cos-version-id"),
            stored.version_id.clone(),
        ),
    ];
    for (name, text) in texts {
        if let Some(value) = text.and_then(|text| HeaderValue::try_from(text).ok()) {
            headers.insert(name, value);
        }
    }
}

fn set_content_range(answer: &mut Answer, first: u64, last: u64, size: u64) {
    if let Ok(value) = HeaderValue::try_from(format!("bytes {first}-{last}/{size}")) {
        answer.headers.insert(header::CONTENT_RANGE, value);
    }
}

fn unsatisfiable(size: u64) -> Refusal {
    let refusal = Refusal::new(
        StatusCode::RANGE_NOT_SATISFIABLE,
        "InvalidRange",
        "The requested range is not satisfiable",
    );
    match HeaderValue::try_from(format!("bytes */{size}")) {
        Ok(value) => refusal.header(header::CONTENT_RANGE, value),
        Err(_) => refusal,
    }
}

/// The limit that was asked for, in bytes per second.
fn traffic_limit(call: &Call) -> Result<Option<u64>, Refusal> {
    let name = "x-cos-traffic-limit";
    let Some(text) = call.header(name).or_else(|| call.param(name)) else {
        return Ok(None);
    };
    match text
        .parse()
        .ok()
        .filter(|bits| TRAFFIC_LIMITS.contains(bits))
    {
        Some(bits) => Ok(Some(bits / 8)),
        None => Err(Refusal::invalid_argument(
            "The traffic limit must be between 819200 and 838860800 bits per second.",
        )),
    }
}

fn overrides(call: &Call) -> Result<Vec<(HeaderName, HeaderValue)>, Refusal> {
    let mut overrides = Vec::new();
    for (param, name) in OVERRIDES {
        let Some(value) = call.param(param) else {
            continue;
        };
        if call.caller == Caller::Anonymous {
            return Err(Refusal::new(
                StatusCode::BAD_REQUEST,
                "InvalidRequest",
                "Request specific response headers cannot be used for anonymous GET requests.",
            ));
        }
        let value = HeaderValue::try_from(value).map_err(|_| {
            Refusal::invalid_argument(format!("The value of {param} cannot be a header."))
        })?;
        overrides.push((name, value));
    }
    Ok(overrides)
}
