//! What real clients made: their signatures verify, their messages open, their ids come out the same.
#![allow(clippy::unwrap_used, missing_docs)]

use serde::Deserialize;
use tidegate_ocean::{
    Address, B256, Bytes, Did, EciesError, ProviderKey, Signature, SignatureError, U256, ecies, is_signed_by,
    keccak256, recover, wallet_hashes, wallet_signature,
};

#[derive(Deserialize)]
struct Signed {
    maker: String,
    form: String,
    text: String,
    hash: B256,
    address: Address,
    signature: String,
}

#[derive(Deserialize)]
struct Ocean {
    keys: Vec<Key>,
    dids: Vec<Named>,
}

#[derive(Deserialize)]
struct Key {
    key: String,
    address: Address,
    public_key: Bytes,
}

#[derive(Deserialize)]
struct Named {
    nft: Address,
    chain_id: u64,
    did: String,
}

#[derive(Deserialize)]
struct Sealed {
    key: String,
    public_key: String,
    messages: Vec<Message>,
}

#[derive(Deserialize)]
struct Message {
    maker: String,
    plain: String,
    sealed: String,
}

fn signatures() -> Vec<Signed> {
    serde_json::from_str(include_str!("../testdata/signatures.json")).unwrap()
}

fn ocean() -> Ocean {
    serde_json::from_str(include_str!("../testdata/ocean.json")).unwrap()
}

fn sealed() -> Sealed {
    serde_json::from_str(include_str!("../testdata/ecies.json")).unwrap()
}

/// A signature with another `v`, and the same one with its high `s`.
fn with_v(signature: &str, v: u8) -> String {
    format!("{}{v:02x}", &signature[..130])
}

#[test]
fn every_clients_signature_verifies() {
    let all = signatures();
    assert!(all.iter().any(|signed| signed.form == "stripped"));
    for Signed { maker, form, text, hash, address, signature } in all {
        assert_eq!(keccak256(&text), hash);
        let signature = Signature::parse(&signature).unwrap();
        assert!(is_signed_by(&text, &signature, address), "{maker} {form} {text}");
        assert!(!is_signed_by(&format!("{text}0"), &signature, address), "{maker} {form} {text}");
        assert!(!is_signed_by(&text, &signature, Address::ZERO));
        if form == "bytes" {
            assert_eq!(recover(&text, &signature), Some(address), "{maker} {text}");
        }
        let asked = wallet_hashes(&text);
        assert!(asked.iter().any(|hash| signature.signer(hash) == Some(address)), "{maker} {form}");
        assert!(asked.contains(&hash));
    }
}

#[test]
fn a_signature_may_be_spelled_in_many_ways() {
    for Signed { text, address, signature, .. } in signatures().iter().take(8) {
        let v = u8::from_str_radix(&signature[130..], 16).unwrap();
        let spellings = [
            with_v(signature, v - 27),
            signature[2..].to_owned(),
            signature.to_uppercase(),
            signature[2..].to_uppercase(),
            format!("0X{}", &signature[2..]),
        ];
        for spelling in spellings {
            let parsed = Signature::parse(&spelling).unwrap();
            assert_eq!(hex::encode(parsed.as_bytes()), signature[2..]);
            assert!(is_signed_by(text, &parsed, *address), "{spelling}");
        }
        let flipped = Signature::parse(&with_v(signature, 55 - v)).unwrap();
        assert!(!is_signed_by(text, &flipped, *address));
    }
}

#[test]
fn the_high_s_twin_of_a_signature_verifies() {
    let order: U256 = "0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141".parse().unwrap();
    for Signed { text, address, signature, .. } in signatures().iter().take(8) {
        let mut bytes = *Signature::parse(signature).unwrap().as_bytes();
        let s = U256::from_be_slice(&bytes[32..64]);
        bytes[32..64].copy_from_slice(&(order - s).to_be_bytes::<32>());
        bytes[64] = 55 - bytes[64];
        assert!(is_signed_by(text, &Signature::from_bytes(bytes).unwrap(), *address));
    }
}

#[test]
fn malformed_signatures_are_refused_and_none_makes_it_panic() {
    let good = &signatures()[0].signature;
    let cases = [
        ("", SignatureError::Form),
        ("0x", SignatureError::Form),
        (&good[..130], SignatureError::Form),
        (&format!("{good}00"), SignatureError::Form),
        (&format!("0x0x{}", &good[4..]), SignatureError::Form),
        (&good.replace('0', "g"), SignatureError::Form),
        (&"é".repeat(65), SignatureError::Form),
        (&with_v(good, 2), SignatureError::Parity),
        (&with_v(good, 29), SignatureError::Parity),
        (&with_v(good, 255), SignatureError::Parity),
        (&format!("0x{}1b", "ff".repeat(64)), SignatureError::Range),
    ];
    for (text, error) in cases {
        assert_eq!(Signature::parse(text).unwrap_err(), error, "{text}");
    }
    // In range, but of no key: r = 0, s = 0, both, and an r that is no point.
    let [zero, one, five] =
        ["00".repeat(32), format!("{}01", "00".repeat(31)), format!("{}05", "00".repeat(31))];
    for (r, s) in [(&zero, &one), (&one, &zero), (&zero, &zero), (&five, &one)] {
        let signature = Signature::parse(&format!("{r}{s}1b")).unwrap();
        assert_eq!(recover("text", &signature), None);
        assert!(!is_signed_by("text", &signature, Address::ZERO));
    }
    assert_eq!(format!("{:?}", Signature::parse(good).unwrap()), "Signature(…)");
}

#[test]
fn a_wallets_signature_has_any_length_up_to_a_limit() {
    assert_eq!(wallet_signature("0x").unwrap().len(), 0);
    assert_eq!(wallet_signature(&"ab".repeat(130)).unwrap().len(), 130);
    assert_eq!(wallet_signature("0xabc"), None);
    assert_eq!(wallet_signature(&"ab".repeat(8193)), None);
}

#[test]
fn keys_have_the_addresses_that_wallets_show() {
    for Key { key, address, public_key } in ocean().keys {
        let parsed = ProviderKey::parse(&key).unwrap();
        assert_eq!((parsed.address(), parsed.public_key().as_slice()), (address, public_key.as_ref()));
        assert_eq!(ProviderKey::parse(&key[2..].to_uppercase()).unwrap().address(), address);
        let signature = parsed.sign_personal(&keccak256("text"));
        assert!(is_signed_by("text", &signature, address));
        assert!(!format!("{parsed:?}").to_lowercase().contains(&key[2..]));
    }
    let order = "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141";
    for key in ["", "0x", "11", &"0".repeat(64), order, &"g".repeat(64), &"1".repeat(66)] {
        assert!(ProviderKey::parse(key).is_err(), "{key}");
    }
}

#[test]
fn dids_are_those_that_clients_compute() {
    for Named { nft, chain_id, did } in ocean().dids {
        assert_eq!(Did::of(nft, chain_id).as_str(), did);
    }
}

#[test]
fn what_every_client_sealed_opens() {
    let Sealed { key, messages, .. } = sealed();
    let key = ProviderKey::parse(&key).unwrap();
    for Message { maker, plain, sealed } in messages {
        let sealed = hex::decode(sealed).unwrap();
        assert_eq!(hex::encode(key.decrypt(&sealed).unwrap()), plain, "{maker}");
    }
}

#[test]
fn what_we_seal_opens_for_its_key_alone() {
    let Sealed { key, public_key, .. } = sealed();
    let (key, stranger) = (ProviderKey::parse(&key).unwrap(), ProviderKey::parse(&"33".repeat(32)).unwrap());
    let public_key = hex::decode(public_key).unwrap().try_into().unwrap();
    for length in [0, 1, 15, 16, 17, 1000] {
        let plain = vec![7; length];
        let sealed = ecies::encrypt(&public_key, &plain, &[9; 32], &[5; 16]).unwrap();
        assert_eq!(sealed.len(), length + ecies::OVERHEAD);
        assert_eq!(key.decrypt(&sealed).unwrap(), plain);
        assert_eq!(stranger.decrypt(&sealed), Err(EciesError::Sealed));
        for place in [1, 65, 81, sealed.len() - 1] {
            let mut changed = sealed.clone();
            changed[place] ^= 1;
            assert!(key.decrypt(&changed).is_err(), "{place}");
        }
        assert!(key.decrypt(&sealed[..sealed.len() - 1]).is_err());
    }
    assert_eq!(key.decrypt(&[4; 96]), Err(EciesError::Short));
    assert_eq!(key.decrypt(&[0; 200]), Err(EciesError::Key));
    assert_eq!(ecies::encrypt(&[0; 65], b"", &[9; 32], &[0; 16]), Err(EciesError::Key));
    assert_eq!(ecies::encrypt(&public_key, b"", &[0; 32], &[0; 16]), Err(EciesError::Key));
}
