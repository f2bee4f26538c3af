//! Content of the IPFS from a gateway that nobody has to trust.

use std::collections::HashMap;

use tidegate_content::{BlockSink, Cid, DirectoryImport, FileImport, Hasher, NewBlock, Profile};

use super::*;
use crate::support::{
    content::content,
    eventually,
    origin::{Origin, Reply},
};

/// Blocks by the path where a gateway has them.
#[derive(Default, Clone)]
struct Blocks(HashMap<String, Vec<u8>>);

impl BlockSink for Blocks {
    type Error = std::convert::Infallible;

    fn put(&mut self, block: &NewBlock) -> Result<(), Self::Error> {
        self.0.insert(format!("/ipfs/{}?format=raw", block.cid()), block.to_vec());
        Ok(())
    }
}

impl Blocks {
    fn of_file(profile: Profile, data: &Bytes) -> (Cid, Self) {
        let mut blocks = Self::default();
        let mut file = FileImport::new(profile, &Hasher::inline());
        file.push(data.clone(), &mut blocks).unwrap();
        (file.finish(&mut blocks).unwrap().cid, blocks)
    }

    fn of_folder(name: &str, data: &Bytes) -> (Cid, Self) {
        let mut blocks = Self::default();
        let mut file = FileImport::new(Profile::UNIXFS_V0_2015, &Hasher::inline());
        file.push(data.clone(), &mut blocks).unwrap();
        let mut folder = DirectoryImport::new(Profile::UNIXFS_V0_2015);
        folder.add_file(&[name], file.finish(&mut blocks).unwrap()).unwrap();
        (folder.finish(&mut blocks).unwrap().cid, blocks)
    }

    /// A gateway to them on a private address, as an operator's own may be.
    async fn serve(self) -> Origin {
        Origin::start(move |asked| {
            self.0.get(&asked.target).map_or_else(
                || Reply::status(404).with("Content-Length", "0"),
                |block| Reply::ok(block.clone()).with("Content-Type", "application/vnd.ipld.raw"),
            )
        })
        .await
    }
}

async fn shop_at(gateway: &Origin) -> Shop {
    let address = gateway.url_as("gateway.example", "/");
    Shop::with(|settings| settings.ipfs_gateway = address.parse().ok()).await
}

fn ipfs(cid: &Cid) -> Value {
    json!({ "type": "ipfs", "hash": cid.to_string() })
}

#[tokio::test]
async fn a_large_file_comes_block_by_block_in_order() {
    let data = content(1, 5_000_000);
    for profile in [Profile::UNIXFS_V0_2015, Profile::UNIXFS_V1_2025] {
        let (cid, blocks) = Blocks::of_file(profile, &data);
        let count = blocks.0.len();
        let gateway = blocks.serve().await;
        let shop = shop_at(&gateway).await;
        let opened = shop.get(&ipfs(&cid)).await.ok().unwrap();
        assert_eq!((opened.length, opened.file_name.as_str()), (Some(5_000_000), "file.bin"));
        assert_eq!(bytes(opened).await.unwrap(), data);
        assert_eq!(gateway.lines().len(), count, "every block once");
        assert!(gateway.asked().iter().all(|asked| asked.header("accept") == "application/vnd.ipld.raw"));

        let opened = shop.get_part(&ipfs(&cid), &[("range", "bytes=1000000-1000009")]).await.ok().unwrap();
        assert_eq!(bytes(opened).await.unwrap(), data.slice(1_000_000..1_000_010));
        let info = shop.info(&ipfs(&cid), false).await;
        assert_eq!((&info["contentLength"], &info["filename"]), (&"5000000".into(), &"".into()));
    }
}

#[tokio::test]
async fn a_small_file_costs_one_request() {
    let (cid, blocks) = Blocks::of_file(Profile::UNIXFS_V1_2025, &Bytes::from_static(b"hello"));
    let gateway = blocks.serve().await;
    let shop = shop_at(&gateway).await;
    for _again in 0..3 {
        assert_eq!(bytes(shop.get(&ipfs(&cid)).await.ok().unwrap()).await.unwrap(), "hello");
    }
    assert_eq!(gateway.lines(), [format!("GET /ipfs/{cid}?format=raw")]);
}

#[tokio::test]
async fn a_path_is_followed_and_names_the_file() {
    let data = content(2, 300_000);
    let (cid, blocks) = Blocks::of_folder("table.csv", &data);
    let gateway = blocks.serve().await;
    let shop = shop_at(&gateway).await;
    let opened = shop.get(&json!({ "type": "ipfs", "hash": format!("{cid}/table.csv") })).await.ok().unwrap();
    assert_eq!(opened.file_name, "table.csv");
    assert_eq!(bytes(opened).await.unwrap(), data);
    for path in ["/other.csv", ""] {
        let refused = shop.get(&json!({ "type": "ipfs", "hash": format!("{cid}{path}") })).await;
        assert!(matches!(refused, Err(SourceError::Described(_))), "{path}");
    }
}

#[tokio::test]
async fn a_file_that_repeats_itself_is_whole() {
    let data = Bytes::from(vec![0; 3_000_000]);
    let (cid, blocks) = Blocks::of_file(Profile::UNIXFS_V0_2015, &data);
    let gateway = blocks.serve().await;
    let opened = shop_at(&gateway).await.get(&ipfs(&cid)).await.ok().unwrap();
    assert_eq!(bytes(opened).await.unwrap(), data);
}

#[tokio::test]
async fn wrong_bytes_are_not_delivered() {
    let data = content(3, 2_000_000);
    let (cid, blocks) = Blocks::of_file(Profile::UNIXFS_V0_2015, &data);
    let root = format!("/ipfs/{cid}?format=raw");
    let mut bad_root = blocks.clone();
    bad_root.0.get_mut(&root).unwrap()[10] ^= 1;
    let gateway = bad_root.serve().await;
    assert!(matches!(shop_at(&gateway).await.get(&ipfs(&cid)).await, Err(SourceError::Unverified)));

    // The root and the first block are right, one further on is not.
    let opened_before = async |change: fn(&mut Vec<u8>)| {
        let (last, _) = FileImportLast::leaf(&data);
        let mut bad = blocks.clone();
        change(bad.0.get_mut(&format!("/ipfs/{last}?format=raw")).unwrap());
        let gateway = bad.serve().await;
        let opened = shop_at(&gateway).await.get(&ipfs(&cid)).await.ok().unwrap();
        bytes(opened).await.err().unwrap()
    };
    assert!(matches!(opened_before(|block| block[99] ^= 1).await, SourceError::Unverified));
    assert!(matches!(opened_before(Vec::clear).await, SourceError::Unverified));
    assert!(matches!(
        opened_before(|block| block.resize(3 << 20, 0)).await,
        SourceError::Fetch(tidegate::fetch::FetchError::TooLarge)
    ));
}

/// The last leaf of a file in the old profile.
struct FileImportLast;

impl FileImportLast {
    fn leaf(data: &Bytes) -> (Cid, Blocks) {
        let start = (data.len() - 1) / (256 << 10) * (256 << 10);
        Blocks::of_file(Profile::UNIXFS_V0_2015, &data.slice(start..))
    }
}

#[tokio::test]
async fn a_block_that_is_missing_cuts_the_file() {
    let data = content(4, 2_000_000);
    let (cid, mut blocks) = Blocks::of_file(Profile::UNIXFS_V0_2015, &data);
    let (last, _) = FileImportLast::leaf(&data);
    blocks.0.remove(&format!("/ipfs/{last}?format=raw")).unwrap();
    let gateway = blocks.serve().await;
    let opened = shop_at(&gateway).await.get(&ipfs(&cid)).await.ok().unwrap();
    assert!(matches!(bytes(opened).await, Err(SourceError::Status(404))));
}

#[tokio::test]
async fn a_gateway_that_breaks_off_once_is_asked_again() {
    let data = content(5, 600_000);
    let (cid, blocks) = Blocks::of_file(Profile::UNIXFS_V0_2015, &data);
    let broken = std::sync::Mutex::new(std::collections::HashSet::new());
    let gateway = Origin::start(move |asked| {
        let block = blocks.0[&asked.target].clone();
        let mut whole = Reply::ok(block.clone());
        if broken.lock().unwrap().insert(asked.target.clone()) {
            whole = whole.then_body(&block[..block.len() / 2]).then_close();
        }
        whole
    })
    .await;
    let opened = shop_at(&gateway).await.get(&ipfs(&cid)).await.ok().unwrap();
    assert_eq!(bytes(opened).await.unwrap(), data);
}

#[tokio::test]
async fn a_reader_that_stops_stops_the_gateway() {
    let data = content(6, 20_000_000);
    let (cid, blocks) = Blocks::of_file(Profile::UNIXFS_V0_2015, &data);
    let all = blocks.0.len();
    let gateway = blocks.serve().await;
    let mut opened = shop_at(&gateway).await.get(&ipfs(&cid)).await.ok().unwrap();
    assert!(opened.body.frame().await.unwrap().is_ok());
    let mut last = 0;
    eventually("the gateway is left alone", async || {
        for _ in 0..50 {
            tokio::task::yield_now().await;
        }
        let asked = gateway.lines().len();
        std::mem::replace(&mut last, asked) == asked
    })
    .await;
    assert!(last < all / 2, "{last} of {all}");
}
