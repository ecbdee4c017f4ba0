//! What the tests share: vectors, requests, and the search for a change that goes unnoticed.

use std::{fmt::Write as _, time::Duration};

use cos_sign::{Credentials, Head, KeyTime, Refusal, SigningKey, Verified, verify};
use http::{HeaderMap, HeaderValue, Request, Uri};
use serde_json::Value;

/// The id of the vendor's documents; the secret key that belongs to it is with each vector.
pub(crate) const SECRET_ID: &str = "AKIDQjz3ltompVjBni5LitkHHFlFpwkn7U5H";

/// The text of a field of a vector.
pub(crate) fn text<'a>(vector: &'a Value, field: &str) -> &'a str {
    vector[field].as_str().unwrap()
}

/// The names and values of a field of a vector: a list of pairs, or an object.
pub(crate) fn pairs<'a>(vector: &'a Value, field: &str) -> Vec<(&'a str, &'a str)> {
    match &vector[field] {
        Value::Object(object) => object
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str().unwrap()))
            .collect(),
        list => list
            .as_array()
            .unwrap()
            .iter()
            .map(|pair| (pair[0].as_str().unwrap(), pair[1].as_str().unwrap()))
            .collect(),
    }
}

/// Percent-encodes all but letters, digits and slashes: more than is needed, and so not what the
/// crate itself would write.
pub(crate) fn encode(bytes: impl AsRef<[u8]>) -> String {
    let mut encoded = String::new();
    for &byte in bytes.as_ref() {
        if byte.is_ascii_alphanumeric() || byte == b'/' {
            encoded.push(char::from(byte));
        } else {
            write!(encoded, "%{byte:02x}").unwrap();
        }
    }
    encoded
}

/// A query of these parameters.
pub(crate) fn query(params: &[(&str, &str)]) -> String {
    let params: Vec<_> = params
        .iter()
        .map(|(name, value)| format!("{}={}", encode(name), encode(value)))
        .collect();
    params.join("&")
}

/// A request for `target`, a path and a query, at `host`.
pub(crate) fn request(
    method: &str,
    host: &str,
    target: &str,
    headers: &[(&str, &str)],
) -> Request<()> {
    let mut request = Request::builder()
        .method(method.to_uppercase().as_str())
        .uri(format!("https://{host}{target}"));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(()).unwrap()
}

/// A signing key of these credentials for the time of a vector.
pub(crate) fn key(credentials: &Credentials, key_time: &str) -> SigningKey {
    SigningKey::derive(credentials, key_time.parse().unwrap())
}

/// Verifies a request in the midst of its time, by one who knows these credentials alone.
pub(crate) fn check<B>(
    request: &Request<B>,
    credentials: &Credentials,
    key_time: &str,
) -> Result<Verified, Refusal> {
    let key_time: KeyTime = key_time.parse().unwrap();
    let now = Duration::from_secs(u64::midpoint(key_time.start(), key_time.end()));
    let lookup = |id: &str| (id == credentials.secret_id()).then(|| credentials.clone());
    verify(Head::from(request), lookup, now)
}

/// Changes one byte of a request after the other, each into several others, and panics if one of
/// the changed requests is accepted that does not mean the same: everything that is signed is
/// tried, which is the method, the URI, the signed headers and the `Authorization` header.
pub(crate) fn refuses_every_change(
    request: &Request<()>,
    credentials: &Credentials,
    key_time: &str,
) {
    let verified = check(request, credentials, key_time).unwrap();
    let accepted = |changed: &Request<()>| check(changed, credentials, key_time).is_ok();
    let mut changed = request.clone();
    let mut tried = 0_u32;

    for method in ["GET", "HEAD", "PUT", "POST", "GEU", "G"] {
        if request.method() != method {
            *changed.method_mut() = method.parse().unwrap();
            assert!(!accepted(&changed), "accepted: {method}");
        }
    }
    changed.method_mut().clone_from(request.method());

    let target = request.uri().path_and_query().unwrap().as_str();
    for uri in changes(target.as_bytes()).filter_map(|target| with_target(request.uri(), target)) {
        *changed.uri_mut() = uri;
        assert!(
            !accepted(&changed) || meaning(changed.uri()) == meaning(request.uri()),
            "accepted: {}",
            changed.uri()
        );
        tried += 1;
    }
    changed.uri_mut().clone_from(request.uri());

    let signed: Vec<_> = verified.header_list().split(';').collect();
    for (name, value) in request.headers() {
        if name == "authorization" || signed.contains(&name.as_str()) {
            for other in changes(value.as_bytes()).filter_map(|value| header_value(&value)) {
                changed.headers_mut().insert(name, other);
                assert!(
                    !accepted(&changed),
                    "accepted: {name} {:?}",
                    changed.headers()[name]
                );
                tried += 1;
            }
            changed.headers_mut().insert(name, value.clone());
        }
    }
    assert!(accepted(&changed), "the changes were not all taken back");
    assert!(tried > 100, "{tried} changes are too few");
}

/// The bytes with one changed, for each: into a neighbour, into the other case, and into a
/// separator, a digit or a byte that is not ASCII, which take turns; where the property tests run
/// with a count of their own, as in `.ci/run long`, into all of them.
fn changes(bytes: &[u8]) -> impl Iterator<Item = Vec<u8>> {
    const OTHERS: [u8; 8] = *b"&=%+/0 \xc3";
    let all = std::env::var_os("PROPTEST_CASES").is_some();
    (0..bytes.len()).flat_map(move |position| {
        let byte = bytes[position];
        let turn = OTHERS[position % OTHERS.len()];
        let others = OTHERS
            .into_iter()
            .filter(move |&other| all || other == turn);
        [byte ^ 1, byte ^ 0x20]
            .into_iter()
            .chain(others)
            .filter(move |&other| other != byte)
            .map(move |other| {
                let mut changed = bytes.to_vec();
                changed[position] = other;
                changed
            })
    })
}

fn header_value(bytes: &[u8]) -> Option<HeaderValue> {
    HeaderValue::from_bytes(bytes).ok()
}

fn with_target(uri: &Uri, target: Vec<u8>) -> Option<Uri> {
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = Some(target.try_into().ok()?);
    Uri::from_parts(parts).ok()
}

/// What a service understands of a URI: the decoded path, and the decoded parameters in no order.
/// The names are in lower case, since the algorithm cannot tell the cases apart; but not those of
/// the signature itself, which are known in lower case alone.
fn meaning(uri: &Uri) -> (Vec<u8>, Vec<Param>) {
    let mut params: Vec<_> = uri
        .query()
        .unwrap_or_default()
        .split('&')
        .filter(|param| !param.is_empty())
        .map(|param| {
            let param = param.replace('+', "%20");
            let (name, value) = param.split_once('=').unwrap_or((&param, ""));
            let name = decode(name);
            let lower = name.to_ascii_lowercase();
            let name = if lower.starts_with(b"q-") {
                name
            } else {
                lower
            };
            (name, decode(value))
        })
        .collect();
    params.sort();
    (decode(uri.path()), params)
}

type Param = (Vec<u8>, Vec<u8>);

fn decode(text: &str) -> Vec<u8> {
    percent_encoding::percent_decode_str(text).collect()
}

/// The headers of a request without `Authorization`.
pub(crate) fn headers_beside_signature(request: &Request<()>) -> HeaderMap {
    let mut headers = request.headers().clone();
    headers.remove("authorization");
    headers
}
