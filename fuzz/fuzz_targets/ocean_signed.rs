//! What stands in signed requests: nonces, signatures, DIDs, and messages sealed for a key.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tidegate_ocean::{
    Address, Did, Nonce, ProviderKey, Signature, is_signed_by, recover, wallet_hashes, wallet_signature,
};

const KEY: &str = "1111111111111111111111111111111111111111111111111111111111111111";

fuzz_target!(|data: &[u8]| {
    let key = ProviderKey::parse(KEY).expect("a key");
    let _ = key.decrypt(data);
    if let Ok(bytes) = <[u8; 65]>::try_from(data)
        && let Ok(signature) = Signature::from_bytes(bytes)
    {
        check(&signature);
    }
    if let Ok(bytes) = <[u8; 20]>::try_from(data)
        && let Some(nonce) = Nonce::from_key(bytes)
    {
        assert_eq!(nonce.to_key(), bytes);
    }
    let Ok(text) = str::from_utf8(data) else { return };
    if let Ok(nonce) = Nonce::parse(text) {
        assert_eq!(Nonce::parse(&nonce.to_string()), Ok(nonce));
        assert_eq!(Nonce::from_key(nonce.to_key()), Some(nonce));
        assert!(nonce.next().is_none_or(|next| next > nonce && next.to_key() > nonce.to_key()));
    }
    let _ = Nonce::imported(text);
    if let Ok(signature) = Signature::parse(text) {
        check(&signature);
    }
    if let Ok(did) = Did::parse(text) {
        assert_eq!(did.as_str(), text);
    }
    let _ = (ProviderKey::parse(text), wallet_signature(text), wallet_hashes(text));
});

fn check(signature: &Signature) {
    if let Some(signer) = recover("text", signature) {
        assert!(is_signed_by("text", signature, signer));
    }
    assert!(!is_signed_by("text", signature, Address::ZERO));
    assert_eq!(Signature::from_bytes(*signature.as_bytes()).as_ref(), Ok(signature));
}
