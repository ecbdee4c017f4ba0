//! Signatures: made, and judged.

use std::time::Duration;

use cos_proto::uri;
use cos_sign::{Credentials, Form, Head, KeyTime, Refusal, SignedNames, SigningKey, Verified};
use http::{HeaderName, HeaderValue, Request, Uri, header};

/// What a presigned URI carries its signature in.
const FIELDS: [&str; 7] = [
    "q-sign-algorithm",
    "q-ak",
    "q-sign-time",
    "q-key-time",
    "q-header-list",
    "q-url-param-list",
    "q-signature",
];

const NOW: Duration = Duration::from_secs(1_557_989_753);

/// A path and query, to be signed: what this crate signs it lets in, in a header and in a query,
/// with permanent and with temporary credentials.
pub fn sign_verify(data: &[u8]) -> Option<()> {
    let request = request(data)?;
    let key_time = KeyTime::starting(NOW, Duration::from_secs(60));
    let mut signed = 0;
    for credentials in [permanent(), temporary()] {
        let key = SigningKey::derive(&credentials, key_time);
        // A token that is in the query already is the caller's own, and may be another one.
        let foreign_token = has_token(request.uri());
        if let Ok(presigned) = key.presign(Head::from(&request)) {
            assert!(presigned.as_str().starts_with(&request.uri().to_string()));
            let mut sent = request.clone();
            *sent.uri_mut() = presigned.into_uri();
            assert!(foreign_token || is_accepted(&sent, &credentials, Form::Query));
            signed += 1;
        }
        let mut sent = request.clone();
        if key.sign(&mut sent).is_ok() {
            assert_eq!(sent.uri(), request.uri());
            assert!(foreign_token || is_accepted(&sent, &credentials, Form::Header));
            signed += 1;
        }
    }
    (signed > 0).then_some(())
}

/// A line with a path and query, then, where there is one, an `Authorization`: whoever is let in
/// has signed what this crate would sign.
pub fn verify(data: &[u8]) -> Option<()> {
    let (target, authorization) = match data.iter().position(|&byte| byte == b'\n') {
        Some(end) => (&data[..end], Some(&data[end + 1..])),
        None => (data, None),
    };
    let mut request = request(target)?;
    if let Some(value) = authorization {
        let value = HeaderValue::from_bytes(value).ok()?;
        request.headers_mut().insert(header::AUTHORIZATION, value);
    }
    let verified = check(&request, &permanent()).ok()?;
    assert!(has_the_signature_of(&request, &permanent(), &verified));
    Some(())
}

fn request(target: &[u8]) -> Option<Request<()>> {
    let target = Uri::try_from(target).ok()?;
    let request = Request::get(target).header("host", "example.com");
    request.body(()).ok()
}

fn permanent() -> Credentials {
    Credentials::new("AKIDexample", "examplesecretkey").expect("no blanks")
}

fn temporary() -> Credentials {
    let temporary = permanent().with_token("exampletoken/+=");
    temporary.expect("no blanks")
}

fn check(request: &Request<()>, credentials: &Credentials) -> Result<Verified, Refusal> {
    let lookup = |id: &str| (id == credentials.secret_id()).then(|| credentials.clone());
    cos_sign::verify(Head::from(request), lookup, NOW)
}

fn is_accepted(request: &Request<()>, credentials: &Credentials, form: Form) -> bool {
    match check(request, credentials) {
        Ok(verified) => verified.form() == form,
        Err(refusal) => panic!("{}: {refusal}", request.uri()),
    }
}

/// Whether the request without its signature has, signed here, the signature that it came with.
fn has_the_signature_of(
    request: &Request<()>,
    credentials: &Credentials,
    verified: &Verified,
) -> bool {
    let mut unsigned = request.clone();
    *unsigned.uri_mut() = without_fields(request.uri());
    let names = verified.header_list().split(';');
    let names = names.filter_map(|name| HeaderName::from_bytes(name.as_bytes()).ok());
    let again = SigningKey::derive(credentials, verified.key_time())
        .authorization(Head::from(&unsigned), &SignedNames::headers(names))
        .expect("what was verified can be signed");
    let again = again.to_str().expect("ascii");
    let signature = again.rsplit_once('=').expect("a field").1;
    let came_with = match verified.form() {
        Form::Query => request.uri().to_string(),
        _ => String::from_utf8_lossy(request.headers()[header::AUTHORIZATION].as_bytes()).into(),
    };
    // Its digits need no escape, but may have one.
    came_with.contains(signature) || uri::decode(&came_with).is_ok_and(|t| t.contains(signature))
}

fn without_fields(uri: &Uri) -> Uri {
    let params = uri.query().unwrap_or_default().split('&');
    let params: Vec<_> = params
        .filter(|param| !name(param).is_some_and(|name| FIELDS.contains(&&*name)))
        .collect();
    let text = format!("{}?{}", uri.path(), params.join("&"));
    text.parse().expect("a shorter URI")
}

fn has_token(uri: &Uri) -> bool {
    let token = |name: String| name.eq_ignore_ascii_case("x-cos-security-token");
    let mut params = uri.query().unwrap_or_default().split('&');
    params.any(|param| name(param).is_some_and(token))
}

fn name(param: &str) -> Option<String> {
    let name = param.split_once('=').map_or(param, |(name, _)| name);
    uri::decode(name).ok()
}
