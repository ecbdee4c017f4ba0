//! What the service refuses: exit code, code, message and ids, and a hint.

use cos_emulator::{Emulator, Fault, MemoryBucket, Object, When};
use http::StatusCode;

use crate::common::{BUCKET, Place, Ran, SECRET_ID, SECRET_KEY, TOKEN, emulator, object, serve};

/// Every command that reads one object, with its arguments.
fn readers(key: &str) -> [Vec<String>; 3] {
    let place = object(key);
    [
        vec!["cp".to_owned(), place.clone(), "out".to_owned()],
        vec!["cat".to_owned(), place.clone()],
        vec!["stat".to_owned(), place],
    ]
}

async fn one_object() -> Emulator {
    emulator([("k", Object::new("content"))]).await
}

#[tokio::test]
async fn a_wrong_secret_key_is_4_and_shows_both_strings_to_sign() {
    let emulator = one_object().await;
    let place =
        Place::with_keys(&emulator).env("COS_SECRET_KEY", "wrongsecretkeywrongsecretkeywron");
    for arguments in &readers("k")[..2] {
        let ran = place.cos(arguments).await.exits(4).says(&[
            "code: SignatureDoesNotMatch",
            "status: 403",
            "message: ",
            "resource: ",
            "request id: ",
            "trace id: ",
            "hint: the secret key is not the one of this secret id",
        ]);
        assert_eq!(ran.stdout, "");
        assert_same_strings_to_sign(&ran);
    }
    assert_eq!(place.names(), [] as [&str; 0]);
    emulator.shutdown().await.unwrap();
}

/// The key is wrong, not the request: both sides see the same string.
#[track_caller]
fn assert_same_strings_to_sign(ran: &Ran) {
    let value = |name: &str| {
        let line = ran
            .stderr
            .lines()
            .find_map(|line| line.trim_start().strip_prefix(name));
        line.unwrap_or_else(|| panic!("no {name:?} in {ran:#?}"))
            .to_owned()
    };
    let ours = value("string to sign, ours: ");
    assert_eq!(ours, value("string to sign, the service's: "));
    assert!(ours.starts_with("sha1\\n"), "{ours}");
}

#[tokio::test]
async fn a_wrong_secret_key_for_a_head_has_no_body_and_is_4_all_the_same() {
    let emulator = one_object().await;
    let place =
        Place::with_keys(&emulator).env("COS_SECRET_KEY", "wrongsecretkeywrongsecretkeywron");
    place
        .cos(["stat", &object("k")])
        .await
        .exits(4)
        .says(&["status: 403", "request id: "]);
    emulator.shutdown().await.unwrap();
}

#[tokio::test]
async fn an_unknown_secret_id_is_4() {
    let emulator = one_object().await;
    let place =
        Place::with_keys(&emulator).env("COS_SECRET_ID", "AKIDnobodynobodynobodynobodynobody");
    for arguments in readers("k") {
        let ran = place
            .cos(&arguments)
            .await
            .exits(4)
            .says(&["status: 403", "request id: "]);
        if arguments[0] != "stat" {
            ran.says(&["code: InvalidAccessKeyId", "message: ", "hint: "]);
        }
    }
    emulator.shutdown().await.unwrap();
}

#[tokio::test]
async fn no_credentials_is_4_and_nothing_is_sent() {
    let emulator = one_object().await;
    let place = Place::anonymous(&emulator.url());
    for arguments in readers("k").into_iter().chain([
        vec!["ls".to_owned(), object("")],
        vec!["presign".to_owned(), object("k")],
    ]) {
        place
            .cos(&arguments)
            .await
            .exits(4)
            .says(&["error: no credentials", "hint: set COS_SECRET_ID"]);
    }
    assert_eq!(emulator.log().len(), 0);
    emulator.shutdown().await.unwrap();
}

#[tokio::test]
async fn anonymous_access_denied_is_4() {
    let emulator = one_object().await;
    let place = Place::with_keys(&emulator);
    place
        .cos(["cat", &object("k"), "--anonymous"])
        .await
        .exits(4)
        .says(&["code: AccessDenied", "request id: "]);
    emulator.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_missing_key_is_3() {
    let emulator = one_object().await;
    let place = Place::with_keys(&emulator);
    for arguments in readers("gone") {
        let ran = place
            .cos(&arguments)
            .await
            .exits(3)
            .says(&["status: 404", "request id: "]);
        if arguments[0] != "stat" {
            ran.says(&["code: NoSuchKey", "message: ", "resource: ", "trace id: "]);
        }
    }
    assert_eq!(place.names(), [] as [&str; 0]);
    emulator.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_missing_bucket_is_3() {
    let emulator = one_object().await;
    let place = Place::with_keys(&emulator);
    for arguments in [
        ["cp", "cos://gone-1250000000/k", "out"].as_slice(),
        &["cat", "cos://gone-1250000000/k"],
        &["ls", "cos://gone-1250000000/"],
        &["ls", "--versions", "cos://gone-1250000000/"],
    ] {
        place.cos(arguments).await.exits(3).says(&[
            "code: NoSuchBucket",
            "request id: ",
            "hint: a bucket's full name",
        ]);
    }
    place
        .cos(["stat", "cos://gone-1250000000/k"])
        .await
        .exits(3)
        .says(&["status: 404"]);
    emulator.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_missing_version_is_3() {
    let bucket = MemoryBucket::new(BUCKET).versioned();
    bucket.put("k", Object::new("content"));
    let emulator = serve(bucket).await;
    let place = Place::with_keys(&emulator);
    place
        .cos(["cat", &object("k"), "--version-id", "MTg0NDUxMjM"])
        .await
        .exits(3)
        .says(&["code: NoSuchVersion"]);
    emulator.shutdown().await.unwrap();
}

#[tokio::test]
async fn an_archived_object_is_1_and_says_what_to_do() {
    let emulator = emulator([("cold", Object::new("content").archived())]).await;
    let place = Place::with_keys(&emulator);
    for arguments in &readers("cold")[..2] {
        place.cos(arguments).await.exits(1).says(&[
            "code: InvalidObjectState",
            "status: 403",
            "message: ",
            "request id: ",
            "trace id: ",
            "hint: the object is archived: restore it first",
        ]);
    }
    place.cos(["stat", &object("cold")]).await.exits(0);
    assert_eq!(place.names(), [] as [&str; 0]);
    emulator.shutdown().await.unwrap();
}

#[tokio::test]
async fn an_expired_signature_is_4() {
    let emulator = one_object().await;
    // The service's clock is two hours ahead: what is signed now has expired there.
    emulator
        .faults()
        .script(When::get(), Fault::new().clock_skew(2 * 3600));
    let place = Place::with_keys(&emulator);
    place
        .cos(["cp", &object("k"), "out"])
        .await
        .exits(4)
        .says(&[
            "status: 403",
            "code: ",
            "message: ",
            "request id: ",
            "hint: ",
        ]);
    assert_eq!(place.names(), [] as [&str; 0]);
    emulator.shutdown().await.unwrap();
}

#[tokio::test]
async fn an_expired_token_is_4() {
    let emulator = one_object().await;
    emulator.faults().script(
        When::get(),
        Fault::new().error(StatusCode::BAD_REQUEST, "ExpiredToken"),
    );
    let place = Place::with_keys(&emulator).env("COS_TOKEN", TOKEN);
    place
        .cos(["cat", &object("k")])
        .await
        .exits(4)
        .says(&["code: ExpiredToken", "hint: "]);
    emulator.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_token_is_sent_and_signed() {
    let credentials = cos_emulator::Credentials::new(SECRET_ID, SECRET_KEY)
        .unwrap()
        .with_token(TOKEN)
        .unwrap();
    let bucket = MemoryBucket::new(BUCKET);
    bucket.put("k", Object::new("content"));
    let emulator = Emulator::builder()
        .bucket(bucket)
        .credentials(credentials)
        .start()
        .await
        .unwrap();
    let place = Place::with_keys(&emulator).env("COS_TOKEN", TOKEN);
    assert_eq!(
        place.cos(["cat", &object("k")]).await.exits(0).stdout,
        "content"
    );
    emulator.shutdown().await.unwrap();
}

#[tokio::test]
async fn conditions_that_do_not_hold_are_5() {
    let emulator = one_object().await;
    let place = Place::with_keys(&emulator);
    let etag = place
        .cos(["--json", "stat", &object("k")])
        .await
        .exits(0)
        .json()["etag"]
        .as_str()
        .unwrap()
        .to_owned();
    let long_ago = "2001-01-01T00:00:00Z";
    let far_off = "2999-01-01T00:00:00Z";
    for (options, status) in [
        (["--if-match", "\"0123456789abcdef\""], "status: 412"),
        (["--if-none-match", &etag], "status: 304"),
        (["--if-unmodified-since", long_ago], "status: 412"),
        (["--if-modified-since", far_off], "status: 304"),
    ] {
        let arguments = ["cp", &object("k"), "out", options[0], options[1]];
        place.cos(arguments).await.exits(5).says(&[status]);
        assert_eq!(place.names(), [] as [&str; 0]);
    }
    for options in [
        ["--if-match", &etag],
        ["--if-none-match", "\"0123456789abcdef\""],
        ["--if-unmodified-since", far_off],
        ["--if-modified-since", long_ago],
    ] {
        assert_eq!(
            place
                .cos(["cat", &object("k"), options[0], options[1]])
                .await
                .exits(0)
                .stdout,
            "content"
        );
    }
    emulator.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_range_outside_the_object_is_1_and_says_its_size() {
    let emulator = one_object().await;
    let place = Place::with_keys(&emulator);
    place
        .cos(["cat", &object("k"), "--range", "bytes=100-200"])
        .await
        .exits(1)
        .says(&[
            "status: 416",
            "code: InvalidRange",
            "hint: the object has 7 bytes",
        ]);
    emulator.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_service_that_fails_is_1_and_one_request() {
    let emulator = one_object().await;
    let place = Place::with_keys(&emulator).once();
    for status in [
        StatusCode::INTERNAL_SERVER_ERROR,
        StatusCode::SERVICE_UNAVAILABLE,
    ] {
        let before = emulator.log().len();
        emulator
            .faults()
            .script(When::get(), Fault::new().status(status));
        place
            .cos(["cp", &object("k"), "out"])
            .await
            .exits(1)
            .says(&["code: ", "request id: "]);
        assert_eq!(emulator.log().len(), before + 1);
    }
    emulator.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_redirect_is_not_followed_and_its_target_sees_nothing() {
    let emulator = one_object().await;
    let elsewhere = one_object().await;
    let target = format!("{}/stolen?q-signature=0123456789abcdef", elsewhere.url());
    emulator.faults().script(
        When::get(),
        Fault::new().redirect(StatusCode::FOUND, &target),
    );
    let place = Place::with_keys(&emulator);
    let ran = place
        .cos(["cp", &object("k"), "out"])
        .await
        .exits(1)
        .says(&["hint: redirects are not followed"]);
    assert!(!ran.stderr.contains("q-signature"), "{ran:#?}");
    assert_eq!(elsewhere.log().len(), 0);
    emulator.shutdown().await.unwrap();
    elsewhere.shutdown().await.unwrap();
}

#[tokio::test]
async fn one_kilobyte_costs_one_request() {
    let emulator = emulator([("k", Object::generated(1, 1024))]).await;
    let place = Place::with_keys(&emulator);
    place.cos(["cp", &object("k"), "out"]).await.exits(0);
    assert_eq!(emulator.log().len(), 1);
    emulator.shutdown().await.unwrap();
}
