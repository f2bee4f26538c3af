//! What can go wrong with a chain, in words for an operator. A URL is never among them, since URLs hold keys:
//! a node is named by its position in the settings, as in "rpc 2 of 3".

use std::fmt;
use std::time::Duration;

/// Why a question to a chain has no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ChainError {
    /// Nobody answered in time. Asking later may help.
    #[error("{chain} cannot be reached: {}", listed(.troubles))]
    Unavailable {
        /// The chain.
        chain: ChainLabel,
        /// What each node that was asked did last.
        troubles: Vec<(Position, Trouble)>,
    },
    /// The contract refused the call, or there is no such contract: asking again gives the same answer.
    #[error("a contract on {0} refused the call")]
    Reverted(ChainLabel),
    /// The contract answered something else than its interface says: it is another kind of contract.
    #[error("a contract on {0} answered something else than expected")]
    Unexpected(ChainLabel),
    /// The answer is larger than anything we use.
    #[error("{0} answered more than is accepted")]
    TooLarge(ChainLabel),
    /// No node takes the transaction.
    #[error("{0} does not take the transaction: {1}")]
    Rejected(ChainLabel, Rejection),
    /// The operator has not configured this chain.
    #[error("chain {0} is not served here; NETWORK_URL names the chains that are")]
    NotServed(u64),
    /// No setting says which factory makes the data NFTs of this chain.
    #[error("ERC721Factory of chain {0} is not known: set ADDRESS_FILE to a file that has it")]
    NoFactory(u64),
    /// No setting says in which token fees are paid on this chain.
    #[error(
        "chain {0} has no token for fees: set PROVIDER_FEE_TOKEN, or ADDRESS_FILE to a file with its Ocean token"
    )]
    NoFeeToken(u64),
}

impl ChainError {
    /// Whether the same question may be answered later.
    #[must_use]
    pub fn is_outage(&self) -> bool {
        matches!(self, Self::Unavailable { .. })
    }
}

/// What is wrong with a transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    /// Its sender cannot pay for it.
    #[error("its sender cannot pay for it")]
    NoMoney,
    /// Another with its nonce is in a block.
    #[error("its nonce is used up")]
    NonceUsed,
    /// Nothing: it was there before.
    #[error("it is known already")]
    Known,
    /// Others pay more, or the one whose place it takes does.
    #[error("it pays too little for gas")]
    Underpriced,
}

/// A chain in texts: `chain 8996`, or `the chain of NETWORK_URL` before it has told its id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChainLabel(pub(super) Option<u64>);

impl fmt::Display for ChainLabel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(id) => write!(f, "chain {id}"),
            None => f.write_str("the chain of NETWORK_URL"),
        }
    }
}

/// Which of a chain's URLs, counted from one in the order of the settings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    pub(super) number: usize,
    pub(super) of: usize,
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "rpc {} of {}", self.number, self.of)
    }
}

/// Why one node gave no usable answer; another may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Trouble {
    /// Name not found, refused, reset, TLS failure.
    #[error("the connection failed")]
    Connection,
    /// Nothing came in time.
    #[error("no answer in time")]
    Timeout,
    /// HTTP 429 or a code for the same, with the pause the node asks for.
    #[error("too many requests")]
    Busy(Option<Duration>),
    /// Any other HTTP status but 200.
    #[error("HTTP status {0}")]
    Status(u16),
    /// A JSON-RPC error that says nothing about the question.
    #[error("error code {0}")]
    Code(i64),
    /// Not JSON-RPC, or not what the method returns.
    #[error("an answer that is not understood")]
    NotUnderstood,
    /// The node belongs to another chain.
    #[error("it serves chain {0} instead")]
    OtherChain(u64),
}

impl Trouble {
    /// Whether the same node may answer a moment later.
    pub(super) fn passes(self) -> bool {
        matches!(self, Self::Connection | Self::Timeout | Self::Busy(_) | Self::Status(_) | Self::Code(_))
    }

    /// Whether a question that costs too much can be the reason.
    pub(super) fn may_be_the_question(self) -> bool {
        matches!(self, Self::Timeout | Self::Code(_))
    }

    /// One word for a metric's label.
    pub(super) fn label(self) -> &'static str {
        match self {
            Self::Connection => "connection",
            Self::Timeout => "timeout",
            Self::Busy(_) => "busy",
            Self::Status(_) => "status",
            Self::Code(_) => "code",
            Self::NotUnderstood => "not-understood",
            Self::OtherChain(_) => "other-chain",
        }
    }
}

fn listed(troubles: &[(Position, Trouble)]) -> String {
    if troubles.is_empty() {
        return "no answer in time".into();
    }
    troubles.iter().map(|(position, trouble)| format!("{position}: {trouble}")).collect::<Vec<_>>().join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outage_says_which_node_did_what() {
        let error = ChainError::Unavailable {
            chain: ChainLabel(Some(8996)),
            troubles: vec![
                (Position { number: 1, of: 2 }, Trouble::Status(502)),
                (Position { number: 2, of: 2 }, Trouble::OtherChain(1)),
            ],
        };
        assert_eq!(
            error.to_string(),
            "chain 8996 cannot be reached: rpc 1 of 2: HTTP status 502; rpc 2 of 2: it serves chain 1 instead"
        );
        assert!(error.is_outage());
    }
}
