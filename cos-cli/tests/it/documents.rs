//! The commands in README and guide are commands: every line of theirs is taken by the real binary.

use std::fs;
use std::path::Path;

use crate::common::Place;

/// What runs `cos` where it is not installed.
const FROM_SOURCE: &str = "cargo run --release -p cos-cli --";

/// The lines that begin with `cos`, in blocks of shell, as far as a pipe or a comment.
fn commands(document: &str) -> Vec<Vec<String>> {
    let text = fs::read_to_string(
        Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("..")
            .join(document),
    );
    let mut in_shell = false;
    let mut commands = Vec::new();
    let text = text.unwrap().replace("\\\n", " ");
    for line in text.replace(FROM_SOURCE, "cos").lines() {
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

#[tokio::test]
async fn the_readme_shows_every_command() {
    let shown = commands("README.md");
    for command in Place::bare().commands().await {
        let is_shown = shown.iter().any(|words| words.first() == Some(&command));
        assert!(is_shown, "README.md has no line `cos {command} …`");
    }
}
