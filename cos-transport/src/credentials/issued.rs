//! Credentials as a provider gives them out.

use std::sync::atomic::{AtomicU64, Ordering};

use cos_proto::Timestamp;
use cos_sign::Credentials;

/// Credentials, when they expire, and which generation they are.
///
/// Clones are of the same generation. `Debug` shows no secret.
#[derive(Clone, Debug)]
pub struct Issued {
    credentials: Credentials,
    expires: Option<Timestamp>,
    generation: Generation,
    renewable: bool,
}

impl Issued {
    /// New credentials, of a generation of their own.
    ///
    /// Nothing is known of when they expire, and the source may have others once they have.
    pub fn new(credentials: Credentials) -> Self {
        Self {
            credentials,
            expires: None,
            generation: Generation::next(),
            renewable: true,
        }
    }

    /// They expire at this time.
    #[must_use]
    pub fn expiring(mut self, at: Timestamp) -> Self {
        self.expires = Some(at);
        self
    }

    /// The source will never have others: once they are refused, asking it again is of no use.
    #[must_use]
    pub fn unrenewable(mut self) -> Self {
        self.renewable = false;
        self
    }

    /// The credentials.
    pub fn credentials(&self) -> &Credentials {
        &self.credentials
    }

    /// When they expire, where that is known.
    pub fn expires(&self) -> Option<Timestamp> {
        self.expires
    }

    /// Which generation they are.
    pub fn generation(&self) -> Generation {
        self.generation
    }

    /// Whether the source may have others once these are refused.
    pub fn is_renewable(&self) -> bool {
        self.renewable
    }
}

/// Tells one [`Issued`] from another, in one process: no two that were made have the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Generation(u64);

impl Generation {
    fn next() -> Self {
        // At a billion a second this wraps around after five centuries.
        static NEXT: AtomicU64 = AtomicU64::new(0);
        Self(NEXT.fetch_add(1, Ordering::Relaxed))
    }
}

/// Which credentials an attempt was signed with: the signing layer puts it into the extensions of
/// the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SignedBy {
    generation: Generation,
    renewable: bool,
}

impl SignedBy {
    /// Signed with these.
    pub fn new(issued: &Issued) -> Self {
        Self {
            generation: issued.generation,
            renewable: issued.renewable,
        }
    }

    /// The generation of the credentials.
    pub fn generation(self) -> Generation {
        self.generation
    }

    /// Whether there may be others; see [`Issued::unrenewable`].
    pub fn is_renewable(self) -> bool {
        self.renewable
    }
}

/// Which credentials the service has refused as expired: the retry policy puts it into the
/// extensions of the request, and the signing layer hands it to the provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RefusedCredentials(Generation);

impl RefusedCredentials {
    /// These were refused.
    pub fn new(generation: Generation) -> Self {
        Self(generation)
    }

    /// The generation that was refused.
    pub fn generation(self) -> Generation {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clones_are_one_generation_and_others_are_not() {
        let credentials = Credentials::new("id", "canary").unwrap();
        let first = Issued::new(credentials.clone());
        let second = Issued::new(credentials);
        assert_eq!(first.generation(), first.clone().generation());
        assert_ne!(first.generation(), second.generation());
        assert!(!format!("{first:?} {:?}", SignedBy::new(&first)).contains("canary"));
    }
}
