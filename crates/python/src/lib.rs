//! Finds Python interpreters and asks them what they are.
//!
//! An interpreter is asked by running it: what its name or its folder promises is not believed. One script, isolated from
//! everything that is installed beside it, answers with the markers of PEP 508, the version, the folders and what decides
//! which wheels fit; a [`Cache`] spares the run for as long as nothing has changed. Linux and macOS; Windows is out of scope.
//!
//! | module | what it knows |
//! |---|---|
//! | [`interpreter`] | what an interpreter is, once asked |
//! | [`find`] | where interpreters are, and which one is wanted |
//! | [`request`] | which interpreter is wanted, as users write it |
//! | [`probe`] | asks one, within a time limit |
//! | [`platform`] | from what it said to the platform that tags are made for |
//! | [`cache`] | answers kept between runs |
//! | `raw_path` | paths in JSON |

pub mod cache;
pub mod find;
pub mod interpreter;
pub mod platform;
pub mod probe;
mod raw_path;
pub mod request;

pub use cache::Cache;
pub use find::{Candidate, FindError, Finder, Found, Source, Surroundings};
pub use interpreter::{Build, Implementation, Interpreter, Scheme};
pub use probe::{ProbeError, Prober};
pub use request::{Mismatch, Request, RequestError, Wish};
