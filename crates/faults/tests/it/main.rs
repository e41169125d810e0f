//! Tests over real sockets, with a client that knows no more HTTP than it needs to see what came.

mod answers;
mod cuts;
mod http2;
mod listings;
mod model;
mod proxies;
mod raw;
mod rules;
mod scenarios;
mod tls;
