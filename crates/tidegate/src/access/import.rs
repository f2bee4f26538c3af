//! What the Python Provider's nonces mean here: one for each address, and none of its signed requests may be used again.

use std::collections::HashMap;

use tidegate_ocean::{Address, Nonce};

/// Nonces to take over, and what was made of the others.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TakenOver {
    /// The highest of each address, by address.
    pub nonces: Vec<(Address, Nonce)>,
    /// How many of them are not what is stored there but what a concatenated one restarts at.
    pub restarted: u64,
    /// Rows that are not of an address: that Provider keeps one for any text somebody has asked for.
    pub not_addresses: u64,
    /// Rows whose nonce is no number, or a negative one, which nothing here could be a copy of.
    pub not_numbers: u64,
}

/// Where accounts go on whose nonces had outgrown what JavaScript can add 1 to (see [`Nonce::imported`]). From there on a
/// larger nonce of the outgrown kind is a request captured before, not a new one.
pub(super) fn restart() -> Nonce {
    const OUTGROWN: &str = "11111111111111111";
    Nonce::imported(OUTGROWN).expect("digits")
}

/// Reads rows of address and nonce, as texts. An address in several spellings counts once, with its highest nonce.
#[must_use]
pub fn take_over(rows: &[(String, String)]) -> TakenOver {
    let mut sum = TakenOver::default();
    let mut highest: HashMap<Address, (Nonce, bool)> = HashMap::new();
    for (address, nonce) in rows {
        let Ok(address) = address.trim().parse::<Address>() else {
            sum.not_addresses += 1;
            continue;
        };
        let Some(read) = read(nonce.trim()) else {
            sum.not_numbers += 1;
            continue;
        };
        let kept = highest.entry(address).or_insert(read);
        *kept = read.max(*kept);
    }
    sum.restarted = highest.values().filter(|(_, restarted)| *restarted).count() as u64;
    sum.nonces = highest.into_iter().map(|(address, (nonce, _))| (address, nonce)).collect();
    sum.nonces.sort_unstable();
    sum
}

/// The nonce of a row, and whether it is another one than the row's.
fn read(text: &str) -> Option<(Nonce, bool)> {
    if let Ok(nonce) = Nonce::imported(text) {
        return Some((nonce, Nonce::parse(text) != Ok(nonce)));
    }
    // NaN, Infinity, 1e+18 and thousands of digits were numbers there. What came before them is not known, only that
    // it must stay used.
    let number: f64 = text.parse().ok()?;
    (number.is_nan() || number >= 0.0).then(|| (restart(), true))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(rows: &[(&str, &str)]) -> TakenOver {
        let rows: Vec<_> =
            rows.iter().map(|(address, nonce)| ((*address).to_owned(), (*nonce).to_owned())).collect();
        take_over(&rows)
    }

    fn nonce(text: &str) -> Nonce {
        Nonce::parse(text).expect("a nonce")
    }

    #[test]
    fn spellings_of_an_address_are_one_with_its_highest_nonce() {
        let lower = "0xabcdefabcdefabcdefabcdefabcdefabcdefabcd";
        let taken = taken(&[
            (lower, "9"),
            (&lower.to_ascii_uppercase().replace("0X", "0x"), "10"),
            (lower.trim_start_matches("0x"), "1.5"),
        ]);
        assert_eq!(taken.nonces, [(lower.parse().expect("an address"), nonce("10"))]);
        assert_eq!((taken.restarted, taken.not_addresses, taken.not_numbers), (0, 0, 0));
    }

    #[test]
    fn outgrown_and_impossible_nonces_restart() {
        let address = "0x1111111111111111111111111111111111111111";
        let long = "7".repeat(200);
        for outgrown in ["1111111111111111111", "NaN", "Infinity", "1.65e+18", long.as_str()] {
            let taken = taken(&[(address, outgrown)]);
            assert_eq!(taken.nonces[0].1, nonce("9006099743113216"), "{outgrown}");
            assert_eq!(taken.restarted, 1, "{outgrown}");
        }
        let nanoseconds = taken(&[(address, "NaN"), (address, "1650000000123456789")]);
        assert_eq!((nanoseconds.nonces[0].1, nanoseconds.restarted), (nonce("1650000000123456789"), 0));
    }

    #[test]
    fn what_is_no_row_of_an_address_is_counted_and_left_out() {
        let taken = taken(&[
            ("hello", "1"),
            ("", "1"),
            ("0x1234", "1"),
            ("0x1111111111111111111111111111111111111111", "-5"),
            ("0x1111111111111111111111111111111111111111", "one"),
            ("0x1111111111111111111111111111111111111111", ""),
        ]);
        assert_eq!(taken, TakenOver { not_addresses: 3, not_numbers: 3, ..TakenOver::default() });
    }
}
