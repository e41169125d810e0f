//! Carries out Towline's retry law over HTTP.
//!
//! [`Client::fetch`] brings one artifact into a [`Sink`] and gives back an [`Outcome`] with the log of every attempt. There is
//! one loop in here ([`drive`](Client::fetch)), and nothing below it asks twice: the HTTP library's own retries and redirects
//! are off, and no connection is used for a second HTTP/1.1 request, so that the log is what the server saw.
//!
//! The decisions are not made here but in [`towline_transfer`]; this crate adds connections, addresses, credentials, limits
//! for each origin, and time.
//!
//! | module | what it knows |
//! |---|---|
//! | `drive` | the loop, the only wait and the only time limits; `pieces`: where bytes go |
//! | `page` | small bodies: what they were asked for as, and how they are decoded |
//! | `watch` | when a body is too slow |
//! | `connecting` | since when a request has a connection |
//! | `origin` | what transfers share: connections, cooling, concurrency |
//! | `resolve` | addresses, and which is tried first |
//! | `fault` | how the HTTP library's errors read in our words |
//! | `problem` | what an origin says about a refusal |
//! | `proxy`, `tls` | the way out, and whom we trust |
//! | [`keys`] | credentials |
//! | [`clock`] | pauses for those above, without a loop of retries |

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

pub mod clock;
pub mod keys;

mod client;
mod connecting;
mod drive;
mod event;
mod fault;
mod limit;
mod origin;
mod page;
mod problem;
mod proxy;
mod request;
mod resolve;
mod sink;
mod tls;
mod watch;

pub use client::{Client, Options, Outcome, SetupError, Wanted};
pub use event::Event;
pub use page::{Page, PageError, PageOutcome, PageRequest};
pub use proxy::Proxy;
pub use resolve::{Override, OverrideError};
pub use sink::Sink;
pub use tls::{Roots, RootsError};
pub use towline_transfer as transfer;
pub use url::Url;
