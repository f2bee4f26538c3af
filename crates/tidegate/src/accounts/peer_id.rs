//! A name for this server among peers, as libp2p names them: the public half of an Ed25519 key that comes from the server's key.

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use secrecy::ExposeSecret as _;

use super::{CryptoError, ServerKey, server_key::Purpose};

/// The identity multihash of a protobuf that says "Ed25519, 32 bytes": libp2p, peer-ids/peer-ids.md.
const BEFORE_KEY: [u8; 6] = [0x00, 0x24, 0x08, 0x01, 0x12, 0x20];

impl ServerKey {
    /// The peer id that belongs to this key, in base58.
    ///
    /// # Errors
    ///
    /// [`CryptoError`] if the cryptography library fails.
    pub fn peer_id(&self) -> Result<String, CryptoError> {
        let seed = self.derive(Purpose::PeerId)?;
        let pair = Ed25519KeyPair::from_seed_unchecked(seed.expose_secret())
            .map_err(|_| aws_lc_rs::error::Unspecified)?;
        let bytes = [&BEFORE_KEY[..], pair.public_key().as_ref()].concat();
        Ok(multibase::Base::Base58Btc.encode(bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_always_has_the_same_peer_id_and_it_looks_like_one() {
        let key = |digit: &str| ServerKey::parse(&digit.repeat(64).into()).expect("a key");
        let id = key("7").peer_id().expect("an id");
        assert!(id.starts_with("12D3KooW") && id.len() == 52, "{id}");
        assert_eq!(key("7").peer_id().expect("an id"), id);
        assert_ne!(key("8").peer_id().expect("an id"), id);
    }
}
