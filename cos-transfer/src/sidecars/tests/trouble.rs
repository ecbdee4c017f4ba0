//! Calls that fail.

use std::io;
use std::thread;

use super::drive::{Failed, Run};
use super::service::Object;
use super::{DEST, JOURNAL, OLD, PART, bring, disk};
use crate::engine::Error;
use crate::sidecars::lock::lock;
use crate::sidecars::write_back::STEP;
use crate::sidecars::{Place, Publish, Published};
use crate::storage::sim::{Sim, SimDir, Trouble};
use crate::storage::{Dir as _, File as _, Kind};
use crate::{DestinationError, DownloadError, LocalAction};

fn run() -> Run {
    Run::new(11)
}

fn object() -> Object {
    Object::new(1, 11_000)
}

/// An older file, which stays until the new one is there.
fn disk_with_old() -> (Sim, SimDir) {
    let (sim, dir) = disk();
    dir.put(DEST, Kind::File, OLD);
    sim.watch(DEST.as_ref(), vec![OLD.to_vec(), object().bytes]);
    (sim, dir)
}

fn steps() -> u64 {
    let (sim, dir) = disk_with_old();
    bring(&run(), &dir, &object());
    sim.steps()
}

/// A failed call is the download's failure, or of no account; a file that is said to be there is
/// right and outlives a power cut, and the next run brings it anyway.
#[test]
fn f4_every_call_fails_once() {
    let (object, mut failures) = (object(), 0);
    for step in 0..steps() {
        let (sim, dir) = disk_with_old();
        sim.trouble(Some(Trouble::Fails(step, io::ErrorKind::Other)));
        let result = run().download(&dir, &object);
        sim.power_on(&mut |_| 0);
        match result {
            Ok((_, published)) => {
                assert_eq!(published, Published::Done);
                assert_eq!(dir.read(DEST).unwrap(), object.bytes, "step {step}");
            }
            Err(Failed::Local(_)) => failures += 1,
            Err(error) => panic!("{error:?} at step {step}"),
        }
        bring(&run(), &dir, &object);
    }
    assert!(failures > steps() / 2, "{failures}");
}

/// What a failed sync was to make durable is lost, though it can be read and synced again.
#[test]
fn f4_after_a_failed_sync_nothing_of_the_part_file_is_believed() {
    let object = object();
    let mut found = false;
    for step in 0..steps() {
        let (sim, dir) = disk_with_old();
        sim.trouble(Some(Trouble::Fails(step, io::ErrorKind::Other)));
        let Err(Failed::Local(DownloadError::Local { action, .. })) = run().download(&dir, &object)
        else {
            continue;
        };
        if action == LocalAction::Sync {
            found = true;
            assert_eq!(dir.names(), [DEST]);
        }
        let outcome = bring(&run(), &dir, &object);
        assert!(action != LocalAction::Sync || outcome.resumed == 0);
        sim.power_on(&mut |_| 0);
        assert_eq!(dir.read(DEST).unwrap(), object.bytes, "step {step}");
    }
    assert!(found);
}

/// There are file systems that find out only when they sync, and then keep some of it.
#[test]
fn f2_a_disk_that_is_full_when_it_syncs_keeps_what_was_recorded_and_is_there() {
    let (object, steps) = (object(), steps());
    let mut found = false;
    for step in 0..steps {
        let (sim, dir) = disk_with_old();
        // Half of the bytes get to the disk in time.
        let system = dir.clone();
        sim.meanwhile(steps / 2, move || system.write_back(PART));
        sim.trouble(Some(Trouble::Fails(step, io::ErrorKind::StorageFull)));
        let result = run().download(&dir, &object);
        sim.trouble(None);
        let outcome = bring(&run(), &dir, &object);
        if let Err(Failed::Local(DownloadError::Local { action, .. })) = result
            && action == LocalAction::Sync
        {
            found = true;
            assert!(outcome.resumed > 3000, "{}", outcome.resumed);
            assert!(outcome.fetched > 3000, "{}", outcome.fetched);
        }
        sim.power_on(&mut |_| 0);
        assert_eq!(dir.read(DEST).unwrap(), object.bytes, "step {step}");
    }
    assert!(found);
}

/// The disk is at work while the bytes come, and says early that it fails.
#[test]
fn f4_a_sync_that_fails_behind_our_back_ends_the_download() {
    for published in [false, true] {
        let (sim, dir) = disk();
        let sidecars = run().open(&dir).unwrap();
        let len = 2 * STEP;
        sidecars.begin(0..len).unwrap();
        sidecars.rewrite(b"header").unwrap();
        sidecars.record(b"what has come").unwrap();
        let chunk = vec![1; usize::try_from(STEP).unwrap()];
        let write = sim.steps();
        sim.trouble(Some(Trouble::Fails(write + 1, io::ErrorKind::Other)));
        sidecars.write(&chunk, 0).unwrap();
        while sim.steps() < write + 2 {
            thread::yield_now();
        }
        let error = if published {
            let how = Publish {
                modified: None,
                no_clobber: false,
            };
            sidecars.publish(how).unwrap_err()
        } else {
            (0..=u64::MAX)
                .find_map(|_| sidecars.write(b"more", STEP).err())
                .unwrap()
        };
        let DownloadError::Local { action, .. } = error else {
            panic!("{error:?}");
        };
        assert_eq!(action, LocalAction::Sync);
        drop(sidecars);
        assert!(dir.names().is_empty(), "{:?}", dir.names());
    }
}

/// Where there is no room for the whole, nothing is written; where it is others who fill the disk
/// up, what was recorded stays good.
#[test]
fn f2_a_disk_that_is_full_from_any_step_on_costs_nothing_that_was_recorded() {
    let object = object();
    let mut most = 0;
    for step in 0..steps() {
        let (sim, dir) = disk_with_old();
        sim.trouble(Some(Trouble::Full(step)));
        match run().download(&dir, &object) {
            Ok(_) => assert_eq!(dir.read(DEST).unwrap(), object.bytes),
            Err(Failed::Local(DownloadError::Local { source, .. })) => {
                assert_eq!(source.kind(), io::ErrorKind::StorageFull);
                assert_eq!(dir.read(DEST).unwrap(), OLD);
            }
            Err(error) => panic!("{error:?} at step {step}"),
        }
        for name in dir.names() {
            assert!([DEST, PART, JOURNAL].contains(&&*name), "{name}");
        }
        sim.trouble(None);
        let outcome = bring(&run(), &dir, &object);
        assert_eq!(outcome.resumed + outcome.fetched, 11_000);
        most = most.max(outcome.resumed);
    }
    assert!(most > 9000, "{most}");
}

#[test]
fn f2_a_journal_that_cannot_be_written_anew_stays_as_it_was() {
    let (sim, dir) = disk();
    let sidecars = run().open(&dir).unwrap();
    sidecars.rewrite(b"header").unwrap();
    sidecars.record(b", record").unwrap();
    let start = sim.steps();
    sidecars.rewrite(b"header, record").unwrap();
    for step in start..sim.steps() {
        let at = sim.steps() + step - start;
        sim.trouble(Some(Trouble::Fails(at, io::ErrorKind::StorageFull)));
        sidecars.rewrite(b"anew").unwrap_err();
        assert_eq!(dir.names(), [JOURNAL]);
        assert_eq!(dir.read(JOURNAL).unwrap(), b"header, record");
    }
    sidecars.record(b", record").unwrap();
    assert_eq!(dir.read(JOURNAL).unwrap(), b"header, record, record");
}

/// Records that come after all, when the download is given up for this.
#[test]
fn f2_where_there_is_no_journal_there_is_nothing_to_resume_from() {
    let (sim, dir) = disk();
    let sidecars = run().open(&dir).unwrap();
    sidecars.begin(0..3).unwrap();
    sim.trouble(Some(Trouble::Fails(
        sim.steps(),
        io::ErrorKind::StorageFull,
    )));
    sidecars.rewrite(b"header").unwrap_err();
    sidecars.record(b", record").unwrap();
    drop(sidecars);
    assert!(dir.names().is_empty());
}

/// A journal that cannot be written anew for want of a handle says no less than the new one.
#[cfg(unix)]
#[test]
fn f19_without_another_handle_a_download_goes_on() {
    let (sim, dir) = disk();
    let object = object();
    sim.trouble(Some(Trouble::PowerOff(steps() / 2)));
    run().download(&dir, &object).unwrap_err();
    sim.kill();
    let sidecars = run().open(&dir).unwrap();
    sim.trouble(Some(Trouble::NoHandles(sim.steps())));
    let (outcome, _) = run().download_to(&sidecars, &object).unwrap();
    assert!(outcome.resumed > 0);
    assert_eq!(dir.read(DEST).unwrap(), object.bytes);
}

#[test]
fn f1_space_is_reserved_before_anything_is_written() {
    let object = Object::new(1, 300_000);
    let (sim, dir) = disk();
    let sidecars = run().open(&dir).unwrap();
    let start = sim.steps();
    sidecars.begin(0..300_000).unwrap();
    // The last step of it is the one that takes the space.
    let reserves = sim.steps() - start - 1;
    drop(sidecars);
    let sidecars = run().open(&dir).unwrap();
    sim.trouble(Some(Trouble::Full(sim.steps() + reserves)));
    let error = sidecars.begin(0..300_000).unwrap_err();
    let DownloadError::Local { action, .. } = error else {
        panic!("{error:?}");
    };
    assert_eq!(action, LocalAction::Write);
    drop(sidecars);
    assert!(dir.names().is_empty());
    sim.trouble(None);
    bring(&run().part_size(80_000), &dir, &object);
}

/// A part file of another process that got its name in spite of the lock.
#[test]
fn f12_where_locks_are_worth_nothing_only_what_was_written_here_is_published() {
    let (_sim, dir) = disk();
    let sidecars = run().open(&dir).unwrap();
    sidecars.begin(0..3).unwrap();
    sidecars.write(b"abc", 0).unwrap();
    dir.take(PART);
    dir.put(PART, Kind::File, b"xyz");
    let publish = Publish {
        modified: None,
        no_clobber: false,
    };
    let error = sidecars.publish(publish).unwrap_err();
    let DownloadError::Local { action, .. } = error else {
        panic!("{error:?}");
    };
    assert_eq!(action, LocalAction::Publish);
    assert_eq!(dir.read(DEST), None);
}

#[test]
fn f12_where_locks_are_worth_nothing_a_file_that_another_one_writes_to_is_left_to_it() {
    let (_sim, dir) = disk();
    dir.put(PART, Kind::File, b"another's");
    let anothers = dir.open(PART.as_ref()).unwrap().unwrap();
    let sidecars = run().open(&dir).unwrap();
    sidecars.begin(0..3).unwrap();
    sidecars.write(b"abc", 0).unwrap();
    sidecars.discard().unwrap();
    let mut read = [0; 9];
    assert_eq!(anothers.read_at(&mut read, 0).unwrap(), 9);
    assert_eq!(&read, b"another's");
}

#[test]
fn f12_while_one_has_hold_of_a_place_another_process_is_told_so() {
    let (_sim, dir) = disk();
    let held = run().open(&dir).unwrap();
    let journal = dir.read(JOURNAL);
    // The turn is this process's; another one has only the lock to go by.
    let place = Place::beside(dir.clone(), DEST.into(), DEST.into());
    let busy = lock(&place).unwrap_err();
    assert!(matches!(busy, DownloadError::Busy { .. }), "{busy:?}");
    assert_eq!(dir.read(JOURNAL), journal);
    // The journal gets another file; the place stays held.
    held.rewrite(b"first").unwrap();
    held.rewrite(b"anew").unwrap();
    assert_eq!(dir.read(JOURNAL).unwrap(), b"anew");
    let busy = lock(&place).unwrap_err();
    assert!(matches!(busy, DownloadError::Busy { .. }), "{busy:?}");
    drop(held);
    lock(&place).unwrap();
}

/// Two processes at once: whoever says that all is well is right, and one of them does.
#[test]
fn f12_of_two_processes_at_once_one_downloads() {
    let object = object();
    for round in 0..100 {
        let (_sim, dir) = disk_with_old();
        let results = thread::scope(|scope| {
            let threads = [0, 1].map(|process| {
                let mut run = Run::new(round * 2 + process);
                run.process = process;
                let (dir, object) = (&dir, &object);
                scope.spawn(move || run.download(dir, object).map(|_| ()))
            });
            threads.map(|thread| thread.join().unwrap())
        });
        assert!(results.iter().any(Result::is_ok), "{results:?}");
        for result in results {
            match result {
                Ok(()) | Err(Failed::Local(DownloadError::Busy { .. })) => {}
                Err(error) => panic!("{error:?}"),
            }
        }
        assert_eq!(dir.read(DEST).unwrap(), object.bytes);
        assert_eq!(dir.names(), [DEST]);
    }
}

/// At any step of one, another one comes, finds the object in the same state or in another one, and
/// gets every lock: it is done first, and the first one then brings its object or fails.
#[test]
fn f12_f21_two_processes_at_once_where_locks_are_worth_nothing() {
    let (mut well, mut failed) = (0, 0);
    for state in [1, 2] {
        for step in 0..steps() {
            let (first, second) = (object(), Object::new(state, 11_000));
            let (sim, dir) = disk();
            sim.watch(
                DEST.as_ref(),
                vec![first.bytes.clone(), second.bytes.clone()],
            );
            sim.has_no_locks();
            let another = dir.clone();
            sim.meanwhile(step, move || {
                let mut run = Run::new(step);
                run.process = 1;
                run.download(&another, &second).unwrap();
            });
            match run().download(&dir, &first) {
                Ok(_) => well += 1,
                Err(Failed::Local(DownloadError::Local { .. })) => failed += 1,
                Err(error) => panic!("{error:?}"),
            }
            bring(&run(), &dir, &first);
        }
    }
    assert!(well > 0 && failed > 0, "{well}, {failed}");
}

/// The journal's name may go, or become another file's, between any two steps.
#[test]
fn f12_a_lock_on_a_file_that_has_lost_its_name_is_no_lock() {
    let lock = |dir: &SimDir| lock(&Place::beside(dir.clone(), DEST.into(), DEST.into()));
    for there in [true, false] {
        let start = || {
            let (sim, dir) = disk();
            if there {
                dir.put(JOURNAL, Kind::File, b"of a former run");
            }
            (sim, dir)
        };
        let (sim, dir) = start();
        lock(&dir).unwrap();
        for step in 0..sim.steps() {
            for trouble in [
                Trouble::Taken(step, JOURNAL),
                Trouble::Replaced(step, JOURNAL),
            ] {
                let (sim, dir) = start();
                sim.trouble(Some(trouble.clone()));
                let journal = lock(&dir).unwrap();
                assert!(dir.is(JOURNAL.as_ref(), &journal).unwrap(), "{trouble:?}");
            }
        }
    }
}

#[test]
fn what_arrives_damaged_is_not_published() {
    let (_sim, dir) = disk_with_old();
    let object = Object {
        crc64: 1,
        ..object()
    };
    let Err(Failed::Engine(Error::Corrupt { .. })) = run().download(&dir, &object) else {
        panic!("it was taken");
    };
    assert_eq!(dir.names(), [DEST]);
    assert_eq!(dir.read(DEST).unwrap(), OLD);
}

#[test]
fn f7_f8_a_file_that_came_meanwhile_is_left_alone_if_asked_for() {
    let (_sim, dir) = disk();
    let mut polite = run();
    polite.no_clobber = true;
    let sidecars = polite.open(&dir).unwrap();
    dir.put(DEST, Kind::File, OLD);
    let (_, published) = polite.download_to(&sidecars, &object()).unwrap();
    assert_eq!(published, Published::Skipped);
    assert_eq!(dir.read(DEST).unwrap(), OLD);
    assert_eq!(dir.names(), [DEST]);
}

#[test]
fn f6_f8_a_directory_or_a_pipe_that_came_meanwhile_is_refused_and_what_has_come_is_kept() {
    for kind in [Kind::Dir, Kind::Special] {
        let (_sim, dir) = disk();
        dir.put(DEST, kind, b"");
        let Err(Failed::Local(DownloadError::Destination(error))) = run().download(&dir, &object())
        else {
            panic!("{kind:?}");
        };
        assert!(matches!(
            (kind, error),
            (Kind::Dir, DestinationError::Directory { .. })
                | (Kind::Special, DestinationError::Special { .. })
        ));
        dir.take(DEST);
        assert_eq!(bring(&run(), &dir, &object()).resumed, 11_000);
    }
}

#[test]
fn f6_a_link_at_the_destination_is_replaced_itself() {
    let (_sim, dir) = disk();
    dir.put(DEST, Kind::Symlink, b"");
    bring(&run(), &dir, &object());
}

#[test]
fn a_download_of_one_piece_that_ends_early_leaves_nothing() {
    let (_sim, dir) = disk();
    let sidecars = run().open(&dir).unwrap();
    sidecars.begin(0..10).unwrap();
    sidecars.write(b"abc", 0).unwrap();
    drop(sidecars);
    assert!(dir.names().is_empty());
}

#[test]
fn no_byte_is_written_outside_of_the_range() {
    let (_sim, dir) = disk();
    let sidecars = run().open(&dir).unwrap();
    sidecars.begin(100..200).unwrap();
    sidecars.write(b"abc", 197).unwrap();
    for offset in [0, 99, 198, u64::MAX] {
        sidecars.write(b"abc", offset).unwrap_err();
    }
    assert_eq!(dir.read(PART).unwrap().len(), 100);
}
