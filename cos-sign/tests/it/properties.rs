//! What holds for any request: signing and verifying agree, and no change goes unnoticed.

use cos_sign::{Credentials, Form, Head, SignedNames, SigningKey};
use http::{HeaderName, HeaderValue, Method, Request, Uri, header};
use proptest::{collection::vec, prelude::*, sample::select};

use crate::support::check;

const KEY_TIME: &str = "1557989753;1557996953";
const TOKEN: &str = "x-cos-security-token";

fn credentials() -> impl Strategy<Value = Credentials> {
    let token = prop::option::of("[!-~]{1,40}");
    ("[!-%'-~]{1,40}", "[!-~]{1,80}", token).prop_map(|(id, key, token)| {
        let credentials = Credentials::new(id, key).unwrap();
        match token {
            Some(token) => credentials.with_token(token).unwrap(),
            None => credentials,
        }
    })
}

/// Any bytes, each as it is or escaped, in either case: what may stand in a path or a query, and so
/// that `http::Uri` takes it.
fn escaped() -> impl Strategy<Value = String> {
    let plain = "[a-zA-Z0-9/._~!$'()*,:;@-]".prop_map(String::from);
    let upper = any::<u8>().prop_map(|byte| format!("%{byte:02X}"));
    let lower = any::<u8>().prop_map(|byte| format!("%{byte:02x}"));
    vec(prop_oneof![3 => plain, 1 => upper, 1 => lower], 0..12).prop_map(|parts| parts.concat())
}

/// A parameter that is not one of signing's own; the empty one is between two `&`.
fn param() -> impl Strategy<Value = String> {
    let name = prop_oneof![
        escaped(),
        select(vec!["prefix", "versionId", "acl", "a", "A", "+"]).prop_map(String::from)
    ];
    let value = prop_oneof![escaped(), "[a-z+=]{0,6}".prop_map(String::from)];
    (name, prop::option::of(value)).prop_map(|(name, value)| match value {
        Some(value) => format!("{name}={value}"),
        None => name,
    })
}

fn target() -> impl Strategy<Value = String> {
    (escaped(), prop::option::of(vec(param(), 0..6))).prop_map(|(path, params)| match params {
        Some(params) => format!("/{path}?{}", params.join("&")),
        None => format!("/{path}"),
    })
}

fn header() -> impl Strategy<Value = (HeaderName, HeaderValue)> {
    let known = select(vec![
        "range",
        "if-match",
        "content-type",
        "date",
        "user-agent",
    ]);
    let name = prop_oneof![
        known.prop_map(String::from),
        "x-(cos|ci)-[a-z!#$%&'*+.^_`|~-]{1,12}",
        "[a-z][a-z-]{0,12}",
    ];
    let name = name.prop_filter_map("a name of its own", |name| {
        let own = ["host", "authorization", TOKEN].contains(&name.as_str());
        if own { None } else { name.parse().ok() }
    });
    let value = vec(
        prop_oneof![Just(b'\t'), 0x20..=0x7e_u8, 0x80..=0xff_u8],
        0..24,
    );
    let value = value.prop_map(|bytes| HeaderValue::from_bytes(&bytes).unwrap());
    (name, value)
}

prop_compose! {
    fn request()(
        method in select(vec![Method::GET, Method::HEAD, Method::PUT, Method::OPTIONS]),
        scheme in select(vec!["http", "https"]),
        authority in "[a-z0-9][a-z0-9-]{0,20}(\\.example)?(:[1-9][0-9]{0,3})?",
        target in target(),
        headers in vec(header(), 0..6),
    ) -> Request<()> {
        let uri = format!("{scheme}://{authority}{target}");
        let mut request = Request::builder().method(method).uri(uri).body(()).unwrap();
        for (name, value) in headers {
            request.headers_mut().append(name, value);
        }
        request
    }
}

fn key(credentials: &Credentials) -> SigningKey {
    SigningKey::derive(credentials, KEY_TIME.parse().unwrap())
}

/// The request as its receiver sees it: path and query alone in the URI, the host in a header.
fn received(request: &Request<()>) -> Request<()> {
    let uri = request.uri();
    let host = match (uri.scheme_str(), uri.port_u16()) {
        (Some("http"), Some(80)) | (Some("https"), Some(443)) | (_, None) => {
            uri.host().unwrap().to_owned()
        }
        (_, Some(port)) => format!("{}:{port}", uri.host().unwrap()),
    };
    let mut received = request.clone();
    *received.uri_mut() = uri.path_and_query().unwrap().as_str().parse().unwrap();
    received
        .headers_mut()
        .insert(header::HOST, host.parse().unwrap());
    received
}

proptest! {
    #[test]
    fn a_signed_request_is_accepted(credentials in credentials(), request in request()) {
        let mut signed = request.clone();
        key(&credentials).sign(&mut signed).unwrap();
        prop_assert_eq!(signed.uri(), request.uri());
        prop_assert_eq!(signed.method(), request.method());

        let verified = check(&signed, &credentials, KEY_TIME).unwrap();
        prop_assert_eq!(verified.form(), Form::Header);
        prop_assert_eq!(verified.secret_id(), credentials.secret_id());
        prop_assert_eq!(check(&received(&signed), &credentials, KEY_TIME), Ok(verified));
    }

    #[test]
    fn a_presigned_request_is_accepted(credentials in credentials(), request in request()) {
        let presigned = key(&credentials).presign(Head::from(&request)).unwrap();
        prop_assert!(presigned.as_str().starts_with(&request.uri().to_string()));

        let mut sent = request;
        *sent.uri_mut() = presigned.into_uri();
        let verified = check(&sent, &credentials, KEY_TIME).unwrap();
        prop_assert_eq!(verified.form(), Form::Query);
        prop_assert_eq!(check(&received(&sent), &credentials, KEY_TIME), Ok(verified));
    }

    #[test]
    fn another_secret_is_refused(
        credentials in credentials(),
        other in credentials(),
        request in request(),
    ) {
        let mut signed = request;
        key(&credentials).sign(&mut signed).unwrap();
        // The same id with another key, and the token of another or none.
        let secret = if let Some(token) = other.token() {
            Credentials::new(credentials.secret_id(), "another").unwrap().with_token(token).unwrap()
        } else {
            Credentials::new(credentials.secret_id(), "another").unwrap()
        };
        prop_assert!(check(&signed, &secret, KEY_TIME).is_err());
    }

    #[test]
    fn a_changed_path_is_refused(
        credentials in credentials(),
        request in request(),
        other in escaped(),
        position: prop::sample::Index,
    ) {
        let mut signed = request;
        key(&credentials).sign(&mut signed).unwrap();
        let path = signed.uri().path();
        let before = decode(path);
        // Another text in place of the path from some character on.
        let kept = position.index(path.len());
        let target = match signed.uri().query() {
            Some(query) => format!("{}{other}?{query}", &path[..=kept]),
            None => format!("{}{other}", &path[..=kept]),
        };
        let changed: Uri = format!("https://h.example{target}").parse().unwrap();
        prop_assume!(decode(changed.path()) != before);
        let mut parts = signed.uri().clone().into_parts();
        parts.path_and_query = changed.into_parts().path_and_query;
        *signed.uri_mut() = Uri::from_parts(parts).unwrap();
        prop_assert!(check(&signed, &credentials, KEY_TIME).is_err());
    }

    #[test]
    fn an_added_parameter_is_refused(
        credentials in credentials(),
        request in request(),
        added in param(),
    ) {
        prop_assume!(!added.is_empty());
        let mut signed = request;
        key(&credentials).sign(&mut signed).unwrap();
        let separator = if signed.uri().query().is_some() { '&' } else { '?' };
        let changed = format!("{}{separator}{added}", signed.uri());
        *signed.uri_mut() = changed.parse().unwrap();
        prop_assert!(check(&signed, &credentials, KEY_TIME).is_err());
    }

    #[test]
    fn a_changed_method_or_host_is_refused(credentials in credentials(), request in request()) {
        let mut signed = request;
        key(&credentials).sign(&mut signed).unwrap();
        let mut changed = signed.clone();
        *changed.method_mut() = Method::DELETE;
        prop_assert!(check(&changed, &credentials, KEY_TIME).is_err());
        let mut changed = signed;
        changed.headers_mut().insert(header::HOST, HeaderValue::from_static("other.example.net"));
        prop_assert!(check(&changed, &credentials, KEY_TIME).is_err());
    }

    #[test]
    fn a_changed_signed_header_is_refused(
        credentials in credentials(),
        request in request(),
        (name, value) in header(),
        other in header(),
    ) {
        let mut signed = request;
        signed.headers_mut().insert(&name, value.clone());
        let names = SignedNames::headers([name.clone(), header::HOST]);
        let authorization = key(&credentials).authorization(Head::from(&signed), &names).unwrap();
        signed.headers_mut().insert(header::AUTHORIZATION, authorization);
        if let Some(token) = credentials.token() {
            signed.headers_mut().insert(TOKEN, token.parse().unwrap());
        }
        prop_assert!(check(&signed, &credentials, KEY_TIME).is_ok());

        if other.1.as_bytes().trim_ascii() != value.as_bytes().trim_ascii() {
            signed.headers_mut().insert(&name, other.1);
            prop_assert!(check(&signed, &credentials, KEY_TIME).is_err());
        }
        signed.headers_mut().remove(&name);
        prop_assert!(check(&signed, &credentials, KEY_TIME).is_err());
    }

    /// Whatever is sent, the answer is an answer.
    #[test]
    fn verifying_never_panics(
        credentials in credentials(),
        request in request(),
        authorization in "(q-(sign-algorithm|ak|sign-time|key-time|header-list|url-param-list|signature)=[ -~]{0,12}&?){0,8}",
    ) {
        let mut request = request;
        let value = HeaderValue::try_from(&authorization).unwrap();
        request.headers_mut().insert(header::AUTHORIZATION, value);
        prop_assert!(check(&request, &credentials, KEY_TIME).is_err());
        if let Ok(uri) = format!("/?{authorization}").parse() {
            *request.uri_mut() = uri;
            request.headers_mut().remove(header::AUTHORIZATION);
            prop_assert!(check(&request, &credentials, KEY_TIME).is_err());
        }
    }
}

fn decode(text: &str) -> Vec<u8> {
    percent_encoding::percent_decode_str(text).collect()
}
