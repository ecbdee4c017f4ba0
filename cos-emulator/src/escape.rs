//! How keys become paths of a folder, and back.

use std::path::{Component, Path, PathBuf};

/// What every escaped name begins with.
const MARK: &str = "%~";

/// Ends the name of a folder that holds the rest of a component too long for one name.
const CONTINUED: &str = "%+";

/// Ends the name of a file that stands beside a folder of the same name.
const BESIDE: &str = "%=";

/// Bytes of a file name at most, on all file systems of Linux and macOS.
const MAX_NAME: usize = 255;

/// Bytes of a key's text in one escaped name: what the mark and an ending leave.
const MAX_PART: usize = MAX_NAME - MARK.len() - BESIDE.len();

/// The path below a bucket's folder at which the emulator looks for a key.
///
/// A key's components are the names of folders and, the last one, of a file: `a/b.txt` is the file
/// `b.txt` in the folder `a`. A component that a folder cannot hold has an escaped name, which
/// begins with `%~`:
///
/// | component | name |
/// |---|---|
/// | empty, as in `a//b`, `/x` and `dir/` | `%~` |
/// | `.` and `..` | `%~.` and `%~..` |
/// | with a NUL byte | `%~`, the component with `%00` for NUL and `%25` for `%` |
/// | beginning with `%~` itself | the same |
/// | of more than 255 bytes | the same, cut into several names |
///
/// A long component is cut into parts of at most 251 bytes, between characters and not inside `%25`
/// or `%00`. Each part but the last is the name of a folder that ends in `%+` and holds the next.
///
/// So the marker `dir/` is the file `%~` in the folder `dir`. All other names, `100%.txt` among
/// them, are what they are.
///
/// A key `a` and a key `a/b` cannot both have their plain names: where `a` is a folder, the object
/// `a` is the file `%~a%=` beside it (the escaped name, with `%=` at its end).
///
/// No two keys have the same path, and a file whose path is not the path of a key is not served.
#[must_use]
pub fn folder_path(key: &str) -> PathBuf {
    names(key, false).iter().collect()
}

/// The key that a path below a bucket's folder stands for: the inverse of [`folder_path`].
///
/// `None` if it is the path of no key. The path of a file beside a folder of the same name
/// (`%~a%=`) gives the key too.
#[must_use]
pub fn key_of_folder_path(path: &Path) -> Option<String> {
    let components: Option<Vec<&str>> = path
        .components()
        .map(|component| match component {
            Component::Normal(name) => name.to_str(),
            _ => None,
        })
        .collect();
    let components = components?;
    let (last, folders) = components.split_last()?;
    let mut key = String::new();
    for folder in folders {
        match Name::parse(folder)? {
            Name::Whole(text) => {
                key.push_str(&text);
                key.push('/');
            }
            Name::Continued(text) => key.push_str(&text),
            Name::Beside(_) => return None,
        }
    }
    let beside = match Name::parse(last)? {
        Name::Whole(text) => {
            key.push_str(&text);
            false
        }
        Name::Beside(text) => {
            key.push_str(&text);
            true
        }
        Name::Continued(_) => return None,
    };
    // Only the one spelling that a key is given is its path.
    (names(&key, beside) == components).then_some(key)
}

/// The path of a key whose plain path is taken by a folder.
pub(crate) fn path_beside_folder(key: &str) -> PathBuf {
    names(key, true).iter().collect()
}

/// What a name in a folder says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Name {
    /// A component.
    Whole(String),
    /// The beginning of a component.
    Continued(String),
    /// A last component, or the end of one, of a file beside a folder.
    Beside(String),
}

impl Name {
    /// Reads a name. `None` for what no component is given as a name; that it is the one spelling
    /// of its key shows only for the whole path.
    pub(crate) fn parse(name: &str) -> Option<Self> {
        let Some(escaped) = name.strip_prefix(MARK) else {
            return Some(Self::Whole(name.to_owned()));
        };
        if let Some(part) = escaped.strip_suffix(CONTINUED) {
            unescape(part).map(Self::Continued)
        } else if let Some(part) = escaped.strip_suffix(BESIDE) {
            unescape(part).map(Self::Beside)
        } else {
            unescape(escaped).map(Self::Whole)
        }
    }
}

/// The names of a key's path.
fn names(key: &str, beside: bool) -> Vec<String> {
    let mut names = Vec::new();
    let mut components = key.split('/').peekable();
    while let Some(component) = components.next() {
        let beside = beside && components.peek().is_none();
        if !beside && is_plain(component) {
            names.push(component.to_owned());
        } else {
            push_escaped(component, if beside { BESIDE } else { "" }, &mut names);
        }
    }
    names
}

fn is_plain(component: &str) -> bool {
    !matches!(component, "" | "." | "..")
        && component.len() <= MAX_NAME
        && !component.contains('\0')
        && !component.starts_with(MARK)
}

fn push_escaped(component: &str, ending: &str, names: &mut Vec<String>) {
    let mut name = MARK.to_owned();
    for character in component.chars() {
        let mut buffer = [0; 4];
        let atom = match character {
            '\0' => "%00",
            '%' => "%25",
            other => other.encode_utf8(&mut buffer),
        };
        if name.len() - MARK.len() + atom.len() > MAX_PART {
            name.push_str(CONTINUED);
            names.push(std::mem::replace(&mut name, MARK.to_owned()));
        }
        name.push_str(atom);
    }
    name.push_str(ending);
    names.push(name);
}

/// Undoes the escape of one part.
fn unescape(part: &str) -> Option<String> {
    let mut pieces = part.split('%');
    let mut text = pieces.next()?.to_owned();
    for piece in pieces {
        if let Some(rest) = piece.strip_prefix("00") {
            text.push('\0');
            text.push_str(rest);
        } else {
            text.push('%');
            text.push_str(piece.strip_prefix("25")?);
        }
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn awkward_components_have_the_documented_names() {
        let names = [
            ("a/b.txt", "a/b.txt"),
            ("100%.txt", "100%.txt"),
            ("a//b", "a/%~/b"),
            ("/x", "%~/x"),
            ("dir/", "dir/%~"),
            ("/", "%~/%~"),
            ("x/./y", "x/%~./y"),
            ("..", "%~.."),
            ("...", "..."),
            ("nul\0%", "%~nul%00%25"),
            ("%~a", "%~%25~a"),
            ("%25", "%25"),
        ];
        for (key, path) in names {
            assert_eq!(folder_path(key), Path::new(path), "{key:?}");
            assert_eq!(key_of_folder_path(Path::new(path)).as_deref(), Some(key));
        }
        assert_eq!(path_beside_folder("a/b"), Path::new("a/%~b%="));
        assert_eq!(
            key_of_folder_path(Path::new("a/%~b%=")).as_deref(),
            Some("a/b")
        );
    }

    #[test]
    fn long_components_are_cut_at_characters() {
        for key in [
            "x".repeat(600),
            "数".repeat(200),
            "%~".repeat(300),
            "\0".repeat(256),
        ] {
            let path = folder_path(&key);
            assert!(
                path.components()
                    .all(|name| name.as_os_str().len() <= MAX_NAME)
            );
            assert!(path.components().count() > 1);
            assert_eq!(key_of_folder_path(&path), Some(key));
        }
        assert_eq!(folder_path(&"x".repeat(255)).components().count(), 1);
    }

    #[test]
    fn other_spellings_are_no_keys() {
        for path in [
            "%~a", "%~%", "%~%2", "%~%26", "%~a%+/b", "%~a%=/b", "%~%+/%~", "/a", "a/../b",
        ] {
            assert_eq!(key_of_folder_path(Path::new(path)), None, "{path}");
        }
        assert_eq!(key_of_folder_path(Path::new("")), None);
    }

    fn awkward_key() -> impl Strategy<Value = String> {
        let piece = prop_oneof![
            Just("/".to_owned()),
            Just(".".to_owned()),
            Just("%~".to_owned()),
            Just("%+".to_owned()),
            Just("%=".to_owned()),
            Just("%".to_owned()),
            Just("\0".to_owned()),
            Just("数".repeat(90)),
            "[a-z0-9%]{1,8}",
            any::<char>().prop_map(String::from),
        ];
        prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #[test]
        fn every_key_has_a_path_that_gives_the_key(key in awkward_key()) {
            let path = folder_path(&key);
            for name in path.components() {
                prop_assert!(matches!(name, Component::Normal(_)));
                prop_assert!(name.as_os_str().len() <= MAX_NAME);
            }
            prop_assert_eq!(key_of_folder_path(&path), Some(key.clone()));
            let beside = path_beside_folder(&key);
            prop_assert_ne!(&beside, &path);
            prop_assert_eq!(key_of_folder_path(&beside), Some(key));
        }

        #[test]
        fn every_path_that_gives_a_key_is_the_path_of_that_key(path in awkward_key()) {
            let path = Path::new(&path);
            if let Some(key) = key_of_folder_path(path) {
                let spelled = [folder_path(&key), path_beside_folder(&key)];
                let plain = path.components().collect::<PathBuf>();
                prop_assert!(spelled.contains(&plain), "{spelled:?} {plain:?}");
            }
        }
    }
}
