//! Extra fields (APPNOTE 4.5).

use super::{field, invalid};
use crate::Problem;

/// Those extra fields that decide what comes out.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Extra<'a> {
    /// 0x0001: sizes and offsets of 64 bits (APPNOTE 4.5.3).
    pub(super) zip64: Option<&'a [u8]>,
    /// 0x7075: the name in UTF-8 (APPNOTE 4.6.9).
    pub(super) unicode: Option<&'a [u8]>,
}

impl<'a> Extra<'a> {
    /// Reads the fields of a header. Every byte belongs to one, and those that matter occur once: readers differ in
    /// which of two they take.
    pub(super) fn read(mut bytes: &'a [u8]) -> Result<Self, Problem> {
        let mut extra = Self::default();
        while !bytes.is_empty() {
            let Some((head, rest)) = bytes.split_at_checked(4) else {
                return Err(invalid("bytes that belong to no extra field"));
            };
            let (id, len) = (field::u16(head, 0), field::u16(head, 2));
            let Some((value, rest)) = rest.split_at_checked(len.into()) else {
                return Err(invalid(format!("the extra field {id:#06x} is longer than what it is in")));
            };
            let twice = match id {
                0x0001 => extra.zip64.replace(value).is_some(),
                0x7075 => extra.unicode.replace(value).is_some(),
                _ => false,
            };
            if twice {
                return Err(invalid(format!("the extra field {id:#06x} occurs twice")));
            }
            bytes = rest;
        }
        Ok(extra)
    }
}

/// The values of a zip64 extra field, which stand there exactly for those fields of the header that are all ones.
pub(super) struct Wide<'a>(Option<&'a [u8]>);

impl<'a> Wide<'a> {
    pub(super) const fn new(field: Option<&'a [u8]>) -> Self {
        Self(field)
    }

    /// That of a local header. Python before 3.11, told to, repeats the sizes there although they fit; selenium 4.52.0 is
    /// such a wheel.
    pub(super) fn of_local(field: Option<&'a [u8]>, size: u32, packed: u32) -> Self {
        let repeated = [size, packed].map(|narrow| u64::from(narrow).to_le_bytes()).concat();
        let needless = size != u32::MAX && packed != u32::MAX;
        Self(field.filter(|field| !(needless && *field == repeated.as_slice())))
    }

    /// A size or an offset, from here if the header's field is all ones.
    pub(super) fn size(&mut self, narrow: u32) -> Result<u64, Problem> {
        if narrow != u32::MAX {
            return Ok(narrow.into());
        }
        self.take::<8>().map(u64::from_le_bytes)
    }

    /// The number of a disk, likewise.
    pub(super) fn disk(&mut self, narrow: u16) -> Result<u32, Problem> {
        if narrow != u16::MAX {
            return Ok(narrow.into());
        }
        self.take::<4>().map(u32::from_le_bytes)
    }

    /// Nothing may be left.
    pub(super) fn done(self) -> Result<(), Problem> {
        match self.0 {
            Some(rest) if !rest.is_empty() => Err(invalid("the zip64 extra field is longer than it should be")),
            _ => Ok(()),
        }
    }

    fn take<const N: usize>(&mut self) -> Result<[u8; N], Problem> {
        let rest = self.0.ok_or_else(|| invalid("the zip64 extra field is missing"))?;
        let (value, rest) = rest
            .split_first_chunk::<N>()
            .ok_or_else(|| invalid("the zip64 extra field is shorter than it should be"))?;
        self.0 = Some(rest);
        Ok(*value)
    }
}
