//! Journals and part files that are damaged, not ours, or not there.

use std::sync::LazyLock;

use cos_proto::{Extent, GetObject, Key, VersionId, crc64};

use super::drive::Run;
use super::service::Object;
use super::{DEST, JOURNAL, Numbers, PART, bring, disk, get};
use crate::engine::Outcome;
use crate::engine::journal::{Checkpoint, MAX_LEN};
use crate::storage::Kind;
use crate::storage::sim::Trouble;

/// What a run leaves that is killed in the midst of it.
struct Left {
    object: Object,
    part: Vec<u8>,
    journal: Vec<u8>,
    claims: Vec<Extent>,
    /// Bytes that are claimed.
    claimed: u64,
}

/// Of the object in this state, with so many records and some bytes that are not recorded.
fn left_with(state: usize, records: usize) -> Left {
    let object = Object::new(state, 6000);
    (0..)
        .find_map(|step| {
            let (sim, dir) = disk();
            sim.trouble(Some(Trouble::PowerOff(step)));
            run().download(&dir, &object).unwrap_err();
            let journal = dir.read(JOURNAL)?;
            let claims = claims(&journal, &get());
            (claims.len() == records).then(|| Left {
                object: object.clone(),
                part: dir.read(PART).unwrap(),
                claimed: claims.iter().map(Extent::len).sum(),
                claims,
                journal,
            })
        })
        .unwrap()
}

static LEFT: LazyLock<Left> = LazyLock::new(|| left_with(1, 6));

fn run() -> Run {
    let mut run = Run::new(3).part_size(2048);
    run.options = run
        .options
        .record_every(512, std::time::Duration::from_secs(1));
    run
}

fn claims(journal: &[u8], get: &GetObject) -> Vec<Extent> {
    Checkpoint::read(journal, get).map_or_else(|_| Vec::new(), |found| found.claims().collect())
}

/// A run that finds this part file and this journal, and brings the file nevertheless.
fn go_on_from(part: &[u8], journal: &[u8]) -> Outcome {
    let (_sim, dir) = disk();
    dir.put(PART, Kind::File, part);
    dir.put(JOURNAL, Kind::File, journal);
    let outcome = bring(&run(), &dir, &LEFT.object);
    assert_eq!(outcome.fetched + outcome.resumed, 6000);
    outcome
}

#[test]
fn what_is_claimed_is_not_fetched_again() {
    let left = &*LEFT;
    assert_eq!(go_on_from(&left.part, &left.journal).resumed, left.claimed);
}

#[test]
fn f13_a_journal_cut_off_anywhere_costs_what_it_does_not_say() {
    let left = &*LEFT;
    for len in 0..left.journal.len() {
        let journal = &left.journal[..len];
        let outcome = go_on_from(&left.part, journal);
        let claims = claims(journal, &get());
        assert_eq!(outcome.resumed, claims.iter().map(Extent::len).sum::<u64>());
    }
}

#[test]
fn f13_a_bit_flipped_anywhere_in_a_journal_costs_one_record_at_most() {
    let left = &*LEFT;
    let longest = left.claims.iter().map(Extent::len).max().unwrap();
    for bit in 0..left.journal.len() * 8 {
        let mut journal = left.journal.clone();
        journal[bit / 8] ^= 1 << (bit % 8);
        let outcome = go_on_from(&left.part, &journal);
        assert!(outcome.resumed + longest >= left.claimed, "bit {bit}");
    }
}

#[test]
fn f13_zeros_noise_and_garbage_without_end_are_no_journal() {
    let left = &*LEFT;
    let mut numbers = Numbers(5);
    let mut noise = |len: usize| -> Vec<u8> {
        let bytes = std::iter::repeat_with(|| u8::try_from(numbers.below(256)).unwrap());
        bytes.take(len).collect()
    };
    let mut garbage = noise(1 << 16).repeat(128);
    for journal in [
        vec![],
        vec![0; left.journal.len()],
        noise(left.journal.len()),
        noise(3),
        b"COSCKPT".repeat(1000),
        garbage.clone(),
    ] {
        assert_eq!(go_on_from(&left.part, &journal).resumed, 0);
    }
    // What is ours before it is found still.
    garbage.splice(..0, left.journal.iter().copied());
    assert_eq!(go_on_from(&left.part, &garbage).resumed, left.claimed);
}

#[test]
fn f13_of_a_journal_no_more_is_read_than_one_may_have() {
    let (_sim, dir) = disk();
    dir.put(JOURNAL, Kind::File, &vec![1; MAX_LEN + 1000]);
    let sidecars = run().open(&dir).unwrap();
    assert_eq!(sidecars.journal().read().unwrap().len(), MAX_LEN);
}

#[test]
fn f13_zeros_behind_a_journal_cost_nothing() {
    let left = &*LEFT;
    let mut journal = left.journal.clone();
    journal.resize(journal.len() + 4096, 0);
    assert_eq!(go_on_from(&left.part, &journal).resumed, left.claimed);
}

#[test]
fn f14_a_journal_of_another_object_version_or_range_is_not_followed() {
    let left = &*LEFT;
    let mut other_key = get();
    other_key.key = Key::new("another").unwrap();
    let other_version = get().version_id(VersionId::new("v").unwrap());
    let other_range = get().range("bytes=0-99".parse().unwrap());
    for asked in [other_key, other_version, other_range] {
        let (_sim, dir) = disk();
        dir.put(PART, Kind::File, &left.part);
        dir.put(JOURNAL, Kind::File, &left.journal);
        let sidecars = run().open(&dir).unwrap();
        assert!(sidecars.checkpoint(&asked).unwrap().is_none());
        assert_eq!(dir.read(JOURNAL).unwrap(), b"");
        assert_eq!(dir.read(PART), None);
    }
}

/// The journal is of a former state of the object, and the service says so.
#[test]
fn f14_a_journal_of_another_state_costs_one_start() {
    let former = left_with(2, 6);
    let outcome = go_on_from(&former.part, &former.journal);
    assert_eq!((outcome.fetched, outcome.resumed), (6000, 0));
}

#[test]
fn f14_a_journal_of_another_format_is_not_followed() {
    let left = &*LEFT;
    let mut journal = left.journal.clone();
    let len = usize::try_from(u32::from_le_bytes(journal[8..12].try_into().unwrap())).unwrap();
    let header = 12 + len + 8;
    for start in [0, header] {
        journal[start + 7] += 1;
        let check = crc64::checksum(&journal[start..start + header - 8]);
        journal[start + header - 8..start + header].copy_from_slice(&check.to_le_bytes());
    }
    assert_eq!(go_on_from(&left.part, &journal).resumed, 0);
}

#[test]
fn f14_journals_of_two_objects_swapped_are_not_followed() {
    let (one, two) = (&*LEFT, left_with(2, 5));
    // The object's own journal beside the other's bytes: not one claim is true.
    assert_eq!(go_on_from(&two.part, &one.journal).resumed, 0);
    assert_eq!(go_on_from(&one.part, &two.journal).resumed, 0);
}

#[test]
fn f14_an_older_copy_of_the_journal_costs_what_it_does_not_say() {
    let (older, newer) = (left_with(1, 3), &*LEFT);
    assert!(older.claimed < newer.claimed);
    assert_eq!(
        go_on_from(&newer.part, &older.journal).resumed,
        older.claimed
    );
    // A newer copy beside older bytes claims what is not there yet.
    let outcome = go_on_from(&older.part, &newer.journal);
    assert!((older.claimed..newer.claimed).contains(&outcome.resumed));
}

#[test]
fn f15_a_byte_flipped_in_the_part_file_costs_its_extent_alone() {
    let left = &*LEFT;
    for extent in &left.claims {
        for at in [extent.offset(), extent.end() - 1] {
            let mut part = left.part.clone();
            part[usize::try_from(at).unwrap()] ^= 0x10;
            let outcome = go_on_from(&part, &left.journal);
            assert_eq!(outcome.resumed, left.claimed - extent.len());
        }
    }
}

#[test]
fn f15_a_part_file_cut_off_anywhere_costs_what_it_lacks() {
    let left = &*LEFT;
    for len in (0..left.part.len()).step_by(97) {
        let whole = |extent: &&Extent| extent.end() <= len as u64;
        let there = left.claims.iter().filter(whole).map(Extent::len).sum();
        assert_eq!(go_on_from(&left.part[..len], &left.journal).resumed, there);
    }
}

#[test]
fn f15_a_part_file_that_was_extended_costs_nothing() {
    let left = &*LEFT;
    let mut part = left.part.clone();
    part.resize(10_000, 7);
    assert_eq!(go_on_from(&part, &left.journal).resumed, left.claimed);
}

#[test]
fn f15_f22_a_hole_in_the_part_file_costs_what_was_there() {
    let left = &*LEFT;
    let (first, others) = left.claims.split_first().unwrap();
    let mut part = left.part.clone();
    let hole = usize::try_from(first.offset()).unwrap()..usize::try_from(first.end()).unwrap();
    part[hole].fill(0);
    let outcome = go_on_from(&part, &left.journal);
    assert_eq!(outcome.resumed, others.iter().map(Extent::len).sum::<u64>());
}

#[test]
fn f16_a_journal_without_its_part_file_is_worth_nothing() {
    let left = &*LEFT;
    let (_sim, dir) = disk();
    dir.put(JOURNAL, Kind::File, &left.journal);
    assert_eq!(bring(&run(), &dir, &left.object).resumed, 0);
}

#[test]
fn f16_a_part_file_without_its_journal_is_worth_nothing() {
    let left = &*LEFT;
    let (_sim, dir) = disk();
    dir.put(PART, Kind::File, &left.part);
    assert_eq!(bring(&run(), &dir, &left.object).resumed, 0);
}

/// A journal that claims what a part file had must not outlive it: with claims that are trusted,
/// nobody would notice.
#[test]
fn f16_claims_go_before_the_part_file_that_they_are_of() {
    let left = &*LEFT;
    let mut trusting = run();
    trusting.options = trusting.options.trust_claims();
    // It is gone because it was taken away, or because a run starts anew.
    for resume in [true, false] {
        let first = Run {
            resume,
            ..trusting.clone()
        };
        let start = || {
            let (sim, dir) = disk();
            sim.watch(DEST.as_ref(), vec![left.object.bytes.clone()]);
            dir.put(JOURNAL, Kind::File, &left.journal);
            if !resume {
                dir.put(PART, Kind::File, &left.part);
            }
            (sim, dir)
        };
        let (sim, dir) = start();
        bring(&first, &dir, &left.object);
        for step in 0..sim.steps() {
            let (sim, dir) = start();
            sim.trouble(Some(Trouble::PowerOff(step)));
            let _ = first.download(&dir, &left.object);
            sim.kill();
            bring(&trusting, &dir, &left.object);
        }
    }
}

#[test]
fn f17_a_part_file_that_is_not_ours_alone_is_never_written() {
    let left = &*LEFT;
    for what in ["symlink", "link", "owner", "pipe"] {
        let (_sim, dir) = disk();
        dir.put(JOURNAL, Kind::File, &left.journal);
        match what {
            "symlink" => dir.put(PART, Kind::Symlink, b""),
            "pipe" => dir.put(PART, Kind::Special, b""),
            _ => dir.put(PART, Kind::File, &left.part),
        }
        if what == "link" {
            dir.link(PART, "precious");
        }
        if what == "owner" {
            dir.give_away(PART);
        }
        let (outcome, _) = run().download(&dir, &left.object).unwrap();
        assert_eq!(outcome.resumed, 0, "{what}");
        assert_eq!(dir.read(DEST).unwrap(), left.object.bytes);
        if what == "link" {
            assert_eq!(dir.read("precious").unwrap(), left.part);
        }
    }
}

#[test]
fn f17_a_journal_that_is_not_ours_alone_is_never_written() {
    let left = &*LEFT;
    for what in ["symlink", "link", "owner", "pipe"] {
        let (_sim, dir) = disk();
        match what {
            "symlink" => dir.put(JOURNAL, Kind::Symlink, b""),
            "pipe" => dir.put(JOURNAL, Kind::Special, b""),
            _ => dir.put(JOURNAL, Kind::File, &left.journal),
        }
        dir.put(PART, Kind::File, &left.part);
        if what == "link" {
            dir.link(JOURNAL, "precious");
        }
        if what == "owner" {
            dir.give_away(JOURNAL);
        }
        let (outcome, _) = run().download(&dir, &left.object).unwrap();
        assert_eq!(outcome.resumed, 0, "{what}");
        assert_eq!(dir.read(DEST).unwrap(), left.object.bytes);
        if what == "link" {
            assert_eq!(dir.read("precious").unwrap(), left.journal);
        }
    }
}
