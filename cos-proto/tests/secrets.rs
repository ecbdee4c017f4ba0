//! Canary values for everything secret that a value of this crate can hold: none is shown.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use cos_proto::{
    Bucket, Endpoint, Failure, GetObject, HeadObject, Key, Region, ServiceError, SseCustomerKey,
};
use http::Response;

const KEY: [u8; 32] = *b"CANARYCANARYCANARYCANARYCANARY_0";
/// Base64 of the key and of its MD5.
const KEY_BASE64: &str = "Q0FOQVJZQ0FOQVJZQ0FOQVJZQ0FOQVJZQ0FOQVJZXzA=";

fn shown(value: &impl std::fmt::Debug) -> String {
    format!("{value:?} {value:#?}")
}

fn assert_silent(text: &str) {
    let key = SseCustomerKey::new(&KEY);
    let request = GetObject::new(Bucket::new("b-1").unwrap(), Key::new("k").unwrap())
        .sse_c(key)
        .to_request(&Endpoint::region(Region::new("r").unwrap()))
        .unwrap();
    let md5 = request.headers()["x-cos-server-side-encryption-customer-key-md5"]
        .to_str()
        .unwrap();
    for secret in ["CANARY", KEY_BASE64, md5, "67, 65, 78"] {
        assert!(!text.contains(secret), "{secret} in {text}");
    }
}

#[test]
fn a_customers_key_is_shown_by_nothing_that_holds_it() {
    let key = SseCustomerKey::new(&KEY);
    assert_eq!(key, SseCustomerKey::from_base64(KEY_BASE64).unwrap());
    let get =
        GetObject::new(Bucket::new("b-1").unwrap(), Key::new("k").unwrap()).sse_c(key.clone());
    let head = HeadObject::from(&get);
    let endpoint = Endpoint::region(Region::new("ap-beijing").unwrap());
    assert_silent(&shown(&key));
    assert_silent(&shown(&get));
    assert_silent(&shown(&head));
    // The headers are marked as sensitive, so that `http` does not show them either.
    assert_silent(&shown(&get.to_request(&endpoint).unwrap()));
    assert_silent(&shown(&head.to_request(&endpoint).unwrap()));
    let http = endpoint.with_scheme(http::uri::Scheme::HTTP).unwrap();
    let error = get.to_request(&http).unwrap_err();
    assert_silent(&format!("{error} {}", shown(&error)));
    let error = SseCustomerKey::from_base64("CANARY").unwrap_err();
    assert_silent(&format!("{error} {}", shown(&error)));
}

#[test]
fn a_refused_signature_is_shown_without_what_was_signed() {
    let (head, ()) = Response::builder()
        .status(403)
        .header("location", "https://h/?q-signature=CANARY")
        .header("set-cookie", "CANARY")
        .body(())
        .unwrap()
        .into_parts();
    let body = "<Error><Code>SignatureDoesNotMatch</Code><Message>/k?q-signature=CANARY</Message>\
                <Resource>h/k?q-ak=a&amp;q-sign-time=1&amp;q-signature=CANARY</Resource>\
                <FormatString>get\n/k\n\nx-cos-security-token=CANARY\n</FormatString></Error>";
    let error = ServiceError::read(&head, body.as_bytes());
    assert!(error.format_string().unwrap().contains("CANARY"));
    assert_silent(&format!("{error} {}", shown(&error)));
    assert_silent(&shown(&Failure::of(&error)));
}

#[test]
fn headers_of_an_answer_are_shown_by_name_only() {
    let (head, ()) = Response::builder()
        .status(200)
        .header("content-length", "5")
        .header("set-cookie", "CANARY")
        .header("x-cos-meta-note", "CANARY")
        .header("x-cos-server-side-encryption-customer-key-md5", "CANARY")
        .body(())
        .unwrap()
        .into_parts();
    let get = GetObject::new(Bucket::new("b-1").unwrap(), Key::new("k").unwrap());
    let (object, guard) = get.judge(&head).unwrap();
    assert_silent(&shown(&object));
    assert_silent(&shown(&guard));
    assert!(shown(&object).contains("x-cos-meta-note"));
}
