//! Help and version.

use crate::common::Place;

#[tokio::test]
async fn help_is_complete() {
    let place = Place::bare();
    insta::assert_snapshot!("cos", place.cos(["--help"]).await.exits(0).stdout);
    for command in place.commands().await {
        let help = place.cos([&command, "--help"]).await.exits(0).stdout;
        insta::assert_snapshot!(command, help);
    }
}

#[tokio::test]
async fn version_is_told() {
    let place = Place::bare();
    assert_eq!(
        place.cos(["--version"]).await.exits(0).stdout,
        format!("cos {}\n", env!("CARGO_PKG_VERSION"))
    );
}

#[tokio::test]
async fn colours_are_asked_for_or_not_there() {
    let place = Place::bare();
    let plain = place.cos(["cat", "cos://b-1/k"]).await.exits(2).stderr;
    assert!(plain.starts_with("error: "), "{plain}");
    let coloured = place
        .cos(["cat", "cos://b-1/k", "--color", "always"])
        .await
        .exits(2)
        .stderr;
    assert!(
        coloured.starts_with("\u{1b}[1m\u{1b}[31merror:\u{1b}[0m "),
        "{coloured:?}"
    );
    let plain = place
        .cos(["cat", "cos://b-1/k", "--color", "never"])
        .await
        .exits(2)
        .stderr;
    assert!(!plain.contains('\u{1b}'), "{plain:?}");
}
