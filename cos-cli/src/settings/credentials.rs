//! As whom: the environment, else the profile, never a mixture.

use std::sync::Arc;

use cos_sign::Credentials;
use cos_transport::credentials::{
    CredentialsError, InstanceMetadata, Process, ProvideCredentials, Static,
};
use zeroize::Zeroizing;

use crate::config::Profile;
use crate::environment::Environment;
use crate::environment::{SECRET_ID, SECRET_KEY, TOKEN};
use crate::error::{Error, chain};
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
) -> Result<Option<Provider>, Error> {
    if let Some(credentials) = of_environment(environment, secrets)? {
        return Ok(Some(Arc::new(Static::new(credentials))));
    }
    let keys =
        profile.secret_id.is_some() || profile.secret_key.is_some() || profile.token.is_some();
    if profile.metadata_url.is_some() && profile.cvm_role.is_none() {
        return Err(Error::usage(
            "the profile has metadata_url without cvm_role",
        ));
    }
    match (keys, &profile.credential_process, &profile.cvm_role) {
        (false, None, None) => Ok(None),
        (true, None, None) => of_keys(profile, secrets).map(Some),
        (false, Some(line), None) => {
            let process = Process::parse(line.as_str()).map_err(|error| unusable(&error))?;
            Ok(Some(Arc::new(process)))
        }
        (false, None, Some(role)) => {
            let role = metadata(role, profile.metadata_url.as_deref());
            Ok(Some(Arc::new(role.map_err(|error| unusable(&error))?)))
        }
        _ => Err(Error::usage(
            "the profile may have a secret_id, a credential_process or a cvm_role, one of them only",
        )),
    }
}

/// Where credentials come from, asked when they are needed.
pub(crate) type Provider = Arc<dyn ProvideCredentials>;

fn of_keys(profile: Profile, secrets: &Secrets) -> Result<Provider, Error> {
    let token = profile.token.map(|token| token.into_inner());
    match (profile.secret_id, profile.secret_key) {
        (Some(id), Some(key)) => {
            let credentials = build("the profile", id, key.into_inner(), token, secrets)?;
            Ok(Arc::new(Static::new(credentials)))
        }
        _ => Err(Error::usage(
            "the profile needs both secret_id and secret_key",
        )),
    }
}

fn metadata(role: &str, url: Option<&str>) -> Result<InstanceMetadata, CredentialsError> {
    let metadata = InstanceMetadata::new().role(role)?;
    match url {
        Some(url) => metadata.url(url),
        None => Ok(metadata),
    }
}

fn unusable(error: &CredentialsError) -> Error {
    Error::usage(format!("credentials of the profile: {}", chain(error)))
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
    use std::task::{Context, Poll, Waker};

    use super::*;

    fn id(environment: &[(&'static str, &str)], profile: &str) -> Result<Option<String>, String> {
        let profile: Profile = toml::from_str(profile).unwrap();
        match resolve(&Environment::of(environment), profile, &Secrets::default()) {
            Ok(provider) => Ok(provider.map(|provider| {
                let mut asked = Context::from_waker(Waker::noop());
                let issued = provider.provide(None).as_mut().poll(&mut asked);
                let Poll::Ready(Ok(issued)) = issued else {
                    panic!("not there yet");
                };
                issued.credentials().secret_id().to_owned()
            })),
            Err(Error::Failed(failed)) => Err(failed.message),
            Err(Error::ClosedPipe | Error::Stopped(_)) => Ok(None),
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
    fn a_profile_names_one_source() {
        for several in [
            "credential_process = \"a\"\ncvm_role = \"r\"",
            "secret_id = \"a\"\ncvm_role = \"r\"",
            "token = \"a\"\ncredential_process = \"a\"",
        ] {
            assert!(id(&[], several).unwrap_err().contains("one of them only"));
        }
        assert_eq!(
            id(&[], "metadata_url = \"http://h/\"").unwrap_err(),
            "the profile has metadata_url without cvm_role"
        );
        for (unusable, why) in [
            ("credential_process = \"\"", "names no program"),
            ("credential_process = \"a 'b\"", "not closed"),
            ("cvm_role = \"a/b\"", "no name of a role"),
            (
                "cvm_role = \"a\"\nmetadata_url = \"https://h/\"",
                "not http://",
            ),
        ] {
            let error = id(&[], unusable).unwrap_err();
            assert!(error.starts_with("credentials of the profile: "), "{error}");
            assert!(error.contains(why), "{error}");
        }
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
