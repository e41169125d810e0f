//! Tests over real sockets, with a client that knows no more HTTP than it needs to see what came.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

mod answers;
mod cuts;
mod fuzzed;
mod http2;
mod listings;
mod model;
mod proxies;
mod raw;
mod rules;
mod scenarios;
mod tls;
