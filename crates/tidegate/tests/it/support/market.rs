//! A whole market on loopback: a server that sells, a chain, a metadata cache, and an origin for files.

use alloy_sol_types::{SolEvent, sol};
use reqwest::Method;
use secrecy::SecretString;
use serde_json::{Value, json};
use tidegate::config::{Config, PerChain};
use tidegate_ocean::{
    Address, B256, Bytes, Did, FeeQuote, Log, ProviderFee as Fee, ProviderKey, U256, ecies, keccak256,
};

use super::{
    answer::Answer,
    aquarius::Aquarius,
    chain::{FakeChain, GENESIS},
    content::unique,
    server::TestServer,
    wallet::Wallet,
};

sol! {
    event OrderStarted(
        address indexed consumer, address payer, uint256 amount, uint256 serviceIndex, uint256 timestamp,
        address indexed publishMarketAddress, uint256 blockNumber
    );
    event OrderReused(bytes32 orderTxId, address caller, uint256 timestamp, uint256 number);
    event ProviderFee(
        address indexed providerFeeAddress, address indexed providerFeeToken, uint256 providerFeeAmount,
        bytes providerData, uint8 v, bytes32 r, bytes32 s, uint256 validUntil
    );
}

/// The chain of every market here: the development chain, which error texts call Ganache.
pub const CHAIN: u64 = 8996;

/// The server's key on that chain.
pub const KEY: [u8; 32] = [0x42; 32];

/// One datatoken.
pub const ONE: u64 = 1_000_000_000_000_000_000;

pub struct Market {
    pub server: TestServer,
    pub chain: FakeChain,
    pub aquarius: Aquarius,
}

/// Something for sale.
#[derive(Clone)]
pub struct Sale {
    pub did: String,
    pub service: String,
    pub nft: Address,
    pub datatoken: Address,
    /// As the metadata cache has it.
    pub document: Value,
}

impl Market {
    pub async fn open() -> Self {
        Self::with(|_| {}).await
    }

    /// With other settings.
    pub async fn with(change: impl FnOnce(&mut Config)) -> Self {
        let (chain, aquarius) = (FakeChain::start(CHAIN).await, Aquarius::start().await);
        let server = TestServer::with(|config| {
            settle(config, &chain, &aquarius);
            change(config);
        });
        Self { server: server.await, chain, aquarius }
    }

    /// The address that fees go to.
    pub fn provider(&self) -> Address {
        key().address()
    }

    /// Publishes an asset of these files, for anybody and for ever.
    pub fn publish(&self, files: &Value) -> Sale {
        self.publish_as(files, |_| {})
    }

    /// Publishes an asset whose document `change` has changed.
    pub fn publish_as(&self, files: &Value, change: impl FnOnce(&mut Value)) -> Sale {
        let number = unique().to_be_bytes();
        let (nft, datatoken) = (address_of(b"nft", number), address_of(b"token", number));
        let plain = json!({"nftAddress": nft, "datatokenAddress": datatoken, "files": files});
        let did = Did::of(nft, CHAIN).to_string();
        let service = format!("service {}", u64::from_be_bytes(number));
        let mut document = json!({
            "id": did, "version": "4.5.0", "chainId": CHAIN, "nftAddress": nft,
            "metadata": {"name": "A thing", "type": "dataset"},
            "nft": {"address": nft, "state": 0, "owner": Wallet::new(1).address},
            "services": [{
                "id": service, "type": "access", "datatokenAddress": datatoken, "timeout": 0,
                "serviceEndpoint": "http://provider.example", "files": seal(plain.to_string().as_bytes()),
            }],
        });
        change(&mut document);
        self.aquarius.put(&document);
        self.chain.set_nft(nft, 0, Wallet::new(1).address);
        Sale { did, service, nft, datatoken, document }
    }

    /// A block in which `buyer` orders the first service of `sale`, an hour before now.
    pub fn order(&self, sale: &Sale, buyer: &Wallet) -> B256 {
        self.order_with(
            sale,
            buyer,
            vec![self.fee(sale), started(sale.datatoken, buyer.address, buyer.address)],
        )
    }

    /// A block with a transaction of `buyer` to the datatoken that left these logs.
    pub fn order_with(&self, sale: &Sale, buyer: &Wallet, logs: Vec<Log>) -> B256 {
        self.chain.mine(buyer.address, sale.datatoken, ORDERED, logs)
    }

    /// The event of the fee for `sale` being paid.
    pub fn fee(&self, sale: &Sale) -> Log {
        fee(&key(), sale.datatoken, sale.datatoken, &sale.service)
    }

    /// A file of `sale`, in a request that `buyer` signs with `nonce`.
    pub fn signed(&self, sale: &Sale, buyer: &Wallet, order: B256, nonce: u64) -> Query {
        let nonce = nonce.to_string();
        let signature = buyer.sign(&format!("{}{nonce}", sale.did));
        self.unsigned(sale, buyer, order).with("nonce", &nonce).with("signature", &signature)
    }

    /// The same without signature and nonce.
    pub fn unsigned(&self, sale: &Sale, buyer: &Wallet, order: B256) -> Query {
        Query::new(&[
            ("documentId", &sale.did),
            ("serviceId", &sale.service),
            ("consumerAddress", &buyer.text()),
            ("transferTxId", &order.to_string()),
            ("fileIndex", "0"),
        ])
    }

    pub async fn get(&self, route: &str, query: &Query) -> Answer {
        self.get_with(route, query, &[]).await
    }

    pub async fn get_with(&self, route: &str, query: &Query, headers: &[(&str, &str)]) -> Answer {
        self.server.get_with(&format!("/api/services/{route}{query}"), headers).await
    }

    pub async fn ask(&self, method: Method, route: &str, query: &Query) -> Answer {
        self.server.ask(method, &format!("/api/services/{route}{query}"), &[]).await
    }

    pub async fn post(&self, route: &str, body: &Value) -> Answer {
        let request = self.server.client.post(self.server.url(&format!("/api/services/{route}")));
        Answer::of(request.json(body)).await
    }

    /// The last nonce of an address.
    pub async fn nonce(&self, address: Address) -> Value {
        let answer = self.get("nonce", &Query::new(&[("userAddress", &address.to_string())])).await;
        answer.expect(200).json()["nonce"].clone()
    }
}

/// How many seconds after the first block orders are made: an hour before the server's clock.
const ORDERED: u64 = 86_400 - 3_600;

/// What makes a server sell on `chain`.
pub fn settle(config: &mut Config, chain: &FakeChain, aquarius: &Aquarius) {
    config.provider.private_key = Some(PerChain::All(SecretString::from(hex::encode(KEY))));
    config.provider.aquarius_url = Some(aquarius.url.parse().unwrap());
    config.provider.allow_non_public_ip = true;
    config.provider.fileinfo_per_caller = 0;
    config.chains.by_id.insert(CHAIN, vec![SecretString::from(chain.url())]);
}

pub fn key() -> ProviderKey {
    ProviderKey::parse(&hex::encode(KEY)).unwrap()
}

/// Sealed for the server, as documents have it.
pub fn seal(plain: &[u8]) -> String {
    let seed = keccak256(unique().to_be_bytes());
    let sealed = ecies::encrypt(&key().public_key(), plain, &seed.0, &[7; 16]).unwrap();
    format!("0x{}", hex::encode(sealed))
}

/// `contract` says that a fee for a service of `datatoken` was paid, which `signer` had quoted.
pub fn fee(signer: &ProviderKey, contract: Address, datatoken: Address, service: &str) -> Log {
    let quote = FeeQuote {
        token: Address::ZERO,
        amount: U256::ZERO,
        valid_until: 0,
        datatoken,
        service_id: service,
        environment: None,
        now: std::time::Duration::from_secs(GENESIS),
    };
    let quoted = Fee::quote(signer, &quote).to_json();
    let word = |name: &str| quoted[name].as_str().unwrap().parse::<B256>().unwrap();
    let event = ProviderFee {
        providerFeeAddress: signer.address(),
        providerFeeToken: Address::ZERO,
        providerFeeAmount: U256::ZERO,
        providerData: quoted["providerData"].as_str().unwrap().parse::<Bytes>().unwrap(),
        v: u8::try_from(quoted["v"].as_u64().unwrap()).unwrap(),
        r: word("r"),
        s: word("s"),
        validUntil: U256::ZERO,
    };
    log(contract, &event)
}

/// `contract` says that an order of its first service was started.
pub fn started(contract: Address, consumer: Address, payer: Address) -> Log {
    started_with(contract, consumer, payer, ONE, 0)
}

pub fn started_with(contract: Address, consumer: Address, payer: Address, amount: u64, service: u64) -> Log {
    let event = OrderStarted {
        consumer,
        payer,
        amount: U256::from(amount),
        serviceIndex: U256::from(service),
        timestamp: U256::from(GENESIS + ORDERED),
        publishMarketAddress: Address::ZERO,
        blockNumber: U256::ZERO,
    };
    log(contract, &event)
}

/// `contract` says that an order is used again, `seconds` after the first block.
pub fn reused(contract: Address, original: B256, caller: Address, seconds: u64) -> Log {
    let timestamp = U256::from(GENESIS + seconds);
    let event = OrderReused { orderTxId: original, caller, timestamp, number: U256::ZERO };
    log(contract, &event)
}

fn log(address: Address, event: &impl SolEvent) -> Log {
    let data = event.encode_log_data();
    Log { address, topics: data.topics().to_vec(), data: data.data }
}

fn address_of(kind: &[u8], number: [u8; 8]) -> Address {
    Address::from_word(keccak256([kind, &number].concat()))
}

/// Query parameters.
#[derive(Debug, Clone)]
pub struct Query(Vec<(String, String)>);

impl Query {
    pub fn new(pairs: &[(&str, &str)]) -> Self {
        Self(pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect())
    }

    /// With this value instead of the one that was there.
    pub fn with(self, name: &str, value: &str) -> Self {
        let mut query = self.without(name);
        query.0.push((name.to_owned(), value.to_owned()));
        query
    }

    pub fn without(mut self, name: &str) -> Self {
        self.0.retain(|(key, _)| key != name);
        self
    }

    pub fn to_json(&self) -> Value {
        self.0.iter().map(|(name, value)| (name.clone(), Value::from(value.as_str()))).collect()
    }
}

impl std::fmt::Display for Query {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let text = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(&self.0).finish();
        write!(f, "?{text}")
    }
}
