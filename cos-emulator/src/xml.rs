//! Writing XML as the service lays it out: one element a line, indented by tabs.

use std::fmt::Write as _;

/// A document in the making.
#[derive(Debug)]
pub(crate) struct Document {
    text: String,
    open: Vec<&'static str>,
}

impl Document {
    pub(crate) fn new(root: &'static str) -> Self {
        let mut document = Self {
            text: "<?xml version='1.0' encoding='utf-8' ?>\n".to_owned(),
            open: Vec::new(),
        };
        document.open(root);
        document
    }

    /// Opens an element that holds elements.
    pub(crate) fn open(&mut self, name: &'static str) {
        self.indent();
        self.text.push('<');
        self.text.push_str(name);
        self.text.push_str(">\n");
        self.open.push(name);
    }

    /// Closes the element that was opened last.
    pub(crate) fn close(&mut self) {
        if let Some(name) = self.open.pop() {
            self.indent();
            // Writing to a string cannot fail, here and below.
            let _ = writeln!(self.text, "</{name}>");
        }
    }

    /// Adds an element that holds text. One without text is `<Name/>`.
    pub(crate) fn element(&mut self, name: &str, text: &str) {
        self.indent();
        if text.is_empty() {
            let _ = writeln!(self.text, "<{name}/>");
            return;
        }
        let _ = write!(self.text, "<{name}>");
        self.push_escaped(text);
        let _ = writeln!(self.text, "</{name}>");
    }

    /// Closes what is open and gives the text.
    pub(crate) fn finish(mut self) -> String {
        while !self.open.is_empty() {
            self.close();
        }
        self.text
    }

    fn indent(&mut self) {
        for _ in 0..self.open.len() {
            self.text.push('\t');
        }
    }

    /// Control characters become references. Most of those are not allowed in XML 1.0: a listing of
    /// such keys can be read only with `encoding-type=url`, as with the service.
    fn push_escaped(&mut self, text: &str) {
        for character in text.chars() {
            match character {
                '&' => self.text.push_str("&amp;"),
                '<' => self.text.push_str("&lt;"),
                '>' => self.text.push_str("&gt;"),
                '"' => self.text.push_str("&quot;"),
                '\n' | '\t' => self.text.push(character),
                '\0'..='\u{1f}' | '\u{7f}' | '\u{fffe}' | '\u{ffff}' => {
                    let _ = write!(self.text, "&#x{:X};", u32::from(character));
                }
                other => self.text.push(other),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_look_like_those_of_the_service() {
        let mut document = Document::new("A");
        document.element("B", "<&>\"é\r\u{1}");
        document.open("C");
        document.element("D", "");
        let expected = "<?xml version='1.0' encoding='utf-8' ?>\n<A>\n\t\
            <B>&lt;&amp;&gt;&quot;é&#xD;&#x1;</B>\n\t<C>\n\t\t<D/>\n\t</C>\n</A>\n";
        assert_eq!(document.finish(), expected);
    }
}
