//! What is no name of a file on Windows, judged on every system.
//!
//! The rules are those of Microsoft's "Naming Files, Paths, and Namespaces", and what became known
//! since: the devices' numbers may be superscripts.

use std::fmt;

/// Why a text is no name of a file on Windows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum WindowsName {
    /// It has a character that means something else there: a separator, a stream, a wildcard.
    Character(char),
    /// It ends in a dot or a blank, which Windows drops.
    Ending,
    /// It is a device, with or without an extension: `CON`, `nul.txt`, `COM¹`.
    Device,
}

impl fmt::Display for WindowsName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Character(character) => write!(f, "it has the character {character:?}"),
            Self::Ending => f.write_str("it ends in a dot or a blank"),
            Self::Device => f.write_str("it is a device"),
        }
    }
}

/// Whether a component that is not empty is a name on Windows.
pub(super) fn check(component: &str) -> Result<(), WindowsName> {
    if let Some(found) = component.chars().find(|&c| is_special(c)) {
        return Err(WindowsName::Character(found));
    }
    if component.ends_with(['.', ' ']) {
        return Err(WindowsName::Ending);
    }
    if is_device(component) {
        return Err(WindowsName::Device);
    }
    Ok(())
}

fn is_special(character: char) -> bool {
    character < ' '
        || matches!(
            character,
            '<' | '>' | ':' | '"' | '/' | '\\' | '|' | '?' | '*'
        )
}

/// Whether what stands before the first dot is a device; blanks at its end do not count.
fn is_device(component: &str) -> bool {
    let stem = component.split('.').next().unwrap_or_default();
    let stem = stem.trim_end_matches(' ').to_ascii_uppercase();
    if matches!(
        stem.as_str(),
        "CON" | "PRN" | "AUX" | "NUL" | "CONIN$" | "CONOUT$"
    ) {
        return true;
    }
    ["COM", "LPT"].iter().any(|device| {
        stem.strip_prefix(device).is_some_and(|number| {
            let mut number = number.chars();
            matches!(number.next(), Some('0'..='9' | '¹' | '²' | '³')) && number.next().is_none()
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn k10_devices_are_no_names() {
        for name in [
            "CON",
            "con",
            "Nul.txt",
            "aux.tar.gz",
            "COM1",
            "com0",
            "LPT9.x",
            "COM¹",
            "lpt³.txt",
            "CON .txt",
            "conin$",
            "CONOUT$",
        ] {
            assert_eq!(check(name), Err(WindowsName::Device), "{name}");
        }
        for name in ["CONSOLE", "COM", "COM10", "COM⁴", "xCON", "a.con", "lpt"] {
            assert_eq!(check(name), Ok(()), "{name}");
        }
    }

    #[test]
    fn k10_streams_separators_and_wildcards_are_no_names() {
        for (name, character) in [
            ("a:b", ':'),
            ("C:", ':'),
            ("a\\b", '\\'),
            ("a*", '*'),
            ("a?", '?'),
            ("\"", '"'),
            ("a|b", '|'),
            ("<", '<'),
            (">", '>'),
            ("\u{1b}[", '\u{1b}'),
        ] {
            assert_eq!(
                check(name),
                Err(WindowsName::Character(character)),
                "{name:?}"
            );
        }
    }

    #[test]
    fn k10_what_windows_would_drop_at_the_end_is_refused() {
        for name in ["a.", "a ", "a. .", "..."] {
            assert_eq!(check(name), Err(WindowsName::Ending), "{name:?}");
        }
        assert_eq!(check(" a"), Ok(()));
        assert_eq!(check(".a"), Ok(()));
    }
}
