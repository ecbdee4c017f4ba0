//! The seven fields in which a request carries its signature.

use alloc::{borrow::Cow, string::String};

use crate::encode::encode;

/// The one algorithm, as `q-sign-algorithm` names it.
pub(crate) const ALGORITHM: &str = "sha1";

/// The header, and in a presigned URI the parameter, of the session token.
pub(crate) const TOKEN: &str = "x-cos-security-token";

/// The names of the fields, in the order in which the vendor writes them.
const NAMES: [&str; 7] = [
    "q-sign-algorithm",
    "q-ak",
    "q-sign-time",
    "q-key-time",
    "q-header-list",
    "q-url-param-list",
    "q-signature",
];

/// The name of the field that is called `name` in any case.
pub(crate) fn reserved(name: &[u8]) -> Option<&'static str> {
    NAMES
        .into_iter()
        .find(|field| field.as_bytes().eq_ignore_ascii_case(name))
}

/// Whether `name` is the name of a field.
pub(crate) fn is_field(name: &[u8]) -> bool {
    NAMES.into_iter().any(|field| field.as_bytes() == name)
}

/// The values of the fields.
pub(crate) struct Fields<'a> {
    pub(crate) algorithm: Cow<'a, str>,
    pub(crate) secret_id: Cow<'a, str>,
    pub(crate) sign_time: Cow<'a, str>,
    pub(crate) key_time: Cow<'a, str>,
    pub(crate) header_list: Cow<'a, str>,
    pub(crate) param_list: Cow<'a, str>,
    pub(crate) signature: Cow<'a, str>,
}

impl<'a> Fields<'a> {
    /// Reads the value of an `Authorization` header: the fields joined by `&`, in any order.
    pub(crate) fn from_header(value: &'a str) -> Result<Self, &'static str> {
        let mut reader = FieldReader::default();
        for field in value.split('&') {
            let (name, value) = field.split_once('=').ok_or(AUTHORIZATION)?;
            reader.take(name.as_bytes(), value.as_bytes().into())?;
        }
        reader.finish()
    }

    /// The value of an `Authorization` header.
    pub(crate) fn to_header(&self) -> String {
        let mut out = String::with_capacity(self.length_hint());
        self.append_to(&mut out, Cow::Borrowed);
        out
    }

    /// Appends the fields as parameters of a query.
    pub(crate) fn append_to_query(&self, out: &mut String) {
        out.reserve(self.length_hint() * 5 / 4);
        self.append_to(out, |value| encode(value.as_bytes()));
    }

    fn append_to<'b>(&'b self, out: &mut String, encode: impl Fn(&'b str) -> Cow<'b, str>) {
        for (position, (name, value)) in NAMES.into_iter().zip(self.values()).enumerate() {
            if position > 0 {
                out.push('&');
            }
            out.push_str(name);
            out.push('=');
            out.push_str(&encode(value));
        }
    }

    /// The values in the order of [`NAMES`].
    fn values(&self) -> [&str; 7] {
        [
            &self.algorithm,
            &self.secret_id,
            &self.sign_time,
            &self.key_time,
            &self.header_list,
            &self.param_list,
            &self.signature,
        ]
    }

    fn length_hint(&self) -> usize {
        let name = |name: &str| name.len() + 2;
        NAMES.into_iter().map(name).sum::<usize>()
            + self.values().into_iter().map(str::len).sum::<usize>()
    }
}

/// What an unreadable `Authorization` header is called, if no field of it is to blame.
pub(crate) const AUTHORIZATION: &str = "Authorization";

/// Collects the fields, each once.
#[derive(Default)]
pub(crate) struct FieldReader<'a> {
    values: [Option<Cow<'a, str>>; 7],
}

impl<'a> FieldReader<'a> {
    /// Takes a field. One that is there twice or is not text, or a name that is not one of a field,
    /// is an error: what to call it.
    pub(crate) fn take(&mut self, name: &[u8], value: Cow<'a, [u8]>) -> Result<(), &'static str> {
        let Some((name, slot)) = NAMES
            .into_iter()
            .zip(&mut self.values)
            .find(|(field, _)| field.as_bytes() == name)
        else {
            return Err(AUTHORIZATION);
        };
        let value = match value {
            Cow::Borrowed(value) => str::from_utf8(value).ok().map(Cow::Borrowed),
            Cow::Owned(value) => String::from_utf8(value).ok().map(Cow::Owned),
        };
        if slot.is_some() || value.is_none() {
            return Err(name);
        }
        *slot = value;
        Ok(())
    }

    /// Whether no field was taken.
    pub(crate) fn is_empty(&self) -> bool {
        self.values.iter().all(Option::is_none)
    }

    /// All seven fields; the name of the first one that is missing is the error.
    pub(crate) fn finish(self) -> Result<Fields<'a>, &'static str> {
        let missing = NAMES
            .into_iter()
            .zip(&self.values)
            .find_map(|(name, value)| value.is_none().then_some(name));
        match self.values {
            [
                Some(algorithm),
                Some(secret_id),
                Some(sign_time),
                Some(key_time),
                Some(header_list),
                Some(param_list),
                Some(signature),
            ] => Ok(Fields {
                algorithm,
                secret_id,
                sign_time,
                key_time,
                header_list,
                param_list,
                signature,
            }),
            _ => Err(missing.unwrap_or(AUTHORIZATION)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::{format, vec::Vec};

    /// The header of example 2 of the vendor's documents (436/7778).
    const HEADER: &str = "q-sign-algorithm=sha1&q-ak=AKIDQjz3ltompVjBni5LitkHHFlFpwkn7U5H\
        &q-sign-time=1557989753;1557996953&q-key-time=1557989753;1557996953\
        &q-header-list=date;host\
        &q-url-param-list=response-cache-control;response-content-type\
        &q-signature=01681b8c9d798a678e43b685a9f1bba0f6c0e012";

    #[test]
    fn the_vendors_header_is_read_and_written_the_same() {
        let fields = Fields::from_header(HEADER).ok().unwrap();
        assert_eq!(fields.secret_id, "AKIDQjz3ltompVjBni5LitkHHFlFpwkn7U5H");
        assert_eq!(fields.header_list, "date;host");
        assert_eq!(fields.to_header(), HEADER);
    }

    #[test]
    fn a_query_has_the_separators_of_the_values_encoded() {
        let fields = Fields::from_header(HEADER).ok().unwrap();
        let mut query = String::from("?");
        fields.append_to_query(&mut query);
        assert_eq!(query, format!("?{}", HEADER.replace(';', "%3B")));
    }

    #[test]
    fn the_order_of_the_fields_is_free() {
        let mut reversed: Vec<_> = HEADER.split('&').collect();
        reversed.reverse();
        let fields = Fields::from_header(&reversed.join("&")).map(|fields| fields.to_header());
        assert_eq!(fields.as_deref(), Ok(HEADER));
    }

    #[test]
    fn missing_repeated_and_unknown_fields_are_named() {
        let error = |header: &str| Fields::from_header(header).err();
        assert_eq!(error(""), Some("Authorization"));
        assert_eq!(error("Bearer x"), Some("Authorization"));
        assert_eq!(
            error(&HEADER.replace("&q-ak=", "&q-al=")),
            Some("Authorization")
        );
        assert_eq!(
            error(&HEADER.replace("&q-ak=", "&Q-AK=")),
            Some("Authorization")
        );
        assert_eq!(error(&format!("{HEADER}&q-ak=x")), Some("q-ak"));
        assert_eq!(error(&format!("{HEADER}&")), Some("Authorization"));
        for field in HEADER.split('&') {
            let without = HEADER.replace(field, "").replace("&&", "&");
            let without = without.trim_matches('&');
            assert_eq!(
                error(without),
                field
                    .split('=')
                    .next()
                    .map(|name| { reserved(name.as_bytes()).unwrap() })
            );
        }
    }

    #[test]
    fn names_are_reserved_in_any_case() {
        assert_eq!(reserved(b"Q-Signature"), Some("q-signature"));
        assert_eq!(reserved(b"q-signatures"), None);
    }
}
