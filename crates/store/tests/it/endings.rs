//! Followers that look while the leader finishes.

use std::{
    sync::Barrier,
    thread::{scope, yield_now},
};

use towline_store::State;

use crate::place::Place;

/// More than there are processors, so that some are set aside between two steps.
const FOLLOWERS: usize = 8;

#[test]
fn a_leader_that_finished_while_it_was_looked_at_did_not_just_go() {
    for round in 0..300 {
        let place = Place::fast();
        let mut spool = place.lead();
        spool.append(b"01234").unwrap();
        let begin = Barrier::new(FOLLOWERS + 1);
        scope(|threads| {
            for _ in 0..FOLLOWERS {
                let mut follower = place.follow();
                let begin = &begin;
                threads.spawn(move || {
                    begin.wait();
                    loop {
                        match follower.poll().unwrap() {
                            State::Growing { .. } => yield_now(),
                            found => break assert_eq!(found, State::Complete, "round {round}"),
                        }
                    }
                });
            }
            begin.wait();
            spool.persist(place.path("dest")).unwrap();
        });
    }
}
