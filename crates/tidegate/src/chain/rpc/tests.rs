//! The pool over nodes that behave as told. They answer at once or never, so short limits are as good as long ones.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::FutureExt as _;
use serde_json::json;

use super::*;

/// What a node does with each question but the one for its chain.
#[derive(Clone, Copy)]
enum Manner {
    Says(&'static str),
    Fails(Trouble),
    TooLarge,
    Hangs,
    OnceBusyThen(&'static str),
}

struct Fake {
    chain: &'static str,
    manner: Manner,
    asked: Arc<AtomicUsize>,
}

impl Wire for Fake {
    fn exchange<'a>(&'a self, call: &'a Call) -> BoxFuture<'a, Result<Bytes, Refusal>> {
        async move {
            let says = |result: &str| Ok(Bytes::from(format!(r#"{{"result":{result}}}"#)));
            if call.text(1).contains("eth_chainId") {
                return says(self.chain);
            }
            let earlier = self.asked.fetch_add(1, Ordering::SeqCst);
            match self.manner {
                Manner::Says(result) => says(result),
                Manner::OnceBusyThen(_) if earlier == 0 => Err(Refusal::Trouble(Trouble::Busy(None))),
                Manner::OnceBusyThen(result) => says(result),
                Manner::Fails(trouble) => Err(Refusal::Trouble(trouble)),
                Manner::TooLarge => Err(Refusal::TooLarge),
                Manner::Hangs => std::future::pending().await,
            }
        }
        .boxed()
    }
}

const OURS: &str = "\"0x2324\"";
const OTHER: &str = "\"0x1\"";

const LIMITS: Limits = Limits {
    attempt: Duration::from_millis(40),
    total: Duration::from_millis(400),
    hedge: Duration::from_millis(10),
    doubt: Duration::from_millis(40),
    retries: 1,
    pause: Duration::from_millis(1),
    mined: Duration::ZERO,
    open: 4,
};

struct Pool {
    rpc: Rpc,
    asked: Vec<Arc<AtomicUsize>>,
}

impl Pool {
    fn new(nodes: &[(&'static str, Manner)]) -> Self {
        let asked: Vec<_> = nodes.iter().map(|_| Arc::new(AtomicUsize::new(0))).collect();
        let fakes = nodes.iter().zip(&asked).map(|((chain, manner), asked)| {
            Box::new(Fake { chain, manner: *manner, asked: Arc::clone(asked) }) as Box<dyn Wire>
        });
        Self { rpc: Rpc::over(Some(8996), fakes.collect(), LIMITS), asked }
    }

    async fn ask(&self) -> Result<u64, ChainError> {
        self.rpc.ask(&question()).await
    }

    async fn find(&self) -> Result<Option<u64>, ChainError> {
        self.rpc.find(&question()).await
    }

    fn asked(&self) -> Vec<usize> {
        self.asked.iter().map(|asked| asked.load(Ordering::SeqCst)).collect()
    }
}

fn question() -> Call {
    Call::new("eth_something", &json!([]), 1 << 10)
}

#[tokio::test]
async fn the_first_is_asked_alone_while_it_answers() {
    let pool = Pool::new(&[(OURS, Manner::Says("1")), (OURS, Manner::Says("2"))]);
    assert_eq!(pool.ask().await, Ok(1));
    assert_eq!(pool.ask().await, Ok(1));
    assert_eq!(pool.asked(), [2, 0]);
}

#[tokio::test]
async fn a_failing_node_is_passed_over_and_then_left_alone() {
    let pool = Pool::new(&[(OURS, Manner::Fails(Trouble::Status(502))), (OURS, Manner::Says("2"))]);
    assert_eq!(pool.ask().await, Ok(2));
    assert_eq!(pool.ask().await, Ok(2));
    assert_eq!(pool.asked(), [1, 2]);
}

#[tokio::test]
async fn a_hanging_node_gets_competition_and_loses_its_place() {
    let pool = Pool::new(&[(OURS, Manner::Hangs), (OURS, Manner::Says("2"))]);
    assert_eq!(pool.ask().await, Ok(2));
    assert_eq!(pool.asked(), [1, 1]);
    assert_eq!(pool.ask().await, Ok(2));
    assert_eq!(pool.asked(), [1, 2]);
}

#[tokio::test]
async fn a_busy_only_node_is_asked_again() {
    let pool = Pool::new(&[(OURS, Manner::OnceBusyThen("1"))]);
    assert_eq!(pool.ask().await, Ok(1));
    assert_eq!(pool.asked(), [2]);
}

#[tokio::test]
async fn when_all_fail_each_is_named_by_its_position() {
    let pool = Pool::new(&[(OURS, Manner::Fails(Trouble::Connection)), (OURS, Manner::Hangs)]);
    let error = pool.ask().await.expect_err("nobody answers");
    assert!(error.is_outage());
    assert_eq!(
        error.to_string(),
        "chain 8996 cannot be reached: rpc 1 of 2: the connection failed; rpc 2 of 2: no answer in time"
    );
}

#[tokio::test]
async fn what_cannot_get_better_is_not_tried_again() {
    let pool = Pool::new(&[(OURS, Manner::Says("\"text\"")), (OURS, Manner::Fails(Trouble::NotUnderstood))]);
    assert!(pool.ask().await.expect_err("nobody answers").is_outage());
    assert_eq!(pool.asked(), [1, 1]);
}

#[tokio::test]
async fn an_answer_too_large_is_so_everywhere() {
    let pool = Pool::new(&[(OURS, Manner::TooLarge), (OURS, Manner::Says("2"))]);
    assert_eq!(pool.ask().await, Err(ChainError::TooLarge(ChainLabel(Some(8996)))));
    assert_eq!(pool.asked(), [1, 0]);
}

#[tokio::test]
async fn a_node_of_another_chain_is_not_believed() {
    let pool = Pool::new(&[(OTHER, Manner::Says("1")), (OURS, Manner::Says("2"))]);
    assert_eq!(pool.ask().await, Ok(2));
    assert_eq!(pool.asked(), [0, 1]);
    let alone = Pool::new(&[(OTHER, Manner::Says("1"))]);
    let error = alone.ask().await.expect_err("the wrong chain");
    assert_eq!(error.to_string(), "chain 8996 cannot be reached: rpc 1 of 1: it serves chain 1 instead");
    assert_eq!(alone.asked(), [0]);
}

#[tokio::test]
async fn the_first_node_to_answer_names_a_chain_without_an_id() {
    let fake = |chain| {
        let asked = Arc::default();
        Box::new(Fake { chain, manner: Manner::Says("1"), asked }) as Box<dyn Wire>
    };
    let rpc = Rpc::over(None, vec![fake(OURS), fake(OTHER)], LIMITS);
    assert_eq!(rpc.chain(), None);
    assert_eq!(rpc.ask::<u64>(&question()).await, Ok(1));
    assert_eq!(rpc.chain(), Some(8996));
}

#[tokio::test]
async fn a_lagging_node_is_doubted() {
    let pool = Pool::new(&[
        (OURS, Manner::Says("null")),
        (OURS, Manner::Fails(Trouble::Connection)),
        (OURS, Manner::Says("3")),
    ]);
    assert_eq!(pool.find().await, Ok(Some(3)));
    assert_eq!(pool.asked(), [1, 1, 1]);
}

#[tokio::test]
async fn what_nobody_knows_does_not_exist() {
    let pool =
        Pool::new(&[(OURS, Manner::Says("null")), (OURS, Manner::Says("null")), (OURS, Manner::Hangs)]);
    assert_eq!(pool.find().await, Ok(None));
    assert_eq!(pool.asked(), [1, 1, 1]);
}

#[tokio::test]
async fn a_contract_that_takes_too_long_costs_no_node_its_place() {
    let contract = Call::new("eth_call", &json!([]), 1 << 10);
    let pool = Pool::new(&[(OURS, Manner::Hangs), (OURS, Manner::Fails(Trouble::Code(-32603)))]);
    assert!(pool.rpc.ask::<u64>(&contract).await.expect_err("nobody answers").is_outage());
    assert_eq!(pool.asked(), [1, 1], "and it is not tried again");
    assert!(pool.rpc.nodes.iter().all(|node| node.rest(Instant::now()).is_none()));
    let _ = pool.ask().await;
    assert!(pool.rpc.nodes.iter().all(|node| node.rest(Instant::now()).is_some()));
}

#[tokio::test]
async fn contracts_do_not_hold_up_what_is_asked_of_the_chain_itself() {
    let contract = Call::new("eth_call", &json!([]), 1 << 10);
    let pool = Pool::new(&[(OURS, Manner::Says("1"))]);
    let _busy = pool.rpc.contract_slots.acquire_many(2).await.expect("slots");
    assert_eq!(pool.ask().await, Ok(1));
    assert!(pool.rpc.ask::<u64>(&contract).await.expect_err("no slot").is_outage());
}

#[test]
fn a_url_is_never_printed() {
    let url = RpcUrl::parse("https://user:pass@node.example/v3/SECRET").expect("a URL");
    assert!(!format!("{url:?}").contains("SECRET"));
    for bad in ["", "node.example", "ftp://node.example", "http://", "/path"] {
        assert!(RpcUrl::parse(bad).is_none(), "{bad}");
    }
}
