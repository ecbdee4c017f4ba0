//! Signing a request in its query.

use alloc::string::{String, ToString};
use core::fmt;

use http::Uri;

use crate::{Explanation, Head, SignError, SignedNames, SigningKey, encode::encode, fields::TOKEN};

impl SigningKey {
    /// A URI that carries its own signature: the head's URI with the token (of temporary
    /// credentials, signed) and the seven `q-` fields appended to the query.
    ///
    /// The bytes of the URI that were there before are not touched. The signature covers what
    /// [`SignedNames::vendor`] selects: whoever uses the URI must send the signed headers of `head`
    /// as they are here, so a head with no header but the host is the usual one.
    ///
    /// # Errors
    ///
    /// [`SignError`], among them [`SignError::ReservedParam`] for a URI that is already presigned.
    ///
    /// # Examples
    ///
    /// ```
    /// use cos_sign::{Credentials, Head, KeyTime, SigningKey};
    ///
    /// let credentials = Credentials::new("AKIDexample", "secret-key-example")?;
    /// let key = SigningKey::derive(&credentials, KeyTime::new(1_557_989_753, 1_557_993_353)?);
    /// let uri = "https://example-1250000000.cos.ap-beijing.myqcloud.com/key?versionId=1";
    /// let request = http::Request::get(uri).body(())?;
    /// let presigned = key.presign(Head::from(&request))?;
    /// assert!(presigned.as_str().starts_with(uri));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn presign(&self, head: Head<'_>) -> Result<PresignedUri, SignError> {
        self.presign_with(head, &SignedNames::vendor())
    }

    /// [`SigningKey::presign`] with a choice of the signed headers.
    ///
    /// # Errors
    ///
    /// As [`SigningKey::presign`], and [`SignError::HeaderNotPresent`] if `names` names a header
    /// that the head does not have.
    pub fn presign_with(
        &self,
        head: Head<'_>,
        names: &SignedNames,
    ) -> Result<PresignedUri, SignError> {
        let mut params = self.params_beside_token(head)?;
        let headers = names.select(head)?;
        let mut text = head.uri().to_string();
        separate(head.uri(), &mut text);
        if let Some(token) = self.token() {
            params.insert((TOKEN.as_bytes().into(), token.as_bytes().into()));
            text.push_str(TOKEN);
            text.push('=');
            text.push_str(&encode(token.as_bytes()));
            text.push('&');
        }
        let explanation = Explanation::new(head, &params, &headers, self.key_time())?;
        self.with_fields(&explanation, |fields| fields.append_to_query(&mut text));
        // The URI was one before, and only what may stand in a query was appended.
        let uri = Uri::try_from(text.as_str()).map_err(|_| SignError::UriTooLong)?;
        Ok(PresignedUri { text, uri })
    }
}

/// Ends the text of a URI so that another parameter may follow.
fn separate(uri: &Uri, text: &mut String) {
    match uri.query() {
        None => text.push('?'),
        Some("") => {}
        Some(_) => text.push('&'),
    }
}

/// A URI with a signature in its query: whoever has it may do what it was signed for.
///
/// It is therefore a secret: it has no `Display`, and `Debug` shows nothing of the query.
#[derive(Clone, PartialEq, Eq)]
pub struct PresignedUri {
    text: String,
    uri: Uri,
}

impl PresignedUri {
    /// The URI as text. It is a secret.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The URI as text. It is a secret.
    #[must_use]
    pub fn into_string(self) -> String {
        self.text
    }

    /// The URI. It is a secret, and [`Uri`] itself shows all of it in `Debug` and `Display`.
    #[must_use]
    pub fn into_uri(self) -> Uri {
        self.uri
    }
}

impl fmt::Debug for PresignedUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PresignedUri")
            .field("host", &self.uri.host())
            .field("path", &self.uri.path())
            .finish_non_exhaustive()
    }
}
