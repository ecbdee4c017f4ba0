//! The commands in README and guide are commands: every line of theirs is taken by the real binary.

use std::fs;
use std::path::Path;

use crate::common::Place;

/// The lines that begin with `cos`, in blocks of shell, as far as a pipe or a comment.
fn commands(document: &str) -> Vec<Vec<String>> {
    let text = fs::read_to_string(
        Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("..")
            .join(document),
    );
    let mut in_shell = false;
    let mut commands = Vec::new();
    for line in text.unwrap().replace("\\\n", " ").lines() {
        if let Some(language) = line.strip_prefix("```") {
            in_shell = language == "sh";
        } else if in_shell && line.starts_with("cos ") {
            let command = line.split(" #").next().unwrap();
            let command = command.split(['|', '>', ';']).next().unwrap();
            let words = command.split_whitespace().skip(1);
            commands.push(words.map(|word| word.replace(['\'', '"'], "")).collect());
        }
    }
    commands
}

#[tokio::test]
async fn the_commands_that_we_show_are_taken() {
    let place = Place::bare();
    for (document, least) in [("README.md", 6), ("docs/guide/many-machines.md", 3)] {
        let commands = commands(document);
        assert!(commands.len() >= least, "{document}: {commands:?}");
        for command in commands {
            // The parser reads all of the line before it shows the help.
            let ran = place
                .cos(command.iter().map(String::as_str).chain(["--help"]))
                .await;
            assert_eq!(ran.exit, Some(0), "{document}: {command:?}: {}", ran.stderr);
        }
    }
}
