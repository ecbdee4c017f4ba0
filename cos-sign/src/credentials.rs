//! Credentials: an id, a key, and for temporary ones a session token.

use alloc::string::String;
use core::fmt;

use zeroize::Zeroizing;

/// A pair of `SecretId` and `SecretKey`, and for temporary credentials the session token.
///
/// The id names the holder and is sent with every signature; key and token are secrets. They are
/// overwritten in memory when the value is dropped, and `Debug` leaves them out.
///
/// The constructors refuse what cannot be right: an empty part, blanks at either end (the usual
/// accident when a secret is pasted or read from a file; the vendor's Go SDK refuses them too), and
/// anything but visible ASCII, which a header could not carry.
#[derive(Clone)]
pub struct Credentials {
    secret_id: String,
    secret_key: Zeroizing<String>,
    token: Option<Zeroizing<String>>,
}

impl Credentials {
    /// Permanent credentials.
    ///
    /// # Errors
    ///
    /// [`InvalidCredentials`] if a part is empty, has a blank at either end, or contains anything
    /// but visible ASCII; the id may not contain `&` either, which separates the fields of a
    /// signature.
    pub fn new(
        secret_id: impl Into<String>,
        secret_key: impl Into<String>,
    ) -> Result<Self, InvalidCredentials> {
        // The key is taken first, so that it is wiped when the id is refused.
        let secret_key = Zeroizing::new(secret_key.into());
        let secret_id = secret_id.into();
        check(CredentialPart::SecretId, &secret_id)?;
        check(CredentialPart::SecretKey, &secret_key)?;
        Ok(Self {
            secret_id,
            secret_key,
            token: None,
        })
    }

    /// The same credentials with the session token that came with them, as a security token
    /// service issues temporary ones.
    ///
    /// # Errors
    ///
    /// [`InvalidCredentials`] under the same rules as [`Credentials::new`].
    pub fn with_token(mut self, token: impl Into<String>) -> Result<Self, InvalidCredentials> {
        let token = Zeroizing::new(token.into());
        check(CredentialPart::Token, &token)?;
        self.token = Some(token);
        Ok(self)
    }

    /// The id, which is no secret: it is sent as `q-ak` with every signature.
    pub fn secret_id(&self) -> &str {
        &self.secret_id
    }

    /// The session token of temporary credentials. It is a secret.
    pub fn token(&self) -> Option<&str> {
        self.token.as_deref().map(String::as_str)
    }

    pub(crate) fn secret_key(&self) -> &str {
        &self.secret_key
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials")
            .field("secret_id", &self.secret_id)
            .field("temporary", &self.token.is_some())
            .finish_non_exhaustive()
    }
}

/// Why [`Credentials`] were refused. Never contains the refused text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidCredentials {
    /// The part is the empty string.
    #[error("the {0} is empty")]
    Empty(CredentialPart),
    /// The part begins or ends with white space.
    #[error("the {0} begins or ends with a blank")]
    BlankAtEnd(CredentialPart),
    /// The part contains a character that its place in a request cannot carry.
    #[error("the {0} contains a character that is not allowed in it")]
    Character(CredentialPart),
}

/// A part of [`Credentials`], as errors name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CredentialPart {
    /// The id.
    SecretId,
    /// The key.
    SecretKey,
    /// The session token.
    Token,
}

impl fmt::Display for CredentialPart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::SecretId => "secret id",
            Self::SecretKey => "secret key",
            Self::Token => "token",
        })
    }
}

fn check(part: CredentialPart, text: &str) -> Result<(), InvalidCredentials> {
    if text.is_empty() {
        return Err(InvalidCredentials::Empty(part));
    }
    if text.trim().len() != text.len() {
        return Err(InvalidCredentials::BlankAtEnd(part));
    }
    let separator = |byte| part == CredentialPart::SecretId && byte == b'&';
    if text
        .bytes()
        .any(|byte| !byte.is_ascii_graphic() || separator(byte))
    {
        return Err(InvalidCredentials::Character(part));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;

    #[test]
    fn empty_parts_are_refused() {
        let refused = Credentials::new("", "key").unwrap_err();
        assert_eq!(refused, InvalidCredentials::Empty(CredentialPart::SecretId));
        let refused = Credentials::new("id", "").unwrap_err();
        assert_eq!(
            refused,
            InvalidCredentials::Empty(CredentialPart::SecretKey)
        );
        let refused = Credentials::new("id", "key").unwrap().with_token("");
        assert_eq!(
            refused.unwrap_err(),
            InvalidCredentials::Empty(CredentialPart::Token)
        );
    }

    #[test]
    fn blanks_at_the_ends_are_refused() {
        for key in [
            " key",
            "key ",
            "\tkey",
            "key\n",
            "key\r\n",
            "\u{3000}key",
            " ",
        ] {
            assert_eq!(
                Credentials::new("id", key).unwrap_err(),
                InvalidCredentials::BlankAtEnd(CredentialPart::SecretKey),
                "{key:?}"
            );
        }
    }

    #[test]
    fn what_a_header_cannot_carry_is_refused() {
        for text in ["a b", "a\0b", "a\nb", "密钥", "a\u{7f}b"] {
            assert_eq!(
                Credentials::new(text, "key").unwrap_err(),
                InvalidCredentials::Character(CredentialPart::SecretId),
                "{text:?}"
            );
        }
        assert_eq!(
            Credentials::new("a&b", "key").unwrap_err(),
            InvalidCredentials::Character(CredentialPart::SecretId)
        );
        assert!(Credentials::new("id", "a&b").is_ok());
    }

    #[test]
    fn errors_name_the_part_and_not_the_text() {
        let refused = Credentials::new("id", "canary key").unwrap_err();
        assert_eq!(
            format!("{refused}"),
            "the secret key contains a character that is not allowed in it"
        );
        assert!(!format!("{refused:?}").contains("canary"));
    }
}
