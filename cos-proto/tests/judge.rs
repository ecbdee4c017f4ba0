//! Heads of 2xx answers, judged against what was asked: the HTTP rows of the fault catalogue.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use cos_proto::{
    Bucket, ByteRange, ContentRange, ETag, Failure, GetObject, GuardError, HeadObject, JudgeError,
    Key, VersionId,
};
use http::response::Parts;
use http::{HeaderName, HeaderValue, Response, StatusCode};
use proptest::prelude::*;

fn get() -> GetObject {
    GetObject::new(Bucket::new("b-1").unwrap(), Key::new("k").unwrap())
}

fn range(text: &str) -> GetObject {
    get().range(text.parse().unwrap())
}

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

fn refusal(object: &GetObject, head: &Parts) -> JudgeError {
    object.judge(head).map(|(object, _)| object).unwrap_err()
}

#[test]
fn a_whole_object_is_fenced_to_its_length() {
    let head = head(
        200,
        &[
            ("content-length", "9"),
            ("etag", "\"e\""),
            ("x-cos-hash-crc64ecma", "11051210869376104954"),
        ],
    );
    let (object, mut guard) = get().judge(&head).unwrap();
    assert_eq!(
        (object.size(), object.crc64()),
        (9, Some(11_051_210_869_376_104_954))
    );
    assert_eq!((guard.range(), guard.whole()), (0..9, true));
    assert_eq!(guard.accept(b"123456789"), Ok(0));
    assert_eq!(guard.accept(b"0"), Err(GuardError::Long));
}

#[test]
fn an_empty_object_has_no_bytes_and_crc64_zero() {
    let head = head(
        200,
        &[("content-length", "0"), ("x-cos-hash-crc64ecma", "0")],
    );
    for object in [
        get(),
        range("bytes=0-99"),
        range("bytes=0-"),
        range("bytes=-5"),
    ] {
        let (_, guard) = object.judge(&head).unwrap();
        assert!(guard.whole());
        assert!(guard.finish().unwrap().is_empty());
    }
    assert_eq!(refusal(&range("bytes=5-"), &head), JudgeError::RangeIgnored);
}

#[test]
fn h1_a_200_for_a_range_is_taken_only_if_the_range_was_the_whole_object() {
    let head = head(200, &[("content-length", "100")]);
    for text in [
        "bytes=0-99",
        "bytes=0-100000",
        "bytes=0-",
        "bytes=-100",
        "bytes=-1000",
    ] {
        let (_, guard) = range(text).judge(&head).unwrap();
        assert_eq!((guard.range(), guard.whole()), (0..100, true), "{text}");
    }
    for text in [
        "bytes=0-98",
        "bytes=1-",
        "bytes=1-99",
        "bytes=-99",
        "bytes=100-",
        "bytes=0-0",
    ] {
        assert_eq!(
            refusal(&range(text), &head),
            JudgeError::RangeIgnored,
            "{text}"
        );
    }
}

#[test]
fn h2_a_206_has_to_say_that_it_holds_what_was_asked() {
    let asked = ByteRange::new(10, 19).unwrap();
    let object = get().range(asked);
    let answer = |value| head(206, &[("content-range", value), ("content-length", "10")]);
    let (head_of_part, guard) = object.judge(&answer("bytes 10-19/100")).unwrap();
    assert_eq!(
        (head_of_part.size(), guard.range(), guard.whole()),
        (100, 10..20, false)
    );

    assert_eq!(
        refusal(&object, &head(206, &[("content-length", "10")])),
        JudgeError::NoContentRange
    );
    for (value, (first, last, complete)) in [
        ("bytes 9-18/100", (9, 18, 100)),
        ("bytes 11-20/100", (11, 20, 100)),
        ("bytes 10-20/100", (10, 20, 100)),
        ("bytes 0-9/100", (0, 9, 100)),
    ] {
        let got = ContentRange::new(first, last, complete).unwrap();
        assert_eq!(
            refusal(&object, &answer(value)),
            JudgeError::OtherRange { asked, got },
            "{value}"
        );
    }
    for value in [
        "bytes 10-19",
        "bytes 10-19/*",
        "bytes */100",
        "bytes 10-19/15",
        "bytes +10-19/100",
        "10-19/100",
        "",
        "bytes 10-19/100, bytes 10-19/100",
    ] {
        assert!(
            matches!(
                refusal(&object, &answer(value)),
                JudgeError::ContentRange(_)
            ),
            "{value:?}"
        );
    }
    let twice = head(
        206,
        &[
            ("content-range", "bytes 10-19/100"),
            ("content-range", "bytes 10-19/101"),
        ],
    );
    assert_eq!(
        refusal(&object, &twice),
        JudgeError::Header {
            name: "content-range"
        }
    );
}

#[test]
fn h3_a_206_is_shorter_than_asked_only_where_the_object_ends() {
    let object = range("bytes=90-199");
    let answer = |value, length| head(206, &[("content-range", value), ("content-length", length)]);
    let (_, guard) = object.judge(&answer("bytes 90-99/100", "10")).unwrap();
    assert_eq!(guard.range(), 90..100);
    assert!(matches!(
        refusal(&object, &answer("bytes 90-98/100", "9")),
        JudgeError::OtherRange { .. }
    ));
    assert!(matches!(
        refusal(&object, &answer("bytes 90-99/101", "10")),
        JudgeError::OtherRange { .. }
    ));
    let (_, guard) = range("bytes=-30")
        .judge(&answer("bytes 70-99/100", "30"))
        .unwrap();
    assert_eq!(guard.range(), 70..100);
    assert!(matches!(
        refusal(&range("bytes=-30"), &answer("bytes 0-29/100", "30")),
        JudgeError::OtherRange { .. }
    ));
}

#[test]
fn a_206_of_the_whole_object_is_the_whole_object() {
    let head = head(
        206,
        &[
            ("content-range", "bytes 0-8/9"),
            ("content-length", "9"),
            ("x-cos-hash-crc64ecma", "5"),
        ],
    );
    let (_, mut guard) = range("bytes=0-19").judge(&head).unwrap();
    assert_eq!((guard.whole(), guard.expected_crc64()), (true, Some(5)));
    guard.accept(b"123456789").unwrap();
    let got = 11_051_210_869_376_104_954;
    assert_eq!(
        guard.finish(),
        Err(GuardError::ChecksumMismatch { expected: 5, got })
    );
}

#[test]
fn h4_several_parts_are_refused() {
    for content_type in ["multipart/byteranges; boundary=x", "Multipart/ByteRanges"] {
        let head = head(
            206,
            &[("content-type", content_type), ("content-length", "10")],
        );
        assert_eq!(refusal(&range("bytes=0-9"), &head), JudgeError::Multipart);
    }
}

#[test]
fn a_part_that_nobody_asked_for_is_refused() {
    let part = head(
        206,
        &[("content-range", "bytes 0-8/9"), ("content-length", "9")],
    );
    assert_eq!(refusal(&get(), &part), JudgeError::UnaskedPart);
    // A 206 that somebody on the way made a 200 of.
    let disguised = head(
        200,
        &[("content-range", "bytes 0-8/100"), ("content-length", "9")],
    );
    assert_eq!(refusal(&get(), &disguised), JudgeError::UnaskedPart);
    assert_eq!(
        refusal(&range("bytes=0-8"), &disguised),
        JudgeError::UnaskedPart
    );
    let harmless = head(
        200,
        &[("content-range", "bytes 0-8/9"), ("content-length", "9")],
    );
    assert!(get().judge(&harmless).is_ok());
}

#[test]
fn t7_a_length_beyond_the_range_is_refused_at_the_head() {
    let object = range("bytes=0-9");
    for length in ["11", "9", "100", "0", "18446744073709551615"] {
        let head = head(
            206,
            &[
                ("content-range", "bytes 0-9/100"),
                ("content-length", length),
            ],
        );
        let length = length.parse().unwrap();
        assert_eq!(
            refusal(&object, &head),
            JudgeError::LengthDiffers {
                promised: 10,
                length
            }
        );
    }
}

#[test]
fn content_length_is_digits_and_nothing_else() {
    for length in [
        "",
        "+5",
        "-5",
        "5, 5",
        "5,5",
        " 5",
        "0x5",
        "18446744073709551616",
        "5.0",
        "five",
    ] {
        let whole = head(200, &[("content-length", length)]);
        assert_eq!(
            refusal(&get(), &whole),
            JudgeError::Header {
                name: "content-length"
            },
            "{length:?}"
        );
        let part = head(
            206,
            &[("content-range", "bytes 0-4/9"), ("content-length", length)],
        );
        assert_eq!(
            refusal(&range("bytes=0-4"), &part),
            JudgeError::Header {
                name: "content-length"
            },
            "{length:?}"
        );
    }
    let differing = head(200, &[("content-length", "5"), ("content-length", "6")]);
    assert_eq!(
        refusal(&get(), &differing),
        JudgeError::Header {
            name: "content-length"
        }
    );
    let equal = head(200, &[("content-length", "5"), ("content-length", "5")]);
    assert_eq!(get().judge(&equal).unwrap().0.size(), 5);
    let largest = head(200, &[("content-length", "18446744073709551615")]);
    assert_eq!(get().judge(&largest).unwrap().1.range(), 0..u64::MAX);
}

#[test]
fn an_answer_without_a_length_is_refused_unless_its_range_has_one() {
    let chunked = head(200, &[("transfer-encoding", "chunked")]);
    assert_eq!(refusal(&get(), &chunked), JudgeError::NoLength);
    assert_eq!(refusal(&range("bytes=0-"), &chunked), JudgeError::NoLength);
    let part = head(
        206,
        &[
            ("transfer-encoding", "chunked"),
            ("content-range", "bytes 0-9/100"),
        ],
    );
    assert_eq!(range("bytes=0-9").judge(&part).unwrap().1.remaining(), 10);
}

#[test]
fn h6_another_entity_tag_than_the_pinned_one_is_a_changed_object() {
    let asked = ETag::new("a").unwrap();
    let object = get().if_match(asked.clone());
    let answer = |etag| head(200, &[("content-length", "1"), ("etag", etag)]);
    assert!(object.judge(&answer("\"a\"")).is_ok());
    // The last three are what a proxy makes of a tag when it compresses (H13).
    for etag in ["\"b\"", "\"A\"", "W/\"a\"", "\"a-gzip\"", "\"a;gzip\""] {
        let error = refusal(&object, &answer(etag));
        let got = Some(ETag::parse(etag).unwrap());
        assert_eq!(
            error,
            JudgeError::ObjectChanged {
                asked: asked.clone(),
                got
            },
            "{etag}"
        );
        assert_eq!(Failure::from(&error), Failure::ObjectChanged);
    }
    let without = head(200, &[("content-length", "1")]);
    assert_eq!(
        refusal(&object, &without),
        JudgeError::ObjectChanged { asked, got: None }
    );
    for etag in ["\"a", "", "\"a\" \"b\""] {
        assert_eq!(
            refusal(&get(), &answer(etag)),
            JudgeError::Header { name: "etag" },
            "{etag:?}"
        );
    }
}

#[test]
fn h6_another_version_than_the_one_asked_for_is_refused() {
    let object = get().version_id(VersionId::new("v1").unwrap());
    let answer = |version| {
        head(
            200,
            &[("content-length", "1"), ("x-cos-version-id", version)],
        )
    };
    assert!(object.judge(&answer("v1")).is_ok());
    assert!(matches!(
        refusal(&object, &answer("v2")),
        JudgeError::OtherVersion { .. }
    ));
    assert!(get().judge(&answer("v2")).is_ok());
}

#[test]
fn an_empty_version_id_is_none_and_an_unlawful_one_is_an_invalid_answer() {
    let answer = |version| {
        head(
            200,
            &[("content-length", "1"), ("x-cos-version-id", version)],
        )
    };
    let (object, _) = get().judge(&answer("")).unwrap();
    assert_eq!(object.version_id(), None);
    assert_eq!(
        refusal(&get(), &answer("a b")),
        JudgeError::Header {
            name: "x-cos-version-id"
        }
    );
}

#[test]
fn h17_an_object_without_entity_tag_is_the_same_as_no_other() {
    let judge = |headers: &[_]| get().judge(&head(200, headers)).unwrap().0;
    let length = ("content-length", "1");
    let tagged = judge(&[length, ("etag", "\"a\""), ("x-cos-hash-crc64ecma", "7")]);
    assert!(tagged.is_same_object(&judge(&[length, ("etag", "\"a\"")])));
    for other in [
        judge(&[length]),
        judge(&[length, ("etag", "W/\"a\"")]),
        judge(&[length, ("etag", "\"b\"")]),
        judge(&[("content-length", "2"), ("etag", "\"a\"")]),
        judge(&[length, ("etag", "\"a\""), ("x-cos-hash-crc64ecma", "8")]),
    ] {
        assert!(!tagged.is_same_object(&other), "{other:?}");
    }
    for (name, one, two) in [
        ("x-cos-version-id", "v1", "v2"),
        (
            "last-modified",
            "Thu, 10 Dec 2020 03:37:30 GMT",
            "Thu, 10 Dec 2020 03:37:31 GMT",
        ),
    ] {
        let one = judge(&[length, ("etag", "\"a\""), (name, one)]);
        let two = judge(&[length, ("etag", "\"a\""), (name, two)]);
        assert!(one.is_same_object(&tagged), "{name}");
        assert!(one.is_same_object(&one.clone()), "{name}");
        assert!(!one.is_same_object(&two), "{name}");
    }
    let untagged = judge(&[length]);
    assert!(!untagged.is_same_object(&untagged.clone()));
}

#[test]
fn h18_an_object_without_crc64_is_taken_as_such() {
    let (object, guard) = get().judge(&head(200, &[("content-length", "1")])).unwrap();
    assert_eq!((object.crc64(), guard.expected_crc64()), (None, None));
}

#[test]
fn h19_a_crc64_that_is_no_number_is_an_invalid_answer_and_not_an_absent_one() {
    for value in [
        "",
        "+1",
        "-1",
        "0x1",
        "1.0",
        "18446744073709551616",
        "995dc9bbdf1939fa",
        "1, 1",
        "1 1",
    ] {
        let head = head(
            200,
            &[("content-length", "1"), ("x-cos-hash-crc64ecma", value)],
        );
        let error = refusal(&get(), &head);
        assert_eq!(
            error,
            JudgeError::Header {
                name: "x-cos-hash-crc64ecma"
            },
            "{value:?}"
        );
        assert_eq!(Failure::from(&error), Failure::InvalidResponse);
    }
    let twice = |second| {
        head(
            200,
            &[
                ("content-length", "1"),
                ("x-cos-hash-crc64ecma", "1"),
                ("x-cos-hash-crc64ecma", second),
            ],
        )
    };
    assert_eq!(
        refusal(&get(), &twice("2")),
        JudgeError::Header {
            name: "x-cos-hash-crc64ecma"
        }
    );
    assert_eq!(get().judge(&twice("1")).unwrap().0.crc64(), Some(1));
    let largest = head(
        200,
        &[
            ("content-length", "1"),
            ("x-cos-hash-crc64ecma", "18446744073709551615"),
        ],
    );
    assert_eq!(get().judge(&largest).unwrap().0.crc64(), Some(u64::MAX));
}

#[test]
fn h20_the_crc64_of_a_206_is_of_the_whole_object() {
    let head = head(
        206,
        &[
            ("content-range", "bytes 0-9/100"),
            ("x-cos-hash-crc64ecma", "7"),
        ],
    );
    let (object, mut guard) = range("bytes=0-9").judge(&head).unwrap();
    assert_eq!((object.crc64(), guard.expected_crc64()), (Some(7), None));
    guard.accept(&[0; 10]).unwrap();
    assert!(guard.finish().is_ok());
}

#[test]
fn h12_a_content_encoding_is_told_and_changes_nothing() {
    let head = head(
        200,
        &[("content-length", "3"), ("content-encoding", "gzip")],
    );
    let (object, mut guard) = get().judge(&head).unwrap();
    assert_eq!(object.content_encoding(), Some("gzip"));
    assert_eq!(guard.accept(b"\x1f\x8b\x08"), Ok(0));
}

#[test]
fn h16_other_statuses_are_no_answer() {
    for status in [
        100, 201, 202, 203, 204, 205, 207, 226, 301, 304, 403, 404, 416, 500,
    ] {
        let head = head(status, &[("content-length", "1")]);
        let expected = JudgeError::Status {
            status: head.status,
        };
        assert_eq!(refusal(&get(), &head), expected);
        assert_eq!(HeadObject::from(&get()).judge(&head).unwrap_err(), expected);
    }
}

#[test]
fn head_object_is_judged_as_strictly() {
    let object = HeadObject::from(&get().if_match(ETag::new("a").unwrap()));
    let head_of = object
        .judge(&head(
            200,
            &[("content-length", "16807"), ("etag", "\"a\"")],
        ))
        .unwrap();
    assert_eq!(head_of.size(), 16807);
    assert_eq!(
        object
            .judge(&head(206, &[("content-length", "1")]))
            .unwrap_err(),
        JudgeError::Status {
            status: StatusCode::PARTIAL_CONTENT
        }
    );
    assert_eq!(
        object.judge(&head(200, &[("etag", "\"a\"")])).unwrap_err(),
        JudgeError::NoLength
    );
    assert!(matches!(
        object
            .judge(&head(200, &[("content-length", "1"), ("etag", "\"b\"")]))
            .unwrap_err(),
        JudgeError::ObjectChanged { .. }
    ));
}

#[test]
fn every_documented_header_has_its_getter_and_unknown_ones_are_kept() {
    let head = head(
        200,
        &[
            ("etag", "\"9a4802d5c99dafe1c04da0a8e7e166bf\""),
            ("last-modified", "Wed, 28 Oct 2014 20:30:00 GMT"),
            ("accept-ranges", "bytes"),
            ("cache-control", "max-age=1000000"),
            ("content-type", "application/octet-stream"),
            (
                "content-disposition",
                "attachment; filename=\"filename.jpg\"",
            ),
            ("content-encoding", "gzip"),
            ("content-language", "zh-cn"),
            ("content-length", "16807"),
            ("date", "Thu, 10 Dec 2020 03:37:30 GMT"),
            ("expires", "Wed, 28 Oct 2019 20:30:00 GMT"),
            ("x-cos-meta-test", "test"),
            ("x-cos-meta-utf8", "数据"),
            ("x-cos-version-id", "MTg0NDUxODMzMTMwMDM2Njc1ODA"),
            ("x-cos-request-id", "NTg3NzQ3ZmVfYmRjMzVfMzE5N182NzczMQ=="),
            ("x-cos-trace-id", "T"),
            ("x-cos-storage-class", "ARCHIVE"),
            ("x-cos-storage-tier", "FREQUENT"),
            (
                "x-cos-restore",
                "ongoing-request=\"false\", expiry-date=\"Thu, 10 Dec 2020 03:37:30 GMT\"",
            ),
            (
                "x-cos-restore-status",
                "tier=\"bulk\"; request-date=\"Thu, 10 Dec 2020 03:37:30 GMT\"",
            ),
            ("x-cos-server-side-encryption", "cos/kms"),
            ("x-cos-server-side-encryption-cos-kms-key-id", "id"),
            ("x-cos-server-side-encryption-customer-algorithm", "AES256"),
            ("x-cos-object-type", "appendable"),
            ("x-cos-next-append-position", "16807"),
            ("x-unknown", "kept"),
        ],
    );
    let (object, _) = get().judge(&head).unwrap();
    assert_eq!(
        object.etag().map(ETag::as_str),
        Some("9a4802d5c99dafe1c04da0a8e7e166bf")
    );
    assert_eq!(
        object.last_modified().unwrap().to_string(),
        "2014-10-28T20:30:00Z"
    );
    assert_eq!(object.accept_ranges(), Some("bytes"));
    assert_eq!(object.cache_control(), Some("max-age=1000000"));
    assert_eq!(object.content_type(), Some("application/octet-stream"));
    assert_eq!(
        object.content_disposition(),
        Some("attachment; filename=\"filename.jpg\"")
    );
    assert_eq!(object.content_encoding(), Some("gzip"));
    assert_eq!(object.content_language(), Some("zh-cn"));
    assert_eq!(object.date().unwrap().to_string(), "2020-12-10T03:37:30Z");
    assert_eq!(object.expires(), Some("Wed, 28 Oct 2019 20:30:00 GMT"));
    assert_eq!(
        object.version_id().unwrap().as_str(),
        "MTg0NDUxODMzMTMwMDM2Njc1ODA"
    );
    assert_eq!(
        object.request_id(),
        Some("NTg3NzQ3ZmVfYmRjMzVfMzE5N182NzczMQ==")
    );
    assert_eq!(object.trace_id(), Some("T"));
    assert_eq!(object.storage_class(), Some("ARCHIVE"));
    assert_eq!(object.storage_tier(), Some("FREQUENT"));
    let restore = object.restore().unwrap();
    assert_eq!(restore.is_ongoing(), Some(false));
    assert_eq!(
        restore.expiry_date().unwrap().to_string(),
        "2020-12-10T03:37:30Z"
    );
    assert!(
        object
            .restore_status()
            .unwrap()
            .starts_with("tier=\"bulk\"")
    );
    assert_eq!(object.server_side_encryption(), Some("cos/kms"));
    assert_eq!(object.kms_key_id(), Some("id"));
    assert_eq!(object.customer_key_algorithm(), Some("AES256"));
    assert_eq!(object.object_type(), Some("appendable"));
    assert_eq!(object.next_append_position(), Some(16807));
    let metadata: Vec<_> = object.metadata().collect();
    assert_eq!(
        metadata,
        [("test", "test".as_bytes()), ("utf8", "数据".as_bytes())]
    );
    assert_eq!(object.headers()["x-unknown"], "kept");
    assert_eq!(object.headers().len(), head.headers.len());
}

#[test]
fn how_far_restoring_is_is_read_or_left_open() {
    for (value, ongoing) in [
        ("ongoing-request=\"true\"", Some(true)),
        (
            "ongoing-request=\"false\", expiry-date=\"soon\"",
            Some(false),
        ),
        ("ongoing-request=\"perhaps\"", None),
        ("ongoing-request=true", None),
        ("ongoing-request=\"true", None),
        ("", None),
    ] {
        let (object, _) = get()
            .judge(&head(
                200,
                &[("content-length", "1"), ("x-cos-restore", value)],
            ))
            .unwrap();
        let restore = object.restore().unwrap();
        assert_eq!((restore.as_str(), restore.is_ongoing()), (value, ongoing));
        assert_eq!(restore.expiry_date(), None, "{value}");
    }
}

#[test]
fn a_time_of_change_that_cannot_be_read_is_left_out() {
    let (object, _) = get()
        .judge(&head(
            200,
            &[("content-length", "1"), ("last-modified", "yesterday")],
        ))
        .unwrap();
    assert_eq!(object.last_modified(), None);
    assert_eq!(object.headers()["last-modified"], "yesterday");
}

/// Names that are looked at, and one that is not.
const NAMES: [&str; 9] = [
    "content-length",
    "content-range",
    "content-type",
    "etag",
    "x-cos-hash-crc64ecma",
    "x-cos-version-id",
    "last-modified",
    "transfer-encoding",
    "x-other",
];

fn any_value() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        "[0-9]{1,4}".prop_map(String::into_bytes),
        "bytes [0-9]{1,3}-[0-9]{1,3}/[0-9]{1,3}".prop_map(String::into_bytes),
        "(W/)?\"[ab]\"".prop_map(String::into_bytes),
        prop::collection::vec(any::<u8>(), 0..20),
    ]
}

proptest! {
    #[test]
    fn whatever_a_head_says_it_is_judged_without_panic_and_fences_what_was_asked(
        status in prop_oneof![Just(200_u16), Just(206), 100..600_u16],
        headers in prop::collection::vec((0..NAMES.len(), any_value()), 0..8),
        asked in prop::option::of((0..300_u64, 0..300_u64)),
        pinned: bool,
    ) {
        let mut head = head(status, &[]);
        for (name, value) in headers {
            if let Ok(value) = HeaderValue::from_bytes(&value) {
                head.headers.append(HeaderName::from_static(NAMES[name]), value);
            }
        }
        let mut object = get();
        object.range = asked.map(|(a, b)| ByteRange::new(a.min(b), a.max(b)).unwrap());
        object.conditions.if_match = pinned.then(|| ETag::new("a").unwrap());
        let _ = HeadObject::from(&object).judge(&head);
        if let Ok((answer, guard)) = object.judge(&head) {
            let size = answer.size();
            let wanted = match object.range {
                Some(range) => range.resolve(size),
                None => Some(0..size),
            };
            prop_assert_eq!(wanted.unwrap_or(0..0), guard.range());
            prop_assert_eq!(guard.whole(), guard.range() == (0..answer.size()));
            prop_assert!(!pinned || answer.etag().map(ToString::to_string).as_deref() == Some("\"a\""));
        }
    }
}
