//! What goes into a statement and comes out of it: four kinds of value that both engines have.

use tidegate_ocean::{Address, B256, Nonce, U256};

use crate::clock::{Day, Timestamp};

use super::DbError;

/// One parameter or column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// SQL's NULL.
    Null,
    /// A BIGINT: counts, sizes, times in milliseconds, truth values as 0 and 1.
    Int(i64),
    /// TEXT.
    Text(String),
    /// BLOB or BYTEA.
    Blob(Vec<u8>),
}

/// One row of an answer, columns in the order of the statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row(Vec<Value>);

impl Row {
    pub(super) fn new(columns: Vec<Value>) -> Self {
        Self(columns)
    }

    /// Column `index`, counted from 0, as the type that is asked for.
    ///
    /// # Errors
    ///
    /// [`DbError::Shape`] when there is no such column or it holds something else.
    pub fn get<T: FromValue>(&self, index: usize) -> Result<T, DbError> {
        let value =
            self.0.get(index).ok_or_else(|| DbError::Shape(format!("column {index} does not exist")))?;
        T::from_value(value)
            .ok_or_else(|| DbError::Shape(format!("column {index} is not a {}", std::any::type_name::<T>())))
    }
}

/// A type that a column can be read as.
pub trait FromValue: Sized {
    /// The value as this type, or nothing when it is of another kind or out of range.
    fn from_value(value: &Value) -> Option<Self>;
}

impl FromValue for i64 {
    fn from_value(value: &Value) -> Option<Self> {
        match value {
            Value::Int(number) => Some(*number),
            _ => None,
        }
    }
}

impl FromValue for u64 {
    fn from_value(value: &Value) -> Option<Self> {
        i64::from_value(value)?.try_into().ok()
    }
}

impl FromValue for String {
    fn from_value(value: &Value) -> Option<Self> {
        match value {
            Value::Text(text) => Some(text.clone()),
            _ => None,
        }
    }
}

impl FromValue for Vec<u8> {
    fn from_value(value: &Value) -> Option<Self> {
        match value {
            Value::Blob(bytes) => Some(bytes.clone()),
            _ => None,
        }
    }
}

impl<const N: usize> FromValue for [u8; N] {
    fn from_value(value: &Value) -> Option<Self> {
        match value {
            Value::Blob(bytes) => bytes.as_slice().try_into().ok(),
            _ => None,
        }
    }
}

impl FromValue for Address {
    fn from_value(value: &Value) -> Option<Self> {
        <[u8; 20]>::from_value(value).map(Self::from)
    }
}

impl FromValue for B256 {
    fn from_value(value: &Value) -> Option<Self> {
        <[u8; 32]>::from_value(value).map(Self::from)
    }
}

/// Decimal digits: no engine has numbers of that size.
impl FromValue for U256 {
    fn from_value(value: &Value) -> Option<Self> {
        match value {
            Value::Text(digits) => Self::from_str_radix(digits, 10).ok(),
            _ => None,
        }
    }
}

impl FromValue for Nonce {
    fn from_value(value: &Value) -> Option<Self> {
        <[u8; Self::KEY_BYTES]>::from_value(value).and_then(Self::from_key)
    }
}

impl FromValue for Timestamp {
    fn from_value(value: &Value) -> Option<Self> {
        i64::from_value(value).map(Self::from_millis)
    }
}

impl FromValue for Day {
    fn from_value(value: &Value) -> Option<Self> {
        i64::from_value(value).map(Self::from_number)
    }
}

impl<T: FromValue> FromValue for Option<T> {
    fn from_value(value: &Value) -> Option<Self> {
        match value {
            Value::Null => Some(None),
            other => T::from_value(other).map(Some),
        }
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Int(number)
    }
}

/// Sizes and counts. What does not fit (8 EiB and more) becomes the largest number that does.
impl From<u64> for Value {
    fn from(number: u64) -> Self {
        Self::Int(i64::try_from(number).unwrap_or(i64::MAX))
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<&[u8]> for Value {
    fn from(bytes: &[u8]) -> Self {
        Self::Blob(bytes.to_vec())
    }
}

impl From<Address> for Value {
    fn from(address: Address) -> Self {
        Self::Blob(address.to_vec())
    }
}

impl From<B256> for Value {
    fn from(hash: B256) -> Self {
        Self::Blob(hash.to_vec())
    }
}

impl From<U256> for Value {
    fn from(number: U256) -> Self {
        Self::Text(number.to_string())
    }
}

impl From<Nonce> for Value {
    fn from(nonce: Nonce) -> Self {
        Self::Blob(nonce.to_key().to_vec())
    }
}

impl From<Timestamp> for Value {
    fn from(moment: Timestamp) -> Self {
        Self::Int(moment.as_millis())
    }
}

impl From<Day> for Value {
    fn from(day: Day) -> Self {
        Self::Int(day.number())
    }
}

impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_column_of_another_kind_is_an_error_not_a_guess() {
        let row = Row::new(vec![Value::Text("7".to_owned()), Value::Int(-1), Value::Null]);
        assert!(matches!(row.get::<i64>(0), Err(DbError::Shape(_))));
        assert!(matches!(row.get::<u64>(1), Err(DbError::Shape(_))));
        assert!(matches!(row.get::<String>(2), Err(DbError::Shape(_))));
        assert!(matches!(row.get::<String>(3), Err(DbError::Shape(_))));
        assert_eq!(row.get::<Option<String>>(2), Ok(None));
    }
}
