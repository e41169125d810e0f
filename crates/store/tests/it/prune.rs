use std::{
    fs,
    time::{Duration, SystemTime},
};

use serde_json::json;
use towline_store::{Amount, Keep, Store, Usage};

use crate::place::{Place, forge};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const YEAR: Keep = Keep { unused_for: Duration::from_secs(365 * 24 * 60 * 60), partials_for: Keep::PARTIALS };

#[test]
fn partials_are_kept_for_fourteen_days() {
    let place = Place::new();
    place.lead().append(b"01234").unwrap();
    let now = SystemTime::now();
    assert_eq!(place.store.prune(now + 13 * DAY, YEAR).unwrap(), Usage::default());
    assert_eq!(place.lead().len(), 5);
    assert_eq!(place.store.prune(now + 15 * DAY, YEAR).unwrap().partials, Amount { count: 1, bytes: 5 });
    // The sidecar went with it or goes with the next pruning, in whichever order they were listed.
    place.store.prune(now + 15 * DAY, YEAR).unwrap();
    assert!(!place.partial().exists());
    assert_eq!(place.lead().len(), 0);
}

#[test]
fn what_lives_is_not_pruned() {
    let place = Place::new();
    let mut spool = place.lead();
    spool.append(b"01234").unwrap();
    let pruned = place.store.prune(SystemTime::now() + 100 * DAY, YEAR).unwrap();
    assert_eq!(pruned, Usage::default());
    spool.append(b"5").unwrap();
    drop(spool);
    assert_eq!(place.lead().len(), 6);
}

#[test]
fn a_silent_foreign_partial_goes_too() {
    let place = Place::new();
    let mut spool = place.lead();
    spool.append(b"01234").unwrap();
    let sidecar = spool.path().with_extension("json");
    drop(spool);
    forge(&sidecar, |sidecar| {
        sidecar["owner"]["host"] = json!("elsewhere");
        sidecar["heartbeat"] = json!(0);
    });
    assert_eq!(place.store.prune(SystemTime::now() + 15 * DAY, YEAR).unwrap().partials.count, 1);
}

#[test]
fn finished_transfers_leave_nothing_after_ten_minutes() {
    let place = Place::new();
    let mut spool = place.lead();
    spool.append(b"01234").unwrap();
    spool.persist(place.path("dest")).unwrap();
    place.store.prune(SystemTime::now() + Duration::from_secs(9 * 60), YEAR).unwrap();
    assert!(place.partial().exists(), "followers may still look");
    let old = SystemTime::now() - Duration::from_secs(11 * 60);
    for json in place.files("json") {
        fs::File::options().write(true).open(json).unwrap().set_modified(old).unwrap();
    }
    // A new run sweeps by itself.
    let store = Store::open(place.store.root()).unwrap();
    let _other = store.claim(&towline_store::Key::of_url("other")).unwrap();
    assert!(!place.partial().exists());
}

#[test]
fn a_store_that_was_never_used_is_pruned_too() {
    assert_eq!(Place::new().store.prune(SystemTime::now(), YEAR).unwrap(), Usage::default());
}
