//! A DAG block by block, many of them at once, each from whoever has it.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use futures_util::{StreamExt as _, stream::FuturesUnordered};
use tidegate_content::{BlockSource as _, Cid};
use tokio::time::sleep;

use super::{
    PullError, Puller,
    choice::Choice,
    error::Misses,
    keep::{Keeper, blocking},
};
use crate::{
    blobs::{CarFile, with_blocks},
    pins::LookupError,
};

/// How often everybody is asked for one block, where somebody may have it in a moment.
const ROUNDS: u32 = 3;
/// The wait before the second round; each next one is twice as long.
const PAUSE: Duration = Duration::from_millis(200);

impl Puller {
    /// Fetches whatever is missing. At the first block that cannot be had, those under way are awaited, and that is the end.
    pub(super) async fn by_blocks(
        &self,
        mut keeper: Keeper,
        choice: &Choice<'_>,
    ) -> Result<Keeper, PullError> {
        let mut fetching = FuturesUnordered::new();
        let mut failed = None;
        loop {
            while failed.is_none()
                && fetching.len() < self.0.settings.parallel
                && let Some(cid) = keeper.ready()
            {
                fetching.push(async move { (cid, self.fetch(&cid, choice).await) });
            }
            match fetching.next().await {
                Some((cid, Ok(block))) => keeper = blocking(move || keeper.kept(&cid, &block)).await?,
                Some((cid, Err(miss))) => {
                    keeper.give_back(&cid);
                    failed.get_or_insert_with(|| PullError::missing(&cid, miss));
                }
                None => break,
            }
        }
        failed.map_or(Ok(keeper), Err)
    }

    /// The block of `cid` from here or anywhere.
    pub(super) async fn fetch(&self, cid: &Cid, choice: &Choice<'_>) -> Result<Bytes, Misses> {
        if let Some(block) = self.find_here(cid).await.map_err(Misses::Here)? {
            return Ok(block);
        }
        let mut pause = PAUSE;
        for round in 1.. {
            let (mut said, mut may_pass) = (Vec::new(), false);
            for candidate in choice.in_order() {
                match candidate.ask(candidate.source.block(cid)).await {
                    Ok(block) => return Ok(block),
                    Err(miss) => {
                        may_pass |= miss.may_pass();
                        said.push(format!("{} {miss}", candidate.source.name()));
                    }
                }
            }
            if !may_pass || round == ROUNDS {
                said.sort_unstable();
                let nobody = "this server has no gateway or IPFS node to ask";
                return Err(Misses::Everywhere(if said.is_empty() {
                    nobody.to_owned()
                } else {
                    said.join("; ")
                }));
            }
            sleep(pause).await;
            pause *= 2;
        }
        unreachable!("the last round returns")
    }

    /// The block of `cid` out of what everybody may read here. What is private counts as not here: pinning its CID must not be a way
    /// to get at it.
    pub(super) async fn find_here(&self, cid: &Cid) -> Result<Option<Bytes>, LookupError> {
        let Some(car) = self.0.library.find_public(cid).await? else {
            return Ok(None);
        };
        Ok(Some(read(&car, *cid).await?))
    }
}

async fn read(car: &Arc<CarFile>, cid: Cid) -> Result<Bytes, LookupError> {
    Ok(with_blocks(car, move |blocks| blocks.block(&cid)).await??)
}
