//! The file, its profiles, its mode, and what its errors show.
#![cfg(unix)]

use std::fs;
use std::os::unix::fs::PermissionsExt;

use tempfile::TempDir;

use super::*;

fn file(text: &str, mode: u32) -> (TempDir, PathBuf) {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("config.toml");
    fs::write(&path, text).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
    (folder, path)
}

fn load(text: &str, mode: u32, name: Option<&str>) -> Result<Profile, String> {
    let (_folder, path) = file(text, mode);
    Profile::load(Some(&path), name, &Environment::default()).map_err(message)
}

fn message(error: Error) -> String {
    match error {
        Error::Failed(failed) => {
            format!("{} / {}", failed.message, failed.hint.unwrap_or_default())
        }
        Error::ClosedPipe | Error::Stopped(_) => String::new(),
    }
}

const TWO: &str = r#"
default_profile = "work"
[profile.work]
region = "ap-beijing"
secret_id = "AKIDexample"
secret_key = "canary-key"
[profile.home]
endpoint = "http://127.0.0.1:9000"
"#;

#[test]
fn the_default_profile_is_taken_unless_another_is_named() {
    assert_eq!(
        load(TWO, 0o600, None).unwrap().region.as_deref(),
        Some("ap-beijing")
    );
    assert_eq!(
        load(TWO, 0o600, Some("home")).unwrap().endpoint.as_deref(),
        Some("http://127.0.0.1:9000")
    );
    assert!(
        load(TWO, 0o600, Some("gone"))
            .unwrap_err()
            .contains(r#"has no profile "gone""#)
    );
}

#[test]
fn without_a_default_profile_nothing_is_taken() {
    let none = load("[profile.a]\nregion = \"r\"\n", 0o600, None).unwrap();
    assert_eq!((none.region, none.unchosen), (None, vec!["a".to_owned()]));
}

#[test]
fn a_file_with_a_key_must_be_closed_to_others() {
    for mode in [0o644, 0o640, 0o604, 0o660, 0o601] {
        let error = load(TWO, mode, None).unwrap_err();
        assert!(
            error.contains("others may open it") && error.contains("chmod 600"),
            "{error}"
        );
    }
    assert!(load(TWO, 0o400, None).is_ok());
}

#[test]
fn a_file_without_a_key_may_be_open_to_others() {
    assert!(
        load(
            "default_profile = \"a\"\n[profile.a]\nregion = \"r\"\n",
            0o644,
            None
        )
        .is_ok()
    );
}

#[test]
fn sizes_and_numbers_have_the_rules_of_their_options() {
    let profile = |lines: &str| {
        load(
            &format!("default_profile = \"p\"\n[profile.p]\n{lines}\n"),
            0o600,
            None,
        )
    };
    let said = profile("part_size = \"8MiB\"\nparallel = 3\nconnections = \"64\"").unwrap();
    assert_eq!(said.part_size, Some(8 << 20));
    assert_eq!(said.parallel.unwrap().get(), 3);
    assert_eq!(said.connections.unwrap().get(), 64);
    assert_eq!(
        profile("part_size = 1048576").unwrap().part_size,
        Some(1 << 20)
    );
    assert!(profile("").unwrap().part_size.is_none());
    for line in [
        "part_size = 0",
        "part_size = \"20 pounds\"",
        "parallel = 0",
        "parallel = -1",
        "connections = 1.5",
        "connections = [32]",
        "connections = 100000",
    ] {
        let error = profile(line).err().unwrap();
        assert!(error.contains("config.toml:3: "), "{line}: {error}");
    }
}

#[test]
fn an_unknown_word_is_refused_with_its_line() {
    let error = load("[profile.a]\nregoin = \"r\"\n", 0o600, None).unwrap_err();
    assert!(
        error.contains("config.toml:2: unknown field `regoin`"),
        "{error}"
    );
}

#[test]
fn no_error_quotes_a_secret() {
    for line in [
        "secret_key = canary-key",
        "secret_key = \"canary-key",
        "secret_key = 'canary-key' x",
        "secret_key = [\"canary-key\"]",
        "secret_key = { canary-key = 1 }",
        "secret_key = 1234567890123",
        "token = 1234567890123",
        "secret_key = \"canary-key\"\nsecret_key = \"canary-key\"",
        "secret_key = \"canary-key\"\nregion = 5",
    ] {
        let error = load(&format!("[profile.a]\n{line}\n"), 0o600, Some("a")).unwrap_err();
        assert!(
            !error.contains("canary") && !error.contains("1234567890123"),
            "{error}"
        );
        assert!(error.contains("config.toml:"), "{error}");
    }
}

/// Found by the fuzzer: what stands there is no profile, and serde says what it is instead.
#[test]
fn a_profile_without_a_name_shows_no_secret() {
    for line in ["secret_key = \"canary-key\"", "token = 1234567890123"] {
        let error = load(&format!("[profile]\n{line}\n"), 0o600, None).unwrap_err();
        assert!(
            !error.contains("canary") && !error.contains("1234567890123"),
            "{error}"
        );
        assert!(
            error.contains("config.toml:2: invalid type: expected"),
            "{error}"
        );
    }
}

#[test]
fn a_huge_file_is_refused() {
    let error = load(&"#".repeat(2 << 20), 0o600, None).unwrap_err();
    assert!(error.contains("larger than 1 MiB"), "{error}");
}

#[test]
fn a_named_file_must_exist_and_the_default_one_need_not() {
    let folder = TempDir::new().unwrap();
    let missing = folder.path().join("none.toml");
    assert!(Profile::load(Some(&missing), None, &Environment::default()).is_err());
    let home = folder.path().to_str().unwrap();
    assert!(Profile::load(None, None, &Environment::of(&[("HOME", home)])).is_ok());
    assert!(Profile::load(None, Some("work"), &Environment::of(&[("HOME", home)])).is_err());
    assert!(
        Profile::load(
            None,
            None,
            &Environment::of(&[("HOME", home), ("COS_PROFILE", "work")])
        )
        .is_err()
    );
}

#[test]
fn debug_shows_no_secret() {
    let profile = load(TWO, 0o600, None).unwrap();
    assert!(!format!("{profile:?}").contains("canary"));
}
