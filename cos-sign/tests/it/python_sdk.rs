//! Signatures made with the vendor's Python SDK (`vectors/python_sdk.py` fills in
//! `vectors/python_sdk.json`).

use cos_sign::{Credentials, Form, Head, Refusal};
use http::Request;
use serde_json::Value;

use crate::support::{
    check, headers_beside_signature, key, pairs, query, refuses_every_change, request, text,
};

fn vectors(kind: &str) -> Vec<Value> {
    let all: Value = serde_json::from_str(include_str!("../vectors/python_sdk.json")).unwrap();
    all[kind].as_array().unwrap().clone()
}

fn credentials(vector: &Value) -> Credentials {
    Credentials::new(text(vector, "secret_id"), text(vector, "secret_key")).unwrap()
}

/// The credentials with the token that the request has in a header, if any.
fn with_token_of(request: &Request<()>, credentials: Credentials) -> Credentials {
    match request.headers().get("x-cos-security-token") {
        Some(token) => credentials.with_token(token.to_str().unwrap()).unwrap(),
        None => credentials,
    }
}

/// The request of a vector, to the URL that the SDK has built.
fn unsigned(vector: &Value) -> Request<()> {
    let host = text(vector, "host");
    let path = text(vector, "url_without_query");
    let path = path
        .strip_prefix("https://")
        .unwrap()
        .strip_prefix(host)
        .unwrap();
    let target = format!("{path}?{}", query(&pairs(vector, "params")));
    let target = target.trim_end_matches('?');
    request(
        text(vector, "method"),
        host,
        target,
        &pairs(vector, "headers"),
    )
}

#[test]
fn requests_are_signed_as_the_sdk_signs_them() {
    for vector in vectors("authorization") {
        let name = text(&vector, "name");
        let time = text(&vector, "sign_time");
        let before = unsigned(&vector);
        let mut request = before.clone();
        key(&credentials(&vector), time).sign(&mut request).unwrap();

        assert_eq!(
            request.headers()["authorization"],
            text(&vector, "authorization"),
            "{name}"
        );
        assert_eq!(request.uri(), before.uri());
        assert_eq!(&headers_beside_signature(&request), before.headers());
        let credentials = with_token_of(&request, credentials(&vector));
        assert_eq!(
            check(&request, &credentials, time).unwrap().form(),
            Form::Header
        );
        refuses_every_change(&request, &credentials, time);
    }
}

#[test]
fn a_presigned_uri_has_the_signature_of_the_sdk() {
    for vector in vectors("authorization") {
        let time = text(&vector, "sign_time");
        let mut request = unsigned(&vector);
        let key = key(&credentials(&vector), time);
        let presigned = key.presign(Head::from(&request)).unwrap();
        let fields = text(&vector, "authorization").replace(';', "%3B");
        assert!(
            presigned.as_str().ends_with(&fields),
            "{}",
            text(&vector, "name")
        );

        *request.uri_mut() = presigned.into_uri();
        let credentials = with_token_of(&request, credentials(&vector));
        assert_eq!(
            check(&request, &credentials, time).unwrap().form(),
            Form::Query
        );
        refuses_every_change(&request, &credentials, time);
    }
}

/// The SDK puts the signature before the other parameters, and a `+` where a value has a space.
#[test]
fn a_uri_that_the_sdk_presigned_is_accepted() {
    for vector in vectors("presigned") {
        let time = text(&vector, "sign_time");
        let request = Request::get(text(&vector, "url")).body(()).unwrap();
        let permanent = credentials(&vector);
        let verified = check(&request, &permanent, time).unwrap();
        assert_eq!(verified.form(), Form::Query);
        refuses_every_change(&request, &permanent, time);

        // It leaves out the token of temporary credentials; the caller has to add it.
        let temporary = permanent.with_token(text(&vector, "token")).unwrap();
        assert_eq!(
            check(&request, &temporary, time),
            Err(Refusal::TokenMissing)
        );
    }
}

#[test]
fn the_sdks_presigned_signature_is_ours() {
    for vector in vectors("presigned") {
        let time = text(&vector, "sign_time");
        let url = text(&vector, "url");
        let (before, rest) = url.split_once("?q-sign-algorithm").unwrap();
        let signature = rest.split("&q-signature=").nth(1).unwrap();
        let signature = signature.split('&').next().unwrap();
        let target = format!("{before}?{}", query(&pairs(&vector, "params")));
        let request = Request::get(target.trim_end_matches('?')).body(()).unwrap();
        let presigned = key(&credentials(&vector), time)
            .presign(Head::from(&request))
            .unwrap();
        assert!(presigned.as_str().ends_with(signature), "{url}");
    }
}
