//! The first of several sources that has any.

use std::sync::{Arc, OnceLock};

use super::{
    CredentialsError, CredentialsErrorKind, Generation, Issued, ProvideCredentials, ProvideFuture,
};

/// Several sources, asked in order until one has credentials.
///
/// Only a source that says it [has none](CredentialsErrorKind::Absent) is passed over. One that
/// fails ends the search, and the one that first gave credentials is the only one that is asked
/// from then on: who the requests are made for never changes because of an outage.
///
/// ```
/// use cos_transport::credentials::{Chain, Environment, InstanceMetadata};
///
/// let provider = Chain::new()
///     .or(Environment::new())
///     .or(InstanceMetadata::new());
/// ```
#[derive(Debug, Default)]
pub struct Chain {
    sources: Vec<Arc<dyn ProvideCredentials>>,
    chosen: OnceLock<usize>,
}

impl Chain {
    /// No source yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a source behind all others.
    #[must_use]
    pub fn or(mut self, source: impl ProvideCredentials + 'static) -> Self {
        self.sources.push(Arc::new(source));
        self
    }

    async fn first(&self, refused: Option<Generation>) -> Result<Issued, CredentialsError> {
        if let Some(chosen) = self.chosen.get().and_then(|at| self.sources.get(*at)) {
            return chosen.provide(refused).await;
        }
        let mut reasons = Vec::new();
        for (at, source) in self.sources.iter().enumerate() {
            match source.provide(refused).await {
                Ok(issued) => {
                    // Where two requests searched at once, the first one to find has chosen.
                    let chosen = *self.chosen.get_or_init(|| at);
                    return match self.sources.get(chosen) {
                        Some(other) if chosen != at => other.provide(refused).await,
                        _ => Ok(issued),
                    };
                }
                Err(error) if error.kind() == CredentialsErrorKind::Absent => {
                    reasons.push(format!("{}: {}", error.tried(), error.reason()));
                }
                Err(error) => return Err(error),
            }
        }
        Err(CredentialsError::absent("any source", reasons.join("; ")))
    }
}

impl ProvideCredentials for Chain {
    fn provide(&self, refused: Option<Generation>) -> ProvideFuture<'_> {
        Box::pin(self.first(refused))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use cos_sign::Credentials;

    use super::*;
    use crate::credentials::Static;

    /// Gives what it was told to, the last for ever.
    #[derive(Clone, Debug)]
    struct Scripted(Arc<Mutex<Vec<Result<Issued, CredentialsError>>>>);

    impl Scripted {
        fn new(script: impl IntoIterator<Item = Result<Issued, CredentialsError>>) -> Self {
            let mut script: Vec<_> = script.into_iter().collect();
            script.reverse();
            Self(Arc::new(Mutex::new(script)))
        }
    }

    impl ProvideCredentials for Scripted {
        fn provide(&self, _: Option<Generation>) -> ProvideFuture<'_> {
            let mut script = self.0.lock().unwrap();
            let next = if script.len() > 1 {
                script.pop().unwrap()
            } else {
                script[0].clone()
            };
            Box::pin(std::future::ready(next))
        }
    }

    fn issued(id: &str) -> Issued {
        Issued::new(Credentials::new(id, "key").unwrap())
    }

    fn absent(name: &str) -> Result<Issued, CredentialsError> {
        Err(CredentialsError::absent(name, "nothing there"))
    }

    #[tokio::test]
    async fn sources_without_credentials_are_passed_over() {
        let chain = Chain::new()
            .or(Scripted::new([absent("a")]))
            .or(Static::new(Credentials::new("b", "key").unwrap()))
            .or(Static::new(Credentials::new("c", "key").unwrap()));
        let given = chain.provide(None).await.unwrap();
        assert_eq!(given.credentials().secret_id(), "b");
    }

    #[tokio::test]
    async fn a_source_that_fails_ends_the_search() {
        let chain = Chain::new()
            .or(Scripted::new([Err(CredentialsError::unavailable(
                "a", "down",
            ))]))
            .or(Static::new(Credentials::new("b", "key").unwrap()));
        let error = chain.provide(None).await.unwrap_err();
        assert_eq!(error.to_string(), "no credentials from a: down");
    }

    #[tokio::test]
    async fn the_source_that_gave_first_is_kept() {
        let chain = Chain::new()
            .or(Scripted::new([absent("a"), Ok(issued("a"))]))
            .or(Scripted::new([Ok(issued("b")), absent("b")]));
        assert!(chain.provide(None).await.is_ok());
        let error = chain.provide(None).await.unwrap_err();
        assert_eq!(error.tried(), "b");
    }

    #[tokio::test]
    async fn where_nobody_has_any_all_are_named() {
        let chain = Chain::new()
            .or(Scripted::new([absent("a")]))
            .or(Scripted::new([absent("b")]));
        let error = chain.provide(None).await.unwrap_err();
        assert_eq!(error.kind(), CredentialsErrorKind::Absent);
        assert_eq!(
            error.to_string(),
            "no credentials from any source: a: nothing there; b: nothing there"
        );
    }
}
