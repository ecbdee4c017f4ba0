//! Signing a request in its header.

use alloc::string::{String, ToString};

use http::{HeaderName, HeaderValue, Request, header};

use crate::{
    Explanation, Head, SignedNames, SigningKey,
    fields::{ALGORITHM, Fields, TOKEN, reserved},
    head::Defect,
    pairs::Pairs,
};

impl SigningKey {
    /// Signs a request: sets `x-cos-security-token` if the credentials are temporary, then
    /// `Authorization`, replacing what was there. Both values are marked sensitive.
    ///
    /// The signature covers what [`SignedNames::vendor`] selects, the token among it. Nothing else
    /// of the request changes, its URI least of all; on an error nothing changes. A token header
    /// that the caller has set stays, and is signed, if the credentials have no token of their own.
    ///
    /// # Errors
    ///
    /// [`SignError`] if the request has no host or no path, or cannot be signed without a guess.
    pub fn sign<B>(&self, request: &mut Request<B>) -> Result<(), SignError> {
        let head = Head::from(&*request);
        let params = self.params_beside_token(head)?;
        let mut headers = SignedNames::vendor().select(head)?;
        if let Some(token) = self.token() {
            headers.retain(|name| name != TOKEN);
            headers.insert((TOKEN.as_bytes().into(), token.as_bytes().into()));
        }
        let explanation = Explanation::new(head, &params, &headers, self.key_time())?;
        let authorization = self.header(&explanation);

        let headers = request.headers_mut();
        // With room for both, neither insertion fails, and the request is signed wholly or not at
        // all.
        headers
            .try_reserve(2)
            .map_err(|_| SignError::TooManyHeaders)?;
        if let Some(token) = self.token() {
            headers.insert(HeaderName::from_static(TOKEN), sensitive(token.into()));
        }
        headers.insert(header::AUTHORIZATION, authorization);
        Ok(())
    }

    /// The value of `Authorization` for exactly this head: nothing is added, not even the token. It
    /// is marked sensitive.
    ///
    /// # Errors
    ///
    /// As [`SigningKey::sign`], and [`SignError::HeaderNotPresent`] if `names` names a header that
    /// the request does not have.
    pub fn authorization(
        &self,
        head: Head<'_>,
        names: &SignedNames,
    ) -> Result<HeaderValue, SignError> {
        Ok(self.header(&self.explain(head, names)?))
    }

    /// The intermediate strings of the signature that [`SigningKey::authorization`] makes.
    ///
    /// For a request that [`SigningKey::sign`] has signed, with [`SignedNames::vendor`], they are
    /// those of its signature.
    ///
    /// # Errors
    ///
    /// As [`SigningKey::authorization`].
    ///
    /// # Examples
    ///
    /// ```
    /// use cos_sign::{Credentials, Head, KeyTime, SignedNames, SigningKey};
    ///
    /// let credentials = Credentials::new("AKIDexample", "secret-key-example")?;
    /// let key = SigningKey::derive(&credentials, KeyTime::new(1_557_989_753, 1_557_993_353)?);
    /// let mut request = http::Request::get("http://127.0.0.1:9000/a%20b?acl").body(())?;
    /// key.sign(&mut request)?;
    ///
    /// let explanation = key.explain(Head::from(&request), &SignedNames::vendor())?;
    /// assert_eq!(explanation.http_string(), b"get\n/a b\nacl=\nhost=127.0.0.1%3A9000\n");
    /// assert!(explanation.string_to_sign().starts_with("sha1\n1557989753;1557993353\n"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn explain(&self, head: Head<'_>, names: &SignedNames) -> Result<Explanation, SignError> {
        let (params, headers) = (params(head)?, names.select(head)?);
        Ok(Explanation::new(head, &params, &headers, self.key_time())?)
    }

    /// All the parameters of a head that is to be sent with the token of this key, if it has one.
    pub(crate) fn params_beside_token<'a>(&self, head: Head<'a>) -> Result<Pairs<'a>, SignError> {
        let params = params(head)?;
        if self.token().is_some() && params.values_of(TOKEN).next().is_some() {
            return Err(SignError::ReservedParam { name: TOKEN });
        }
        Ok(params)
    }

    /// Signs what is explained, and hands the fields to `write`.
    pub(crate) fn with_fields<T>(
        &self,
        explanation: &Explanation,
        write: impl FnOnce(&Fields<'_>) -> T,
    ) -> T {
        let key_time = self.key_time().to_string();
        let signature = self.signature(explanation.string_to_sign());
        write(&Fields {
            algorithm: ALGORITHM.into(),
            secret_id: self.secret_id().into(),
            sign_time: key_time.as_str().into(),
            key_time: key_time.as_str().into(),
            header_list: explanation.header_list().into(),
            param_list: explanation.param_list().into(),
            signature: signature.as_str().into(),
        })
    }

    fn header(&self, explanation: &Explanation) -> HeaderValue {
        sensitive(self.with_fields(explanation, |fields| fields.to_header()))
    }
}

/// All the parameters of a head that is not signed yet.
fn params(head: Head<'_>) -> Result<Pairs<'_>, SignError> {
    let params = head.params().map(|param| {
        let param = param?;
        match reserved(&param.0) {
            Some(name) => Err(SignError::ReservedParam { name }),
            None => Ok(param),
        }
    });
    params.collect()
}

fn sensitive(text: String) -> HeaderValue {
    #[expect(
        clippy::expect_used,
        reason = "credentials and encoded names are visible ASCII"
    )]
    let mut value = HeaderValue::try_from(text).expect("visible ASCII");
    value.set_sensitive(true);
    value
}

/// Why a request was not signed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SignError {
    /// The request has neither a `Host` header nor an authority in its URI.
    #[error("the request has neither a host header nor an authority")]
    NoHost,
    /// The request target is not a path: `*`, or an authority alone.
    #[error("the request target has no path")]
    NoPath,
    /// The path or the query has a `%` that two hexadecimal digits do not follow.
    #[error("the {part} has a percent sign without two hexadecimal digits")]
    InvalidEscape {
        /// `path` or `query`.
        part: &'static str,
    },
    /// A header to be signed is not there.
    #[error("the header {name} is to be signed but not present")]
    HeaderNotPresent {
        /// The header's name.
        name: HeaderName,
    },
    /// The query already has a parameter that signing keeps for itself: the URI is presigned, or
    /// has a session token beside that of the credentials.
    #[error("the query already has the parameter {name}")]
    ReservedParam {
        /// The parameter's name.
        name: &'static str,
    },
    /// With the signature, the URI is longer than the `http` crate allows.
    #[error("the presigned uri is too long")]
    UriTooLong,
    /// The request has as many headers as the `http` crate allows.
    #[error("the request has too many headers")]
    TooManyHeaders,
}

impl From<Defect> for SignError {
    fn from(defect: Defect) -> Self {
        match defect {
            Defect::NoPath => Self::NoPath,
            Defect::InvalidEscape { part } => Self::InvalidEscape { part },
        }
    }
}
