//! Documents that publishers seal, and metadata caches open.

use reqwest::Method;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tidegate_ocean::{Address, B256, Log};

use super::refusals::{refusal, violations};
use crate::support::{
    answer::Answer,
    market::{Market, key, seal},
    wallet::Wallet,
};

alloy_sol_types::sol! {
    event MetadataCreated(
        address indexed createdBy, uint8 state, string decryptorUrl, bytes flags, bytes data,
        bytes32 metaDataHash, uint256 timestamp, uint256 blockNumber
    );
}

const FACTORY: Address = Address::repeat_byte(0xfa);
const NFT: Address = Address::repeat_byte(0x17);

/// A market whose factory made the data NFT.
async fn market() -> (Market, tempfile::TempDir) {
    market_with(|_| {}).await
}

async fn market_with(change: impl FnOnce(&mut tidegate::config::Config)) -> (Market, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("address.json");
    let addresses = json!({"development": {"chainId": 8996, "ERC721Factory": FACTORY}});
    std::fs::write(&file, addresses.to_string()).unwrap();
    let market = Market::with(|config| {
        config.provider.address_file = Some(file);
        change(config);
    })
    .await;
    market.chain.set_deployed(FACTORY, NFT);
    market.chain.set_nft(NFT, 0, Address::ZERO);
    (market, folder)
}

fn hash(document: &[u8]) -> B256 {
    B256::from_slice(&Sha256::digest(document))
}

/// A request that holds the document itself.
fn given(decrypter: &Wallet, nonce: u64, data: &str, flags: u8, hash: B256) -> Value {
    let address = decrypter.text();
    json!({
        "decrypterAddress": address, "chainId": 8996, "dataNftAddress": NFT, "nonce": nonce.to_string(),
        "encryptedDocument": data, "flags": flags, "documentHash": hash,
        "signature": decrypter.sign(&format!("{NFT}{address}8996{nonce}")),
    })
}

async fn encrypt(market: &Market, document: &'static str) -> Answer {
    let url = market.server.url("/api/services/encrypt?chainId=8996");
    let request = market.server.client.post(url).header("content-type", "application/octet-stream");
    Answer::of(request.body(document)).await
}

#[tokio::test]
async fn what_was_sealed_here_is_opened_here() {
    let (market, _folder) = market().await;
    let document = "{\"id\":\"did:op:1\",\"name\":\"żółw\"}";
    let sealed = encrypt(&market, document).await.expect(201);
    assert_eq!(sealed.header("content-type"), "text/plain");
    assert!(
        sealed.text().strip_prefix("0x").unwrap().bytes().all(|c| matches!(c, b'0'..=b'9' | b'a'..=b'f'))
    );
    let opened = key().decrypt(&hex::decode(&sealed.text()[2..]).unwrap()).unwrap();
    assert_eq!(opened, document.as_bytes());

    let request = given(&Wallet::new(5), 1, sealed.text(), 2, hash(document.as_bytes()));
    let answer = market.post("decrypt", &request).await.expect(201);
    assert_eq!((answer.text(), answer.header("content-type")), (document, "text/plain"));
    encrypt(&market, "").await.expect(201);
}

#[tokio::test]
async fn only_bytes_for_a_chain_of_ours_are_sealed() {
    let (market, _folder) =
        market_with(|config| config.provider.document_size = bytesize::ByteSize(10)).await;
    let bytes = [("content-type", "application/octet-stream")];
    for (path, headers, text) in [
        ("encrypt?chainId=8996", &[][..], "Invalid request content type: should be application/octet-stream"),
        ("encrypt", &bytes[..], "Missing chainId query parameter."),
        ("encrypt?chainId=1", &bytes[..], "Failed to encrypt."),
        ("encrypt?chainId=x", &bytes[..], "Failed to encrypt."),
    ] {
        let answer = market.server.ask(Method::POST, &format!("/api/services/{path}"), headers).await;
        assert_eq!(refusal(&answer, 400), text, "{path}");
    }
    encrypt(&market, "0123456789").await.expect(201);
    refusal(&encrypt(&market, "0123456789a").await, 413);
}

#[tokio::test]
async fn a_document_is_found_by_its_transaction() {
    let (market, _folder) = market().await;
    let document = b"the document";
    let event = MetadataCreated {
        createdBy: Address::ZERO,
        state: 0,
        decryptorUrl: String::new(),
        flags: vec![2].into(),
        data: hex::decode(&seal(document)[2..]).unwrap().into(),
        metaDataHash: hash(document),
        timestamp: tidegate_ocean::U256::ZERO,
        blockNumber: tidegate_ocean::U256::ZERO,
    };
    let data = alloy_sol_types::SolEvent::encode_log_data(&event);
    let log = Log { address: NFT, topics: data.topics().to_vec(), data: data.data };
    let transaction = market.chain.mine(Address::ZERO, NFT, 0, vec![log]);
    let decrypter = Wallet::new(5);
    let request = |transaction: B256, nonce: u64| {
        let address = decrypter.text();
        json!({
            "decrypterAddress": address, "chainId": 8996, "dataNftAddress": NFT, "transactionId": transaction,
            "nonce": nonce, "signature": decrypter.sign(&format!("{transaction}{address}8996{nonce}")),
        })
    };
    let nanoseconds = 1_700_000_000_123_456_789;
    let answer = market.post("decrypt", &request(transaction, nanoseconds)).await.expect(201);
    assert_eq!(&answer.body[..], document);
    let unknown = market.post("decrypt", &request(B256::ZERO, nanoseconds + 1)).await;
    assert_eq!(refusal(&unknown, 400), "Failed to process transaction id.");
    let again = market.post("decrypt", &request(transaction, nanoseconds)).await;
    assert!(violations(&again)["signature"].as_str().unwrap().contains("expected nonce"));
}

#[tokio::test]
async fn a_document_that_is_not_as_it_says_is_refused() {
    let (market, _folder) = market().await;
    let (decrypter, good) = (Wallet::new(5), hash(b"document"));
    let sealed = seal(b"document");
    for (nonce, data, flags, hash, text) in [
        (1, sealed.as_str(), 2, B256::ZERO, "Checksum doesn't match."),
        (2, "0x1234", 2, good, "Failed to decrypt."),
        (3, "no hex", 2, good, "Failed to convert input args to bytes."),
        (4, sealed.as_str(), 3, good, "Failed to decompress"),
    ] {
        let answer = market.post("decrypt", &given(&decrypter, nonce, data, flags, hash)).await;
        assert_eq!(refusal(&answer, 400), text);
    }
    let plain = format!("0x{}", hex::encode(b"document"));
    market.post("decrypt", &given(&decrypter, 5, &plain, 0, good)).await.expect(201);
}

#[tokio::test]
async fn only_living_assets_of_the_factory_are_opened() {
    let plain = format!("0x{}", hex::encode(b"document"));
    let decrypter = Wallet::new(5);
    let request = |nonce| given(&decrypter, nonce, &plain, 0, hash(b"document"));
    for (state, status, text) in [
        (1, 403, "Asset end of life"),
        (2, 403, "Asset deprecated"),
        (3, 403, "Asset revoked"),
        (9, 400, "Invalid MetadataState"),
    ] {
        let (market, _folder) = market().await;
        market.chain.set_nft(NFT, state, Address::ZERO);
        assert_eq!(refusal(&market.post("decrypt", &request(1)).await, status), text);
    }
    for state in [4, 5] {
        let (market, _folder) = market().await;
        market.chain.set_nft(NFT, state, Address::ZERO);
        market.post("decrypt", &request(1)).await.expect(201);
    }
    let (market, _folder) = market().await;
    market.chain.set_deployed(FACTORY, Address::repeat_byte(1));
    market.chain.set_answer(FACTORY, [], Ok(vec![0; 32]));
    let answer = market.post("decrypt", &request(1)).await;
    assert_eq!(refusal(&answer, 400), "Asset not deployed by the data NFT factory.");
    let mut elsewhere = request(2);
    elsewhere["chainId"] = json!(1);
    elsewhere["signature"] = json!(decrypter.sign(&format!("{NFT}{}12", decrypter.text())));
    assert_eq!(refusal(&market.post("decrypt", &elsewhere).await, 400), "Unsupported chain ID 1");
}

#[tokio::test]
async fn only_those_whom_the_operator_names_may_have_documents_opened() {
    let named = Wallet::new(5);
    let (market, _folder) =
        market_with(|config| config.provider.authorized_decrypters = vec![named.address]).await;
    let plain = format!("0x{}", hex::encode(b"document"));
    market.post("decrypt", &given(&named, 1, &plain, 0, hash(b"document"))).await.expect(201);
    let other = market.post("decrypt", &given(&Wallet::new(6), 1, &plain, 0, hash(b"document"))).await;
    assert_eq!(refusal(&other, 403), "Decrypter not authorized");
}
