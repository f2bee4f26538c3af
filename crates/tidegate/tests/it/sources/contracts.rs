//! Files that contracts answer.

use super::*;

/// Answers every call on chain 8996 with the number seven, and has no other chain.
pub struct Answering;

impl Contracts for Answering {
    fn call<'a>(
        &'a self,
        chain_id: u64,
        _: Address,
        data: &'a tidegate_ocean::Bytes,
    ) -> BoxFuture<'a, Result<tidegate_ocean::Bytes, SourceError>> {
        assert_eq!(data.len(), 4, "a selector and no parameters");
        let mut word = vec![0; 32];
        word[31] = 7;
        Box::pin(async move { if chain_id == 8996 { Ok(word.into()) } else { Err(SourceError::Contract) } })
    }
}

fn contract() -> Value {
    json!({
        "type": "smartcontract",
        "address": "0x5FbDB2315678afecb367f032d93F642f64180aa3",
        "chainId": 8996,
        "abi": {
            "type": "function", "name": "seven", "inputs": [], "stateMutability": "view",
            "outputs": [{ "name": "", "type": "uint256" }],
        },
    })
}

#[tokio::test]
async fn a_contracts_answer_is_a_file_of_json() {
    let shop = Shop::open().await;
    let opened = shop.get(&contract()).await.ok().unwrap();
    assert_eq!(opened.file_name, "file.json");
    assert_eq!(opened.content_type.clone().unwrap(), "application/json");
    assert_eq!(opened.length, Some(1));
    assert_eq!(bytes(opened).await.unwrap(), "7");
    assert_eq!(
        shop.info(&contract(), false).await,
        json!({"contentLength": 1, "contentType": "application/json", "index": 0, "type": "smartcontract", "valid": true})
    );
}

#[tokio::test]
async fn a_contract_without_a_chain_is_asked_on_the_assets() {
    let shop = Shop::open().await;
    let mut file = contract();
    file.as_object_mut().unwrap().remove("chainId");
    assert!(matches!(shop.get(&file).await, Err(SourceError::Described(_))));
    let seller = Seller { chain_id: Some(8996), owner: None };
    let opened = shop.sources.open(&object(&file), seller, &PartAsked::default()).await;
    assert_eq!(bytes(opened.ok().unwrap()).await.unwrap(), "7");
    let elsewhere = Seller { chain_id: Some(1), owner: None };
    let refused = shop.sources.open(&object(&file), elsewhere, &PartAsked::default()).await;
    assert!(matches!(refused, Err(SourceError::Contract)));
}
