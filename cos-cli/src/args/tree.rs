//! Arguments of the commands that fetch directories.

use clap::{Arg, ArgAction, ArgMatches, Args, Command, FromArgMatches};
use cos_transfer::prefix::{Filter, Shard};

/// Which objects of a directory are taken, and how.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Directories")]
pub(crate) struct TreeArgs {
    #[command(flatten)]
    pub(crate) filter: FilterArgs,
    /// Keep PREFIX in local paths: DIR and the whole key
    #[arg(long)]
    pub(crate) full_keys: bool,
    /// Say what would be done, and do none of it
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Stop at the first object that fails, instead of going on with the others
    #[arg(long)]
    pub(crate) fail_fast: bool,
    /// Take one of N shares of the keys: the I-th, counted from 0
    ///
    /// N processes or machines, each with another I, download a directory together without talking
    /// to each other.
    #[arg(long, value_name = "I/N")]
    pub(crate) shard: Option<Shard>,
}

impl TreeArgs {
    /// The first of these options that was given.
    pub(crate) fn given(&self) -> Option<&'static str> {
        let options = [
            ("--include or --exclude", self.filter.given),
            ("--full-keys", self.full_keys),
            ("--dry-run", self.dry_run),
            ("--fail-fast", self.fail_fast),
            ("--shard", self.shard.is_some()),
        ];
        options
            .into_iter()
            .find_map(|(option, given)| given.then_some(option))
    }
}

/// `--include` and `--exclude`, in the order in which they were given: the last match wins.
#[derive(Debug, Clone, Default)]
pub(crate) struct FilterArgs {
    pub(crate) filter: Filter,
    given: bool,
}

impl Args for FilterArgs {
    fn augment_args(command: Command) -> Command {
        command
            .arg(glob(INCLUDE).help(
                "Take objects whose path below PREFIX matches; of all --include and --exclude, the last match wins",
            ))
            .arg(glob(EXCLUDE).help("Leave out objects whose path below PREFIX matches"))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for FilterArgs {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let given = |id| {
            let globs = matches.get_many::<String>(id).into_iter().flatten();
            let indices = matches.indices_of(id).into_iter().flatten();
            indices
                .zip(globs)
                .map(move |(index, glob)| (index, id, glob))
        };
        let mut rules: Vec<_> = given(INCLUDE).chain(given(EXCLUDE)).collect();
        rules.sort_unstable();
        let given = !rules.is_empty();
        let filter = rules
            .into_iter()
            .try_fold(Filter::new(), |filter, (_, id, glob)| match id {
                INCLUDE => filter.include(glob),
                _ => filter.exclude(glob),
            });
        // Each glob was looked at by itself before.
        filter
            .map(|filter| Self { filter, given })
            .map_err(|error| clap::Error::raw(clap::error::ErrorKind::ValueValidation, error))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

fn glob(id: &'static str) -> Arg {
    Arg::new(id)
        .long(id)
        .value_name("GLOB")
        .action(ArgAction::Append)
        .value_parser(|text: &str| Filter::new().include(text).map(|_| text.to_owned()))
}

const INCLUDE: &str = "include";
const EXCLUDE: &str = "exclude";

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Debug, Parser)]
    struct Line {
        #[command(flatten)]
        tree: TreeArgs,
    }

    fn wants(line: &[&str], path: &str) -> bool {
        let line = Line::try_parse_from([&["cos"], line].concat()).unwrap();
        line.tree.filter.filter.wants(path)
    }

    #[test]
    fn the_last_match_wins_whichever_option_it_is() {
        let in_turn = ["--exclude", "*", "--include", "*.jpg", "--exclude", "tmp/*"];
        assert!(wants(&in_turn, "a/b.jpg"));
        assert!(!wants(&in_turn, "a/b.txt"));
        assert!(!wants(&in_turn, "tmp/b.jpg"));
        let otherwise = ["--exclude", "tmp/*", "--exclude", "*", "--include", "*.jpg"];
        assert!(wants(&otherwise, "tmp/b.jpg"));
        assert!(wants(&[], "anything"));
    }

    #[test]
    fn globs_and_shards_that_are_none_are_refused() {
        for line in [
            ["--include", "a[b"],
            ["--shard", "1/1"],
            ["--shard", "0/0"],
            ["--shard", "-1/2"],
            ["--shard", "1"],
        ] {
            assert!(
                Line::try_parse_from([&["cos"][..], &line].concat()).is_err(),
                "{line:?}"
            );
        }
    }
}
