#![no_main]

#[path = "../bodies/arena.rs"]
mod arena;
#[path = "../bodies/path.rs"]
mod path;

libfuzzer_sys::fuzz_target!(|data: &[u8]| path::body(data));
