//! Journals as they were written, and in every other state.

use cos_proto::{ByteRange, ETag, Extent, GetObject, Key, VersionId};
use cos_transfer::engine::Options;
use cos_transfer::engine::journal::{Checkpoint, MAX_LEN, NotOurs, Record};

use crate::script::{SECOND, Script};
use crate::world::{Numbers, State, get};

const RECORDS: usize = 6;

/// The journal of a complete download in so many records.
fn journal_of(asked: GetObject, number: u64) -> Vec<u8> {
    journal_of_state(asked, State::new(number, 50 * RECORDS))
}

fn journal_of_state(asked: GetObject, state: State) -> Vec<u8> {
    let options = Options::new()
        .part_size(50)
        .connections(1)
        .record_every(50, SECOND);
    let mut script = Script::new(state, asked, options);
    script.run().unwrap();
    script.journal
}

fn journal() -> Vec<u8> {
    journal_of(get(), 0)
}

fn claims(journal: &[u8]) -> Result<Vec<Extent>, NotOurs> {
    Checkpoint::read(journal, &get()).map(|checkpoint| checkpoint.claims().collect())
}

/// Where the records begin.
fn records(journal: &[u8]) -> usize {
    journal.len() - RECORDS * Record::LEN
}

#[test]
fn a_journal_says_what_was_written() {
    let checkpoint = Checkpoint::read(&journal(), &get()).unwrap();
    assert_eq!((checkpoint.range(), checkpoint.size()), (0..300, 300));
    let claims: Vec<_> = checkpoint.claims().collect();
    assert_eq!(claims.len(), RECORDS);
    let state = State::new(0, 300);
    for claim in claims {
        let bytes = state.body(claim.offset()..claim.end());
        assert_eq!(cos_proto::crc64::checksum(bytes), claim.crc64());
    }
}

#[test]
fn every_truncation_keeps_the_records_before_it() {
    let journal = journal();
    let all = claims(&journal).unwrap();
    let records = records(&journal);
    for len in 0..=journal.len() {
        let found = claims(&journal[..len]);
        if len < records / 2 {
            assert_eq!(found, Err(NotOurs::NoHeader), "{len}");
        } else {
            let whole = len.saturating_sub(records) / Record::LEN;
            assert_eq!(found.as_deref(), Ok(&all[..whole]), "{len}");
        }
    }
}

#[test]
fn every_flip_costs_one_record_at_most() {
    let journal = journal();
    let all = claims(&journal).unwrap();
    let records = records(&journal);
    for bit in 0..journal.len() * 8 {
        let mut flipped = journal.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        let mut expected = all.clone();
        if let Some(offset) = (bit / 8).checked_sub(records) {
            expected.remove(offset / Record::LEN);
        }
        assert_eq!(claims(&flipped), Ok(expected), "{bit}");
    }
}

#[test]
fn every_byte_that_is_lost_or_added_costs_one_record_at_most() {
    let journal = journal();
    let all = claims(&journal).unwrap();
    for at in 0..journal.len() {
        let mut lost = journal.clone();
        lost.remove(at);
        let mut added = journal.clone();
        added.insert(at, 0x5a);
        for spoilt in [lost, added] {
            let found = claims(&spoilt).unwrap();
            assert!(found.len() >= RECORDS - 1, "{at}");
            assert!(found.iter().all(|claim| all.contains(claim)), "{at}");
        }
    }
}

#[test]
fn zeros_anywhere_cost_what_they_cover() {
    let journal = journal();
    let all = claims(&journal).unwrap();
    let records = records(&journal);
    for from in records..journal.len() {
        for to in from..journal.len() {
            let mut zeroed = journal.clone();
            zeroed[from..to].fill(0);
            let found = claims(&zeroed).unwrap();
            let covered = (to - from).div_ceil(Record::LEN) + 1;
            assert!(found.len() + covered >= RECORDS);
            assert!(found.iter().all(|claim| all.contains(claim)));
        }
    }
    assert_eq!(claims(&vec![0; journal.len()]), Err(NotOurs::NoHeader));
}

#[test]
fn garbage_is_no_journal_and_takes_nothing_from_one() {
    let mut numbers = Numbers(5);
    let garbage: Vec<u8> = (0..100_000).map(|_| numbers.next() as u8).collect();
    assert_eq!(claims(&garbage), Err(NotOurs::NoHeader));
    let journal = journal();
    let mixed = [
        &garbage[..777],
        &journal,
        &garbage[777..1_000],
        &journal[records(&journal)..],
    ];
    assert_eq!(claims(&mixed.concat()), claims(&journal));
}

#[test]
fn no_more_is_read_than_a_journal_can_have() {
    let mut journal = journal();
    let all = claims(&journal);
    journal.resize(MAX_LEN, 0);
    assert_eq!(claims(&journal), all);
    let last = journal_of(get(), 0).split_off(records(&journal_of(get(), 0)));
    let mut late = journal_of(get(), 0);
    late.truncate(records(&late));
    late.resize(MAX_LEN, 0);
    late.extend_from_slice(&last);
    assert_eq!(claims(&late), Ok(Vec::new()));
}

#[test]
fn a_journal_of_something_else_is_not_ours() {
    let read = |asked: GetObject| Checkpoint::read(&journal(), &asked).err();
    let mut other_key = get();
    other_key.key = Key::new("other").unwrap();
    assert_eq!(read(other_key), Some(NotOurs::OtherObject));
    let version = get().version_id(VersionId::new("v1").unwrap());
    assert_eq!(read(version), Some(NotOurs::OtherObject));
    let etag = get().if_match(ETag::new("other").unwrap());
    assert_eq!(read(etag), Some(NotOurs::OtherObject));
    let part = get().range(ByteRange::new(0, 298).unwrap());
    assert_eq!(read(part), Some(NotOurs::OtherRange));
    let beyond = get().range(ByteRange::starting_at(300));
    assert_eq!(read(beyond), Some(NotOurs::OtherRange));
    let all = get().range(ByteRange::new(0, 299).unwrap());
    assert_eq!(read(all), None);
    assert_eq!(read(get().if_match(ETag::new("state-0").unwrap())), None);
}

#[test]
fn a_version_that_was_named_binds() {
    let named = || get().version_id(VersionId::new("v1").unwrap());
    let journal = journal_of(named(), 0);
    assert!(Checkpoint::read(&journal, &named()).is_ok());
    assert_eq!(
        Checkpoint::read(&journal, &get()).err(),
        Some(NotOurs::OtherObject)
    );
}

#[test]
fn records_count_in_their_own_journal_only() {
    let (ours, other) = (journal(), journal_of(get(), 1));
    let mut swapped = ours[..records(&ours)].to_vec();
    swapped.extend_from_slice(&other[records(&other)..]);
    assert_eq!(claims(&swapped), Ok(Vec::new()));
    let both = [ours.clone(), other].concat();
    assert_eq!(claims(&both), claims(&ours));
}

#[test]
fn of_two_records_on_the_same_bytes_the_later_one_counts() {
    // The same object by all that is known of it, once with bytes that came wrong.
    let right = State::new(0, 50 * RECORDS).without_crc64();
    let mut wrong = right.clone();
    wrong.bytes.iter_mut().for_each(|byte| *byte ^= 1);
    let (right, wrong) = (
        journal_of_state(get(), right),
        journal_of_state(get(), wrong),
    );
    let (header, rights) = right.split_at(records(&right));
    assert!(wrong.starts_with(header));
    let later = [header, &wrong[records(&wrong)..], rights].concat();
    assert_eq!(claims(&later), claims(&right));
    let other_way_round = [header, rights, &wrong[records(&wrong)..]].concat();
    assert_eq!(claims(&other_way_round), claims(&wrong));
}

#[test]
fn a_journal_names_the_object_and_no_more() {
    let asked = get()
        .referer("https://secret.example/")
        .traffic_limit("819200".parse().unwrap());
    let journal = journal_of(asked, 0);
    assert_eq!(journal, self::journal());
    assert!(journal.len() - records(&journal) == RECORDS * 32);
}
