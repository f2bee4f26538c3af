//! One JSON-RPC question and how its answer is read.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::super::error::{Rejection, Trouble};

/// A question.
#[derive(Clone)]
pub(in crate::chain) struct Call {
    method: &'static str,
    params: String,
    limit: usize,
}

impl Call {
    /// `method` with `params`, a JSON array; an answer of more than `limit` bytes is not read.
    pub(in crate::chain) fn new(method: &'static str, params: &Value, limit: usize) -> Self {
        Self { method, params: params.to_string(), limit }
    }

    /// How many bytes of an answer are read.
    pub(super) fn limit(&self) -> usize {
        self.limit
    }

    /// What is sent.
    pub(super) fn text(&self, id: u64) -> String {
        let Self { method, params, .. } = self;
        format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"{method}","params":{params}}}"#)
    }

    /// Reads what came back.
    pub(super) fn read<T: DeserializeOwned>(&self, answer: &[u8]) -> Result<T, Refusal> {
        let answer: Answer<T> =
            serde_json::from_slice(answer).map_err(|_| Refusal::Trouble(Trouble::NotUnderstood))?;
        match answer {
            Answer { error: Some(error), .. } => Err(self.refusal(&error)),
            Answer { result: Some(result), .. } => Ok(result),
            Answer { .. } => Err(Refusal::Trouble(Trouble::NotUnderstood)),
        }
    }

    /// Whether a contract answers, which a stranger may have chosen or written: that it takes long or fails oddly then says
    /// nothing about the node.
    pub(super) fn is_of_a_contract(&self) -> bool {
        matches!(self.method, "eth_call" | ESTIMATE)
    }

    /// Whether the answer may be about a transaction of ours.
    fn is_of_a_transaction(&self) -> bool {
        matches!(self.method, "eth_sendRawTransaction" | ESTIMATE)
    }

    fn refusal(&self, error: &ErrorObject) -> Refusal {
        let letters = error.letters();
        // First, since a contract's words may be any.
        if self.is_of_a_contract() && (error.code == 3 || is_about_the_contract(&letters)) {
            return Refusal::Reverted;
        }
        if self.is_of_a_transaction()
            && let Some(rejection) = rejection(&letters)
        {
            return Refusal::Rejected(rejection);
        }
        match error.code {
            LIMIT_EXCEEDED | 429 => Refusal::Trouble(Trouble::Busy(None)),
            code => Refusal::Trouble(Trouble::Code(code)),
        }
    }
}

/// A question about a contract and about a transaction.
const ESTIMATE: &str = "eth_estimateGas";

/// EIP-1474: the request exceeds a defined limit.
const LIMIT_EXCEEDED: i64 = -32005;

/// Why an exchange with one node gave no result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refusal {
    /// The node failed; another may not.
    Trouble(Trouble),
    /// The contract failed; it does so on every node.
    Reverted,
    /// The transaction cannot be taken; no node will.
    Rejected(Rejection),
    /// The answer is too large; so it is on every node.
    TooLarge,
}

/// A JSON-RPC answer. Unlike `error`, a `result` of `null` counts as present.
#[derive(Deserialize)]
#[serde(bound = "T: DeserializeOwned")]
struct Answer<T> {
    #[serde(default = "none", deserialize_with = "present")]
    result: Option<T>,
    #[serde(default)]
    error: Option<ErrorObject>,
}

fn none<T>() -> Option<T> {
    None
}

fn present<'de, D: Deserializer<'de>, T: Deserialize<'de>>(input: D) -> Result<Option<T>, D::Error> {
    T::deserialize(input).map(Some)
}

#[derive(Deserialize)]
struct ErrorObject {
    code: i64,
    #[serde(default)]
    message: String,
}

impl ErrorObject {
    /// The words without blanks and capitals, on which nodes agree no more than on codes.
    fn letters(&self) -> String {
        let letters = self.message.chars().take(1000).filter(char::is_ascii_alphabetic);
        letters.map(|letter| letter.to_ascii_lowercase()).collect()
    }
}

/// Whether the contract failed and not the node. For that, geth has code 3 with a reason and -32000 without, others -32015
/// or -32603; the words are steadier.
fn is_about_the_contract(letters: &str) -> bool {
    const WORDS: [&str; 10] = [
        "revert",
        "evmerror",
        "vmexecution",
        "invalidopcode",
        "outofgas",
        "stackunderflow",
        "stacklimit",
        "invalidjump",
        "gasuintoverflow",
        "executionaborted",
    ];
    WORDS.iter().any(|word| letters.contains(word))
}

/// What geth, Erigon, Nethermind, Besu and anvil say of a transaction that they do not take.
fn rejection(letters: &str) -> Option<Rejection> {
    const WORDS: [(&str, Rejection); 14] = [
        ("insufficientfunds", Rejection::NoMoney),
        ("insufficientbalance", Rejection::NoMoney),
        ("upfrontcostexceeds", Rejection::NoMoney),
        ("noncetoolow", Rejection::NonceUsed),
        ("nonceistoolow", Rejection::NonceUsed),
        ("oldnonce", Rejection::NonceUsed),
        ("alreadyknown", Rejection::Known),
        ("alreadyimported", Rejection::Known),
        ("underpriced", Rejection::Underpriced),
        ("feetoolow", Rejection::Underpriced),
        ("lessthanblockbasefee", Rejection::Underpriced),
        ("gaspricetoolow", Rejection::Underpriced),
        ("gaspricebelow", Rejection::Underpriced),
        ("replacementnotallowed", Rejection::Underpriced),
    ];
    WORDS.iter().find(|(word, _)| letters.contains(word)).map(|(_, rejection)| *rejection)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn call(method: &'static str) -> Call {
        Call::new(method, &json!(["0x1", true]), 100)
    }

    #[test]
    fn is_written_as_json_rpc() {
        let text = call("eth_call").text(7);
        let sent: Value = serde_json::from_str(&text).expect("JSON");
        assert_eq!(sent, json!({ "jsonrpc": "2.0", "id": 7, "method": "eth_call", "params": ["0x1", true] }));
    }

    #[test]
    fn null_is_a_result_and_nothing_is_not() {
        let call = call("eth_getTransactionReceipt");
        assert_eq!(call.read::<Option<u64>>(br#"{"id":1,"result":null}"#), Ok(None));
        assert_eq!(call.read::<Option<u64>>(br#"{"id":1,"result":3,"error":null}"#), Ok(Some(3)));
        for bad in [&br#"{"id":1}"#[..], b"<html>", b"", br#"{"result":"text"}"#] {
            assert_eq!(call.read::<Option<u64>>(bad), Err(Refusal::Trouble(Trouble::NotUnderstood)));
        }
    }

    #[test]
    fn a_transaction_that_is_not_taken_is_told_from_a_failing_node() {
        let read = |method, words: &str| {
            call(method)
                .read::<String>(format!(r#"{{"error":{{"code":-32000,"message":"{words}"}}}}"#).as_bytes())
        };
        for (words, rejection) in [
            ("insufficient funds for gas * price + value: balance 0", Rejection::NoMoney),
            ("Insufficient funds for gas * price + value", Rejection::NoMoney),
            ("Upfront cost exceeds account balance", Rejection::NoMoney),
            ("nonce too low: next nonce 5, tx nonce 4", Rejection::NonceUsed),
            ("OldNonce, Current nonce: 5, nonce of rejected tx: 4", Rejection::NonceUsed),
            ("already known", Rejection::Known),
            ("transaction already imported", Rejection::Known),
            ("replacement transaction underpriced", Rejection::Underpriced),
            ("max fee per gas less than block base fee: address 0x0", Rejection::Underpriced),
        ] {
            assert_eq!(read("eth_sendRawTransaction", words), Err(Refusal::Rejected(rejection)), "{words}");
        }
        assert_eq!(
            read("eth_sendRawTransaction", "txpool is full"),
            Err(Refusal::Trouble(Trouble::Code(-32000)))
        );
        assert_eq!(read("eth_call", "nonce too low"), Err(Refusal::Trouble(Trouble::Code(-32000))));
        assert_eq!(read(ESTIMATE, "execution reverted: insufficient funds"), Err(Refusal::Reverted));
        assert_eq!(read(ESTIMATE, "insufficient funds"), Err(Refusal::Rejected(Rejection::NoMoney)));
    }

    #[test]
    fn a_failing_contract_is_told_from_a_failing_node() {
        let read = |method, text: &str| call(method).read::<String>(text.as_bytes());
        let reverted = r#"{"error":{"code":-32000,"message":"Execution reverted"}}"#;
        assert_eq!(read("eth_call", reverted), Err(Refusal::Reverted));
        assert_eq!(read("eth_call", r#"{"error":{"code":3,"data":"0x08c379a0"}}"#), Err(Refusal::Reverted));
        for words in
            ["EVM error OutOfGas", "out of gas: not enough", "VM execution error.", "invalid opcode: INVALID"]
        {
            let failed = format!(r#"{{"error":{{"code":-32603,"message":"{words}"}}}}"#);
            assert_eq!(read("eth_call", &failed), Err(Refusal::Reverted), "{words}");
        }
        assert_eq!(read("eth_getCode", reverted), Err(Refusal::Trouble(Trouble::Code(-32000))));
        assert_eq!(
            read("eth_call", r#"{"error":{"code":-32005,"message":"project secret exceeded"}}"#),
            Err(Refusal::Trouble(Trouble::Busy(None)))
        );
        assert_eq!(
            read("eth_call", r#"{"error":{"code":-32603,"message":"internal"}}"#),
            Err(Refusal::Trouble(Trouble::Code(-32603)))
        );
    }
}
