//! `cos ls`: one level, all keys, versions, buckets; pages; names that would move a cursor.

use std::time::{Duration, SystemTime};

use cos_emulator::{Fault, MemoryBucket, Object, When};

use crate::common::{BUCKET, Place, SECRET_ID, SECRET_KEY, emulator, object, serve};

/// An object with a time that is the same in every run.
fn at(second: u64, content: &str) -> Object {
    Object::new(content.to_owned())
        .last_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000 + second))
}

#[tokio::test]
async fn one_level_shows_folders_and_objects() {
    let emulator = emulator([
        ("a.txt", at(0, "12345")),
        ("dir/b", at(1, "1")),
        ("dir/c/d", at(2, "")),
        ("z", at(3, "12")),
    ])
    .await;
    let place = Place::with_keys(&emulator);
    insta::assert_snapshot!(place.cos(["ls", &object("")]).await.exits(0).stdout, @r"
    2023-11-14T22:13:20Z              5  a.txt
                                    DIR  dir/
    2023-11-14T22:13:23Z              2  z
    ");
    insta::assert_snapshot!(place.cos(["ls", &object("dir/")]).await.exits(0).stdout, @r"
    2023-11-14T22:13:21Z              1  dir/b
                                    DIR  dir/c/
    ");
    insta::assert_snapshot!(place.cos(["ls", "-r", &object("dir/")]).await.exits(0).stdout, @r"
    2023-11-14T22:13:21Z              1  dir/b
    2023-11-14T22:13:22Z              0  dir/c/d
    ");
    emulator.shutdown().await.unwrap();
}

#[tokio::test]
async fn nothing_below_a_prefix_is_an_empty_list() {
    let emulator = emulator([("a", Object::new(""))]).await;
    let place = Place::with_keys(&emulator);
    let ran = place.cos(["ls", &object("nothing/")]).await.exits(0);
    assert_eq!((ran.stdout.as_str(), ran.stderr.as_str()), ("", ""));
    emulator.shutdown().await.unwrap();
}

#[tokio::test]
async fn json_is_one_object_a_line() {
    let emulator = emulator([
        ("a.txt", at(0, "12345")),
        ("cold", at(1, "").storage_class("ARCHIVE")),
        ("dir/b", at(2, "1")),
    ])
    .await;
    let place = Place::with_keys(&emulator);
    insta::assert_snapshot!(place.cos(["ls", "--json", &object("")]).await.exits(0).stdout, @r#"
    {"key":"a.txt","size":5,"etag":"827ccb0eea8a706c4c34a16891f84e7b","last_modified":"2023-11-14T22:13:20Z","storage_class":"STANDARD"}
    {"key":"cold","size":0,"etag":"d41d8cd98f00b204e9800998ecf8427e","last_modified":"2023-11-14T22:13:21Z","storage_class":"ARCHIVE"}
    {"prefix":"dir/"}
    "#);
    emulator.shutdown().await.unwrap();
}

#[tokio::test]
async fn versions_and_delete_markers_are_told_apart() {
    let bucket = MemoryBucket::new(BUCKET).versioned();
    bucket.put("k", at(0, "first"));
    bucket.put("k", at(1, "second!"));
    bucket.put("gone", at(2, "x"));
    bucket.delete("gone");
    let emulator = serve(bucket).await;
    let place = Place::with_keys(&emulator);
    let text = place
        .cos(["ls", "--versions", "-r", &object("")])
        .await
        .exits(0)
        .stdout;
    let shown: Vec<Vec<&str>> = text
        .lines()
        .map(|line| line.split_whitespace().skip(1).collect())
        .collect();
    assert_eq!(shown.len(), 4, "{text}");
    assert_eq!(
        (shown[0][0], shown[0][1], shown[0][3]),
        ("deleted", "*", "gone")
    );
    assert_eq!((shown[1][0], shown[1][2]), ("1", "gone"));
    assert_eq!((shown[2][0], shown[2][1], shown[2][3]), ("7", "*", "k"));
    assert_eq!((shown[3][0], shown[3][2]), ("5", "k"));

    let records = place
        .cos(["ls", "--versions", "-r", "--json", &object("")])
        .await
        .exits(0)
        .json_lines();
    let told: Vec<_> = records
        .iter()
        .map(|record| {
            (
                record["key"].as_str().unwrap(),
                record["is_latest"] == true,
                record["delete_marker"] == true,
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            ("gone", true, true),
            ("gone", false, false),
            ("k", true, false),
            ("k", false, false)
        ]
    );
    assert_eq!(records[0]["size"], serde_json::Value::Null);
    assert_eq!(records[2]["version_id"].as_str().unwrap(), shown[2][2]);
    let names: Vec<_> = records[2].as_object().unwrap().keys().cloned().collect();
    assert_eq!(names.len(), 8, "{names:?}");
    emulator.shutdown().await.unwrap();
}

#[tokio::test]
async fn without_a_place_the_accounts_buckets_are_listed() {
    let emulator = emulator([]).await;
    let place = Place::with_keys(&emulator);
    let text = place.cos(["ls"]).await.exits(0).stdout;
    assert!(
        text.ends_with(&format!("  {BUCKET}\n")) && text.lines().count() == 1,
        "{text}"
    );
    let record = place.cos(["ls", "--json"]).await.exits(0).json();
    assert_eq!(record["bucket"], BUCKET);
    assert!(
        record["creation_date"].is_string() && record["region"].is_string(),
        "{record}"
    );
    emulator.shutdown().await.unwrap();
}

#[tokio::test]
async fn buckets_of_all_regions_are_asked_of_the_service() {
    let emulator = emulator([]).await;
    let place = Place::bare()
        .env("COS_SECRET_ID", SECRET_ID)
        .env("COS_SECRET_KEY", SECRET_KEY);
    let addr = emulator.addr().to_string();
    let there = ["ls", "--connect-to", &addr];
    // A region that is set for other commands hides no bucket.
    place
        .cos(
            there
                .iter()
                .chain(&["--scheme", "http", "--region", "ap-beijing"]),
        )
        .await
        .exits(0);
    let log = emulator.log();
    assert_eq!(
        (log[0].host(), log[0].query()),
        ("service.cos.myqcloud.com", "")
    );
    // None is needed either; then it is https, which this endpoint does not speak.
    place
        .cos(there)
        .await
        .exits(8)
        .says(&["service.cos.myqcloud.com"]);
    place
        .cos(["ls", "--domain", "cdn.example.com"])
        .await
        .exits(2);
    assert_eq!(emulator.log().len(), 1);
    emulator.shutdown().await.unwrap();
}

#[tokio::test]
async fn buckets_come_page_by_page_and_always_forward() {
    let emulator = emulator([]).await;
    let place = Place::with_keys(&emulator);
    let page = |bucket: &str, truncated: bool, next: &str| {
        let body = format!(
            "<ListAllMyBucketsResult><Buckets><Bucket><Name>{bucket}</Name>\
             <CreationDate>2020-12-10T03:37:30Z</CreationDate></Bucket></Buckets>\
             <IsTruncated>{truncated}</IsTruncated>{next}</ListAllMyBucketsResult>"
        );
        Fault::new().body(http::StatusCode::OK, "application/xml", body)
    };
    let next = |marker: &str| format!("<NextMarker>{marker}</NextMarker>");

    emulator
        .faults()
        .script(When::get(), page("a-1", true, &next("a-1")));
    emulator
        .faults()
        .script(When::get(), page("b-1", false, ""));
    let text = place.cos(["ls"]).await.exits(0).stdout;
    assert_eq!(text.lines().count(), 2, "{text}");
    assert_eq!(emulator.log()[1].query(), "marker=a-1");

    for endless in [page("a-1", true, &next("a-1")), page("a-1", true, "")] {
        emulator.clear_log();
        emulator.faults().script(When::get().times(2), endless);
        place
            .cos(["ls"])
            .await
            .exits(1)
            .says(&["listing goes back to \"a-1\""]);
        assert!(emulator.log().len() <= 2);
        emulator.faults().clear();
    }
    emulator.shutdown().await.unwrap();
}

#[tokio::test]
async fn two_thousand_five_hundred_keys_come_in_three_pages() {
    let bucket = MemoryBucket::new(BUCKET);
    for number in 0..2500 {
        bucket.put(format!("key-{number:05}"), Object::new(""));
    }
    let emulator = serve(bucket).await;
    let place = Place::with_keys(&emulator);
    let text = place.cos(["ls", "-r", &object("")]).await.exits(0).stdout;
    let keys: Vec<_> = text
        .lines()
        .map(|line| line.rsplit(' ').next().unwrap().to_owned())
        .collect();
    let expected: Vec<_> = (0..2500).map(|number| format!("key-{number:05}")).collect();
    assert_eq!(keys, expected);
    assert_eq!(emulator.log().len(), 3);
    emulator.shutdown().await.unwrap();
}

#[tokio::test]
async fn what_came_before_a_listing_broke_off_is_printed_and_the_end_is_no_success() {
    let bucket = MemoryBucket::new(BUCKET);
    for number in 0..2_500 {
        bucket.put(format!("{number:04}"), Object::new(""));
    }
    let emulator = serve(bucket).await;
    let place = Place::with_keys(&emulator).once();
    let fault = Fault::new().error(http::StatusCode::SERVICE_UNAVAILABLE, "SlowDown");
    emulator.faults().script(When::list().nth(3), fault);
    let ran = place
        .cos(["ls", "-r", &object("")])
        .await
        .exits(1)
        .says(&["error: cannot list cos://", "code: SlowDown"]);
    assert_eq!(ran.stdout.lines().count(), 2_000);
    assert!(ran.stdout.ends_with("  1999\n"));
    emulator.shutdown().await.unwrap();
}

#[tokio::test]
async fn an_ofs_bucket_is_walked_into() {
    let bucket = MemoryBucket::new(BUCKET).ofs();
    for key in ["a", "dir/b", "dir/deep/c", "z"] {
        bucket.put(key, Object::new(""));
    }
    let emulator = serve(bucket).await;
    let place = Place::with_keys(&emulator);
    let records = place
        .cos(["ls", "-r", "--json", &object("")])
        .await
        .exits(0)
        .json_lines();
    let mut keys: Vec<_> = records
        .iter()
        .filter_map(|record| record["key"].as_str())
        .collect();
    keys.sort_unstable();
    assert_eq!(keys, ["a", "dir/b", "dir/deep/c", "z"]);
    emulator.shutdown().await.unwrap();
}

#[tokio::test]
async fn names_that_would_move_a_cursor_are_shown_and_in_json_exact() {
    let key = "evil\u{1b}[2J\u{202e}\n\r\tname";
    let emulator = emulator([(key, at(0, "x"))]).await;
    let place = Place::with_keys(&emulator);
    let ran = place.cos(["ls", "-r", &object("")]).await.exits(0);
    assert_eq!(
        ran.stdout,
        "2023-11-14T22:13:20Z              1  evil\\u{1b}[2J\\u{202e}\\n\\r\\tname\n"
    );
    let ran = place
        .cos(["ls", "-r", "--json", &object("")])
        .await
        .exits(0);
    assert_eq!(ran.json()["key"], key);
    let ran = place.cos(["cp", &object(key), "out"]).await.exits(0);
    assert!(
        !ran.stderr.contains('\u{1b}') && ran.stderr.lines().count() == 1,
        "{ran:#?}"
    );
    let ran = place
        .cos(["cp", &object("gone\u{1b}[2J\nx"), "out"])
        .await
        .exits(3);
    assert!(
        !ran.stderr.contains('\u{1b}') && !ran.stderr.contains("\nx"),
        "{ran:#?}"
    );
    emulator.shutdown().await.unwrap();
}

#[tokio::test]
async fn listings_that_are_none_end_with_an_error() {
    let emulator = emulator([("a", Object::new("")), ("b", Object::new(""))]).await;
    let place = Place::with_keys(&emulator).once();
    let page = |inner: &str| format!("<ListBucketResult><Name>n</Name>{inner}</ListBucketResult>");
    let standing_still = page(
        "<Prefix/><Marker/><IsTruncated>true</IsTruncated><NextMarker>a</NextMarker>\
         <Contents><Key>a</Key><LastModified>2020-12-10T03:37:30.000Z</LastModified><ETag>\"e\"</ETag><Size>1</Size></Contents>",
    );
    for (name, body) in [
        ("html", "<html><body>log in</body></html>".to_owned()),
        ("wrong root", "<ListVersionsResult/>".to_owned()),
        ("truncated", "<ListBucketResult><Name>n</Na".to_owned()),
        (
            "trailing data",
            page("<Prefix/><IsTruncated>false</IsTruncated>") + "<more/>",
        ),
        (
            "bad escape",
            page(
                "<EncodingType>url</EncodingType><Prefix>%zz</Prefix><IsTruncated>false</IsTruncated>",
            ),
        ),
        (
            "entity",
            "<!DOCTYPE x [<!ENTITY a \"b\">]>".to_owned() + &page("<Prefix>&a;</Prefix>"),
        ),
        ("empty", String::new()),
    ] {
        emulator.faults().script(
            When::get(),
            Fault::new().body(http::StatusCode::OK, "application/xml", body),
        );
        let ran = place.cos(["ls", "-r", &object("")]).await;
        assert_eq!(ran.exit, Some(1), "{name}: {ran:#?}");
        assert!(
            ran.stderr.starts_with("error: cannot list cos://"),
            "{name}: {ran:#?}"
        );
    }
    // The second page repeats the first one.
    emulator.faults().script(
        When::get().times(2),
        Fault::new().body(http::StatusCode::OK, "application/xml", standing_still),
    );
    place.cos(["ls", "-r", &object("")]).await.exits(1);
    emulator.shutdown().await.unwrap();
}
