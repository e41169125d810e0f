//! What happens on the way, for progress and logs.

/// Something happened to an artifact.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub enum Event<'a> {
    /// This process brings it, and goes on from `held` bytes.
    Leads {
        /// Bytes that an earlier run left.
        held: u64,
        /// The size, if known.
        size: Option<u64>,
    },
    /// Another process, or another part of this one, brings it: it is followed.
    Follows {
        /// Bytes held there.
        held: u64,
        /// The size, if known.
        size: Option<u64>,
    },
    /// Bytes came where it is followed.
    Grew {
        /// Bytes held there.
        held: u64,
        /// The size, if known.
        size: Option<u64>,
    },
    /// Something happened in the transfer.
    Transfer(towline_client::Event<'a>),
    /// Members were unpacked; told now and then, and when all are.
    Unpacking {
        /// Files and links that are whole on the disk, over all passes: more than the archive has only after a restart.
        written: u64,
        /// Bytes in them.
        bytes: u64,
        /// How often unpacking was begun: 1, and one more for each restart of the bytes beneath it.
        passes: u64,
    },
}
