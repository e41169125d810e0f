//! Archives, odd and hostile ones, into trees.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]
#![expect(clippy::print_stdout, reason = "the table of verdicts is printed")]

mod blocks;
mod codecs;
mod corpus;
mod fields;
mod fixtures;
mod fuzzed;
mod grow;
mod limits;
mod links;
mod names;
mod pack;
mod readers;
mod room;
mod sources;
mod tars;
mod wheel;
mod zips;
