//! The two orders in which a listing may come.

use core::cmp::Ordering;

/// A strict order of keys and prefixes. In both, all texts that start with the same text stand
/// together, right behind it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    /// By bytes, as documented.
    Bytes,
    /// By bytes with `/` before all others, as a file tree is walked.
    Tree,
}

impl Order {
    pub(super) fn compare(self, left: &str, right: &str) -> Ordering {
        match self {
            Self::Bytes => left.cmp(right),
            Self::Tree => left.bytes().map(rank).cmp(right.bytes().map(rank)),
        }
    }
}

fn rank(byte: u8) -> u16 {
    match byte {
        b'/' => 0,
        other => u16::from(other).saturating_add(1),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::Order::{Bytes, Tree};
    use super::*;

    #[test]
    fn a_folder_comes_before_its_longer_neighbours_in_a_tree() {
        assert_eq!(Bytes.compare("a/", "a-b"), Ordering::Greater);
        assert_eq!(Tree.compare("a/", "a-b"), Ordering::Less);
        assert_eq!(Tree.compare("a", "a/"), Ordering::Less);
        assert_eq!(Tree.compare("a/z", "a-b"), Ordering::Less);
        assert_eq!(Tree.compare("a\0", "a/"), Ordering::Greater);
    }

    proptest! {
        #[test]
        fn both_are_strict_and_keep_folders_together(
            a in "[a-b/\0-]{0,4}", b in "[a-b/\0-]{0,4}", c in "[a-b/\0-]{0,4}",
        ) {
            for order in [Bytes, Tree] {
                prop_assert_eq!(order.compare(&a, &b), order.compare(&b, &a).reverse());
                prop_assert_eq!(order.compare(&a, &b).is_eq(), a == b);
                if order.compare(&a, &b).is_le() && order.compare(&b, &c).is_le() {
                    prop_assert!(order.compare(&a, &c).is_le());
                    // What stands between two texts that start with `a` starts with it as well.
                    prop_assert!(!c.starts_with(&a) || b.starts_with(&a));
                }
            }
        }
    }
}
