//! Archives, odd and hostile ones, into trees.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]
#![expect(clippy::print_stdout, reason = "the table of verdicts is printed")]

mod corpus;
mod fixtures;
mod fuzzed;
mod grow;
mod names;
mod pack;
mod room;
mod sources;
mod wheel;
