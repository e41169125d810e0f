//! Which files are wanted: requirements, locks and index pages in, [`File`]s out.
//!
//! Nothing here asks the network. Pages and files are handed in as bytes or paths, so every decision is a function of its
//! input and can be repeated.
//!
//! | module | what it knows |
//! |---|---|
//! | [`requirements`] | requirements files and requirements given as arguments |
//! | [`lock`] | pylock.toml (PEP 751) and uv.lock |
//! | [`index`] | pages of the simple repository API, directories of archives |
//! | [`select`] | which of the listed files a requirement means |
//! | [`target`] | for which interpreter and platform |
//! | `file`, `hashes` | what all of them speak of |

mod file;
mod hashes;
pub mod index;
pub mod lock;
mod marker;
pub mod requirements;
mod secrets;
pub mod select;
pub mod target;

pub use file::{Choice, File, FileName, FileNameError, Kind, Place};
pub use hashes::{Hashes, HashesError};
pub use secrets::without_secrets;
pub use target::{Platform, PythonVersion, Target};
