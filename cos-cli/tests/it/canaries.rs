//! Secrets are in no output: not with `-vvv`, not with `RUST_LOG=trace`, not in an error.

use cos_emulator::{Credentials, Emulator, Fault, MemoryBucket, Object, When};
use http::StatusCode;

use crate::common::{BUCKET, Place, SECRET_ID, SECRET_KEY, TOKEN, closed_url, object};
use crate::serve::{Served, folder};

/// What must not be seen: the key, the token raw and encoded, the beginning of any signature, the
/// derived key.
#[track_caller]
fn assert_no_secret(what: &str, stdout: &[u8], stderr: &[u8]) {
    let output = [stdout, stderr].concat();
    let output = String::from_utf8_lossy(&output);
    for secret in [
        SECRET_KEY,
        TOKEN,
        "canarytoken",
        "canarysecret",
        "wrongcanary",
    ] {
        assert!(!output.contains(secret), "{what}: {secret} in {output}");
    }
    for (at, _) in output.match_indices("q-signature=") {
        let rest = &output[at + "q-signature=".len()..];
        assert!(
            !rest.starts_with(|c: char| c.is_ascii_hexdigit()),
            "{what}: a signature in {output}"
        );
    }
}

async fn endpoint() -> Emulator {
    let credentials = Credentials::new(SECRET_ID, SECRET_KEY)
        .unwrap()
        .with_token(TOKEN)
        .unwrap();
    let bucket = MemoryBucket::new(BUCKET).versioned();
    bucket.put("k", Object::new("content"));
    bucket.put("cold", Object::new("content").archived());
    Emulator::builder()
        .bucket(bucket)
        .credentials(credentials)
        .start()
        .await
        .unwrap()
}

/// The ways to make it talk.
const TALKATIVE: [&[(&str, &str)]; 2] = [&[], &[("RUST_LOG", "trace")]];

#[tokio::test]
async fn no_command_shows_a_secret() {
    let emulator = endpoint().await;
    for variables in TALKATIVE {
        let mut place = Place::with_keys(&emulator).env("COS_TOKEN", TOKEN);
        for (name, value) in variables {
            place = place.env(name, value);
        }
        let (k, gone, cold, all) = (object("k"), object("gone"), object("cold"), object(""));
        for (arguments, exit) in [
            (vec!["cp", &k, "out"], 0),
            (vec!["cp", &gone, "out"], 3),
            (vec!["cp", &cold, "out"], 1),
            (vec!["cp", &k, "/dev/null"], 9),
            (vec!["cp", &k, "out", "--if-match", "abc"], 5),
            (vec!["cp", &k, "out", "--json"], 0),
            (vec!["cp", "-r", &all, "all"], 7),
            (vec!["sync", &k, "all", "--json"], 0),
            (vec!["du", &all], 0),
            (vec!["cat", &k], 0),
            (vec!["cat", &k, "--range", "bytes=0-1"], 0),
            (vec!["stat", &k], 0),
            (vec!["stat", &gone], 3),
            (vec!["ls"], 0),
            (vec!["ls", &all], 0),
            (vec!["ls", "-r", &all, "--versions"], 0),
        ] {
            let output = place
                .command([&["-vvv"], arguments.as_slice()].concat())
                .output()
                .await
                .unwrap();
            assert_eq!(
                output.status.code(),
                Some(exit),
                "{arguments:?}: {}",
                String::from_utf8_lossy(&output.stderr)
            );
            assert_no_secret(&format!("{arguments:?}"), &output.stdout, &output.stderr);
            // It did talk.
            assert!(!output.stderr.is_empty(), "{arguments:?}");
        }
    }
    emulator.shutdown().await.unwrap();
}

#[tokio::test]
async fn the_demo_shows_no_secret() {
    let output = Place::bare()
        .env("RUST_LOG", "trace")
        .command(["-vvv", "demo"])
        .output()
        .await
        .unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert!(!output.stderr.is_empty());
    for secret in ["demosecretkey", "wrongsecretkey"] {
        for stream in [&output.stdout, &output.stderr] {
            assert!(
                !String::from_utf8_lossy(stream).contains(secret),
                "{output:?}"
            );
        }
    }
    assert_no_secret("demo", &output.stdout, &output.stderr);
}

#[tokio::test]
async fn no_refusal_and_no_fault_shows_a_secret() {
    let emulator = endpoint().await;
    let faults = [
        (Fault::new().status(StatusCode::FORBIDDEN), 4),
        (
            Fault::new().error(StatusCode::BAD_REQUEST, "ExpiredToken"),
            4,
        ),
        (
            Fault::new().redirect(
                StatusCode::FOUND,
                "http://127.0.0.1:1/?q-signature=abcdef0123&x-cos-security-token=canarytoken",
            ),
            1,
        ),
        (Fault::new().corrupt(0), 6),
        (Fault::new().reset(), 8),
        (Fault::new().close_after(3), 6),
        (Fault::new().raw("not http\r\n\r\n"), 8),
        (Fault::new().clock_skew(7200), 4),
    ];
    for variables in TALKATIVE {
        let mut place = Place::with_keys(&emulator).once().env("COS_TOKEN", TOKEN);
        for (name, value) in variables {
            place = place.env(name, value);
        }
        for (fault, exit) in &faults {
            emulator.faults().script(When::get(), fault.clone());
            let output = place
                .command(["-vvv", "cp", &object("k"), "out"])
                .output()
                .await
                .unwrap();
            assert_eq!(
                output.status.code(),
                Some(*exit),
                "{fault:?}: {}",
                String::from_utf8_lossy(&output.stderr)
            );
            assert_no_secret(&format!("{fault:?}"), &output.stdout, &output.stderr);
        }
        let place = place.env("COS_SECRET_KEY", "wrongcanarywrongcanarywrongcanar");
        let output = place
            .command(["-vvv", "cat", &object("k")])
            .output()
            .await
            .unwrap();
        assert_eq!(output.status.code(), Some(4));
        assert_no_secret("wrong key", &output.stdout, &output.stderr);
        let place = place.env("COS_ENDPOINT", &closed_url());
        let output = place
            .command(["-vvv", "cat", &object("k")])
            .output()
            .await
            .unwrap();
        assert_eq!(output.status.code(), Some(8));
        assert_no_secret("closed port", &output.stdout, &output.stderr);
    }
    emulator.shutdown().await.unwrap();
}

#[tokio::test]
async fn presign_puts_its_url_on_stdout_and_no_part_of_the_secret_elsewhere() {
    let emulator = endpoint().await;
    for variables in TALKATIVE {
        let mut place = Place::with_keys(&emulator).env("COS_TOKEN", TOKEN);
        for (name, value) in variables {
            place = place.env(name, value);
        }
        let ran = place.cos(["-vvv", "presign", &object("k")]).await.exits(0);
        // The token belongs into the URL, encoded; the key never.
        assert!(ran.stdout.contains("q-signature=") && !ran.stdout.contains(SECRET_KEY));
        let signature = ran.stdout.split("q-signature=").nth(1).unwrap()[..40].to_owned();
        assert!(!ran.stderr.contains(&signature), "{ran:#?}");
        assert_no_secret("presign", b"", ran.stderr.as_bytes());
    }
    emulator.shutdown().await.unwrap();
}

#[tokio::test]
async fn serving_shows_no_secret_of_its_own_or_of_its_clients() {
    for variables in TALKATIVE {
        let mut place = folder(&["k"]).env("COS_TOKEN", TOKEN);
        for (name, value) in variables {
            place = place.env(name, value);
        }
        let mut child = place.command(["-vvv", "serve", "buckets"]).spawn().unwrap();
        let served = Served::of(&mut child).await;
        let client = Place::anonymous(&served)
            .env("COS_SECRET_ID", SECRET_ID)
            .env("COS_SECRET_KEY", SECRET_KEY)
            .env("COS_TOKEN", TOKEN);
        client.cos(["cat", &object("k")]).await.exits(0);
        let client = client.env("COS_SECRET_KEY", "wrongcanarywrongcanarywrongcanar");
        client.cos(["cat", &object("k")]).await.exits(4);
        child.start_kill().unwrap();
        let output = child.wait_with_output().await.unwrap();
        assert_no_secret("serve", &output.stdout, &output.stderr);
    }
}

#[tokio::test]
async fn a_broken_configuration_file_shows_no_secret() {
    let place = Place::bare();
    for text in [
        "[profile.a]\nsecret_key = canarysecret\n",
        "[profile.a]\nsecret_key = \"canarysecret\nregion = 1\n",
    ] {
        std::fs::write(place.path("c.toml"), text).unwrap();
        let ran = place
            .cos(["-vvv", "--config", "c.toml", "cat", &object("k")])
            .await
            .exits(2);
        assert_no_secret(text, ran.stdout.as_bytes(), ran.stderr.as_bytes());
    }
}
