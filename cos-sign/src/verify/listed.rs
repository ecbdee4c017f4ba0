//! The names that a signature says it covers, against those that are there.

use alloc::{string::String, vec::Vec};

use super::Refusal;
use crate::pairs::Pairs;

/// A `q-header-list` or `q-url-param-list`.
pub(super) struct Listed<'a> {
    text: &'a str,
    /// Sorted, whatever the order in the text.
    names: Vec<&'a str>,
}

/// The first way in which a list differs from what is there.
pub(super) enum Difference {
    /// The name is listed more often than it occurs.
    Missing(String),
    /// The name occurs more often than it is listed.
    Surplus(String),
}

impl<'a> Listed<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        let mut names = Vec::new();
        if !text.is_empty() {
            names.extend(text.split(';'));
            names.sort_unstable();
        }
        Self { text, names }
    }

    /// Whether the list has the name. The empty text lists nothing, or else the one empty name.
    pub(super) fn has(&self, name: &str) -> bool {
        self.names.binary_search(&name).is_ok() || (self.text.is_empty() && name.is_empty())
    }

    /// Checks that the list is exactly what a signer of `present` would write.
    pub(super) fn check(
        &self,
        present: &Pairs<'_>,
        field: &'static str,
        refusal: impl FnOnce(Difference) -> Refusal,
    ) -> Result<(), Refusal> {
        if present.list() == self.text {
            return Ok(());
        }
        let mut listed = self.names.iter().copied();
        let mut present = present.names();
        let difference = loop {
            match (listed.next(), present.next()) {
                (Some(listed), Some(present)) if listed == present => {}
                (Some(listed), Some(present)) if listed > present => {
                    break Difference::Surplus(present.into());
                }
                (Some(listed), _) => break Difference::Missing(listed.into()),
                (None, Some(present)) => break Difference::Surplus(present.into()),
                // The right names in a wrong order.
                (None, None) => return Err(Refusal::Malformed { field }),
            }
        };
        Err(refusal(difference))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, present: &[&str]) -> Result<(), Refusal> {
        let present = present.iter();
        let pairs: Pairs<'_> = present
            .map(|name| (name.as_bytes().into(), b"".into()))
            .collect();
        Listed::new(text).check(&pairs, "list", |difference| match difference {
            Difference::Missing(name) => Refusal::ParamNotPresent { name },
            Difference::Surplus(name) => Refusal::ParamNotSigned { name },
        })
    }

    fn missing(name: &str) -> Result<(), Refusal> {
        Err(Refusal::ParamNotPresent { name: name.into() })
    }

    fn surplus(name: &str) -> Result<(), Refusal> {
        Err(Refusal::ParamNotSigned { name: name.into() })
    }

    #[test]
    fn a_list_of_what_is_there_is_accepted() {
        assert_eq!(check("", &[]), Ok(()));
        assert_eq!(check("", &[""]), Ok(()));
        assert_eq!(check("a;a;b", &["a", "b", "A"]), Ok(()));
        assert_eq!(check(";a", &["a", ""]), Ok(()));
        assert_eq!(check("a%3bb", &["a;b"]), Ok(()));
    }

    #[test]
    fn the_first_difference_is_told() {
        assert_eq!(check("a;b;c", &["a", "c"]), missing("b"));
        assert_eq!(check("a;b", &["a", "b", "c"]), surplus("c"));
        assert_eq!(check("b", &["a", "b"]), surplus("a"));
        assert_eq!(check("a;a", &["a"]), missing("a"));
        assert_eq!(check("a", &["a", "a"]), surplus("a"));
        assert_eq!(check("", &["a"]), surplus("a"));
        assert_eq!(check("a;", &["a"]), missing(""));
        assert_eq!(check("A", &["a"]), missing("A"));
    }

    #[test]
    fn a_list_out_of_order_is_malformed() {
        assert_eq!(
            check("b;a", &["a", "b"]),
            Err(Refusal::Malformed { field: "list" })
        );
    }
}
