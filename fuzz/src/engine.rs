//! The download machine and its journal.

use std::ops::Range;
use std::sync::LazyLock;
use std::time::Duration;

use cos_proto::{ByteRange, Extent, GetObject, Key, crc64};
use cos_transfer::engine::journal::{Checkpoint, MAX_LEN};
use cos_transfer::engine::{Download, Options, Output};

use crate::bucket;
use crate::input::Input;
use crate::schedule::{Damage, Event, Setup, run};

/// What is downloaded and how, then what happens to it, as the model of `cos-transfer` has it: the
/// file is right or the error is, nothing that is there is asked for, and every run ends.
pub fn engine(data: &[u8]) -> Option<()> {
    let mut input = Input(data);
    let setup = setup(&mut input);
    let seed = input.number();
    let mut events = Vec::new();
    while !input.is_over() && events.len() < MOST_EVENTS {
        events.push(event(&mut input));
    }
    if events.is_empty() {
        return None;
    }
    run(&setup, &events, seed);
    Some(())
}

/// More of them find nothing that these do not, and take longer.
const MOST_EVENTS: usize = 300;

fn setup(input: &mut Input<'_>) -> Setup {
    let rarely = |input: &mut Input<'_>| input.byte() % 8 == 7;
    let len = input.below(1_500);
    let range = match input.byte() % 8 {
        5 => {
            let first = input.below(1_500);
            ByteRange::new(first, first + input.below(1_500)).ok()
        }
        6 => Some(ByteRange::starting_at(input.below(1_500))),
        7 => ByteRange::suffix(1 + input.below(1_500)).ok(),
        _ => None,
    };
    Setup {
        len: usize::try_from(len).expect("a short object"),
        etag: !rarely(input),
        crc64: !rarely(input),
        range,
        ordered: rarely(input).then(|| 1 + input.below(600)),
        part_size: 1 + input.below(500),
        connections: usize::from(1 + input.byte() % 6),
        record_bytes: 1 + input.below(400),
        split_bytes: 1 + input.below(100),
        trust: rarely(input),
        deaf: rarely(input),
    }
}

fn event(input: &mut Input<'_>) -> Event {
    match input.byte() % 16 {
        0 => Event::Fail {
            which: input.number(),
            kind: input.number(),
        },
        1 => Event::Verify {
            which: input.number(),
        },
        2 => Event::Deliver {
            most: 1 + input.below(400),
        },
        3 => Event::Pass {
            ms: input.below(2_000),
        },
        4 => Event::Change {
            len: input.below(1_500),
        },
        5 => Event::Crash {
            damage: damage(input),
        },
        6 => Event::Cancel,
        7 => Event::Connections {
            count: 1 + input.below(7),
        },
        _ => Event::Advance {
            which: input.number(),
            chunk: input.number(),
        },
    }
}

fn damage(input: &mut Input<'_>) -> Damage {
    match input.byte() % 8 {
        0 => Damage::None,
        1 => Damage::CutJournal { at: input.number() },
        2 => Damage::FlipJournal {
            bit: input.number(),
        },
        3 => Damage::ZeroJournal {
            from: input.number(),
            len: input.below(100),
        },
        4 => Damage::GarbageInJournal {
            at: input.number(),
            seed: input.number(),
        },
        5 => Damage::NoJournal,
        6 => Damage::FlipFile {
            bit: input.number(),
        },
        _ => Damage::CutFile { at: input.number() },
    }
}

/// A journal that begins with `COSCKPT`; anything else is a list of changes to a good one, each of
/// them a byte for the kind, two for the place and one more: nobody guesses checksums.
///
/// Whatever it holds, its claims lie within its range and next to each other, and a download that
/// believes it goes on.
pub fn journal(data: &[u8]) -> Option<()> {
    let journal = if data.starts_with(b"COSCKPT") {
        data.to_vec()
    } else {
        changed(&GOOD, &mut Input(data))
    };
    let get = get();
    let checkpoint = Checkpoint::read(&journal, &get).ok()?;
    let range = checkpoint.range();
    let mut end = range.start;
    let mut claimed = 0;
    for claim in checkpoint.claims() {
        assert!(end <= claim.offset(), "claims overlap");
        assert!(!claim.is_empty() && claim.end() <= range.end);
        end = claim.end();
        claimed += claim.len();
    }
    // Bytes that are claimed and believed are not asked for.
    let options = Options::new().part_size(7).trust_claims();
    let mut download = Download::resume(get, options, 0, &checkpoint);
    assert_eq!(download.committed(), claimed);
    let mut asked = Vec::new();
    loop {
        match download.poll_output(Duration::ZERO) {
            Output::Request(request) => asked.push(request.get.range?),
            Output::WaitUntil(_) | Output::Done(_) => break,
            Output::Failed(error) => panic!("a checkpoint stands in the way: {error:?}"),
            _ => {}
        }
    }
    for range in asked {
        let wanted = range.resolve(u64::MAX).expect("from a start");
        let there = |claim: &Extent| claim.offset() < wanted.end && wanted.start < claim.end();
        assert!(!checkpoint.claims().any(|claim| there(&claim)));
    }
    Some(())
}

/// A journal of a few records, as the machine writes it.
static GOOD: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let mut journal = Vec::new();
    let options = Options::new()
        .part_size(100)
        .record_every(10, Duration::from_secs(1));
    let mut download = Download::new(get(), options, 0);
    let mut requests = Vec::new();
    loop {
        match download.poll_output(Duration::ZERO) {
            Output::Request(request) => requests.push(request),
            Output::Rewrite(bytes) => journal = bytes,
            Output::Record(record) => journal.extend_from_slice(record.as_bytes()),
            Output::WaitUntil(_) => {
                let Some(request) = requests.pop() else { break };
                let range = request.get.range.and_then(|range| range.resolve(SIZE));
                answer(&mut download, &request, &range.expect("within it"));
            }
            Output::Done(_) | Output::Failed(_) => break,
            _ => {}
        }
    }
    journal
});

const SIZE: u64 = 1_000;

/// Answers half of a request, by tens.
fn answer(download: &mut Download, request: &cos_transfer::engine::Request, range: &Range<u64>) {
    let zeros = [0; 10];
    let (head, ()) = http::Response::builder()
        .status(206)
        .header("content-length", range.end - range.start)
        .header(
            "content-range",
            format!("bytes {}-{}/{SIZE}", range.start, range.end - 1),
        )
        .header("etag", "\"e\"")
        .header("x-cos-hash-crc64ecma", crc64::checksum(&[0; SIZE as usize]))
        .body(())
        .expect("a head")
        .into_parts();
    let Some(mut guard) = download.handle_head(request.task, &head, Duration::ZERO) else {
        return;
    };
    for _ in 0..5 {
        if guard.accept(&zeros).is_err() {
            return;
        }
        download.handle_written(request.task, guard.so_far(), Duration::ZERO);
    }
    // The rest never comes.
}

fn changed(good: &[u8], changes: &mut Input<'_>) -> Vec<u8> {
    let mut journal = good.to_vec();
    while !changes.is_over() && journal.len() < MAX_LEN {
        let kind = changes.byte() % 6;
        let at = usize::try_from(changes.below(journal.len() as u64 + 1)).expect("two bytes");
        let byte = changes.byte();
        match kind {
            0 => journal.truncate(at),
            1 => {
                if let Some(old) = journal.get_mut(at) {
                    *old ^= byte;
                }
            }
            2 => journal.insert(at, byte),
            3 => drop(journal.drain(at..journal.len().min(at + usize::from(byte)))),
            4 => journal.extend_from_within(at..journal.len().min(at + usize::from(byte))),
            _ => {
                let end = journal.len().min(at + usize::from(byte));
                journal[at..end].fill(0);
            }
        }
    }
    journal
}

fn get() -> GetObject {
    GetObject::new(bucket(), Key::new("exampleobject").expect("a key"))
}
