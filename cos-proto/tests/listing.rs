//! Pages of listings: as the service and S3 servers write them, and as nobody should.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test stops at the first surprise"
)]

use cos_proto::listing::{MAX_BODY, MAX_ENTRIES};
use cos_proto::uri::DecodeError;
use cos_proto::{
    Bucket, BucketPage, Failure, ListBuckets, ListObjectVersions, ListObjects, ListingError,
    ObjectPage, VersionEntry, VersionPage, XmlError,
};
use proptest::prelude::*;

const OBJECTS: &str = include_str!("fixtures/list_objects.xml");
const OBJECTS_DELIMITER: &str = include_str!("fixtures/list_objects_delimiter.xml");
const OBJECTS_S3: &str = include_str!("fixtures/list_objects_s3.xml");
const VERSIONS: &str = include_str!("fixtures/list_versions.xml");
const BUCKETS: &str = include_str!("fixtures/list_buckets.xml");

fn bucket() -> Bucket {
    Bucket::new("examplebucket-1250000000").unwrap()
}

fn objects(body: impl AsRef<[u8]>) -> Result<ObjectPage, ListingError> {
    ListObjects::new(bucket()).parse(body.as_ref())
}

fn versions(body: impl AsRef<[u8]>) -> Result<VersionPage, ListingError> {
    ListObjectVersions::new(bucket()).parse(body.as_ref())
}

fn buckets(body: impl AsRef<[u8]>) -> Result<BucketPage, ListingError> {
    ListBuckets::new().parse(body.as_ref())
}

/// A page with these elements and nothing else that is not needed.
fn page(elements: &str) -> String {
    format!("<ListBucketResult><IsTruncated>false</IsTruncated>{elements}</ListBucketResult>")
}

/// An entry with these elements besides those that are needed, key excepted.
fn entry(elements: &str) -> String {
    page(&format!(
        "<Contents><LastModified>2020-12-10T03:37:30.000Z</LastModified><Size>5</Size>{elements}</Contents>"
    ))
}

fn keys(page: &ObjectPage) -> Vec<&str> {
    page.objects
        .iter()
        .map(|object| object.key.as_str())
        .collect()
}

#[test]
fn a_page_of_objects_as_documented() {
    let page = objects(OBJECTS).unwrap();
    assert_eq!(page.name.as_deref(), Some("examplebucket-1250000000"));
    assert_eq!(
        (
            page.prefix.as_str(),
            page.marker.as_str(),
            page.delimiter.as_deref()
        ),
        ("", "", None)
    );
    assert_eq!(page.max_keys, Some(3));
    assert!(page.is_truncated);
    assert_eq!(page.next_marker.as_deref(), Some("照片/2020年/IMG0001.jpg"));
    assert_eq!(
        keys(&page),
        ["Tencent Cloud.jpg", "a+b", "照片/2020年/IMG0001.jpg"]
    );
    assert!(page.common_prefixes.is_empty());

    let [first, second, third] = &page.objects[..] else {
        panic!("{page:?}")
    };
    assert_eq!(first.last_modified.to_string(), "2020-12-10T03:37:30Z");
    assert_eq!(
        first.etag.as_ref().unwrap().as_str(),
        "ee8de918d05640145b18f70f4c3aa602"
    );
    assert_eq!(first.size, 16);
    let owner = first.owner.as_ref().unwrap();
    assert_eq!(
        (owner.id.as_deref(), owner.display_name.as_deref()),
        (Some("1250000000"), Some("1250000000"))
    );
    assert_eq!(
        (
            first.storage_class.as_deref(),
            first.storage_tier.as_deref()
        ),
        (Some("STANDARD"), None)
    );
    assert_eq!(
        second.etag.as_ref().unwrap().as_str(),
        "22e024392de860289f0baa7d6cf8a549-2"
    );
    assert_eq!(second.storage_tier.as_deref(), Some("FREQUENT"));
    assert_eq!(
        (third.size, third.restore_status.as_deref()),
        (u64::MAX, Some("ONGOING"))
    );
}

#[test]
fn common_prefixes_and_what_was_asked_for() {
    let page = objects(OBJECTS_DELIMITER).unwrap();
    assert_eq!(
        (page.prefix.as_str(), page.marker.as_str()),
        ("my folder/", "my folder/1")
    );
    assert_eq!(page.delimiter.as_deref(), Some("/"));
    assert_eq!(
        page.common_prefixes,
        ["my folder/2019/", "my folder/2020年/"]
    );
    assert!(!page.is_truncated && page.objects.is_empty() && page.next_marker.is_none());
}

#[test]
fn a_page_as_s3_servers_write_it() {
    // The encoding type stands last, an owner is missing, another restore status is an element,
    // there is no next marker.
    let page = objects(OBJECTS_S3).unwrap();
    assert_eq!(keys(&page), ["a b", "c+d"]);
    assert!(page.is_truncated && page.next_marker.is_none());
    let [first, second] = &page.objects[..] else {
        panic!("{page:?}")
    };
    assert_eq!(
        first.etag.as_ref().unwrap().as_str(),
        "ee8de918d05640145b18f70f4c3aa602"
    );
    assert_eq!(
        second.etag.as_ref().unwrap().as_str(),
        "22e024392de860289f0baa7d6cf8a549"
    );
    assert_eq!(
        (&first.owner, first.restore_status.as_deref()),
        (&None, None)
    );
    assert_eq!(second.owner.as_ref().unwrap().display_name, None);
    assert_eq!(second.last_modified.to_string(), "2024-05-01T10:11:12.5Z");
}

#[test]
fn versions_and_delete_markers_stay_in_the_order_of_the_page() {
    let page = versions(VERSIONS).unwrap();
    let seen: Vec<_> = page
        .entries
        .iter()
        .map(|entry| {
            (
                entry.key().as_str(),
                entry.version_id().map(|id| id.as_str()),
                entry.is_latest(),
            )
        })
        .collect();
    let expected = [
        ("a", Some("MTg0NDUxNTc1NjIzMTQ1MDAwODg"), true),
        ("a", Some("MTg0NDUxNTc1NjIzMTQ1MDAwODg-2"), false),
        ("a", Some("null"), false),
        ("b c", None, true),
    ];
    assert_eq!(seen, expected);
    assert!(matches!(page.entries[0], VersionEntry::DeleteMarker(_)));
    let VersionEntry::Version(version) = &page.entries[2] else {
        panic!("{page:?}")
    };
    assert_eq!(
        (version.size, version.storage_tier.as_deref()),
        (26, Some("INFREQUENT"))
    );
    assert_eq!(page.next_key_marker.as_deref(), Some("b c"));
    // Empty is not missing: it has to be sent empty.
    assert_eq!(page.next_version_id_marker.as_deref(), Some(""));
}

#[test]
fn buckets_with_their_regions() {
    let page = buckets(BUCKETS).unwrap();
    assert_eq!(
        page.owner.unwrap().display_name.as_deref(),
        Some("100000000001")
    );
    assert_eq!(
        (page.is_truncated, page.next_marker.as_deref()),
        (true, Some("examplebucket2-1250000000"))
    );
    let seen: Vec<_> = page
        .buckets
        .iter()
        .map(|bucket| {
            (
                bucket.name.as_str(),
                bucket.location.as_deref(),
                bucket.bucket_type.as_deref(),
            )
        })
        .collect();
    let expected = [
        ("examplebucket1-1250000000", Some("ap-beijing"), Some("cos")),
        (
            "examplebucket2-1250000000",
            Some("ap-guangzhou"),
            Some("ofs"),
        ),
    ];
    assert_eq!(seen, expected);
    assert_eq!(
        page.buckets[0].creation_date.to_string(),
        "2019-05-24T11:49:50Z"
    );
}

#[test]
fn buckets_of_a_server_that_has_neither_regions_nor_pages() {
    let body = "<a:ListAllMyBucketsResult xmlns:a='http://s3.amazonaws.com/doc/2006-03-01/'><a:Buckets><a:Bucket>\
        <a:Name>my.bucket</a:Name><a:CreationDate>2024-05-01T10:11:12.000Z</a:CreationDate></a:Bucket></a:Buckets>\
        </a:ListAllMyBucketsResult>";
    let page = buckets(body).unwrap();
    assert_eq!(
        (page.is_truncated, page.buckets[0].name.as_str()),
        (false, "my.bucket")
    );
    assert!(
        buckets("<ListAllMyBucketsResult><Buckets/></ListAllMyBucketsResult>")
            .unwrap()
            .buckets
            .is_empty()
    );
    let missing = Err(ListingError::Missing { element: "Buckets" });
    assert_eq!(buckets("<ListAllMyBucketsResult/>"), missing);
}

#[test]
fn names_are_decoded_only_where_the_page_says_so() {
    let body = entry("<Key>100%25 %zz</Key>");
    assert_eq!(keys(&objects(&body).unwrap()), ["100%25 %zz"]);
    let encoded = entry(
        "<Key>100%25</Key></Contents><EncodingType>url</EncodingType><Contents><Key>b</Key>\
        <LastModified>2020-12-10T03:37:30Z</LastModified><Size>1</Size>",
    );
    assert_eq!(keys(&objects(&encoded).unwrap()), ["100%", "b"]);
    let unknown = page("<EncodingType>base64</EncodingType>");
    assert_eq!(
        objects(&unknown),
        Err(ListingError::Invalid {
            element: "EncodingType"
        })
    );
}

#[test]
fn badly_encoded_names_are_refused() {
    let bad = DecodeError::BadEscape { at: 1 };
    for (element, body) in [
        ("Key", entry("<Key>a%zz</Key>")),
        ("Prefix", page("<Prefix>a%z</Prefix>")),
        (
            "Prefix",
            page("<CommonPrefixes><Prefix>a%</Prefix></CommonPrefixes>"),
        ),
        ("Marker", page("<Marker>a%+1</Marker>")),
        ("NextMarker", page("<NextMarker>a%-1</NextMarker>")),
    ] {
        let body = body.replace(
            "</ListBucketResult>",
            "<EncodingType>url</EncodingType></ListBucketResult>",
        );
        assert_eq!(
            objects(&body),
            Err(ListingError::Encoding {
                element,
                source: bad
            }),
            "{body}"
        );
    }
    let body =
        entry("<Key>%FF</Key>").replace("<Contents>", "<EncodingType>url</EncodingType><Contents>");
    assert_eq!(
        objects(&body),
        Err(ListingError::Encoding {
            element: "Key",
            source: DecodeError::NotUtf8
        })
    );
}

#[test]
fn a_listing_cut_anywhere_is_truncated_and_worth_another_try() {
    for body in [OBJECTS, OBJECTS_S3] {
        for cut in 0..body.trim_end().len() {
            let error = objects(&body.as_bytes()[..cut]).unwrap_err();
            assert!(error.is_truncated(), "{cut}: {error:?}");
            assert_eq!(Failure::from(&error), Failure::TruncatedListing);
        }
    }
    assert!(
        versions(&VERSIONS[..VERSIONS.len() / 2])
            .unwrap_err()
            .is_truncated()
    );
    assert!(
        buckets(&BUCKETS[..BUCKETS.len() / 2])
            .unwrap_err()
            .is_truncated()
    );
}

#[test]
fn other_documents_are_no_listing() {
    let wrong = |found: &str| {
        ListingError::Xml(XmlError::WrongRoot {
            found: found.into(),
        })
    };
    assert_eq!(
        objects("<html><head><title>Log in</title></head></html>").unwrap_err(),
        wrong("html")
    );
    assert_eq!(
        objects("<html><Key>x</Key></html>").unwrap_err(),
        wrong("html")
    );
    assert_eq!(objects(VERSIONS).unwrap_err(), wrong("ListVersionsResult"));
    assert_eq!(versions(OBJECTS).unwrap_err(), wrong("ListBucketResult"));
    assert_eq!(buckets(OBJECTS).unwrap_err(), wrong("ListBucketResult"));
    assert_eq!(
        objects("<Error><Code>InternalError</Code></Error>").unwrap_err(),
        wrong("Error")
    );
    for (body, error) in [
        ("<!doctype html><html></html>", XmlError::DocumentType),
        (
            "<!DOCTYPE l [<!ENTITY a 'b'>]><ListBucketResult/>",
            XmlError::DocumentType,
        ),
        ("{}", XmlError::Malformed { at: 2 }),
    ] {
        assert_eq!(objects(body), Err(ListingError::Xml(error)), "{body}");
    }
    let error = objects("<html/>").unwrap_err();
    assert!(!error.is_truncated());
    assert_eq!(Failure::from(&error), Failure::InvalidResponse);
}

#[test]
fn data_behind_a_listing_is_refused() {
    for trailing in ["<ListBucketResult/>", "x", "\0", "<!-- a -->x"] {
        let body = format!("{OBJECTS}{trailing}");
        assert_eq!(
            objects(&body),
            Err(ListingError::Xml(XmlError::TrailingData)),
            "{trailing:?}"
        );
    }
    assert!(objects(format!("{OBJECTS}\r\n<!-- a -->\n")).is_ok());
}

#[test]
fn an_entity_of_the_page_s_own_is_refused() {
    assert_eq!(
        objects(entry("<Key>&a;</Key>")),
        Err(ListingError::Xml(XmlError::UnknownEntity))
    );
    assert_eq!(
        keys(&objects(entry("<Key>&amp;&#97;</Key>")).unwrap()),
        ["&a"]
    );
}

#[test]
fn what_every_page_and_entry_has_is_demanded() {
    let missing = |element| ListingError::Missing { element };
    assert_eq!(
        objects("<ListBucketResult/>").unwrap_err(),
        missing("IsTruncated")
    );
    assert_eq!(objects(entry("")).unwrap_err(), missing("Key"));
    assert_eq!(
        objects(page("<Contents><Key>a</Key><Size>1</Size></Contents>")).unwrap_err(),
        missing("LastModified")
    );
    assert_eq!(
        objects(entry("<Key>a</Key>").replace("<Size>5</Size>", "")).unwrap_err(),
        missing("Size")
    );
    assert_eq!(
        objects(page("<CommonPrefixes/>")).unwrap_err(),
        missing("Prefix")
    );
    for element in ["Key", "VersionId", "IsLatest", "LastModified"] {
        for kind in ["Version", "DeleteMarker"] {
            let body = VERSIONS.replace(
                &format!("<{kind}>"),
                &format!("<{kind}><{element}Not>x</{element}Not>"),
            );
            assert!(versions(&body).is_ok());
            let without = body
                .split_inclusive('\n')
                .filter(|line| {
                    !line.contains(&format!("<{element}>"))
                        && !line.contains(&format!("<{element}/>"))
                })
                .collect::<String>();
            assert_eq!(versions(&without).unwrap_err(), missing(element), "{kind}");
        }
    }
    assert_eq!(
        versions(VERSIONS.replace("<Size>16</Size>", "")).unwrap_err(),
        missing("Size")
    );
}

#[test]
fn what_stands_once_does_not_stand_twice() {
    let twice = |element| ListingError::Duplicate { element };
    assert_eq!(
        objects(entry("<Key>a</Key><Key>a</Key>")).unwrap_err(),
        twice("Key")
    );
    assert_eq!(
        objects(entry("<Key>a</Key><Size>5</Size>")).unwrap_err(),
        twice("Size")
    );
    assert_eq!(
        objects(entry("<Key>a</Key><Owner/><Owner/>")).unwrap_err(),
        twice("Owner")
    );
    assert_eq!(
        objects(entry("<Key>a</Key><Owner><ID>1</ID><ID>1</ID></Owner>")).unwrap_err(),
        twice("ID")
    );
    assert_eq!(
        objects(page("<IsTruncated>false</IsTruncated>")).unwrap_err(),
        twice("IsTruncated")
    );
    assert_eq!(
        objects(page("<NextMarker/><NextMarker>a</NextMarker>")).unwrap_err(),
        twice("NextMarker")
    );
    assert_eq!(
        buckets("<ListAllMyBucketsResult><Buckets/><Buckets/></ListAllMyBucketsResult>"),
        Err(ListingError::Duplicate { element: "Buckets" })
    );
}

#[test]
fn values_of_another_kind_are_refused() {
    let invalid = |element| ListingError::Invalid { element };
    for number in [
        "",
        " 5",
        "+5",
        "-5",
        "5.0",
        "0x5",
        "18446744073709551616",
        "five",
        "٣",
    ] {
        let body = entry("<Key>a</Key>").replace("<Size>5<", &format!("<Size>{number}<"));
        assert_eq!(objects(&body).unwrap_err(), invalid("Size"), "{number:?}");
    }
    for truth in ["", "True", "TRUE", "1", " true", "yes"] {
        let body =
            format!("<ListBucketResult><IsTruncated>{truth}</IsTruncated></ListBucketResult>");
        assert_eq!(
            objects(&body).unwrap_err(),
            invalid("IsTruncated"),
            "{truth:?}"
        );
    }
    for time in [
        "",
        "yesterday",
        "2020-13-10T03:37:30.000Z",
        "2020-12-10 03:37:30",
        "1607571450",
    ] {
        let body = entry("<Key>a</Key>").replace("2020-12-10T03:37:30.000Z", time);
        assert_eq!(
            objects(&body).unwrap_err(),
            invalid("LastModified"),
            "{time:?}"
        );
    }
    assert_eq!(objects(entry("<Key/>")).unwrap_err(), invalid("Key"));
    assert_eq!(
        objects(entry(&format!("<Key>{}</Key>", "k".repeat(1025)))).unwrap_err(),
        invalid("Key")
    );
    assert_eq!(
        objects(entry("<Key>a</Key><ETag>a b</ETag>")).unwrap_err(),
        invalid("ETag")
    );
    assert_eq!(
        objects(page("<MaxKeys>many</MaxKeys>")).unwrap_err(),
        invalid("MaxKeys")
    );
    assert_eq!(
        objects(page("<CommonPrefixes><Prefix/></CommonPrefixes>")).unwrap_err(),
        invalid("Prefix")
    );
    assert_eq!(
        versions(VERSIONS.replace("<VersionId>null<", "<VersionId>a b<")).unwrap_err(),
        invalid("VersionId")
    );
    assert_eq!(
        versions(VERSIONS.replace("<IsLatest>true<", "<IsLatest>maybe<")).unwrap_err(),
        invalid("IsLatest")
    );
}

#[test]
fn an_element_instead_of_a_text_is_refused() {
    let body = entry("<Key><b>a</b></Key>");
    assert!(matches!(
        objects(&body),
        Err(ListingError::Xml(XmlError::Malformed { .. }))
    ));
}

#[test]
fn every_key_is_taken_as_it_is() {
    for key in [
        " ",
        " a ",
        ".",
        "..",
        "a//b",
        "/x",
        "a/../b",
        "a\u{1b}[2J",
        "数",
        "a\nb",
        "%41",
    ] {
        let escaped: String = key.bytes().map(|byte| format!("%{byte:02X}")).collect();
        let body = entry(&format!("<Key>{escaped}</Key>"))
            .replace("<Contents>", "<EncodingType>url</EncodingType><Contents>");
        assert_eq!(keys(&objects(&body).unwrap()), [key]);
    }
    assert_eq!(keys(&objects(entry("<Key> a </Key>")).unwrap()), [" a "]);
    assert_eq!(
        keys(&objects(entry("<Key><![CDATA[<a>&amp;]]></Key>")).unwrap()),
        ["<a>&amp;"]
    );
}

#[test]
fn unknown_elements_are_passed_over() {
    let body = entry("<Key>a</Key><New><Key>b</Key><Deep><Deeper/></Deep></New>")
        .replace("<Contents>", "<New x='y'>text<Contents/></New><Contents>");
    assert_eq!(keys(&objects(&body).unwrap()), ["a"]);
}

#[test]
fn pages_are_bounded() {
    let entry = "<Contents><Key>a</Key><LastModified>2020-12-10T03:37:30.000Z</LastModified><Size>5</Size></Contents>";
    assert_eq!(
        objects(page(&entry.repeat(MAX_ENTRIES)))
            .unwrap()
            .objects
            .len(),
        MAX_ENTRIES
    );
    let too_many = Err(ListingError::TooManyEntries { limit: MAX_ENTRIES });
    assert_eq!(objects(page(&entry.repeat(MAX_ENTRIES + 1))), too_many);
    let prefixes = format!(
        "<CommonPrefixes>{}</CommonPrefixes>",
        "<Prefix>a</Prefix>".repeat(MAX_ENTRIES + 1)
    );
    assert_eq!(objects(page(&prefixes)), too_many);

    let padding = " ".repeat(MAX_BODY);
    assert_eq!(
        objects(page(&padding)),
        Err(ListingError::Xml(XmlError::TooLarge { limit: MAX_BODY }))
    );
    let deep = format!("{}{}", "<a>".repeat(1_000_000), "</a>".repeat(1_000_000));
    assert!(matches!(
        objects(page(&deep)),
        Err(ListingError::Xml(XmlError::TooDeep { .. }))
    ));
    let long = page(&format!("<Name>{}</Name>", "n".repeat(1 << 20)));
    assert!(matches!(
        objects(&long),
        Err(ListingError::Xml(XmlError::TextTooLong { .. }))
    ));
}

#[cfg(feature = "serde")]
#[test]
fn pages_survive_serialising() {
    fn round_trip<T>(page: &T)
    where
        T: serde::Serialize + serde::de::DeserializeOwned + PartialEq + std::fmt::Debug,
    {
        let json = serde_json::to_string(page).unwrap();
        assert_eq!(&serde_json::from_str::<T>(&json).unwrap(), page, "{json}");
    }
    for body in [OBJECTS, OBJECTS_DELIMITER, OBJECTS_S3] {
        round_trip(&objects(body).unwrap());
    }
    round_trip(&versions(VERSIONS).unwrap());
    round_trip(&buckets(BUCKETS).unwrap());
    let json = serde_json::to_value(objects(OBJECTS).unwrap()).unwrap();
    assert_eq!(json["objects"][0]["last_modified"], "2020-12-10T03:37:30Z");
    assert_eq!(json["objects"][2]["key"], "照片/2020年/IMG0001.jpg");
}

/// A valid page in which some bytes are overwritten, left out or put in.
fn damaged() -> impl Strategy<Value = Vec<u8>> {
    let page = prop_oneof![
        Just(OBJECTS),
        Just(OBJECTS_DELIMITER),
        Just(OBJECTS_S3),
        Just(VERSIONS),
        Just(BUCKETS)
    ];
    let damage = (
        any::<prop::sample::Index>(),
        0..4_u8,
        prop_oneof![any::<u8>(), prop::sample::select(b"<>/&;'\"% x0".to_vec())],
    );
    (page, prop::collection::vec(damage, 1..6)).prop_map(|(page, damages)| {
        let mut body = page.as_bytes().to_vec();
        for (place, kind, byte) in damages {
            if body.is_empty() {
                break;
            }
            let at = place.index(body.len());
            match kind {
                0 => body[at] = byte,
                1 => body.insert(at, byte),
                2 => drop(body.remove(at)),
                _ => body.truncate(at),
            }
        }
        body
    })
}

proptest! {
    #[test]
    fn damaged_pages_are_read_or_refused(body in damaged()) {
        let _ = objects(&body);
        let _ = versions(&body);
        let _ = buckets(&body);
    }

    #[test]
    fn arbitrary_bytes_are_read_or_refused(body in prop::collection::vec(any::<u8>(), 0..300)) {
        prop_assert!(objects(&body).is_err() && versions(&body).is_err() && buckets(&body).is_err());
    }

    #[test]
    fn any_key_comes_back_from_a_page(key in "\\PC{1,50}") {
        let encoded = entry(&format!("<Key>{}</Key>", cos_proto::uri::encode_path(&key)))
            .replace("<Contents>", "<EncodingType>url</EncodingType><Contents>");
        let page = objects(&encoded).unwrap();
        prop_assert_eq!(keys(&page), [key.as_str()]);
    }
}
