//! Artifacts over sockets that break, to their goals.

mod entries;
mod faults;
mod flights;
mod support;
