//! DAG-PB nodes.
#![no_main]

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use tidegate_content::PbNode;

fuzz_target!(|data: &[u8]| {
    if let Ok(node) = PbNode::decode(&Bytes::copy_from_slice(data)) {
        let block = node.encode();
        assert_eq!(block.len(), node.encoded_len());
        assert_eq!(PbNode::decode(&block.into()), Ok(node));
    }
});
