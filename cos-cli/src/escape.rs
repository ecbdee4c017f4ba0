//! Names as people read them: what could move a cursor, change a colour or turn a line around is
//! shown, not done.

use std::fmt;

/// Shows `text` with every control, bidirectional and invisible format character as an escape
/// (`\n`, `\u{1b}`).
///
/// Keys, file names and messages come from a server or a file system; printed raw, they could
/// rewrite the screen of whoever reads them. A backslash is left alone, as `ls` of an ordinary name
/// should read as the name does.
pub(crate) fn escaped(text: &str) -> Escaped<'_> {
    Escaped(text)
}

/// The [`fmt::Display`] half of [`escaped`].
#[derive(Debug, Clone, Copy)]
pub(crate) struct Escaped<'a>(&'a str);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rest = self.0;
        if is_plain(rest) {
            return f.write_str(rest);
        }
        while let Some((at, hidden)) = rest.char_indices().find(|(_, c)| is_hidden(*c)) {
            let (plain, tail) = rest.split_at(at);
            f.write_str(plain)?;
            match hidden {
                '\n' => f.write_str("\\n")?,
                '\r' => f.write_str("\\r")?,
                '\t' => f.write_str("\\t")?,
                other => write!(f, "\\u{{{:x}}}", u32::from(other))?,
            }
            rest = tail.get(hidden.len_utf8()..).unwrap_or_default();
        }
        f.write_str(rest)
    }
}

/// Whether a text is of visible ASCII and spaces, as most names are: then nothing in it is hidden.
pub(crate) fn is_plain(text: &str) -> bool {
    text.bytes().all(|byte| matches!(byte, b' '..=b'~'))
}

/// Whether a character acts on the terminal or on the order of the text instead of being seen.
pub(crate) fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{feff}'
            // Zero-width characters and marks of direction.
            | '\u{200b}'..='\u{200f}'
            // Line and paragraph separators, embeddings and overrides.
            | '\u{2028}'..='\u{202e}'
            // Invisible operators and isolates.
            | '\u{2060}'..='\u{206f}'
            // Interlinear annotation, and the tag characters that mirror ASCII invisibly.
            | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ordinary_names_of_any_script_stay_as_they_are() {
        for name in ["", "a b", "数据/文件 (1)~'*!.bin", r"a\b", "naïve", "🦀"] {
            assert_eq!(escaped(name).to_string(), name);
        }
    }

    #[test]
    fn control_characters_are_shown() {
        assert_eq!(
            escaped("a\u{1b}[31mb\n\r\t\u{7}\u{9b}").to_string(),
            r"a\u{1b}[31mb\n\r\t\u{7}\u{9b}"
        );
    }

    #[test]
    fn characters_that_turn_the_text_around_are_shown() {
        assert_eq!(
            escaped("gpj.\u{202e}exe\u{200b}").to_string(),
            r"gpj.\u{202e}exe\u{200b}"
        );
    }
}
