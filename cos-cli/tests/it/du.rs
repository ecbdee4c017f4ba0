//! `cos du`: how many objects, how many bytes, of which storage class.

use cos_emulator::{Fault, MemoryBucket, Object, When};

use crate::common::{BUCKET, Place, closed_url, emulator, object, serve};

#[tokio::test]
async fn objects_and_bytes_are_summed_by_storage_class() {
    let emulator = emulator([
        ("a", Object::new("12345")),
        (
            "logs/cold",
            Object::new("x".repeat(3000)).storage_class("ARCHIVE"),
        ),
        ("logs/folder/", Object::new("")),
        ("logs/warm", Object::generated(1, 2_000_000)),
        ("logs/x/deep", Object::new("1")),
    ])
    .await;
    let place = Place::with_keys(&emulator);
    insta::assert_snapshot!(place.cos(["du", &object("logs/")]).await.exits(0).stdout, @r"
             1              3000     2.9 KiB  ARCHIVE
             3           2000001     1.9 MiB  STANDARD
             4           2003001     1.9 MiB  total
    ");
    insta::assert_snapshot!(place.cos(["du", "--json", &object("")]).await.exits(0).stdout, @r#"{"objects":5,"bytes":2003006,"by_storage_class":{"ARCHIVE":{"objects":1,"bytes":3000},"STANDARD":{"objects":4,"bytes":2000006}}}"#);
    emulator.shutdown().await.unwrap();
}

#[tokio::test]
async fn nothing_is_nothing_and_no_failure() {
    let emulator = emulator([("a", Object::new("12345"))]).await;
    let place = Place::with_keys(&emulator);
    insta::assert_snapshot!(place.cos(["du", &object("b")]).await.exits(0).stdout, @"         0                 0         0 B  total");
    insta::assert_snapshot!(place.cos(["du", "--json", &object("b")]).await.exits(0).stdout, @r#"{"objects":0,"bytes":0,"by_storage_class":{}}"#);
    emulator.shutdown().await.unwrap();
}

#[tokio::test]
async fn what_breaks_off_half_way_prints_no_sum() {
    let bucket = MemoryBucket::new(BUCKET);
    for number in 0..2500 {
        bucket.put(format!("k{number:05}"), Object::new("1"));
    }
    let emulator = serve(bucket).await;
    let place = Place::with_keys(&emulator).once();
    place.cos(["du", &object("")]).await.exits(0);
    for arguments in [["du"].as_slice(), &["du", "--json"]] {
        emulator.faults().script(
            When::list().nth(3),
            Fault::new().error(http::StatusCode::SERVICE_UNAVAILABLE, "SlowDown"),
        );
        let ran = place
            .cos(arguments.iter().copied().chain([object("").as_str()]))
            .await
            .exits(1)
            .says(&["error: cannot list cos://", "status: 503"]);
        assert_eq!(ran.stdout, "");
    }
    emulator.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_storage_class_that_would_move_the_cursor_is_shown() {
    let class = "A\u{1b}[2J\u{202e}B";
    let emulator = emulator([("k", Object::new("1"))]).await;
    let page = format!(
        "<ListBucketResult><IsTruncated>false</IsTruncated><Contents><Key>k</Key>\
         <LastModified>2020-12-10T03:37:30.000Z</LastModified><Size>1</Size>\
         <StorageClass>{class}</StorageClass></Contents></ListBucketResult>"
    );
    let place = Place::with_keys(&emulator);
    for (json, shown) in [
        (false, r"A\u{1b}[2J\u{202e}B"),
        (true, r#""A\u001b[2J\u202eB""#),
    ] {
        let fault = Fault::new().body(http::StatusCode::OK, "application/xml", page.clone());
        emulator.faults().script(When::list(), fault);
        let arguments = ["du".to_owned(), object("")];
        let json = json.then(|| "--json".to_owned());
        let ran = place.cos(arguments.into_iter().chain(json)).await.exits(0);
        assert!(ran.stdout.contains(shown), "{ran:#?}");
        assert!(!ran.stdout.contains(['\u{1b}', '\u{202e}']), "{ran:#?}");
    }
    emulator.shutdown().await.unwrap();
}

#[tokio::test]
async fn what_the_service_refuses_is_told() {
    let emulator = emulator([]).await;
    let place = Place::with_keys(&emulator);
    let ran = place
        .cos(["du", "cos://nobucket-1250000000/logs/"])
        .await
        .exits(3);
    assert_eq!(ran.stdout, "");
    // What differs from run to run.
    let differs = ["  request id: ", "  trace id: ", "  resource: "];
    let told: Vec<_> = ran
        .stderr
        .lines()
        .filter(|line| !differs.iter().any(|name| line.starts_with(name)))
        .collect();
    insta::assert_snapshot!(told.join("\n"), @r"
    error: cannot list cos://nobucket-1250000000/logs/: the service refused the request: 404 NoSuchBucket: The specified bucket does not exist.
      code: NoSuchBucket
      status: 404
      message: The specified bucket does not exist.
    hint: a bucket's full name ends in its APPID, and it lives in one region: check the name and --region
    ");
    emulator.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_bucket_is_asked_for_and_reached() {
    let place = Place::anonymous(&closed_url()).once();
    place.cos(["du"]).await.exits(2);
    place.cos(["du", "--anonymous", "b/k"]).await.exits(2);
    place.cos(["du", "--anonymous", &object("")]).await.exits(8);
}
