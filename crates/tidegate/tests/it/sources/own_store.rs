//! Content of the IPFS that is pinned here.

use tidegate_content::Profile;

use super::*;
use crate::support::{
    content::{cid_v0, content, file, folder_cid},
    origin::{Origin, Reply},
    server::TestServer,
};

async fn shop_of(server: &TestServer) -> Shop {
    let settings = &server.app.config.provider;
    Shop { sources: sources(settings, server.app.library.clone()), _folder: tempfile::tempdir().unwrap() }
}

fn ipfs(hash: &str) -> Value {
    json!({ "type": "ipfs", "hash": hash })
}

#[tokio::test]
async fn pinned_files_are_delivered_whole_and_in_part() {
    let server = TestServer::start().await;
    let person = server.person("maker").await;
    let shop = shop_of(&server).await;
    for size in [0, 1, 1024, 40_000, 700_000] {
        let data = content(size as u64, size);
        let cid = person.pin(&data).await;
        for _again in 0..2 {
            let opened = shop.get(&ipfs(&cid)).await.ok().unwrap();
            assert_eq!((opened.part, opened.length, opened.accepts_ranges), (None, Some(size as u64), true));
            assert_eq!(bytes(opened).await.unwrap(), data, "{size}");
        }
        if size > 10 {
            let opened = shop.get_part(&ipfs(&cid), &[("range", "bytes=7-")]).await.ok().unwrap();
            assert_eq!(opened.part.unwrap().to_string(), format!("bytes 7-{}/{size}", size - 1));
            assert_eq!(opened.length, Some(size as u64 - 7));
            assert_eq!(bytes(opened).await.unwrap(), data.slice(7..));
        }
        let outside = shop.get_part(&ipfs(&cid), &[("range", "bytes=9999999-")]).await;
        assert_eq!(matches!(outside, Err(SourceError::RangeOutside(Some(_)))), size > 0, "{size}");
    }
}

#[tokio::test]
async fn neither_name_nor_tag_tells_the_cid() {
    let server = TestServer::start().await;
    let person = server.person("maker").await;
    let shop = shop_of(&server).await;
    let cid = person.pin(&Bytes::from_static(b"some text")).await;
    let opened = shop.get(&ipfs(&cid)).await.ok().unwrap();
    assert_eq!(opened.file_name, "file.txt");
    assert_eq!(opened.content_type.unwrap(), "text/plain; charset=utf-8");
    let tag = opened.etag.unwrap().to_str().unwrap().to_owned();
    assert!(!tag.contains(&cid), "{tag}");
    assert_eq!(
        shop.info(&ipfs(&cid), true).await,
        json!({
            "checksum": "b94f6f125c79e3a5ffaa826f584c10d52ada669e6762051b826b55776d05aed2",
            "checksumType": "sha256",
            "contentLength": "9",
            "contentType": "text/plain",
            "filename": "",
            "index": 0,
            "type": "ipfs",
            "valid": true,
        })
    );
    let conditional = async |etag: &str| {
        let headers = [("range", "bytes=0-3"), ("if-range", etag)];
        bytes(shop.get_part(&ipfs(&cid), &headers).await.ok().unwrap()).await.unwrap()
    };
    assert_eq!(conditional(&tag).await, "some");
    assert_eq!(conditional("\"other\"").await, "some text");
}

#[tokio::test]
async fn a_path_below_a_folder_is_a_name() {
    let server = TestServer::start().await;
    let person = server.person("maker").await;
    let shop = shop_of(&server).await;
    let items = [file("data/table one.csv", "a,b\n1,2\n"), file("readme", "hello")];
    let cid = folder_cid(Profile::UNIXFS_V0_2015, &items).to_string();
    person.pin_folder(&cid, &items).await.expect(200);
    for hash in ["/data/table%20one.csv", "/data/table one.csv"].map(|path| format!("{cid}{path}")) {
        let opened = shop.get(&ipfs(&hash)).await.ok().unwrap();
        assert_eq!(opened.file_name, "table one.csv");
        assert_eq!(opened.content_type.clone().unwrap(), "text/csv; charset=utf-8");
        assert_eq!(bytes(opened).await.unwrap(), "a,b\n1,2\n");
    }
    let opened = shop.get(&ipfs(&format!("ipfs://{cid}/readme"))).await.ok().unwrap();
    assert_eq!(opened.file_name, "readme.txt");
    for hash in [cid.clone(), format!("{cid}/data"), format!("{cid}/missing"), format!("{cid}/readme/x")] {
        assert!(matches!(shop.get(&ipfs(&hash)).await, Err(SourceError::Described(_))), "{hash}");
        assert_eq!(shop.info(&ipfs(&hash), false).await["valid"], false);
    }
}

#[tokio::test]
async fn private_content_is_delivered_for_its_owners_assets_alone() {
    let server = TestServer::start().await;
    let person = server.person("maker").await;
    let gateway = Origin::start(|_| Reply::status(404).with("Content-Length", "0")).await;
    let mut settings = server.app.config.provider.clone();
    settings.ipfs_gateway = gateway.url_as("gateway.example", "/").parse().ok();
    let sources = sources(&settings, server.app.library.clone());
    let secret = Bytes::from_static(b"a secret");
    let cid = cid_v0(&secret);
    let form = person.form(&cid).text("visibility", "private").file("file.bin", &secret);
    person.upload(form).await.expect(200);
    let (mine, theirs) = (Address::repeat_byte(1), Address::repeat_byte(2));
    assert!(server.app.accounts.add_wallet(person.account, mine).await.unwrap());

    let file = object(&ipfs(&cid));
    let open = async |owner| {
        let seller = Seller { chain_id: Some(8996), owner };
        sources.open(&file, seller, &PartAsked::default()).await
    };
    // What its owner's buyer was given must not be there for the next one.
    for _again in 0..2 {
        assert_eq!(bytes(open(Some(mine)).await.ok().unwrap()).await.unwrap(), secret);
        for owner in [Some(theirs), None] {
            assert!(matches!(open(owner).await, Err(SourceError::Status(404))), "{owner:?}");
            let seller = Seller { chain_id: Some(8996), owner };
            assert!(sources.probe(&file, seller, true).await.is_err(), "{owner:?}");
        }
    }
}

#[tokio::test]
async fn what_is_not_here_needs_a_gateway() {
    let shop = Shop::open().await;
    let absent = shop.get(&ipfs("QmYwAPJzv5CZsnA625s3Xf2nemtYgPpHdWEz79ojWKbT4h")).await;
    assert!(matches!(absent, Err(SourceError::NotConfigured("IPFS_GATEWAY"))));
    for hash in ["x", "/", "Qm/a", "ipfs://"] {
        assert!(matches!(shop.get(&ipfs(hash)).await, Err(SourceError::Described(_))), "{hash}");
    }
}

#[tokio::test]
async fn content_in_the_cid_itself_is_always_here() {
    let opened = Shop::open().await.get(&ipfs("bafkqac3imvwgy3zao5xxe3de")).await.ok().unwrap();
    assert_eq!(bytes(opened).await.unwrap(), "hello world");
}
