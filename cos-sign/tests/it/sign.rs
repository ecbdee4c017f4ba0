//! What signing does to a request, and what it refuses to do.

use cos_sign::{Credentials, Head, SignError, SignedNames, SigningKey};
use http::{HeaderName, HeaderValue, Request, header};

use crate::support::{check, key};

const KEY_TIME: &str = "1557989753;1557996953";
const TOKEN: &str = "x-cos-security-token";

fn permanent() -> Credentials {
    Credentials::new("AKIDexample", "secret-example").unwrap()
}

fn temporary() -> Credentials {
    permanent().with_token("token-example").unwrap()
}

fn signing_key(credentials: &Credentials) -> SigningKey {
    key(credentials, KEY_TIME)
}

fn get(uri: &str) -> Request<()> {
    Request::get(uri).body(()).unwrap()
}

#[test]
fn signing_sets_the_token_and_the_authorization_and_marks_them_sensitive() {
    let mut request = get("https://h.example/key?a=1");
    request
        .headers_mut()
        .insert("user-agent", HeaderValue::from_static("x/1"));
    signing_key(&temporary()).sign(&mut request).unwrap();

    let names: Vec<_> = request.headers().keys().map(HeaderName::as_str).collect();
    assert_eq!(names, ["user-agent", TOKEN, "authorization"]);
    assert_eq!(request.headers()[TOKEN], "token-example");
    assert!(request.headers()[TOKEN].is_sensitive());
    assert!(request.headers()[header::AUTHORIZATION].is_sensitive());
    assert!(!request.headers()["user-agent"].is_sensitive());
}

#[test]
fn signing_again_replaces_what_was_signed_before() {
    let mut request = get("https://h.example/key");
    let stale = temporary().with_token("stale-token").unwrap();
    signing_key(&stale).sign(&mut request).unwrap();
    request
        .headers_mut()
        .append(TOKEN, HeaderValue::from_static("another"));
    request
        .headers_mut()
        .append(header::AUTHORIZATION, HeaderValue::from_static("another"));
    signing_key(&temporary()).sign(&mut request).unwrap();

    assert_eq!(request.headers().len(), 2);
    assert_eq!(request.headers()[TOKEN], "token-example");
    check(&request, &temporary(), KEY_TIME).unwrap();
}

#[test]
fn a_token_header_of_the_caller_is_kept_and_signed() {
    let mut request = get("https://h.example/key");
    request
        .headers_mut()
        .insert(TOKEN, HeaderValue::from_static("token-example"));
    signing_key(&permanent()).sign(&mut request).unwrap();
    let verified = check(&request, &temporary(), KEY_TIME).unwrap();
    assert_eq!(verified.header_list(), "host;x-cos-security-token");
}

#[test]
fn the_explanation_is_that_of_the_signed_request() {
    let mut request = get("https://h.example/key?b=2&a=1");
    let key = signing_key(&temporary());
    key.sign(&mut request).unwrap();
    let explanation = key
        .explain(Head::from(&request), &SignedNames::vendor())
        .unwrap();
    assert_eq!(
        explanation.http_string(),
        b"get\n/key\na=1&b=2\nhost=h.example&x-cos-security-token=token-example\n"
    );
    let authorization = key
        .authorization(Head::from(&request), &SignedNames::vendor())
        .unwrap();
    assert_eq!(authorization, request.headers()[header::AUTHORIZATION]);
}

#[test]
fn heads_of_requests_parts_and_pieces_are_the_same() {
    let request = get("https://h.example/key?a=1");
    let key = signing_key(&permanent());
    let sign = |head: Head<'_>| key.authorization(head, &SignedNames::vendor()).unwrap();
    let expected = sign(Head::from(&request));
    let (parts, ()) = request.into_parts();
    assert_eq!(sign(Head::from(&parts)), expected);
    assert_eq!(
        sign(Head::new(&parts.method, &parts.uri, &parts.headers)),
        expected
    );
}

#[test]
fn the_port_of_the_host_is_signed_as_a_client_sends_it() {
    for (uri, host) in [
        ("http://127.0.0.1:9000/key", "127.0.0.1:9000"),
        ("http://h.example:80/key", "h.example"),
        ("https://h.example:443/key", "h.example"),
        ("https://h.example:80/key", "h.example:80"),
    ] {
        let mut sent = get(uri);
        signing_key(&permanent()).sign(&mut sent).unwrap();
        // What a server sees of it.
        let received = Request::get("/key")
            .header(header::HOST, host)
            .header(
                header::AUTHORIZATION,
                &sent.headers()[header::AUTHORIZATION],
            )
            .body(())
            .unwrap();
        check(&received, &permanent(), KEY_TIME).unwrap();
    }
}

#[test]
fn a_request_that_cannot_be_signed_is_left_as_it_was() {
    let unsigned = |uri: &str| {
        let mut request = get(uri);
        let error = signing_key(&temporary()).sign(&mut request).unwrap_err();
        assert!(request.headers().is_empty(), "{uri}");
        error
    };
    let escape = |part| SignError::InvalidEscape { part };
    let reserved = |name| SignError::ReservedParam { name };
    assert_eq!(unsigned("/key"), SignError::NoHost);
    assert_eq!(unsigned("*"), SignError::NoHost);
    assert_eq!(unsigned("h.example:443"), SignError::NoPath);
    assert_eq!(unsigned("https://h.example/a%zz"), escape("path"));
    assert_eq!(unsigned("https://h.example/?a=%"), escape("query"));
    assert_eq!(unsigned("https://h.example/?q-ak=x"), reserved("q-ak"));
    assert_eq!(
        unsigned("https://h.example/?Q-Signature"),
        reserved("q-signature")
    );
}

#[test]
fn a_presigned_uri_is_not_signed_again() {
    let key = signing_key(&temporary());
    let presigned = key
        .presign(Head::from(&get("https://h.example/key")))
        .unwrap();
    let mut request = get(presigned.as_str());
    let reserved = |name| Err(SignError::ReservedParam { name });
    assert_eq!(key.sign(&mut request), reserved("q-sign-algorithm"));
    assert_eq!(
        key.presign(Head::from(&request)).map(|_| ()),
        reserved("q-sign-algorithm")
    );

    let mut with_token = get("https://h.example/key?X-Cos-Security-Token=another");
    assert_eq!(
        key.presign(Head::from(&with_token)).map(|_| ()),
        reserved(TOKEN)
    );
    assert_eq!(key.sign(&mut with_token), reserved(TOKEN));
    assert!(with_token.headers().is_empty());
}

#[test]
fn a_token_parameter_of_the_caller_is_kept_and_signed() {
    let head = get("https://h.example/key?x-cos-security-token=token-example");
    let presigned = signing_key(&permanent())
        .presign(Head::from(&head))
        .unwrap();
    let verified = check(&get(presigned.as_str()), &temporary(), KEY_TIME).unwrap();
    assert_eq!(verified.param_list(), TOKEN);
}

#[test]
fn a_named_header_must_be_there() {
    let request = get("https://h.example/key");
    let key = signing_key(&permanent());
    let names = SignedNames::headers([header::HOST, header::RANGE]);
    let error = SignError::HeaderNotPresent {
        name: header::RANGE,
    };
    let head = Head::from(&request);
    assert_eq!(key.authorization(head, &names), Err(error.clone()));
    assert_eq!(key.presign_with(head, &names), Err(error));
}

#[test]
fn a_uri_that_grows_too_long_is_refused() {
    let longest = "a".repeat(65_000);
    let request = get(&format!("https://h.example/?{longest}"));
    let key = signing_key(&permanent());
    assert!(
        key.authorization(Head::from(&request), &SignedNames::vendor())
            .is_ok()
    );
    assert_eq!(
        key.presign(Head::from(&request)),
        Err(SignError::UriTooLong)
    );
}

#[test]
fn a_request_with_too_many_headers_is_refused() {
    let mut request = get("https://h.example/key");
    for number in 0.. {
        let name: HeaderName = format!("x-{number}").parse().unwrap();
        if request
            .headers_mut()
            .try_insert(name, HeaderValue::from_static(""))
            .is_err()
        {
            break;
        }
    }
    let before = request.headers().len();
    let refused = signing_key(&temporary()).sign(&mut request);
    assert_eq!(refused, Err(SignError::TooManyHeaders));
    assert_eq!(request.headers().len(), before);
}
