//! Journals that are damaged, or not ours.
