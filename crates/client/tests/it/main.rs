//! The client against a server that misbehaves, over real sockets. After each transfer the log is compared with what the
//! server saw.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod attempts;
mod credentials;
mod documents;
mod faults;
mod http2;
mod limits;
mod mirrors;
mod origin;
mod pages;
mod proxies;
mod public_api;
mod redirects;
mod splice;
mod support;
