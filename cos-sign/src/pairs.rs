//! Names and values in the order of the signature.

use alloc::{borrow::Cow, string::String, vec::Vec};

use crate::encode::{encode_into, encode_name};

/// The parameters or the headers that a signature covers.
///
/// Names are kept in the signature's form, values decoded. The order is that of the vendor's Go SDK:
/// by name, and values of the same name by their decoded bytes. Every pair stands for itself, so a
/// name that occurs twice is listed twice. (The vendor's documents say nothing about repeated names,
/// and its Python SDK cannot express them.)
#[derive(Default)]
pub(crate) struct Pairs<'a>(Vec<Pair<'a>>);

/// Ordered by name, then by value.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Pair<'a> {
    name: Cow<'a, str>,
    value: Cow<'a, [u8]>,
}

impl<'a> Pairs<'a> {
    /// Adds a pair; `name` is any spelling.
    pub(crate) fn push(&mut self, name: Cow<'a, [u8]>, value: Cow<'a, [u8]>) {
        let name = match name {
            Cow::Borrowed(name) => encode_name(name),
            Cow::Owned(name) => Cow::Owned(encode_name(&name).into_owned()),
        };
        self.0.push(Pair { name, value });
    }

    /// Drops the pairs whose name, in the signature's form, `keep` refuses.
    pub(crate) fn retain(&mut self, mut keep: impl FnMut(&str) -> bool) {
        self.0.retain(|pair| keep(&pair.name));
    }

    /// Puts the pairs in the order of the signature.
    pub(crate) fn sort(&mut self) {
        self.0.sort_unstable();
    }

    /// The names in the signature's form, in the present order.
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

    /// About how long the line of the HttpString is; too long if few bytes need an escape.
    pub(crate) fn length_hint(&self) -> usize {
        let length = |pair: &Pair<'_>| pair.name.len() + pair.value.len() * 3 / 2 + 2;
        self.0.iter().map(length).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs<'a>(pairs: &[(&'a str, &'a str)]) -> Pairs<'a> {
        let mut sorted = Pairs::default();
        for (name, value) in pairs {
            sorted.push(name.as_bytes().into(), value.as_bytes().into());
        }
        sorted.sort();
        sorted
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
