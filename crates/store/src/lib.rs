//! Spools: partial files that grow, are read while they grow, and outlive the process that fills them. And what
//! becomes of them: trees that appear at once, entries and archives kept by digest.
//!
//! # Spools
//!
//! A [`Store`] is a directory. [`Store::claim`] says, for one artifact, whether this caller is to fetch it
//! ([`Claim::Lead`], with a [`Spool`] that already holds what earlier runs left) or whether somebody alive is
//! at it ([`Claim::Follow`], with a [`Follower`] of that spool). Bytes appended to a spool are in the file
//! system at once: killing the process loses none of them.
//!
//! Any number of [`Reader`]s stand on a spool; at the watermark they block, so a decoder is plain synchronous
//! code that never sees the network. [`Hasher`] is such a reader with a thread.
//!
//! ```
//! use std::io::Read as _;
//! use towline_store::{Algorithm, Claim, Hasher, Key, Store};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let dir = tempfile::tempdir()?;
//! let store = Store::open(dir.path().join("cache"))?;
//! match store.claim(&Key::of_url("https://example.org/a.whl"))? {
//!     Claim::Lead(mut spool) => {
//!         let hasher = Hasher::follow(&spool, Algorithm::Sha256)?;
//!         let mut reader = spool.reader();
//!         spool.append(b"bytes from the network")?;
//!         println!("{}", hasher.finish(spool.len())?);
//!         spool.persist(dir.path().join("a.whl"))?;
//!         let mut text = String::new();
//!         reader.read_to_string(&mut text)?;
//!         assert_eq!(text, "bytes from the network");
//!     }
//!     Claim::Follow(mut follower) => println!("somebody is at it: {:?}", follower.poll()?),
//! }
//! # Ok(())
//! # }
//! ```
//!
//! # Trees
//!
//! [`Store::stage`] gives a private directory; [`Stage::place`] moves the tree in it to where the user wants it, and
//! [`Stage::publish`] into the store, as the [`Entry`] of an archive's digest. Either is one rename: nobody ever sees
//! part of a tree, and what a killed process left is swept by the next one. [`Spool::keep`] does the same for an
//! archive. [`Store::prune`] drops what nobody used.
//!
//! ```
//! use towline_store::{Algorithm, Description, Digest, Placed, Store};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let dir = tempfile::tempdir()?;
//! let store = Store::open(dir.path().join("cache"))?;
//! let digest = Digest::of(Algorithm::Sha256, &b"the archive"[..])?;
//! let stage = store.stage(None)?;
//! std::fs::write(stage.tree().join("a.py"), "pass")?;
//! let (name, kind) = ("a.whl".to_owned(), "wheel".to_owned());
//! stage.publish(&digest, Description { name, kind, size: 11, files: 1, bytes: 4 })?;
//!
//! let entry = store.entry(&digest)?.ok_or("it was pruned")?;
//! assert_eq!(entry.place(&dir.path().join("a"))?, Placed::Moved);
//! assert_eq!(std::fs::read_to_string(dir.path().join("a/a.py"))?, "pass");
//! # Ok(())
//! # }
//! ```
//!
//! No file locks are used. What makes this safe is written down in `docs/design/2026-11-24-spool.md` and
//! `docs/design/2026-11-25-entries.md`, where it also says what a power failure may do.

mod archive;
#[cfg(feature = "tokio")]
mod async_reader;
mod census;
mod claim;
mod digest;
mod election;
mod entry;
mod error;
mod follower;
mod hasher;
mod identity;
mod key;
mod mark;
mod note;
pub mod ownership;
mod partials;
mod persist;
mod progress;
mod proof;
mod prune;
mod reader;
mod receipt;
mod registry;
mod same;
mod sidecar;
mod spool;
mod stage;
mod staging;
mod store;
mod token;
mod tree;
mod watch;

#[cfg(feature = "tokio")]
pub use async_reader::AsyncReader;
pub use census::Damage;
pub use claim::Claim;
pub use digest::{Algorithm, Digest, DigestError};
pub use entry::{Description, Entry};
pub use error::{Restarted, Stopped, StoreError};
pub use follower::{Follower, FollowerReader, State};
pub use hasher::{HashError, Hasher};
pub use key::Key;
pub use note::Note;
pub use persist::{copy_file, copy_open};
pub use progress::End;
pub use prune::{Amount, Keep, Usage};
pub use reader::Reader;
pub use receipt::{Moment, Outline, Receipt};
pub use spool::{Outcome, Spool};
pub use stage::{Placed, Stage};
pub use store::Store;
pub use watch::{Seen, Watch};
