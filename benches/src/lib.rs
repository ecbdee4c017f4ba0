//! Benchmarks of the cos crates.
