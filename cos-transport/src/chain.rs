//! Looking for a cause.

use std::error::Error;
use std::io;

/// The first `T` among `error` and what caused it.
///
/// An [`io::Error`] that wraps another error does not name it as its source but speaks for it
/// (its `source()` is already the wrapped error's), so it is opened here.
pub(crate) fn find<'a, T: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a T> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref::<T>() {
            return Some(found);
        }
        next = match error
            .downcast_ref::<io::Error>()
            .and_then(io::Error::get_ref)
        {
            Some(wrapped) => Some(wrapped),
            None => error.source(),
        };
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_inside_io_errors_is_found() {
        let wrapped = io::Error::other(io::Error::other(std::fmt::Error));
        assert!(find::<std::fmt::Error>(&wrapped).is_some());
        assert!(find::<std::num::ParseIntError>(&wrapped).is_none());
    }
}
