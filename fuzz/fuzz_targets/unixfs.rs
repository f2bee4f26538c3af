//! UnixFS messages.
#![no_main]

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use tidegate_content::UnixFs;

fuzz_target!(|data: &[u8]| {
    if let Ok(message) = UnixFs::decode(&Bytes::copy_from_slice(data)) {
        assert_eq!(UnixFs::decode(&message.encode().into()), Ok(message));
    }
});
