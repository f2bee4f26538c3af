//! The public half of bare RSA: from a signature back to the block that was signed. All of it is public, so its time may tell.
//!
//! `rsa` does the same in five times the time, which every upload would spend.

use crypto_bigint::modular::{BoxedMontyForm, BoxedMontyParams};
use crypto_bigint::{BoxedUint, Odd};
use rsa::RsaPublicKey;
use rsa::traits::PublicKeyParts as _;

/// The fewest bytes of `FF` in a block (RFC 8017 section 8.2.1).
const MIN_PADDING: usize = 8;

/// Whether `signature` is `key`'s over the block `00 01 FF…FF 00 <text>`, which is as long as the modulus.
pub(super) fn signs(key: &RsaPublicKey, signature: &[u8], text: &[u8]) -> bool {
    let (size, overhead) = (key.size(), 3 + MIN_PADDING);
    if signature.len() != size || text.len() + overhead > size {
        return false;
    }
    open(key, signature).is_some_and(|block| {
        let (padding, signed) = block.split_at(size - text.len());
        let (ends, middle) = ((&padding[..2], padding.last()), &padding[2..padding.len() - 1]);
        signed == text && ends == (&[0, 1], Some(&0)) && middle.iter().all(|byte| *byte == 0xff)
    })
}

/// `signature` to the power of the key's exponent, modulo its modulus, in as many bytes; nothing if it is not below the modulus.
fn open(key: &RsaPublicKey, signature: &[u8]) -> Option<Vec<u8>> {
    let bits = u32::try_from(8 * key.size()).ok()?;
    let number = |bytes: &[u8]| BoxedUint::from_be_slice(bytes, bits).ok();
    let modulus = Odd::new(number(&padded(&key.n().to_bytes_be(), key.size()))?).into_option()?;
    let signature = number(signature).filter(|signature| signature < modulus.as_ref())?;
    let signature = BoxedMontyForm::new(signature, &BoxedMontyParams::new_vartime(modulus));

    let exponent = key.e().to_bytes_be();
    let mut digits = exponent.iter().flat_map(|byte| (0..8).rev().map(move |bit| byte >> bit & 1 == 1));
    digits.find(|digit| *digit)?;
    let mut power = signature.clone();
    for digit in digits {
        power = power.square();
        if digit {
            power = &power * &signature;
        }
    }
    Some(padded(&power.retrieve().to_be_bytes(), key.size()))
}

/// The same number in `size` bytes.
fn padded(bytes: &[u8], size: usize) -> Vec<u8> {
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    let bytes = &bytes[zeros..];
    [vec![0; size.saturating_sub(bytes.len())], bytes.to_vec()].concat()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;
    use rsa::{Pkcs1v15Sign, RsaPrivateKey, rand_core::OsRng};

    use super::*;

    /// One of each size that occurs: making keys takes long.
    fn key(bits: usize) -> RsaPrivateKey {
        RsaPrivateKey::new(&mut OsRng, bits).unwrap()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4))]

        #[test]
        fn it_agrees_with_the_library(size in prop::sample::select(vec![1024, 1032, 1536, 2047, 2048]), flips in prop::collection::vec(any::<(u16, u8)>(), 1..8)) {
            let key = key(size);
            let public = key.to_public_key();
            for text in ["", "bafybeigdyrzt5sfp7udm7hu76uh7y26nf3efuylqabf3oclgtqy55fbzdi"] {
                let scheme = Pkcs1v15Sign::new_unprefixed;
                let signature = key.sign_with_rng(&mut OsRng, scheme(), text.as_bytes()).unwrap();
                prop_assert!(signs(&public, &signature, text.as_bytes()));
                for (place, change) in &flips {
                    let mut other = signature.clone();
                    let place = usize::from(*place) % other.len();
                    other[place] ^= change;
                    let expected = public.verify(scheme(), text.as_bytes(), &other).is_ok();
                    prop_assert_eq!(signs(&public, &other, text.as_bytes()), expected);
                }
                prop_assert!(!signs(&public, &signature[1..], text.as_bytes()));
                prop_assert!(!signs(&public, &signature, b"another"));
            }
            let modulus = public.n().to_bytes_be();
            prop_assert!(!signs(&public, &modulus, b""), "not below the modulus");
            prop_assert!(!signs(&public, &vec![0xff; public.size()], b""));
        }
    }

    #[test]
    fn any_exponent_and_a_text_as_long_as_fits() {
        let key = RsaPrivateKey::new_with_exp(&mut OsRng, 1024, &rsa::BigUint::from(3u8)).unwrap();
        let public = key.to_public_key();
        for (length, fits) in [(117, true), (118, false)] {
            let text = vec![b'a'; length];
            let signature = key.sign_with_rng(&mut OsRng, Pkcs1v15Sign::new_unprefixed(), &text);
            assert_eq!(signature.is_ok_and(|signature| signs(&public, &signature, &text)), fits);
        }
    }
}
