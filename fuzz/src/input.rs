//! Bytes as a list of choices. Where they end, every further choice is the first one.

/// What is left of the bytes.
#[derive(Debug)]
pub(crate) struct Input<'a>(pub(crate) &'a [u8]);

impl Input<'_> {
    pub(crate) fn is_over(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn byte(&mut self) -> u8 {
        let Some((first, rest)) = self.0.split_first() else {
            return 0;
        };
        self.0 = rest;
        *first
    }

    pub(crate) fn bool(&mut self) -> bool {
        self.byte() & 1 == 1
    }

    /// A number of 24 bits.
    pub(crate) fn number(&mut self) -> u64 {
        let bytes = [self.byte(), self.byte(), self.byte()];
        bytes
            .iter()
            .fold(0, |all, &byte| all << 8 | u64::from(byte))
    }

    /// A number below `end`, of 16 bits.
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        let number = u64::from(self.byte()) << 8 | u64::from(self.byte());
        number % end
    }

    /// A text of at most `most` characters, from this alphabet.
    pub(crate) fn text(&mut self, alphabet: &str, most: u64) -> String {
        let letters: Vec<char> = alphabet.chars().collect();
        let len = u64::from(self.byte()) % (most + 1);
        (0..len)
            .map(|_| letters[usize::from(self.byte()) % letters.len()])
            .collect()
    }
}
