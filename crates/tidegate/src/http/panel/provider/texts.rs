//! How pages about sales write addresses and amounts.

use std::fmt::Display;

use tidegate_ocean::U256;

/// The beginning and the end of what is long: `0x70997970…79C8`.
pub(super) fn short(text: impl Display) -> String {
    let text = text.to_string();
    let length = text.chars().count();
    if length <= 20 {
        return text;
    }
    let (start, end): (String, String) =
        (text.chars().take(10).collect(), text.chars().skip(length - 4).collect());
    format!("{start}…{end}")
}

/// An amount of something with 18 decimals, as datatokens and coins have: `1.5`.
pub(super) fn coins(amount: &U256) -> String {
    const DECIMALS: usize = 18;
    let digits = format!("{:0>width$}", amount.to_string(), width = DECIMALS + 1);
    let (whole, rest) = digits.split_at(digits.len() - DECIMALS);
    let rest = rest.trim_end_matches('0');
    if rest.is_empty() { whole.to_owned() } else { format!("{whole}.{rest}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_texts_keep_both_ends() {
        assert_eq!(short("0x70997970C51812dc3A010C7d01b50e0d17dc79C8"), "0x70997970…79C8");
        assert_eq!(short("did:op:00"), "did:op:00");
        assert_eq!(short("ÄÖÜÄÖÜÄÖÜÄÖÜÄÖÜÄÖÜÄÖÜ"), "ÄÖÜÄÖÜÄÖÜÄ…ÜÄÖÜ");
    }

    #[test]
    fn amounts_have_the_decimals_that_count() {
        for (amount, expected) in
            [(0, "0"), (1, "0.000000000000000001"), (10_u64.pow(18), "1"), (15 * 10_u64.pow(17), "1.5")]
        {
            assert_eq!(coins(&U256::from(amount)), expected);
        }
    }
}
