//! Artifacts over sockets that break, to their goals.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod entries;
mod faults;
mod flights;
mod support;
