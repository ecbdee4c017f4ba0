//! Pieces of work that are measured: in time by the `work` benchmark, in instructions by `icount`.
//!
//! Each is made ready once, and then done again and again; what it answers keeps the compiler from
//! leaving it out.

mod download;
mod page;

use std::hint::black_box;
use std::time::Duration;

use cos_proto::{Bucket, GetObject, Key, ListObjects, crc64};
use cos_sign::{Credentials, Head, KeyTime, SigningKey};
use cos_transfer::engine::journal::Checkpoint;
use cos_transfer::prefix::{KeyPath, Names};
use http::{HeaderMap, Request, header};

pub use page::page_of_1000_keys;

/// A piece of work.
#[derive(Clone, Copy, Debug)]
pub struct Work {
    /// What it is, and how much of it.
    pub name: &'static str,
    /// Makes it ready.
    pub ready: fn() -> Box<dyn FnMut() -> u64>,
}

/// All of them.
pub const ALL: [Work; 9] = [
    Work {
        name: "sign",
        ready: sign,
    },
    Work {
        name: "presign",
        ready: presign,
    },
    Work {
        name: "page-of-1000-keys",
        ready: page,
    },
    Work {
        name: "crc64-of-1-mib",
        ready: checksum,
    },
    Work {
        name: "crc64-combined-of-10000-parts",
        ready: combine,
    },
    Work {
        name: "download-of-1000-parts",
        ready: events,
    },
    Work {
        name: "download-with-10000-records",
        ready: records,
    },
    Work {
        name: "journal-read-of-10000-records",
        ready: journal,
    },
    Work {
        name: "paths-of-1000-keys",
        ready: paths,
    },
];

fn signing_key() -> SigningKey {
    let key = "examplesecretkeyexamplesecretkey";
    let credentials = Credentials::new("AKIDexampleexampleexampleexample0001", key).unwrap();
    let now = Duration::from_secs(1_557_989_753);
    SigningKey::derive(
        &credentials,
        KeyTime::starting(now, Duration::from_secs(3600)),
    )
}

/// What a download sends for one part of an object.
fn request() -> Request<()> {
    let host = "examplebucket-1250000000.cos.ap-beijing.myqcloud.com";
    Request::get(format!(
        "https://{host}/%E6%95%B0%E6%8D%AE/%E6%96%87%E4%BB%B6%20%281%29.bin?versionId=MTg0NDUx"
    ))
    .header(header::HOST, host)
    .header(header::ACCEPT_ENCODING, "identity")
    .header(header::RANGE, "bytes=1048576000-1069547519")
    .header(header::IF_MATCH, "\"9a4802d5c99dafe1c04da0a8e7e166bf\"")
    .body(())
    .unwrap()
}

fn sign() -> Box<dyn FnMut() -> u64> {
    let (key, mut request) = (signing_key(), request());
    // Signing again replaces the header of the time before.
    Box::new(move || {
        black_box(&key).sign(black_box(&mut request)).unwrap();
        request.headers().len() as u64
    })
}

fn presign() -> Box<dyn FnMut() -> u64> {
    let (key, request) = (signing_key(), request());
    let mut headers = HeaderMap::new();
    let host = request.headers().get(header::HOST).unwrap().clone();
    headers.insert(header::HOST, host);
    Box::new(move || {
        let head = Head::new(request.method(), request.uri(), &headers);
        black_box(&key)
            .presign(black_box(head))
            .unwrap()
            .as_str()
            .len() as u64
    })
}

fn page() -> Box<dyn FnMut() -> u64> {
    let list = ListObjects::new(Bucket::new("examplebucket-1250000000").unwrap());
    let page = page_of_1000_keys();
    Box::new(move || {
        let page = list.parse(black_box(page.as_bytes())).unwrap();
        page.objects.len() as u64
    })
}

fn checksum() -> Box<dyn FnMut() -> u64> {
    let bytes = vec![7; 1 << 20];
    Box::new(move || crc64::checksum(black_box(&bytes)))
}

fn combine() -> Box<dyn FnMut() -> u64> {
    Box::new(|| {
        (0..10_000).fold(0, |all, part| {
            crc64::combine(black_box(all), black_box(part), black_box(20 << 20))
        })
    })
}

fn events() -> Box<dyn FnMut() -> u64> {
    Box::new(|| download::run(1_000, 1, &mut |_| {}))
}

fn records() -> Box<dyn FnMut() -> u64> {
    Box::new(|| {
        let mut written = 0;
        download::run(1_000, 10, &mut |bytes| written += bytes.len() as u64) + written
    })
}

fn journal() -> Box<dyn FnMut() -> u64> {
    let mut journal = Vec::new();
    download::run(1_000, 10, &mut |bytes| journal.extend_from_slice(bytes));
    let get = get();
    Box::new(move || {
        let checkpoint = Checkpoint::read(black_box(&journal), &get).unwrap();
        checkpoint.claims().count() as u64
    })
}

fn paths() -> Box<dyn FnMut() -> u64> {
    let keys: Vec<String> = (0..1000)
        .map(|number| format!("照片/2020年/holiday (1)/IMG{number:08}.jpg"))
        .collect();
    Box::new(move || {
        let paths = keys
            .iter()
            .map(|key| KeyPath::new(black_box(key), Names::Unix));
        paths.map(|path| path.unwrap().as_str().len() as u64).sum()
    })
}

fn get() -> GetObject {
    let bucket = Bucket::new("examplebucket-1250000000").unwrap();
    GetObject::new(bucket, Key::new("data/object.bin").unwrap())
}
