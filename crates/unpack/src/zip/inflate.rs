//! Inflating members that are in memory.

use flate2::{Decompress, FlushDecompress, Status};

use crate::Problem;

/// Bytes that a gzip header needs before the data, and a trailer behind them (RFC 1952).
pub(super) const BEFORE: usize = 10;
pub(super) const BEHIND: usize = 8;
/// A gzip header that says nothing but deflate.
const HEADER: [u8; BEFORE] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];

/// Inflates the data at `from..to` of a buffer into all of `out`, whose checksum has to be `crc`.
///
/// libdeflate's binding does not tell where a stream ended. Its gzip decoder looks for the trailer there, so the data are
/// dressed as gzip, in the buffer: the 10 bytes before them (the end of the local header) and the 8 behind them (the
/// beginning of the next) are overwritten. If the stream ended early the trailer is not found, unless the same 8 bytes
/// stand there as well, which may reach into the trailer itself (that of no content is 8 zeros); then, and to say what is
/// wrong, zlib-rs looks again.
pub(super) fn checked(
    fast: &mut libdeflater::Decompressor,
    buffer: &mut [u8],
    (from, to): (usize, usize),
    out: &mut [u8],
    crc: u32,
) -> Result<(), Problem> {
    let size = u32::try_from(out.len()).unwrap_or(u32::MAX);
    let mut trailer = [0; BEHIND];
    trailer[..4].copy_from_slice(&crc.to_le_bytes());
    trailer[4..].copy_from_slice(&size.to_le_bytes());
    buffer[from - BEFORE..from].copy_from_slice(&HEADER);
    buffer[to..to + BEHIND].copy_from_slice(&trailer);
    let only_behind = memchr::memmem::find(&buffer[from..to + BEHIND], &trailer) == Some(to - from);
    if only_behind && fast.gzip_decompress(&buffer[from - BEFORE..to + BEHIND], out) == Ok(out.len()) {
        return Ok(());
    }
    exact(&buffer[from..to], out)?;
    check(crc, crc32fast::hash(out))
}

/// Whether a checksum is the announced one.
pub(super) fn check(expected: u32, found: u32) -> Result<(), Problem> {
    if expected == found { Ok(()) } else { Err(Problem::Checksum { expected, found }) }
}

/// Inflates a stream that has to end with its input and to fill its output.
pub(super) fn exact(data: &[u8], out: &mut [u8]) -> Result<(), Problem> {
    let mut inflate = Decompress::new(false);
    let expected = out.len() as u64;
    let status = inflate.decompress(data, out, FlushDecompress::Finish).map_err(damaged)?;
    let (read, found) = (inflate.total_in(), inflate.total_out());
    if status == Status::StreamEnd {
        return ended(read, data.len() as u64, found, expected);
    }
    // The output is full, or the input used up. More may come out of what is left, or nothing but the end.
    let mut more = [0; 1];
    let rest = &data[usize::try_from(read).unwrap_or(data.len())..];
    let status = inflate.decompress(rest, &mut more, FlushDecompress::Finish).map_err(damaged)?;
    if inflate.total_out() > expected {
        return Err(Problem::Size { expected, found: inflate.total_out() });
    }
    match status {
        Status::StreamEnd => ended(inflate.total_in(), data.len() as u64, inflate.total_out(), expected),
        _ => Err(Problem::Short { what: "the deflate stream" }),
    }
}

/// Whether a stream that ended did so with its input, and with the announced size.
pub(super) fn ended(read: u64, packed: u64, found: u64, expected: u64) -> Result<(), Problem> {
    if found != expected {
        return Err(Problem::Size { expected, found });
    }
    if read != packed {
        let detail = format!("{} bytes follow the end of the stream", packed - read);
        return Err(Problem::Codec { codec: "deflate", detail });
    }
    Ok(())
}

#[expect(clippy::needless_pass_by_value, reason = "for map_err")]
pub(super) fn damaged(error: flate2::DecompressError) -> Problem {
    Problem::Codec { codec: "deflate", detail: error.to_string() }
}
