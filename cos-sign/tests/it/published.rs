//! Signatures that the vendor and others have published (`vectors/published.json`, each with its
//! source).

use cos_sign::{Credentials, Form, Head, SignedNames};
use http::{HeaderName, Request, header};
use serde_json::Value;

use crate::support::{
    SECRET_ID, check, encode, key, pairs, query, refuses_every_change, request, text,
};

const TOKEN: &str = "x-cos-security-token";

fn vectors() -> Vec<Value> {
    serde_json::from_str(include_str!("../vectors/published.json")).unwrap()
}

fn by_name(name: &str) -> Value {
    let mut vectors = vectors().into_iter();
    vectors.find(|vector| vector["name"] == name).unwrap()
}

/// The request of a vector, as it is before signing.
fn unsigned(vector: &Value) -> Request<()> {
    let target = format!(
        "{}?{}",
        encode(text(vector, "path")),
        query(&pairs(vector, "params"))
    );
    let target = target.trim_end_matches('?');
    // A vector that does not sign the host is sent to any.
    request(
        text(vector, "method"),
        "h.example",
        target,
        &pairs(vector, "headers"),
    )
}

fn credentials(vector: &Value) -> Credentials {
    Credentials::new(SECRET_ID, text(vector, "secret_key")).unwrap()
}

/// The credentials with the token that the vector sends as a header or as a parameter, if any.
fn with_token_of(vector: &Value) -> Credentials {
    let mut sent = pairs(vector, "headers");
    sent.extend(pairs(vector, "params"));
    match sent.into_iter().find(|(name, _)| *name == TOKEN) {
        Some((_, token)) => credentials(vector).with_token(token).unwrap(),
        None => credentials(vector),
    }
}

/// The names of exactly the headers that the vector signs.
fn names(vector: &Value) -> SignedNames {
    let list = text(vector, "header_list");
    let names = list.split(';').filter(|name| !name.is_empty());
    SignedNames::headers(names.map(|name| name.parse::<HeaderName>().unwrap()))
}

fn fields(vector: &Value, separator: &str) -> String {
    let time = text(vector, "key_time").replace(';', separator);
    let header_list = text(vector, "header_list").replace(';', separator);
    let param_list = text(vector, "param_list").replace(';', separator);
    let signature = text(vector, "signature");
    format!(
        "q-sign-algorithm=sha1&q-ak={SECRET_ID}&q-sign-time={time}&q-key-time={time}\
         &q-header-list={header_list}&q-url-param-list={param_list}&q-signature={signature}"
    )
}

#[test]
fn every_step_is_as_published() {
    for vector in vectors() {
        let name = text(&vector, "name");
        let request = unsigned(&vector);
        let key = key(&credentials(&vector), text(&vector, "key_time"));
        let explanation = key.explain(Head::from(&request), &names(&vector)).unwrap();

        let http_string = str::from_utf8(explanation.http_string()).unwrap();
        assert_eq!(http_string, text(&vector, "http_string"), "{name}");
        let string_to_sign = format!(
            "sha1\n{}\n{}\n",
            text(&vector, "key_time"),
            text(&vector, "http_string_sha1")
        );
        assert_eq!(explanation.string_to_sign(), string_to_sign, "{name}");
        assert_eq!(
            explanation.header_list(),
            text(&vector, "header_list"),
            "{name}"
        );
        assert_eq!(
            explanation.param_list(),
            text(&vector, "param_list"),
            "{name}"
        );
    }
}

#[test]
fn the_header_is_as_published_and_every_change_is_refused() {
    for vector in vectors() {
        let name = text(&vector, "name");
        let mut request = unsigned(&vector);
        let key_time = text(&vector, "key_time");
        let key = key(&credentials(&vector), key_time);
        let authorization = key
            .authorization(Head::from(&request), &names(&vector))
            .unwrap();
        assert_eq!(
            authorization.to_str().unwrap(),
            fields(&vector, ";"),
            "{name}"
        );
        assert!(authorization.is_sensitive());

        request
            .headers_mut()
            .insert(header::AUTHORIZATION, authorization);
        let credentials = with_token_of(&vector);
        let verified = check(&request, &credentials, key_time).unwrap();
        assert_eq!(verified.form(), Form::Header);
        assert_eq!(verified.secret_id(), SECRET_ID);
        assert_eq!(verified.key_time().to_string(), key_time);
        assert_eq!(verified.header_list(), text(&vector, "header_list"));
        assert_eq!(verified.param_list(), text(&vector, "param_list"));
        refuses_every_change(&request, &credentials, key_time);
    }
}

#[test]
fn the_presigned_uri_is_as_published_and_every_change_is_refused() {
    for vector in vectors() {
        let name = text(&vector, "name");
        let request = unsigned(&vector);
        let key_time = text(&vector, "key_time");
        let key = key(&credentials(&vector), key_time);
        let presigned = key
            .presign_with(Head::from(&request), &names(&vector))
            .unwrap();
        let separator = if request.uri().query().is_some() {
            '&'
        } else {
            '?'
        };
        assert_eq!(
            presigned.as_str(),
            format!("{}{separator}{}", request.uri(), fields(&vector, "%3B")),
            "{name}"
        );

        let mut request = request;
        *request.uri_mut() = presigned.into_uri();
        let credentials = with_token_of(&vector);
        let verified = check(&request, &credentials, key_time).unwrap();
        assert_eq!(verified.form(), Form::Query);
        assert_eq!(verified.header_list(), text(&vector, "header_list"));
        assert_eq!(verified.param_list(), text(&vector, "param_list"));
        refuses_every_change(&request, &credentials, key_time);
    }
}

/// What the documents show as one header, with the id that they print.
#[test]
fn the_header_of_the_documents_is_accepted_byte_by_byte_and_no_other_is() {
    let vector = by_name("V1");
    let credentials = credentials(&vector);
    let key_time = text(&vector, "key_time");
    let mut request = unsigned(&vector);
    let authorization = fields(&vector, ";").into_bytes();
    let mut accepted = 0;
    for position in 0..authorization.len() {
        for byte in 0..=u8::MAX {
            let mut changed = authorization.clone();
            changed[position] = byte;
            let Ok(value) = changed.as_slice().try_into() else {
                continue;
            };
            request.headers_mut().insert(header::AUTHORIZATION, value);
            match check(&request, &credentials, key_time) {
                Ok(_) => accepted += 1,
                Err(_) => assert_ne!(changed, authorization),
            }
        }
    }
    assert_eq!(
        accepted,
        authorization.len(),
        "the unchanged header, once for each position"
    );
}

/// The fourth vector of the kind: the token is not set beforehand, but comes from the credentials.
#[test]
fn a_token_of_the_credentials_is_signed_like_one_that_was_there() {
    let vector = by_name("X3");
    let mut request = unsigned(&vector);
    request.headers_mut().remove(TOKEN);
    let credentials = with_token_of(&vector);
    key(&credentials, text(&vector, "key_time"))
        .sign(&mut request)
        .unwrap();
    assert_eq!(request.headers()["authorization"], fields(&vector, ";"));

    let vector = by_name("X4");
    let mut without_token = vector.clone();
    without_token["params"] = Value::Array(Vec::new());
    let credentials = with_token_of(&vector);
    let presigned = key(&credentials, text(&vector, "key_time"))
        .presign(Head::from(&unsigned(&without_token)))
        .unwrap();
    assert_eq!(
        presigned.as_str(),
        format!(
            "https://h.example/dir/a%20b%2bc%2etxt?x-cos-security-token=tok%2Fen%2B%3D&{}",
            fields(&vector, "%3B")
        )
    );
}

/// The Japanese and Korean documents print the signature of V6 beside another object in another
/// bucket, to which it does not belong.
#[test]
fn the_example_that_was_translated_has_another_signature() {
    let mut vector = by_name("V6");
    vector["path"] = "/example-file".into();
    vector["headers"][0][1] = "examplebucket-1250000000.cos.ap-beijing.myqcloud.com".into();
    let key = key(&credentials(&vector), text(&vector, "key_time"));
    let authorization = key
        .authorization(Head::from(&unsigned(&vector)), &names(&vector))
        .unwrap();
    let signature = "&q-signature=c3869e49f50d1b294820b455f3262ccfceaecb92";
    assert!(authorization.to_str().unwrap().ends_with(signature));
}

/// The rule of the vendor's Go SDK for repeated names (`auth.go`), computed by the definition.
#[test]
fn repeated_parameters_are_listed_and_sorted() {
    let credentials = Credentials::new(SECRET_ID, "BQYIM75p8x0iWVFSIgqEKwFprpRSVHlz").unwrap();
    let host = "examplebucket-1250000000.cos.ap-beijing.myqcloud.com";
    let mut request = request("GET", host, "/?a=2&a=1&A=3", &[]);
    key(&credentials, "1557989753;1557996953")
        .sign(&mut request)
        .unwrap();
    let authorization = request.headers()["authorization"].to_str().unwrap();
    assert!(
        authorization.ends_with(
            "&q-url-param-list=a;a;a&q-signature=f52b14bca06e20f2bec55ca5f5c362311e9d5b00"
        )
    );
}
