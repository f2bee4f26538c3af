//! Documents of assets, their opened files, and the answers of contracts.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tidegate_ocean::{Address, Ddo, EncryptedFiles, FileObject, consumable};

fuzz_target!(|data: &[u8]| {
    // A document, and after a byte that is in no JSON text a contract's answer.
    let cut = data.iter().position(|byte| *byte == 0xff).unwrap_or(data.len());
    let (document, answer) = data.split_at(cut);
    for version in ["4.0.0", "4.1.0"] {
        if let Ok(files) = EncryptedFiles::open(document, Address::ZERO, Address::ZERO, version) {
            (0..files.len()).for_each(|index| drop(files.get(index, None)));
        }
    }
    let Ok(value) = serde_json::from_slice(document) else { return };
    if let Ok(ddo) = Ddo::parse(&value) {
        let _ = (consumable(&ddo, Some(0), Some(Address::ZERO)), ddo.is_of_its_nft());
        ddo.services.iter().for_each(|service| drop(service.sealed_files()));
    }
    match FileObject::parse_with(&value, value.get("sent")) {
        Ok(FileObject::SmartContract { call, .. }) => drop(call.answer(answer)),
        Ok(FileObject::Url { url, headers, .. } | FileObject::Graphql { url, headers, .. }) => {
            assert!(url.to_ascii_lowercase().starts_with("http"));
            assert!(headers.iter().all(|(name, value)| !name.contains('\n') && !value.contains('\n')));
        }
        Ok(FileObject::Ipfs { hash: id, .. } | FileObject::Arweave { transaction_id: id, .. }) => {
            assert!(!id.split('/').any(|part| part == ".."));
        }
        Err(error) => assert!(error.to_string().len() < 64 * 1024),
    }
});
