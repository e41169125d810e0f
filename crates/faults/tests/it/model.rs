//! Generated content.

use proptest::prelude::*;
use towline_faults::Content;

#[test]
fn an_empty_file_has_the_digest_of_nothing() {
    let digest = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    assert_eq!(Content::generated(0, 7).sha256(), digest);
}

proptest! {
    #[test]
    fn any_slice_is_a_part_of_the_whole(seed: u64, size in 0..5000_u64, from in 0..5000_u64, len in 0..5000_u64) {
        let content = Content::generated(size, seed);
        let whole = content.to_vec();
        let to = (from + len).min(size);
        let wanted = if from < to { &whole[from as usize..to as usize] } else { &[] };
        prop_assert_eq!(content.slice(from, from + len), wanted);
        prop_assert_eq!(Content::bytes(whole).sha256(), content.sha256());
    }

    #[test]
    fn seeds_differ(a: u64, b: u64) {
        prop_assume!(a != b);
        prop_assert_ne!(Content::generated(64, a).to_vec(), Content::generated(64, b).to_vec());
    }
}
