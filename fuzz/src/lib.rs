//! Fuzz targets of the cos crates.
