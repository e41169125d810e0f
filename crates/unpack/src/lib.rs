//! Wheels, source distributions and interpreters into directories, while their bytes arrive.
//!
//! [`Unpacker::unpack`] is plain, synchronous code over a [`Source`], which waits for bytes that are not there yet and
//! knows nothing of networks. It writes into a directory that the caller publishes or removes.
//!
//! An archive is unpacked to exactly what every reader of its format would make of it, or refused: where two readers
//! could differ, it is refused. [`Limits`] bound what comes out.

mod codec;
mod error;
mod flight;
mod format;
mod limits;
mod link;
mod name;
mod names;
mod pool;
mod source;
mod tar;
mod tree;
mod unpacker;
mod wheel;
mod zip;

pub use codec::{Decoder, decoder};
pub use error::{ArchiveError, Problem, UnpackError};
pub use format::{Codec, Format};
pub use limits::Limits;
pub use name::MemberName;
pub use source::Source;
pub use tree::outline;
pub use unpacker::{Observe, Order, Unpacked, Unpacker, Written};
