//! A service that cannot be reached, does not answer, or is not who it says: exit 8, and no request
//! to a stranger.

use cos_emulator::{
    Credentials, Emulator, Fault, MemoryBucket, Object, ServerCertificate, TestCa, When,
};

use crate::common::{BUCKET, Place, SECRET_ID, SECRET_KEY, closed_url, emulator, object};

#[tokio::test]
async fn a_closed_port_is_8() {
    let url = closed_url();
    let place = Place::anonymous(&url).once();
    for arguments in [
        ["cat", &object("k")],
        ["stat", &object("k")],
        ["ls", &object("")],
    ] {
        place
            .cos(["--anonymous"].iter().copied().chain(arguments))
            .await
            .exits(8)
            .says(&["error: cannot ", "hint: "]);
    }
}

#[tokio::test]
async fn an_unknown_host_is_8_and_named() {
    // RFC 6761: no such host exists.
    let place = Place::anonymous("http://no-such-host.invalid").once();
    place
        .cos(["cat", &object("k"), "--anonymous"])
        .await
        .exits(8)
        .says(&["no-such-host.invalid"]);
}

#[tokio::test]
async fn a_head_that_does_not_come_is_8_after_the_read_timeout() {
    let emulator = emulator([("k", Object::new("content"))]).await;
    emulator
        .faults()
        .script(When::get(), Fault::new().stall_head_for_ever());
    let place = Place::with_keys(&emulator).once();
    place
        .cos(["cat", &object("k"), "--read-timeout", "1s"])
        .await
        .exits(8);
    emulator.shutdown().await.unwrap();
}

/// Nobody answers the handshake; without the option, the limit would be ten seconds.
#[tokio::test]
async fn a_connection_that_does_not_come_is_8_after_the_connect_timeout() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("https://{}", listener.local_addr().unwrap());
    let place = Place::anonymous(&url).once();
    let started = std::time::Instant::now();
    place
        .cos([
            "cat",
            &object("k"),
            "--anonymous",
            "--connect-timeout",
            "300ms",
        ])
        .await
        .exits(8)
        .says(&["error: cannot read cos://", "in time"]);
    assert!(started.elapsed() < std::time::Duration::from_secs(9));
}

#[tokio::test]
async fn a_body_that_stalls_is_8_after_the_read_timeout() {
    let emulator = emulator([("k", Object::generated(1, 100_000))]).await;
    emulator
        .faults()
        .script(When::get(), Fault::new().stall_after_for_ever(50_000));
    let place = Place::with_keys(&emulator).once();
    place
        .cos(["cp", &object("k"), "out", "--read-timeout", "1s"])
        .await
        .exits(8);
    assert_eq!(place.names(), [] as [&str; 0]);
    emulator.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_head_beyond_all_bounds_is_8() {
    let emulator = emulator([("k", Object::new("content"))]).await;
    emulator
        .faults()
        .script(When::get(), Fault::new().oversized_head(2 * 1024 * 1024));
    let place = Place::with_keys(&emulator);
    place.cos(["cat", &object("k")]).await.exits(8);
    emulator.shutdown().await.unwrap();
}

/// The endpoint over TLS, with the certificate that `certificate` makes.
async fn tls(certificate: ServerCertificate) -> Emulator {
    let bucket = MemoryBucket::new(BUCKET);
    bucket.put("k", Object::new("content"));
    let credentials = Credentials::new(SECRET_ID, SECRET_KEY).unwrap();
    Emulator::builder()
        .bucket(bucket)
        .credentials(credentials)
        .tls(certificate)
        .start()
        .await
        .unwrap()
}

#[tokio::test]
async fn tls_is_verified_against_the_given_authority() {
    let ca = TestCa::new().unwrap();
    let emulator = tls(ca.certificate(["127.0.0.1"]).unwrap()).await;
    let place = Place::with_keys(&emulator);
    std::fs::write(place.path("ca.pem"), ca.pem()).unwrap();
    assert_eq!(
        place
            .cos(["cat", &object("k"), "--ca-cert", "ca.pem"])
            .await
            .exits(0)
            .stdout,
        "content"
    );
    emulator.shutdown().await.unwrap();
}

#[tokio::test]
async fn an_unknown_authority_an_expired_certificate_and_another_host_are_8() {
    let ca = TestCa::new().unwrap();
    for (name, certificate, trusted) in [
        (
            "unknown authority",
            ca.certificate(["127.0.0.1"]).unwrap(),
            false,
        ),
        (
            "expired",
            ca.expired_certificate(["127.0.0.1"]).unwrap(),
            true,
        ),
        ("another host", ca.wrong_host_certificate().unwrap(), true),
    ] {
        let emulator = tls(certificate).await;
        let place = Place::with_keys(&emulator);
        std::fs::write(place.path("ca.pem"), ca.pem()).unwrap();
        let object = object("k");
        let mut arguments = vec!["cp", &object, "out"];
        if trusted {
            arguments.extend(["--ca-cert", "ca.pem"]);
        }
        let ran = place.cos(&arguments).await;
        assert_eq!(ran.exit, Some(8), "{name}: {ran:#?}");
        assert_eq!(emulator.log().len(), 0, "{name}: a request was sent");
        assert_eq!(place.names(), ["ca.pem"], "{name}");
        emulator.shutdown().await.unwrap();
    }
}

#[tokio::test]
async fn connect_to_dials_there_and_leaves_the_host_alone() {
    let emulator = emulator([("k", Object::new("content"))]).await;
    let place = Place::bare()
        .env("COS_SECRET_ID", SECRET_ID)
        .env("COS_SECRET_KEY", SECRET_KEY);
    let addr = emulator.addr().to_string();
    let ran = place
        .cos([
            "cat",
            &object("k"),
            "--region",
            "ap-beijing",
            "--scheme",
            "http",
            "--connect-to",
            &addr,
        ])
        .await
        .exits(0);
    assert_eq!(ran.stdout, "content");
    let log = format!("{:?}", emulator.log());
    assert!(
        log.contains("examplebucket-1250000000.cos.ap-beijing.myqcloud.com"),
        "{log}"
    );
    emulator.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_host_that_is_not_the_service_is_told_apart() {
    let emulator = emulator([("k", Object::new("content"))]).await;
    emulator
        .faults()
        .script(When::get(), Fault::new().drop_header("x-cos-request-id"));
    let place = Place::bare()
        .env("COS_SECRET_ID", SECRET_ID)
        .env("COS_SECRET_KEY", SECRET_KEY);
    let addr = emulator.addr().to_string();
    place
        .cos([
            "cat",
            &object("k"),
            "--region",
            "ap-beijing",
            "--scheme",
            "http",
            "--connect-to",
            &addr,
        ])
        .await
        .exits(1)
        .says(&["it has no `x-cos-request-id`"]);
    emulator.shutdown().await.unwrap();
}

#[tokio::test]
async fn proxy_variables_do_not_reach_the_local_endpoint() {
    let emulator = emulator([("k", Object::new("content"))]).await;
    let nobody = closed_url();
    let place = Place::with_keys(&emulator)
        .env("HTTP_PROXY", &nobody)
        .env("http_proxy", &nobody)
        .env("HTTPS_PROXY", &nobody)
        .env("ALL_PROXY", &nobody);
    assert_eq!(
        place.cos(["cat", &object("k")]).await.exits(0).stdout,
        "content"
    );
    emulator.shutdown().await.unwrap();
}
