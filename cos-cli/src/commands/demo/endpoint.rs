//! The endpoint of the demo: a bucket in memory, and credentials that open nothing else.

use std::collections::BTreeMap;

use cos_emulator::{Emulator, Fault, LoggedRequest, MemoryBucket, Object, When};
use cos_sign::Credentials;

use crate::error::{Error, chain};
use crate::exit::ExitCode;

/// The demo's bucket.
pub(super) const BUCKET: &str = "demo-1250000000";

/// The demo's larger object.
pub(super) const REPORT: &str = "data/report.bin";

/// Large enough to be cut in the middle, small enough for any machine.
pub(super) const REPORT_SIZE: u64 = 32 * 1024 * 1024;

/// The demo's directory.
pub(super) const FOLDER: &str = "photos/2026/";

/// Objects in it.
pub(super) const PHOTOS: usize = 120;

/// Invented; they open this endpoint and no other.
pub(super) const SECRET_ID: &str = "AKIDdemodemodemodemodemodemodemodemo";
pub(super) const SECRET_KEY: &str = "demosecretkeydemosecretkeydemose";

/// A running endpoint. Scripted faults that nobody met are forgotten when it is dropped.
#[derive(Debug)]
pub(super) struct DemoEndpoint {
    emulator: Option<Emulator>,
    bucket: MemoryBucket,
    objects: BTreeMap<String, Vec<u8>>,
}

impl DemoEndpoint {
    pub(super) async fn start() -> Result<Self, Error> {
        let objects = objects();
        let bucket = MemoryBucket::new(BUCKET);
        for (key, content) in &objects {
            bucket.put(key.as_str(), Object::new(content.clone()));
        }
        let served = bucket.clone();
        let credentials =
            Credentials::new(SECRET_ID, SECRET_KEY).map_err(|error| failed(&error))?;
        let emulator = Emulator::builder()
            .bucket(served)
            .credentials(credentials)
            .start()
            .await
            .map_err(|error| failed(&error))?;
        Ok(Self {
            emulator: Some(emulator),
            bucket,
            objects,
        })
    }

    pub(super) fn url(&self) -> String {
        self.emulator
            .as_ref()
            .map(|emulator| emulator.url())
            .unwrap_or_default()
    }

    /// The bytes of an object.
    pub(super) fn object(&self, key: &str) -> Option<&[u8]> {
        self.objects.get(key).map(Vec::as_slice)
    }

    /// Every object whose key starts with `prefix`: what follows it, and the bytes.
    pub(super) fn below<'a>(
        &'a self,
        prefix: &'a str,
    ) -> impl Iterator<Item = (&'a str, &'a [u8])> {
        let below = move |(key, content): (&'a String, &'a Vec<u8>)| {
            Some((key.strip_prefix(prefix)?, content.as_slice()))
        };
        self.objects.iter().filter_map(below)
    }

    /// Puts another object in the place of one.
    pub(super) fn replace(&mut self, key: &str, content: &str) {
        self.bucket.put(key, Object::new(content.to_owned()));
        self.objects
            .insert(key.to_owned(), content.as_bytes().to_vec());
    }

    /// What befalls a request.
    pub(super) fn script(&self, when: When, fault: Fault) {
        if let Some(emulator) = &self.emulator {
            emulator.faults().script(when, fault);
        }
    }

    /// Whether everything that was scripted has befallen a request.
    pub(super) fn has_met_all_faults(&self) -> bool {
        let faults = self.emulator.as_ref().map(Emulator::faults);
        faults.is_none_or(|faults| faults.check().is_ok())
    }

    /// The requests that it saw from the `seen`-th on.
    pub(super) fn requests_since(&self, seen: usize) -> Vec<LoggedRequest> {
        let Some(emulator) = &self.emulator else {
            return Vec::new();
        };
        emulator.log().into_iter().skip(seen).collect()
    }

    /// How many requests it saw.
    pub(super) fn requests(&self) -> usize {
        self.requests_since(0).len()
    }

    /// Ends it.
    pub(super) async fn shutdown(mut self) -> Result<(), Error> {
        match self.emulator.take() {
            Some(emulator) => emulator.shutdown().await.map_err(|error| failed(&error)),
            None => Ok(()),
        }
    }
}

impl Drop for DemoEndpoint {
    fn drop(&mut self) {
        // An emulator that is dropped with faults in store takes that for a broken test.
        if let Some(emulator) = &self.emulator {
            emulator.faults().clear();
        }
    }
}

/// What stands in the bucket.
fn objects() -> BTreeMap<String, Vec<u8>> {
    let odd = [
        "odd/a//b",
        "odd/x/./y",
        "odd/a+b c&d=e%20f#g?h.txt",
        "odd/数据/文件 (1)~'*!.bin",
    ];
    let odd = odd
        .into_iter()
        .map(|key| (key.to_owned(), format!("I am {key}\n").into_bytes()));
    let noise = noise(REPORT_SIZE);
    let photos: Vec<_> = (1..=PHOTOS)
        .map(|n| {
            let (start, len) = (n * 100_000, n * 1_357);
            let content = noise.iter().skip(start).take(len).copied().collect();
            (format!("{FOLDER}{:02}/{n:03}.jpg", n % 12 + 1), content)
        })
        .collect();
    let report = (REPORT.to_owned(), noise);
    let readme = b"A bucket that exists while the demo runs.\n".to_vec();
    let readme = ("data/readme.txt".to_owned(), readme);
    odd.chain([report, readme]).chain(photos).collect()
}

/// Bytes that look random and are the same every time (xorshift64*, Vigna 2016).
fn noise(len: u64) -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let words = (0..len / 8).flat_map(|_| {
        state ^= state >> 12;
        state ^= state << 25;
        state ^= state >> 27;
        state.wrapping_mul(0x2545_f491_4f6c_dd1d).to_le_bytes()
    });
    words.collect()
}

fn failed(error: &(dyn std::error::Error + 'static)) -> Error {
    Error::new(
        ExitCode::Other,
        format!("the local endpoint failed: {}", chain(error)),
    )
}
