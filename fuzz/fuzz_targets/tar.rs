#![no_main]

#[path = "../bodies/arena.rs"]
mod arena;
#[path = "../bodies/tar.rs"]
mod tar;

libfuzzer_sys::fuzz_target!(|data: &[u8]| tar::body(data));
