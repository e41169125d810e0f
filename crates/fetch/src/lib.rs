//! From an artifact to a verified file or tree: transfer, hash and unpack at the same time.
//!
//! A [`Fetcher`] brings an [`Artifact`] to a [`Goal`]. The bytes are spooled as they come; the hash and the unpacking
//! stand on the spool as readers that wait at its watermark, so a fault of the network ends neither. What an earlier
//! run left is gone on from; where another process, or another part of this one, brings the same artifact, it is
//! followed, and taken over from should it die. A goal is only ever seen whole.
//!
//! Which failure is told when several come together: that of the transfer before anything a decoder says about its
//! bytes; and a digest that differs before an archive that is damaged.

mod artifact;
mod error;
mod event;
mod fetcher;
mod follow;
mod goal;
mod lead;
mod local;
mod notes;
mod sink;
mod source;
mod unpacking;
mod whole;

pub use artifact::Artifact;
pub use error::FetchError;
pub use event::Event;
pub use fetcher::{Fetcher, Outcome};
pub use goal::{Done, Goal, Held, Tree};
