//! Random histories of one writer and several readers, against a vector.

use std::io::{Read as _, Seek as _, SeekFrom};

use proptest::prelude::*;
use towline_store::Restarted;

use crate::place::Place;

#[derive(Debug, Clone)]
enum Step {
    Append(Vec<u8>),
    Cut(u16),
    Compare { at: u16, len: u8, flip: Option<u8> },
    Read { reader: usize, len: u8 },
    ReadAt { reader: usize, at: u16, len: u8 },
    Seek { reader: usize, to: u16 },
    Claim,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        4 => prop::collection::vec(any::<u8>(), 0..300).prop_map(Step::Append),
        1 => (0..600u16).prop_map(Step::Cut),
        1 => (0..600u16, any::<u8>(), any::<Option<u8>>()).prop_map(|(at, len, flip)| Step::Compare { at, len, flip }),
        6 => (0..3usize, any::<u8>()).prop_map(|(reader, len)| Step::Read { reader, len }),
        2 => (0..3usize, 0..600u16, any::<u8>()).prop_map(|(reader, at, len)| Step::ReadAt { reader, at, len }),
        1 => (0..3usize, 0..600u16).prop_map(|(reader, to)| Step::Seek { reader, to }),
        1 => Just(Step::Claim),
    ];
    prop::collection::vec(step, 1..60)
}

/// What a reader may still be owed.
#[derive(Default, Clone)]
struct View {
    position: u64,
    high: u64,
    lowest_cut: Option<u64>,
}

impl View {
    /// The restart this reader must be told before it reads at `at`.
    fn owed(&mut self, at: u64) -> Option<u64> {
        let cut = self.lowest_cut.take()?;
        let reached = self.high.max(at);
        self.high = self.high.min(cut);
        (cut < reached).then_some(cut)
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_spool_is_a_vector_with_views(steps in steps()) {
        let place = Place::new();
        let mut spool = place.lead();
        let mut model: Vec<u8> = Vec::new();
        let mut readers = vec![spool.reader(), spool.reader(), spool.reader()];
        let mut views = vec![View::default(); 3];
        for step in steps {
            match step {
                Step::Append(bytes) => {
                    spool.append(&bytes).unwrap();
                    model.extend(&bytes);
                }
                Step::Cut(at) => {
                    spool.cut(u64::from(at)).unwrap();
                    if usize::from(at) < model.len() {
                        model.truncate(at.into());
                        for view in &mut views {
                            view.lowest_cut = Some(view.lowest_cut.unwrap_or(u64::MAX).min(at.into()));
                        }
                    }
                }
                Step::Compare { at, len, flip } => {
                    let at = usize::from(at).min(model.len());
                    let end = (at + usize::from(len)).min(model.len());
                    let mut bytes = model[at..end].to_vec();
                    bytes.resize(len.into(), 0);
                    let mut expected = (end - at < bytes.len()).then_some(end - at);
                    if let Some(flip) = flip.map(usize::from).filter(|flip| *flip < end - at) {
                        bytes[flip] ^= 1;
                        expected = Some(flip);
                    }
                    prop_assert_eq!(spool.matches(at as u64, &bytes).unwrap(), expected);
                }
                Step::Read { reader, len } => {
                    let view = &mut views[reader];
                    let there = (model.len() as u64).saturating_sub(view.position);
                    // A plain read would block, unless a restart is owed.
                    let owed = view.lowest_cut.is_some_and(|cut| cut < view.high.max(view.position));
                    if len == 0 || (there == 0 && !owed) {
                        continue;
                    }
                    let mut buf = vec![0; len.into()];
                    match (readers[reader].read(&mut buf), view.owed(view.position)) {
                        (Err(error), Some(at)) => prop_assert_eq!(Restarted::of(&error), Some(Restarted { at })),
                        (Ok(read), None) => {
                            let start = usize::try_from(view.position).unwrap();
                            prop_assert_eq!(read as u64, there.min(len.into()));
                            prop_assert_eq!(&buf[..read], &model[start..start + read]);
                            view.position += read as u64;
                            view.high = view.high.max(view.position);
                        }
                        (found, owed) => prop_assert!(false, "{:?}, owed {:?}", found, owed),
                    }
                }
                Step::ReadAt { reader, at, len } => {
                    let view = &mut views[reader];
                    let mut buf = vec![0; len.into()];
                    let found = readers[reader].try_read_at(at.into(), &mut buf);
                    match (found, view.owed(at.into())) {
                        (Err(error), Some(at)) => prop_assert_eq!(Restarted::of(&error), Some(Restarted { at })),
                        (Ok(None), None) => prop_assert!(usize::from(at) >= model.len()),
                        (Ok(Some(read)), None) => {
                            let start = usize::from(at);
                            prop_assert_eq!(read, usize::from(len).min(model.len() - start));
                            prop_assert_eq!(&buf[..read], &model[start..start + read]);
                            if read > 0 {
                                view.high = view.high.max((start + read) as u64);
                            }
                        }
                        (found, owed) => prop_assert!(false, "{:?}, owed {:?}", found, owed),
                    }
                }
                Step::Seek { reader, to } => {
                    readers[reader].seek(SeekFrom::Start(to.into())).unwrap();
                    views[reader].position = to.into();
                }
                Step::Claim => {
                    drop(spool);
                    spool = place.lead();
                    readers = vec![spool.reader(), spool.reader(), spool.reader()];
                    views = vec![View::default(); 3];
                }
            }
            prop_assert_eq!(spool.len(), model.len() as u64);
        }
        prop_assert_eq!(std::fs::read(spool.path()).unwrap(), model);
    }
}
