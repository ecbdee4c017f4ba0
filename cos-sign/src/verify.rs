//! Verifying the signature of a request.

use alloc::{boxed::Box, string::String, vec::Vec};
use core::time::Duration;

use http::header;

use crate::{
    Credentials, Explanation, Head, KeyTime, SigningKey,
    fields::{ALGORITHM, AUTHORIZATION, FieldReader, Fields, TOKEN, is_field},
    pairs::Pairs,
    signature::same,
};

mod listed;
mod refusal;

pub use refusal::Refusal;

use listed::{Difference, Listed};

/// Checks the signature of a request, in its `Authorization` header or in its query.
///
/// `lookup` gives the credentials that belong to a `SecretId`; `now` is the time since the Unix
/// epoch. Every query parameter must be signed; a [`Verifier`] can be told otherwise.
///
/// The seven fields of a presigned URI may stand anywhere in the query. The form that the vendor's
/// Go SDK calls merged, one parameter `sign` that holds all of them, is not read.
///
/// The comparisons of signature and token take the same time wherever they differ. The signature is
/// compared last, so that the reason of a refusal is the first thing that is wrong.
///
/// # Errors
///
/// [`Refusal`], which says why.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use cos_sign::{Credentials, Head, KeyTime, Refusal, SigningKey, verify};
///
/// let credentials = Credentials::new("AKIDexample", "secret-key-example")?;
/// let now = Duration::from_secs(1_557_989_753);
/// let key_time = KeyTime::starting(now, Duration::from_secs(60));
/// let mut request = http::Request::get("http://127.0.0.1:9000/key?versionId=1").body(())?;
/// SigningKey::derive(&credentials, key_time).sign(&mut request)?;
///
/// let lookup = |id: &str| (id == credentials.secret_id()).then(|| credentials.clone());
/// let verified = verify(Head::from(&request), lookup, now)?;
/// assert_eq!(verified.header_list(), "host");
/// assert_eq!(verified.param_list(), "versionid");
///
/// let late = verify(Head::from(&request), lookup, now + Duration::from_secs(61));
/// assert!(matches!(late, Err(Refusal::Expired { .. })));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn verify(
    head: Head<'_>,
    lookup: impl FnOnce(&str) -> Option<Credentials>,
    now: Duration,
) -> Result<Verified, Refusal> {
    Verifier::new().verify(head, lookup, now)
}

/// A check of signatures, with its rules.
#[derive(Clone, Debug, Default)]
pub struct Verifier {
    unsigned_params: bool,
}

impl Verifier {
    /// The rules of [`verify`].
    #[must_use]
    pub const fn new() -> Self {
        Self {
            unsigned_params: false,
        }
    }

    /// Whether a request may have query parameters that its signature does not cover (default: no).
    ///
    /// The service allows them, and the vendor's Python SDK makes use of it when it lists buckets.
    #[must_use]
    pub const fn allow_unsigned_params(mut self, allowed: bool) -> Self {
        self.unsigned_params = allowed;
        self
    }

    /// Checks the signature of a request; see [`verify`].
    ///
    /// # Errors
    ///
    /// [`Refusal`], which says why.
    pub fn verify(
        &self,
        head: Head<'_>,
        lookup: impl FnOnce(&str) -> Option<Credentials>,
        now: Duration,
    ) -> Result<Verified, Refusal> {
        let Found {
            form,
            fields,
            mut params,
        } = Found::find(head)?;
        let key_time = check_times(&fields, now)?;
        let credentials = lookup(&fields.secret_id).ok_or(Refusal::UnknownSecretId)?;
        let mut headers: Pairs<'_> = head.fields().collect();
        check_tokens(&credentials, &headers, &params)?;

        let listed = Listed::new(&fields.param_list);
        // An unsigned token has been compared with the right one, which is as good as a signature.
        params.retain(|name| listed.has(name) || !(self.unsigned_params || name == TOKEN));
        listed.check(&params, "q-url-param-list", |difference| match difference {
            Difference::Missing(name) => Refusal::ParamNotPresent { name },
            Difference::Surplus(name) => Refusal::ParamNotSigned { name },
        })?;

        let listed = Listed::new(&fields.header_list);
        headers.retain(|name| listed.has(name));
        listed.check(&headers, "q-header-list", |difference| match difference {
            Difference::Missing(name) => Refusal::HeaderNotPresent { name },
            Difference::Surplus(name) => Refusal::HeaderNotSigned { name },
        })?;

        let explanation = Explanation::new(head, &params, &headers, key_time)?;
        let key = SigningKey::derive(&credentials, key_time);
        let expected = key.signature(explanation.string_to_sign());
        if !same(expected.as_bytes(), fields.signature.as_bytes()) {
            return Err(Refusal::SignatureMismatch {
                explanation: Box::new(explanation),
            });
        }
        Ok(Verified {
            secret_id: fields.secret_id.into_owned(),
            key_time,
            form,
            header_list: fields.header_list.into_owned(),
            param_list: fields.param_list.into_owned(),
        })
    }
}

/// What a valid signature says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    secret_id: String,
    key_time: KeyTime,
    form: Form,
    header_list: String,
    param_list: String,
}

impl Verified {
    /// The id of the credentials that signed.
    #[must_use]
    pub fn secret_id(&self) -> &str {
        &self.secret_id
    }

    /// The span in which the signature is valid.
    #[must_use]
    pub const fn key_time(&self) -> KeyTime {
        self.key_time
    }

    /// Where the signature was found.
    #[must_use]
    pub const fn form(&self) -> Form {
        self.form
    }

    /// The names of the signed headers, sorted and joined by `;`.
    ///
    /// The client chose them: a header that is not here, the host included, may have been changed
    /// by anyone.
    #[must_use]
    pub fn header_list(&self) -> &str {
        &self.header_list
    }

    /// The names of the signed parameters, sorted and joined by `;`.
    #[must_use]
    pub fn param_list(&self) -> &str {
        &self.param_list
    }
}

/// Where a request carries its signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Form {
    /// In the `Authorization` header.
    Header,
    /// In the query: a presigned URI.
    Query,
}

/// A signature, and the parameters beside it.
struct Found<'a> {
    form: Form,
    fields: Fields<'a>,
    params: Pairs<'a>,
}

impl<'a> Found<'a> {
    fn find(head: Head<'a>) -> Result<Self, Refusal> {
        let malformed = |field| Refusal::Malformed { field };
        let mut reader = FieldReader::default();
        let mut params = Vec::new();
        for param in head.params() {
            let (name, value) = param?;
            // A name that is spelled another way is a parameter like others.
            if is_field(&name) {
                reader.take(&name, value).map_err(malformed)?;
            } else {
                params.push((name, value));
            }
        }

        let (form, fields) = match (authorization(head)?, reader.is_empty()) {
            (None, true) => return Err(Refusal::NoSignature),
            (Some(_), false) => return Err(Refusal::TwoSignatures),
            (Some(header), true) => (Form::Header, Fields::from_header(header)),
            (None, false) => (Form::Query, reader.finish()),
        };
        Ok(Self {
            form,
            fields: fields.map_err(malformed)?,
            params: params.into_iter().collect(),
        })
    }
}

/// The value of the `Authorization` header. An empty one, as the vendor's Python SDK sends it for
/// an anonymous request, is none.
fn authorization(head: Head<'_>) -> Result<Option<&str>, Refusal> {
    let malformed = Refusal::Malformed {
        field: AUTHORIZATION,
    };
    let mut values = head.headers().get_all(header::AUTHORIZATION).iter();
    match (values.next(), values.next()) {
        (None, _) => Ok(None),
        (Some(value), None) if value.is_empty() => Ok(None),
        (Some(value), None) => value.to_str().map(Some).map_err(|_| malformed),
        (Some(_), Some(_)) => Err(malformed),
    }
}

fn check_times(fields: &Fields<'_>, now: Duration) -> Result<KeyTime, Refusal> {
    if fields.algorithm != ALGORITHM {
        return Err(Refusal::UnsupportedAlgorithm);
    }
    let key_time: KeyTime = fields.key_time.parse().map_err(|_| Refusal::Malformed {
        field: "q-key-time",
    })?;
    if fields.sign_time != fields.key_time {
        return Err(Refusal::TimesDiffer);
    }
    if key_time.contains(now) {
        Ok(key_time)
    } else if now.as_secs() < key_time.start() {
        Err(Refusal::NotYetValid { key_time })
    } else {
        Err(Refusal::Expired { key_time })
    }
}

/// Compares every token that the request has, in a header or in the query, with the right one.
fn check_tokens(
    credentials: &Credentials,
    headers: &Pairs<'_>,
    params: &Pairs<'_>,
) -> Result<(), Refusal> {
    let tokens = headers.values_of(TOKEN).chain(params.values_of(TOKEN));
    let mut tokens = tokens.peekable();
    match (credentials.token(), tokens.peek()) {
        (None, None) => Ok(()),
        (None, Some(_)) => Err(Refusal::TokenUnexpected),
        (Some(_), None) => Err(Refusal::TokenMissing),
        (Some(right), Some(_)) => {
            if tokens.all(|token| same(token, right.as_bytes())) {
                Ok(())
            } else {
                Err(Refusal::TokenMismatch)
            }
        }
    }
}
