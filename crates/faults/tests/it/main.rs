//! Tests over real sockets, with a client that knows no more HTTP than it needs to see what came.

mod cuts;
mod raw;
