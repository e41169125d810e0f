//! The retry law: heads parsed and judged, bytes placed, whole transfers over a link that breaks. Events a second.

use std::hint::black_box;
use std::time::Duration;

use divan::Bencher;
use divan::counter::ItemsCount;
use towline_transfer::splice::Known;
use towline_transfer::{Fault, Head, Held, Piece, Policy, Step, Transfer, Want, splice};

fn main() {
    divan::main();
}

const SIZE: u64 = 1_000_000_000;
/// What the network hands over at a time, about.
const PIECE: usize = 128 * 1024;

fn answer(from: u64) -> Head {
    let range = format!("bytes {from}-{}/{SIZE}", SIZE - 1);
    let length = (SIZE - from).to_string();
    Head::parse(
        206,
        [
            ("content-range", range.as_bytes()),
            ("content-length", length.as_bytes()),
            ("etag", b"\"a-strong-one\"".as_slice()),
            ("date", b"Tue, 24 Nov 2026 10:00:00 GMT".as_slice()),
            ("content-type", b"application/octet-stream".as_slice()),
        ],
    )
}

/// A head with the usual fields.
#[divan::bench]
fn parse(bencher: Bencher<'_, '_>) {
    bencher.counter(ItemsCount::new(1_usize)).bench(|| answer(black_box(500_000)));
}

/// Where the bytes of a 206 belong.
#[divan::bench]
fn judge(bencher: Bencher<'_, '_>) {
    let head = answer(500_000);
    let known = Known { held: 500_000, size: Some(SIZE), validator: None, digest: true, if_range: false, page: false };
    bencher.counter(ItemsCount::new(1_usize)).bench(|| splice(black_box(known), black_box(&head)));
}

/// One gigabyte over a link that is cut every `CUT` bytes of it: all events of the transfer, heads prepared.
#[divan::bench(args = [SIZE, SIZE / 20, SIZE / 1000])]
fn transfer(bencher: Bencher<'_, '_>, cut: u64) {
    let events = drive(cut);
    bencher.counter(ItemsCount::new(events)).bench(|| drive(black_box(cut)));
}

/// Carries out the steps as the driver does, without a network; gives back the number of events.
fn drive(cut: u64) -> usize {
    let want = Want { origins: vec![0], size: Some(SIZE), digest: true, page: false };
    let mut transfer = Transfer::new(Policy::default(), want, Held::nothing());
    let mut now = Duration::ZERO;
    let mut events = 0;
    loop {
        events += 1;
        match transfer.next(now, 0.5) {
            Step::Send(ask) => events += attempt(&mut transfer, ask.from.unwrap_or(0), cut),
            Step::Wait(wait) => now += wait,
            Step::Cut(_) => {}
            Step::Verify => transfer.verified(None),
            Step::Done => return events,
            Step::Fail(failure) => panic!("the link still moves, and yet: {failure:?}"),
        }
    }
}

fn attempt(transfer: &mut Transfer, from: u64, cut: u64) -> usize {
    transfer.head(&answer(from));
    let mut left = cut;
    let mut events = 1;
    while left > 0 {
        let piece = PIECE.min(usize::try_from(left).unwrap_or(PIECE));
        match transfer.place(piece) {
            Piece::Append { len } => {
                transfer.appended(len);
                left -= len as u64;
            }
            Piece::Stop => return events,
            other => panic!("nothing is to be re-read here: {other:?}"),
        }
        events += 2;
    }
    if transfer.place(1) == Piece::Stop {
        return events;
    }
    transfer.fault(Fault::Reset);
    events + 1
}
