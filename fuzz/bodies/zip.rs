//! Bytes that may be a zip, or a wheel.

use towline_unpack::Format;

use super::arena::{Verdict, judge};

/// Unpacks the bytes as a zip, as a wheel of any name, and as one of a certain name: what is a wheel is a zip, too.
pub(crate) fn body(data: &[u8]) {
    let zip = judge(data, Format::Zip, None);
    let wheel = judge(data, Format::Wheel, None);
    let named = judge(data, Format::Wheel, Some("pkg-1.0-py3-none-any.whl"));
    if let Verdict::Tree(_) = wheel {
        assert_eq!(wheel, zip, "a wheel unpacks as the zip it is");
    }
    if let Verdict::Tree(_) = named {
        assert_eq!(named, wheel, "its name only adds a rule");
    }
}
