//! Data descriptors (APPNOTE 4.3.9).

use super::{
    field,
    header::{Central, Local},
    invalid,
    window::Window,
};
use crate::{Problem, UnpackError};

/// `PK\7\8`
const SIGNATURE: u32 = 0x0807_4b50;

/// Checks what stands between a member's data and the next record: nothing, or if announced a data descriptor, with or
/// without a signature, its sizes of 64 bits exactly if the member has a zip64 extra field (a reader that comes from the
/// front cannot tell otherwise), saying what the directory says.
pub(super) fn check(
    window: &mut Window<'_>,
    local: &Local,
    central: &Central,
    from: u64,
    to: u64,
) -> Result<(), UnpackError> {
    let error = |problem: Problem| Err(local.header.error(problem, from).into());
    let between = to.checked_sub(from);
    if !local.header.descriptor() {
        return match between {
            Some(0) => Ok(()),
            Some(_) => error(invalid("bytes that belong to no member follow the data")),
            None => error(invalid("the data run into the next record")),
        };
    }
    let body = if local.header.wide || central.header.wide { 20 } else { 12 };
    let signed = match between {
        Some(len) if len == body => false,
        Some(len) if len == body + 4 => true,
        _ => return error(invalid("no data descriptor fits between the data and the next record")),
    };
    let record = window.get(from, body as usize + if signed { 4 } else { 0 }, "a data descriptor")?;
    // A checksum that looks like the signature would be taken for one.
    if (field::u32(record, 0) == SIGNATURE) != signed {
        return error(invalid("the data descriptor's signature is not where its length has it"));
    }
    let record = if signed { &record[4..] } else { record };
    let (packed, size) = match body {
        20 => (field::u64(record, 4), field::u64(record, 12)),
        _ => (field::u32(record, 4).into(), field::u32(record, 8).into()),
    };
    let header = &central.header;
    let differ = |what, here: String, there: String| error(Problem::Disagrees { what, here, there });
    if field::u32(record, 0) != header.crc {
        return differ("the checksum", format!("{:08x}", field::u32(record, 0)), format!("{:08x}", header.crc));
    }
    if packed != header.packed {
        return differ("the compressed size", packed.to_string(), header.packed.to_string());
    }
    if size != header.size {
        return differ("the size", size.to_string(), header.size.to_string());
    }
    Ok(())
}
