//! Pagers against a bucket in memory, by lists of what happens.

use std::collections::BTreeSet;

use cos_proto::{ListObjects, Listed, ObjectPager};

use crate::bucket;
use crate::input::Input;
use crate::server::{Flavour, Server, Spoil};

/// A bucket, a request, and how its pages are spoilt: a listing that is not gives every entry once;
/// whatever the pages, it ends, and gives nothing twice.
pub fn pager(data: &[u8]) -> Option<()> {
    let mut input = Input(data);
    let server = server(&mut input);
    let asked = request(&mut input);
    let mut pager = ObjectPager::new(asked.clone());
    let mut seen = BTreeSet::new();
    let (mut requests, mut spoilt) = (0, false);
    while let Some(request) = pager.next_request() {
        let mut page = server.list(&request);
        while !input.is_over() && input.bool() {
            spoil(&mut input).apply(&mut page);
            spoilt = true;
        }
        requests += 1;
        // Every page but the last of a folder has something new, and so has every folder.
        assert!(requests <= 2 * (seen.len() + 2), "{requests} requests");
        let page = request
            .parse(page.write().as_bytes())
            .expect("what is written is read");
        let Ok(listed) = pager.take(page) else {
            assert!(spoilt, "a good listing is refused");
            return Some(());
        };
        for listed in listed {
            let (name, is_entry) = match listed {
                Listed::Entry(entry) => (entry.key.as_str().to_owned(), true),
                Listed::Prefix(prefix) | Listed::Folder(prefix) => (prefix, false),
                _ => continue,
            };
            assert!(seen.insert((name, is_entry)), "given out twice");
        }
    }
    if !spoilt {
        let folders = |name: &str| asked.delimiter.is_none() && name.ends_with('/');
        let given: BTreeSet<String> = seen
            .into_iter()
            .filter(|(name, is_entry)| *is_entry || !folders(name))
            .map(|(name, _)| name)
            .collect();
        let expected: BTreeSet<String> = server.expected(&asked).into_iter().collect();
        assert_eq!(given, expected);
    }
    (requests > 0).then_some(())
}

/// Few letters, so that folders, prefixes of each other and both orders meet.
const LETTERS: &str = "ab/.-";

fn server(input: &mut Input<'_>) -> Server {
    let flavour = match input.byte() % 5 {
        0 => Flavour::Cos,
        1 => Flavour::S3,
        2 => Flavour::S3Token,
        3 => Flavour::Ofs,
        _ => Flavour::OfsTree,
    };
    let count = input.byte() % 40;
    let mut keys: BTreeSet<String> = (0..count).map(|_| input.text(LETTERS, 6)).collect();
    keys.remove("");
    if matches!(flavour, Flavour::Ofs | Flavour::OfsTree) {
        // A bucket that is a file tree has no empty components, and no file that is a folder.
        keys.retain(|key| key.split('/').all(|component| !component.is_empty()));
        let all = keys.clone();
        keys.retain(|key| {
            let below = format!("{key}/");
            !all.iter().any(|other| other.starts_with(&below))
        });
    }
    Server { keys, flavour }
}

fn request(input: &mut Input<'_>) -> ListObjects {
    let mut asked = ListObjects::new(bucket())
        .prefix(input.text("ab/", 2))
        .max_keys(1 + u16::from(input.byte() % 7));
    if input.byte() % 4 == 3 {
        asked.delimiter = Some(String::from("/"));
    }
    if input.byte() % 3 == 2 {
        let marker = input.text(LETTERS, 4);
        // A marker that is a folder stands behind all that is in it where the bucket has folders,
        // and before it where it has none.
        asked.marker = (!marker.is_empty() && !marker.ends_with('/')).then_some(marker);
    }
    asked
}

fn spoil(input: &mut Input<'_>) -> Spoil {
    let place = |input: &mut Input<'_>| usize::from(input.byte());
    match input.byte() % 8 {
        0 => Spoil::SwapKeys(place(input), place(input)),
        1 => Spoil::DropKeys,
        2 => Spoil::AddKey(format!("a{}", input.text(LETTERS, 5))),
        3 => Spoil::AddPrefix(format!("a{}", input.text(LETTERS, 5))),
        4 => Spoil::Next(input.bool().then(|| input.text(LETTERS, 6))),
        5 => Spoil::Truncated(input.bool()),
        6 => Spoil::S3(input.bool()),
        _ => Spoil::Nothing,
    }
}
