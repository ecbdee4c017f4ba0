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
            Self::Tree => {
                let (left, right) = (left.as_bytes(), right.as_bytes());
                let common = common(left, right);
                let next = |text: &[u8]| text.get(common).copied().map(rank);
                // Nothing comes before something.
                next(left).cmp(&next(right))
            }
        }
    }
}

/// How many bytes two texts start with alike. Neighbours of a page share most of theirs, so they
/// are compared by eight.
fn common<'a>(left: &'a [u8], right: &'a [u8]) -> usize {
    fn alike<T: PartialEq>(left: &[T], right: &[T]) -> usize {
        left.iter()
            .zip(right)
            .take_while(|(left, right)| left == right)
            .count()
    }
    let eights = alike(left.as_chunks::<8>().0, right.as_chunks::<8>().0);
    let start = eights.saturating_mul(8);
    let rest = |text: &'a [u8]| text.get(start..).unwrap_or_default();
    start.saturating_add(alike(rest(left), rest(right)))
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
