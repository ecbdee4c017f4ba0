//! Every option that `--help` shows is one that scripts may rely on, and the other way round.
//!
//! The lists below are the contract, in its words; clap's tree is held against them. An option that
//! a command leaves out, or has beside them, stands here with its reason.

use std::collections::BTreeSet;

use clap::{Arg, Command, CommandFactory};

use super::Cli;

/// Before or after the command.
const GLOBAL: &str = "--region --endpoint --addressing --domain --connect-to --scheme --accelerate \
    --internal --anonymous --ca-cert --proxy --retries --connect-timeout --read-timeout \
    --requests-per-second --limit-rate --config --profile --progress -q --quiet -v --verbose --color \
    --json";

/// Of `cp`, `sync` and `cat`, beside [`OVERRIDES`].
const FETCH: &str = "--part-size -j --parallel --connections --no-crc64 --require-crc64 --traffic-limit \
    --range --if-match --if-none-match --if-modified-since --if-unmodified-since --version-id \
    --include --exclude --full-keys --dry-run --no-resume --trust-checkpoint --fsync --no-clobber \
    --fail-fast --shard";

/// Those that choose what the service sends in place of its headers.
const OVERRIDES: &str = "--response-cache-control --response-content-disposition \
    --response-content-encoding --response-content-language --response-content-type --response-expires";

/// Of the other commands.
const OWN: [(&str, &str); 8] = [
    ("cp", "-r --recursive"),
    ("sync", "--checksum --delete"),
    ("ls", "-r --recursive --versions"),
    ("stat", "--version-id"),
    ("presign", "--expires --version-id"),
    ("presign", OVERRIDES),
    ("serve", "--listen"),
    // No command, but clap's own.
    ("cos", "-h --help -V --version"),
];

/// What a command has no use for: the command, the options, the reason.
const LEFT_OUT: [(&str, &str, &str); 3] = [
    (
        "sync",
        "--range --version-id --if-match --if-none-match --if-modified-since --if-unmodified-since",
        "name one object, and a directory has many",
    ),
    (
        "cat",
        "--include --exclude --full-keys --dry-run --fail-fast --shard",
        "choose among the objects of a directory, and this reads one",
    ),
    (
        "cat",
        "--no-resume --trust-checkpoint --fsync --no-clobber",
        "are about files, and this writes none",
    ),
];

fn words(list: &str) -> impl Iterator<Item = String> {
    list.split_whitespace().map(str::to_owned)
}

/// What the contract has for a command.
fn promised(command: &str) -> BTreeSet<String> {
    let mut promised: BTreeSet<String> = OWN
        .iter()
        .filter(|(of, _)| *of == command)
        .flat_map(|(_, options)| words(options))
        .collect();
    match command {
        "cos" => promised.extend(words(GLOBAL)),
        "cp" | "sync" | "cat" => promised.extend(words(FETCH).chain(words(OVERRIDES))),
        _ => {}
    }
    for (of, options, _) in LEFT_OUT {
        for option in words(options).filter(|_| of == command) {
            assert!(
                promised.remove(&option),
                "{command} {option} is twice in the lists"
            );
        }
    }
    promised
}

/// What clap takes: the names of the command's own options, long and short.
fn taken(command: &Command) -> BTreeSet<String> {
    let names = |option: &Arg| {
        let long = option.get_long().map(|name| format!("--{name}"));
        let short = option.get_short().map(|name| format!("-{name}"));
        long.into_iter().chain(short)
    };
    command.get_arguments().flat_map(names).collect()
}

#[test]
fn every_option_is_in_the_contract_and_every_one_of_the_contract_is_taken() {
    let mut command = Cli::command();
    // Options of commands are their own as long as the tree is not built.
    let commands: Vec<_> = command.get_subcommands().cloned().collect();
    let names: BTreeSet<_> = commands.iter().map(Command::get_name).collect();
    for (of, _) in OWN.iter().filter(|(of, _)| *of != "cos") {
        let left_out = *of == "serve" && !cfg!(feature = "serve");
        assert!(left_out || names.contains(of), "there is no {of}");
    }
    for command in &commands {
        let name = command.get_name();
        assert_eq!(taken(command), promised(name), "cos {name}");
    }
    command.build();
    let own: BTreeSet<_> = taken(&command);
    assert_eq!(own, promised("cos"));
}

#[test]
fn every_option_that_is_global_is_taken_behind_every_command() {
    let mut command = Cli::command();
    command.build();
    for command in command.get_subcommands() {
        let taken = taken(command);
        for option in words(GLOBAL).filter(|_| command.get_name() != "help") {
            assert!(
                taken.contains(&option),
                "cos {} {option}",
                command.get_name()
            );
        }
    }
}

#[test]
fn every_option_says_what_it_does() {
    let mut command = Cli::command();
    command.build();
    for command in std::iter::once(&command).chain(command.get_subcommands()) {
        for argument in command
            .get_arguments()
            .filter(|argument| !argument.is_hide_set())
        {
            let said = argument.get_help().is_some();
            assert!(said, "{} {}", command.get_name(), argument.get_id());
        }
    }
}
