//! Nonces: exact decimals, since real ones are counters, nanoseconds and fractional timestamps, and a double would
//! merge neighbours. Which nonce an account used last is kept elsewhere.

use std::fmt;

use thiserror::Error;

const MAX_WHOLE_DIGITS: usize = 38;
const MAX_FRACTION_DIGITS: usize = 9;
/// The largest whole number of 38 digits.
const MAX_WHOLE: u128 = 10_u128.pow(38) - 1;
/// Above this, JavaScript cannot add 1 to a number.
const DOUBLES_ARE_EXACT_TO: u128 = 1 << 53;
/// Where accounts start that had outgrown doubles: far from small nonces, and a long way (2^40 requests) from the end.
const IMPORT_CAP: u128 = DOUBLES_ARE_EXACT_TO - (1 << 40);

/// An exact, non-negative decimal: at most 38 digits before the point and 9 after it.
///
/// No sign, exponent, blank, `NaN` or `Infinity`. `1`, `1.0` and `01` are the same nonce.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Nonce {
    whole: u128,
    billionths: u32,
}

/// A text that is no nonce.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("a nonce is a decimal of at most 38 digits before and 9 after the point")]
pub struct NonceError;

impl Nonce {
    /// The bytes of [`Nonce::to_key`].
    pub const KEY_BYTES: usize = 20;

    /// Takes a nonce as sent.
    pub fn parse(text: &str) -> Result<Self, NonceError> {
        let (whole, fraction) = match text.split_once('.') {
            Some((whole, fraction)) => (whole, digits(fraction, MAX_FRACTION_DIGITS)?),
            None => (text, ""),
        };
        let whole = digits(whole, MAX_WHOLE_DIGITS)?.parse().map_err(|_| NonceError)?;
        let billionths = format!("{fraction:0<MAX_FRACTION_DIGITS$}").parse().map_err(|_| NonceError)?;
        Ok(Self { whole, billionths })
    }

    /// The nonce under which an account of the Python Provider goes on.
    ///
    /// ocean.js before 3.2 got its nonce as a string, and `"1" + 1` is `"11"`: such accounts soon pass what a double, and
    /// then what 38 digits hold. They restart at 2^53 - 2^40, where `+ 1` works again. Other large values, such as
    /// nanoseconds, are kept.
    pub fn imported(text: &str) -> Result<Self, NonceError> {
        let outgrown =
            is_concatenation(text) && (text.len() > 16 || at_most_16_digits(text) > DOUBLES_ARE_EXACT_TO);
        if outgrown { Ok(Self { whole: IMPORT_CAP, billionths: 0 }) } else { Self::parse(text) }
    }

    /// Whether only the string concatenation of old clients makes such a nonce: beyond 2^53, and the digit 1 over and
    /// over, alone or after a timestamp in milliseconds.
    ///
    /// A server whose `/nonce` answers numbers never leads to one, so what bears one is a request captured in the
    /// Python Provider's time. After an import it would count as new: refuse it.
    #[must_use]
    pub fn is_concatenated(&self) -> bool {
        self.billionths == 0 && self.whole > DOUBLES_ARE_EXACT_TO && is_concatenation(&self.whole.to_string())
    }

    /// The smallest whole nonce greater than this one; none after the largest.
    #[must_use]
    pub fn next(&self) -> Option<Self> {
        (self.whole < MAX_WHOLE).then(|| Self { whole: self.whole + 1, billionths: 0 })
    }

    /// Bytes whose order is the order of the nonces, for a database.
    #[must_use]
    pub fn to_key(&self) -> [u8; Self::KEY_BYTES] {
        let mut key = [0; Self::KEY_BYTES];
        key[..16].copy_from_slice(&self.whole.to_be_bytes());
        key[16..].copy_from_slice(&self.billionths.to_be_bytes());
        key
    }

    /// The nonce of a key; none if the bytes are not a key that [`Nonce::to_key`] makes.
    #[must_use]
    pub fn from_key(key: [u8; Self::KEY_BYTES]) -> Option<Self> {
        let (whole, billionths) = key.split_first_chunk::<16>()?;
        let nonce = Self {
            whole: u128::from_be_bytes(*whole),
            billionths: u32::from_be_bytes(billionths.try_into().ok()?),
        };
        (nonce.whole <= MAX_WHOLE && nonce.billionths < 1_000_000_000).then_some(nonce)
    }
}

/// The decimal without leading zeros, and without trailing ones after the point.
impl fmt::Display for Nonce {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.whole)?;
        if self.billionths == 0 {
            return Ok(());
        }
        let fraction = format!("{:09}", self.billionths);
        write!(f, ".{}", fraction.trim_end_matches('0'))
    }
}

fn digits(text: &str, most: usize) -> Result<&str, NonceError> {
    let plain = text.bytes().all(|byte| byte.is_ascii_digit());
    (plain && (1..=most).contains(&text.len())).then_some(text).ok_or(NonceError)
}

/// `111…`, or 13 digits of milliseconds (2001 to 2286) followed by ones.
fn is_concatenation(text: &str) -> bool {
    let ones = text.trim_end_matches('1');
    if ones.is_empty() {
        return !text.is_empty();
    }
    ones.len() <= 13
        && text.len() > 13
        && text.starts_with('1')
        && ones.bytes().all(|byte| byte.is_ascii_digit())
}

fn at_most_16_digits(text: &str) -> u128 {
    text.parse().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn nonce(text: &str) -> Nonce {
        Nonce::parse(text).expect("a nonce")
    }

    #[test]
    fn nonces_order_as_numbers_whatever_their_length() {
        let rising =
            ["0", "0.000000001", "0.1", "1", "1.5", "9", "10", "1650000000.123456", "1650000000123456789"];
        for pair in rising.windows(2) {
            assert!(nonce(pair[0]) < nonce(pair[1]), "{pair:?}");
            assert!(nonce(pair[0]).to_key() < nonce(pair[1]).to_key(), "{pair:?}");
        }
        assert!(nonce("9007199254740992") < nonce("9007199254740993"));
    }

    #[test]
    fn spellings_of_one_number_are_one_nonce() {
        for text in ["7", "07", "7.0", "7.000000000", "0007.00"] {
            assert_eq!(nonce(text), nonce("7"));
            assert_eq!(nonce(text).to_string(), "7");
        }
        assert_eq!(nonce("7.50").to_string(), "7.5");
    }

    #[test]
    fn anything_else_is_refused() {
        let long = "9".repeat(39);
        let texts = [
            "",
            ".",
            "1.",
            ".5",
            "-1",
            "+1",
            "1e3",
            "NaN",
            "Infinity",
            "0x1",
            " 1",
            "1 ",
            "1_0",
            "١",
            "1.1.1",
            "1.0000000001",
            &long,
        ];
        for text in texts {
            assert_eq!(Nonce::parse(text), Err(NonceError), "{text}");
        }
        assert_eq!(nonce(&"9".repeat(38)).next(), None);
    }

    #[test]
    fn the_next_nonce_is_whole_and_greater() {
        assert_eq!(nonce("5").next(), Some(nonce("6")));
        assert_eq!(nonce("5.000000001").next(), Some(nonce("6")));
    }

    #[test]
    fn an_account_that_outgrew_doubles_restarts_where_adding_one_works() {
        let cap = nonce("9006099743113216");
        for text in ["1".repeat(17), "1".repeat(200), format!("1650000000000{}", "1".repeat(4))] {
            assert_eq!(Nonce::imported(&text), Ok(cap), "{text}");
        }
        for text in ["1", "1111111111111111", "1650000000000", "16500000000001", "1650000000123456789", "3.5"]
        {
            assert_eq!(Nonce::imported(text), Ok(nonce(text)), "{text}");
        }
        assert!(Nonce::imported(&"9".repeat(40)).is_err());
    }

    #[test]
    fn a_captured_concatenation_is_recognised() {
        assert!(nonce(&"1".repeat(17)).is_concatenated());
        assert!(nonce("1650000000000111111").is_concatenated());
        for text in ["11", "1111111111111111", "1650000000123456789", "9007199254740993", "16500000000001"] {
            assert!(!nonce(text).is_concatenated(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn keys_and_texts_come_back(whole in 0..=MAX_WHOLE, billionths in 0..1_000_000_000_u32) {
            let nonce = Nonce { whole, billionths };
            prop_assert_eq!(Nonce::from_key(nonce.to_key()), Some(nonce));
            prop_assert_eq!(Nonce::parse(&nonce.to_string()), Ok(nonce));
        }

        #[test]
        fn the_order_of_keys_is_the_order_of_numbers(a: (u64, u32), b: (u64, u32)) {
            let [a, b] = [a, b].map(|(whole, part)| Nonce { whole: whole.into(), billionths: part % 1_000_000_000 });
            prop_assert_eq!(a.cmp(&b), a.to_key().cmp(&b.to_key()));
        }

        #[test]
        fn no_text_makes_it_panic(text in "\\PC{0,60}") {
            let _ = (Nonce::parse(&text), Nonce::imported(&text));
        }
    }
}
