//! Files that are the answer of a contract: the call from its ABI and a buyer's parameters, the answer as JSON.

use alloy_dyn_abi::{DynSolType, DynSolValue, JsonAbiExt, Specifier};
use alloy_json_abi::Function;
use alloy_primitives::Bytes;
use serde_json::{Map, Value};
use thiserror::Error;

use super::answer::AnswerWriter;

const MAX_PARAMETERS: usize = 256;
const MAX_NAME_BYTES: usize = 256;
/// Above what any real ABI nests.
const MAX_DEPTH: usize = 8;

/// A call of a `view` or `pure` function.
#[derive(Clone, Debug, PartialEq)]
pub struct ContractCall {
    calldata: Bytes,
    outputs: Vec<DynSolType>,
}

/// Why a contract's function cannot be called or its answer not be read; the first five are the reference's.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum CallError {
    /// No ABI of a function.
    #[error("invalid abi")]
    Abi,
    /// The function may change something.
    #[error("only view or pure functions are allowed")]
    Mutability,
    /// The function has no name.
    #[error("missing name")]
    Name,
    /// The function takes parameters and none were sent.
    #[error("Missing parameters")]
    Parameters,
    /// Some of the function's parameters were not sent.
    #[error("Missing userparams: {0}")]
    Userparams(String),
    /// A parameter is not of its type.
    #[error("Invalid userparams: {0}")]
    InvalidUserparam(String),
    /// The contract's answer is not of the type of the ABI, or too long.
    #[error("the contract's answer is not what its ABI says")]
    Answer,
}

impl ContractCall {
    /// Takes the ABI of one function and the parameters by name.
    pub fn new(abi: Option<&Value>, userdata: Option<&Map<String, Value>>) -> Result<Self, CallError> {
        let abi = abi.and_then(Value::as_object).ok_or(CallError::Abi)?;
        let text = |name: &str| abi.get(name).and_then(Value::as_str).unwrap_or_default();
        if text("type") != "function" || !is_short_list(abi.get("inputs")) {
            return Err(CallError::Abi);
        }
        if !matches!(text("stateMutability"), "view" | "pure") {
            return Err(CallError::Mutability);
        }
        if text("name").is_empty() {
            return Err(CallError::Name);
        }
        let function = function_of(abi)?;
        let inputs = function.inputs.iter().map(type_of).collect::<Result<Vec<_>, _>>()?;
        let outputs = function.outputs.iter().map(type_of).collect::<Result<Vec<_>, _>>()?;

        if inputs.is_empty() {
            let calldata = Bytes::from(function.selector().to_vec());
            return Ok(Self { calldata, outputs });
        }
        let sent = userdata.ok_or(CallError::Parameters)?;
        let value = |name: &str| sent.get(name).filter(|value| !value.is_null());
        let names = function.inputs.iter().map(|input| input.name.as_str());
        let missing: Vec<_> = names.clone().filter(|name| value(name).is_none()).collect();
        if !missing.is_empty() {
            return Err(CallError::Userparams(missing.join(",")));
        }
        let values: Vec<DynSolValue> = names
            .zip(&inputs)
            .filter_map(|(name, kind)| value(name).map(|value| (name, kind.coerce_json(value))))
            .map(|(name, coerced)| coerced.map_err(|_| CallError::InvalidUserparam(name.to_owned())))
            .collect::<Result<_, _>>()?;
        let calldata = function.abi_encode_input(&values).map_err(|_| CallError::Abi)?.into();
        Ok(Self { calldata, outputs })
    }

    /// What to send to the contract.
    #[must_use]
    pub fn calldata(&self) -> &Bytes {
        &self.calldata
    }

    /// The contract's answer as the JSON text that the reference makes of it: the value, or the list of values if there
    /// are several; numbers in full, bytes as hex.
    pub fn answer(&self, returned: &[u8]) -> Result<String, CallError> {
        AnswerWriter::new(returned).write(&self.outputs).ok_or(CallError::Answer)
    }
}

fn function_of(abi: &Map<String, Value>) -> Result<Function, CallError> {
    if !abi.get("outputs").is_none_or(|outputs| is_short_list(Some(outputs))) {
        return Err(CallError::Abi);
    }
    let mut function = Map::new();
    for name in ["type", "name", "inputs", "outputs", "stateMutability"] {
        let empty = || Value::Array(vec![]);
        function.insert(name.to_owned(), abi.get(name).cloned().unwrap_or_else(empty));
    }
    serde_json::from_value(Value::Object(function)).map_err(|_| CallError::Abi)
}

/// A list of parameters whose depth and number, components included, are bounded, before anything recursive reads it.
fn is_short_list(list: Option<&Value>) -> bool {
    fn is_short(list: &[Value], depth: usize, left: &mut usize) -> bool {
        depth > 0
            && list.iter().all(|item| {
                let short = |name: &str| {
                    item.get(name).and_then(Value::as_str).is_none_or(|s| s.len() <= MAX_NAME_BYTES)
                };
                let components = item.get("components").and_then(Value::as_array);
                *left = left.saturating_sub(1);
                *left > 0
                    && short("name")
                    && short("type")
                    && components.is_none_or(|list| is_short(list, depth - 1, left))
            })
    }
    list.and_then(Value::as_array).is_some_and(|list| is_short(list, MAX_DEPTH, &mut { MAX_PARAMETERS }))
}

fn type_of(parameter: &impl Specifier<DynSolType>) -> Result<DynSolType, CallError> {
    parameter.resolve().map_err(|_| CallError::Abi)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn abi(inputs: &Value, outputs: &Value) -> Value {
        json!({"type": "function", "name": "get", "stateMutability": "view", "inputs": inputs, "outputs": outputs})
    }

    fn call(abi: &Value, userdata: &Value) -> Result<ContractCall, CallError> {
        ContractCall::new(Some(abi), userdata.as_object())
    }

    fn words(words: &[u64]) -> Vec<u8> {
        words.iter().flat_map(|word| [[0; 8]; 3].into_iter().chain([word.to_be_bytes()])).flatten().collect()
    }

    #[test]
    fn parameters_are_encoded_by_name() {
        let abi =
            abi(&json!([{"name": "owner", "type": "address"}, {"name": "n", "type": "uint256"}]), &json!([]));
        let userdata = json!({"n": "5", "owner": "0x5fbdb2315678afecb367f032d93f642f64180aa3"});
        let call = call(&abi, &userdata).expect("a call");
        assert_eq!(call.calldata().len(), 68);
        assert_eq!(call.calldata()[67], 5);
        assert_eq!(hex::encode(&call.calldata()[16..36]), "5fbdb2315678afecb367f032d93f642f64180aa3");
    }

    #[test]
    fn answers_read_as_they_do_from_the_reference() {
        let one = call(&abi(&json!([]), &json!([{"type": "uint256"}])), &json!(null)).expect("a call");
        assert_eq!(one.answer(&[0xff; 32]).expect("json").len(), 78);
        assert_eq!(one.answer(&words(&[7])).as_deref(), Ok("7"));

        let outputs = json!([{"type": "string"}, {"type": "int8[2]"}, {"type": "bool"}, {"type": "bytes2"}]);
        let several = call(&abi(&json!([]), &outputs), &json!(null)).expect("a call");
        let mut answer = words(&[160, 1]);
        answer.extend_from_slice(&[0xff; 32]);
        answer.extend(words(&[1, 0, 5]));
        answer[128..130].copy_from_slice(&[0xab, 0xcd]);
        answer.extend_from_slice("é\"\n!".as_bytes());
        answer.resize(224, 0);
        assert_eq!(several.answer(&answer).as_deref(), Ok(r#"["\u00e9\"\n!", [1, -1], true, "0xabcd"]"#));

        let tuples = json!([{"type": "tuple[]", "components": [{"type": "address"}, {"type": "bytes"}]}]);
        let tuples = call(&abi(&json!([]), &tuples), &json!(null)).expect("a call");
        let answer = words(&[32, 1, 32, 1, 64, 0]);
        let text = r#"[["0x0000000000000000000000000000000000000001", "0x"]]"#;
        assert_eq!(tuples.answer(&answer).as_deref(), Ok(text));
    }

    #[test]
    fn refusals_are_the_references() {
        let none = json!([]);
        let refusal = |abi: &Value, data: &Value| call(abi, data).expect_err("refused").to_string();
        assert_eq!(refusal(&json!({"type": "function"}), &none), "invalid abi");
        assert_eq!(refusal(&json!({"type": "event", "inputs": []}), &none), "invalid abi");
        let mut changes = abi(&none, &none);
        changes["stateMutability"] = json!("payable");
        assert_eq!(refusal(&changes, &none), "only view or pure functions are allowed");
        let mut nameless = abi(&none, &none);
        nameless["name"] = json!("");
        assert_eq!(refusal(&nameless, &none), "missing name");
        let two = abi(&json!([{"name": "a", "type": "uint8"}, {"name": "b", "type": "bool"}]), &none);
        assert_eq!(refusal(&two, &none), "Missing parameters");
        assert_eq!(refusal(&two, &json!({"c": 1})), "Missing userparams: a,b");
        assert_eq!(refusal(&two, &json!({"a": "x", "b": false})), "Invalid userparams: a");
    }

    #[test]
    fn an_answer_that_unfolds_without_end_is_given_up() {
        let endless = json!([{"type": "uint8[][][][][][][][]"}]);
        let endless = call(&abi(&json!([]), &endless), &json!(null)).expect("a call");
        // Eight levels of arrays of eight members, all of which are the one array of the next level: 8^8 numbers.
        let mut answer = words(&[32]);
        answer.extend(words(&[8, 256, 256, 256, 256, 256, 256, 256, 256]).repeat(7));
        answer.extend(words(&[8, 0, 0, 0, 0, 0, 0, 0, 0]));
        assert_eq!(endless.answer(&answer), Err(CallError::Answer));

        let huge = json!([{"type": "uint8[4000000000][4000000000]"}]);
        let huge = call(&abi(&json!([]), &huge), &json!(null)).expect("a call");
        assert_eq!(huge.answer(&words(&[1; 100])), Err(CallError::Answer));
        let long = json!([{"type": "bool[]"}]);
        let long = call(&abi(&json!([]), &long), &json!(null)).expect("a call");
        assert_eq!(long.answer(&words(&[32, u64::MAX])), Err(CallError::Answer));
    }

    #[test]
    fn an_abi_without_end_is_refused() {
        let mut deep = json!({"type": "tuple", "name": "a", "components": []});
        for _ in 0..20 {
            deep = json!({"type": "tuple", "name": "a", "components": [deep]});
        }
        assert_eq!(call(&abi(&json!([deep]), &json!([])), &json!({})), Err(CallError::Abi));
        let many = vec![json!({"type": "bool", "name": "a"}); 300];
        assert_eq!(call(&abi(&json!(many), &json!([])), &json!({})), Err(CallError::Abi));
        let long = "[]".repeat(500);
        let long = abi(&json!([{"type": format!("bool{long}"), "name": "a"}]), &json!([]));
        assert_eq!(call(&long, &json!({"a": true})), Err(CallError::Abi));
    }
}
