//! Someone with a key: signs requests as clients do.

use tidegate_ocean::{Address, ProviderKey, keccak256};

/// A key and its address.
pub struct Wallet {
    key: ProviderKey,
    pub address: Address,
}

impl Wallet {
    /// The wallet number `number`; the same number gives the same wallet.
    pub fn new(number: u8) -> Self {
        let key = ProviderKey::parse(&hex::encode([number; 32])).unwrap();
        let address = key.address();
        Self { key, address }
    }

    /// The address with its checksum.
    pub fn text(&self) -> String {
        self.address.to_string()
    }

    /// Signs a text as wallets do when clients ask: over its hash, as a personal message.
    pub fn sign(&self, text: &str) -> String {
        format!("0x{}", hex::encode(self.key.sign_personal(&keccak256(text)).as_bytes()))
    }

    /// Signs a text as wallets do when people are shown what they sign.
    pub fn sign_plain(&self, text: &str) -> String {
        format!("0x{}", hex::encode(self.key.sign_message(text).as_bytes()))
    }
}
