//! `README.md` beside this file, held against the sources.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

const TABLE: &str = include_str!("README.md");

/// The rows of the catalogue.
const ROWS: [(char, u32); 4] = [('T', 14), ('H', 21), ('C', 8), ('F', 22)];

/// Every row of the catalogue is there, and every test that one names is in the sources.
#[test]
fn every_row_names_tests_that_are_there() {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut rows = BTreeSet::new();
    for line in TABLE.lines().filter(|line| line.starts_with("| ")) {
        let cells: Vec<_> = line.split('|').map(str::trim).collect();
        let [_, row, outcome, tests, _] = cells[..] else {
            panic!("not a row: {line}");
        };
        if row == "row" || row.starts_with("---") {
            continue;
        }
        rows.insert(row.to_owned());
        assert!(!outcome.is_empty(), "{row} says nothing");
        if tests == "not ours" {
            continue;
        }
        for test in tests.split("<br>") {
            let test = test.trim().trim_matches('`');
            let (file, name) = test
                .rsplit_once("::")
                .unwrap_or_else(|| panic!("{row}: {test}"));
            let source = fs::read_to_string(workspace.join(file))
                .unwrap_or_else(|error| panic!("{row}: {file}: {error}"));
            let is_there = source.contains(&format!("fn {name}("))
                && source.contains("#[test]") | source.contains("#[tokio::test");
            assert!(is_there, "{row}: there is no test {name} in {file}");
        }
    }
    for (letter, last) in ROWS {
        for number in 1..=last {
            let row = format!("{letter}{number}");
            assert!(rows.contains(&row), "there is no row {row}");
        }
    }
}
