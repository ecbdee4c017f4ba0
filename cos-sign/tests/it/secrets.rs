//! Secrets appear in no text that this crate makes of its values, except where they are asked for.

use std::{error::Error, fmt::Debug, time::Duration};

use cos_sign::{
    CredentialPart, Credentials, Head, InvalidCredentials, InvalidKeyTime, KeyTime, Refusal,
    SignError, SignedNames, SigningKey, Verifier, verify,
};
use hmac::{Hmac, KeyInit, Mac};
use http::{Request, header};
use sha1::Sha1;

const SECRET_KEY: &str = "CanaryOfTheSecretKey";
const TOKEN: &str = "CanaryOfTheToken";
const SSE_KEY: &str = "CanaryOfTheSseKey";
const QUERY: &str = "CanaryOfTheQuery";

const NOW: Duration = Duration::from_secs(1_557_989_753);

/// The values of one signed request, and all that must not be seen of it.
struct Scene {
    credentials: Credentials,
    key: SigningKey,
    request: Request<()>,
    presigned: String,
    canaries: Vec<String>,
}

fn scene() -> Scene {
    let credentials = Credentials::new("AKIDexample", SECRET_KEY).unwrap();
    let credentials = credentials.with_token(TOKEN).unwrap();
    let key_time = KeyTime::starting(NOW, Duration::from_secs(600));
    let key = SigningKey::derive(&credentials, key_time);
    let uri = format!("https://h.example/key?response-content-type={QUERY}");
    let mut request = Request::get(uri)
        .header("x-cos-server-side-encryption-customer-key", SSE_KEY)
        .body(())
        .unwrap();
    let presigned = key.presign(Head::from(&request)).unwrap().into_string();
    key.sign(&mut request).unwrap();

    let mut canaries: Vec<_> = [SECRET_KEY, TOKEN, SSE_KEY, QUERY].map(String::from).into();
    let authorization = request.headers()[header::AUTHORIZATION].to_str().unwrap();
    for signed in [authorization, &presigned] {
        canaries.push(signed.split("q-signature=").nth(1).unwrap().to_owned());
    }
    // The SignKey, computed by Python's hmac for this secret key and key time.
    canaries.push("83407dd1e7bff7a741909192ca86298890959ba8".into());
    Scene {
        credentials,
        key,
        request,
        presigned,
        canaries,
    }
}

impl Scene {
    /// Fails if a canary is seen in a text: as it is, or as the numbers of a list of bytes.
    fn is_clean(&self, text: &str) {
        for canary in &self.canaries {
            let bytes = format!("{:?}", canary.as_bytes());
            let bytes = bytes.trim_matches(['[', ']']);
            assert!(!text.contains(canary.as_str()), "{canary} in {text}");
            assert!(
                !text
                    .replace(['\n', ' '], "")
                    .contains(&bytes.replace(' ', "")),
                "{canary} in {text}"
            );
        }
    }

    fn debug(&self, value: &dyn Debug) {
        self.is_clean(&format!("{value:?}"));
        self.is_clean(&format!("{value:#?}"));
    }

    fn error(&self, error: &dyn Error) {
        self.debug(&error);
        self.is_clean(&error.to_string());
        if let Some(source) = error.source() {
            self.error(source);
        }
    }

    fn refusal(&self, request: &Request<()>, now: Duration) -> Refusal {
        let lookup = |id: &str| (id == "AKIDexample").then(|| self.credentials.clone());
        verify(Head::from(request), lookup, now).unwrap_err()
    }
}

/// The canaries are really there to be found.
#[test]
fn the_canaries_are_alive() {
    let scene = scene();
    let explanation = scene
        .key
        .explain(Head::from(&scene.request), &SignedNames::vendor())
        .unwrap();
    let http_string = str::from_utf8(explanation.http_string()).unwrap();
    for canary in [TOKEN, SSE_KEY, QUERY] {
        assert!(http_string.contains(canary));
    }
    assert_eq!(scene.credentials.token(), Some(TOKEN));
    let authorization = scene.request.headers()[header::AUTHORIZATION]
        .to_str()
        .unwrap();
    assert!(authorization.ends_with(&scene.canaries[4]));
    assert!(scene.presigned.contains(&scene.canaries[5]));

    // The SignKey makes the signature.
    let mut mac = Hmac::<Sha1>::new_from_slice(scene.canaries[6].as_bytes()).unwrap();
    mac.update(explanation.string_to_sign().as_bytes());
    let signature = base16ct::lower::encode_string(&mac.finalize().into_bytes());
    assert_eq!(signature, scene.canaries[4]);
}

#[test]
fn debug_of_every_type_hides_them() {
    let scene = scene();
    let head = Head::from(&scene.request);
    let Scene {
        credentials,
        key,
        request,
        ..
    } = &scene;
    scene.debug(credentials);
    scene.debug(&Some(credentials.clone()));
    scene.debug(&key.key_time());
    scene.debug(key);
    scene.debug(&head);
    scene.debug(&SignedNames::vendor());
    scene.debug(&SignedNames::headers([header::HOST]));
    scene.debug(&key.explain(head, &SignedNames::vendor()).unwrap());
    scene.debug(&key.authorization(head, &SignedNames::vendor()).unwrap());
    scene.debug(request.headers().get(header::AUTHORIZATION).unwrap());
    scene.debug(request.headers().get("x-cos-security-token").unwrap());
    scene.debug(&Verifier::new());

    let unsigned = Request::get("https://h.example/key").body(()).unwrap();
    let presigned = key.presign(Head::from(&unsigned)).unwrap();
    let signature = presigned.as_str().rsplit_once('=').unwrap().1.to_owned();
    let mut with_signature = self::scene();
    with_signature.canaries.push(signature);
    with_signature.debug(&presigned);
    with_signature.debug(&key.presign(Head::from(&unsigned)));

    let presigned = Request::get(&scene.presigned)
        .header("x-cos-server-side-encryption-customer-key", SSE_KEY)
        .body(())
        .unwrap();
    scene.debug(&Head::from(&presigned));
    for request in [&presigned, request] {
        let lookup = |_: &str| Some(credentials.clone());
        let verified = verify(Head::from(request), lookup, NOW).unwrap();
        scene.debug(&verified);
        scene.debug(&verified.form());
    }
}

#[test]
fn errors_hide_them() {
    let scene = scene();
    for part in [
        CredentialPart::SecretId,
        CredentialPart::SecretKey,
        CredentialPart::Token,
    ] {
        scene.error(&InvalidCredentials::Empty(part));
        scene.error(&InvalidCredentials::BlankAtEnd(part));
        scene.error(&InvalidCredentials::Character(part));
    }
    for key in [format!("{SECRET_KEY} "), format!("{SECRET_KEY}\u{0}x")] {
        scene.error(&Credentials::new("id", &*key).unwrap_err());
        scene.error(&Credentials::new(&*key, "key").unwrap_err());
        let credentials = Credentials::new("id", "key").unwrap();
        scene.error(&credentials.with_token(key).unwrap_err());
    }
    scene.error(&InvalidKeyTime::Syntax);
    scene.error(&InvalidKeyTime::EndNotAfterStart);

    let sign = |uri: &str| {
        let mut request = Request::get(uri).body(()).unwrap();
        scene.key.sign(&mut request).unwrap_err()
    };
    scene.error(&sign(&scene.presigned));
    scene.error(&sign(&format!("https://h.example/?{QUERY}=%zz{QUERY}")));
    scene.error(&sign("/"));
    scene.error(&sign("h.example:80"));
    scene.error(&SignError::UriTooLong);
    scene.error(&SignError::TooManyHeaders);
    scene.error(&SignError::HeaderNotPresent {
        name: header::RANGE,
    });
}

#[test]
fn refusals_hide_them() {
    let scene = scene();
    let presigned = Request::get(&scene.presigned)
        .header("x-cos-server-side-encryption-customer-key", SSE_KEY)
        .body(())
        .unwrap();
    for request in [&scene.request, &presigned] {
        scene.error(&scene.refusal(request, Duration::ZERO));
        scene.error(&scene.refusal(request, NOW + Duration::from_secs(9999)));

        let mut mismatch = request.clone();
        *mismatch.method_mut() = http::Method::PUT;
        let refusal = scene.refusal(&mismatch, NOW);
        assert!(matches!(refusal, Refusal::SignatureMismatch { .. }));
        scene.error(&refusal);

        let mut without_param = request.clone();
        *without_param.uri_mut() = "https://h.example/key".parse().unwrap();
        without_param.headers_mut().remove("x-cos-security-token");
        scene.error(&scene.refusal(&without_param, NOW));

        let mut without_header = request.clone();
        without_header
            .headers_mut()
            .remove("x-cos-server-side-encryption-customer-key");
        scene.error(&scene.refusal(&without_header, NOW));
    }

    let other = Credentials::new("AKIDexample", SECRET_KEY).unwrap();
    for other in [other.clone(), other.with_token("another").unwrap()] {
        let lookup = |_: &str| Some(other);
        let refusal = verify(Head::from(&scene.request), lookup, NOW);
        scene.error(&refusal.unwrap_err());
    }
    for value in [
        SECRET_KEY,
        "q-ak=CanaryOfTheSecretKey&CanaryOfTheSecretKey=1",
    ] {
        let request = Request::get("/")
            .header(header::AUTHORIZATION, value)
            .body(())
            .unwrap();
        scene.error(&scene.refusal(&request, NOW));
    }
}
