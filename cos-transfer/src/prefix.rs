//! Downloads of whole directories: every key that starts with a prefix.

mod ancestors;
mod filter;
mod key_path;
mod shard;
mod windows;

pub use filter::{Filter, InvalidGlob};
pub use key_path::{InvalidKeyPath, KeyPath, Names};
pub use shard::{InvalidShard, Shard};
pub use windows::WindowsName;
