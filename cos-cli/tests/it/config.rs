//! The configuration file, and the order of option, environment and profile.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use cos_emulator::{Emulator, Object};

use crate::common::{Place, SECRET_ID, SECRET_KEY, closed_url, emulator, object};

fn profile(emulator: &Emulator) -> String {
    format!(
        "default_profile = \"work\"\n\
         [profile.work]\nendpoint = \"{}\"\nsecret_id = \"{SECRET_ID}\"\nsecret_key = \"{SECRET_KEY}\"\n\
         [profile.nobody]\nendpoint = \"{}\"\n\
         [profile.later]\nregion = \"ap-beijing\"\npart_size = \"20MiB\"\n",
        emulator.url(),
        closed_url()
    )
}

fn write(place: &Place, name: &str, text: &str, mode: u32) {
    let path = place.path(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, text).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
}

#[tokio::test]
async fn the_profile_is_found_where_the_contract_says() {
    let emulator = emulator([("k", Object::new("content"))]).await;
    let text = profile(&emulator);
    let place = Place::bare();
    write(&place, "home/.config/cos/config.toml", &text, 0o600);
    assert_eq!(
        place.cos(["cat", &object("k")]).await.exits(0).stdout,
        "content"
    );

    let place = Place::bare();
    let xdg = place.path("xdg");
    let place = place.env("XDG_CONFIG_HOME", xdg.to_str().unwrap());
    write(&place, "xdg/cos/config.toml", &text, 0o600);
    assert_eq!(
        place.cos(["cat", &object("k")]).await.exits(0).stdout,
        "content"
    );

    let place = Place::bare().env("COS_CONFIG", "named.toml");
    write(&place, "named.toml", &text, 0o600);
    assert_eq!(
        place.cos(["cat", &object("k")]).await.exits(0).stdout,
        "content"
    );
    place
        .cos(["cat", &object("k"), "--config", "other.toml"])
        .await
        .exits(2);
    emulator.shutdown().await.unwrap();
}

#[tokio::test]
async fn option_goes_before_environment_before_profile() {
    let emulator = emulator([("k", Object::new("content"))]).await;
    let nobody = closed_url();
    let place = Place::bare()
        .once()
        .env("COS_CONFIG", "c.toml")
        .env("COS_ENDPOINT", &nobody);
    write(&place, "c.toml", &profile(&emulator), 0o600);
    place.cos(["cat", &object("k")]).await.exits(8);
    place
        .cos(["cat", &object("k"), "--endpoint", &emulator.url()])
        .await
        .exits(0);

    let place = place.env("COS_ENDPOINT", "").env("COS_PROFILE", "nobody");
    place
        .cos(["cat", &object("k"), "--anonymous"])
        .await
        .exits(8);
    place
        .cos(["cat", &object("k"), "--profile", "work"])
        .await
        .exits(0);

    let place = place
        .env("COS_PROFILE", "work")
        .env("COS_SECRET_ID", SECRET_ID)
        .env("COS_SECRET_KEY", "x".repeat(32).as_str());
    place.cos(["cat", &object("k")]).await.exits(4);
    emulator.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_file_with_a_key_that_others_may_read_is_2() {
    let emulator = emulator([("k", Object::new("content"))]).await;
    let place = Place::bare().env("COS_CONFIG", "c.toml");
    write(&place, "c.toml", &profile(&emulator), 0o644);
    place
        .cos(["cat", &object("k")])
        .await
        .exits(2)
        .says(&["others may open it (mode 0644)", "hint: chmod 600 c.toml"]);
    assert_eq!(emulator.log().len(), 0);
    emulator.shutdown().await.unwrap();
}

#[tokio::test]
async fn profiles_of_which_none_is_chosen_are_named_in_the_hint() {
    let emulator = emulator([]).await;
    let place = Place::bare().env("COS_CONFIG", "c.toml");
    let text = profile(&emulator).replace("default_profile = \"work\"\n", "");
    write(&place, "c.toml", &text, 0o600);
    let list = object("");
    for (arguments, exit, error) in [
        (vec!["ls", &list], 2, "error: no region"),
        (
            vec!["ls", &list, "--region", "r"],
            4,
            "error: no credentials",
        ),
    ] {
        let hint = "none was chosen (later, nobody, work): use --profile";
        place.cos(arguments).await.exits(exit).says(&[error, hint]);
    }
    place.cos(["ls", &list, "--profile", "work"]).await.exits(0);
    assert_eq!(emulator.log().len(), 1);
    emulator.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_profile_says_how_objects_are_fetched_and_options_go_before_it() {
    let emulator = emulator([("k", Object::generated(1, 3 << 20))]).await;
    let place = Place::bare().env("COS_CONFIG", "c.toml");
    let text = profile(&emulator).replace(
        "[profile.nobody]",
        "part_size = \"1MiB\"\nparallel = 1\nconnections = \"2\"\n[profile.nobody]",
    );
    write(&place, "c.toml", &text, 0o600);
    let mut before = 0;
    for (options, ranges) in [
        (
            vec![],
            vec![
                "bytes=0-1048575",
                "bytes=1048576-2097151",
                "bytes=2097152-3145727",
            ],
        ),
        (
            vec!["--part-size", "2MiB"],
            vec!["bytes=0-2097151", "bytes=2097152-3145727"],
        ),
    ] {
        let (k, out) = (object("k"), format!("out{before}"));
        let arguments = ["cp", &k, &out].into_iter().chain(options);
        place.cos(arguments).await.exits(0);
        let log = emulator.log();
        let mut asked: Vec<_> = log[before..]
            .iter()
            .filter_map(|exchange| exchange.header("range").map(str::to_owned))
            .collect();
        asked.sort();
        assert_eq!(asked, ranges);
        before = log.len();
    }
    emulator.shutdown().await.unwrap();
}
