//! GET and HEAD of objects.

use std::time::{Duration, Instant, UNIX_EPOCH};

use cos_emulator::{Emulator, MemoryBucket, Object, folder_path};

use crate::client::{BUCKET, bucket, emulator, exchange, get, head, send};

#[test]
fn the_documented_object_is_answered_as_documented() {
    let bucket = MemoryBucket::new(BUCKET);
    let modified = UNIX_EPOCH + Duration::from_secs(1_607_571_450);
    let object = Object::new("[Object Content]").metadata("colour", "blue");
    bucket.put(
        "exampleobject",
        object.content_type("text/plain").last_modified(modified),
    );
    let emulator = emulator(&bucket);
    let reply = get(&emulator, "/exampleobject", &[]);
    assert_eq!(reply.status, 200);
    assert_eq!(reply.text(), "[Object Content]");
    for (name, value) in [
        ("etag", "\"ee8de918d05640145b18f70f4c3aa602\""),
        ("x-cos-hash-crc64ecma", "16749565679157681890"),
        ("content-length", "16"),
        ("content-type", "text/plain"),
        ("accept-ranges", "bytes"),
        ("last-modified", "Thu, 10 Dec 2020 03:37:30 GMT"),
        ("x-cos-meta-colour", "blue"),
        ("server", "tencent-cos"),
    ] {
        assert_eq!(reply.header(name), Some(value), "{name}");
    }
    assert!(
        reply
            .header("x-cos-request-id")
            .is_some_and(|id| !id.is_empty())
    );
    assert!(reply.header("date").is_some());
    for absent in [
        "x-cos-storage-class",
        "x-cos-version-id",
        "content-range",
        "x-cos-trace-id",
    ] {
        assert_eq!(reply.header(absent), None, "{absent}");
    }
}

#[test]
fn head_tells_the_same_without_the_bytes() {
    let emulator = emulator(&bucket("0123456789"));
    let whole = get(&emulator, "/a/b", &[]);
    let reply = head(&emulator, "/a/b", &[]);
    assert_eq!((reply.status, reply.body.len()), (200, 0));
    for name in [
        "content-length",
        "etag",
        "x-cos-hash-crc64ecma",
        "last-modified",
    ] {
        assert!(reply.header(name).is_some(), "{name}");
        assert_eq!(reply.header(name), whole.header(name), "{name}");
    }
}

#[test]
fn head_of_what_is_missing_tells_why_in_headers() {
    let emulator = emulator(&bucket("x"));
    let reply = head(&emulator, "/missing", &[]);
    assert_eq!((reply.status, reply.body.len()), (404, 0));
    assert_eq!(reply.header("x-cos-error-code"), Some("NoSuchKey"));
    assert!(reply.header("x-cos-error-message").is_some());
    assert!(reply.header("x-cos-trace-id").is_some());
    assert!(reply.header("x-cos-request-id").is_some());
}

#[test]
fn an_error_is_told_in_xml() {
    let emulator = emulator(&bucket("x"));
    let reply = get(&emulator, "/missing%20%3Ckey%3E", &[]);
    assert_eq!(reply.status, 404);
    assert_eq!(reply.header("content-type"), Some("application/xml"));
    assert!(
        reply
            .text()
            .starts_with("<?xml version='1.0' encoding='utf-8' ?>\n<Error>\n\t<Code>")
    );
    assert_eq!(reply.element("Code"), "NoSuchKey");
    assert_eq!(
        reply.element("Message"),
        "The specified key does not exist."
    );
    let resource = format!("{}/{BUCKET}/missing &lt;key&gt;", emulator.addr());
    assert_eq!(reply.element("Resource"), resource);
    assert_eq!(
        Some(reply.element("RequestId")),
        reply.header("x-cos-request-id")
    );
    assert_eq!(
        Some(reply.element("TraceId")),
        reply.header("x-cos-trace-id")
    );
    let reply = exchange(emulator.addr(), b"GET /none-1/a HTTP/1.0\r\n\r\n").unwrap();
    assert_eq!((reply.status, reply.element("Code")), (404, "NoSuchBucket"));
}

#[test]
fn ranges_are_answered_with_the_checksum_of_the_whole() {
    let emulator = emulator(&bucket("0123456789"));
    let whole = get(&emulator, "/a/b", &[]);
    for (range, bytes, content_range) in [
        ("bytes=0-0", "0", "bytes 0-0/10"),
        ("bytes=3-5", "345", "bytes 3-5/10"),
        ("bytes=7-", "789", "bytes 7-9/10"),
        ("bytes=-4", "6789", "bytes 6-9/10"),
        ("bytes=0-99", "0123456789", "bytes 0-9/10"),
    ] {
        let reply = get(&emulator, "/a/b", &[&format!("Range: {range}")]);
        assert_eq!((reply.status, reply.text()), (206, bytes), "{range}");
        assert_eq!(reply.header("content-range"), Some(content_range));
        assert_eq!(
            reply.header("content-length"),
            Some(bytes.len().to_string().as_str())
        );
        assert_eq!(
            reply.header("x-cos-hash-crc64ecma"),
            whole.header("x-cos-hash-crc64ecma")
        );
    }
    let reply = get(&emulator, "/a/b", &["Range: bytes=10-"]);
    assert_eq!((reply.status, reply.element("Code")), (416, "InvalidRange"));
    assert_eq!(reply.header("content-range"), Some("bytes */10"));
    let reply = get(&emulator, "/a/b", &["Range: bytes=0-1,3-4"]);
    assert_eq!((reply.status, reply.text()), (200, "0123456789"));
}

#[test]
fn an_empty_object_has_no_range() {
    let emulator = emulator(&bucket(""));
    let reply = get(&emulator, "/a/b", &[]);
    assert_eq!((reply.status, reply.text()), (200, ""));
    assert_eq!(reply.header("content-length"), Some("0"));
    assert_eq!(reply.header("x-cos-hash-crc64ecma"), Some("0"));
    let reply = get(&emulator, "/a/b", &["Range: bytes=0-9"]);
    assert_eq!(
        (reply.status, reply.header("content-range")),
        (416, Some("bytes */0"))
    );
}

#[test]
fn conditions_are_judged() {
    let emulator = emulator(&bucket("x"));
    let whole = get(&emulator, "/a/b", &[]);
    let etag = whole.header("etag").unwrap();
    let reply = get(&emulator, "/a/b", &[&format!("If-None-Match: {etag}")]);
    assert_eq!((reply.status, reply.text()), (304, ""));
    // As in the example of the documentation (436/7753).
    assert_eq!(reply.header("content-length"), Some("0"));
    assert_eq!(reply.header("etag"), Some(etag));
    assert!(reply.header("x-cos-hash-crc64ecma").is_some());
    let reply = get(
        &emulator,
        "/a/b",
        &["If-Match: \"other\"", "Range: bytes=0-0"],
    );
    assert_eq!(
        (reply.status, reply.element("Code")),
        (412, "PreconditionFailed")
    );
    let reply = get(
        &emulator,
        "/a/b",
        &[&format!("If-Match: {etag}"), "Range: bytes=0-0"],
    );
    assert_eq!(reply.status, 206);
    let later = "If-Modified-Since: Fri, 01 Jan 2100 00:00:00 GMT";
    assert_eq!(get(&emulator, "/a/b", &[later]).status, 304);
    let earlier = "If-Unmodified-Since: Sat, 01 Jan 2000 00:00:00 GMT";
    assert_eq!(get(&emulator, "/a/b", &[earlier]).status, 412);
}

#[test]
fn traffic_limits_have_bounds() {
    let emulator = emulator(&bucket("x"));
    for (limit, status) in [
        ("819200", 200),
        ("838860800", 200),
        ("819199", 400),
        ("838860801", 400),
        ("fast", 400),
    ] {
        let header = format!("x-cos-traffic-limit: {limit}");
        assert_eq!(get(&emulator, "/a/b", &[&header]).status, status, "{limit}");
        let path = format!("/a/b?x-cos-traffic-limit={limit}");
        assert_eq!(get(&emulator, &path, &[]).status, status, "{limit}");
    }
}

#[test]
fn a_traffic_limit_is_kept() {
    let bucket = MemoryBucket::new(BUCKET);
    bucket.put("a", Object::generated(1, 30_720));
    let emulator = emulator(&bucket);
    let started = Instant::now();
    // 102,400 bytes per second in slices of a twentieth of that: the last is due after a quarter.
    let reply = get(&emulator, "/a", &["x-cos-traffic-limit: 819200"]);
    assert_eq!(reply.body.len(), 30_720);
    assert!(started.elapsed() >= Duration::from_millis(250));
}

#[test]
fn an_archived_object_has_a_head_and_no_bytes() {
    let bucket = MemoryBucket::new(BUCKET);
    bucket.put("cold", Object::new("ice").archived());
    bucket.put(
        "thawed",
        Object::new("water").restored("Fri, 01 Jan 2100 00:00:00 GMT"),
    );
    let emulator = emulator(&bucket);
    let reply = get(&emulator, "/cold", &[]);
    assert_eq!(
        (reply.status, reply.element("Code")),
        (403, "InvalidObjectState")
    );
    let reply = head(&emulator, "/cold", &[]);
    assert_eq!(
        (reply.status, reply.header("x-cos-storage-class")),
        (200, Some("ARCHIVE"))
    );
    let reply = get(&emulator, "/thawed", &[]);
    assert_eq!((reply.status, reply.text()), (200, "water"));
    assert!(reply.header("x-cos-restore").is_some());
}

#[test]
fn versions_and_delete_markers_are_told_apart() {
    let bucket = MemoryBucket::new(BUCKET).versioned();
    let first = bucket.put("a", Object::new("1")).unwrap();
    let second = bucket.put("a", Object::new("2")).unwrap();
    let emulator = emulator(&bucket);
    let reply = get(&emulator, "/a", &[]);
    assert_eq!(
        (reply.text(), reply.header("x-cos-version-id")),
        ("2", Some(second.as_str()))
    );
    assert_eq!(
        get(&emulator, &format!("/a?versionId={first}"), &[]).text(),
        "1"
    );
    let reply = get(&emulator, "/a?versionId=none", &[]);
    assert_eq!(
        (reply.status, reply.element("Code")),
        (404, "NoSuchVersion")
    );
    let marker = bucket.delete("a").unwrap();
    for path in ["/a".to_owned(), format!("/a?versionId={marker}")] {
        let reply = get(&emulator, &path, &[]);
        assert_eq!((reply.status, reply.element("Code")), (404, "NoSuchKey"));
        assert_eq!(reply.header("x-cos-delete-marker"), Some("true"));
        assert_eq!(reply.header("x-cos-version-id"), Some(marker.as_str()));
    }
}

#[test]
fn only_reading_is_allowed() {
    let emulator = emulator(&bucket("x"));
    for method in ["PUT", "POST", "DELETE", "OPTIONS", "PATCH", "BREW"] {
        let reply = send(&emulator, method, "/a/b", &["content-length: 0"]);
        assert_eq!(reply.status, 405, "{method}");
        assert_eq!(reply.header("allow"), Some("GET, HEAD"));
    }
    assert_eq!(get(&emulator, "/a/b?acl", &[]).status, 501);
    assert_eq!(get(&emulator, "/a/b", &[]).status, 200);
}

/// Keys that a client or server may be tempted to change, with a path that stands for them.
const AWKWARD: [(&str, &str); 8] = [
    ("a//b", "/a//b"),
    ("x/./y", "/x/./y"),
    ("x/../y", "/x/../y"),
    ("/x", "//x"),
    ("/x", "/%2Fx"),
    ("dir/", "/dir/"),
    ("a+b c&d=e%20f#g?h.txt", "/a+b%20c%26d=e%2520f%23g%3Fh.txt"),
    (
        "数据/文件 (1)~'*!.bin",
        "/%E6%95%B0%E6%8D%AE/%E6%96%87%E4%BB%B6%20(1)~'*!.bin",
    ),
];

#[test]
fn keys_are_taken_byte_for_byte_from_memory_and_folder() {
    let folder = tempfile::tempdir().unwrap();
    let bucket = MemoryBucket::new(BUCKET);
    for (key, _) in AWKWARD {
        bucket.put(key, Object::new(key.to_owned()));
        let path = folder.path().join("folder-1").join(folder_path(key));
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, key).unwrap();
    }
    let builder = Emulator::builder()
        .folder(folder.path())
        .bucket(bucket)
        .anonymous();
    let emulator = builder.start_on_thread().unwrap();
    for (key, path) in AWKWARD {
        for host in [BUCKET, "folder-1"] {
            let request = format!(
                "GET {path} HTTP/1.1\r\nhost: {host}.cos.x.example\r\nconnection: close\r\n\r\n"
            );
            let reply = exchange(emulator.addr(), request.as_bytes()).unwrap();
            assert_eq!((reply.status, reply.text()), (200, key), "{host} {path}");
            let request = format!(
                "GET /{host}{path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n"
            );
            let reply = exchange(emulator.addr(), request.as_bytes()).unwrap();
            assert_eq!((reply.status, reply.text()), (200, key), "{host} {path}");
        }
    }
    for path in ["/a/b", "/x/y", "/y", "/x", "/dir"] {
        assert_eq!(get(&emulator, path, &[]).status, 404, "{path}");
    }
}

#[test]
fn a_large_file_is_streamed_whole_and_in_part() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join(BUCKET)).unwrap();
    let bytes: Vec<u8> = (0..3_000_000_u32)
        .map(|index| index.wrapping_mul(7919).to_le_bytes()[1])
        .collect();
    std::fs::write(folder.path().join(BUCKET).join("large"), &bytes).unwrap();
    let builder = Emulator::builder().folder(folder.path()).anonymous();
    let emulator = builder.start_on_thread().unwrap();
    assert!(get(&emulator, "/large", &[]).body == bytes);
    let reply = get(&emulator, "/large", &["Range: bytes=1000001-2000000"]);
    assert!(reply.body == bytes[1_000_001..=2_000_000]);
    let log = emulator.log();
    assert_eq!(log[0].bytes_sent(), 3_000_000);
    assert_eq!(log[1].bytes_sent(), 1_000_000);
    assert!(log.iter().all(|request| request.is_complete()));
}

#[test]
fn a_generated_object_may_be_larger_than_all_memory() {
    let bucket = MemoryBucket::new(BUCKET);
    bucket.put(
        "large",
        Object::generated(1, 50 << 40)
            .etag("\"e-1\"")
            .without_crc64(),
    );
    bucket.put("small", Object::generated(1, 1_000_000));
    let emulator = emulator(&bucket);
    let reply = head(&emulator, "/large", &[]);
    assert_eq!(reply.header("content-length"), Some("54975581388800"));
    assert_eq!(reply.header("x-cos-hash-crc64ecma"), None);
    assert_eq!(reply.header("etag"), Some("\"e-1\""));
    let last = get(&emulator, "/large", &["Range: bytes=54975581388799-"]);
    assert_eq!((last.status, last.body.len()), (206, 1));
    let small = get(&emulator, "/small", &[]);
    let part = get(&emulator, "/large", &["Range: bytes=500003-999999"]);
    assert!(part.body == small.body[500_003..]);
}

#[test]
fn signed_requests_may_override_headers_and_anonymous_ones_may_not() {
    let emulator = emulator(&bucket("x"));
    let path = "/a/b?response-content-type=text%2Fx-y&response-cache-control=no-store";
    let reply = get(&emulator, path, &["Authorization: q-signature=x"]);
    assert_eq!(reply.header("content-type"), Some("text/x-y"));
    assert_eq!(reply.header("cache-control"), Some("no-store"));
    let reply = get(&emulator, path, &["Authorization: "]);
    assert_eq!(
        (reply.status, reply.element("Code")),
        (400, "InvalidRequest")
    );
}
