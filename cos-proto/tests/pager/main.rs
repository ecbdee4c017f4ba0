//! Walking through listings: held against a bucket in memory, and against servers that do not play
//! by the rules.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]

mod server;

use std::collections::BTreeSet;

use cos_proto::{
    Bucket, BucketPager, Failure, ListBuckets, ListObjectVersions, ListObjects, Listed,
    ObjectEntry, ObjectPager, PagerError, VersionPager,
};
use proptest::prelude::*;

use server::{Flavour, Page, Server, Spoil, Version, list_versions};

fn request() -> ListObjects {
    ListObjects::new(Bucket::new("examplebucket-1250000000").unwrap())
}

fn name(listed: &Listed<ObjectEntry>) -> &str {
    match listed {
        Listed::Entry(entry) => entry.key.as_str(),
        Listed::Prefix(prefix) | Listed::Folder(prefix) => prefix,
        _ => panic!("{listed:?}"),
    }
}

/// Takes a page that was written and read.
fn take(pager: &mut ObjectPager, page: &Page) -> Result<Vec<String>, PagerError> {
    let request = pager.next_request().unwrap();
    let listed = pager.take(request.parse(page.write().as_bytes()).unwrap())?;
    Ok(listed.iter().map(name).map(String::from).collect())
}

fn page(keys: &[&str], prefixes: &[&str]) -> Page {
    let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    Page {
        keys: owned(keys),
        prefixes: owned(prefixes),
        ..Page::default()
    }
}

/// The same with more to come.
fn page_then(keys: &[&str], prefixes: &[&str], next: &str) -> Page {
    Page {
        truncated: true,
        next: Some(next.to_owned()),
        ..page(keys, prefixes)
    }
}

/// The same from an S3 server, without a next marker.
fn s3_page(keys: &[&str], truncated: bool) -> Page {
    Page {
        truncated,
        s3: true,
        ..page(keys, &[])
    }
}

fn goes_back(entry: &str, after: &str) -> Result<Vec<String>, PagerError> {
    Err(PagerError::GoesBack {
        entry: entry.into(),
        after: after.into(),
    })
}

fn bad_marker(marker: &str, after: &str) -> Result<Vec<String>, PagerError> {
    Err(PagerError::BadMarker {
        marker: marker.into(),
        after: after.into(),
    })
}

fn repeats(entry: &str) -> Result<Vec<String>, PagerError> {
    Err(PagerError::Repeats {
        entry: entry.into(),
    })
}

#[test]
fn pages_follow_each_other_by_their_last_key() {
    let mut pager = ObjectPager::new(request().prefix("p/").max_keys(2));
    assert_eq!(
        pager.next_request(),
        Some(request().prefix("p/").max_keys(2))
    );
    assert_eq!(
        take(&mut pager, &page_then(&["p/a", "p/b c+d"], &[], "p/b c+d")).unwrap(),
        ["p/a", "p/b c+d"]
    );
    assert_eq!(
        pager.next_request(),
        Some(request().prefix("p/").max_keys(2).marker("p/b c+d"))
    );
    assert_eq!(take(&mut pager, &page(&["p/z"], &[])).unwrap(), ["p/z"]);
    assert_eq!(pager.next_request(), None);
    let late = request().parse(page(&[], &[]).write().as_bytes()).unwrap();
    assert_eq!(pager.take(late), Err(PagerError::NotAsked));
}

#[test]
fn an_empty_listing_is_one_page() {
    let mut pager = ObjectPager::new(request());
    assert!(take(&mut pager, &page(&[], &[])).unwrap().is_empty());
    assert_eq!(pager.next_request(), None);
}

#[test]
fn a_page_of_an_s3_server_is_continued_after_its_last_key() {
    let mut pager = ObjectPager::new(request());
    take(&mut pager, &s3_page(&["a", "b"], true)).unwrap();
    assert_eq!(pager.next_request(), Some(request().marker("b")));
    // A token of the server's own making stands where S3 defines none.
    let token = Page {
        next: Some("00ff".into()),
        ..s3_page(&["c"], true)
    };
    take(&mut pager, &token).unwrap();
    assert_eq!(pager.next_request(), Some(request().marker("c")));
}

#[test]
fn common_prefixes_that_were_asked_for_are_given_out_in_order() {
    let mut pager = ObjectPager::new(request().delimiter("/"));
    let first = page_then(&["a", "c"], &["b/", "d/"], "d/");
    assert_eq!(take(&mut pager, &first).unwrap(), ["a", "b/", "c", "d/"]);
    assert_eq!(
        pager.next_request(),
        Some(request().delimiter("/").marker("d/"))
    );
    let request = pager.next_request().unwrap();
    let listed = pager
        .take(
            request
                .parse(page(&[], &["e/"]).write().as_bytes())
                .unwrap(),
        )
        .unwrap();
    assert_eq!(listed, [Listed::Prefix("e/".into())]);
}

#[test]
fn folders_that_nobody_asked_for_are_walked_into_in_order() {
    let mut pager = ObjectPager::new(request().prefix("r/").max_keys(3));
    // The folder stands before `r/c`, which waits.
    assert_eq!(
        take(&mut pager, &page_then(&["r/a", "r/c"], &["r/b/"], "r/c")).unwrap(),
        ["r/a", "r/b/"]
    );
    assert_eq!(
        pager.next_request(),
        Some(request().prefix("r/b/").max_keys(3))
    );
    assert_eq!(
        take(&mut pager, &page_then(&["r/b/1"], &[], "r/b/1")).unwrap(),
        ["r/b/1"]
    );
    assert_eq!(
        pager.next_request(),
        Some(request().prefix("r/b/").max_keys(3).marker("r/b/1"))
    );
    assert_eq!(
        take(&mut pager, &page(&[], &["r/b/2/"])).unwrap(),
        ["r/b/2/"]
    );
    assert_eq!(
        pager.next_request(),
        Some(request().prefix("r/b/2/").max_keys(3))
    );
    assert_eq!(
        take(&mut pager, &page(&["r/b/2/x"], &[])).unwrap(),
        ["r/b/2/x", "r/c"]
    );
    assert_eq!(
        pager.next_request(),
        Some(request().prefix("r/").max_keys(3).marker("r/c"))
    );
    assert!(take(&mut pager, &page(&[], &[])).unwrap().is_empty());
    assert_eq!(pager.next_request(), None);
}

#[test]
fn a_folder_is_told_from_a_prefix() {
    let mut pager = ObjectPager::new(request());
    let asked = pager.next_request().unwrap();
    let listed = pager
        .take(asked.parse(page(&[], &["b/"]).write().as_bytes()).unwrap())
        .unwrap();
    assert_eq!(listed, [Listed::Folder("b/".into())]);
    assert!(
        listed
            .into_iter()
            .all(|listed| listed.into_entry().is_none())
    );
}

#[test]
fn a_marker_within_a_folder_holds_in_the_folder() {
    let mut pager = ObjectPager::new(request().marker("b/5"));
    assert_eq!(take(&mut pager, &page(&["c"], &["b/"])).unwrap(), ["b/"]);
    assert_eq!(
        pager.next_request(),
        Some(request().prefix("b/").marker("b/5"))
    );
    assert_eq!(
        take(&mut pager, &page(&["b/5"], &[])),
        goes_back("b/5", "b/5")
    );
    assert_eq!(
        take(&mut pager, &page(&["b/6"], &[])).unwrap(),
        ["b/6", "c"]
    );
}

#[test]
fn an_error_leaves_the_pager_where_it_was() {
    let mut pager = ObjectPager::new(request());
    take(&mut pager, &page_then(&["m"], &[], "m")).unwrap();
    let before = pager.next_request();
    let error = take(&mut pager, &page(&["a"], &[])).unwrap_err();
    assert_eq!(Failure::from(&error), Failure::InvalidResponse);
    assert_eq!(pager.next_request(), before);
    assert_eq!(take(&mut pager, &page(&["n"], &[])).unwrap(), ["n"]);
}

#[test]
fn keys_that_go_back_or_come_twice() {
    let pager = ObjectPager::new(request());
    assert_eq!(
        take(&mut pager.clone(), &page(&["b", "a"], &[])),
        goes_back("a", "b")
    );
    assert_eq!(
        take(&mut pager.clone(), &page(&["a", "a"], &[])),
        goes_back("a", "a")
    );
    assert_eq!(
        take(&mut pager.clone(), &page(&[], &["b/", "a/"])),
        goes_back("a/", "b/")
    );
    assert_eq!(
        take(&mut pager.clone(), &page(&["a/"], &["a/"])),
        repeats("a/")
    );
    assert_eq!(
        take(&mut pager.clone(), &page(&["a/x"], &["a/"])),
        repeats("a/x")
    );
    assert_eq!(
        take(&mut pager.clone(), &page(&[], &["a/", "a/b/"])),
        repeats("a/b/")
    );
    let mut pager = pager;
    take(&mut pager, &s3_page(&["m"], true)).unwrap();
    assert_eq!(
        take(&mut pager, &s3_page(&["m", "n"], true)),
        goes_back("m", "m")
    );
    assert_eq!(
        take(&mut pager, &s3_page(&["l", "z"], true)),
        goes_back("l", "m")
    );
}

#[test]
fn keys_that_are_not_behind_the_marker_that_was_asked_for() {
    let mut pager = ObjectPager::new(request().marker("m"));
    assert_eq!(take(&mut pager, &page(&["m"], &[])), goes_back("m", "m"));
    assert_eq!(take(&mut pager, &page(&["a"], &[])), goes_back("a", "m"));
    assert_eq!(take(&mut pager, &page(&["m\0"], &[])).unwrap(), ["m\0"]);
}

#[test]
fn entries_of_a_folder_that_come_again_behind_it() {
    let mut pager = ObjectPager::new(request().delimiter("/"));
    take(&mut pager, &page_then(&[], &["b/"], "b/")).unwrap();
    assert_eq!(
        take(&mut pager, &page(&["b/x"], &[])),
        goes_back("b/x", "b/")
    );
    assert_eq!(
        take(&mut pager, &page(&[], &["b/c/"])),
        goes_back("b/c/", "b/")
    );
}

#[test]
fn keys_and_folders_outside_the_prefix() {
    let mut pager = ObjectPager::new(request().prefix("p/"));
    let leaves = |entry: &str| PagerError::LeavesPrefix {
        entry: entry.into(),
        prefix: "p/".into(),
    };
    assert_eq!(
        take(&mut pager, &page(&["q"], &[])).unwrap_err(),
        leaves("q")
    );
    assert_eq!(
        take(&mut pager, &page(&["p"], &[])).unwrap_err(),
        leaves("p")
    );
    assert_eq!(
        take(&mut pager, &page(&[], &["../"])).unwrap_err(),
        leaves("../")
    );
    // A folder that is the prefix itself would be walked for ever.
    assert_eq!(take(&mut pager, &page(&[], &["p/"])), repeats("p/"));
    assert_eq!(take(&mut pager, &page(&["p/"], &[])).unwrap(), ["p/"]);
}

#[test]
fn a_truncated_page_without_entries_stands_still() {
    let mut pager = ObjectPager::new(request());
    assert_eq!(
        take(&mut pager, &s3_page(&[], true)),
        Err(PagerError::StandsStill)
    );
    assert_eq!(
        take(&mut pager, &page_then(&[], &[], "z")),
        Err(PagerError::StandsStill)
    );
}

#[test]
fn next_markers_that_stand_still_go_back_or_leave_the_prefix() {
    let mut pager = ObjectPager::new(request().prefix("p/"));
    assert_eq!(
        take(&mut pager, &page_then(&["p/a", "p/b"], &[], "p/a")),
        bad_marker("p/a", "p/b")
    );
    assert_eq!(
        take(&mut pager, &page_then(&["p/a"], &[], "q")),
        bad_marker("q", "p/a")
    );
    take(&mut pager, &page_then(&["p/a", "p/b"], &[], "p/b")).unwrap();
    assert_eq!(
        take(&mut pager, &page_then(&["p/c"], &[], "p/b")),
        bad_marker("p/b", "p/c")
    );
    assert_eq!(
        take(&mut pager, &page_then(&["p/c"], &[], "p/a")),
        bad_marker("p/a", "p/c")
    );

    let mut folded = ObjectPager::new(request().delimiter("/"));
    let s3 = Page {
        s3: true,
        ..page_then(&[], &["b/"], "0123")
    };
    assert_eq!(take(&mut folded, &s3), bad_marker("0123", "b/"));
}

#[test]
fn a_next_marker_that_skips_keys_skips_none() {
    let mut pager = ObjectPager::new(request());
    take(&mut pager, &page_then(&["a"], &[], "y")).unwrap();
    assert_eq!(pager.next_request(), Some(request().marker("a")));
}

#[test]
fn a_tree_sorted_as_a_tree_is_walked() {
    let mut pager = ObjectPager::new(request());
    assert_eq!(
        take(&mut pager, &page_then(&[], &["a/"], "a/")).unwrap(),
        ["a/"]
    );
    assert_eq!(take(&mut pager, &page(&["a/x"], &[])).unwrap(), ["a/x"]);
    // By bytes, this goes back.
    assert_eq!(
        take(&mut pager, &page_then(&["a-b"], &["a.d/"], "a.d/")).unwrap(),
        ["a-b", "a.d/"]
    );
    assert_eq!(
        take(&mut pager, &page(&[], &[])).unwrap(),
        Vec::<String>::new()
    );
    // From here on, bytes do not count any more.
    assert_eq!(
        take(&mut pager, &page(&["b", "b-", "b/"], &[])),
        goes_back("b/", "b-")
    );
    assert_eq!(
        take(&mut pager, &page(&["b", "b/", "b-"], &[])).unwrap(),
        ["b", "b/", "b-"]
    );
}

#[test]
fn a_listing_without_folders_is_sorted_by_bytes() {
    let mut pager = ObjectPager::new(request());
    assert_eq!(
        take(&mut pager, &page(&["a/", "a-b"], &[])),
        goes_back("a-b", "a/")
    );
}

#[test]
fn folders_nested_without_end_are_left() {
    let mut pager = ObjectPager::new(request());
    let mut folder = String::new();
    for _ in 0..1000 {
        folder.push('d');
        match take(&mut pager, &page(&[], &[&folder])) {
            Ok(_) => {}
            Err(error) => {
                assert_eq!(
                    error,
                    PagerError::TooDeep {
                        limit: cos_proto::pager::MAX_DEPTH
                    }
                );
                return;
            }
        }
    }
    panic!("{folder}");
}

#[test]
fn entries_waiting_without_end_are_left() {
    let mut pager = ObjectPager::new(request());
    let mut folder = String::new();
    for _ in 0..100 {
        let keys: Vec<String> = (0..1000)
            .map(|number| format!("{folder}z{number:03}"))
            .collect();
        folder.push_str("d/");
        let full = Page {
            keys,
            prefixes: vec![folder.clone()],
            ..Page::default()
        };
        if let Err(error) = take(&mut pager, &full) {
            assert_eq!(
                error,
                PagerError::TooManyWaiting {
                    limit: cos_proto::pager::MAX_WAITING
                }
            );
            return;
        }
    }
    panic!("{folder}");
}

#[test]
fn names_are_escaped_in_errors() {
    let error = take(
        &mut ObjectPager::new(request()),
        &page(&["b", "a\u{1b}[2J"], &[]),
    )
    .unwrap_err();
    assert_eq!(
        error.to_string(),
        "listing goes back to \"a\\u{1b}[2J\" after \"b\""
    );
}

fn version_request() -> ListObjectVersions {
    ListObjectVersions::new(Bucket::new("examplebucket-1250000000").unwrap())
}

fn version(key: &str, id: &str) -> Version {
    Version {
        key: key.into(),
        id: id.into(),
        deleted: false,
    }
}

/// A page of versions, written by hand.
fn take_versions(
    pager: &mut VersionPager,
    all: &[Version],
    next: Option<(&str, &str)>,
) -> Result<usize, PagerError> {
    let mut body = list_versions(all, &version_request(), true);
    if let Some((key, id)) = next {
        let markers = format!(
            "<IsTruncated>true</IsTruncated><NextKeyMarker>{key}</NextKeyMarker><NextVersionIdMarker>{id}</NextVersionIdMarker>"
        );
        body = body.replace("<IsTruncated>false</IsTruncated>", &markers);
    }
    let request = pager.next_request().unwrap();
    pager
        .take(request.parse(body.as_bytes()).unwrap())
        .map(|listed| listed.len())
}

#[test]
fn versions_are_continued_by_both_markers_and_an_empty_one_is_sent_empty() {
    let mut pager = VersionPager::new(version_request());
    take_versions(
        &mut pager,
        &[version("a", "1"), version("a", "2")],
        Some(("a", "2")),
    )
    .unwrap();
    assert_eq!(
        pager.next_request(),
        Some(version_request().key_marker("a").version_id_marker("2"))
    );
    take_versions(
        &mut pager,
        &[version("a", "3"), version("b", "")],
        Some(("b", "")),
    )
    .unwrap();
    assert_eq!(
        pager.next_request(),
        Some(version_request().key_marker("b").version_id_marker(""))
    );
    take_versions(&mut pager, &[version("c", "null")], None).unwrap();
    assert_eq!(pager.next_request(), None);
}

#[test]
fn versions_that_go_back_stand_still_or_turn_in_circles() {
    let bad = |marker: &str, after: &str| {
        Err(PagerError::BadMarker {
            marker: marker.into(),
            after: after.into(),
        })
    };
    let mut pager = VersionPager::new(version_request());
    let first = [version("b", "1"), version("b", "2")];
    assert_eq!(
        take_versions(&mut pager, &first, Some(("a", "1"))),
        bad("a", "b")
    );
    take_versions(&mut pager, &first, Some(("b", "2"))).unwrap();
    // The page that was just taken, the one before it, and one that ends where an earlier one did.
    assert_eq!(
        take_versions(&mut pager, &first, Some(("b", "2"))),
        bad("b", "b")
    );
    assert_eq!(
        take_versions(&mut pager, &[version("b", "2")], None),
        Err(PagerError::Repeats { entry: "b".into() })
    );
    assert_eq!(
        take_versions(&mut pager, &[version("a", "9")], None),
        Err(PagerError::GoesBack {
            entry: "a".into(),
            after: "b".into()
        })
    );
    take_versions(&mut pager, &[version("b", "3")], Some(("b", "3"))).unwrap();
    assert_eq!(
        take_versions(&mut pager, &[version("b", "1")], Some(("b", "2"))),
        bad("b", "b")
    );
    assert_eq!(
        take_versions(&mut pager, &[version("c", "1"), version("c", "1")], None),
        Err(PagerError::Repeats { entry: "c".into() })
    );
}

fn take_buckets(
    pager: &mut BucketPager,
    names: &[&str],
    next: Option<&str>,
) -> Result<usize, PagerError> {
    let bucket = |name: &&str| {
        let date = "<CreationDate>2019-05-24T11:49:50Z</CreationDate>";
        format!("<Bucket><Name>{name}</Name>{date}</Bucket>")
    };
    let buckets: String = names.iter().map(bucket).collect();
    let next = match next {
        None => String::new(),
        Some("") => String::from("<IsTruncated>true</IsTruncated>"),
        Some(next) => {
            format!("<IsTruncated>true</IsTruncated><NextMarker>{next}</NextMarker>")
        }
    };
    let body = format!(
        "<ListAllMyBucketsResult>{next}<Buckets>{buckets}</Buckets></ListAllMyBucketsResult>"
    );
    let page = ListBuckets::new().parse(body.as_bytes()).unwrap();
    pager.take(page).map(|buckets| buckets.len())
}

#[test]
fn buckets_are_continued_by_their_marker() {
    let mut pager = BucketPager::new(ListBuckets::new());
    assert_eq!(pager.next_request(), Some(ListBuckets::new()));
    assert_eq!(take_buckets(&mut pager, &["a", "b"], Some("b")), Ok(2));
    assert_eq!(pager.next_request(), Some(ListBuckets::new().marker("b")));
    // Without a next marker, the last name is one.
    assert_eq!(take_buckets(&mut pager, &["c"], Some("")), Ok(1));
    assert_eq!(pager.next_request(), Some(ListBuckets::new().marker("c")));
    assert_eq!(take_buckets(&mut pager, &[], None), Ok(0));
    assert_eq!(pager.next_request(), None);
    assert_eq!(
        take_buckets(&mut pager, &[], None),
        Err(PagerError::NotAsked)
    );
}

#[test]
fn buckets_that_go_back_come_twice_or_stand_still() {
    let mut pager = BucketPager::new(ListBuckets::new());
    let repeats = PagerError::Repeats { entry: "a".into() };
    assert_eq!(
        take_buckets(&mut pager, &["a", "b", "a"], None),
        Err(repeats)
    );
    assert_eq!(
        take_buckets(&mut pager, &[], Some("b")),
        Err(PagerError::StandsStill)
    );
    let bad = PagerError::BadMarker {
        marker: "a".into(),
        after: "b".into(),
    };
    assert_eq!(take_buckets(&mut pager, &["a", "b"], Some("a")), Err(bad));
    assert_eq!(take_buckets(&mut pager.clone(), &["b", "a"], None), Ok(2));
    take_buckets(&mut pager, &["a", "b"], Some("b")).unwrap();
    let back = |entry: &str| PagerError::GoesBack {
        entry: entry.into(),
        after: "b".into(),
    };
    assert_eq!(take_buckets(&mut pager, &["b"], None), Err(back("b")));
    assert_eq!(take_buckets(&mut pager, &["c", "a"], None), Err(back("a")));
}

/// Keys of few letters, so that folders, prefixes of each other and both orders meet.
fn keys() -> impl Strategy<Value = BTreeSet<String>> {
    prop::collection::btree_set("[ab/.-]{1,6}", 0..40)
}

/// The keys of a file tree: no empty components, and no key that is a folder.
fn tree() -> impl Strategy<Value = BTreeSet<String>> {
    prop::collection::btree_set("[ab.-]{1,2}(/[ab.-]{1,2}){0,3}", 0..40).prop_map(|keys| {
        let is_folder = |key: &String| {
            keys.iter()
                .any(|other| other.starts_with(&format!("{key}/")))
        };
        keys.iter().filter(|key| !is_folder(key)).cloned().collect()
    })
}

fn server() -> impl Strategy<Value = Server> {
    let flat = (
        keys(),
        prop::sample::select(vec![Flavour::Cos, Flavour::S3, Flavour::S3Token]),
    );
    let folded = (
        tree(),
        prop::sample::select(vec![Flavour::Ofs, Flavour::OfsTree]),
    );
    prop_oneof![flat, folded].prop_map(|(keys, flavour)| Server { keys, flavour })
}

/// A marker that is a folder is left out: it stands behind all that is in the folder where the
/// bucket has folders, and before it where it has none.
fn any_request() -> impl Strategy<Value = ListObjects> {
    let prefix = prop_oneof![Just(String::new()), "[ab/]{0,2}"];
    let delimiter = prop_oneof![3 => Just(None), 1 => Just(Some("/"))];
    let marker = prop_oneof![2 => Just(None), 1 => "[ab/.-]{0,3}[ab.-]".prop_map(Some)];
    (prefix, delimiter, marker, 1..8_u16).prop_map(|(prefix, delimiter, marker, max_keys)| {
        let mut asked = request().prefix(prefix).max_keys(max_keys);
        asked.delimiter = delimiter.map(String::from);
        asked.marker = marker;
        asked
    })
}

fn spoil() -> impl Strategy<Value = Spoil> {
    prop_oneof![
        4 => Just(Spoil::Nothing),
        1 => (any::<usize>(), any::<usize>()).prop_map(|(left, right)| Spoil::SwapKeys(left, right)),
        1 => Just(Spoil::DropKeys),
        2 => "[ab/.-]{1,6}".prop_map(Spoil::AddKey),
        2 => "[ab/.-]{1,6}".prop_map(Spoil::AddPrefix),
        2 => prop::option::of("[ab/.-]{0,6}").prop_map(Spoil::Next),
        3 => any::<bool>().prop_map(Spoil::Truncated),
        1 => any::<bool>().prop_map(Spoil::S3),
    ]
}

proptest! {
    #[test]
    fn a_listing_gives_every_entry_once_and_in_order(server in server(), asked in any_request()) {
        let mut pager = ObjectPager::new(asked.clone());
        let mut seen = Vec::new();
        let mut requests = 0;
        while let Some(request) = pager.next_request() {
            requests += 1;
            prop_assert!(requests <= 2 * server.keys.len() + 100, "{:?}", request);
            let page = request.parse(server.list(&request).write().as_bytes()).unwrap();
            for listed in pager.take(page).map_err(|error| TestCaseError::fail(error.to_string()))? {
                match listed {
                    Listed::Entry(entry) => seen.push(entry.key.as_str().to_owned()),
                    Listed::Prefix(prefix) => seen.push(prefix),
                    _ => {}
                }
            }
        }
        let mut expected = server.expected(&asked);
        if server.flavour == Flavour::OfsTree {
            // In the order of bytes for as long as that is possible: that each is there once is all
            // that can be said.
            seen.sort();
            expected.sort();
        }
        prop_assert_eq!(seen, expected);
    }

    #[test]
    fn a_spoilt_listing_ends_and_gives_nothing_twice(
        server in server(),
        asked in any_request(),
        spoils in prop::collection::vec(prop::collection::vec(spoil(), 0..3), 1..12),
    ) {
        let mut pager = ObjectPager::new(asked);
        let mut seen = BTreeSet::new();
        let mut requests = 0_usize;
        while let Some(request) = pager.next_request() {
            let mut page = server.list(&request);
            for spoil in &spoils[requests % spoils.len()] {
                spoil.apply(&mut page);
            }
            requests += 1;
            // Every page but the last of a folder has something new, and so has every folder.
            prop_assert!(requests <= 2 * (seen.len() + 2), "{} requests, {:?}", requests, seen);
            let page = request.parse(page.write().as_bytes()).unwrap();
            let Ok(listed) = pager.take(page) else { return Ok(()) };
            for listed in listed {
                // A folder and the object that marks it have one name.
                let is_entry = matches!(listed, Listed::Entry(_));
                prop_assert!(seen.insert((name(&listed).to_owned(), is_entry)), "{:?} twice", listed);
            }
        }
    }

    #[test]
    fn versions_come_each_once_and_in_the_order_of_the_page(
        keys in prop::collection::btree_map("[ab/]{1,3}", prop::collection::vec(any::<bool>(), 1..9), 0..12),
        max_keys in 1..8_u16,
        mixed in any::<bool>(),
    ) {
        let all: Vec<Version> = keys
            .iter()
            .flat_map(|(key, kinds)| kinds.iter().enumerate().map(|(number, deleted)| Version {
                key: key.clone(),
                id: format!("v{number}"),
                deleted: *deleted,
            }))
            .collect();
        let mut pager = VersionPager::new(version_request().max_keys(max_keys));
        let mut seen = Vec::new();
        let mut requests = 0;
        while let Some(request) = pager.next_request() {
            requests += 1;
            prop_assert!(requests <= all.len() + 1);
            let page = request.parse(list_versions(&all, &request, mixed).as_bytes()).unwrap();
            let listed = pager.take(page).map_err(|error| TestCaseError::fail(error.to_string()))?;
            seen.extend(listed.into_iter().filter_map(Listed::into_entry).map(|entry| Version {
                key: entry.key().as_str().to_owned(),
                id: entry.version_id().unwrap().as_str().to_owned(),
                deleted: matches!(entry, cos_proto::VersionEntry::DeleteMarker(_)),
            }));
        }
        if mixed {
            prop_assert_eq!(seen, all);
        } else {
            // Within a page, versions come before delete markers: each once is all that can be
            // said.
            let id = |version: &Version| (version.key.clone(), version.id.clone());
            prop_assert_eq!(seen.len(), all.len());
            prop_assert_eq!(seen.iter().map(id).collect::<BTreeSet<_>>(), all.iter().map(id).collect());
        }
    }
}
