//! When to try again, and for how long: pure values, without clock, timer or randomness of their
//! own.

mod attempts;
mod backoff;
mod budget;
mod retry_after;

pub use attempts::{Attempts, GaveUp};
pub use backoff::Backoff;
pub use budget::RetryBudget;
pub use retry_after::RetryAfter;
