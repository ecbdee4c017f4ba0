//! Text that a server wrote, made safe to show.

use core::fmt::{self, Write};

/// Shows text with control characters escaped, and no more than [`Escaped::MAX_CHARS`] of it.
///
/// A server's words end up on terminals and in logs, where control sequences move the cursor and
/// direction marks turn names around.
pub(crate) struct Escaped<'a>(pub(crate) &'a str);

impl Escaped<'_> {
    /// How many characters are shown. Messages of the service have about a hundred.
    const MAX_CHARS: usize = 1024;
}

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut chars = self.0.chars();
        for c in chars.by_ref().take(Self::MAX_CHARS) {
            if c.is_control() || is_direction_mark(c) {
                write!(f, "{}", c.escape_default())?;
            } else {
                f.write_char(c)?;
            }
        }
        if chars.next().is_some() {
            f.write_str("…")
        } else {
            Ok(())
        }
    }
}

/// The marks that change the direction of the text after them (Unicode Standard Annex 9).
const fn is_direction_mark(c: char) -> bool {
    matches!(c, '\u{200E}' | '\u{200F}' | '\u{061C}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use super::*;

    #[test]
    fn what_moves_the_cursor_is_escaped() {
        assert_eq!(Escaped("数据 (1)~").to_string(), "数据 (1)~");
        assert_eq!(
            Escaped("a\u{1b}[2Jb\r\n\0\u{9b}").to_string(),
            "a\\u{1b}[2Jb\\r\\n\\u{0}\\u{9b}"
        );
        assert_eq!(Escaped("a\u{202e}txt").to_string(), "a\\u{202e}txt");
    }

    #[test]
    fn long_text_is_cut_off_visibly() {
        let text = "ä".repeat(Escaped::MAX_CHARS);
        assert_eq!(Escaped(&text).to_string(), text);
        let shown = Escaped(&(text.clone() + "b")).to_string();
        assert_eq!(shown, text + "…");
    }
}
