//! Faults of all kinds on any parts, an object that is replaced, and a caller that gives up, in any
//! order: what is published is one state of the object, whole, and in the end it is published.

use std::fs;
use std::hash::{BuildHasher as _, RandomState};
use std::time::Duration;

use bytes::Bytes;
use cos_emulator::{Fault, Object};
use cos_transfer::Report;
use http::StatusCode;
use tokio::time::timeout;

use crate::rig::{KEY, LEN, OLD, PART, Rig, content, object, of_part};

/// As many schedules as are run by default, and with `COS_LONG` in the environment.
const SCHEDULES: u64 = 20;
const LONG_SCHEDULES: u64 = 500;

/// Runs that something befalls, before one that is left alone.
const RUNS: u64 = 3;

/// Numbers for a schedule.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % end
    }
}

/// One of the faults, on what is no state of the object or a state that is over.
fn fault(numbers: &mut Numbers) -> Fault {
    let somewhere = numbers.below(PART);
    let fault = Fault::new();
    match numbers.below(12) {
        0 => fault.reset(),
        1 => fault.reset_after(somewhere),
        2 | 3 => fault.close_after(somewhere),
        4 => fault.truncate(somewhere).content_length(PART),
        5 => fault.status(StatusCode::SERVICE_UNAVAILABLE),
        6 => fault.status(StatusCode::BAD_GATEWAY),
        7 => fault.set_header("etag", "\"another\""),
        8 => fault
            .status(StatusCode::RANGE_NOT_SATISFIABLE)
            .set_header("content-range", "bytes */1000"),
        9 => fault.ignore_range(),
        10 => fault.stall_head(Duration::from_millis(numbers.below(50))),
        _ => fault.throttle(2_000_000),
    }
}

/// A state of the object, by which its bytes can be told.
fn state(number: u64) -> Object {
    Object::new(content(number)).etag(format!("\"state-{number}\""))
}

/// What the report says is what the file is.
fn assert_is_what_it_says(rig: &Rig, report: &Report, states: &[Bytes]) {
    let etag = report.etag.as_ref().unwrap().to_string();
    let number = etag.trim_matches('"').rsplit('-').next().unwrap();
    let number: usize = number.parse().unwrap();
    let found = fs::read(rig.dest()).unwrap();
    assert!(
        Some(found.as_slice()) == states.get(number).map(AsRef::as_ref),
        "the file is not {etag}: {report:#?}"
    );
    assert_eq!(rig.names(), ["file"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_befalls_the_file_is_one_state_of_the_object() {
    let is_long = std::env::var_os("COS_LONG").is_some();
    let schedules = if is_long { LONG_SCHEDULES } else { SCHEDULES };
    let states: Vec<Bytes> = (0..3).map(content).collect();
    for _ in 0..schedules {
        let seed = RandomState::new().hash_one(0);
        println!("seed {seed}");
        schedule(&mut Numbers(seed), &states).await;
    }
}

async fn schedule(numbers: &mut Numbers, states: &[Bytes]) {
    let rig = Rig::with(state(0)).await;
    for _ in 0..RUNS {
        for _ in 0..numbers.below(6) {
            let when = of_part(numbers.below(LEN / PART)).nth(1 + numbers.below(2));
            rig.script(when, fault(numbers));
        }
        if numbers.below(2) == 0 {
            let (bucket, number) = (rig.bucket.clone(), numbers.below(3));
            let replace = move || drop(bucket.put(KEY, state(number)));
            let when = of_part(numbers.below(LEN / PART));
            rig.script(when, Fault::new().then(replace));
        }
        let parallel = usize::try_from(1 + numbers.below(6)).unwrap();
        let downloader = rig.downloader().parallel(parallel);
        let mut transfer = downloader.download(object(), &rig.dest());
        let patience = match numbers.below(3) {
            0 => Duration::from_millis(numbers.below(100)),
            _ => Duration::from_secs(60),
        };
        match timeout(patience, &mut transfer).await {
            Ok(Ok(report)) => assert_is_what_it_says(&rig, &report, states),
            // One that was dropped before may have been published meanwhile, so that what is there
            // now is looked at below.
            Ok(Err(_)) => {}
            // Whether its end is waited for makes no difference to what may be there.
            Err(_) if numbers.below(2) == 0 => drop(transfer.cancel().await),
            Err(_) => drop(transfer),
        }
        let found = fs::read(rig.dest()).unwrap();
        let is_whole = found == OLD || states.iter().any(|state| found == *state);
        assert!(is_whole, "the file is no state of the object");
        rig.emulator.faults().clear();
    }
    let downloader = rig.downloader();
    let report = downloader.download(object(), &rig.dest()).await.unwrap();
    assert_is_what_it_says(&rig, &report, states);
}
