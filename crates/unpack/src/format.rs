//! What kind of archive a file name promises.

/// How a stream of bytes is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Codec {
    /// Not at all.
    Stored,
    /// Bare DEFLATE (RFC 1951), as in a zip.
    Deflate,
    /// gzip (RFC 1952): all of its members, each with its trailer checked.
    Gzip,
    /// Zstandard (RFC 8878): all of its frames, with their checksums.
    Zstd,
    /// xz: all of its streams, with their checks.
    Xz,
    /// bzip2: all of its streams, with their checksums.
    Bzip2,
}

/// The format of an archive, which decides the rules it is held to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    /// A zip that is a wheel: `*.whl`. Besides the rules of a zip, those of the binary distribution format
    /// (<https://packaging.python.org/specifications/binary-distribution-format/>) hold.
    Wheel,
    /// Any other zip: source distributions of old, interpreters.
    Zip,
    /// A tar: source distributions, interpreters.
    Tar(Codec),
}

/// Longest ending first where one is the end of another.
const ENDINGS: [(&str, Format); 14] = [
    (".whl", Format::Wheel),
    (".zip", Format::Zip),
    (".tar.gz", Format::Tar(Codec::Gzip)),
    (".tgz", Format::Tar(Codec::Gzip)),
    (".tar.zst", Format::Tar(Codec::Zstd)),
    (".tar.zstd", Format::Tar(Codec::Zstd)),
    (".tzst", Format::Tar(Codec::Zstd)),
    (".tar.xz", Format::Tar(Codec::Xz)),
    (".txz", Format::Tar(Codec::Xz)),
    (".tar.bz2", Format::Tar(Codec::Bzip2)),
    (".tbz2", Format::Tar(Codec::Bzip2)),
    (".tbz", Format::Tar(Codec::Bzip2)),
    (".tar", Format::Tar(Codec::Stored)),
    (".egg", Format::Zip),
];

impl Format {
    /// The format that a file name promises, and the name without the ending that says so. Case does not matter.
    ///
    /// ```
    /// use towline_unpack::{Codec, Format};
    /// assert_eq!(Format::of_name("pkg-1.0.tar.gz"), Some((Format::Tar(Codec::Gzip), "pkg-1.0")));
    /// assert_eq!(Format::of_name("pkg-1.0.exe"), None);
    /// ```
    #[must_use]
    pub fn of_name(name: &str) -> Option<(Self, &str)> {
        ENDINGS.iter().find_map(|(ending, format)| {
            let at = name.len().checked_sub(ending.len()).filter(|at| *at > 0)?;
            let (stem, end) = name.split_at_checked(at)?;
            end.eq_ignore_ascii_case(ending).then_some((*format, stem))
        })
    }
}
