//! Credentials from environment variables.

use std::env::{self, VarError};

use cos_sign::Credentials;

use super::{CredentialsError, Generation, Issued, ProvideCredentials, ProvideFuture};

const SECRET_ID: &str = "COS_SECRET_ID";
const SECRET_KEY: &str = "COS_SECRET_KEY";
const TOKEN: &str = "COS_TOKEN";

/// How messages name this source.
const NAME: &str = "the environment";

/// The credentials in `COS_SECRET_ID`, `COS_SECRET_KEY` and, for temporary ones, `COS_TOKEN`.
///
/// The variables are read once, when the value is made: a running program's environment does not
/// change. A variable that is empty counts as not set.
///
/// Without `COS_SECRET_ID` there are [none](super::CredentialsErrorKind::Absent); an id without a
/// key, or a part that cannot be right, is [invalid](super::CredentialsErrorKind::Invalid), so that
/// a slip of the pen does not silently lead to the credentials of another source.
#[derive(Clone, Debug)]
pub struct Environment(Result<Issued, CredentialsError>);

impl Environment {
    /// Reads the variables.
    pub fn new() -> Self {
        Self::from_lookup(env::var)
    }

    fn from_lookup(lookup: impl Fn(&'static str) -> Result<String, VarError>) -> Self {
        Self(read(lookup))
    }
}

impl Default for Environment {
    fn default() -> Self {
        Self::new()
    }
}

impl ProvideCredentials for Environment {
    fn provide(&self, _refused: Option<Generation>) -> ProvideFuture<'_> {
        Box::pin(std::future::ready(self.0.clone()))
    }
}

fn read(
    lookup: impl Fn(&'static str) -> Result<String, VarError>,
) -> Result<Issued, CredentialsError> {
    let variable = |name| match lookup(name) {
        Ok(value) if value.is_empty() => Ok(None),
        Ok(value) => Ok(Some(value)),
        Err(VarError::NotPresent) => Ok(None),
        // The error of std would quote the value.
        Err(VarError::NotUnicode(_)) => Err(CredentialsError::invalid(
            NAME,
            format!("{name} is not UTF-8"),
        )),
    };
    let Some(id) = variable(SECRET_ID)? else {
        return Err(CredentialsError::absent(
            NAME,
            format!("{SECRET_ID} is not set"),
        ));
    };
    let Some(key) = variable(SECRET_KEY)? else {
        return Err(CredentialsError::invalid(
            NAME,
            format!("{SECRET_ID} is set, {SECRET_KEY} is not"),
        ));
    };
    let invalid = |error| {
        CredentialsError::invalid(NAME, "its variables hold no usable credentials").because(error)
    };
    let mut credentials = Credentials::new(id, key).map_err(invalid)?;
    if let Some(token) = variable(TOKEN)? {
        credentials = credentials.with_token(token).map_err(invalid)?;
    }
    Ok(Issued::new(credentials).unrenewable())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::credentials::CredentialsErrorKind;

    fn environment(variables: &'static [(&str, &str)]) -> Result<Issued, CredentialsError> {
        Environment::from_lookup(|name| {
            variables
                .iter()
                .find(|(known, _)| *known == name)
                .map(|(_, value)| (*value).to_owned())
                .ok_or(VarError::NotPresent)
        })
        .0
    }

    #[test]
    fn id_and_key_are_enough() {
        let issued = environment(&[(SECRET_ID, "id"), (SECRET_KEY, "key"), (TOKEN, "")]).unwrap();
        assert_eq!(issued.credentials().secret_id(), "id");
        assert_eq!(issued.credentials().token(), None);
        assert!(!issued.is_renewable());
    }

    #[test]
    fn a_token_goes_with_them() {
        let issued =
            environment(&[(SECRET_ID, "id"), (SECRET_KEY, "key"), (TOKEN, "token")]).unwrap();
        assert_eq!(issued.credentials().token(), Some("token"));
    }

    #[test]
    fn without_an_id_there_are_none() {
        for variables in [&[][..], &[(SECRET_ID, "")], &[(SECRET_KEY, "canary")]] {
            let error = environment(variables).unwrap_err();
            assert_eq!(error.kind(), CredentialsErrorKind::Absent);
            assert_eq!(
                error.to_string(),
                "no credentials from the environment: COS_SECRET_ID is not set"
            );
        }
    }

    #[test]
    fn half_a_pair_and_a_broken_part_are_errors_without_the_text() {
        for variables in [
            &[(SECRET_ID, "id")][..],
            &[(SECRET_ID, "id"), (SECRET_KEY, "canary ")],
            &[
                (SECRET_ID, "id"),
                (SECRET_KEY, "canary"),
                (TOKEN, "can ary"),
            ],
        ] {
            let error = environment(variables).unwrap_err();
            assert_eq!(error.kind(), CredentialsErrorKind::Invalid);
            assert!(!format!("{error} {error:?}").contains("canary"));
        }
    }

    /// Runs this very test in a child whose environment has the variables.
    #[test]
    fn the_environment_of_the_process_is_read() {
        const CHILD: &str = "COS_TEST_ENVIRONMENT_CHILD";
        if env::var_os(CHILD).is_some() {
            let issued = Environment::new().0.unwrap();
            assert_eq!(issued.credentials().secret_id(), "child_id");
            return;
        }
        let name = "credentials::environment::tests::the_environment_of_the_process_is_read";
        let output = std::process::Command::new(env::current_exe().unwrap())
            .args(["--exact", name])
            .env(CHILD, "1")
            .env(SECRET_ID, "child_id")
            .env(SECRET_KEY, "child_key")
            .env_remove(TOKEN)
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(
            output.status.success() && said.contains("1 passed"),
            "{said}"
        );
    }
}
