//! How often something was tried, told to those above.

use alloc::boxed::Box;
use core::error::Error as StdError;
use core::fmt;

use crate::failure::sources;

/// How often a request was tried, and whether anybody should try it again.
///
/// A layer that retries puts this into the extensions of every answer, and a [`GaveUp`] around the
/// errors it gives up on. Those above do not try again what is exhausted: attempts would multiply.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Attempts {
    made: u32,
    exhausted: bool,
}

impl Attempts {
    /// So many attempts were made, the first one included.
    #[must_use]
    pub const fn new(made: u32) -> Self {
        Self {
            made,
            exhausted: false,
        }
    }

    /// The failure was one to try again, but there is no attempt left for it.
    #[must_use]
    pub const fn exhausted(mut self) -> Self {
        self.exhausted = true;
        self
    }

    /// Attempts that were made, the first one included.
    #[must_use]
    pub const fn made(self) -> u32 {
        self.made
    }

    /// Whether there was no attempt left for a failure that would have been tried again.
    #[must_use]
    pub const fn is_exhausted(self) -> bool {
        self.exhausted
    }

    /// Looks through an error and its sources for a [`GaveUp`]. An error without one was met at the
    /// first attempt.
    #[must_use]
    pub fn find(error: &(dyn StdError + 'static)) -> Option<Self> {
        sources(error)
            .find_map(|error| error.downcast_ref::<GaveUp>())
            .map(GaveUp::attempts)
    }
}

/// The last error of several attempts; it is this one's [`source`](StdError::source).
#[derive(Debug)]
pub struct GaveUp {
    attempts: Attempts,
    source: Box<dyn StdError + Send + Sync>,
}

impl GaveUp {
    /// Marks `error` as the last one of `attempts`.
    #[must_use]
    pub fn new(attempts: Attempts, error: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self {
            attempts,
            source: error.into(),
        }
    }

    /// How often it was tried.
    #[must_use]
    pub const fn attempts(&self) -> Attempts {
        self.attempts
    }

    /// The last error.
    #[must_use]
    pub fn into_source(self) -> Box<dyn StdError + Send + Sync> {
        self.source
    }
}

impl fmt::Display for GaveUp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.attempts.made {
            1 => f.write_str("gave up after 1 attempt"),
            made => write!(f, "gave up after {made} attempts"),
        }
    }
}

impl StdError for GaveUp {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        Some(&*self.source)
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use super::*;
    use crate::Failure;

    #[test]
    fn attempts_are_found_below_other_errors() {
        let inner = GaveUp::new(Attempts::new(3).exhausted(), Failure::Transport);
        assert_eq!(inner.to_string(), "gave up after 3 attempts");
        let outer = GaveUp::new(Attempts::new(1), inner);
        assert_eq!(Attempts::find(&outer), Some(Attempts::new(1)));
        let inner = outer.into_source();
        assert_eq!(Attempts::find(&*inner), Some(Attempts::new(3).exhausted()));
        assert_eq!(Attempts::find(&Failure::Transport), None);
    }
}
