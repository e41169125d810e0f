use std::{
    fs,
    io::{self, Read},
};

use towline_store::{Algorithm, Digest, DigestError, Key};

const HEX: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

#[test]
fn digests_are_read_and_written() {
    let digest: Digest = format!("sha256:{}", HEX.to_uppercase()).parse().unwrap();
    assert_eq!(digest.to_string(), format!("sha256:{HEX}"));
    assert_eq!(digest, Digest::sha256(HEX).unwrap());
    assert_eq!(digest.algorithm(), Algorithm::Sha256);
}

#[test]
fn what_is_no_digest_is_refused_with_its_reason() {
    let short = &HEX[..63];
    let table = [
        (HEX.to_owned(), DigestError::Separator),
        (format!("md5:{HEX}"), DigestError::Algorithm("md5".into())),
        (format!("SHA256:{HEX}"), DigestError::Algorithm("SHA256".into())),
        (format!("sha256:{short}"), DigestError::Length { algorithm: Algorithm::Sha256, expected: 64, found: 63 }),
        (format!("sha256:{HEX}0"), DigestError::Length { algorithm: Algorithm::Sha256, expected: 64, found: 65 }),
        ("sha256:".into(), DigestError::Length { algorithm: Algorithm::Sha256, expected: 64, found: 0 }),
        (format!("sha256:{short}g"), DigestError::Hex('g')),
        (format!("sha256:{short}é"), DigestError::Hex('é')),
        (format!("sha256: {short}"), DigestError::Hex(' ')),
    ];
    for (text, reason) in table {
        assert_eq!(text.parse::<Digest>(), Err(reason), "{text}");
    }
}

/// Gives its bytes in small pieces, with interruptions between them.
struct Halting(Vec<u8>, bool);

impl Read for Halting {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.1 = !self.1;
        if self.1 {
            return Err(io::ErrorKind::Interrupted.into());
        }
        let read = self.0.len().min(buf.len()).min(3);
        buf[..read].copy_from_slice(&self.0[..read]);
        self.0.drain(..read);
        Ok(read)
    }
}

/// The examples of FIPS 180-4, and one beyond a buffer (`head -c 1000000 /dev/zero | sha256sum`).
#[test]
fn readers_and_files_have_the_digest_that_other_programs_print() {
    let table = [
        (b"".to_vec(), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        (b"abc".to_vec(), HEX),
        (vec![0; 1_000_000], "d29751f2649b32ff572b5e0a9f541ea660a50f94ff0beedfb0b692b924cc8025"),
    ];
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("file");
    for (bytes, hex) in table {
        fs::write(&path, &bytes).unwrap();
        assert_eq!(Digest::of_file(Algorithm::Sha256, &path).unwrap().hex(), hex);
        assert_eq!(Digest::of(Algorithm::Sha256, Halting(bytes, false)).unwrap().hex(), hex);
    }
    // Of `abc`, as FIPS 180-4 prints them.
    for (algorithm, begins) in [
        (Algorithm::Sha384, "cb00753f45a35e8bb5a03d699ac65007"),
        (Algorithm::Sha512, "ddaf35a193617abacc417349ae204131"),
    ] {
        let digest = Digest::of(algorithm, &b"abc"[..]).unwrap();
        assert!(digest.hex().starts_with(begins), "{digest}");
        assert_eq!(digest.to_string().parse(), Ok(digest), "{algorithm}");
    }
    let error = Digest::of_file(Algorithm::Sha256, dir.path().join("missing")).unwrap_err();
    assert!(error.to_string().contains("missing") && error.kind() == io::ErrorKind::NotFound, "{error}");
    assert!(Digest::of_file(Algorithm::Sha256, dir.path()).is_err());
}

#[test]
fn keys_are_safe_file_names_for_any_input() {
    let inputs = ["", ".", "..", "/", "../../etc/passwd", "a/b", "\0", "é", "https://h/%2e%2e/", &"x".repeat(5000)];
    for input in inputs {
        for key in [Key::of_url(input), Key::of_digest("sha256", input), Key::of_digest(input, "ab")] {
            let name = key.as_str();
            assert!(!name.is_empty() && name.len() <= 200, "{input:?} -> {name:?}");
            assert!(name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-'), "{input:?} -> {name:?}");
        }
    }
    assert_eq!(Key::of_digest("SHA256", "AB").as_str(), "sha256-ab");
    assert_eq!(Key::from(&Digest::sha256(HEX).unwrap()), Key::of_digest("sha256", HEX));
}

#[test]
fn a_url_key_ignores_credentials_and_fragment_but_not_the_query() {
    let plain = Key::of_url("https://example.org/a?token=secret");
    let same = [
        "https://u:p@example.org/a?token=secret",
        "https://u:p@x@example.org/a?token=secret",
        "HTTPS://Example.ORG/a?token=secret",
        "https://example.org/a?token=secret#sha256=00",
    ];
    for url in same {
        assert_eq!(Key::of_url(url), plain, "{url}");
    }
    let others = [
        "http://example.org/a?token=secret",
        "https://example.org/A?token=secret",
        "https://example.org/a?token=other",
        "https://example.org/a",
        "https://example.org:8443/a?token=secret",
        "https://example.org/u:p@a?token=secret",
    ];
    for url in others {
        assert_ne!(Key::of_url(url), plain, "{url}");
    }
    assert_eq!(Key::of_url("https://example.org"), Key::of_url("https://example.org/"));
    assert!(!plain.as_str().contains("secret"));
}
