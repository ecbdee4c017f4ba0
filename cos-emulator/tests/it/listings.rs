//! Listings of objects, versions and buckets.

use cos_emulator::{Emulator, MemoryBucket, Object, folder_path};

use crate::client::{BUCKET, Reply, emulator, exchange, get, head};

fn bucket(keys: &[&str]) -> MemoryBucket {
    let bucket = MemoryBucket::new(BUCKET);
    for key in keys {
        bucket.put(*key, Object::new("x"));
    }
    bucket
}

#[test]
fn a_listing_has_the_documented_elements() {
    let bucket = bucket(&["a/b"]);
    bucket.put(
        "c",
        Object::new("[Object Content]").storage_class("STANDARD_IA"),
    );
    let emulator = emulator(&bucket);
    let reply = get(&emulator, "/?prefix=c", &[]);
    assert_eq!(reply.status, 200);
    assert_eq!(reply.header("content-type"), Some("application/xml"));
    assert_eq!(reply.header("x-cos-bucket-region"), Some("ap-guangzhou"));
    assert!(
        reply
            .text()
            .starts_with("<?xml version='1.0' encoding='utf-8' ?>\n<ListBucketResult>\n")
    );
    for (name, text) in [
        ("Name", BUCKET),
        ("MaxKeys", "1000"),
        ("IsTruncated", "false"),
        ("Key", "c"),
        ("ETag", "&quot;ee8de918d05640145b18f70f4c3aa602&quot;"),
        ("Size", "16"),
        ("StorageClass", "STANDARD_IA"),
        ("ID", "1250000000"),
    ] {
        assert_eq!(reply.element(name), text, "{name}");
    }
    assert!(reply.element("LastModified").ends_with(".000Z"));
    assert!(reply.text().contains("<Marker/>"));
    for absent in ["Delimiter", "EncodingType", "NextMarker"] {
        assert!(!reply.text().contains(absent), "{absent}");
    }
}

#[test]
fn folders_are_common_prefixes() {
    let emulator = emulator(&bucket(&["a", "b/c", "b/d", "e/"]));
    let reply = get(&emulator, "/?delimiter=%2F", &[]);
    assert_eq!(reply.elements("Key"), ["a"]);
    assert_eq!(reply.elements("Prefix"), ["b/", "e/"]);
    assert_eq!(reply.element("Delimiter"), "/");
}

#[test]
fn pages_follow_each_other_by_their_markers() {
    let keys: Vec<String> = (0..25).map(|number| format!("k{number:02}")).collect();
    let emulator = emulator(&bucket(
        &keys.iter().map(String::as_str).collect::<Vec<_>>(),
    ));
    let mut listed = Vec::new();
    let mut path = "/?max-keys=10".to_owned();
    loop {
        let reply = get(&emulator, &path, &[]);
        listed.extend(reply.elements("Key").into_iter().map(str::to_owned));
        if reply.element("IsTruncated") == "false" {
            break;
        }
        path = format!("/?max-keys=10&marker={}", reply.element("NextMarker"));
    }
    assert_eq!(listed, keys);
    assert_eq!(emulator.log().len(), 3);
}

#[test]
fn limits_of_a_page() {
    let emulator = emulator(&bucket(&["a", "b"]));
    let reply = get(&emulator, "/?max-keys=0", &[]);
    assert_eq!(
        (reply.elements("Key").len(), reply.element("IsTruncated")),
        (0, "false")
    );
    assert_eq!(
        get(&emulator, "/?max-keys=5000", &[]).element("MaxKeys"),
        "1000"
    );
    for bad in ["-1", "+1", "x", "1.5"] {
        let reply = get(
            &emulator,
            &format!("/?max-keys={}", bad.replace('+', "%2B")),
            &[],
        );
        assert_eq!(
            (reply.status, reply.element("Code")),
            (400, "InvalidArgument"),
            "{bad}"
        );
    }
    assert_eq!(get(&emulator, "/?encoding-type=base64", &[]).status, 400);
}

#[test]
fn names_are_encoded_when_asked_for() {
    let keys = ["Tencent Cloud+<&>.jpg", "照片/2020年/IMG0001.jpg", "\u{1}"];
    let emulator = emulator(&bucket(&keys));
    let reply = get(&emulator, "/?encoding-type=url", &[]);
    let encoded = [
        "%01",
        "Tencent%20Cloud%2B%3C%26%3E.jpg",
        "%E7%85%A7%E7%89%87/2020%E5%B9%B4/IMG0001.jpg",
    ];
    assert_eq!(reply.elements("Key"), encoded);
    assert_eq!(reply.element("EncodingType"), "url");
    let reply = get(
        &emulator,
        "/?encoding-type=url&prefix=Tencent+Cloud%2B&marker=A+b",
        &[],
    );
    assert_eq!(reply.element("Prefix"), "Tencent%20Cloud%2B");
    assert_eq!(reply.element("Marker"), "A%20b");
    let reply = get(&emulator, "/", &[]);
    assert_eq!(
        reply.elements("Key"),
        ["&#x1;", "Tencent Cloud+&lt;&amp;&gt;.jpg", keys[1]]
    );
}

#[test]
fn versions_are_listed_newest_first_with_their_markers() {
    let bucket = MemoryBucket::new(BUCKET);
    bucket.put("a", Object::new("0"));
    bucket.set_versioning(true);
    let first = bucket.put("a", Object::new("1")).unwrap();
    let marker = bucket.delete("a").unwrap();
    bucket.put("b", Object::new("2"));
    let emulator = emulator(&bucket);
    let reply = get(&emulator, "/?versions", &[]);
    assert!(reply.text().contains("<ListVersionsResult>"));
    let ids = reply.elements("VersionId");
    assert_eq!(ids[..3], [marker.as_str(), first.as_str(), "null"]);
    assert_eq!(
        reply.elements("IsLatest"),
        ["true", "false", "false", "true"]
    );
    assert_eq!(reply.elements("DeleteMarker").len(), 1);
    assert_eq!(reply.elements("Version").len(), 3);

    let reply = get(&emulator, "/?versions&max-keys=2", &[]);
    assert_eq!(reply.element("NextKeyMarker"), "a");
    assert_eq!(reply.element("NextVersionIdMarker"), first);
    let next = format!("/?versions&key-marker=a&version-id-marker={first}");
    assert_eq!(get(&emulator, &next, &[]).elements("Key"), ["a", "b"]);
    let next = "/?versions&key-marker=a&version-id-marker=";
    assert_eq!(get(&emulator, next, &[]).elements("Key"), ["b"]);
    assert_eq!(
        get(&emulator, "/?versions&version-id-marker=x", &[]).status,
        400
    );
}

#[test]
fn an_unversioned_bucket_lists_versions_without_ids() {
    let emulator = emulator(&bucket(&["a", "b"]));
    let reply = get(&emulator, "/?versions&max-keys=1", &[]);
    assert!(reply.text().contains("<VersionId/>"));
    assert!(reply.text().contains("<NextVersionIdMarker/>"));
    assert_eq!(reply.element("NextKeyMarker"), "a");
}

#[test]
fn a_metadata_accelerated_bucket_folds_unasked() {
    let bucket = bucket(&["a", "b/c"]).ofs();
    let emulator = emulator(&bucket);
    let reply = get(&emulator, "/", &[]);
    assert_eq!(reply.elements("Key"), ["a"]);
    assert_eq!(reply.elements("Prefix"), ["b/"]);
    assert!(!reply.text().contains("Delimiter"));
    assert_eq!(get(&emulator, "/?prefix=b/", &[]).elements("Key"), ["b/c"]);
    assert_eq!(
        head(&emulator, "/", &[]).header("x-cos-bucket-arch"),
        Some("OFS")
    );
}

#[test]
fn a_bucket_has_a_head() {
    let emulator = emulator(&bucket(&[]));
    let reply = head(&emulator, "/", &[]);
    assert_eq!(
        (reply.status, reply.header("x-cos-bucket-region")),
        (200, Some("ap-guangzhou"))
    );
    let request = b"HEAD / HTTP/1.1\r\nhost: none-1.example\r\nconnection: close\r\n\r\n";
    let reply = exchange(emulator.addr(), request).unwrap();
    assert_eq!(
        (reply.status, reply.header("x-cos-error-code")),
        (404, Some("NoSuchBucket"))
    );
}

fn service(emulator: &Emulator, query: &str) -> Reply {
    let request = format!(
        "GET /{query} HTTP/1.1\r\nhost: service.cos.myqcloud.com\r\nconnection: close\r\n\r\n"
    );
    exchange(emulator.addr(), request.as_bytes()).unwrap()
}

#[test]
fn buckets_are_listed_from_memory_and_folder() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["c-1", "a-1", BUCKET] {
        std::fs::create_dir(folder.path().join(name)).unwrap();
    }
    std::fs::write(folder.path().join("file"), "no bucket").unwrap();
    let builder = Emulator::builder()
        .folder(folder.path())
        .region("ap-beijing");
    let builder = builder
        .bucket(bucket(&[]))
        .bucket(MemoryBucket::new("b-1").ofs())
        .anonymous();
    let emulator = builder.start_on_thread().unwrap();
    let reply = service(&emulator, "");
    assert_eq!(reply.status, 200);
    assert_eq!(reply.elements("Name"), ["a-1", "b-1", "c-1", BUCKET]);
    assert_eq!(reply.elements("BucketType"), ["cos", "ofs", "cos", "cos"]);
    assert_eq!(reply.element("Location"), "ap-beijing");
    assert!(reply.element("CreationDate").ends_with('Z'));
    let reply = service(&emulator, "?max-keys=2&marker=a-1");
    assert_eq!(reply.elements("Name"), ["b-1", "c-1"]);
    assert_eq!(
        (reply.element("IsTruncated"), reply.element("NextMarker")),
        ("true", "c-1")
    );
}

#[test]
fn a_folder_is_listed_like_any_bucket() {
    let folder = tempfile::tempdir().unwrap();
    for key in ["b", "a//b", "a-b", "a/b", "dir/"] {
        let path = folder.path().join(BUCKET).join(folder_path(key));
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, "[Object Content]").unwrap();
    }
    let builder = Emulator::builder().folder(folder.path()).anonymous();
    let emulator = builder.start_on_thread().unwrap();
    let reply = get(&emulator, "/", &[]);
    assert_eq!(reply.elements("Key"), ["a-b", "a//b", "a/b", "b", "dir/"]);
    assert_eq!(
        reply.element("ETag"),
        "&quot;ee8de918d05640145b18f70f4c3aa602&quot;"
    );
    let reply = get(&emulator, "/?delimiter=/&max-keys=2", &[]);
    assert_eq!(
        (reply.elements("Key"), reply.elements("Prefix")),
        (vec!["a-b"], vec!["a/"])
    );
    assert_eq!(reply.element("NextMarker"), "a/");
    let reply = get(&emulator, "/?delimiter=/&marker=a/", &[]);
    assert_eq!(
        (reply.elements("Key"), reply.elements("Prefix")),
        (vec!["b"], vec!["dir/"])
    );
    assert_eq!(get(&emulator, "/b?versionId=null", &[]).status, 404);
}
