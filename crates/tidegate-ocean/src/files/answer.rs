//! A contract's answer to JSON text, straight from its ABI encoding.
//!
//! The answer and its type come from a publisher. Offsets may point anywhere, also many to the same place, so what is
//! bounded is the text that comes out and the steps on the way.

use std::fmt::Write;

use alloy_dyn_abi::DynSolType;
use alloy_primitives::{Address, B256, I256, U256};

const MAX_TEXT_BYTES: usize = 1024 * 1024;
const MAX_VALUES: usize = 64 * 1024;

/// Reads values from `data` and writes them as Python's `json.dumps` does, since buyers' programs saw that so far.
pub(super) struct AnswerWriter<'a> {
    data: &'a [u8],
    text: String,
    values_left: usize,
}

impl<'a> AnswerWriter<'a> {
    pub(super) fn new(data: &'a [u8]) -> Self {
        Self { data, text: String::new(), values_left: MAX_VALUES }
    }

    /// The one value, or the list of several; none if the answer does not fit the types or is too long.
    pub(super) fn write(mut self, outputs: &[DynSolType]) -> Option<String> {
        match outputs {
            [one] => self.member(one, 0, 0)?,
            several => self.members(several.iter(), 0)?,
        }
        Some(self.text)
    }

    /// The members of a tuple or array whose head starts at `base`.
    fn members<'t>(&mut self, kinds: impl Iterator<Item = &'t DynSolType>, base: usize) -> Option<()> {
        self.text.push('[');
        let mut head = base;
        for (index, kind) in kinds.enumerate() {
            if index > 0 {
                self.text.push_str(", ");
            }
            self.member(kind, head, base)?;
            head = head.checked_add(head_bytes(kind)?)?;
        }
        self.text.push(']');
        Some(())
    }

    /// A value whose place in the head is `head`; that of a dynamic one holds the distance from `base`.
    fn member(&mut self, kind: &DynSolType, head: usize, base: usize) -> Option<()> {
        self.values_left = self.values_left.checked_sub(1)?;
        if self.text.len() > MAX_TEXT_BYTES {
            return None;
        }
        let at = if is_dynamic(kind) { base.checked_add(self.length(head)?)? } else { head };
        match kind {
            DynSolType::Bool => self.text.push_str(if self.word(at)?.is_zero() { "false" } else { "true" }),
            DynSolType::Uint(_) => write!(self.text, "{}", U256::from_be_bytes(self.word(at)?.0)).ok()?,
            DynSolType::Int(_) => write!(self.text, "{}", I256::from_be_bytes(self.word(at)?.0)).ok()?,
            DynSolType::Address => self.quoted(&Address::from_word(self.word(at)?).to_checksum(None))?,
            DynSolType::FixedBytes(size) => {
                let word = self.word(at)?;
                self.hex(word.get(..*size)?)?;
            }
            DynSolType::Function => {
                let word = self.word(at)?;
                self.hex(&word[..24])?;
            }
            DynSolType::Bytes => {
                let bytes = self.bytes(at)?;
                self.hex(bytes)?;
            }
            DynSolType::String => {
                let bytes = self.bytes(at)?;
                self.quoted(&String::from_utf8_lossy(bytes))?;
            }
            DynSolType::Array(inner) => {
                let (length, first) = (self.length(at)?, at.checked_add(32)?);
                self.members(std::iter::repeat_n(inner.as_ref(), length), first)?;
            }
            DynSolType::FixedArray(inner, length) => {
                self.members(std::iter::repeat_n(inner.as_ref(), *length), at)?;
            }
            DynSolType::Tuple(kinds) => self.members(kinds.iter(), at)?,
            DynSolType::CustomStruct { tuple, .. } => self.members(tuple.iter(), at)?,
        }
        Some(())
    }

    fn word(&self, at: usize) -> Option<B256> {
        self.data.get(at..)?.first_chunk::<32>().map(B256::from)
    }

    fn length(&self, at: usize) -> Option<usize> {
        usize::try_from(U256::from_be_bytes(self.word(at)?.0)).ok()
    }

    fn bytes(&self, at: usize) -> Option<&'a [u8]> {
        let length = self.length(at)?;
        let bytes = self.data.get(at.checked_add(32)?..)?.get(..length)?;
        // Twelve characters for the worst byte: a lone one outside ASCII counts as U+FFFD.
        (length <= MAX_TEXT_BYTES / 12).then_some(bytes)
    }

    fn hex(&mut self, bytes: &[u8]) -> Option<()> {
        write!(self.text, "\"0x{}\"", hex::encode(bytes)).ok()
    }

    /// A JSON string in ASCII.
    fn quoted(&mut self, value: &str) -> Option<()> {
        let plain = serde_json::to_string(value).ok()?;
        let mut units = [0; 2];
        for c in plain.chars() {
            if c.is_ascii() {
                self.text.push(c);
            } else {
                for unit in c.encode_utf16(&mut units) {
                    write!(self.text, "\\u{unit:04x}").ok()?;
                }
            }
        }
        Some(())
    }
}

fn is_dynamic(kind: &DynSolType) -> bool {
    match kind {
        DynSolType::Bytes | DynSolType::String | DynSolType::Array(_) => true,
        DynSolType::FixedArray(inner, _) => is_dynamic(inner),
        DynSolType::Tuple(kinds) => kinds.iter().any(is_dynamic),
        DynSolType::CustomStruct { tuple, .. } => tuple.iter().any(is_dynamic),
        _ => false,
    }
}

/// How much of a head a value takes.
fn head_bytes(kind: &DynSolType) -> Option<usize> {
    match kind {
        _ if is_dynamic(kind) => Some(32),
        DynSolType::FixedArray(inner, length) => head_bytes(inner)?.checked_mul(*length),
        DynSolType::Tuple(kinds) => {
            kinds.iter().try_fold(0_usize, |sum, kind| sum.checked_add(head_bytes(kind)?))
        }
        DynSolType::CustomStruct { tuple, .. } => {
            tuple.iter().try_fold(0_usize, |sum, kind| sum.checked_add(head_bytes(kind)?))
        }
        _ => Some(32),
    }
}
