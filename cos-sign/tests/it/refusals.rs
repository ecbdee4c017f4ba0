//! Each reason for which `verify` refuses a request.

use std::time::Duration;

use cos_sign::{
    Credentials, Head, KeyTime, Refusal, SignedNames, SigningKey, Verified, Verifier, verify,
};
use http::{HeaderValue, Request, header};

const START: u64 = 1_557_989_753;
const END: u64 = 1_557_996_953;
const TOKEN: &str = "x-cos-security-token";

fn permanent() -> Credentials {
    Credentials::new("AKIDexample", "secret-example").unwrap()
}

fn temporary() -> Credentials {
    permanent().with_token("token-example").unwrap()
}

fn key(credentials: &Credentials) -> SigningKey {
    SigningKey::derive(credentials, KeyTime::new(START, END).unwrap())
}

fn signed(credentials: &Credentials, uri: &str) -> Request<()> {
    let mut request = Request::get(uri).body(()).unwrap();
    key(credentials).sign(&mut request).unwrap();
    request
}

fn presigned(credentials: &Credentials, uri: &str) -> String {
    let request = Request::get(uri).body(()).unwrap();
    key(credentials)
        .presign(Head::from(&request))
        .unwrap()
        .into_string()
}

fn check(request: &Request<()>, credentials: &Credentials) -> Result<Verified, Refusal> {
    check_at(request, credentials, START)
}

fn check_at(
    request: &Request<()>,
    credentials: &Credentials,
    now: u64,
) -> Result<Verified, Refusal> {
    let lookup = |id: &str| (id == credentials.secret_id()).then(|| credentials.clone());
    verify(Head::from(request), lookup, Duration::from_secs(now))
}

fn check_uri(uri: &str, credentials: &Credentials) -> Result<Verified, Refusal> {
    check(&Request::get(uri).body(()).unwrap(), credentials)
}

/// A request whose `Authorization` has had one text replaced by another.
fn edited(credentials: &Credentials, uri: &str, from: &str, to: &str) -> Request<()> {
    let mut request = signed(credentials, uri);
    let value = request.headers()[header::AUTHORIZATION].to_str().unwrap();
    assert!(value.contains(from), "{from:?} is not in the header");
    let value = HeaderValue::try_from(value.replace(from, to)).unwrap();
    request.headers_mut().insert(header::AUTHORIZATION, value);
    request
}

fn malformed(field: &'static str) -> Result<Verified, Refusal> {
    Err(Refusal::Malformed { field })
}

const URI: &str = "https://h.example/key?a=1&b=2";

#[test]
fn no_signature() {
    let anonymous = Request::get(URI).body(()).unwrap();
    assert_eq!(check(&anonymous, &permanent()), Err(Refusal::NoSignature));
    // As the vendor's Python SDK sends it.
    let anonymous = Request::get(URI)
        .header("Authorization", "")
        .body(())
        .unwrap();
    assert_eq!(check(&anonymous, &permanent()), Err(Refusal::NoSignature));
}

#[test]
fn two_signatures() {
    let mut request = signed(&permanent(), URI);
    *request.uri_mut() = presigned(&permanent(), URI).parse().unwrap();
    assert_eq!(check(&request, &permanent()), Err(Refusal::TwoSignatures));

    let mut request = signed(&permanent(), URI);
    *request.uri_mut() = format!("{URI}&q-ak=x").parse().unwrap();
    assert_eq!(check(&request, &permanent()), Err(Refusal::TwoSignatures));

    let mut request = signed(&permanent(), URI);
    let again = request.headers()[header::AUTHORIZATION].clone();
    request.headers_mut().append(header::AUTHORIZATION, again);
    assert_eq!(check(&request, &permanent()), malformed("Authorization"));
}

#[test]
fn malformed_headers() {
    for value in [
        "Basic QWxhZGRpbjpvcGVu",
        "q-sign-algorithm=sha1&",
        "&",
        " ",
        "q-ak",
    ] {
        let request = Request::get(URI)
            .header("Authorization", value)
            .body(())
            .unwrap();
        let refusal = check(&request, &permanent());
        assert_eq!(refusal, malformed("Authorization"), "{value}");
    }
    let request = Request::get(URI)
        .header("Authorization", "q-ak=x")
        .body(())
        .unwrap();
    assert_eq!(check(&request, &permanent()), malformed("q-sign-algorithm"));
    let request = edited(&permanent(), URI, "&q-signature=", "&q-ak=");
    assert_eq!(check(&request, &permanent()), malformed("q-ak"));
}

#[test]
fn malformed_queries() {
    let uri = presigned(&permanent(), URI);
    assert!(check_uri(&uri, &permanent()).is_ok());
    let refusal = check_uri(&uri.replace("&q-ak=", "&q-al="), &permanent());
    assert_eq!(refusal, malformed("q-ak"));
    let refusal = check_uri(&format!("{uri}&q-ak=x"), &permanent());
    assert_eq!(refusal, malformed("q-ak"));
    let refusal = check_uri(&uri.replace("q-ak=AKID", "q-ak=%FF"), &permanent());
    assert_eq!(refusal, malformed("q-ak"));
    let refusal = check_uri(&uri.replace("a=1", "a=%zz"), &permanent());
    assert_eq!(refusal, malformed("query"));
    let refusal = check_uri(&uri.replace("/key", "/%zz"), &permanent());
    assert_eq!(refusal, malformed("path"));
}

#[test]
fn malformed_times() {
    for times in [
        "1557996953;1557989753",
        "01557989753;1557996953",
        "+1557989753;1557996953",
        "1557989753",
        "1557989753;",
        "",
    ] {
        let request = edited(&permanent(), URI, &format!("{START};{END}"), times);
        assert_eq!(
            check(&request, &permanent()),
            malformed("q-key-time"),
            "{times}"
        );
    }
}

#[test]
fn malformed_lists() {
    let request = edited(&permanent(), URI, "a;b", "b;a");
    assert_eq!(check(&request, &permanent()), malformed("q-url-param-list"));
}

#[test]
fn unsupported_algorithm() {
    let request = edited(&permanent(), URI, "=sha1", "=sha256");
    let refusal = check(&request, &permanent());
    assert_eq!(refusal, Err(Refusal::UnsupportedAlgorithm));
}

#[test]
fn times_differ() {
    let request = edited(&permanent(), URI, "q-sign-time=1", "q-sign-time=2");
    assert_eq!(check(&request, &permanent()), Err(Refusal::TimesDiffer));
}

#[test]
fn not_yet_valid_and_expired() {
    let request = signed(&permanent(), URI);
    let key_time = KeyTime::new(START, END).unwrap();
    let at = |now| check_at(&request, &permanent(), now).map(|_| ());
    assert_eq!(at(START - 1), Err(Refusal::NotYetValid { key_time }));
    assert_eq!(at(START), Ok(()));
    assert_eq!(at(END), Ok(()));
    assert_eq!(at(END + 1), Err(Refusal::Expired { key_time }));
}

#[test]
fn unknown_secret_id() {
    let request = signed(&permanent(), URI);
    let refusal = verify(Head::from(&request), |_| None, Duration::from_secs(START));
    assert_eq!(refusal, Err(Refusal::UnknownSecretId));
}

#[test]
fn tokens_of_headers() {
    let request = signed(&temporary(), URI);
    assert!(check(&request, &temporary()).is_ok());
    assert_eq!(check(&request, &permanent()), Err(Refusal::TokenUnexpected));
    let other = permanent().with_token("token-examplf").unwrap();
    assert_eq!(check(&request, &other), Err(Refusal::TokenMismatch));
    let other = permanent().with_token("token-exampl").unwrap();
    assert_eq!(check(&request, &other), Err(Refusal::TokenMismatch));

    let mut without = request.clone();
    without.headers_mut().remove(TOKEN);
    assert_eq!(check(&without, &temporary()), Err(Refusal::TokenMissing));
    let mut twice = request;
    twice
        .headers_mut()
        .append(TOKEN, HeaderValue::from_static("another"));
    assert_eq!(check(&twice, &temporary()), Err(Refusal::TokenMismatch));
}

#[test]
fn tokens_of_queries() {
    let uri = presigned(&temporary(), URI);
    assert!(check_uri(&uri, &temporary()).is_ok());
    assert_eq!(check_uri(&uri, &permanent()), Err(Refusal::TokenUnexpected));
    let other = uri.replace("=token-example", "=token-examplf");
    assert_eq!(check_uri(&other, &temporary()), Err(Refusal::TokenMismatch));
    let without = uri.replace("x-cos-security-token=token-example&", "");
    assert_eq!(
        check_uri(&without, &temporary()),
        Err(Refusal::TokenMissing)
    );
}

/// A receiver does not see them (RFC 9110, 5.5), but not every server takes them off.
#[test]
fn blanks_around_a_token_do_not_count() {
    let mut request = signed(&temporary(), URI);
    request
        .headers_mut()
        .insert(TOKEN, HeaderValue::from_static(" token-example\t"));
    assert!(check(&request, &temporary()).is_ok());
}

/// Apache OpenDAL's reqsign adds the token after signing.
#[test]
fn a_token_need_not_be_signed() {
    let mut request = signed(&permanent(), URI);
    request
        .headers_mut()
        .insert(TOKEN, HeaderValue::from_static("token-example"));
    assert!(check(&request, &temporary()).is_ok());
    request
        .headers_mut()
        .insert(TOKEN, HeaderValue::from_static("token-examplf"));
    assert_eq!(check(&request, &temporary()), Err(Refusal::TokenMismatch));

    let uri = presigned(&permanent(), URI);
    assert!(
        check_uri(
            &format!("{uri}&x-cos-security-token=token-example"),
            &temporary()
        )
        .is_ok()
    );
    assert_eq!(
        check_uri(
            &format!("{uri}&x-cos-security-token=token-examplf"),
            &temporary()
        ),
        Err(Refusal::TokenMismatch)
    );
}

#[test]
fn headers_not_present_and_not_signed() {
    let mut request = Request::get(URI)
        .header("Range", "bytes=0-3")
        .body(())
        .unwrap();
    key(&permanent()).sign(&mut request).unwrap();
    assert!(check(&request, &permanent()).is_ok());

    let mut without = request.clone();
    without.headers_mut().remove("range");
    let name = || "range".to_owned();
    let refusal = check(&without, &permanent());
    assert_eq!(refusal, Err(Refusal::HeaderNotPresent { name: name() }));

    let mut twice = request.clone();
    twice
        .headers_mut()
        .append("range", HeaderValue::from_static("bytes=0-4"));
    let refusal = check(&twice, &permanent());
    assert_eq!(refusal, Err(Refusal::HeaderNotSigned { name: name() }));

    let mut without_host = request;
    *without_host.uri_mut() = "/key?a=1&b=2".parse().unwrap();
    let name = "host".to_owned();
    let refusal = check(&without_host, &permanent());
    assert_eq!(refusal, Err(Refusal::HeaderNotPresent { name }));
}

#[test]
fn params_not_present_and_not_signed() {
    let with_uri = |uri: &str| {
        let mut request = signed(&permanent(), URI);
        *request.uri_mut() = uri.parse().unwrap();
        check(&request, &permanent()).map(|_| ())
    };
    let not_present = |name: &str| Err(Refusal::ParamNotPresent { name: name.into() });
    let not_signed = |name: &str| Err(Refusal::ParamNotSigned { name: name.into() });
    assert_eq!(with_uri("https://h.example/key?b=2&a=1"), Ok(()));
    assert_eq!(with_uri("https://h.example/key?b=2"), not_present("a"));
    assert_eq!(with_uri("https://h.example/key"), not_present("a"));
    assert_eq!(with_uri("https://h.example/key?a=1&b=2&c"), not_signed("c"));
    assert_eq!(
        with_uri("https://h.example/key?a=1&b=2&A=1"),
        not_signed("a")
    );
    assert_eq!(with_uri("https://h.example/key?a=1&b=2&=3"), not_signed(""));
}

/// The vendor's Python SDK lists buckets with `marker` and `max-keys` unsigned.
#[test]
fn unsigned_params_can_be_allowed() {
    let lenient = |request: &Request<()>| {
        Verifier::new()
            .allow_unsigned_params(true)
            .verify(
                Head::from(request),
                |_| Some(permanent()),
                Duration::from_secs(START),
            )
            .map(|verified| verified.param_list().to_owned())
    };
    let with_uri = |uri: &str| {
        let mut request = signed(&permanent(), URI);
        *request.uri_mut() = uri.parse().unwrap();
        lenient(&request)
    };
    let accepted = Ok("a;b".to_owned());
    assert_eq!(
        with_uri("https://h.example/key?marker=&a=1&b=2&max-keys=2000"),
        accepted
    );
    assert_eq!(
        with_uri("https://h.example/key?a=1&b=2&a=3"),
        Err(Refusal::ParamNotSigned { name: "a".into() })
    );
    assert_eq!(
        with_uri("https://h.example/key?b=2"),
        Err(Refusal::ParamNotPresent { name: "a".into() })
    );
    assert!(matches!(
        with_uri("https://h.example/key?a=1&b=3"),
        Err(Refusal::SignatureMismatch { .. })
    ));

    // The one list that says the same of nothing and of a parameter without a name.
    let without_name = signed(&permanent(), "https://h.example/?=v");
    assert_eq!(lenient(&without_name), Ok(String::new()));

    let without_params = signed(&permanent(), "https://h.example/");
    let mut with_params = without_params;
    *with_params.uri_mut() = "https://h.example/?marker=&max-keys=2000".parse().unwrap();
    assert_eq!(lenient(&with_params), Ok(String::new()));
}

#[test]
fn signature_mismatch_explains_what_was_computed() {
    let other = Credentials::new("AKIDexample", "another-secret").unwrap();
    let request = signed(&other, URI);
    let Err(Refusal::SignatureMismatch { explanation }) = check(&request, &permanent()) else {
        panic!("a signature made with another key is accepted");
    };
    let expected = key(&permanent())
        .explain(Head::from(&request), &SignedNames::vendor())
        .unwrap();
    assert_eq!(*explanation, expected);
    assert_eq!(
        explanation.http_string(),
        b"get\n/key\na=1&b=2\nhost=h.example\n"
    );

    let request = edited(&permanent(), URI, "q-signature=", "q-signature=0");
    let refusal = check(&request, &permanent());
    assert!(matches!(refusal, Err(Refusal::SignatureMismatch { .. })));
}

#[test]
fn a_signature_is_lower_case() {
    let mut request = signed(&permanent(), URI);
    let value = request.headers()[header::AUTHORIZATION].to_str().unwrap();
    let (rest, signature) = value.rsplit_once('=').unwrap();
    let upper = format!("{rest}={}", signature.to_uppercase());
    assert_ne!(upper, value);
    request
        .headers_mut()
        .insert(header::AUTHORIZATION, upper.parse().unwrap());
    let refusal = check(&request, &permanent());
    assert!(matches!(refusal, Err(Refusal::SignatureMismatch { .. })));
}
