//! Keys below a key that is a file.

/// Knows of every key whether one of its own beginnings is a file's key, as `a` is of `a/b`.
///
/// A file system has no place for both: `a` stays, and every key below `a/` fails. That is decided
/// on the whole listing, before filters and shards, so that it comes out the same in every run and
/// in every shard.
///
/// A listing is sorted, by bytes or as a tree is, and both orders keep all keys that start with
/// some text together. So of the keys before the present one, only those matter that it starts
/// with: other keys (`a!`, `a-b`) may stand between `a` and `a/b`, but all of them start with `a`.
/// Memory is that of one key.
#[derive(Debug, Default)]
pub(crate) struct Ancestors {
    last: String,
    /// Lengths of the beginnings of `last` that are keys of files, ascending.
    chain: Vec<usize>,
}

impl Ancestors {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// Takes the next key of the listing, and gives out the file's key that it stands below.
    pub(crate) fn file_above(&mut self, key: &str) -> Option<String> {
        let same = common(self.last.as_bytes(), key.as_bytes());
        if same == self.last.len() && !self.last.is_empty() && !self.last.ends_with('/') {
            self.chain.push(same);
        }
        while self.chain.last().is_some_and(|&len| len > same) {
            self.chain.pop();
        }
        self.last.clear();
        self.last.push_str(key);
        let bytes = key.as_bytes();
        let len = self
            .chain
            .iter()
            .find(|&&len| bytes.get(len) == Some(&b'/'))?;
        key.get(..*len).map(str::to_owned)
    }
}

/// How many bytes two texts begin with in common.
fn common(left: &[u8], right: &[u8]) -> usize {
    left.iter().zip(right).take_while(|(l, r)| l == r).count()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn k7_other_keys_may_stand_between_a_file_and_what_is_below_it() {
        let mut ancestors = Ancestors::new();
        for key in ["a", "a!", "a!/x/", "a-b"] {
            let above = ancestors.file_above(key);
            assert_eq!(above.as_deref(), (key == "a!/x/").then_some("a!"), "{key}");
        }
        for key in ["a/", "a/b", "a/b/c"] {
            assert_eq!(ancestors.file_above(key).as_deref(), Some("a"), "{key}");
        }
        for key in ["ab", "b", "b.c", "ba/"] {
            assert_eq!(ancestors.file_above(key), None, "{key}");
        }
    }

    /// Orders as a file tree does: `/` before every other byte.
    fn tree(key: &str) -> Vec<u16> {
        let weight = |byte| if byte == b'/' { 0 } else { u16::from(byte) + 1 };
        key.bytes().map(weight).collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(512))]
        #[test]
        fn k7_it_agrees_with_a_search_through_all_keys(
            keys in prop::collection::btree_set("[-!/ab0é]{1,6}", 0..40),
            as_tree: bool,
        ) {
            let mut order: Vec<&String> = keys.iter().collect();
            if as_tree {
                order.sort_by_key(|key| tree(key));
            }
            let mut ancestors = Ancestors::new();
            for key in order {
                prop_assert_eq!(ancestors.file_above(key), search(&keys, key), "{}", key);
            }
        }
    }

    /// The shortest key of a file that this one stands below.
    fn search(keys: &BTreeSet<String>, key: &str) -> Option<String> {
        key.match_indices('/')
            .map(|(at, _)| &key[..at])
            .find(|above| !above.is_empty() && !above.ends_with('/') && keys.contains(*above))
            .map(str::to_owned)
    }
}
