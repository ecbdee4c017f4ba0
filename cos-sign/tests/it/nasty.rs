//! Awkward requests: the URI goes out as it came, and the signature is the one that a Python script
//! computed by the definition of the algorithm (`vectors/by_definition.py` writes
//! `vectors/nasty.json`).

use cos_sign::{Credentials, Head};
use http::{Request, header};
use serde_json::Value;

use crate::support::{check, key, refuses_every_change, request, text};

struct Vectors {
    permanent: Credentials,
    temporary: Credentials,
    key_time: String,
    host: String,
    cases: Vec<Value>,
}

fn vectors() -> Vectors {
    let all: Value = serde_json::from_str(include_str!("../vectors/nasty.json")).unwrap();
    let permanent = Credentials::new(text(&all, "secret_id"), text(&all, "secret_key")).unwrap();
    Vectors {
        temporary: permanent.clone().with_token(text(&all, "token")).unwrap(),
        permanent,
        key_time: text(&all, "key_time").to_owned(),
        host: text(&all, "host").to_owned(),
        cases: all["cases"].as_array().unwrap().clone(),
    }
}

#[test]
fn the_wire_uri_is_kept_and_the_signature_is_by_definition() {
    let vectors = vectors();
    for case in &vectors.cases {
        let target = text(case, "target");
        for (credentials, expected) in [
            (&vectors.permanent, "authorization"),
            (&vectors.temporary, "authorization_with_token"),
        ] {
            let mut request = request("GET", &vectors.host, target, &[]);
            key(credentials, &vectors.key_time)
                .sign(&mut request)
                .unwrap();
            assert_eq!(
                request.headers()["authorization"],
                text(case, expected),
                "{target}"
            );
            let sent = format!("https://{}{target}", vectors.host);
            assert_eq!(request.uri().to_string(), sent);
            let token = request.headers().get("x-cos-security-token");
            assert_eq!(
                token.map(|token| token.to_str().unwrap()),
                credentials.token()
            );
            check(&request, credentials, &vectors.key_time).unwrap();
        }
    }
}

#[test]
fn presigning_appends_to_the_query_and_nothing_else() {
    let vectors = vectors();
    for case in &vectors.cases {
        let target = text(case, "target");
        for (credentials, expected) in [
            (&vectors.permanent, "presigned"),
            (&vectors.temporary, "presigned_with_token"),
        ] {
            let head = request("GET", &vectors.host, target, &[]);
            let key = key(credentials, &vectors.key_time);
            let presigned = key.presign(Head::from(&head)).unwrap();
            let expected = format!("https://{}{}", vectors.host, text(case, expected));
            assert_eq!(presigned.as_str(), expected);
            assert!(presigned.as_str().starts_with(&head.uri().to_string()));
            assert_eq!(presigned.clone().into_uri(), expected.as_str());
            assert_eq!(presigned.clone().into_string(), expected);

            let request = Request::get(presigned.into_uri()).body(()).unwrap();
            check(&request, credentials, &vectors.key_time).unwrap();
        }
    }
}

#[test]
fn every_change_of_a_signed_request_is_refused() {
    let vectors = vectors();
    for case in &vectors.cases {
        let mut request = request("GET", &vectors.host, text(case, "target"), &[]);
        let key = key(&vectors.temporary, &vectors.key_time);
        key.sign(&mut request).unwrap();
        refuses_every_change(&request, &vectors.temporary, &vectors.key_time);
    }
}

/// A server sees a path, a query and a `Host` header.
#[test]
fn a_server_comes_to_the_same_signature() {
    let vectors = vectors();
    for case in &vectors.cases {
        let target = text(case, "target");
        let presigned = text(case, "presigned");
        for (target, authorization) in [(target, text(case, "authorization")), (presigned, "")] {
            let request = Request::get(target)
                .header(header::HOST, &vectors.host)
                .header(header::AUTHORIZATION, authorization)
                .body(())
                .unwrap();
            check(&request, &vectors.permanent, &vectors.key_time).unwrap();
        }
    }
}
