//! Compressed streams: all of them, checked, or nothing.

use std::sync::Arc;

use proptest::prelude::*;
use towline_unpack::{Codec, Problem, Source, UnpackError, decoder};

use crate::{
    blocks::compressed,
    sources::{Growing, Pace},
};

const COMPRESSIONS: [Codec; 5] = [Codec::Deflate, Codec::Gzip, Codec::Zstd, Codec::Xz, Codec::Bzip2];

fn decoded(codec: Codec, source: impl Source + 'static) -> Result<Vec<u8>, UnpackError> {
    let mut decoder = decoder(codec, Arc::new(source));
    let mut out = Vec::new();
    let mut buffer = [0; 1000];
    loop {
        match decoder.decode(&mut buffer)? {
            0 => return Ok(out),
            decoded => out.extend_from_slice(&buffer[..decoded]),
        }
    }
}

fn problem(result: Result<Vec<u8>, UnpackError>) -> Problem {
    match result {
        Err(UnpackError::Archive(error)) => error.problem,
        other => panic!("{other:?}"),
    }
}

/// Compressible, but not to nothing.
fn text(len: usize) -> Vec<u8> {
    (0..len).map(|at| b"the quick brown fox "[at * at / 7 % 20]).collect()
}

#[test]
fn everything_that_follows_is_decoded() {
    for codec in COMPRESSIONS.into_iter().filter(|codec| *codec != Codec::Deflate) {
        let bytes = [compressed(codec, b"one "), compressed(codec, b""), compressed(codec, b"two")].concat();
        assert_eq!(decoded(codec, bytes.clone()).unwrap(), b"one two", "{codec:?}");
        assert_eq!(decoded(codec, Growing::whole(bytes, Pace::Byte)).unwrap(), b"one two", "{codec:?} by the byte");
    }
}

#[test]
fn a_cut_stream_is_short_wherever_it_is_cut() {
    for codec in COMPRESSIONS {
        let bytes = compressed(codec, &text(5000));
        for len in 0..bytes.len() {
            let problem = problem(decoded(codec, bytes[..len].to_vec()));
            assert!(matches!(problem, Problem::Short { .. }), "{codec:?} of {len} bytes: {problem}");
        }
    }
}

#[test]
fn a_source_that_fails_is_the_sources_failure() {
    for codec in COMPRESSIONS.into_iter().chain([Codec::Stored]) {
        let bytes = compressed(codec, &text(2000));
        for at in 0..=bytes.len() as u64 {
            match decoded(codec, Growing::until(bytes.clone(), Pace::Random(at), at)) {
                Err(UnpackError::Source(error)) => assert_eq!(error.to_string(), "the connection broke"),
                other => panic!("{codec:?} broken at {at}: {other:?}"),
            }
        }
    }
}

/// What an archiver of tapes, a signer or a careless copy leaves behind a stream.
#[test]
fn what_follows_the_end() {
    for (codec, behind, fine) in [
        (Codec::Gzip, &b"\0\0\0\0\0"[..], true),
        (Codec::Gzip, b"unrelated", true),
        (Codec::Gzip, b"\x1f\x8b", false),
        (Codec::Gzip, b"\x1f\x8b\x08\xe0garbage", false),
        (Codec::Zstd, b"\0\0\0\0", false),
        (Codec::Zstd, b"unrelated", false),
        (Codec::Zstd, b"\x50\x2a\x4d\x18\x02\0\0\0ab", true),
        (Codec::Zstd, b"\x50\x2a\x4d\x18\x02\0\0\0a", false),
        (Codec::Xz, b"\0\0\0\0", true),
        (Codec::Xz, b"\0\0\0", false),
        (Codec::Xz, b"unrelated", false),
        (Codec::Bzip2, b"unrelated", false),
        (Codec::Deflate, b"\0", false),
    ] {
        let bytes = [&compressed(codec, b"content"), behind].concat();
        let result = decoded(codec, bytes);
        assert_eq!(result.is_ok(), fine, "{codec:?} and {behind:?}: {result:?}");
    }
}

#[test]
fn a_damaged_second_member_is_damage() {
    for codec in COMPRESSIONS.into_iter().filter(|codec| *codec != Codec::Deflate) {
        let first = compressed(codec, &text(3000));
        let mut second = compressed(codec, &text(3000));
        let at = second.len() - 6;
        second[at] ^= 0x10;
        let problem = problem(decoded(codec, [first, second].concat()));
        assert!(matches!(problem, Problem::Codec { .. } | Problem::Short { .. }), "{codec:?}: {problem}");
    }
}

/// RFC 1952, section 2.3: every optional field, and the checksum of the header.
#[test]
fn gzip_headers() {
    let plain = compressed(Codec::Gzip, b"content");
    let body = &plain[10..];
    let header = |flags: u8, fields: &[u8]| [&[0x1f, 0x8b, 8, flags, 0, 0, 0, 0, 0, 3][..], fields].concat();
    let with = |header: Vec<u8>| decoded(Codec::Gzip, [&header, body].concat());
    let checked = |mut header: Vec<u8>, wrong: u8| {
        let mut crc = flate2::Crc::new();
        crc.update(&header);
        header.extend((crc.sum() as u16).to_le_bytes());
        *header.last_mut().unwrap() ^= wrong;
        header
    };
    let all = header(0x1e, b"\x03\0abcname\0comment\0");
    assert_eq!(with(header(0, b"")).unwrap(), b"content");
    assert_eq!(with(header(1, b"")).unwrap(), b"content", "FTEXT");
    assert_eq!(with(header(0x1c, b"\x03\0abcname\0comment\0")).unwrap(), b"content");
    assert_eq!(with(checked(all.clone(), 0)).unwrap(), b"content", "FHCRC");
    assert!(matches!(problem(with(checked(all, 1))), Problem::Codec { codec: "gzip", .. }), "a wrong FHCRC");
    for flag in [0x20, 0x40, 0x80] {
        assert!(matches!(problem(with(header(flag, b""))), Problem::Codec { .. }), "a reserved flag");
    }
    let mut method = header(0, b"");
    method[2] = 7;
    assert!(matches!(problem(with(method)), Problem::Codec { .. }), "a method that is none");
    for at in plain.len() - 8..plain.len() {
        let mut wrong = plain.clone();
        wrong[at] ^= 1;
        assert!(matches!(problem(decoded(Codec::Gzip, wrong)), Problem::Codec { .. }), "trailer byte {at}");
    }
}

/// A stream that would need more memory than is given to it, whatever is in it.
#[test]
fn large_windows_are_refused() {
    // A frame header with a window descriptor (RFC 8878, section 3.1.1.1.2) and a raw block of one byte, the last.
    let frame = |descriptor: u8| [&[0x28, 0xb5, 0x2f, 0xfd, 0, descriptor][..], &[9, 0, 0, b'x']].concat();
    let log = |log: u8| (log - 10) << 3;
    assert_eq!(decoded(Codec::Zstd, frame(log(27))).unwrap(), b"x");
    assert!(matches!(problem(decoded(Codec::Zstd, frame(log(27) | 1))), Problem::Codec { .. }));
    assert!(matches!(problem(decoded(Codec::Zstd, frame(log(31)))), Problem::Codec { .. }));
    let xz = |dictionary: u32| {
        let mut options = liblzma::stream::LzmaOptions::new_preset(0).unwrap();
        options.dict_size(dictionary);
        let mut filters = liblzma::stream::Filters::new();
        filters.lzma2(&options);
        let stream = liblzma::stream::Stream::new_stream_encoder(&filters, liblzma::stream::Check::Crc64).unwrap();
        let mut encoder = liblzma::write::XzEncoder::new_stream(Vec::new(), stream);
        std::io::Write::write_all(&mut encoder, b"x").unwrap();
        encoder.finish().unwrap()
    };
    assert_eq!(decoded(Codec::Xz, xz(64 << 20)).unwrap(), b"x");
    assert!(matches!(problem(decoded(Codec::Xz, xz(128 << 20))), Problem::Codec { .. }));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// A changed bit is noticed by every codec that has checks, or it changes nothing.
    #[test]
    fn damage_does_not_pass(seed in any::<u64>(), at in any::<prop::sample::Index>(), bit in 0..8_u8) {
        let content = text(500 + (seed % 3000) as usize);
        for codec in COMPRESSIONS.into_iter().filter(|codec| *codec != Codec::Deflate) {
            let mut bytes = compressed(codec, &content);
            let at = at.index(bytes.len());
            bytes[at] ^= 1 << bit;
            if let Ok(out) = decoded(codec, bytes) {
                prop_assert!(out == content, "{codec:?}, bit {bit} of byte {at}");
            }
        }
    }
}
