//! From the key of an object to its place below a directory.

use std::fmt;
use std::path::Path;

use super::windows::{self, WindowsName};

/// The folder at the root of a directory download that holds what is not finished. No key may name
/// it: the bytes of a bucket never become a checkpoint.
pub(crate) const RESERVED: &str = ".cos-partial";

/// The longest component in bytes (`NAME_MAX` of Linux and of every file system it is used with;
/// on Windows it is as many UTF-16 units).
const MAX_COMPONENT: usize = 255;

/// The longest path in bytes (`PATH_MAX` of Linux, without its NUL).
const MAX_PATH: usize = 4095;

/// By what rules names are judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Names {
    /// Every byte but `/` and NUL is a byte of a name.
    Unix,
    /// Those of Windows besides: no `:`, no device's name, no dot or blank at the end, and so on.
    Windows,
}

impl Names {
    /// The rules of the system that this was built for.
    pub const HERE: Self = if cfg!(windows) {
        Self::Windows
    } else {
        Self::Unix
    };
}

/// The place of an object below a directory: components with `/` between them.
///
/// A key is taken byte for byte or not at all: what a file system would take for something else
/// than the name of one file is refused, and nothing is ever rewritten, so that two keys never
/// become one place.
///
/// ```
/// use cos_transfer::prefix::{InvalidKeyPath, KeyPath, Names};
///
/// let path = KeyPath::new("2024/file..txt", Names::Unix)?;
/// assert_eq!(path.as_str(), "2024/file..txt");
/// assert!(KeyPath::new("2024/", Names::Unix)?.is_folder());
/// assert_eq!(KeyPath::new("a/../b", Names::Unix), Err(InvalidKeyPath::Parent));
/// # Ok::<(), InvalidKeyPath>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyPath {
    /// Without the `/` at the end that a folder's key has.
    path: String,
    is_folder: bool,
}

impl KeyPath {
    /// The place of a key, or of what is left of it after a prefix was taken away.
    ///
    /// A key that ends in `/` is a folder; the empty text is the directory itself.
    ///
    /// # Errors
    ///
    /// [`InvalidKeyPath`] for a key that has no place.
    pub fn new(key: &str, names: Names) -> Result<Self, InvalidKeyPath> {
        if key.starts_with('/') {
            return Err(InvalidKeyPath::Absolute);
        }
        let (path, is_folder) = match key.strip_suffix('/') {
            Some(path) => (path, true),
            None => (key, key.is_empty()),
        };
        if !path.is_empty() {
            for component in path.split('/') {
                check(component, names)?;
            }
            if path.split('/').next().is_some_and(is_reserved) {
                return Err(InvalidKeyPath::Reserved);
            }
        }
        Ok(Self {
            path: path.to_owned(),
            is_folder,
        })
    }

    /// Checks that the path can be opened below `dir` as a whole. It is written there without that;
    /// but who reads the files opens them by their paths.
    pub(super) fn fits_below(self, dir: &Path) -> Result<Self, InvalidKeyPath> {
        let dir = dir.as_os_str().len();
        let len = dir.saturating_add(1).saturating_add(self.path.len());
        if len > MAX_PATH {
            return Err(InvalidKeyPath::PathTooLong { len });
        }
        Ok(self)
    }

    /// The path, with `/` between its components on every system; empty for the directory itself.
    pub fn as_str(&self) -> &str {
        &self.path
    }

    /// Whether it is the place of a folder and not of a file.
    pub fn is_folder(&self) -> bool {
        self.is_folder
    }

    /// The path of the folder that it stands in, and its name there. The directory itself has no
    /// name.
    pub fn split(&self) -> (&str, &str) {
        self.path.rsplit_once('/').unwrap_or(("", &self.path))
    }
}

impl fmt::Display for KeyPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.path)
    }
}

/// Whether a name is that of the reserved folder, in any case. Unicode's upper case is taken, so
/// that a letter that some file systems hold for an `s` is one here too.
fn is_reserved(name: &str) -> bool {
    let upper = |text: &'static str| text.chars().flat_map(char::to_uppercase);
    name.chars()
        .flat_map(char::to_uppercase)
        .eq(upper(RESERVED))
}

fn check(component: &str, names: Names) -> Result<(), InvalidKeyPath> {
    match component {
        "" => return Err(InvalidKeyPath::EmptyComponent),
        "." => return Err(InvalidKeyPath::Current),
        ".." => return Err(InvalidKeyPath::Parent),
        _ => {}
    }
    if component.contains('\0') {
        return Err(InvalidKeyPath::Nul);
    }
    let len = match names {
        Names::Unix => component.len(),
        Names::Windows => component.encode_utf16().count(),
    };
    if len > MAX_COMPONENT {
        return Err(InvalidKeyPath::ComponentTooLong { len });
    }
    if names == Names::Windows {
        windows::check(component).map_err(InvalidKeyPath::Windows)?;
    }
    Ok(())
}

/// Why a key has no place below a directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidKeyPath {
    /// It starts with `/`.
    #[error("the key starts with a slash")]
    Absolute,
    /// It has an empty component, as in `a//b`, which a file system takes for `a/b`.
    #[error("the key has an empty component")]
    EmptyComponent,
    /// It has a component `.`, which a file system drops.
    #[error("the key has a component that is a dot")]
    Current,
    /// It has a component `..`, which leads out of where it stands.
    #[error("the key has a component that is two dots")]
    Parent,
    /// It has a NUL, which ends a name.
    #[error("the key has a NUL byte")]
    Nul,
    /// A component is longer than a name may be.
    #[error("the key has a component of {len} bytes, more than a file name can have")]
    ComponentTooLong {
        /// Its length.
        len: usize,
    },
    /// The path as a whole would be longer than one can be opened by.
    #[error("the key gives a path of {len} bytes, more than a path can have")]
    PathTooLong {
        /// Its length, that of the directory included.
        len: usize,
    },
    /// Its first component is the folder that keeps what is not finished.
    #[error("the key names the folder for unfinished downloads")]
    Reserved,
    /// Windows has no file of such a name.
    #[error("the key has a component that is no name on windows: {0}")]
    Windows(WindowsName),
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;
    use std::path::{Component, Path};

    use proptest::prelude::*;

    use super::*;

    fn unix(key: &str) -> Result<KeyPath, InvalidKeyPath> {
        KeyPath::new(key, Names::Unix)
    }

    #[test]
    fn names_with_dots_are_names() {
        for key in [
            "file..txt",
            "...",
            "..a",
            ".a",
            "a./b",
            "a/..b/c...",
            ".cos-partial2",
            "a/.cos-partial",
        ] {
            let path = unix(key).unwrap();
            assert_eq!((path.as_str(), path.is_folder()), (key, false));
        }
    }

    #[test]
    fn whatever_bytes_a_unix_name_may_have_it_keeps() {
        for key in [
            "C:\\x",
            "\\\\srv\\x",
            "\\..\\x",
            "\u{1b}[31m",
            "a\nb",
            "\u{202e}gpj",
            "CON",
            "a ",
            "é",
            "e\u{301}",
        ] {
            assert_eq!(unix(key).unwrap().as_str(), key);
        }
    }

    #[test]
    fn what_is_no_name_is_refused_with_its_reason() {
        use InvalidKeyPath::*;
        let long = "x".repeat(256);
        for (key, reason) in [
            ("/", Absolute),
            ("//", Absolute),
            ("/abs", Absolute),
            ("/../x", Absolute),
            ("a//b", EmptyComponent),
            ("a//", EmptyComponent),
            (".", Current),
            ("./a", Current),
            ("a/./", Current),
            ("..", Parent),
            ("../x", Parent),
            ("a/..", Parent),
            ("a/../../x", Parent),
            ("a\0b", Nul),
            (&long, ComponentTooLong { len: 256 }),
            (".cos-partial", Reserved),
            (".COS-Partial/x", Reserved),
            (".co\u{17f}-partial/x", Reserved),
            (".cos-partial/", Reserved),
        ] {
            assert_eq!(unix(key), Err(reason), "{key:?}");
        }
        assert!(unix(&long[1..]).is_ok());
    }

    #[test]
    fn a_key_with_a_slash_at_its_end_is_a_folder() {
        let folder = unix("a/b/").unwrap();
        assert_eq!((folder.as_str(), folder.is_folder()), ("a/b", true));
        assert_eq!(folder.split(), ("a", "b"));
        assert!(unix("").unwrap().is_folder());
    }

    #[test]
    fn a_name_on_windows_is_counted_in_its_units() {
        let long = "é".repeat(200);
        assert!(unix(&long).is_err());
        assert!(KeyPath::new(&long, Names::Windows).is_ok());
    }

    /// What the standard library makes of a path is the reference: a key is taken if and only if
    /// it is read there as the very components that the key has.
    fn model(key: &str) -> Option<(Vec<&str>, bool)> {
        let is_folder = key.is_empty() || key.ends_with('/');
        let path = key.strip_suffix('/').unwrap_or(key);
        if key.contains('\0') || (path.is_empty() && !key.is_empty()) {
            return None;
        }
        let read: Option<Vec<&str>> = Path::new(path)
            .components()
            .map(|component| match component {
                Component::Normal(name) => name.to_str(),
                _ => None,
            })
            .collect();
        let read = read?;
        let all = read.iter().all(|name| name.len() <= 255);
        let reserved = read
            .first()
            .is_some_and(|name| name.to_uppercase() == ".COS-PARTIAL");
        (read.join("/") == path && all && !reserved).then_some((read, is_folder))
    }

    /// Keys made of what makes trouble.
    fn keys() -> impl Strategy<Value = String> {
        let piece = prop_oneof![
            4 => prop::sample::select(vec!["/", "/", ".", "..", "...", "a", "b", "\0", "\\", ":", " ", ".cos-partial", ".Cos-Partial", "é", "\u{1b}", "\n"]).prop_map(str::to_owned),
            1 => (250_usize..260).prop_map(|len| "x".repeat(len)),
            1 => any::<char>().prop_map(String::from),
        ];
        prop::collection::vec(piece, 0..8).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(1024))]

        #[cfg(unix)]
        #[test]
        fn it_agrees_with_the_standard_librarys_reading(key in keys()) {
            let path = unix(&key).ok();
            let read = path.as_ref().map(|path| {
                let names = if path.as_str().is_empty() { vec![] } else { path.as_str().split('/').collect() };
                (names, path.is_folder())
            });
            prop_assert_eq!(read, model(&key));
        }

        #[test]
        fn two_keys_never_become_one_place(keys in prop::collection::vec(keys(), 0..40)) {
            let mut taken = HashMap::new();
            for key in &keys {
                if let Ok(path) = unix(key) {
                    let before = taken.insert(path, key);
                    prop_assert!(before.is_none_or(|before| before == key));
                }
            }
        }

        #[test]
        fn what_windows_takes_unix_takes_too(key in keys()) {
            if KeyPath::new(&key, Names::Windows).is_ok() {
                let taken = matches!(unix(&key), Ok(_) | Err(InvalidKeyPath::ComponentTooLong { .. }));
                prop_assert!(taken);
            }
        }
    }
}
