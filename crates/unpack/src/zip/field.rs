//! Little-endian fields of records whose length was checked.

pub(super) fn u16(record: &[u8], at: usize) -> u16 {
    u16::from_le_bytes([record[at], record[at + 1]])
}

pub(super) fn u32(record: &[u8], at: usize) -> u32 {
    u32::from(u16(record, at)) | u32::from(u16(record, at + 2)) << 16
}

pub(super) fn u64(record: &[u8], at: usize) -> u64 {
    u64::from(u32(record, at)) | u64::from(u32(record, at + 4)) << 32
}
