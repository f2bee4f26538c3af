//! What must never be seen: where files are, what authorises requests, and keys of nodes.

use reqwest::Method;
use serde_json::json;

use crate::support::{
    answer::Answer,
    chain::{Fault, RPC_KEY},
    market::{KEY, Market, Sale},
    origin::{Origin, Reply},
    process::Process,
    wallet::Wallet,
};

const HOST: &str = "planted-host.invalid";
const PATH: &str = "planted-path";
const CID: &str = "QmPLANTEDCidPLANTEDCidPLANTEDCidPLANTEDCidPLAN";

#[tokio::test(flavor = "multi_thread")]
async fn no_secret_is_in_any_answer_log_line_or_metric() {
    let origin = Origin::start(|asked| match asked.target.as_str() {
        "/planted-path/redirect" => Reply::redirect(302, &format!("http://{HOST}/{PATH}")),
        "/planted-path/error" => Reply::status(500).with("Content-Length", "12").then_body(PATH),
        _ => Reply::ok("bytes").with("Location", PATH).with("X-Amz-Meta", PATH).with("Server", PATH),
    })
    .await;
    // The market makes sales; the process with the log sells them.
    let market = Market::open().await;
    let data = tempfile::tempdir().unwrap();
    let chains = json!({"8996": [market.chain.url()]}).to_string();
    let key = hex::encode(KEY);
    let process = Process::start(
        data.path(),
        &[
            ("NETWORK_URL", &chains),
            ("PROVIDER_PRIVATE_KEY", &json!({"8996": key}).to_string()),
            ("UNIVERSAL_PRIVATE_KEY", &key),
            ("AQUARIUS_URL", &market.aquarius.url),
            ("ALLOW_NON_PUBLIC_IP", "True"),
            ("TIDEGATE_LOG_LEVEL", "debug"),
        ],
    )
    .await;
    let buyer = Wallet::new(5);
    let files = json!([
        {"type": "url", "url": origin.url("/planted-path/a.bin?planted-query=1")},
        {"type": "url", "url": origin.url("/planted-path/error")},
        {"type": "url", "url": origin.url("/planted-path/redirect")},
        {"type": "url", "url": format!("http://{HOST}/{PATH}")},
        {"type": "ipfs", "hash": CID},
        {"type": "arweave", "transactionId": PATH},
        {"type": "url", "url": format!("ftp://{HOST}/{PATH}")},
    ]);
    let sale: Sale = market.publish(&files);
    let order = market.order(&sale, &buyer);
    let client = &market.server.client;
    let mut seen = Vec::new();
    let mut nonce = 0;
    let mut ask = async |method: Method, path: String, secret: String| {
        let answer = Answer::of(client.request(method, format!("{}{path}", process.url))).await;
        seen.push((path, answer, secret));
    };
    for index in 0..files.as_array().unwrap().len() {
        nonce += 1;
        let query = market.signed(&sale, &buyer, order, nonce).with("fileIndex", &index.to_string());
        let signature = buyer.sign(&format!("{}{nonce}", sale.did));
        ask(Method::GET, format!("/api/services/download{query}"), signature.clone()).await;
        ask(Method::GET, format!("/api/services/download{query}"), signature.clone()).await;
        ask(Method::GET, format!("/api/services/initialize{query}"), signature).await;
    }
    let forged = Wallet::new(6).sign("anything");
    let query = market.signed(&sale, &buyer, order, 99).with("signature", &forged);
    ask(Method::GET, format!("/api/services/download{query}"), forged.clone()).await;
    ask(Method::GET, format!("/api/services/nothing{query}"), forged.clone()).await;
    ask(Method::POST, format!("/api/services/download{query}"), forged).await;
    let info =
        format!("/api/services/fileinfo?did={}&serviceId={}", sale.did, sale.service.replace(' ', "+"));
    ask(Method::POST, info, PATH.to_owned()).await;
    market.chain.fail(Fault::Status(500));
    let other = market.signed(&market.publish(&files), &buyer, order, 100);
    ask(Method::GET, format!("/api/services/download{other}"), RPC_KEY.to_owned()).await;
    ask(Method::GET, "/metrics".to_owned(), PATH.to_owned()).await;
    assert!(seen.iter().any(|(_, answer, _)| answer.status == 200), "something was sold");

    let planted = [HOST, PATH, CID, "planted-query", RPC_KEY, key.as_str()];
    let origin_port = format!(":{}", origin.address.port());
    let mut log = std::fs::read_to_string(&process.log).unwrap();
    assert!(process.stop().await);
    log += &std::fs::read_to_string(data.path().with_extension("log")).unwrap_or_default();
    for (path, answer, secret) in &seen {
        let all = format!("{:?} {}", answer.headers, String::from_utf8_lossy(&answer.body));
        for secret in planted.iter().copied().chain([secret.as_str(), &origin_port]) {
            assert!(!all.contains(secret), "{secret} is in the answer to {path}: {all}");
            let line = log.lines().find(|line| line.contains(secret));
            assert!(line.is_none(), "{secret} is in the log: {line:?}");
        }
    }
}
