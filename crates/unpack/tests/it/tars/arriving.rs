//! Tars whose bytes come late, or not all of them.

use std::{
    io,
    sync::{Arc, Condvar, Mutex, mpsc},
    thread,
    time::Duration,
};

use towline_unpack::{Codec, Problem, Source, UnpackError, Unpacker};

use super::{LONG, refused};
use crate::{
    blocks::{CODECS, Tar, compressed},
    room::{Room, order, unpack},
    sources::{Growing, Pace},
};

#[test]
fn a_source_that_fails_at_any_byte_is_the_sources_failure() {
    let tar = Tar::default().long(b'L', LONG).file("?", "x").file("f", vec![b'y'; 700]).symlink("l", "f").end();
    let unpacker = Unpacker::new(1).unwrap();
    let room = Room::new();
    for (codec, name) in CODECS {
        let bytes = compressed(codec, &tar);
        let step = if codec == Codec::Stored { 37 } else { 1 };
        for at in (0..=bytes.len() as u64).step_by(step) {
            room.clear();
            match unpack(&unpacker, Growing::until(bytes.clone(), Pace::Random(at), at), name, &room) {
                Err(UnpackError::Source(error)) => assert_eq!(error.to_string(), "the connection broke"),
                other => panic!("{name} broken at {at}: {other:?}"),
            }
        }
        room.clear();
        assert!(unpack(&unpacker, Growing::whole(bytes, Pace::Byte), name, &room).is_ok(), "{name}");
    }
}

#[test]
fn a_cut_archive_is_short_wherever_it_is_cut() {
    let tar = Tar::default().file("f", vec![b'y'; 700]).symlink("l", "f").end();
    let unpacker = Unpacker::new(1).unwrap();
    let room = Room::new();
    for (codec, name) in CODECS {
        let bytes = compressed(codec, &tar);
        // A tar as it is has a block to spare at its end.
        let whole = if codec == Codec::Stored { bytes.len() - 512 } else { bytes.len() };
        for len in (0..whole).step_by(if codec == Codec::Stored { 41 } else { 1 }) {
            room.clear();
            let error = refused(name, unpack(&unpacker, bytes[..len].to_vec(), name, &room));
            assert!(matches!(error.problem, Problem::Short { .. }), "{name} of {len} bytes: {error}");
        }
    }
}

/// The first bytes of an archive, whose others come once they are let go.
#[derive(Debug)]
struct Stuck {
    there: Vec<u8>,
    gone_on: Mutex<bool>,
    change: Condvar,
}

impl Source for Stuck {
    fn read_at(&self, at: u64, into: &mut [u8]) -> io::Result<usize> {
        if at < self.there.len() as u64 {
            return self.there.read_at(at, into);
        }
        let gone_on = self.gone_on.lock().unwrap();
        drop(self.change.wait_while(gone_on, |gone_on| !*gone_on).unwrap());
        Ok(0)
    }

    fn wait(&self, _len: u64) -> io::Result<u64> {
        Ok(self.there.len() as u64)
    }

    fn size(&self) -> io::Result<u64> {
        Err(io::Error::other("nobody knows"))
    }
}

/// Bytes that do not come do not keep a refusal from being told.
#[test]
fn a_refusal_does_not_wait_for_the_rest() {
    let there = Tar::default().file("../f", "x").file("g", vec![b'y'; 3 << 20]).cut();
    let source = Arc::new(Stuck { there, gone_on: Mutex::new(false), change: Condvar::new() });
    let (told, heard) = mpsc::channel();
    let unpacking: Arc<dyn Source> = Arc::<Stuck>::clone(&source);
    let thread = thread::spawn(move || {
        let room = Room::new();
        let result = Unpacker::new(1).unwrap().unpack(&unpacking, &room.target(), &order("t.tar"));
        told.send(result).unwrap();
    });
    let error = refused("a climbing name", heard.recv_timeout(Duration::from_secs(20)).unwrap());
    assert!(matches!(error.problem, Problem::Name { .. }));
    *source.gone_on.lock().unwrap() = true;
    source.change.notify_all();
    thread.join().unwrap();
}
