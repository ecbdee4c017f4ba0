//! Request heads, byte for byte.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::time::Duration;

use cos_proto::{
    Addressing, Bucket, BuildError, ByteRange, ETag, Endpoint, GetObject, HeadObject, Key,
    ListBuckets, ListObjectVersions, ListObjects, Region, SseCustomerKey, Timestamp, TrafficLimit,
    VersionId,
};
use http::{Method, Request};
use proptest::prelude::*;

fn bucket() -> Bucket {
    Bucket::new("b-1250000000").unwrap()
}

fn get(key: &str) -> GetObject {
    GetObject::new(bucket(), Key::new(key).unwrap())
}

fn cos() -> Endpoint {
    Endpoint::region(Region::new("ap-beijing").unwrap())
}

fn local() -> Endpoint {
    Endpoint::service_url("http://127.0.0.1:9000", Addressing::Auto).unwrap()
}

/// What HTTP/1.1 sends as the target of a request to this URI.
fn wire(request: &Request<()>) -> &str {
    request.uri().path_and_query().unwrap().as_str()
}

#[test]
fn a_plain_get_has_host_and_identity_and_nothing_else() {
    let request = get("exampleobject").to_request(&cos()).unwrap();
    assert_eq!(request.method(), Method::GET);
    assert_eq!(
        request.uri(),
        "https://b-1250000000.cos.ap-beijing.myqcloud.com/exampleobject"
    );
    let headers: Vec<_> = request
        .headers()
        .iter()
        .map(|(name, value)| (name.as_str(), value.to_str().unwrap()))
        .collect();
    assert_eq!(
        headers,
        [
            ("host", "b-1250000000.cos.ap-beijing.myqcloud.com"),
            ("accept-encoding", "identity")
        ]
    );
}

#[test]
fn keys_go_to_the_wire_byte_for_byte() {
    for (key, target) in [
        ("a//b", "/a//b"),
        ("x/./y", "/x/./y"),
        ("a/../b", "/a/../b"),
        ("/x", "//x"),
        ("//x", "///x"),
        ("x/", "/x/"),
        ("x//", "/x//"),
        ("...", "/..."),
        ("%2e%2e/a", "/%252e%252e/a"),
        ("a\\..\\b", "/a%5C..%5Cb"),
        (
            "a b+c&d=e%20f#g?h.txt",
            "/a%20b%2Bc%26d%3De%2520f%23g%3Fh.txt",
        ),
        (
            "数据/文件 (1)~'*!.bin",
            "/%E6%95%B0%E6%8D%AE/%E6%96%87%E4%BB%B6%20%281%29~%27%2A%21.bin",
        ),
        ("a\r\nX: y\0", "/a%0D%0AX%3A%20y%00"),
        ("http://evil.example/", "/http%3A//evil.example/"),
    ] {
        let request = get(key).to_request(&cos()).unwrap();
        assert_eq!(wire(&request), target, "{key:?}");
        assert_eq!(
            request.uri().host(),
            Some("b-1250000000.cos.ap-beijing.myqcloud.com")
        );
        let request = get(key).to_request(&local()).unwrap();
        assert_eq!(
            wire(&request),
            format!("/b-1250000000{target}"),
            "{key:?} by path"
        );
        assert_eq!(
            request.uri().to_string(),
            format!("http://127.0.0.1:9000/b-1250000000{target}")
        );
        assert_eq!(request.headers()["host"], "127.0.0.1:9000");
    }
}

#[test]
fn keys_that_merge_to_the_root_are_refused() {
    for key in [
        ".",
        "..",
        "/",
        "//",
        "./",
        "a/..",
        "a/../",
        "/./",
        "a/b/../..",
    ] {
        assert_eq!(
            get(key).to_request(&cos()).unwrap_err(),
            BuildError::KeyMergesToRoot,
            "{key:?}"
        );
        assert_eq!(
            get(key).to_link_request(&cos()).unwrap_err(),
            BuildError::KeyMergesToRoot,
            "{key:?}"
        );
        let head = HeadObject::from(&get(key));
        assert_eq!(
            head.to_request(&local()).unwrap_err(),
            BuildError::KeyMergesToRoot,
            "{key:?}"
        );
    }
}

#[test]
fn keys_that_climb_out_of_a_bucket_in_the_path_are_refused() {
    for key in ["../b-2", "../b-2/x", "a/../../b-2", "/../b-2", "./../x"] {
        for error in [
            get(key).to_request(&local()),
            get(key).to_link_request(&local()),
            HeadObject::from(&get(key)).to_request(&local()),
        ] {
            assert_eq!(
                error.unwrap_err(),
                BuildError::KeyLeavesBucket,
                "{key:?} by path"
            );
        }
        // Where the bucket is in the host, there is nothing to climb to.
        let request = get(key).to_request(&cos()).unwrap();
        assert_eq!(wire(&request), format!("/{key}"));
    }
    for key in ["a/../b", "a/b/../../c", "..a/x", ".../x"] {
        assert!(get(key).to_request(&local()).is_ok(), "{key:?}");
    }
}

/// A GET with everything that a request can carry but a customer's key.
fn full() -> GetObject {
    let time = Timestamp::parse_http_date("Tue, 28 Oct 2014 20:30:00 GMT").unwrap();
    get("k")
        .version_id(VersionId::new("MTg0+/=").unwrap())
        .range(ByteRange::starting_at(5))
        .if_match(ETag::new("9a4802d5").unwrap())
        .if_none_match(ETag::parse("W/\"x\"").unwrap())
        .if_modified_since(time)
        .if_unmodified_since(time)
        .response_cache_control("no-cache")
        .response_content_disposition("attachment; filename=\"a b.txt\"")
        .response_content_encoding("identity")
        .response_content_language("zh-CN")
        .response_content_type("text/plain")
        .response_expires("0")
        .traffic_limit(TrafficLimit::bits_per_second(819_200).unwrap())
        .referer("https://example.com/a")
}

#[test]
fn every_parameter_of_get_object_has_its_place() {
    let request = full().to_request(&cos()).unwrap();
    assert_eq!(
        wire(&request),
        "/k?versionId=MTg0%2B%2F%3D&response-cache-control=no-cache\
         &response-content-disposition=attachment%3B%20filename%3D%22a%20b.txt%22&response-content-encoding=identity\
         &response-content-language=zh-CN&response-content-type=text%2Fplain&response-expires=0"
    );
    for (name, value) in [
        ("accept-encoding", "identity"),
        ("range", "bytes=5-"),
        ("if-match", "\"9a4802d5\""),
        ("if-none-match", "W/\"x\""),
        ("if-modified-since", "Tue, 28 Oct 2014 20:30:00 GMT"),
        ("if-unmodified-since", "Tue, 28 Oct 2014 20:30:00 GMT"),
        ("x-cos-traffic-limit", "819200"),
        ("referer", "https://example.com/a"),
    ] {
        assert_eq!(request.headers()[name], value, "{name}");
    }
    assert_eq!(request.headers().len(), 9, "{:?}", request.headers());
}

#[test]
fn head_object_asks_about_what_get_would_fetch() {
    let request = HeadObject::from(&full()).to_request(&cos()).unwrap();
    assert_eq!(request.method(), Method::HEAD);
    assert_eq!(wire(&request), "/k?versionId=MTg0%2B%2F%3D");
    assert_eq!(request.headers()["if-match"], "\"9a4802d5\"");
    assert_eq!(request.headers()["referer"], "https://example.com/a");
    for absent in ["range", "x-cos-traffic-limit"] {
        assert!(!request.headers().contains_key(absent), "{absent}");
    }
}

#[test]
fn a_customers_key_goes_over_https_only() {
    let object = get("k").sse_c(SseCustomerKey::new(&[7; 32]));
    for request in [
        object.to_request(&cos()).unwrap(),
        HeadObject::from(&object).to_request(&cos()).unwrap(),
    ] {
        assert!(request.headers()["x-cos-server-side-encryption-customer-key"].is_sensitive());
    }
    assert_eq!(
        object.to_request(&local()).unwrap_err(),
        BuildError::CustomerKeyOverHttp
    );
    assert_eq!(
        HeadObject::from(&object).to_request(&local()).unwrap_err(),
        BuildError::CustomerKeyOverHttp
    );
}

#[test]
fn a_link_carries_all_in_its_target_or_is_refused() {
    let limit = TrafficLimit::bits_per_second(819_200).unwrap();
    let object = get("a b")
        .version_id(VersionId::new("v").unwrap())
        .response_expires("0")
        .traffic_limit(limit);
    let request = object.to_link_request(&cos()).unwrap();
    assert_eq!(
        wire(&request),
        "/a%20b?versionId=v&response-expires=0&x-cos-traffic-limit=819200"
    );
    assert_eq!(request.headers().keys().collect::<Vec<_>>(), ["host"]);

    let etag = || ETag::new("e").unwrap();
    let time = Timestamp::from_unix(Duration::from_secs(1)).unwrap();
    for (object, name) in [
        (get("k").range(ByteRange::starting_at(1)), "range"),
        (get("k").if_match(etag()), "if-match"),
        (get("k").if_none_match(etag()), "if-none-match"),
        (get("k").if_modified_since(time), "if-modified-since"),
        (get("k").if_unmodified_since(time), "if-unmodified-since"),
        (get("k").referer("r"), "referer"),
        (
            get("k").sse_c(SseCustomerKey::new(&[7; 32])),
            "x-cos-server-side-encryption-customer-key",
        ),
    ] {
        assert_eq!(
            object.to_link_request(&cos()).unwrap_err(),
            BuildError::HeaderInLink { name }
        );
    }
}

#[test]
fn a_value_that_no_header_can_carry_is_refused() {
    let error = get("k")
        .referer("a\r\nX-Evil: 1")
        .to_request(&cos())
        .unwrap_err();
    assert_eq!(error, BuildError::Header { name: "referer" });
}

#[test]
fn listings_always_ask_for_url_encoding() {
    let list = ListObjects::new(bucket());
    assert_eq!(
        wire(&list.to_request(&cos()).unwrap()),
        "/?encoding-type=url"
    );
    let list = list
        .prefix("照/a b")
        .delimiter("/")
        .marker("m+1")
        .max_keys(1000);
    assert_eq!(
        wire(&list.to_request(&local()).unwrap()),
        "/b-1250000000/?encoding-type=url&prefix=%E7%85%A7%2Fa%20b&delimiter=%2F&marker=m%2B1&max-keys=1000"
    );
    assert_eq!(
        list.max_keys(1001).to_request(&cos()).unwrap_err(),
        BuildError::MaxKeys { max: 1000 }
    );
}

#[test]
fn a_listing_of_versions_sends_an_empty_marker_as_it_is() {
    let list = ListObjectVersions::new(bucket());
    assert_eq!(
        wire(&list.to_request(&cos()).unwrap()),
        "/?versions&encoding-type=url"
    );
    let list = list
        .prefix("p")
        .delimiter("/")
        .key_marker("k")
        .version_id_marker("")
        .max_keys(0);
    assert_eq!(
        wire(&list.to_request(&cos()).unwrap()),
        "/?versions&encoding-type=url&prefix=p&delimiter=%2F&key-marker=k&version-id-marker=&max-keys=0"
    );
    assert_eq!(
        list.max_keys(1001).to_request(&cos()).unwrap_err(),
        BuildError::MaxKeys { max: 1000 }
    );
}

#[test]
fn buckets_are_listed_at_the_service() {
    let request = ListBuckets::new().to_request(&cos()).unwrap();
    assert_eq!(request.uri(), "https://service.cos.myqcloud.com/");
    assert_eq!(request.headers()["host"], "service.cos.myqcloud.com");
    let list = ListBuckets::new()
        .region(Region::new("ap-beijing").unwrap())
        .marker("b-1")
        .max_keys(2000);
    assert_eq!(
        wire(&list.to_request(&local()).unwrap()),
        "/?region=ap-beijing&marker=b-1&max-keys=2000"
    );
    assert_eq!(
        list.max_keys(2001).to_request(&local()).unwrap_err(),
        BuildError::MaxKeys { max: 2000 }
    );
    let custom = Endpoint::custom_domain("cdn.example.com").unwrap();
    assert_eq!(
        ListBuckets::new().to_request(&custom).unwrap_err(),
        BuildError::NoServiceHost
    );
}

#[test]
fn a_target_that_is_too_long_is_refused() {
    let list = ListObjects::new(bucket()).prefix("p".repeat(70_000));
    assert_eq!(
        list.to_request(&cos()).unwrap_err(),
        BuildError::TargetTooLong
    );
    let longest = get(&"数".repeat(341)).to_request(&cos()).unwrap();
    assert_eq!(wire(&longest).len(), 1 + 341 * 9);
}

/// What a server that decodes a path reads as the key.
fn decoded(path: &str) -> Vec<u8> {
    let mut bytes = path.bytes();
    let mut key = Vec::new();
    while let Some(byte) = bytes.next() {
        if byte == b'%' {
            let digits = [bytes.next().unwrap(), bytes.next().unwrap()];
            key.push(u8::from_str_radix(std::str::from_utf8(&digits).unwrap(), 16).unwrap());
        } else {
            key.push(byte);
        }
    }
    key
}

fn any_key() -> impl Strategy<Value = Key> {
    prop_oneof!["[./%a ]{1,12}", "\\PC{1,60}", any::<String>()]
        .prop_filter_map("no key", |text| Key::new(text).ok())
}

proptest! {
    #[test]
    fn what_the_server_decodes_is_the_key(key in any_key()) {
        for endpoint in [cos(), local()] {
            let object = GetObject::new(bucket(), key.clone()).version_id(VersionId::new("v").unwrap());
            match object.to_request(&endpoint) {
                Ok(request) => {
                    // As the wire has it, and as `http` reads it back.
                    let reread: http::Uri = request.uri().to_string().parse().unwrap();
                    prop_assert_eq!(&reread, request.uri());
                    let base = if endpoint == local() { "/b-1250000000/" } else { "/" };
                    let path = reread.path().strip_prefix(base).unwrap().to_owned();
                    prop_assert_eq!(decoded(&path), key.as_str().as_bytes());
                    prop_assert_eq!(reread.query(), Some("versionId=v"));
                }
                Err(BuildError::KeyLeavesBucket) => {
                    prop_assert!(endpoint == local() && key.as_str().contains(".."));
                }
                Err(error) => {
                    prop_assert_eq!(error, BuildError::KeyMergesToRoot);
                    prop_assert!(key.merges_to_root());
                }
            }
        }
    }

    #[test]
    fn a_marker_cannot_break_out_of_its_parameter(marker: String) {
        let request = ListObjects::new(bucket()).marker(marker.clone()).to_request(&cos()).unwrap();
        let (names, value) = request.uri().query().unwrap().split_once("&marker=").unwrap();
        prop_assert_eq!(names, "encoding-type=url");
        prop_assert!(!value.contains(['&', '=', '#', '+', '/']));
        prop_assert_eq!(decoded(value), marker.into_bytes());
    }
}
