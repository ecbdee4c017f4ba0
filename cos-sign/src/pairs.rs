//! Names and values in the order of the signature.

use alloc::{borrow::Cow, string::String, vec::Vec};

use crate::encode::{encode_into, encode_name};

/// The parameters or the headers that a signature covers, in its order.
///
/// Names are kept in the signature's form, values decoded. The order is that of the vendor's Go
/// SDK: by name, and values of the same name by their decoded bytes. Every pair stands for itself,
/// so a name that occurs twice is listed twice. (The vendor's documents say nothing about repeated
/// names, and its Python SDK cannot express them.)
pub(crate) struct Pairs<'a>(Vec<Pair<'a>>);

/// A decoded name, in any spelling, and a decoded value.
pub(crate) type Param<'a> = (Cow<'a, [u8]>, Cow<'a, [u8]>);

/// Ordered by name, then by value.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Pair<'a> {
    name: Cow<'a, str>,
    value: Cow<'a, [u8]>,
}

impl<'a> Pairs<'a> {
    /// Adds a pair in its place.
    pub(crate) fn insert(&mut self, param: Param<'a>) {
        let pair = Pair::from(param);
        let position = self.0.partition_point(|other| *other < pair);
        self.0.insert(position, pair);
    }

    /// Drops the pairs whose name, in the signature's form, `keep` refuses.
    pub(crate) fn retain(&mut self, mut keep: impl FnMut(&str) -> bool) {
        self.0.retain(|pair| keep(&pair.name));
    }

    /// The names in the signature's form.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|pair| &*pair.name)
    }

    /// The decoded values of a name in the signature's form.
    pub(crate) fn values_of(&self, name: &str) -> impl Iterator<Item = &[u8]> {
        self.0
            .iter()
            .filter(move |pair| pair.name == name)
            .map(|pair| &*pair.value)
    }

    /// The names joined by `;`: the value of `q-header-list` or `q-url-param-list`.
    pub(crate) fn list(&self) -> String {
        let mut list = String::with_capacity(self.names().map(|name| name.len() + 1).sum());
        for (position, name) in self.names().enumerate() {
            if position > 0 {
                list.push(';');
            }
            list.push_str(name);
        }
        list
    }

    /// Appends `name=UrlEncode(value)`, joined by `&`: a line of the HttpString.
    pub(crate) fn write_into(&self, out: &mut Vec<u8>) {
        for (position, pair) in self.0.iter().enumerate() {
            if position > 0 {
                out.push(b'&');
            }
            out.extend_from_slice(pair.name.as_bytes());
            out.push(b'=');
            encode_into(&pair.value, out);
        }
    }

    /// The most bytes that [`Pairs::write_into`] writes: all bytes of the values escaped.
    pub(crate) fn max_length(&self) -> usize {
        let length = |pair: &Pair<'_>| pair.name.len() + pair.value.len() * 3 + 2;
        self.0.iter().map(length).sum()
    }
}

impl<'a> FromIterator<Param<'a>> for Pairs<'a> {
    fn from_iter<T: IntoIterator<Item = Param<'a>>>(params: T) -> Self {
        let mut pairs: Vec<_> = params.into_iter().map(Pair::from).collect();
        pairs.sort_unstable();
        Self(pairs)
    }
}

impl<'a> From<Param<'a>> for Pair<'a> {
    fn from((name, value): Param<'a>) -> Self {
        let name = match name {
            Cow::Borrowed(name) => encode_name(name),
            Cow::Owned(name) => Cow::Owned(encode_name(&name).into_owned()),
        };
        Self { name, value }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs<'a>(pairs: &[(&'a str, &'a str)]) -> Pairs<'a> {
        pairs.iter().copied().map(param).collect()
    }

    fn param<'a>((name, value): (&'a str, &'a str)) -> Param<'a> {
        (name.as_bytes().into(), value.as_bytes().into())
    }

    fn line(pairs: &Pairs<'_>) -> String {
        let mut line = Vec::new();
        pairs.write_into(&mut line);
        String::from_utf8(line).unwrap()
    }

    /// The parameters of example 2 in the vendor's documents (436/7778).
    #[test]
    fn the_vendors_example_is_sorted_and_encoded() {
        let pairs = pairs(&[
            ("response-content-type", "application/octet-stream"),
            ("response-cache-control", "max-age=600"),
        ]);
        assert_eq!(
            line(&pairs),
            "response-cache-control=max-age%3D600&response-content-type=application%2Foctet-stream"
        );
        assert_eq!(pairs.list(), "response-cache-control;response-content-type");
    }

    #[test]
    fn repeated_names_are_kept_and_sorted_by_value() {
        let pairs = pairs(&[("a", "2"), ("a", "1"), ("A", "3")]);
        assert_eq!(line(&pairs), "a=1&a=2&a=3");
        assert_eq!(pairs.list(), "a;a;a");
    }

    #[test]
    fn a_pair_that_is_added_comes_to_its_place() {
        let mut pairs = pairs(&[("c", "1"), ("a", "3"), ("a", "1")]);
        for added in [("a", "2"), ("B", ""), ("d", ""), ("", "0")] {
            pairs.insert(param(added));
        }
        assert_eq!(line(&pairs), "=0&a=1&a=2&a=3&b=&c=1&d=");
    }

    #[test]
    fn a_line_is_no_longer_than_announced() {
        for pairs in [
            pairs(&[]),
            pairs(&[("a", "")]),
            pairs(&[("\u{0}A", "\u{0}"), ("b", "/")]),
        ] {
            assert!(line(&pairs).len() <= pairs.max_length());
        }
    }

    #[test]
    fn values_are_compared_before_they_are_encoded() {
        // Encoded, `%7B` would come before `z`.
        assert_eq!(line(&pairs(&[("a", "{"), ("a", "z")])), "a=z&a=%7B");
    }

    #[test]
    fn names_are_compared_after_they_are_encoded() {
        // Decoded, `{` would come after `b`.
        assert_eq!(line(&pairs(&[("b", ""), ("{", "")])), "%7b=&b=");
    }

    #[test]
    fn no_pairs_are_an_empty_line_and_an_empty_list() {
        assert_eq!(line(&pairs(&[])), "");
        assert_eq!(pairs(&[]).list(), "");
    }
}
