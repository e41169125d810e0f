use std::{
    io::{Seek as _, SeekFrom},
    thread,
};

use tokio::io::AsyncReadExt as _;
use towline_store::{AsyncReader, Restarted, Stopped};

use crate::place::Place;

fn run<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

#[test]
fn many_readers_on_one_thread_get_every_byte() {
    let place = Place::new();
    let mut spool = place.lead();
    let all: Vec<u8> = (0..500_000u32).map(|index| (index % 253) as u8).collect();
    let readers: Vec<_> = (0..8).map(|_| AsyncReader::new(spool.reader())).collect();
    let expected = all.clone();
    let thread = thread::spawn(move || {
        run(async {
            let tasks: Vec<_> = readers
                .into_iter()
                .map(|mut reader| {
                    tokio::spawn(async move {
                        let mut got = Vec::new();
                        reader.read_to_end(&mut got).await.unwrap();
                        got
                    })
                })
                .collect();
            for task in tasks {
                assert!(task.await.unwrap() == expected);
            }
        });
    });
    all.chunks(777).for_each(|piece| spool.append(piece).unwrap());
    spool.complete().unwrap();
    thread.join().unwrap();
}

#[test]
fn restarts_and_stops_reach_asynchronous_readers() {
    let place = Place::new();
    let mut spool = place.lead();
    spool.append(b"0123456789").unwrap();
    run(async {
        let mut reader = AsyncReader::new(spool.reader());
        reader.read_exact(&mut [0; 10]).await.unwrap();
        spool.cut(3).unwrap();
        let error = reader.read_u8().await.unwrap_err();
        assert_eq!(Restarted::of(&error), Some(Restarted { at: 3 }));
        reader.seek_to(2);
        assert_eq!(reader.read_u8().await.unwrap(), b'2');
        drop(spool);
        let error = reader.read_u8().await.unwrap_err();
        assert_eq!(Stopped::of(&error), Some(Stopped { len: 3 }));
        let mut reader = reader.into_inner();
        assert_eq!(reader.stream_position().unwrap(), 3);
        reader.seek(SeekFrom::Start(0)).unwrap();
    });
}
