//! Credentials of the role that is bound to a cloud server.

use std::fmt;
use std::time::Duration;

use http::{StatusCode, Uri};

use super::answer;
use super::{Cached, CredentialsError, Generation, Issued, ProvideCredentials, ProvideFuture};

mod get;

/// Where a cloud server (CVM) finds the credentials of its role, as in the vendor's documentation.
pub const METADATA_URL: &str =
    "http://metadata.tencentyun.com/latest/meta-data/cam/security-credentials";

/// How long asking the metadata service may take: finding the role and fetching its credentials
/// together. It answers from the host machine, within milliseconds.
pub const METADATA_TIME: Duration = Duration::from_secs(5);

/// The longest name of a role. The vendor allows 128 characters.
const ROLE_LIMIT: usize = 128;

/// The temporary credentials of the role of a cloud server, from its metadata service.
///
/// They are kept, and replaced before they expire, as [`Cached`] does it. The metadata service is
/// spoken to directly, over plain HTTP and never through a proxy; redirects are not followed; an
/// answer has at most 64 KiB, and it all takes at most [`METADATA_TIME`].
///
/// A server without a role has [none](super::CredentialsErrorKind::Absent); one that cannot be
/// reached, or whose service fails (5xx, 429), is
/// [unavailable](super::CredentialsErrorKind::Unavailable); any other answer is
/// [invalid](super::CredentialsErrorKind::Invalid).
#[derive(Debug)]
pub struct InstanceMetadata(Cached<Metadata>);

impl InstanceMetadata {
    /// The role that the server has, whatever its name.
    pub fn new() -> Self {
        Self(Cached::new(Metadata {
            authority: "metadata.tencentyun.com".to_owned(),
            path: "/latest/meta-data/cam/security-credentials".to_owned(),
            role: None,
            limit: METADATA_TIME,
        }))
    }

    /// The role of this name only. The metadata service is not asked for the name then.
    ///
    /// # Errors
    ///
    /// Refuses what no role can be called.
    pub fn role(self, name: &str) -> Result<Self, CredentialsError> {
        if !is_role(name) {
            return Err(CredentialsError::invalid(
                NAME,
                "that is no name of a role in its settings",
            ));
        }
        let mut metadata = self.0.source().clone();
        metadata.role = Some(name.to_owned());
        Ok(Self(Cached::new(metadata)))
    }

    /// Asks another service than that at [`METADATA_URL`].
    ///
    /// # Errors
    ///
    /// Refuses what is not `http://host[:port]/path`.
    pub fn url(self, url: &str) -> Result<Self, CredentialsError> {
        let invalid = || {
            CredentialsError::invalid(NAME, "the URL in its settings is not http://host:port/path")
        };
        let uri: Uri = url.parse().map_err(|_| invalid())?;
        let authority = uri.authority().ok_or_else(invalid)?.as_str();
        if uri.scheme_str() != Some("http") || uri.query().is_some() || authority.contains('@') {
            return Err(invalid());
        }
        let mut metadata = self.0.source().clone();
        metadata.authority = authority.to_owned();
        metadata.path = uri.path().trim_end_matches('/').to_owned();
        Ok(Self(Cached::new(metadata)))
    }

    /// Limits how long asking may take. Default: [`METADATA_TIME`].
    #[must_use]
    pub fn time(self, limit: Duration) -> Self {
        let mut metadata = self.0.source().clone();
        metadata.limit = limit;
        Self(Cached::new(metadata))
    }
}

impl Default for InstanceMetadata {
    fn default() -> Self {
        Self::new()
    }
}

impl ProvideCredentials for InstanceMetadata {
    fn provide(&self, refused: Option<Generation>) -> ProvideFuture<'_> {
        self.0.provide(refused)
    }
}

/// How messages name this source.
const NAME: &str = "instance metadata";

/// The metadata service itself, asked every time.
#[derive(Clone, Debug)]
struct Metadata {
    authority: String,
    path: String,
    role: Option<String>,
    limit: Duration,
}

impl ProvideCredentials for Metadata {
    fn provide(&self, _refused: Option<Generation>) -> ProvideFuture<'_> {
        Box::pin(async {
            match tokio::time::timeout(self.limit, self.fetch()).await {
                Ok(outcome) => outcome,
                Err(_) => Err(CredentialsError::unavailable(
                    self.to_string(),
                    format!("no answer within {:?}", self.limit),
                )),
            }
        })
    }
}

impl Metadata {
    async fn fetch(&self) -> Result<Issued, CredentialsError> {
        let role = match &self.role {
            Some(role) => role.clone(),
            None => self.find_role().await?,
        };
        let json = self.get(&format!("{}/{role}", self.path)).await?;
        answer::parse(&json, &self.to_string())
    }

    async fn find_role(&self) -> Result<String, CredentialsError> {
        let text = self.get(&format!("{}/", self.path)).await?;
        let role = str::from_utf8(&text).unwrap_or("?").trim();
        if role.is_empty() {
            return Err(CredentialsError::absent(
                self.to_string(),
                "no role is bound to this server",
            ));
        }
        if !is_role(role) {
            return Err(CredentialsError::invalid(
                self.to_string(),
                "its answer is no name of a role",
            ));
        }
        Ok(role.to_owned())
    }

    async fn get(&self, path: &str) -> Result<get::Text, CredentialsError> {
        let (status, body) =
            get::get(&self.authority, path)
                .await
                .map_err(|error| match error {
                    get::GetError::TooLong => CredentialsError::invalid(
                        self.to_string(),
                        format!("its answer is longer than {} bytes", answer::ANSWER_LIMIT),
                    ),
                    get::GetError::Io(error) => {
                        CredentialsError::unavailable(self.to_string(), "it cannot be reached")
                            .because(error)
                    }
                    get::GetError::Http(error) => {
                        CredentialsError::unavailable(self.to_string(), "it gave no whole answer")
                            .because(error)
                    }
                })?;
        let tried = self.to_string();
        match status {
            StatusCode::OK => Ok(body),
            StatusCode::NOT_FOUND => Err(CredentialsError::absent(
                tried,
                "no such role is bound to this server (HTTP status 404)",
            )),
            status if status.is_redirection() => Err(CredentialsError::invalid(
                tried,
                format!(
                    "it redirects (HTTP status {}), and that is not followed",
                    status.as_u16()
                ),
            )),
            status if status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS => {
                Err(CredentialsError::unavailable(
                    tried,
                    format!("it answered with HTTP status {}", status.as_u16()),
                ))
            }
            status => Err(CredentialsError::invalid(
                tried,
                format!("it answered with HTTP status {}", status.as_u16()),
            )),
        }
    }
}

/// How messages name this source.
impl fmt::Display for Metadata {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{NAME} at http://{}{}", self.authority, self.path)
    }
}

/// Whether a role can be called so. It becomes a part of a path, and it may come from whoever
/// answers, so nothing else is let through.
fn is_role(name: &str) -> bool {
    let lawful = |byte: u8| byte.is_ascii_alphanumeric() || b"_-+=,.@".contains(&byte);
    (1..=ROLE_LIMIT).contains(&name.len())
        && name.bytes().all(lawful)
        && name.bytes().any(|byte| byte != b'.')
}

#[cfg(test)]
mod tests;
