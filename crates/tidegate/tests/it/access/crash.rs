//! Killed at any moment: a nonce that was said to be accepted is used up.

use std::io::Write as _;
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;

use tidegate::access::{NonceRefusal, Nonces};
use tidegate::db::{Db, DbOptions};
use tidegate_ocean::{Address, Nonce};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::Command;

use crate::support::soon;

/// The database that [`accept_on_and_on`] works on.
const DATABASE: &str = "TIDEGATE_TEST_NONCES";

/// Addresses that send at once, so that their writes share a sync.
const ADDRESSES: u8 = 8;

#[tokio::test(flavor = "multi_thread")]
async fn what_was_accepted_before_a_kill_is_refused_after_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tidegate.db");
    let mut last = [0_u32; ADDRESSES as usize];
    for accepted in [1, 50, 300] {
        let said = accept_until_killed(&path, accepted).await;
        for (address, number) in said {
            assert!(number > last[usize::from(address)], "{address} had {number} before");
            last[usize::from(address)] = number;
        }
        let nonces = open(&path).await;
        for (address, number) in (0..).zip(last).filter(|(_, number)| *number > 0) {
            let refused = nonces.accept(Address::repeat_byte(address), nonce(number)).await;
            assert!(matches!(refused, Err(NonceRefusal::TooLow { .. })), "{address} {number}: {refused:?}");
        }
    }
}

/// Starts this very program as [`accept_on_and_on`], listens until it has said `accepted` lines, kills it, and returns all
/// that it said.
async fn accept_until_killed(path: &Path, accepted: usize) -> Vec<(u8, u32)> {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "access::crash::accept_on_and_on", "--ignored", "--nocapture"])
        .env(DATABASE, path)
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut said = Vec::new();
    while said.len() < accepted {
        let line = soon("a nonce is accepted", lines.next_line()).await.unwrap().unwrap();
        said.extend(parse(&line));
    }
    child.kill().await.unwrap();
    // What is still in the pipe was said before the kill; its last line may be half a line.
    while let Ok(Some(line)) = lines.next_line().await {
        said.extend(parse(&line));
    }
    said
}

/// A line of [`accept_on_and_on`]; the harness prints others.
fn parse(line: &str) -> Option<(u8, u32)> {
    let (address, number) = line.strip_prefix("accepted ")?.strip_suffix('.')?.split_once(' ')?;
    Some((address.parse().ok()?, number.parse().ok()?))
}

/// Not a test but the process that the test above kills.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "it is a part of the test above"]
async fn accept_on_and_on() {
    let Some(path) = std::env::var_os(DATABASE) else { return };
    let nonces = open(Path::new(&path)).await;
    let addresses = (0..ADDRESSES).map(|address| {
        let nonces = nonces.clone();
        tokio::spawn(async move {
            let account = Address::repeat_byte(address);
            let mut next =
                nonces.last(account).await.unwrap().and_then(|last| last.next()).unwrap_or(nonce(1));
            // Until nobody listens any more.
            while nonces.accept(account, next).await.is_ok()
                && writeln!(std::io::stdout(), "accepted {address} {next}.").is_ok()
            {
                next = next.next().unwrap();
            }
        })
    });
    for address in addresses.collect::<Vec<_>>() {
        address.await.unwrap();
    }
}

async fn open(path: &Path) -> Nonces {
    Nonces::new(Arc::new(Db::open(DbOptions::sqlite(path)).await.unwrap()))
}

fn nonce(number: u32) -> Nonce {
    Nonce::parse(&number.to_string()).unwrap()
}
