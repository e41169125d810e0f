use towline_store::ownership::{Liveness, Owner, Phase, Place, STALE_AFTER, Verdict, verdict};

const NOW: u64 = 1_000_000;

fn owner(host: &str, boot: Option<&str>, pid_namespace: Option<&str>) -> Owner {
    let place = Place { host: host.into(), boot: boot.map(Into::into), pid_namespace: pid_namespace.map(Into::into) };
    Owner { place, pid: 42, start: Some(7) }
}

/// Every combination, against rules written down the other way round: from the verdict to its cases.
#[test]
fn the_whole_space_of_claim_decisions() {
    let me = owner("h", Some("b"), Some("n"));
    let places = [
        (true, owner("h", Some("b"), Some("n"))),
        (false, owner("other", Some("b"), Some("n"))),
        (false, owner("h", Some("other"), Some("n"))),
        (false, owner("h", Some("b"), Some("other"))),
        (false, owner("h", None, Some("n"))),
        (false, owner("h", Some("b"), None)),
        (false, owner("", None, None)),
    ];
    let phases = [Phase::Growing, Phase::Complete, Phase::Stopped, Phase::Failed];
    let beats = [
        (true, NOW),
        (true, NOW - STALE_AFTER),
        (false, NOW - STALE_AFTER - 1),
        (true, NOW + STALE_AFTER),
        (false, NOW + STALE_AFTER + 1),
        (false, 0),
        (false, u64::MAX),
    ];
    let mut cases = 0;
    for (here, owner) in &places {
        for phase in phases {
            for (young, beat) in beats {
                for liveness in [Liveness::Alive, Liveness::Stopped, Liveness::Dead, Liveness::Unsure] {
                    let mut asked = false;
                    let found = verdict(owner, phase, beat, &me, NOW, |_| {
                        asked = true;
                        liveness
                    });
                    let case = format!("{owner:?} {phase:?} beat {beat} {liveness:?}");
                    let let_go = matches!(phase, Phase::Stopped | Phase::Failed);
                    let expected = match (here, let_go, liveness, young) {
                        (true, true, _, _) | (true, false, Liveness::Dead, _) => Verdict::Orphan,
                        (true, false, Liveness::Alive, _) => Verdict::Live,
                        (true, false, Liveness::Unsure | Liveness::Stopped, true) => Verdict::Live,
                        (true, false, Liveness::Unsure | Liveness::Stopped, false) => Verdict::Stale,
                        (false, true, _, _) | (false, false, _, false) => Verdict::Stale,
                        (false, false, _, true) => Verdict::Live,
                    };
                    assert_eq!(found, expected, "{case}");
                    assert!(*here || !asked, "asked about a process elsewhere: {case}");
                    cases += 1;
                }
            }
        }
    }
    println!("{cases} decisions");
}

#[test]
fn a_place_that_is_not_known_is_nowhere() {
    let unknown = owner("h", None, None);
    assert!(!unknown.place.is(&unknown.place));
    assert!(owner("h", Some("b"), Some("n")).place.is(&owner("h", Some("b"), Some("n")).place));
}
