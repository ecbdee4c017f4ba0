//! Signatures: accepted, and refused with the service's codes.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use cos_emulator::{Credentials, Emulator};
use cos_sign::{Head, KeyTime, SigningKey};
use http::{Method, Request};

use crate::client::{BUCKET, Reply, bucket, exchange};

fn credentials() -> Credentials {
    Credentials::new("AKIDexample", "secret-key").unwrap()
}

fn temporary() -> Credentials {
    Credentials::new("AKIDtemporary", "secret-key")
        .unwrap()
        .with_token("token")
        .unwrap()
}

fn emulator() -> Emulator {
    let builder = Emulator::builder().bucket(bucket("x"));
    builder
        .credentials(credentials())
        .credentials(temporary())
        .start_on_thread()
        .unwrap()
}

fn now() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap()
}

/// An hour from `seconds` after now.
fn from_now(seconds: i64) -> KeyTime {
    let start = now().as_secs().checked_add_signed(seconds).unwrap();
    KeyTime::new(start, start + 3600).unwrap()
}

fn request(target: &str) -> Request<()> {
    let host = format!("{BUCKET}.cos.ap-beijing.myqcloud.com");
    Request::get(target)
        .header("host", host)
        .header("range", "bytes=0-0")
        .body(())
        .unwrap()
}

fn signed(credentials: &Credentials, key_time: KeyTime) -> Request<()> {
    let mut request = request("/a/b?response-content-type=a+b");
    SigningKey::derive(credentials, key_time)
        .sign(&mut request)
        .unwrap();
    request
}

fn send(emulator: &Emulator, request: &Request<()>) -> Reply {
    let mut bytes = format!("{} {} HTTP/1.1\r\n", request.method(), request.uri()).into_bytes();
    for (name, value) in request.headers() {
        bytes.extend_from_slice(name.as_str().as_bytes());
        bytes.extend_from_slice(b": ");
        bytes.extend_from_slice(value.as_bytes());
        bytes.extend_from_slice(b"\r\n");
    }
    bytes.extend_from_slice(b"connection: close\r\n\r\n");
    exchange(emulator.addr(), &bytes).unwrap()
}

fn refused(reply: &Reply) -> (u16, &str, &str) {
    (
        reply.status,
        reply.element("Code"),
        reply.element("Message"),
    )
}

#[test]
fn signed_requests_are_answered() {
    let emulator = emulator();
    for credentials in [credentials(), temporary()] {
        let reply = send(&emulator, &signed(&credentials, from_now(-60)));
        assert_eq!(reply.status, 206, "{}", reply.text());
        assert_eq!(reply.header("content-type"), Some("a b"));
    }
}

#[test]
fn presigned_requests_are_answered() {
    let emulator = emulator();
    for credentials in [credentials(), temporary()] {
        let plain = request("/a/b");
        let key = SigningKey::derive(&credentials, from_now(-60));
        let uri = key.presign(Head::from(&plain)).unwrap().into_uri();
        let target = uri.path_and_query().unwrap().to_string();
        let reply = send(&emulator, &request(&target));
        assert_eq!(reply.status, 206, "{}", reply.text());
        let signature = target.rsplit_once("q-signature=").unwrap().1;
        let told = format!("{:?}", emulator.log());
        assert!(told.contains("q-signature=REDACTED") && !told.contains(signature));
        // What it names it is bound to: another time, another object, another method.
        for (named, other) in [("q-key-time=1", "q-key-time=2"), ("/a/b?", "/a/c?")] {
            let reply = send(&emulator, &request(&target.replace(named, other)));
            assert!([400, 403].contains(&reply.status), "{}", reply.text());
        }
        let mut head = request(&target);
        *head.method_mut() = Method::HEAD;
        assert_eq!(send(&emulator, &head).status, 403);
    }
}

#[test]
fn every_operation_wants_a_signature_and_takes_none_of_another() {
    let emulator = emulator();
    for (method, target) in [
        (Method::GET, "/a/b"),
        (Method::HEAD, "/a/b"),
        (Method::HEAD, "/"),
        (Method::GET, "/"),
        (Method::GET, "/?versions"),
        (Method::GET, "/none"),
    ] {
        let mut plain = request(target);
        *plain.method_mut() = method.clone();
        assert_eq!(send(&emulator, &plain).status, 403, "{method} {target}");
        let authorization =
            signed(&credentials(), from_now(-60)).headers()["authorization"].clone();
        plain.headers_mut().insert("authorization", authorization);
        assert_eq!(send(&emulator, &plain).status, 403, "{method} {target}");
    }
    // Nor is it told which buckets there are.
    let service = b"GET / HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\n\r\n";
    assert_eq!(exchange(emulator.addr(), service).unwrap().status, 403);
}

#[test]
fn unsigned_requests_are_refused() {
    let emulator = emulator();
    let mut plain = request("/a/b");
    assert_eq!(
        refused(&send(&emulator, &plain)),
        (403, "AccessDenied", "Access Denied.")
    );
    plain
        .headers_mut()
        .insert("authorization", "".parse().unwrap());
    assert_eq!(send(&emulator, &plain).element("Code"), "AccessDenied");
    plain
        .headers_mut()
        .insert("authorization", "q-sign-algorithm=sha1".parse().unwrap());
    assert_eq!(send(&emulator, &plain).status, 400);
}

#[test]
fn a_wrong_key_is_told_with_the_string_that_was_signed() {
    let emulator = emulator();
    let wrong = Credentials::new("AKIDexample", "another-key").unwrap();
    let request = signed(&wrong, from_now(-60));
    let reply = send(&emulator, &request);
    let message = "The Signature you specified is invalid.";
    assert_eq!(refused(&reply), (403, "SignatureDoesNotMatch", message));
    let key = SigningKey::derive(&wrong, from_now(-60));
    let string = reply.element("StringToSign");
    assert!(
        string.starts_with(&format!("sha1\n{}\n", key.key_time())),
        "{string}"
    );
    let format = reply.element("FormatString");
    assert!(
        format.starts_with("get\n/a/b\nresponse-content-type=a%20b\nhost="),
        "{format}"
    );
}

#[test]
fn an_unknown_id_is_refused() {
    let stranger = Credentials::new("AKIDstranger", "secret-key").unwrap();
    let reply = send(&emulator(), &signed(&stranger, from_now(-60)));
    assert_eq!(
        (reply.status, reply.element("Code")),
        (403, "InvalidAccessKeyId")
    );
}

#[test]
fn an_expired_signature_is_refused() {
    let reply = send(&emulator(), &signed(&credentials(), from_now(-7200)));
    assert_eq!(
        refused(&reply),
        (403, "AccessDenied", "Request has expired")
    );
}

#[test]
fn clocks_may_differ_by_a_quarter_of_an_hour() {
    let emulator = emulator();
    assert_eq!(
        send(&emulator, &signed(&credentials(), from_now(600))).status,
        206
    );
    let reply = send(&emulator, &signed(&credentials(), from_now(1200)));
    assert_eq!(
        (reply.status, reply.element("Code")),
        (403, "RequestTimeTooSkewed")
    );
    emulator.set_clock_skew(1200);
    assert_eq!(
        send(&emulator, &signed(&credentials(), from_now(1200))).status,
        206
    );
}

#[test]
fn tokens_are_checked_and_expire() {
    let emulator = emulator();
    let without = Credentials::new("AKIDtemporary", "secret-key").unwrap();
    let reply = send(&emulator, &signed(&without, from_now(-60)));
    assert_eq!(
        (reply.status, reply.element("Code")),
        (403, "InvalidAccessKeyId")
    );
    assert_eq!(
        send(&emulator, &signed(&temporary(), from_now(-60))).status,
        206
    );
    emulator.expire_token("token");
    let reply = send(&emulator, &signed(&temporary(), from_now(-60)));
    assert_eq!((reply.status, reply.element("Code")), (403, "ExpiredToken"));
}

#[test]
fn secrets_are_shown_nowhere() {
    let canary = Credentials::new("AKIDexample", "CANARY1")
        .unwrap()
        .with_token("CANARY2")
        .unwrap();
    let builder = Emulator::builder()
        .bucket(bucket("x"))
        .credentials(canary.clone());
    let told = format!("{builder:?}");
    let emulator = builder.start_on_thread().unwrap();
    let request = signed(&canary, from_now(-60));
    let signature = request.headers()["authorization"]
        .to_str()
        .unwrap()
        .rsplit_once('=')
        .unwrap()
        .1;
    assert_eq!(send(&emulator, &request).status, 206);
    let log = emulator.log();
    let told = format!(
        "{told}{emulator:?}{log:?}{:?}{}",
        log[0].headers(),
        log[0].query()
    );
    assert!(
        !told.contains("CANARY") && !told.contains(signature),
        "{told}"
    );
}

#[test]
fn the_path_is_signed_as_it_is_sent() {
    let emulator = emulator();
    let mut request = Request::get(format!("/{BUCKET}/a/b"));
    request = request.header("host", emulator.addr().to_string());
    let mut request = request.body(()).unwrap();
    SigningKey::derive(&credentials(), from_now(-60))
        .sign(&mut request)
        .unwrap();
    assert_eq!(send(&emulator, &request).status, 200);
}

#[test]
fn a_host_signed_without_its_port_counts() {
    let emulator = emulator();
    let target = format!("/{BUCKET}/a/b");
    let mut request = Request::get(target)
        .header("host", "127.0.0.1")
        .body(())
        .unwrap();
    SigningKey::derive(&credentials(), from_now(-60))
        .sign(&mut request)
        .unwrap();
    let host = emulator.addr().to_string();
    request.headers_mut().insert("host", host.parse().unwrap());
    assert_eq!(send(&emulator, &request).status, 200);
    request
        .headers_mut()
        .insert("host", "127.0.0.2:80".parse().unwrap());
    assert_eq!(
        send(&emulator, &request).element("Code"),
        "SignatureDoesNotMatch"
    );
}
