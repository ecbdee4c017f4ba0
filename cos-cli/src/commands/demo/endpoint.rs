//! The endpoint of the demo: a bucket in memory, and credentials that open nothing else.

use cos_emulator::{Emulator, Fault, MemoryBucket, Object, When};
use cos_sign::Credentials;

use crate::error::{Error, chain};
use crate::exit::ExitCode;

/// The demo's bucket.
pub(super) const BUCKET: &str = "demo-1250000000";

/// The demo's larger object.
pub(super) const REPORT: &str = "data/report.bin";

/// Large enough to be cut in the middle, small enough for any machine.
pub(super) const REPORT_SIZE: u64 = 16 * 1024 * 1024;

/// Invented; they open this endpoint and no other.
pub(super) const SECRET_ID: &str = "AKIDdemodemodemodemodemodemodemodemo";
pub(super) const SECRET_KEY: &str = "demosecretkeydemosecretkeydemose";

/// A running endpoint. Scripted faults that nobody met are forgotten when it is dropped.
#[derive(Debug)]
pub(super) struct DemoEndpoint {
    emulator: Option<Emulator>,
    report: Vec<u8>,
}

impl DemoEndpoint {
    pub(super) async fn start() -> Result<Self, Error> {
        let report = noise(REPORT_SIZE);
        let bucket = MemoryBucket::new(BUCKET);
        bucket.put(
            REPORT,
            Object::new(report.clone()).content_type("application/octet-stream"),
        );
        bucket.put(
            "data/readme.txt",
            Object::new("A bucket that exists while the demo runs.\n"),
        );
        for key in [
            "odd/a//b",
            "odd/x/./y",
            "odd/a+b c&d=e%20f#g?h.txt",
            "odd/数据/文件 (1)~'*!.bin",
        ] {
            bucket.put(key, Object::new(format!("I am {key}\n")));
        }
        let credentials =
            Credentials::new(SECRET_ID, SECRET_KEY).map_err(|error| failed(&error))?;
        let emulator = Emulator::builder()
            .bucket(bucket)
            .credentials(credentials)
            .start()
            .await
            .map_err(|error| failed(&error))?;
        Ok(Self {
            emulator: Some(emulator),
            report,
        })
    }

    pub(super) fn url(&self) -> String {
        self.emulator
            .as_ref()
            .map(|emulator| emulator.url())
            .unwrap_or_default()
    }

    /// The bytes of the larger object.
    pub(super) fn report(&self) -> &[u8] {
        &self.report
    }

    /// What befalls the next request for the larger object.
    pub(super) fn script(&self, fault: Fault) {
        if let Some(emulator) = &self.emulator {
            emulator.faults().script(When::get().key(REPORT), fault);
        }
    }

    /// Ends it and tells how many requests it saw.
    pub(super) async fn shutdown(mut self) -> Result<usize, Error> {
        let Some(emulator) = self.emulator.take() else {
            return Ok(0);
        };
        let requests = emulator.log().len();
        emulator.shutdown().await.map_err(|error| failed(&error))?;
        Ok(requests)
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
