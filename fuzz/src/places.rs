//! Where objects are: in COS, as users write it, and below a directory.

use std::path::{Component, Path};

use cos_transfer::prefix::{InvalidKeyPath, KeyPath, Names};

use crate::location::Location;

/// A key: where it has a place below a directory, that is the key byte for byte, and nowhere else.
pub fn key_path(data: &[u8]) -> Option<()> {
    let key = str::from_utf8(data).ok()?;
    let unix = KeyPath::new(key, Names::Unix);
    if let Ok(windows) = KeyPath::new(key, Names::Windows) {
        // There, a name's length is counted in UTF-16 units.
        let is_it = matches!(&unix, Ok(unix) if *unix == windows)
            || matches!(unix, Err(InvalidKeyPath::ComponentTooLong { .. }));
        assert!(is_it, "the stricter rules accept more");
        let reserved = ['<', '>', ':', '"', '\\', '|', '?', '*'];
        assert!(!key.contains(reserved) && !key.contains(|c| c < ' '));
    }
    let path = unix.ok()?;
    let text = path.as_str();
    let written = if path.is_folder() && !text.is_empty() {
        format!("{text}/")
    } else {
        text.to_owned()
    };
    assert_eq!(written, key, "a key is rewritten");
    assert!(!key.contains('\0') && !key.starts_with('/'));
    let normal = |component: Component<'_>| matches!(component, Component::Normal(name) if name.len() <= 255);
    assert!(Path::new(text).components().all(normal));
    assert_eq!(
        Path::new(text).components().count(),
        text.split('/')
            .filter(|component| !component.is_empty())
            .count()
    );
    let first = text.split('/').next().unwrap_or_default();
    assert!(
        !first.eq_ignore_ascii_case(".cos-partial"),
        "a checkpoint's place"
    );
    let (folder, name) = path.split();
    assert_eq!(Path::new(folder).join(name), Path::new(text));
    Some(())
}

/// `cos://BUCKET/KEY` on the command line: nothing in it is decoded or merged, and it is shown
/// without a character that acts on the terminal.
pub fn cos_url(data: &[u8]) -> Option<()> {
    let text = str::from_utf8(data).ok()?;
    let location: Location = text.parse().ok()?;
    let shown = location.to_string();
    assert!(!shown.contains(char::is_control), "{shown:?}");
    let Location { bucket, key } = location;
    assert!(!bucket.is_empty() && !bucket.contains('/'));
    let rest = text.strip_prefix("cos://").expect("the scheme");
    if key.is_empty() {
        assert_eq!(rest.strip_suffix('/').unwrap_or(rest), bucket);
    } else {
        assert_eq!(rest, format!("{bucket}/{key}"));
    }
    Some(())
}
