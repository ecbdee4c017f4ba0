//! Fuzz targets of the cos crates: one function a target, and a thin binary around it in `fuzz_targets/`.
//!
//! With [cargo-fuzz](https://crates.io/crates/cargo-fuzz), from the workspace's root:
//!
//! ```sh
//! cargo fuzz run -s none object_listing fuzz/seeds/object_listing        # stable, without sanitizers
//! cargo +nightly fuzz run object_listing fuzz/seeds/object_listing       # nightly, with them
//! cargo run -p cos-fuzz --bin object_listing -- fuzz/artifacts/object_listing/crash-…   # replay a finding
//! ```
//!
//! The seeds of every target are replayed by the ordinary tests. A target panics when a promise is broken: what is accepted
//! must survive being written and read again, and nothing may panic by itself.

use std::{env, fs, process::ExitCode, time::Duration};

use cos_proto::{
    Bucket, ByteRange, ContentRange, Endpoint, Failure, GetObject, Key, ListBuckets,
    ListObjectVersions, ListObjects, Region, ServiceError, UnsatisfiedRange, uri,
};
use cos_sign::{Credentials, Head, KeyTime, Refusal, SigningKey, verify};

/// What a target is given bytes through.
pub type Target = fn(&[u8]);

/// Every target, by its name: that of its binary and of its folder in `seeds/`.
pub const TARGETS: &[(&str, Target)] = &[
    ("bucket_listing", bucket_listing),
    ("content_range", content_range),
    ("object_listing", object_listing),
    ("request_target", request_target),
    ("service_error", service_error),
    ("sign_verify", sign_verify),
    ("url_decoding", url_decoding),
    ("version_listing", version_listing),
];

/// A page of objects, from the body of an answer.
pub fn object_listing(data: &[u8]) {
    let Ok(page) = ListObjects::new(bucket()).parse(data) else {
        return;
    };
    assert!(page.objects.len() + page.common_prefixes.len() <= cos_proto::listing::MAX_ENTRIES);
}

/// A page of versions, from the body of an answer.
pub fn version_listing(data: &[u8]) {
    let Ok(page) = ListObjectVersions::new(bucket()).parse(data) else {
        return;
    };
    assert!(page.entries.len() + page.common_prefixes.len() <= cos_proto::listing::MAX_ENTRIES);
}

/// A page of buckets, from the body of an answer.
pub fn bucket_listing(data: &[u8]) {
    let Ok(page) = ListBuckets::new().parse(data) else {
        return;
    };
    assert!(page.buckets.len() <= cos_proto::listing::MAX_ENTRIES);
}

/// The body of an answer that is not 2xx; the first two bytes choose the status.
pub fn service_error(data: &[u8]) {
    let Some((status, body)) = data.split_first_chunk::<2>() else {
        return;
    };
    let status = 300 + u16::from_le_bytes(*status) % 300;
    let answer = http::Response::builder()
        .status(status)
        .body(())
        .expect("300 to 599");
    let (head, ()) = answer.into_parts();
    let error = ServiceError::read(&head, body);
    assert_eq!(error.status().as_u16(), status);
    assert!(
        !error.to_string().contains(|c: char| c.is_control()),
        "a server's control character reaches the terminal"
    );
    let _ = Failure::of(&error).is_retryable();
}

/// `Content-Range`, and `Range` as a user writes it: what is accepted is written back as it was.
pub fn content_range(data: &[u8]) {
    let Ok(text) = str::from_utf8(data) else {
        return;
    };
    if let Ok(range) = text.parse::<ContentRange>() {
        assert!(range.first() <= range.last() && range.last() < range.complete());
        assert_eq!(range.to_string().parse(), Ok(range));
    }
    if let Ok(range) = text.parse::<UnsatisfiedRange>() {
        assert_eq!(range.to_string().parse(), Ok(range));
    }
    if let Ok(range) = text.parse::<ByteRange>() {
        assert_eq!(range.to_string().parse(), Ok(range));
        if let Some(resolved) = range.resolve(1000) {
            assert!(resolved.start < resolved.end && resolved.end <= 1000);
        }
    }
}

/// Percent-decoding: what decodes comes back from its encoded form, in a path and in a query.
pub fn url_decoding(data: &[u8]) {
    let Ok(text) = str::from_utf8(data) else {
        return;
    };
    assert_eq!(uri::decode(&uri::encode_path(text)).as_deref(), Ok(text));
    assert_eq!(
        uri::decode(&uri::encode_query_component(text)).as_deref(),
        Ok(text)
    );
    if let Ok(decoded) = uri::decode(text) {
        assert_eq!(uri::decode(&uri::encode_path(&decoded)), Ok(decoded));
    }
}

/// A key on its way to the wire: the request target says the key, byte for byte, or there is no request.
pub fn request_target(data: &[u8]) {
    let Some(key) = str::from_utf8(data)
        .ok()
        .and_then(|text| Key::new(text).ok())
    else {
        return;
    };
    let Ok(request) = GetObject::new(bucket(), key.clone()).to_request(&endpoint()) else {
        return;
    };
    let path = request.uri().path();
    assert_eq!(uri::decode(path), Ok(format!("/{key}")));
    assert_eq!(request.uri().query(), None);
    assert_ne!(path.trim_matches('/'), "", "GET Object would be GET Bucket");
}

/// A request with these bytes as its path and query: what is signed is verified.
pub fn sign_verify(data: &[u8]) {
    let Ok(target) = http::Uri::try_from(data) else {
        return;
    };
    let Ok(mut request) = http::Request::get(target)
        .header("host", "example.com")
        .body(())
    else {
        return;
    };
    let now = Duration::from_secs(1_557_989_753);
    let credentials = Credentials::new("AKIDexample", "examplesecretkey").expect("no blanks");
    let key_time = KeyTime::starting(now, Duration::from_secs(60));
    let lookup = |_: &str| Some(credentials.clone());

    // Whatever the bytes say, they are no signature of this key.
    assert!(verify(Head::from(&request), lookup, now).is_err());
    if SigningKey::derive(&credentials, key_time)
        .sign(&mut request)
        .is_ok()
    {
        match verify(Head::from(&request), lookup, now) {
            // A session token in the query, where the credentials have none.
            Ok(_) | Err(Refusal::TokenUnexpected) => {}
            Err(refusal) => panic!("{}: {refusal}", request.uri()),
        }
    }
}

/// Runs a target over the files that the arguments name: for a finding, without the fuzzer.
pub fn replay(target: Target) -> ExitCode {
    for path in env::args_os().skip(1) {
        match fs::read(&path) {
            Ok(data) => target(&data),
            Err(error) => {
                eprintln!("error: {}: {error}", path.display());
                return ExitCode::FAILURE;
            }
        }
    }
    ExitCode::SUCCESS
}

fn bucket() -> Bucket {
    Bucket::new("examplebucket-1250000000").expect("a bucket's name")
}

fn endpoint() -> Endpoint {
    Endpoint::region(Region::new("ap-beijing").expect("a region's name"))
}
