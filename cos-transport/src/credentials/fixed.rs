//! Credentials that the program has.

use cos_sign::Credentials;

use super::{Generation, Issued, ProvideCredentials, ProvideFuture};

/// The same credentials for ever.
///
/// When the service refuses them as expired, that is final: there are no others.
#[derive(Clone, Debug)]
pub struct Static(Issued);

impl Static {
    /// Always these.
    pub fn new(credentials: Credentials) -> Self {
        Self(Issued::new(credentials).unrenewable())
    }
}

impl From<Credentials> for Static {
    fn from(credentials: Credentials) -> Self {
        Self::new(credentials)
    }
}

impl ProvideCredentials for Static {
    fn provide(&self, _refused: Option<Generation>) -> ProvideFuture<'_> {
        Box::pin(std::future::ready(Ok(self.0.clone())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_same_are_given_even_when_refused() {
        let provider = Static::new(Credentials::new("id", "canary").unwrap());
        let first = provider.provide(None).await.unwrap();
        let second = provider.provide(Some(first.generation())).await.unwrap();
        assert_eq!(first.generation(), second.generation());
        assert!(!first.is_renewable());
        assert!(!format!("{provider:?}").contains("canary"));
    }
}
