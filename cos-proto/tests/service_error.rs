//! Answers that are no success, read.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::time::Duration;

use cos_proto::ServiceError;
use http::response::Parts;
use http::{HeaderName, HeaderValue, Response, StatusCode};
use proptest::prelude::*;

fn head(status: u16, headers: &[(&'static str, &str)]) -> Parts {
    let mut response = Response::new(());
    *response.status_mut() = StatusCode::from_u16(status).unwrap();
    for (name, value) in headers {
        let value = HeaderValue::from_bytes(value.as_bytes()).unwrap();
        response
            .headers_mut()
            .append(HeaderName::from_static(name), value);
    }
    response.into_parts().0
}

/// The form of documentation page 436/7730, with the elements that a refused signature adds.
const MISMATCH: &str = "<?xml version='1.0' encoding='utf-8' ?>
<Error>
\t<Code>SignatureDoesNotMatch</Code>
\t<Message>The Signature you specified is invalid.</Message>
\t<StringToSign>sha1\n1557989151;1557996351\n5dd3</StringToSign>
\t<FormatString>get\n/a b\nx-cos-security-token=CANARY\nhost=h\n</FormatString>
\t<Resource>examplebucket-1250000000.cos.ap-beijing.myqcloud.com/a b</Resource>
\t<RequestId>NWQwMTkyZDJfMzcxYjU4NjRfN2E0OF8xOGMy</RequestId>
\t<TraceId>OGVmYzZiMmQzYjA2OWNhODk0NTRkMTBiOWVmMDAxODc=</TraceId>
</Error>
";

#[test]
fn every_element_of_the_body_is_read() {
    let error = ServiceError::read(&head(403, &[]), MISMATCH.as_bytes());
    assert_eq!(error.status(), StatusCode::FORBIDDEN);
    assert_eq!(error.code(), Some("SignatureDoesNotMatch"));
    assert_eq!(
        error.message(),
        Some("The Signature you specified is invalid.")
    );
    assert_eq!(
        error.string_to_sign(),
        Some("sha1\n1557989151;1557996351\n5dd3")
    );
    assert_eq!(
        error.format_string(),
        Some("get\n/a b\nx-cos-security-token=CANARY\nhost=h\n")
    );
    assert_eq!(
        error.resource(),
        Some("examplebucket-1250000000.cos.ap-beijing.myqcloud.com/a b")
    );
    assert_eq!(
        error.request_id(),
        Some("NWQwMTkyZDJfMzcxYjU4NjRfN2E0OF8xOGMy")
    );
    assert_eq!(
        error.trace_id(),
        Some("OGVmYzZiMmQzYjA2OWNhODk0NTRkMTBiOWVmMDAxODc=")
    );
    assert_eq!(error.body(), MISMATCH.as_bytes());
    assert_eq!(
        error.to_string(),
        "403 SignatureDoesNotMatch: The Signature you specified is invalid."
    );
    assert_eq!(error.our_string_to_sign(), None);
    assert_eq!(
        error.with_our_string_to_sign("ours").our_string_to_sign(),
        Some("ours")
    );
}

#[test]
fn the_error_headers_come_before_the_body() {
    let headers = [
        ("x-cos-error-code", "NoSuchKey"),
        ("x-cos-error-message", "from the header"),
        ("x-cos-request-id", "R"),
        ("x-cos-trace-id", "T"),
    ];
    // To a HEAD there is no body at all.
    for body in [
        "",
        "<Error><Code>AccessDenied</Code><Message>m</Message><RequestId>r</RequestId><Resource>res</Resource></Error>",
    ] {
        let error = ServiceError::read(&head(404, &headers), body.as_bytes());
        assert_eq!(
            (error.code(), error.message()),
            (Some("NoSuchKey"), Some("from the header"))
        );
        assert_eq!(
            (error.request_id(), error.trace_id()),
            (Some("R"), Some("T"))
        );
        assert_eq!(error.resource().is_some(), !body.is_empty());
    }
}

#[test]
fn a_status_alone_is_an_error_too() {
    let error = ServiceError::read(&head(404, &[]), b"");
    assert_eq!(
        (error.code(), error.message(), error.request_id()),
        (None, None, None)
    );
    assert_eq!(error.to_string(), "404 Not Found");
    assert_eq!(ServiceError::read(&head(599, &[]), b"").to_string(), "599");
}

#[test]
fn what_stands_before_a_cut_is_read() {
    let cut = MISMATCH.find("<Resource>").unwrap();
    let error = ServiceError::read(&head(403, &[]), &MISMATCH.as_bytes()[..cut]);
    assert_eq!(error.code(), Some("SignatureDoesNotMatch"));
    assert_eq!(error.resource(), None);
}

#[test]
fn somebody_elses_page_gives_nothing() {
    for body in [
        "<html><head><title>502</title></head><body><Code>x</Code></body></html>",
        "<ListBucketResult><Code>NoSuchKey</Code></ListBucketResult>",
        "{\"Code\": \"NoSuchKey\"}",
        "<!DOCTYPE Error [<!ENTITY a \"aaaa\">]><Error><Code>&a;</Code></Error>",
        "Code",
    ] {
        let error = ServiceError::read(&head(502, &[]), body.as_bytes());
        assert_eq!((error.code(), error.message()), (None, None), "{body}");
        assert_eq!(error.body(), body.as_bytes());
    }
}

#[test]
fn servers_of_another_make_write_almost_the_same() {
    let body = "<?xml version=\"1.0\"?><Error xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Code>NoSuchBucket</Code>\
                <BucketName>b</BucketName><Details><Code>inner</Code></Details><RequestId/></Error>";
    let error = ServiceError::read(&head(404, &[]), body.as_bytes());
    assert_eq!(
        (error.code(), error.request_id()),
        (Some("NoSuchBucket"), None)
    );
}

#[test]
fn the_other_headers_are_read() {
    let headers = [
        ("retry-after", "7"),
        ("date", "Thu, 10 Dec 2020 03:37:30 GMT"),
        ("location", "https://elsewhere.example/"),
        ("content-range", "bytes */100"),
        ("x-cos-delete-marker", "true"),
    ];
    let error = ServiceError::read(&head(416, &headers), b"");
    assert_eq!(
        error.retry_after().unwrap().delay(Duration::ZERO),
        Duration::from_secs(7)
    );
    assert_eq!(error.date().unwrap().since_epoch().as_secs(), 1_607_571_450);
    assert_eq!(error.location(), Some("https://elsewhere.example/"));
    assert_eq!(error.complete_length(), Some(100));
    assert!(error.is_delete_marker());

    let garbage = [
        ("retry-after", "-1"),
        ("date", "now"),
        ("content-range", "bytes */*"),
        ("location", ""),
    ];
    let error = ServiceError::read(&head(416, &garbage), b"");
    assert_eq!(
        (
            error.retry_after(),
            error.date(),
            error.complete_length(),
            error.location()
        ),
        (None, None, None, None)
    );
}

#[test]
fn a_body_beyond_the_limit_is_cut_off() {
    let body = format!(
        "<Error><Code>SlowDown</Code><Message>{}</Message></Error>",
        "m".repeat(ServiceError::MAX_BODY)
    );
    let error = ServiceError::read(&head(503, &[]), body.as_bytes());
    assert_eq!(error.body().len(), ServiceError::MAX_BODY);
    assert_eq!(error.code(), Some("SlowDown"));
}

#[test]
fn control_characters_of_a_server_are_escaped_where_people_read_them() {
    let headers = [
        ("x-cos-error-code", "A\u{9b}2J"),
        ("x-cos-error-message", "a\tb\u{202e}c"),
    ];
    let shown = ServiceError::read(&head(400, &headers), b"").to_string();
    assert_eq!(shown, "400 A\\u{9b}2J: a\\tb\\u{202e}c");
    let body = b"<Error><Code>X</Code><Message>line\nfeed &#x1b;[31m red</Message></Error>";
    let shown = ServiceError::read(&head(400, &[]), body).to_string();
    assert!(!shown.contains(char::is_control), "{shown:?}");
}

#[test]
fn a_presigned_query_that_a_server_repeats_is_cut_off() {
    let query = "?response-expires=0&q-sign-algorithm=sha1&q-ak=AKID&q-signature=CANARY&x-cos-security-token=CANARY";
    let body = format!(
        "<Error><Code>X</Code><Message>bad: /k{0}</Message><Resource>h/k{0}</Resource></Error>",
        query.replace('&', "&amp;")
    );
    let error = ServiceError::read(&head(403, &[]), body.as_bytes());
    assert_eq!(error.resource(), Some("h/k…"));
    assert_eq!(error.message(), Some("bad: /k…"));
    let headers = [("x-cos-error-message", "token X-Cos-Security-Token=CANARY")];
    assert_eq!(
        ServiceError::read(&head(403, &headers), b"").message(),
        Some("token …")
    );
    // A key may have a question mark.
    let body = "<Error><Resource>h/k?v=1</Resource></Error>";
    assert_eq!(
        ServiceError::read(&head(403, &[]), body.as_bytes()).resource(),
        Some("h/k?v=1")
    );
}

proptest! {
    #[test]
    fn arbitrary_bytes_are_read_without_panic(
        status in 100..1000_u16,
        name in prop::sample::select(vec!["x-cos-error-code", "x-cos-error-message", "retry-after", "date", "content-range", "location"]),
        value: Vec<u8>,
        body in prop_oneof![
            prop::collection::vec(any::<u8>(), 0..200),
            "(<Error>|<Code>|</Code>|<Message>|</Message>|</Error>|<!\\[CDATA\\[|\\]\\]>|&amp;|&#x1b;|<a |[a-z<>&\" ]){0,20}".prop_map(String::into_bytes),
        ],
    ) {
        let mut head = head(status, &[]);
        if let Ok(value) = HeaderValue::from_bytes(&value) {
            head.headers.insert(HeaderName::from_static(name), value);
        }
        let error = ServiceError::read(&head, &body);
        prop_assert_eq!(error.body(), body);
        prop_assert!(!error.to_string().contains(char::is_control));
        let _ = cos_proto::Failure::of(&error);
    }
}
