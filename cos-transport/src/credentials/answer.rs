//! The JSON in which sources write credentials.

use std::time::Duration;

use cos_proto::{InvalidTimestamp, Timestamp};
use cos_sign::Credentials;
use serde::{Deserialize, Deserializer};
use zeroize::Zeroizing;

use super::{CredentialsError, Issued};

/// The longest answer that is read. The vendor's have about 1 KiB, most of it the token.
pub(super) const ANSWER_LIMIT: usize = 64 * 1024;

/// Reads an answer of the vendor's security token service, flat as instance metadata has it, or
/// with the parts of the credentials in an object `Credentials` of their own. Unknown fields are
/// ignored.
///
/// `tried` names the source in messages, which never repeat anything of the answer but its `Code`.
pub(super) fn parse(json: &[u8], tried: &str) -> Result<Issued, CredentialsError> {
    let invalid = |reason: String| CredentialsError::invalid(tried, reason);
    // The messages of serde_json quote values, so only the place is told.
    let answer: Answer = serde_json::from_slice(json).map_err(|error| {
        let (line, column) = (error.line(), error.column());
        invalid(format!(
            "its answer is not JSON of the known form (line {line}, column {column})"
        ))
    })?;
    if let Some(code) = answer.code
        && code != "Success"
    {
        let code: String = code.chars().take(64).flat_map(char::escape_debug).collect();
        return Err(invalid(format!("it answered with the code \"{code}\"")));
    }
    let parts = answer.credentials.unwrap_or(Parts {
        secret_id: answer.secret_id,
        secret_key: answer.secret_key,
        token: answer.token,
    });
    let missing = |name| invalid(format!("its answer has no {name}"));
    let id = parts.secret_id.ok_or_else(|| missing("TmpSecretId"))?;
    let key = parts.secret_key.ok_or_else(|| missing("TmpSecretKey"))?;
    let unusable = |error| invalid("its answer holds no usable credentials".into()).because(error);
    let mut credentials = Credentials::new(id, key.into_string()).map_err(unusable)?;
    if let Some(token) = parts.token {
        credentials = credentials
            .with_token(token.into_string())
            .map_err(unusable)?;
    }
    let issued = Issued::new(credentials);
    let expires = match (answer.expired_time, answer.expiration) {
        (Some(seconds), _) => Timestamp::from_unix(Duration::from_secs(seconds)).map(Some),
        (None, Some(text)) => Timestamp::parse_rfc3339(&text).map(Some),
        (None, None) => Ok(None),
    }
    .map_err(|error: InvalidTimestamp| {
        invalid("its answer has no lawful time of expiry".into()).because(error)
    })?;
    Ok(match expires {
        Some(at) => issued.expiring(at),
        None => issued,
    })
}

/// The answer, with the parts of the credentials in one place or the other. Flattening would make
/// serde buffer the secrets once more.
#[derive(Deserialize)]
struct Answer {
    #[serde(rename = "Code")]
    code: Option<String>,
    #[serde(rename = "TmpSecretId", alias = "SecretId")]
    secret_id: Option<String>,
    #[serde(rename = "TmpSecretKey", alias = "SecretKey")]
    secret_key: Option<Secret>,
    #[serde(rename = "Token")]
    token: Option<Secret>,
    #[serde(rename = "Credentials")]
    credentials: Option<Parts>,
    #[serde(rename = "ExpiredTime")]
    expired_time: Option<u64>,
    #[serde(rename = "Expiration")]
    expiration: Option<String>,
}

#[derive(Deserialize)]
struct Parts {
    #[serde(rename = "TmpSecretId", alias = "SecretId")]
    secret_id: Option<String>,
    #[serde(rename = "TmpSecretKey", alias = "SecretKey")]
    secret_key: Option<Secret>,
    #[serde(rename = "Token")]
    token: Option<Secret>,
}

/// A text that is wiped when it is dropped.
struct Secret(Zeroizing<String>);

impl Secret {
    fn into_string(mut self) -> String {
        std::mem::take(&mut *self.0)
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|text| Self(Zeroizing::new(text)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::credentials::CredentialsErrorKind;

    fn read(json: &str) -> Result<Issued, CredentialsError> {
        parse(json.as_bytes(), "a test")
    }

    #[test]
    fn the_answer_of_the_instance_metadata_is_read() {
        let issued = read(
            r#"{"TmpSecretId":"id","TmpSecretKey":"key","ExpiredTime":1607571450,
                "Expiration":"2020-12-10T03:37:30Z","Token":"token","Code":"Success"}"#,
        )
        .unwrap();
        assert_eq!(issued.credentials().secret_id(), "id");
        assert_eq!(issued.credentials().token(), Some("token"));
        let expires = issued.expires().unwrap();
        assert_eq!(expires.since_epoch().as_secs(), 1_607_571_450);
        assert!(issued.is_renewable());
    }

    #[test]
    fn the_answer_of_the_token_service_is_read() {
        let issued = read(
            r#"{"Credentials":{"Token":"token","TmpSecretId":"id","TmpSecretKey":"key"},
                "Expiration":"2020-12-10T03:37:30Z","RequestId":"1"}"#,
        )
        .unwrap();
        assert_eq!(issued.credentials().secret_id(), "id");
        let expires = issued.expires().unwrap();
        assert_eq!(expires.since_epoch().as_secs(), 1_607_571_450);
    }

    #[test]
    fn permanent_credentials_need_neither_token_nor_time() {
        let issued = read(r#"{"SecretId":"id","SecretKey":"key"}"#).unwrap();
        assert_eq!(issued.credentials().token(), None);
        assert_eq!(issued.expires(), None);
    }

    #[test]
    fn garbage_is_an_error_that_repeats_nothing_of_it() {
        for json in [
            "",
            "<html>canary</html>",
            "[]",
            "null",
            "{}",
            r#""canary""#,
            r#"{"TmpSecretId":"id"}"#,
            r#"{"TmpSecretKey":"canary"}"#,
            r#"{"TmpSecretId":"id","TmpSecretKey":["canary"]}"#,
            r#"{"TmpSecretId":"id","TmpSecretKey":"canary","#,
            r#"{"TmpSecretId":"id","TmpSecretKey":"canary"} canary"#,
            r#"{"TmpSecretId":"id","TmpSecretKey":"canary","TmpSecretKey":"canary"}"#,
            r#"{"TmpSecretId":"id","TmpSecretKey":"canary","ExpiredTime":"canary"}"#,
            r#"{"TmpSecretId":"id","TmpSecretKey":"canary","ExpiredTime":-1}"#,
            r#"{"TmpSecretId":"id","TmpSecretKey":"canary","ExpiredTime":1e300}"#,
            r#"{"TmpSecretId":"id","TmpSecretKey":"canary","ExpiredTime":18446744073709551615}"#,
            r#"{"TmpSecretId":"id","TmpSecretKey":"canary","Expiration":"canary"}"#,
            r#"{"TmpSecretId":"id","TmpSecretKey":"canary ","Token":"token"}"#,
            r#"{"TmpSecretId":"id","TmpSecretKey":"canary","Token":""}"#,
        ] {
            let error = read(json).unwrap_err();
            assert_eq!(error.kind(), CredentialsErrorKind::Invalid, "{json}");
            assert!(!format!("{error} {error:?}").contains("canary"), "{json}");
        }
    }

    #[test]
    fn a_code_other_than_success_is_told() {
        let error = read(r#"{"Code":"Failed\u001b[1m","TmpSecretKey":"canary"}"#).unwrap_err();
        assert_eq!(
            error.to_string(),
            r#"no credentials from a test: it answered with the code "Failed\u{1b}[1m""#
        );
    }
}
