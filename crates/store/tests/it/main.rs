//! Integration tests of the store.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "test code; clippy's exemptions reach test functions only, not their helpers"
)]

mod archives;
#[cfg(feature = "tokio")]
mod async_reader;
mod census;
mod claims;
mod denied;
mod endings;
mod entries;
mod full_disk;
mod hasher;
mod killed;
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
mod stopped;
mod sweeping;
mod tree_player;
mod trees;
