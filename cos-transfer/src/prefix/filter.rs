//! Which keys are wanted.

use globset::{Candidate, GlobBuilder, GlobMatcher};

/// Which objects of a directory are wanted, by globs on their paths below the prefix.
///
/// Of all globs that match a path, the last one that was given decides. A path that none matches is
/// wanted, unless the first one given is to include: `include("*.jpg")` alone means nothing but
/// these, `exclude("*.jpg")` alone all but these.
///
/// `*` and `?` stand for any characters, `/` too; `[a-z]` and `[!a-z]` for one of a set, `{a,b}` for
/// one or the other; `\` takes the character after it as it is. A glob has to match a path as a
/// whole.
///
/// ```
/// use cos_transfer::prefix::Filter;
///
/// let filter = Filter::new().exclude("*")?.include("*.jpg")?.exclude("tmp/*")?;
/// assert!(filter.wants("2024/cat.jpg"));
/// assert!(!filter.wants("2024/cat.txt"));
/// assert!(!filter.wants("tmp/cat.jpg"));
/// # Ok::<(), cos_transfer::prefix::InvalidGlob>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Filter {
    rules: Vec<Rule>,
}

#[derive(Clone, Debug)]
struct Rule {
    includes: bool,
    glob: GlobMatcher,
}

impl Filter {
    /// Everything is wanted.
    pub fn new() -> Self {
        Self::default()
    }

    /// Wants what matches `glob`.
    ///
    /// # Errors
    ///
    /// [`InvalidGlob`] for a text that is no glob.
    pub fn include(self, glob: &str) -> Result<Self, InvalidGlob> {
        self.rule(glob, true)
    }

    /// Does not want what matches `glob`.
    ///
    /// # Errors
    ///
    /// [`InvalidGlob`] for a text that is no glob.
    pub fn exclude(self, glob: &str) -> Result<Self, InvalidGlob> {
        self.rule(glob, false)
    }

    /// Whether the object is wanted whose path below the prefix is this.
    pub fn wants(&self, path: &str) -> bool {
        let Some(first) = self.rules.first() else {
            return true;
        };
        let candidate = Candidate::new(path);
        self.rules
            .iter()
            .rev()
            .find(|rule| rule.glob.is_match_candidate(&candidate))
            .map_or(!first.includes, |rule| rule.includes)
    }

    fn rule(mut self, glob: &str, includes: bool) -> Result<Self, InvalidGlob> {
        let glob = GlobBuilder::new(glob)
            .literal_separator(false)
            // On Windows too: what is matched is a key, where it is a character like others.
            .backslash_escape(true)
            .build()
            .map_err(|error| InvalidGlob {
                glob: glob.to_owned(),
                reason: error.kind().to_string(),
            })?
            .compile_matcher();
        self.rules.push(Rule { includes, glob });
        Ok(self)
    }
}

/// A text that is no glob.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{glob:?} is no glob: {reason}")]
pub struct InvalidGlob {
    glob: String,
    reason: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_globs_all_is_wanted() {
        assert!(Filter::new().wants("a/b"));
        assert!(Filter::new().wants(""));
    }

    #[test]
    fn the_last_match_wins() {
        let filter = Filter::new()
            .exclude("logs/*")
            .unwrap()
            .include("logs/keep/*")
            .unwrap()
            .exclude("*.tmp")
            .unwrap();
        for (path, wanted) in [
            ("a", true),
            ("logs/a", false),
            ("logs/keep/a", true),
            ("logs/keep/a.tmp", false),
            ("a.tmp", false),
        ] {
            assert_eq!(filter.wants(path), wanted, "{path}");
        }
    }

    #[test]
    fn the_first_glob_says_what_becomes_of_the_rest() {
        let only = Filter::new().include("*.jpg").unwrap();
        assert!(only.wants("a/b.jpg") && !only.wants("a/b.txt"));
        let but = Filter::new().exclude("*.jpg").unwrap();
        assert!(!but.wants("a/b.jpg") && but.wants("a/b.txt"));
    }

    #[test]
    fn a_star_crosses_slashes_and_a_glob_is_held_to_the_whole_path() {
        let only = Filter::new().include("a*z").unwrap();
        assert!(only.wants("a/b/z") && !only.wants("xa/z") && !only.wants("a/z/"));
        let set = Filter::new().include("[!a]{1,2}\\*").unwrap();
        assert!(set.wants("b1*") && set.wants("b2*") && !set.wants("a1*") && !set.wants("b1x"));
    }

    #[test]
    fn a_broken_glob_is_refused() {
        for glob in ["[", "{a", "a\\"] {
            assert!(Filter::new().include(glob).is_err(), "{glob}");
        }
    }
}
