//! A DAG as one stream: a CAR from a gateway, of which every block that belongs to the DAG is kept, in whatever order they come.
//! What is missing at its end is fetched block by block.

use bytes::Bytes;
use http_body_util::BodyExt as _;
use tidegate_content::car::{CarEvent, CarLimits, CarReader};

use super::{
    PullError, Puller,
    choice::Choice,
    keep::{Keeper, blocking},
};
use crate::fetch::FetchedBody;

/// What of a stream may be useless before it is given up, beside as much again as was of use.
const USELESS: u64 = 16 << 20;

/// A stream in progress.
struct Stream {
    keeper: Keeper,
    reader: CarReader,
    read: u64,
}

impl Puller {
    /// Takes as much as there is from the first gateway that has such a stream. It is no failure if none has.
    pub(super) async fn by_archive(&self, keeper: Keeper, choice: &Choice<'_>) -> Result<Keeper, PullError> {
        let root = *keeper.partial.root();
        for candidate in choice.in_order() {
            if let Ok(Some(body)) = candidate.ask(candidate.source.archive(&root)).await {
                return self.read_archive(keeper, body).await;
            }
        }
        Ok(keeper)
    }

    async fn read_archive(&self, keeper: Keeper, mut body: FetchedBody) -> Result<Keeper, PullError> {
        let patience = self.0.settings.block_timeout;
        let mut stream = Stream { keeper, reader: CarReader::new(CarLimits::default()), read: 0 };
        let mut before = stream.keeper.bytes();
        let mut late = tokio::time::Instant::now() + patience;
        // Whatever ends it, what has come is good.
        while let Ok(Some(Ok(frame))) = tokio::time::timeout_at(late, body.frame()).await {
            let Ok(bytes) = frame.into_data() else {
                continue;
            };
            let (next, goes_on) = blocking(move || stream.take(bytes)).await?;
            stream = next;
            if !goes_on {
                break;
            }
            if stream.keeper.bytes() > before {
                before = stream.keeper.bytes();
                late = tokio::time::Instant::now() + patience;
            }
        }
        let mut keeper = stream.keeper;
        blocking(move || {
            keeper.look_ahead()?;
            Ok(keeper)
        })
        .await
    }
}

impl Stream {
    /// Takes the next bytes; tells whether there is any use in more.
    fn take(mut self, bytes: Bytes) -> Result<(Self, bool), PullError> {
        self.read += bytes.len() as u64;
        self.reader.feed(bytes);
        loop {
            match self.reader.next() {
                Ok(Some(CarEvent::Block { cid, data, .. })) => {
                    self.keeper.offer(&cid, &data)?;
                }
                Ok(Some(CarEvent::Header(_))) => {}
                Ok(None) => break,
                Err(_) => return Ok((self, false)),
            }
        }
        let useful = self.keeper.bytes();
        let goes_on = !self.keeper.is_complete() && self.read <= USELESS + 2 * useful;
        Ok((self, goes_on))
    }
}
