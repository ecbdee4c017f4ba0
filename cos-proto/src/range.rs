//! Byte ranges: what is asked for, and what an answer says it holds.
//!
//! Both are read strictly. The parsers of well-known clients take `bytes 5-3/2`, `+5`, or compute
//! `u64::MAX + 1`; ours take ASCII digits only, and a value of these types has no illegal
//! combination in it (RFC 9110, section 14).

mod byte_range;
mod content_range;

pub use byte_range::{ByteRange, InvalidByteRange};
pub use content_range::{ContentRange, InvalidContentRange, UnsatisfiedRange};
