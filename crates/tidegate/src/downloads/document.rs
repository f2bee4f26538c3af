//! Documents as publishers keep them on chain: sealed for this server, compressed, and named by their hash.

use std::{io::Read, sync::Arc};

use aws_lc_rs::digest;
use bytes::Bytes;
use liblzma::{
    read::XzDecoder,
    stream::{self, Stream},
};
use tidegate_ocean::{B256, ProviderKey, ecies};
use tokio::sync::Semaphore;

use crate::chain::Chain;

/// What a decompressor may take: a dictionary of 64 MiB, the largest that clients' compressors use, and its tables.
const DECOMPRESSOR_BYTES: u64 = 80 << 20;

/// Bits of a document's flags: how it was made.
const COMPRESSED: u8 = 1;
const SEALED: u8 = 2;

/// Documents from this length on are sealed on a thread that may take its time.
const LONG: usize = 64 << 10;

/// Opens documents, a few at a time: each may take as much memory as its compressor says.
#[derive(Debug)]
pub struct Documents {
    turns: Semaphore,
    /// The longest document that is opened.
    limit: u64,
}

/// A document as it is on chain.
#[derive(Debug, Clone)]
pub struct Published {
    /// Its bytes.
    pub data: Bytes,
    /// How it was made: bit 1 compressed (LZMA), bit 2 sealed.
    pub flags: u8,
    /// SHA-256 of the plain document.
    pub hash: B256,
}

/// Why a document was not opened, in the reference's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DocumentError {
    /// Not sealed for this server, or changed since.
    #[error("Failed to decrypt.")]
    Sealed,
    /// Not LZMA, cut, or too large once it is plain.
    #[error("Failed to decompress")]
    Compressed,
    /// It is another document than the hash names.
    #[error("Checksum doesn't match.")]
    Other,
}

impl Documents {
    /// Documents of up to `limit` bytes.
    #[must_use]
    pub fn new(limit: u64) -> Self {
        Self { turns: Semaphore::new(2), limit }
    }

    /// The plain document.
    ///
    /// # Errors
    /// See [`DocumentError`].
    pub async fn open(&self, chain: &Arc<Chain>, published: Published) -> Result<Vec<u8>, DocumentError> {
        let _turn = self.turns.acquire().await.map_err(|_| DocumentError::Sealed)?;
        let (chain, limit) = (Arc::clone(chain), self.limit);
        let opening = tokio::task::spawn_blocking(move || open(chain.key(), &published, limit));
        opening.await.map_err(|_| DocumentError::Sealed)?
    }
}

fn open(key: &ProviderKey, published: &Published, limit: u64) -> Result<Vec<u8>, DocumentError> {
    let mut document = match published.flags & SEALED {
        0 => published.data.to_vec(),
        _ => key.decrypt(&published.data).map_err(|_| DocumentError::Sealed)?,
    };
    if published.flags & COMPRESSED != 0 {
        document = decompress(&document, limit)?;
    }
    let hash = digest::digest(&digest::SHA256, &document);
    if hash.as_ref() == published.hash.as_slice() { Ok(document) } else { Err(DocumentError::Other) }
}

/// Both of LZMA's containers, `.xz` and the older one without a checksum, told apart by their beginning.
fn decompress(compressed: &[u8], limit: u64) -> Result<Vec<u8>, DocumentError> {
    let stream = Stream::new_auto_decoder(DECOMPRESSOR_BYTES, stream::CONCATENATED);
    let decoder = XzDecoder::new_stream(compressed, stream.map_err(|_| DocumentError::Compressed)?);
    let mut document = Vec::new();
    match decoder.take(limit.saturating_add(1)).read_to_end(&mut document) {
        Ok(length) if length as u64 <= limit => Ok(document),
        _ => Err(DocumentError::Compressed),
    }
}

/// Seals `plain` for the holder of `public_key`.
///
/// # Errors
/// There is no randomness, or the key is none.
pub async fn seal(public_key: [u8; 65], plain: Bytes) -> anyhow::Result<Vec<u8>> {
    if plain.len() < LONG {
        return seal_now(&public_key, &plain);
    }
    tokio::task::spawn_blocking(move || seal_now(&public_key, &plain)).await?
}

fn seal_now(public_key: &[u8; 65], plain: &[u8]) -> anyhow::Result<Vec<u8>> {
    let (mut secret, mut nonce) = (zeroize::Zeroizing::new([0; 32]), [0; 16]);
    getrandom::fill(secret.as_mut())?;
    getrandom::fill(&mut nonce)?;
    Ok(ecies::encrypt(public_key, plain, &secret, &nonce)?)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use liblzma::{stream::LzmaOptions, write::XzEncoder};

    use super::*;

    fn key() -> ProviderKey {
        ProviderKey::parse(&"11".repeat(32)).expect("a key")
    }

    fn sha256(bytes: &[u8]) -> B256 {
        B256::from_slice(digest::digest(&digest::SHA256, bytes).as_ref())
    }

    fn compressed(document: &[u8], stream: Stream) -> Vec<u8> {
        let mut encoder = XzEncoder::new_stream(Vec::new(), stream);
        encoder.write_all(document).expect("memory");
        encoder.finish().expect("memory")
    }

    fn both_containers(document: &[u8]) -> [Vec<u8>; 2] {
        let options = LzmaOptions::new_preset(6).expect("a preset");
        let xz = Stream::new_easy_encoder(6, stream::Check::Crc64).expect("an encoder");
        [
            compressed(document, xz),
            compressed(document, Stream::new_lzma_encoder(&options).expect("an encoder")),
        ]
    }

    #[test]
    fn every_way_of_making_a_document_is_undone() {
        let document = b"{\"id\": \"did:op:1\"}".as_slice();
        let seal = |bytes: &[u8]| seal_now(&key().public_key(), bytes).expect("sealed");
        let [xz, alone] = both_containers(document);
        for (data, flags) in [
            (document.to_vec(), 0),
            (xz.clone(), 1),
            (alone.clone(), 1),
            (seal(document), 2),
            (seal(&xz), 3),
            (seal(&alone), 3),
        ] {
            let published = Published { data: data.into(), flags, hash: sha256(document) };
            assert_eq!(open(&key(), &published, 100).as_deref(), Ok(document), "{flags}");
        }
    }

    #[test]
    fn what_is_not_as_it_says_is_refused() {
        let document = vec![7; 1000];
        let [xz, alone] = both_containers(&document);
        let hash = sha256(&document);
        for (data, flags, hash, expected) in [
            (document.clone(), 2, hash, DocumentError::Sealed),
            (document.clone(), 1, hash, DocumentError::Compressed),
            (xz[..xz.len() - 20].to_vec(), 1, hash, DocumentError::Compressed),
            (alone[..alone.len() / 2].to_vec(), 1, hash, DocumentError::Compressed),
            (document.clone(), 0, B256::ZERO, DocumentError::Other),
        ] {
            let published = Published { data: data.into(), flags, hash };
            assert_eq!(open(&key(), &published, 1000), Err(expected), "{flags}");
        }
        assert_eq!(decompress(&xz, 1000), Ok(document));
        assert_eq!(decompress(&xz, 999), Err(DocumentError::Compressed), "a bomb is no document");
    }
}
