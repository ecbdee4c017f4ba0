//! As whom: the environment, else the profile, never a mixture.

use cos_sign::Credentials;
use zeroize::Zeroizing;

use crate::config::Profile;
use crate::environment::Environment;
use crate::environment::{SECRET_ID, SECRET_KEY, TOKEN};
use crate::error::Error;
use crate::trace::Secrets;

/// Credentials out of `COS_SECRET_ID`, `COS_SECRET_KEY` and `COS_TOKEN`; none where none of them is
/// set.
pub(crate) fn of_environment(
    environment: &Environment,
    secrets: &Secrets,
) -> Result<Option<Credentials>, Error> {
    let (id, key, token) = (
        environment.text(SECRET_ID)?,
        environment.secret(SECRET_KEY)?,
        environment.secret(TOKEN)?,
    );
    match (id, key, token) {
        (Some(id), Some(key), token) => build("the environment", id, key, token, secrets).map(Some),
        (None, None, None) => Ok(None),
        (Some(_), None, _) => Err(half(SECRET_ID, SECRET_KEY)),
        (None, Some(_), _) => Err(half(SECRET_KEY, SECRET_ID)),
        (None, None, Some(_)) => Err(half(TOKEN, SECRET_ID)),
    }
}

/// The environment's credentials, else the profile's.
///
/// The parts belong together: an id of the one with a key or token of the other would be refused by
/// the service with an error that says nothing about the cause.
pub(super) fn resolve(
    environment: &Environment,
    profile: Profile,
    secrets: &Secrets,
) -> Result<Option<Credentials>, Error> {
    if let Some(credentials) = of_environment(environment, secrets)? {
        return Ok(Some(credentials));
    }
    let token = profile.token.map(|token| token.into_inner());
    match (profile.secret_id, profile.secret_key, token) {
        (Some(id), Some(key), token) => {
            build("the profile", id, key.into_inner(), token, secrets).map(Some)
        }
        (None, None, None) => Ok(None),
        _ => Err(Error::usage(
            "the profile needs both secret_id and secret_key",
        )),
    }
}

fn build(
    place: &str,
    id: String,
    mut key: Zeroizing<String>,
    token: Option<Zeroizing<String>>,
    secrets: &Secrets,
) -> Result<Credentials, Error> {
    secrets.hide(&key);
    let invalid = |error: cos_sign::InvalidCredentials| {
        Error::usage(format!("credentials of {place}: {error}"))
    };
    let credentials = Credentials::new(id, std::mem::take(&mut *key)).map_err(invalid)?;
    match token {
        None => Ok(credentials),
        Some(mut token) => {
            secrets.hide(&token);
            credentials
                .with_token(std::mem::take(&mut *token))
                .map_err(invalid)
        }
    }
}

fn half(set: &str, missing: &str) -> Error {
    Error::usage(format!("{set} is set, but {missing} is not"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(environment: &[(&'static str, &str)], profile: &str) -> Result<Option<String>, String> {
        let profile: Profile = toml::from_str(profile).unwrap();
        match resolve(&Environment::of(environment), profile, &Secrets::default()) {
            Ok(credentials) => {
                Ok(credentials.map(|credentials| credentials.secret_id().to_owned()))
            }
            Err(Error::Failed(failed)) => Err(failed.message),
            Err(Error::ClosedPipe) => Ok(None),
        }
    }

    const PROFILE: &str = "secret_id = \"profile\"\nsecret_key = \"canary-key\"";

    #[test]
    fn the_environment_goes_before_the_profile() {
        assert_eq!(
            id(&[(SECRET_ID, "env"), (SECRET_KEY, "k")], PROFILE),
            Ok(Some("env".to_owned()))
        );
        assert_eq!(id(&[], PROFILE), Ok(Some("profile".to_owned())));
        assert_eq!(id(&[], ""), Ok(None));
    }

    #[test]
    fn parts_of_two_sources_are_never_mixed() {
        assert_eq!(
            id(&[(SECRET_ID, "env")], PROFILE).unwrap_err(),
            "COS_SECRET_ID is set, but COS_SECRET_KEY is not"
        );
        assert_eq!(
            id(&[(SECRET_KEY, "k")], PROFILE).unwrap_err(),
            "COS_SECRET_KEY is set, but COS_SECRET_ID is not"
        );
        assert_eq!(
            id(&[(TOKEN, "t")], PROFILE).unwrap_err(),
            "COS_TOKEN is set, but COS_SECRET_ID is not"
        );
        assert_eq!(
            id(&[], "secret_id = \"a\"").unwrap_err(),
            "the profile needs both secret_id and secret_key"
        );
    }

    #[test]
    fn blanks_at_the_ends_are_refused_without_showing_the_secret() {
        let error = id(&[(SECRET_ID, "env"), (SECRET_KEY, "canary-key ")], "").unwrap_err();
        assert!(
            error.starts_with("credentials of the environment: ") && !error.contains("canary"),
            "{error}"
        );
    }
}
