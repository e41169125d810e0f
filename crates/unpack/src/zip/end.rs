//! The end records (APPNOTE 4.3.14 to 4.3.16), which say where the directory is.

use super::{field, invalid};
use crate::{ArchiveError, Problem, Source, UnpackError};

/// `PK\5\6`
pub(super) const END: u32 = 0x0605_4b50;
/// `PK\6\6`
pub(super) const END64: u32 = 0x0606_4b50;
/// `PK\6\7`
const LOCATOR: u32 = 0x0706_4b50;

const END_LEN: usize = 22;
const END64_LEN: usize = 56;
const LOCATOR_LEN: usize = 20;
const LONGEST_COMMENT: usize = u16::MAX as usize;

/// Where the directory is, and how many headers it has.
#[derive(Debug, Clone, Copy)]
pub(super) struct End {
    pub(super) start: u64,
    pub(super) end: u64,
    pub(super) count: u64,
}

impl End {
    /// Reads the end of a complete archive.
    ///
    /// There is one end record, it ends with the archive, everything it says is so, and nothing in the comment could be
    /// taken for a record.
    pub(super) fn read(source: &dyn Source, size: u64) -> Result<Self, UnpackError> {
        let most = (LONGEST_COMMENT + END_LEN + LOCATOR_LEN + END64_LEN) as u64;
        let start = size.saturating_sub(most);
        let mut tail = vec![0; usize::try_from(size - start).unwrap_or_default()];
        let mut have = 0;
        while have < tail.len() {
            match source.read_at(start + have as u64, &mut tail[have..]).map_err(UnpackError::Source)? {
                0 => return Err(Problem::Short { what: "the end record" }.at(start + have as u64).into()),
                read => have += read,
            }
        }
        let last = tail.len().checked_sub(END_LEN);
        let found = last.and_then(|last| (0..=last).rev().find(|at| field::u32(&tail, *at) == END));
        let Some(at) = found else {
            return Err(Problem::Short { what: "a zip: there is no end record" }.at(size).into());
        };
        let here = start + at as u64;
        let comment = &tail[at + END_LEN..];
        if usize::from(field::u16(&tail, at + 20)) != comment.len() {
            return Err(invalid("the end record and its comment are not the end of the archive").at(here).into());
        }
        if comment.windows(3).any(|three| three.starts_with(b"PK") && three[2] <= 8) {
            return Err(invalid("the comment holds what could be taken for a record").at(here).into());
        }
        let record = &tail[at..at + END_LEN];
        let locator = at.checked_sub(LOCATOR_LEN).filter(|at| field::u32(&tail, *at) == LOCATOR);
        Ok(match locator {
            Some(locator) => Self::wide(&tail, start, locator, record)?,
            None => Self::narrow(record, here)?,
        })
    }

    fn narrow(record: &[u8], here: u64) -> Result<Self, ArchiveError> {
        let [disk, directory_disk, count_here, count] = [4, 6, 8, 10].map(|at| field::u16(record, at));
        let [size, start] = [12, 16].map(|at| u64::from(field::u32(record, at)));
        one_part(disk == 0 && directory_disk == 0 && count_here == count, here)?;
        reaches(start, size, here, here)?;
        Ok(Self { start, end: here, count: count.into() })
    }

    /// With the zip64 end record, which the short one agrees with wherever it is not all ones.
    fn wide(tail: &[u8], tail_start: u64, locator: usize, short: &[u8]) -> Result<Self, ArchiveError> {
        let locator_at = tail_start + locator as u64;
        let wrong = |detail: &'static str| Err(invalid(detail).at(locator_at));
        let Some(at) = locator.checked_sub(END64_LEN) else {
            return wrong("there is no room for a zip64 end record");
        };
        let (here, record) = (tail_start + at as u64, &tail[at..locator]);
        if field::u64(tail, locator + 8) != here {
            return wrong("the zip64 end record is not where its locator says, right before it");
        }
        one_part(field::u32(tail, locator + 4) == 0 && field::u32(tail, locator + 16) <= 1, locator_at)?;
        if field::u32(record, 0) != END64 || field::u64(record, 4) != END64_LEN as u64 - 12 {
            return wrong("no zip64 end record of the usual length stands before its locator");
        }
        let [disk, directory_disk] = [16, 20].map(|at| field::u32(record, at));
        let [count_here, count, size, start] = [24, 32, 40, 48].map(|at| field::u64(record, at));
        one_part(disk == 0 && directory_disk == 0 && count_here == count, here)?;
        let agree = |short: u64, ones: u64, wide: u64| short == ones || short == wide;
        let agrees = [(4, 0), (6, 0), (8, count), (10, count)]
            .iter()
            .all(|(at, wide)| agree(field::u16(short, *at).into(), u16::MAX.into(), *wide))
            && [(12, size), (16, start)]
                .iter()
                .all(|(at, wide)| agree(field::u32(short, *at).into(), u32::MAX.into(), *wide));
        if !agrees {
            return wrong("the two end records disagree");
        }
        reaches(start, size, here, here)?;
        Ok(Self { start, end: here, count })
    }
}

fn one_part(is: bool, at: u64) -> Result<(), ArchiveError> {
    let what = "a zip of several parts".to_owned();
    if is { Ok(()) } else { Err(Problem::Unsupported { what }.at(at)) }
}

/// The directory has to end where the end records start.
fn reaches(start: u64, size: u64, end: u64, at: u64) -> Result<(), ArchiveError> {
    if start.checked_add(size) == Some(end) {
        return Ok(());
    }
    let there = format!("{size} bytes from {start}");
    Err(Problem::Disagrees { what: "the end of the directory", here: end.to_string(), there }.at(at))
}
