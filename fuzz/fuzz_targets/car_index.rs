//! The index of a CARv2: a lying one is refused or gives wrong places, and does nothing worse.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tidegate_content::car::IndexReader;

fuzz_target!(|data: &[u8]| {
    let Ok(index) = IndexReader::open(data, 0, data.len() as u64) else {
        return;
    };
    let mut count = 0;
    for entry in index.entries() {
        let entry = entry.expect("what fits can be read");
        let _ = index.find(&entry.multihash).expect("what fits can be read");
        count += 1;
    }
    assert_eq!(count, index.len());
});
