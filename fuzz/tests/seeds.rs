//! Replays the seeds of every target, without a fuzzer.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use cos_fuzz::TARGETS;

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries =
        fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    entries.map(|entry| entry.unwrap().path()).collect()
}

/// A seed is there for what it reaches: one whose name starts with `refused` is refused, every
/// other one is accepted.
#[test]
fn every_seed_passes_its_target() {
    for (name, target) in TARGETS {
        let mut accepted = 0;
        for path in files(&folder("seeds").join(name)) {
            let outcome = target(&fs::read(&path).unwrap());
            let seed = path.file_name().unwrap().to_str().unwrap();
            assert_eq!(
                outcome.is_none(),
                seed.starts_with("refused"),
                "{}",
                path.display()
            );
            accepted += usize::from(outcome.is_some());
        }
        assert!(accepted > 0, "{name} has no seed that is accepted");
    }
}

#[test]
fn every_folder_of_seeds_every_binary_and_every_dictionary_belongs_to_a_target() {
    let names = |folder: PathBuf| -> BTreeSet<String> {
        let stem = |path: PathBuf| path.file_stem().unwrap().to_str().unwrap().to_owned();
        files(&folder).into_iter().map(stem).collect()
    };
    let targets: BTreeSet<String> = TARGETS.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(names(folder("seeds")), targets);
    assert_eq!(names(folder("fuzz_targets")), targets);
    assert!(names(folder("dict")).is_subset(&targets));
}
