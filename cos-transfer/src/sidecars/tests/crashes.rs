//! Kills and power cuts.

use super::drive::{Failed, Run};
use super::service::Object;
use super::{DEST, JOURNAL, Numbers, OLD, PART, bring, disk, get};
use crate::engine::journal::Checkpoint;
use crate::storage::Kind;
use crate::storage::sim::{Sim, SimDir, Trouble};

/// A file system with an older file, or without, on which the destination may be that or one of
/// these objects.
fn disk_for(objects: &[&Object], old: bool) -> (Sim, SimDir) {
    let (sim, dir) = disk();
    let mut allowed: Vec<_> = objects.iter().map(|object| object.bytes.clone()).collect();
    if old {
        dir.put(DEST, Kind::File, OLD);
        allowed.push(OLD.to_vec());
    }
    sim.watch(DEST.as_ref(), allowed);
    (sim, dir)
}

/// How many steps a run takes that nothing goes wrong with.
fn steps(run: &Run, object: &Object) -> u64 {
    let (sim, dir) = disk_for(&[object], true);
    bring(run, &dir, object);
    sim.steps()
}

/// Starts a run, and takes the power away before a step. True if all was done by then but for
/// removing what is left.
fn cut_off(run: &Run, sim: &Sim, dir: &SimDir, object: &Object, step: u64) -> bool {
    sim.trouble(Some(Trouble::PowerOff(step)));
    match run.download(dir, object) {
        Err(Failed::Local(_)) => false,
        Ok(_) => true,
        Err(error) => panic!("{error:?} before step {step}"),
    }
}

/// Objects of one part, of a few, and of so many bytes that space is reserved for them.
const SIZES: [(usize, u64, usize); 3] = [
    (1000, 4096, 300),
    (11_000, 4096, 1500),
    (300_000, 80_000, 20_000),
];

fn runs() -> impl Iterator<Item = (Run, Object)> {
    SIZES.into_iter().map(|(len, part_size, chunk)| {
        let mut run = Run::new(len as u64).part_size(part_size);
        run.chunk = chunk;
        (run, Object::new(1, len))
    })
}

#[test]
fn f10_killed_at_every_step() {
    for (run, object) in runs() {
        for step in 0..steps(&run, &object) {
            let (sim, dir) = disk_for(&[&object], step % 2 == 0);
            cut_off(&run, &sim, &dir, &object, step);
            sim.kill();
            bring(
                &Run {
                    seed: step,
                    ..run.clone()
                },
                &dir,
                &object,
            );
        }
    }
}

/// What is recorded is not fetched again.
#[test]
fn f10_killed_at_every_step_costs_what_was_not_recorded() {
    let run = Run::new(7);
    let object = Object::new(1, 30_000);
    let mut most = 0;
    for step in 0..steps(&run, &object) {
        let (sim, dir) = disk_for(&[&object], false);
        cut_off(&run, &sim, &dir, &object, step);
        sim.kill();
        let journal = dir.read(JOURNAL).filter(|_| dir.read(PART).is_some());
        let checkpoint = journal.and_then(|bytes| Checkpoint::read(&bytes, &get()).ok());
        let recorded = checkpoint.map_or(0, |checkpoint| {
            checkpoint.claims().map(|extent| extent.len()).sum()
        });
        let outcome = bring(&run, &dir, &object);
        assert_eq!(
            (outcome.resumed, outcome.fetched),
            (recorded, 30_000 - recorded),
            "{step}"
        );
        most = most.max(recorded);
    }
    assert_eq!(most, 30_000);
}

/// How many ways are tried to lose what is not synced.
fn ways(object: &Object) -> u64 {
    match (std::env::var_os("COS_LONG"), object.bytes.len()) {
        (Some(_), _) => 50,
        (None, ..100_000) => 6,
        (None, _) => 2,
    }
}

/// Every step, and a few of the ways in which what is not synced may be lost.
#[test]
fn f11_power_cut_at_every_step() {
    for (run, object) in runs() {
        for step in 0..steps(&run, &object) {
            for way in 0..ways(&object) {
                let (sim, dir) = disk_for(&[&object], way % 2 == 0);
                let is_done = cut_off(&run, &sim, &dir, &object, step);
                let mut numbers = Numbers(step * 4 + way);
                sim.power_on(&mut |below| numbers.below(below));
                assert!(!is_done || dir.read(DEST).as_ref() == Some(&object.bytes));
                bring(
                    &Run {
                        seed: step,
                        ..run.clone()
                    },
                    &dir,
                    &object,
                );
            }
        }
    }
}

/// As in a directory of many files: the file has two names if the new one is durable before the old
/// one has gone.
#[test]
fn f11_power_cut_at_every_step_with_the_sidecars_in_another_directory() {
    let object = Object::new(1, 11_000);
    let start = |old| {
        let (sim, dir) = disk_for(&[&object], old);
        let mut run = Run::new(5);
        run.sidecars = Some(sim.new_dir());
        (sim, dir, run)
    };
    let (sim, dir, run) = start(true);
    bring(&run, &dir, &object);
    for step in 0..sim.steps() {
        for way in 0..ways(&object) {
            let (sim, dir, run) = start(way % 2 == 0);
            let is_done = cut_off(&run, &sim, &dir, &object, step);
            let mut numbers = Numbers(step * 64 + way);
            sim.power_on(&mut |below| numbers.below(below));
            assert!(!is_done || dir.read(DEST).as_ref() == Some(&object.bytes));
            bring(&run, &dir, &object);
            assert!(run.sidecars.unwrap().names().is_empty());
        }
    }
}

/// Runs are cut off one after the other, each at a step of its own, while the object may change.
#[test]
fn f11_power_cuts_and_kills_in_a_row() {
    let rounds = if std::env::var_os("COS_LONG").is_some() {
        20_000
    } else {
        600
    };
    let mut numbers = Numbers(99);
    for seed in 0..rounds {
        let objects = [Object::new(1, 11_000), Object::new(2, 9_000)];
        let (sim, dir) = disk_for(&[&objects[0], &objects[1]], seed % 2 == 0);
        let mut object = &objects[0];
        for cut in 0..3 {
            if numbers.below(4) == 0 {
                object = &objects[1];
            }
            let step = sim.steps() + numbers.below(90) as u64;
            sim.trouble(Some(Trouble::PowerOff(step)));
            // It may have come to its end by then.
            let _ = Run::new(seed * 4 + cut).download(&dir, object);
            if numbers.below(2) == 0 {
                sim.kill();
            } else {
                sim.power_on(&mut |below| numbers.below(below));
            }
        }
        bring(&Run::new(seed), &dir, object);
    }
}

/// When a run has said that it is done, the file outlives whatever comes.
#[test]
fn f11_a_file_that_is_published_stays() {
    for (run, object) in runs() {
        for way in 0..50 {
            let (sim, dir) = disk_for(&[&object], true);
            bring(&run, &dir, &object);
            let mut numbers = Numbers(way);
            sim.power_on(&mut |below| numbers.below(below));
            assert_eq!(dir.read(DEST).unwrap(), object.bytes);
            bring(&run, &dir, &object);
        }
    }
}

/// What was durable before is not lost because it is gone on with.
#[test]
fn f11_a_power_cut_in_the_next_run_costs_what_that_run_has_fetched() {
    let (run, object) = (Run::new(7), Object::new(1, 30_000));
    let left = |step| {
        let (sim, dir) = disk_for(&[&object], true);
        cut_off(&run, &sim, &dir, &object, step);
        sim.kill();
        let [part, journal] = [PART, JOURNAL].map(|name| dir.read(name).unwrap());
        let (sim, dir) = disk_for(&[&object], true);
        dir.put(PART, Kind::File, &part);
        dir.put(JOURNAL, Kind::File, &journal);
        (sim, dir)
    };
    let half = steps(&run, &object) / 2;
    let (sim, dir) = left(half);
    let resumed = bring(&run, &dir, &object).resumed;
    assert!(resumed > 5000);
    for step in 0..sim.steps() {
        let (sim, dir) = left(half);
        cut_off(&run, &sim, &dir, &object, step);
        sim.power_on_with_names_alone();
        if dir.read(DEST).unwrap() == OLD {
            assert!(bring(&run, &dir, &object).resumed >= resumed, "{step}");
        }
    }
}
