//! Where credentials come from.
//!
//! A [`ProvideCredentials`] is asked for every attempt, so that whatever it gives out next is used
//! at once, and it is told when the service has refused what it gave.
//!
//! | source | type |
//! |---|---|
//! | the program itself | [`Static`] |
//! | the environment | [`Environment`] |
//! | the role of a cloud server | [`InstanceMetadata`] |
//! | a command of the user's | [`Process`] |
//! | the first of several that has any | [`Chain`] |
//! | anything else | a type of your own, with [`Cached`] around it where asking is slow |
//!
//! None of them blocks the runtime, and none goes through a proxy. Secrets are in no `Debug` and in
//! no message; messages name the source that was tried.
//!
//! # How a refusal travels
//!
//! The layer that signs puts [`SignedBy`] into the extensions of the answer. When the service has
//! found the session token expired, the retry policy puts [`RefusedCredentials`] into the
//! extensions of the request, once; on the next attempt the layer that signs hands it to the
//! provider. Each [`Issued`] has a [`Generation`] of its own, so that a hundred requests refused
//! together lead to one renewal, not to a hundred.

mod answer;
mod cached;
mod chain;
mod environment;
mod error;
mod fixed;
mod issued;
mod metadata;
mod process;

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;

pub use cached::{Cached, FETCH_PAUSE, FETCH_TIME, REFRESH_BEFORE};
pub use chain::Chain;
pub use environment::Environment;
pub use error::{CredentialsError, CredentialsErrorKind};
pub use fixed::Static;
pub use issued::{Generation, Issued, RefusedCredentials, SignedBy};
pub use metadata::{InstanceMetadata, METADATA_TIME, METADATA_URL};
pub use process::{PROCESS_TIME, Process};

/// A source of credentials, asked for every attempt.
///
/// # Implementing it
///
/// An answer should come at once where nothing has to be fetched: put [`Cached`] around a source
/// that asks somebody else. As long as the credentials are the same, give out clones of the same
/// [`Issued`]; make a new one for new credentials only.
///
/// ```
/// use cos_sign::Credentials;
/// use cos_transport::credentials::{
///     CredentialsError, Generation, Issued, ProvideCredentials, ProvideFuture,
/// };
///
/// #[derive(Debug)]
/// struct Vault;
///
/// impl ProvideCredentials for Vault {
///     fn provide(&self, _refused: Option<Generation>) -> ProvideFuture<'_> {
///         Box::pin(async {
///             let credentials = Credentials::new("id", "key").map_err(|error| {
///                 CredentialsError::invalid("the vault", "it holds none").because(error)
///             })?;
///             Ok(Issued::new(credentials))
///         })
///     }
/// }
/// ```
pub trait ProvideCredentials: fmt::Debug + Send + Sync {
    /// Credentials for one attempt.
    ///
    /// `refused` names the ones that the service has found expired just now. Whoever still gives
    /// out those fetches new ones first; whoever has newer ones already gives out these; whoever
    /// has no others gives out the same.
    ///
    /// # Errors
    ///
    /// [`CredentialsError`], which names the source and says why; its
    /// [kind](CredentialsError::kind) decides what is done about it.
    ///
    /// # Cancellation
    ///
    /// The future may be dropped at any await; the provider can be asked again afterwards, and
    /// others who wait for it are not disturbed. All providers of this module keep to that.
    fn provide(&self, refused: Option<Generation>) -> ProvideFuture<'_>;
}

/// What [`ProvideCredentials::provide`] returns.
pub type ProvideFuture<'a> =
    Pin<Box<dyn Future<Output = Result<Issued, CredentialsError>> + Send + 'a>>;

impl<P: ProvideCredentials + ?Sized> ProvideCredentials for Arc<P> {
    fn provide(&self, refused: Option<Generation>) -> ProvideFuture<'_> {
        (**self).provide(refused)
    }
}
