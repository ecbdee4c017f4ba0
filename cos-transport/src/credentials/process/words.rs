//! A line of a configuration, as a program and its arguments.

/// The words of a line; `None` if a quote is not closed.
///
/// Blanks separate words. Between two `"` or two `'` everything stands for itself. There are no
/// escapes: paths of Windows are full of backslashes, and one kind of quote can hold the other.
pub(super) fn split(line: &str) -> Option<Vec<String>> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    for char in line.chars() {
        match quote {
            Some(open) if char == open => quote = None,
            Some(_) => word.get_or_insert_default().push(char),
            None if char == '"' || char == '\'' => {
                quote = Some(char);
                word.get_or_insert_default();
            }
            None if char.is_whitespace() => words.extend(word.take()),
            None => word.get_or_insert_default().push(char),
        }
    }
    words.extend(word);
    quote.is_none().then_some(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blanks_separate_and_quotes_hold_together() {
        let cases: [(&str, &[&str]); 8] = [
            ("", &[]),
            (" \t ", &[]),
            ("vault", &["vault"]),
            ("  vault  read\tcos ", &["vault", "read", "cos"]),
            (
                r#""C:\Program Files\v.exe" a\b"#,
                &[r"C:\Program Files\v.exe", r"a\b"],
            ),
            (r#"a "" ''"#, &["a", "", ""]),
            (r#"a="b c"d 'e"f'"#, &["a=b cd", "e\"f"]),
            ("$HOME `x` ; rm *", &["$HOME", "`x`", ";", "rm", "*"]),
        ];
        for (line, words) in cases {
            assert_eq!(split(line).unwrap(), words, "{line}");
        }
    }

    #[test]
    fn an_open_quote_is_refused() {
        for line in ["\"", "a 'b", "a \"b'"] {
            assert_eq!(split(line), None, "{line}");
        }
    }
}
