#![no_main]

#[path = "../bodies/arena.rs"]
mod arena;
#[path = "../bodies/zip.rs"]
mod zip;

libfuzzer_sys::fuzz_target!(|data: &[u8]| zip::body(data));
