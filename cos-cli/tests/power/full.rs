//! Disks that are full, and file systems that take no file.
