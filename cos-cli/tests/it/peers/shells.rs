//! The shells that read the completions, and groff, which reads the manual page.

use std::fs;

use super::program;
use crate::common::Place;

/// Runs a shell over a script, and gives what it wrote to stdout. It must have nothing to say on
/// stderr.
async fn told(place: &Place, shell: &str, arguments: &[&str]) -> String {
    let output = place
        .program(shell)
        .env("PATH", "/usr/bin:/bin")
        .args(arguments)
        .output()
        .await
        .unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!((output.status.code(), stderr.as_str()), (Some(0), ""));
    String::from_utf8(output.stdout).unwrap()
}

/// A folder with the completions for `shell` in the file `script`.
async fn place_with(shell: &str) -> Place {
    let place = Place::bare();
    fs::create_dir(place.path("home")).unwrap();
    let script = place.cos(["completions", shell]).await.exits(0).stdout;
    fs::write(place.path("script"), script).unwrap();
    place
}

#[tokio::test]
async fn bash_completes_commands_and_options() {
    let Some(bash) = program(&["/bin/bash", "/usr/bin/bash"]) else {
        return;
    };
    let place = place_with("bash").await;
    let script = "source ./script
        ask() { COMP_WORDS=(\"$@\"); COMP_CWORD=$(($# - 1)); \"$(complete -p cos | sed 's/.*-F \\([^ ]*\\).*/\\1/')\" cos \"${@: -1}\" \"${@: -2:1}\"; echo \"${COMPREPLY[@]}\"; }
        ask cos pre
        ask cos ls --rec
        ask cos du --jso";
    let bash = bash.to_str().unwrap();
    let told = told(&place, bash, &["--norc", "--noprofile", "-c", script]).await;
    assert_eq!(told, "presign\n--recursive\n--json\n");
}

#[tokio::test]
async fn zsh_completes_commands_and_options() {
    let Some(zsh) = program(&["/bin/zsh", "/usr/bin/zsh"]) else {
        return;
    };
    let place = place_with("zsh").await;
    // Sourced, and as a file of a folder in `fpath`.
    fs::create_dir(place.path("functions")).unwrap();
    fs::copy(place.path("script"), place.path("functions/_cos")).unwrap();
    let zsh = zsh.to_str().unwrap();
    for load in [
        "autoload -Uz compinit; compinit -u -d ./dump; source ./script",
        "fpath=(./functions $fpath); autoload -Uz compinit; compinit -u -d ./dump2",
    ] {
        let script = format!("{load}; print $_comps[cos]; autoload +X _cos 2>&-; whence -w _cos");
        let told = told(&place, zsh, &["-f", "-c", &script]).await;
        assert_eq!(told, "_cos\n_cos: function\n", "{load}");
    }
}

#[tokio::test]
async fn fish_completes_commands_and_options() {
    let Some(fish) = program(&["/usr/bin/fish", "/usr/local/bin/fish"]) else {
        return;
    };
    let place = place_with("fish").await;
    let script = "source ./script; complete -C 'cos pre'; complete -C 'cos ls --rec'; complete -C 'cos du --jso'";
    let told = told(
        &place,
        fish.to_str().unwrap(),
        &["--no-config", "-c", script],
    )
    .await;
    let words: Vec<_> = told
        .lines()
        .map(|line| line.split('\t').next().unwrap())
        .collect();
    assert_eq!(words, ["presign", "--recursive", "--json"]);
}

#[tokio::test]
async fn the_manual_page_renders_without_a_warning_and_has_every_command() {
    let Some(groff) = program(&["/usr/bin/groff", "/usr/local/bin/groff"]) else {
        return;
    };
    let place = Place::bare();
    let page = place.cos(["man"]).await.exits(0).stdout;
    fs::write(place.path("cos.1"), &page).unwrap();
    let groff = groff.to_str().unwrap();
    let arguments = ["-man", "-Tascii", "-P-c", "-P-b", "-P-u", "-ww", "cos.1"];
    let shown = told(&place, groff, &arguments).await;
    for command in place.commands().await {
        assert!(
            shown.contains(&format!("\n   cos {command}\n")),
            "{command}"
        );
    }
    for section in ["NAME", "SYNOPSIS", "COMMANDS", "EXIT CODES", "ENVIRONMENT"] {
        assert!(shown.contains(&format!("\n{section}\n")), "{section}");
    }
    // The table of exit codes keeps its lines.
    assert!(
        shown.contains("  3    bucket, key or version not found\n"),
        "{shown}"
    );
}
