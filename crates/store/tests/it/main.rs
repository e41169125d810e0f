//! Integration tests of the store.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "test code; clippy's exemptions reach test functions only, not their helpers"
)]

#[cfg(feature = "tokio")]
mod async_reader;
mod claims;
mod full_disk;
mod hasher;
mod model;
mod names;
mod ownership;
mod persist;
mod place;
mod player;
mod processes;
mod prune;
mod readers;
mod source;
mod stages;
mod sweeping;
mod trees;
