use std::{
    io::{Read as _, Seek as _, SeekFrom},
    sync::mpsc,
    thread,
    time::Duration,
};

use towline_store::{End, Outcome, Restarted, Stopped};

use crate::place::Place;

fn read(reader: &mut towline_store::Reader, len: usize) -> Vec<u8> {
    let mut bytes = vec![0; len];
    reader.read_exact(&mut bytes).unwrap();
    bytes
}

#[test]
fn a_reader_waits_at_the_watermark_and_finds_the_end() {
    let place = Place::new();
    let mut spool = place.lead();
    let mut reader = spool.reader();
    let (tell, told) = mpsc::channel();
    let thread = thread::spawn(move || {
        let mut text = String::new();
        let mut buf = [0; 3];
        loop {
            let read = reader.read(&mut buf).unwrap();
            tell.send(read).unwrap();
            if read == 0 {
                return text;
            }
            text.push_str(std::str::from_utf8(&buf[..read]).unwrap());
        }
    });
    assert!(told.try_recv().is_err());
    spool.append(b"ab").unwrap();
    assert_eq!(told.recv().unwrap(), 2);
    spool.append(b"cdef").unwrap();
    assert_eq!(told.recv().unwrap() + told.recv().unwrap(), 4);
    assert!(told.recv_timeout(Duration::from_millis(3)).is_err(), "read past the watermark");
    spool.complete().unwrap();
    assert_eq!(told.recv().unwrap(), 0);
    assert_eq!(thread.join().unwrap(), "abcdef");
}

#[test]
fn a_cut_below_the_position_is_told_once_and_reading_goes_on_after_a_seek() {
    let place = Place::new();
    let mut spool = place.lead();
    spool.append(b"0123456789").unwrap();
    let (mut far, mut near) = (spool.reader(), spool.reader());
    assert_eq!(read(&mut far, 8), b"01234567");
    assert_eq!(read(&mut near, 4), b"0123");
    spool.cut(4).unwrap();
    spool.append(b"abcdef").unwrap();
    let error = far.read(&mut [0; 8]).unwrap_err();
    assert_eq!(Restarted::of(&error), Some(Restarted { at: 4 }));
    assert_eq!(Stopped::of(&error), None);
    far.seek(SeekFrom::Start(4)).unwrap();
    assert_eq!(read(&mut far, 6), b"abcdef");
    assert_eq!(read(&mut near, 6), b"abcdef");
    // Several cuts at once: the lowest counts.
    spool.cut(9).unwrap();
    spool.append(b"x").unwrap();
    spool.cut(2).unwrap();
    spool.cut(1).unwrap();
    spool.append(b"yyyyyyyyyyyy").unwrap();
    assert_eq!(Restarted::of(&far.read(&mut [0; 8]).unwrap_err()), Some(Restarted { at: 1 }));
}

#[test]
fn a_cut_behind_a_seek_back_is_told_for_bytes_handed_out_before() {
    let place = Place::new();
    let mut spool = place.lead();
    spool.append(b"0123456789").unwrap();
    let mut reader = spool.reader();
    read(&mut reader, 10);
    reader.seek(SeekFrom::Start(0)).unwrap();
    spool.cut(5).unwrap();
    assert_eq!(Restarted::of(&reader.read(&mut [0; 2]).unwrap_err()), Some(Restarted { at: 5 }));
    assert_eq!(read(&mut reader, 5), b"01234");
}

#[test]
fn a_reader_blocked_at_the_watermark_is_woken_by_a_cut() {
    let place = Place::new();
    let mut spool = place.lead();
    spool.append(b"0123").unwrap();
    let mut reader = spool.reader();
    read(&mut reader, 4);
    let thread = thread::spawn(move || reader.read(&mut [0; 4]).unwrap_err());
    spool.cut(1).unwrap();
    assert_eq!(Restarted::of(&thread.join().unwrap()), Some(Restarted { at: 1 }));
}

#[test]
fn a_reader_of_a_dropped_spool_gets_what_is_there_then_stopped() {
    for how in 0..3 {
        let place = Place::new();
        let mut spool = place.lead();
        spool.append(b"abc").unwrap();
        let mut reader = spool.reader();
        match how {
            0 => drop(spool),
            1 => spool.release(Outcome::Failed),
            _ => spool.discard().unwrap(),
        }
        assert_eq!(read(&mut reader, 3), b"abc");
        let error = reader.read(&mut [0; 1]).unwrap_err();
        assert_eq!(Stopped::of(&error), Some(Stopped { len: 3 }));
        assert!(Stopped::of(&reader.seek(SeekFrom::End(0)).unwrap_err()).is_some());
    }
}

#[test]
fn reading_without_blocking_says_what_is_there() {
    let place = Place::new();
    let mut spool = place.lead();
    let mut reader = spool.reader();
    let mut buf = [0; 4];
    assert_eq!(reader.try_read_at(0, &mut buf).unwrap(), None);
    spool.append(b"abcdef").unwrap();
    assert_eq!(reader.try_read_at(4, &mut buf).unwrap(), Some(2));
    assert_eq!(&buf[..2], b"ef");
    assert_eq!(reader.try_read_at(6, &mut buf).unwrap(), None);
    spool.cut(5).unwrap();
    assert!(Restarted::of(&reader.try_read_at(0, &mut buf).unwrap_err()).is_some());
    assert_eq!(reader.try_read_at(0, &mut buf).unwrap(), Some(4));
    spool.complete().unwrap();
    assert_eq!(reader.try_read_at(5, &mut buf).unwrap(), Some(0));
    assert_eq!(reader.try_read_at(u64::MAX, &mut buf).unwrap(), Some(0));
    assert_eq!(reader.position(), 0);
}

#[test]
fn seeking_from_the_end_waits_for_the_end() {
    let place = Place::new();
    let mut spool = place.lead();
    spool.append(b"abcdef").unwrap();
    let mut reader = spool.reader();
    let thread = thread::spawn(move || {
        assert_eq!(reader.seek(SeekFrom::End(-2)).unwrap(), 6);
        let mut text = String::new();
        reader.read_to_string(&mut text).unwrap();
        text
    });
    spool.append(b"gh").unwrap();
    spool.complete().unwrap();
    assert_eq!(thread.join().unwrap(), "gh");
    assert!(spool.reader().seek(SeekFrom::End(-9)).is_err());
    assert!(spool.reader().seek(SeekFrom::Current(-1)).is_err());
}

#[test]
fn a_stalled_reader_does_not_hold_the_writer() {
    let place = Place::new();
    let mut spool = place.lead();
    let mut stalled = spool.reader();
    spool.append(&[1; 10]).unwrap();
    assert_eq!(stalled.read(&mut [0; 1]).unwrap(), 1);
    for _ in 0..1000 {
        spool.append(&[2; 4096]).unwrap();
    }
    assert_eq!(spool.len(), 10 + 1000 * 4096);
}

#[test]
fn a_watch_sees_growth_cuts_and_the_end() {
    let place = Place::new();
    let mut spool = place.lead();
    let watch = spool.watch();
    let start = watch.now();
    assert_eq!((start.len, start.cuts, start.end), (0, 0, None));
    assert_eq!(watch.changed_for(start, Duration::from_millis(2)), start);
    let other = watch.clone();
    let thread = thread::spawn(move || other.reaches(5));
    spool.append(b"abc").unwrap();
    assert_eq!(watch.changed(start).len, 3);
    spool.append(b"def").unwrap();
    assert!(thread.join().unwrap().len >= 5);
    spool.cut(2).unwrap();
    assert_eq!(watch.now().cuts, 1);
    let seen = watch.now();
    spool.complete().unwrap();
    assert_eq!(watch.changed(seen).end, Some(End::Complete));
    assert_eq!(watch.changed(watch.now()).len, 2, "nothing changes after the end");
    assert_eq!(watch.reaches(100).len, 2);
}

#[test]
fn a_complete_spool_takes_nothing_more() {
    let place = Place::new();
    let mut spool = place.lead();
    spool.append(b"abc").unwrap();
    spool.complete().unwrap();
    assert!(spool.append(b"d").is_err());
    assert!(spool.cut(1).is_err());
    assert_eq!(spool.len(), 3);
}

#[test]
fn a_file_cut_from_outside_is_an_error_and_not_the_end() {
    let place = Place::new();
    let mut spool = place.lead();
    spool.append(b"abcdef").unwrap();
    std::fs::File::options().write(true).open(spool.path()).unwrap().set_len(2).unwrap();
    let mut reader = spool.reader();
    read(&mut reader, 2);
    assert_eq!(reader.read(&mut [0; 4]).unwrap_err().kind(), std::io::ErrorKind::UnexpectedEof);
}

/// Whatever the interleaving: what a reader holds at the end, after it obeyed every restart, is the file.
#[test]
fn readers_that_obey_restarts_end_with_the_file() {
    for round in 0..8u64 {
        let place = Place::new();
        let mut spool = place.lead();
        let readers: Vec<_> = (0..3)
            .map(|index| {
                let mut reader = spool.reader();
                thread::spawn(move || {
                    let mut got: Vec<u8> = Vec::new();
                    let mut buf = vec![0; [61, 1000, 100_000][index]];
                    loop {
                        match reader.read(&mut buf) {
                            Ok(0) => return got,
                            Ok(read) => got.extend(&buf[..read]),
                            Err(error) => {
                                let at = Restarted::of(&error).unwrap().at;
                                got.truncate(at.try_into().unwrap());
                                reader.seek(SeekFrom::Start(got.len() as u64)).unwrap();
                            }
                        }
                    }
                })
            })
            .collect();
        let mut dice = round;
        for step in 0..200u64 {
            dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let size = usize::try_from(dice >> 50).unwrap();
            spool.append(&vec![(step % 251) as u8; size]).unwrap();
            if step % 3 == 0 {
                spool.cut(spool.len() - spool.len().min((dice >> 33) % 30_000)).unwrap();
            }
        }
        spool.complete().unwrap();
        let file = std::fs::read(spool.path()).unwrap();
        for reader in readers {
            assert!(reader.join().unwrap() == file, "round {round}");
        }
    }
}

#[test]
fn all_may_go_to_other_threads() {
    fn goes<T: Send + Sync>() {}
    goes::<towline_store::Spool>();
    goes::<towline_store::Reader>();
    goes::<towline_store::Follower>();
    goes::<towline_store::Hasher>();
    goes::<towline_store::Watch>();
    goes::<towline_store::Store>();
}

#[test]
fn a_single_byte_wakes_a_reader() {
    let place = Place::new();
    let mut spool = place.lead();
    let mut reader = spool.reader();
    let (tell, told) = mpsc::channel();
    let thread = thread::spawn(move || {
        let mut byte = [0];
        while reader.read(&mut byte).unwrap() == 1 {
            tell.send(byte[0]).unwrap();
        }
    });
    for byte in 0..200 {
        spool.append(&[byte]).unwrap();
        assert_eq!(told.recv_timeout(Duration::from_secs(10)), Ok(byte), "asleep");
    }
    spool.complete().unwrap();
    thread.join().unwrap();
}
