//! Bodies of listings, and pagers that walk through them.

use std::collections::BTreeSet;

use cos_proto::{
    ListBuckets, ListObjectVersions, ListObjects, Listed, ObjectPager, VersionPager, listing,
};

use crate::bucket;

/// Bodies of pages of objects, with a zero byte between them: the answers to what a pager asks, in
/// turn.
pub fn object_listing(data: &[u8]) -> Option<()> {
    let mut pager = ObjectPager::new(ListObjects::new(bucket()));
    let mut seen = BTreeSet::new();
    let (mut pages, mut taken) = (0, 0);
    for body in data.split(|&byte| byte == 0) {
        let Some(request) = pager.next_request() else {
            break;
        };
        let Ok(page) = request.parse(body) else {
            continue;
        };
        let entries = page.objects.len();
        assert!(entries + page.common_prefixes.len() <= listing::MAX_ENTRIES);
        let Ok(listed) = pager.take(page) else {
            assert_eq!(
                pager.next_request(),
                Some(request),
                "a refused page moves the pager"
            );
            continue;
        };
        assert_ne!(
            pager.next_request(),
            Some(request),
            "the pager stands still"
        );
        pages += 1;
        taken += entries;
        for entry in listed.into_iter().filter_map(Listed::into_entry) {
            assert!(
                seen.insert(entry.key.clone()),
                "{} is given out twice",
                entry.key
            );
        }
    }
    assert!(
        pager.next_request().is_some() || seen.len() == taken,
        "entries are lost"
    );
    (pages > 0).then_some(())
}

/// Bodies of pages of versions, with a zero byte between them: the answers to what a pager asks, in
/// turn.
pub fn version_listing(data: &[u8]) -> Option<()> {
    let mut pager = VersionPager::new(ListObjectVersions::new(bucket()));
    let mut seen = BTreeSet::new();
    let (mut pages, mut taken, mut given) = (0, 0, 0);
    let mut last = None;
    for body in data.split(|&byte| byte == 0) {
        let Some(request) = pager.next_request() else {
            break;
        };
        let Ok(page) = request.parse(body) else {
            continue;
        };
        let entries = page.entries.len();
        assert!(entries + page.common_prefixes.len() <= listing::MAX_ENTRIES);
        let Ok(listed) = pager.take(page) else {
            assert_eq!(
                pager.next_request(),
                Some(request),
                "a refused page moves the pager"
            );
            continue;
        };
        assert_ne!(
            pager.next_request(),
            Some(request),
            "the pager stands still"
        );
        pages += 1;
        taken += entries;
        for entry in listed.into_iter().filter_map(Listed::into_entry) {
            given += 1;
            let key = Some(entry.key().clone());
            assert!(
                key == last || seen.insert(key.clone()),
                "the versions of {} are not together",
                entry.key()
            );
            last = key;
        }
    }
    assert!(
        pager.next_request().is_some() || given == taken,
        "entries are lost"
    );
    (pages > 0).then_some(())
}

/// A page of buckets, from the body of an answer.
pub fn bucket_listing(data: &[u8]) -> Option<()> {
    let page = ListBuckets::new().parse(data).ok()?;
    assert!(page.buckets.len() <= listing::MAX_ENTRIES);
    Some(())
}
