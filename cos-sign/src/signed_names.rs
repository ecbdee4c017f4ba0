//! Which headers a signature covers.

use alloc::vec::Vec;

use http::{HeaderName, header};

/// Which headers of a request are signed. Query parameters are always signed, all of them.
///
/// The algorithm leaves the choice to the client: what the signature names is checked, the rest may
/// change on the way.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SignedNames(Selection);

#[derive(Clone, Debug, Default, PartialEq, Eq)]
enum Selection {
    #[default]
    Vendor,
    /// Sorted, without repetitions.
    Named(Vec<HeaderName>),
}

impl SignedNames {
    /// What the vendor's SDKs sign of the headers that a request has: the union of the lists of the
    /// Go SDK (`auth.go`) and the Python SDK (`cos_auth.py`), everything that starts with `x-cos-`
    /// or `x-ci-`, and the host in any case.
    ///
    /// Headers that proxies and clients rewrite (`User-Agent`, `Accept-Encoding`, `Referer`,
    /// `Date`) stay unsigned.
    #[must_use]
    pub const fn vendor() -> Self {
        Self(Selection::Vendor)
    }

    /// Exactly the headers named here; a request that lacks one of them is not signed.
    ///
    /// `Authorization`, which holds the signature, is left out. An empty list signs no header, not
    /// even the host.
    pub fn headers(names: impl IntoIterator<Item = HeaderName>) -> Self {
        let mut names: Vec<_> = names
            .into_iter()
            .filter(|name| name != header::AUTHORIZATION)
            .collect();
        names.sort_unstable_by(|a, b| a.as_str().cmp(b.as_str()));
        names.dedup();
        Self(Selection::Named(names))
    }
}
