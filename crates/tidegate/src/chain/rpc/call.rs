//! One JSON-RPC question and how its answer is read.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::super::error::Trouble;

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
        self.method == "eth_call"
    }

    fn refusal(&self, error: &ErrorObject) -> Refusal {
        if self.is_of_a_contract() && error.is_about_the_contract() {
            return Refusal::Reverted;
        }
        match error.code {
            LIMIT_EXCEEDED | 429 => Refusal::Trouble(Trouble::Busy(None)),
            code => Refusal::Trouble(Trouble::Code(code)),
        }
    }
}

/// EIP-1474: the request exceeds a defined limit.
const LIMIT_EXCEEDED: i64 = -32005;

/// Why an exchange with one node gave no result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refusal {
    /// The node failed; another may not.
    Trouble(Trouble),
    /// The contract failed; it does so on every node.
    Reverted,
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
    /// Whether the contract failed and not the node. Nodes do not agree on a code (geth has 3 with a reason and -32000
    /// without, others -32015 or -32603) nor on blanks and capitals; the words are steadier.
    fn is_about_the_contract(&self) -> bool {
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
        let letters = self.message.chars().take(1000).filter(char::is_ascii_alphabetic);
        let letters: String = letters.map(|letter| letter.to_ascii_lowercase()).collect();
        self.code == 3 || WORDS.iter().any(|word| letters.contains(word))
    }
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
