//! The classification, row by row of the service's table of errors.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::error::Error;
use std::fmt;
use std::time::Duration;

use cos_proto::{
    Attempts, BuildError, Failure, GuardError, JudgeError, ListObjects, Missing, RetryAfter,
    ServiceError, Timestamp,
};
use http::{Response, StatusCode};

fn error(status: u16, code: &str, message: &str) -> ServiceError {
    let (head, ()) = Response::builder()
        .status(status)
        .header("date", "Thu, 10 Dec 2020 03:37:30 GMT")
        .body(())
        .unwrap()
        .into_parts();
    let body = format!("<Error><Code>{code}</Code><Message>{message}</Message></Error>");
    ServiceError::read(
        &head,
        if code.is_empty() {
            b""
        } else {
            body.as_bytes()
        },
    )
}

fn of(status: u16, code: &str) -> Failure {
    Failure::of(&error(status, code, ""))
}

fn client(status: u16) -> Failure {
    Failure::Client {
        status: StatusCode::from_u16(status).unwrap(),
    }
}

fn server(status: u16) -> Failure {
    Failure::Server {
        status: StatusCode::from_u16(status).unwrap(),
        retry_after: None,
    }
}

#[test]
fn every_code_of_the_service_has_its_class() {
    let date = Some(Timestamp::parse_rfc3339("2020-12-10T03:37:30Z").unwrap());
    let throttled = Failure::Throttled { retry_after: None };
    for (status, code, expected) in [
        (301, "PermanentRedirect", Failure::Redirect),
        (302, "Found", Failure::Redirect),
        (307, "TemporaryRedirect", Failure::Redirect),
        (307, "Redirect", Failure::Redirect),
        (308, "", Failure::Redirect),
        (304, "", Failure::NotModified),
        (400, "InvalidArgument", client(400)),
        (400, "InvalidRequest", client(400)),
        (400, "InvalidURI", client(400)),
        (400, "KeyTooLong", client(400)),
        (400, "InvalidBucketName", client(400)),
        (400, "InvalidRegionName", client(400)),
        (400, "MissingHost", client(400)),
        (400, "NoSuchVersion", Failure::NotFound(Missing::Version)),
        (404, "NoSuchVersion", Failure::NotFound(Missing::Version)),
        (400, "SsecDecryptHeaderInvalid", client(400)),
        (400, "SSEHeaderNotAllowed", client(400)),
        (400, "BucketAccelerateNotEnabled", client(400)),
        (400, "ActionAccelerateNotSupported", client(400)),
        (400, "BucketVersionNotOpen", client(400)),
        (400, "EntitySizeNotMatch", client(400)),
        (400, "IncompleteBody", client(400)),
        (400, "RequestTimeout", Failure::RequestTimeout),
        (400, "RequestTimeOut", Failure::RequestTimeout),
        (400, "UserNetworkTooSlow", Failure::RequestTimeout),
        (408, "", Failure::RequestTimeout),
        (400, "ExpiredToken", Failure::Expired),
        (403, "ExpiredToken", Failure::Expired),
        (401, "", Failure::Denied),
        (402, "PaymentRequired", client(402)),
        (403, "AccessDenied", Failure::Denied),
        (403, "AccessForbidden", Failure::Denied),
        (403, "InvalidAccessKeyId", Failure::Denied),
        (403, "SignatureDoesNotMatch", Failure::Denied),
        (403, "PathStyleDomainForbidden", Failure::Denied),
        (403, "SomethingNew", Failure::Denied),
        (403, "", Failure::Denied),
        (403, "InvalidObjectState", Failure::Archived),
        (409, "InvalidObjectState", Failure::Archived),
        (
            403,
            "RequestTimeTooSkewed",
            Failure::Skewed { server: date },
        ),
        (403, "Request has expired", Failure::Skewed { server: date }),
        (404, "NoSuchBucket", Failure::NotFound(Missing::Bucket)),
        (404, "NoSuchKey", Failure::NotFound(Missing::Key)),
        (404, "NoSuchResource", Failure::NotFound(Missing::Unknown)),
        (404, "", Failure::NotFound(Missing::Unknown)),
        (405, "MethodNotAllowed", client(405)),
        (409, "PathConflict", client(409)),
        (409, "RestoreAlreadyInProgress", client(409)),
        (411, "MissingContentLength", client(411)),
        (412, "PreconditionFailed", Failure::PreconditionFailed),
        (412, "", Failure::PreconditionFailed),
        (
            416,
            "InvalidRange",
            Failure::RangeNotSatisfiable { complete: None },
        ),
        (416, "", Failure::RangeNotSatisfiable { complete: None }),
        (429, "", throttled),
        (429, "TooManyRequests", throttled),
        (451, "UnavailableForLegalReasons", client(451)),
        (451, "DomainAuditFailed", client(451)),
        (500, "InternalError", server(500)),
        (500, "InternalErrror", server(500)),
        (500, "KmsInternalException", server(500)),
        (500, "NoSuchKey", server(500)),
        (501, "NotImplemented", server(501)),
        (502, "", server(502)),
        (503, "ServiceUnavailable", server(503)),
        (503, "", server(503)),
        (503, "SlowDown", throttled),
        (503, "KmsFreqControl", throttled),
        (504, "", server(504)),
        (599, "", server(599)),
        (200, "", Failure::InvalidResponse),
        (101, "", Failure::InvalidResponse),
        (600, "", Failure::InvalidResponse),
    ] {
        assert_eq!(of(status, code), expected, "{status} {code}");
    }
}

#[test]
fn a_code_means_the_same_under_every_4xx_and_beyond_only_that_it_is_a_matter_of_pace() {
    let date = Some(Timestamp::parse_rfc3339("2020-12-10T03:37:30Z").unwrap());
    let throttled = Failure::Throttled { retry_after: None };
    let outside = Failure::RangeNotSatisfiable { complete: None };
    let skewed = Failure::Skewed { server: date };
    // What it means under a 4xx, where it says more than the status; whether it paces under a 5xx.
    for (code, meaning, paces) in [
        (
            "NoSuchBucket",
            Some(Failure::NotFound(Missing::Bucket)),
            false,
        ),
        ("NoSuchKey", Some(Failure::NotFound(Missing::Key)), false),
        (
            "NoSuchVersion",
            Some(Failure::NotFound(Missing::Version)),
            false,
        ),
        ("ExpiredToken", Some(Failure::Expired), false),
        ("RequestTimeTooSkewed", Some(skewed), false),
        ("Request has expired", Some(skewed), false),
        ("AccessDenied", Some(Failure::Denied), false),
        ("AccessForbidden", Some(Failure::Denied), false),
        ("InvalidAccessKeyId", Some(Failure::Denied), false),
        ("SignatureDoesNotMatch", Some(Failure::Denied), false),
        ("InvalidObjectState", Some(Failure::Archived), false),
        (
            "PreconditionFailed",
            Some(Failure::PreconditionFailed),
            false,
        ),
        ("InvalidRange", Some(outside), false),
        ("RequestTimeout", Some(Failure::RequestTimeout), false),
        ("RequestTimeOut", Some(Failure::RequestTimeout), false),
        ("UserNetworkTooSlow", Some(Failure::RequestTimeout), false),
        ("SlowDown", Some(throttled), true),
        ("KmsFreqControl", None, true),
        ("SomethingNew", None, false),
        ("", None, false),
    ] {
        let by_status = [
            (400, client(400)),
            (403, Failure::Denied),
            (404, Failure::NotFound(Missing::Unknown)),
            (408, Failure::RequestTimeout),
            (409, client(409)),
        ];
        for (status, by_status) in by_status {
            let expected = meaning.unwrap_or(by_status);
            assert_eq!(of(status, code), expected, "{status} {code}");
        }
        for status in [500, 501, 503] {
            let expected = if paces { throttled } else { server(status) };
            assert_eq!(of(status, code), expected, "{status} {code}");
        }
        assert_eq!(of(429, code), throttled, "429 {code}");
        assert_eq!(of(304, code), Failure::NotModified, "304 {code}");
        assert_eq!(of(302, code), Failure::Redirect, "302 {code}");
        assert_eq!(of(200, code), Failure::InvalidResponse, "200 {code}");
    }
}

#[test]
fn only_what_may_pass_is_tried_again() {
    for (status, code) in [
        (400, "RequestTimeout"),
        (408, ""),
        (429, ""),
        (500, ""),
        (501, ""),
        (502, ""),
        (503, "SlowDown"),
        (504, ""),
    ] {
        assert!(of(status, code).is_retryable(), "{status} {code}");
    }
    for status in [
        301, 302, 304, 307, 400, 401, 402, 403, 404, 405, 409, 411, 412, 416, 451,
    ] {
        assert!(!of(status, "").is_retryable(), "{status}");
    }
    for failure in [
        Failure::Transport,
        Failure::CutShort,
        Failure::TruncatedListing,
    ] {
        assert!(failure.is_retryable(), "{failure}");
    }
    for failure in [
        Failure::Untrusted,
        Failure::Unsendable,
        Failure::NoCredentials,
        Failure::Expired,
        Failure::Corrupt,
        Failure::InvalidResponse,
        Failure::ObjectChanged,
        Failure::Archived,
        Failure::Skewed { server: None },
    ] {
        assert!(!failure.is_retryable(), "{failure}");
    }
}

#[test]
fn a_signature_whose_time_is_over_is_a_matter_of_clocks() {
    let failure = Failure::of(&error(403, "AccessDenied", "Request has expired"));
    assert!(matches!(failure, Failure::Skewed { server: Some(_) }));
}

#[test]
fn h8_the_servers_word_on_when_to_come_again_is_kept() {
    for status in [429, 500, 503] {
        let (head, ()) = Response::builder()
            .status(status)
            .header("retry-after", "30")
            .body(())
            .unwrap()
            .into_parts();
        let failure = Failure::of(&ServiceError::read(&head, b""));
        let delay = failure
            .retry_after()
            .map(|asked| asked.delay(Duration::ZERO));
        assert_eq!(delay, Some(Duration::from_secs(30)), "{status}");
    }
    assert_eq!(Failure::Transport.retry_after(), None::<RetryAfter>);
}

#[test]
fn h5_a_range_outside_of_the_object_tells_its_length() {
    for (value, complete) in [
        ("bytes */0", Some(0)),
        ("bytes */100", Some(100)),
        ("bytes */*", None),
    ] {
        let (head, ()) = Response::builder()
            .status(416)
            .header("content-range", value)
            .body(())
            .unwrap()
            .into_parts();
        let failure = Failure::of(&ServiceError::read(&head, b""));
        assert_eq!(
            failure,
            Failure::RangeNotSatisfiable { complete },
            "{value}"
        );
    }
}

#[test]
fn h7_a_delete_marker_is_a_key_that_is_not_there() {
    let (head, ()) = Response::builder()
        .status(404)
        .header("x-cos-delete-marker", "true")
        .body(())
        .unwrap()
        .into_parts();
    assert_eq!(
        Failure::of(&ServiceError::read(&head, b"")),
        Failure::NotFound(Missing::Key)
    );
}

/// An error around another.
#[derive(Debug)]
struct Around(Box<dyn Error + Send + Sync>);

impl fmt::Display for Around {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("around")
    }
}

impl Error for Around {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&*self.0)
    }
}

#[test]
fn the_first_error_of_ours_among_the_sources_is_found() {
    let listing = ListObjects::new("b-1".parse().unwrap())
        .parse(b"<ListBucketResult><Name>")
        .unwrap_err();
    let cases: Vec<(Box<dyn Error + Send + Sync>, Failure)> = vec![
        (Box::new(Failure::Untrusted), Failure::Untrusted),
        (
            Box::new(error(404, "NoSuchKey", "")),
            Failure::NotFound(Missing::Key),
        ),
        (Box::new(JudgeError::RangeIgnored), Failure::InvalidResponse),
        (
            Box::new(GuardError::Short { missing: 1 }),
            Failure::CutShort,
        ),
        (Box::new(GuardError::Long), Failure::InvalidResponse),
        (
            Box::new(GuardError::ChecksumMismatch {
                expected: 1,
                got: 2,
            }),
            Failure::Corrupt,
        ),
        (Box::new(BuildError::KeyMergesToRoot), Failure::Unsendable),
        (Box::new(listing), Failure::TruncatedListing),
    ];
    for (error, expected) in cases {
        let around = Around(Box::new(Around(error)));
        assert_eq!(Failure::find(&around), Some(expected));
    }
    assert_eq!(Failure::find(&Around("not ours".into())), None);
    let outer = Around(Box::new(Around(Box::new(Failure::Denied))));
    assert_eq!(Failure::find(&outer), Some(Failure::Denied));
}

/// An error that is its own source.
#[derive(Debug)]
struct Endless;

impl fmt::Display for Endless {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("endless")
    }
}

impl Error for Endless {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(self)
    }
}

#[test]
fn an_error_that_is_its_own_source_is_given_up_on() {
    assert_eq!(Failure::find(&Endless), None);
    assert_eq!(Attempts::find(&Endless), None);
}
