//! Which CIDs and which signatures are right for an upload (reference A4, A6, and section 1 on `secret`).

use std::{collections::BTreeMap, time::Duration};

use cid::multibase::Base;
use secrecy::SecretString;
use serde::Deserialize;
use tidegate::accounts::{PublicKey, sign};
use tidegate_content::{Cid, Profile, cid_text::DAG_PB};

use crate::support::{
    content::{Item, cid_of, cid_v0, content, unique},
    form::Form,
    person::Person,
    server::TestServer,
};

const MISMATCH: &str = "The content, its CID and the signature do not belong together";

#[tokio::test]
async fn every_right_cid_of_a_content_is_accepted_in_every_base_before_and_after_the_file() {
    let server = TestServer::start().await;
    // One chunk, a few small chunks, and more than one chunk of either size.
    for size in [1000, 300_000, 1_100_000] {
        let bytes = content(unique(), size);
        let ann = server.person(&format!("ann{size}")).await;
        for cid in right_cids(&bytes) {
            for form in [
                ann.form(&cid).file("a", &bytes),
                Form::new().file("a", &bytes).text("secret", &ann.sign(&cid)).text("cid", &cid),
            ] {
                let answer = ann.upload(form).await.expect(200);
                assert_eq!(answer.json()["PinHash"], cid, "{size}");
                let served = server.get(&format!("/ipfs/{cid}")).await.expect(200);
                assert!(served.body == bytes, "{cid}");
            }
        }
        // The same DAG by another version is the same pin; each other import of the bytes is another.
        let roots: std::collections::BTreeSet<_> = right_cids(&bytes)
            .iter()
            .map(|cid| tidegate_content::content_key(&tidegate_content::parse_cid(cid).unwrap()))
            .collect();
        assert_eq!(server.pins(ann.account).await.len(), roots.len());
    }
    assert_eq!(server.staged(), 0);
}

#[tokio::test]
async fn a_profile_is_a_hint_and_never_decides_what_is_right() {
    let server = TestServer::start().await;
    let ann = server.person("ann").await;
    for profile in Profile::ALL {
        let bytes = content(unique(), 300_000);
        for imported in Profile::ALL {
            let cid = cid_of(imported, &bytes).to_string();
            let form = Form::new()
                .text("profile", profile.name())
                .file("a", &bytes)
                .text("cid", &cid)
                .text("secret", &ann.sign(&cid));
            let answer = ann.upload(form).await.expect(200);
            assert_eq!(answer.json()["PinHash"], cid);
        }
    }
    let form = ann.form(&cid_v0(&content(1, 1))).text("profile", "the-best");
    let message = ann.upload(form).await.refusal(400);
    assert!(message.contains("unixfs-v0-2015"), "{message}");
}

#[tokio::test]
async fn a_wrong_cid_is_refused_and_leaves_nothing() {
    let server = TestServer::start().await;
    let ann = server.person("ann").await;
    let bytes = content(unique(), 300_000);
    let other = content(unique(), 300_000);
    for cid in right_cids(&other) {
        for form in [
            ann.form(&cid).file("a", &bytes),
            Form::new().file("a", &bytes).text("cid", &cid).text("secret", &ann.sign(&cid)),
        ] {
            assert_eq!(ann.upload(form).await.refusal(400), MISMATCH, "{cid}");
        }
    }
    server.is_left_empty().await;
    assert_eq!(server.used_bytes(ann.account).await, 0);
}

#[tokio::test]
async fn a_cid_that_no_upload_can_have_is_told_what_is_wrong_with_it() {
    let server = TestServer::start().await;
    let ann = server.person("ann").await;
    let right = cid_v0(&content(1, 10));
    for cid in [
        "",
        "hello",
        "/ipfs/QmbFMke1KXqnYyBBWxB74N4c5SBnJMVAiMNRcGu6x1AwQH",
        &right[..45],
        &format!("{right}\n"),
        "bafkqaaa",
        // DAG-CBOR, and raw with BLAKE2b.
        "bafyreigbtj4x7ip5legnfznufuopl4sg4knzc2cof6duas4b3q2fy6swua",
        "bafk2bzaced2wkx5jjxhaf5mpznwrkpdxwdiwsrpnq7smvtlqtm3ndaa2k4vcm",
        &"b".repeat(10_000),
    ] {
        let form = Form::new().text("secret", "AAAA").text("cid", cid).file("a", &content(1, 10));
        let message = ann.upload(form).await.refusal(400);
        assert!(message.starts_with("The field cid: "), "{cid}: {message}");
    }
    server.is_left_empty().await;
}

#[tokio::test]
async fn a_signature_must_be_over_the_very_text_by_the_very_account() {
    let server = TestServer::start().await;
    let ann = server.person("ann").await;
    let bob = server.person("bob").await;
    let bytes = content(unique(), 1000);
    let cid = cid_v0(&bytes);
    let key = tidegate_content::content_key(&tidegate_content::parse_cid(&cid).unwrap()).to_string();
    for secret in [
        bob.sign(&cid),
        // Another text of the same CID.
        ann.sign(&key),
        ann.sign(&format!("{cid}\n")),
        String::new(),
        "AAAA".to_owned(),
        "no base64!".to_owned(),
    ] {
        for form in [
            Form::new().text("cid", &cid).text("secret", &secret).file("a", &bytes),
            Form::new().text("secret", &secret).file("a", &bytes).text("cid", &cid),
        ] {
            assert_eq!(ann.upload(form).await.refusal(400), MISMATCH, "{secret}");
        }
    }
    server.is_left_empty().await;
}

#[tokio::test]
async fn signatures_of_other_programs_are_taken_and_forged_ones_are_not() {
    let server = TestServer::start().await;
    for (number, key) in signatures().into_iter().enumerate() {
        let ann = server.person(&format!("ann{number}")).await;
        let public = PublicKey::parse(&key.public_key).unwrap();
        server.app.accounts.set_public_key(ann.account, public, Duration::ZERO).await.unwrap();
        // What the forgeries are about is the empty folder.
        let upload = async |secret: &str| upload_empty_folder(&ann, &key.bad.cid, secret).await;
        assert!(!key.bad.secrets.is_empty());
        for (how, secret) in &key.bad.secrets {
            let refused = upload(secret).await;
            assert_eq!(refused.refusal(400), MISMATCH, "{how}");
        }
        assert!(server.pins(ann.account).await.is_empty());

        let good = key.good.iter().find(|good| good.cid == key.bad.cid).unwrap();
        let private = SecretString::from(key.private_key.clone());
        assert_eq!(sign(&private, &good.cid).unwrap(), good.secret);
        assert_eq!(upload(&good.secret).await.expect(200).json()["PinHash"], good.cid);
    }
}

async fn upload_empty_folder(person: &Person, cid: &str, secret: &str) -> crate::support::answer::Answer {
    let form = Form::new().items(&[Item::Folder("empty".to_owned())]).text("cid", cid).text("secret", secret);
    person.upload(form).await
}

/// All CIDs of `bytes` that are right, in every base.
fn right_cids(bytes: &bytes::Bytes) -> Vec<String> {
    let v0 = cid_of(Profile::UNIXFS_V0_2015, bytes);
    let mut cids = vec![v0.to_string()];
    for cid in [
        Cid::new_v1(DAG_PB, *v0.hash()),
        cid_of(Profile::V1_RAW_256K_174, bytes),
        cid_of(Profile::UNIXFS_V1_2025, bytes),
    ] {
        for base in
            [Base::Base32Lower, Base::Base32Upper, Base::Base36Lower, Base::Base58Btc, Base::Base16Lower]
        {
            cids.push(cid.to_string_of_base(base).unwrap());
        }
    }
    cids
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SigningKey {
    private_key: String,
    public_key: String,
    good: Vec<Signature>,
    bad: Forgeries,
}

#[derive(Deserialize)]
struct Signature {
    cid: String,
    secret: String,
}

#[derive(Deserialize)]
struct Forgeries {
    cid: String,
    secrets: BTreeMap<String, String>,
}

/// `testdata/vectors/cid-signatures.json`
fn signatures() -> Vec<SigningKey> {
    #[derive(Deserialize)]
    struct Vectors {
        keys: Vec<SigningKey>,
    }
    let text = include_str!("../../../../../testdata/vectors/cid-signatures.json");
    serde_json::from_str::<Vectors>(text).unwrap().keys
}

#[tokio::test]
async fn a_file_needs_no_name_whatever_its_cid() {
    let server = TestServer::start().await;
    let ann = server.person("ann").await;
    let head = "Content-Disposition: form-data; name=\"file\"";
    let bytes = content(unique(), 300_000);
    for profile in Profile::ALL {
        let cid = cid_of(profile, &bytes).to_string();
        let answer = ann.upload(ann.form(&cid).part(head, &bytes)).await.expect(200);
        assert_eq!(answer.json()["PinHash"], cid);
    }
    let other = cid_v0(&content(unique(), 10)).to_string();
    let refused = ann.upload(ann.form(&other).part(head, &bytes)).await;
    assert_eq!(refused.refusal(400), MISMATCH);
}
