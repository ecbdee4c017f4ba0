//! What is refused before anything is sent: exit 2.

use cos_emulator::Object;

use crate::common::{BUCKET, Place, SECRET_ID, SECRET_KEY, emulator, object};

#[tokio::test]
async fn command_lines_that_make_no_sense_are_2() {
    let emulator = emulator([("k", Object::new("content"))]).await;
    let place = Place::with_keys(&emulator);
    let k = object("k");
    for arguments in [
        vec![],
        vec!["nonsense"],
        vec!["cp"],
        vec!["cp", &k],
        vec!["cp", &k, "out", "more"],
        vec!["cp", "k", "out"],
        vec!["cp", "s3://b/k", "out"],
        vec!["cp", "cos://", "out"],
        vec!["cp", "cos:///k", "out"],
        vec!["cp", "cos://b", "out"],
        vec!["cp", "cos://UPPER-1/k", "out"],
        vec!["cat", "cos://a.b-1/k"],
        vec!["cat", &k, "--range", "bytes=5-2"],
        vec!["cat", &k, "--range", "5-6"],
        vec!["cat", &k, "--range", "bytes=0-1,3-4"],
        vec!["cat", &k, "--traffic-limit", "1"],
        vec!["cat", &k, "--traffic-limit", "838860801"],
        vec!["cat", &k, "--retries", "-1"],
        vec!["cat", &k, "--requests-per-second", "0"],
        vec!["cat", &k, "--limit-rate", "0"],
        vec!["cat", &k, "--limit-rate", "fast"],
        vec!["cat", &k, "--if-modified-since", "yesterday"],
        vec!["cat", &k, "--if-match", "a b"],
        vec!["cat", &k, "--no-crc64", "--require-crc64"],
        vec!["cat", &k, "--version-id", ""],
        vec![
            "cat",
            &k,
            "--response-content-type",
            "a\u{1}b",
            "--if-match",
            "",
        ],
        vec!["cat", &k, "--connect-timeout", "0s"],
        vec!["cat", &k, "--read-timeout", "soon"],
        vec!["cat", &k, "--connect-to", "nowhere"],
        vec!["cat", &k, "--proxy", "socks5://127.0.0.1:1"],
        vec!["cat", &k, "--proxy", "http://127.0.0.1:port"],
        vec!["cat", &k, "--scheme", "ftp"],
        vec!["cat", &k, "--scheme", "https"],
        vec!["cat", &k, "--endpoint", "ftp://x"],
        vec!["cat", &k, "--endpoint", "http://127.0.0.1:1/path"],
        vec!["cat", &k, "--endpoint", "http://user:pw@127.0.0.1:1"],
        vec!["cat", &k, "--endpoint", "http://x", "--domain", "y"],
        vec!["cat", &k, "--domain", "y", "--accelerate"],
        vec!["cat", &k, "--region", "no region"],
        vec![
            "cat",
            &k,
            "--region",
            "r",
            "--accelerate",
            "--addressing",
            "path",
        ],
        vec!["cat", &k, "--internal"],
        vec!["cat", &k, "--ca-cert", "missing.pem"],
        vec!["cat", &k, "--profile", "none"],
        vec!["cat", &k, "--config", "missing.toml"],
        vec!["cat", &k, "-q", "-v"],
        vec!["ls", "-r"],
        vec!["ls", "--versions"],
        vec!["presign", &k, "--expires", "0s"],
        vec!["presign", &k, "--expires", "366days"],
        vec!["presign", &k, "--range", "bytes=0-1"],
        vec!["serve", "missing"],
        vec!["serve", ".", "--listen", "nowhere"],
        vec!["cp", &k, "out", "--part-size", "0"],
        vec!["cp", &k, "out", "--part-size", "20 MB"],
        vec!["cp", &k, "out", "--parallel", "0"],
        vec!["cp", &k, "out", "-j", "1025"],
        vec!["cp", &k, "out", "--connections", "none"],
        vec!["cp", &k, "out", "--fsync", "sometimes"],
        vec!["cp", &k, "out", "--no-resume", "--trust-checkpoint"],
        vec!["cat", &k, "--no-resume"],
        vec!["cp", &k, "out", "--secret-key", "x"],
    ] {
        let ran = place.cos(&arguments).await;
        assert_eq!(ran.exit, Some(2), "{arguments:?}: {ran:#?}");
        assert_eq!(ran.stdout, "", "{arguments:?}");
        assert!(
            ran.stderr.starts_with("error: ") || arguments.is_empty(),
            "{arguments:?}: {ran:#?}"
        );
    }
    assert_eq!(emulator.log().len(), 0);
    assert_eq!(place.names(), [] as [&str; 0]);
    emulator.shutdown().await.unwrap();
}

#[tokio::test]
async fn without_a_region_it_says_what_to_set() {
    let place = Place::bare()
        .env("COS_SECRET_ID", SECRET_ID)
        .env("COS_SECRET_KEY", SECRET_KEY);
    place
        .cos(["cat", &object("k")])
        .await
        .exits(2)
        .says(&["error: no region", "hint: use --region, COS_REGION"]);
}

#[tokio::test]
async fn half_of_the_credentials_is_2() {
    let place = Place::bare()
        .env("COS_REGION", "ap-beijing")
        .env("COS_SECRET_ID", SECRET_ID);
    place
        .cos(["cat", &object("k")])
        .await
        .exits(2)
        .says(&["COS_SECRET_ID is set, but COS_SECRET_KEY is not"]);
    let place = place.env("COS_SECRET_KEY", " canary with blanks ");
    let ran = place
        .cos(["cat", &object("k")])
        .await
        .exits(2)
        .says(&["error: credentials of the environment"]);
    assert!(!ran.stderr.contains("canary with"), "{ran:#?}");
}

#[tokio::test]
async fn a_refused_endpoint_shows_no_password_and_no_query() {
    let place = Place::bare();
    for url in [
        "http://u:canary@h:1",
        "https://h/?q-signature=canary",
        "https://u:canary@h?canary",
    ] {
        let ran = place
            .cos(["cat", &object("k"), "--anonymous", "--endpoint", url])
            .await
            .exits(2);
        assert!(!ran.stderr.contains("canary"), "{ran:#?}");
    }
}

#[tokio::test]
async fn a_refused_command_line_moves_no_cursor() {
    let place = Place::bare();
    let ran = place.cos(["cat", "cos\u{1b}[2J\u{7}\r://x"]).await.exits(2);
    assert!(!ran.stderr.contains(['\u{1b}', '\u{7}', '\r']), "{ran:#?}");
}

/// The host of the URL that a set of options gives.
async fn host(options: &[&str]) -> String {
    let place = Place::bare()
        .env("COS_SECRET_ID", SECRET_ID)
        .env("COS_SECRET_KEY", SECRET_KEY);
    let object = object("k");
    let mut arguments = vec!["presign", object.as_str()];
    arguments.extend(options);
    let url = place.cos(&arguments).await.exits(0).stdout;
    url.split('?').next().unwrap().to_owned()
}

#[tokio::test]
async fn every_way_to_name_the_host_gives_its_url() {
    for (options, url) in [
        (
            vec!["--region", "ap-beijing"],
            format!("https://{BUCKET}.cos.ap-beijing.myqcloud.com/k"),
        ),
        (
            vec!["--region", "ap-beijing", "--scheme", "http"],
            format!("http://{BUCKET}.cos.ap-beijing.myqcloud.com/k"),
        ),
        (
            vec!["--region", "ap-beijing", "--internal"],
            format!("https://{BUCKET}.cos-internal.ap-beijing.tencentcos.cn/k"),
        ),
        (
            vec!["--accelerate"],
            format!("https://{BUCKET}.cos.accelerate.myqcloud.com/k"),
        ),
        (
            vec!["--accelerate", "--internal"],
            format!("https://{BUCKET}.cos-internal.accelerate.tencentcos.cn/k"),
        ),
        (
            vec!["--domain", "cdn.example.com"],
            "https://cdn.example.com/k".to_owned(),
        ),
        (
            vec!["--domain", "cdn.example.com:8080", "--scheme", "http"],
            "http://cdn.example.com:8080/k".to_owned(),
        ),
        (
            vec!["--endpoint", "http://127.0.0.1:9000"],
            format!("http://127.0.0.1:9000/{BUCKET}/k"),
        ),
        (
            vec!["--endpoint", "localhost:9000"],
            format!("https://localhost:9000/{BUCKET}/k"),
        ),
        (
            vec!["--endpoint", "localhost:9000", "--scheme", "http"],
            format!("http://localhost:9000/{BUCKET}/k"),
        ),
        (
            vec!["--endpoint", "https://cos.example.com"],
            format!("https://{BUCKET}.cos.example.com/k"),
        ),
        (
            vec![
                "--endpoint",
                "https://cos.example.com",
                "--addressing",
                "path",
            ],
            format!("https://cos.example.com/{BUCKET}/k"),
        ),
        (
            vec![
                "--endpoint",
                "http://localhost:9000",
                "--addressing",
                "virtual",
            ],
            format!("http://{BUCKET}.localhost:9000/k"),
        ),
    ] {
        assert_eq!(host(&options).await, url, "{options:?}");
    }
}
