//! One file of a service: what kind it is and where it comes from. Fetching it is not done here.

use std::fmt;

use alloy_primitives::Address;
use serde_json::{Map, Value};
use thiserror::Error;

use super::call::{CallError, ContractCall};

const MAX_URL_BYTES: usize = 8 * 1024;
const MAX_QUERY_BYTES: usize = 64 * 1024;
const MAX_HEADERS: usize = 64;
const MAX_HEADER_BYTES: usize = 8 * 1024;
/// Room for a CID or transaction id and a path below it.
const MAX_CONTENT_ID_BYTES: usize = 2 * 1024;

/// HTTP header names and values, in their order, free of line breaks.
pub type Headers = Vec<(String, String)>;

/// A file as its publisher describes it. [`fmt::Debug`] shows the kind alone.
#[derive(Clone, PartialEq)]
pub enum FileObject {
    /// An HTTP resource.
    Url {
        /// `http://` or `https://`; otherwise unchecked.
        url: String,
        /// How it is asked for.
        method: Method,
        /// What the origin is sent.
        headers: Headers,
        /// The buyer's parameters: a query for GET, a JSON body for POST.
        userdata: Option<Map<String, Value>>,
    },
    /// Content of the IPFS.
    Ipfs {
        /// A CID and perhaps a path below it, unchecked.
        hash: String,
    },
    /// Content of Arweave.
    Arweave {
        /// The transaction that holds it, unchecked.
        transaction_id: String,
        /// What a gateway is sent.
        headers: Headers,
    },
    /// The answer to a GraphQL query.
    Graphql {
        /// The endpoint: `http://` or `https://`; otherwise unchecked.
        url: String,
        /// The query.
        query: String,
        /// What the endpoint is sent.
        headers: Headers,
        /// The query's variables.
        userdata: Option<Map<String, Value>>,
    },
    /// What a contract answers to a call that changes nothing.
    SmartContract {
        /// The contract.
        address: Address,
        /// Its chain; if not given, that of the asset.
        chain_id: Option<u64>,
        /// The call, with the buyer's parameters in it.
        call: Box<ContractCall>,
    },
}

/// How a URL is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// GET, also if the publisher names none.
    Get,
    /// POST.
    Post,
}

/// Why a file object cannot be used, in the reference's words.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum FileObjectError {
    /// Nothing there.
    #[error("cannot decrypt files for this service.")]
    Empty,
    /// No object, or a member of the wrong type or size.
    #[error("malformed file object.")]
    Malformed,
    /// A type that is not known, as named if the name is a plain word.
    #[error("Unsupported type {0}")]
    UnsupportedType(String),
    /// `url` or `hash` is missing.
    #[error("malformed service files, missing required keys.")]
    MissingKeys,
    /// `transactionId` is missing.
    #[error("malformed service files, missing transactionId.")]
    MissingTransactionId,
    /// A method other than GET and POST, as named if the name is a plain word.
    #[error("Unsafe method {0}.")]
    UnsafeMethod(String),
    /// Not `http://` or `https://`.
    #[error("Invalid file name format. It was not possible to get the file name.")]
    Scheme,
    /// `url` is missing.
    #[error("missing graphql endpoint")]
    MissingEndpoint,
    /// `query` is missing.
    #[error("missing graphql query")]
    MissingQuery,
    /// `address` is missing or none.
    #[error("malformed smartcontract type, missing contract address")]
    MissingContract,
    /// The call of a contract is not one that can be made.
    #[error(transparent)]
    Call(#[from] CallError),
}

impl FileObject {
    /// Takes a file object with the `userdata` it has itself.
    pub fn parse(value: &Value) -> Result<Self, FileObjectError> {
        Self::parse_with(value, None)
    }

    /// Takes a file object with the parameters of a buyer, an object or its JSON text; they replace its own.
    ///
    /// Parameters that are no object are left out, as the reference does.
    pub fn parse_with(value: &Value, userdata: Option<&Value>) -> Result<Self, FileObjectError> {
        let object = match value {
            Value::Object(object) if !object.is_empty() => Fields(object),
            Value::Null | Value::Object(_) => return Err(FileObjectError::Empty),
            _ => return Err(FileObjectError::Malformed),
        };
        let userdata = userdata.or_else(|| object.0.get("userdata")).and_then(userdata_object);
        match object.text("type", 32)?.unwrap_or_default() {
            "url" => Ok(Self::Url {
                url: http_url(object.text("url", MAX_URL_BYTES)?.ok_or(FileObjectError::MissingKeys)?)?,
                method: method(object.text("method", 32)?.unwrap_or("get"))?,
                headers: object.headers()?,
                userdata,
            }),
            "ipfs" => {
                // Nobody is sent them: content is the same for everybody. Yet they must be headers.
                object.headers()?;
                Ok(Self::Ipfs { hash: object.content_id("hash")?.ok_or(FileObjectError::MissingKeys)? })
            }
            "arweave" => Ok(Self::Arweave {
                transaction_id: object
                    .content_id("transactionId")?
                    .ok_or(FileObjectError::MissingTransactionId)?,
                headers: object.headers()?,
            }),
            "graphql" => Ok(Self::Graphql {
                url: http_url(object.text("url", MAX_URL_BYTES)?.ok_or(FileObjectError::MissingEndpoint)?)?,
                query: object
                    .text("query", MAX_QUERY_BYTES)?
                    .ok_or(FileObjectError::MissingQuery)?
                    .to_owned(),
                headers: object.headers()?,
                userdata,
            }),
            "smartcontract" => Ok(Self::SmartContract {
                address: object
                    .text("address", 64)?
                    .and_then(|text| text.parse().ok())
                    .ok_or(FileObjectError::MissingContract)?,
                chain_id: object.chain_id()?,
                call: Box::new(ContractCall::new(object.0.get("abi"), userdata.as_ref())?),
            }),
            other => Err(FileObjectError::UnsupportedType(plain_word(other))),
        }
    }

    /// The name of its kind, as in its `type`.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Url { .. } => "url",
            Self::Ipfs { .. } => "ipfs",
            Self::Arweave { .. } => "arweave",
            Self::Graphql { .. } => "graphql",
            Self::SmartContract { .. } => "smartcontract",
        }
    }
}

impl fmt::Debug for FileObject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FileObject({})", self.kind())
    }
}

/// The members of a file object, each looked up with its limits. An empty text or `null` counts as missing.
struct Fields<'a>(&'a Map<String, Value>);

impl<'a> Fields<'a> {
    fn text(&self, name: &str, most: usize) -> Result<Option<&'a str>, FileObjectError> {
        match self.0.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) if text.len() <= most => {
                Ok(Some(text.as_str()).filter(|text| !text.is_empty()))
            }
            Some(_) => Err(FileObjectError::Malformed),
        }
    }

    /// An id with a path, which must not leave the place in a gateway's URL where it will stand.
    fn content_id(&self, name: &str) -> Result<Option<String>, FileObjectError> {
        let Some(text) = self.text(name, MAX_CONTENT_ID_BYTES)? else { return Ok(None) };
        let odd = |c: char| c.is_control() || matches!(c, '\\' | '?' | '#');
        if text.contains(odd) || text.split('/').any(|part| matches!(part, "." | "..")) {
            return Err(FileObjectError::Malformed);
        }
        Ok(Some(text.to_owned()))
    }

    /// One object, or a list of objects as ocean.js types it.
    fn headers(&self) -> Result<Headers, FileObjectError> {
        let objects = match self.0.get("headers") {
            None | Some(Value::Null) => return Ok(Headers::new()),
            Some(Value::Array(items)) => items.as_slice(),
            Some(item) => std::slice::from_ref(item),
        };
        let mut headers = Headers::new();
        for object in objects {
            for (name, value) in object.as_object().ok_or(FileObjectError::Malformed)? {
                let value = value.as_str().ok_or(FileObjectError::Malformed)?;
                if headers.len() == MAX_HEADERS || !is_header(name, value) {
                    return Err(FileObjectError::Malformed);
                }
                headers.push((name.clone(), value.to_owned()));
            }
        }
        Ok(headers)
    }

    fn chain_id(&self) -> Result<Option<u64>, FileObjectError> {
        match self.0.get("chainId") {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => text.parse().map(Some).map_err(|_| FileObjectError::Malformed),
            Some(other) => other.as_u64().map(Some).ok_or(FileObjectError::Malformed),
        }
    }
}

fn userdata_object(value: &Value) -> Option<Map<String, Value>> {
    match value {
        Value::Object(object) => Some(object.clone()),
        Value::String(text) => serde_json::from_str(text).ok(),
        _ => None,
    }
}

fn http_url(text: &str) -> Result<String, FileObjectError> {
    let scheme = text.split_once("://").map(|(scheme, _)| scheme.to_ascii_lowercase());
    match scheme.as_deref() {
        Some("http" | "https") => Ok(text.to_owned()),
        _ => Err(FileObjectError::Scheme),
    }
}

fn method(text: &str) -> Result<Method, FileObjectError> {
    match text.to_ascii_lowercase().as_str() {
        "get" => Ok(Method::Get),
        "post" => Ok(Method::Post),
        other => Err(FileObjectError::UnsafeMethod(plain_word(other))),
    }
}

/// A token and a value of RFC 9110, so that neither can end its line.
fn is_header(name: &str, value: &str) -> bool {
    let token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    !name.is_empty()
        && name.len() + value.len() <= MAX_HEADER_BYTES
        && name.bytes().all(token)
        && value.bytes().all(|byte| byte == b'\t' || (byte >= b' ' && byte != 0x7f))
}

/// A word for an error text: whatever else stands there could be a URL put in the wrong place.
fn plain_word(text: &str) -> String {
    if text.bytes().all(|byte| byte.is_ascii_alphanumeric()) { text.to_owned() } else { "?".to_owned() }
}

#[cfg(test)]
#[path = "object_tests.rs"]
mod tests;
