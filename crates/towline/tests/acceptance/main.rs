//! The list of promises: one test a claim, each printing its figure. Small samples by default, everything with
//! `TOWLINE_FULL=1`. Read it with
//!
//! ```text
//! cargo test -p towline --test acceptance -- --nocapture --test-threads=1
//! ```

#![expect(clippy::print_stdout, reason = "each test prints its figure")]

mod support;

mod download;
mod interruptions;
mod journeys;
mod mended;
mod scenarios;
mod unpack;
