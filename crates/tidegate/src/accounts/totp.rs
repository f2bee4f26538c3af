//! One-time passwords by the time (RFC 6238): SHA-1, six digits, steps of thirty seconds, as every app makes them. Pure.

use aws_lc_rs::hmac;
use multibase::Base;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use secrecy::{ExposeSecret as _, SecretSlice, SecretString};

use crate::clock::Timestamp;

/// Bytes of a secret: what RFC 4226, section 4 (R6), recommends.
pub(super) const SECRET_BYTES: usize = 20;

/// Seconds of a step.
const STEP: i64 = 30;

/// Of a code.
const DIGITS: usize = 6;

/// Steps that a clock may be wrong by.
const DRIFT: i64 = 1;

/// The step whose code `text` is, if it is one around `now`; blanks between the digits do not count.
pub(super) fn step_of(secret: &SecretSlice<u8>, text: &str, now: Timestamp) -> Option<i64> {
    let digits: Vec<u8> = text.bytes().filter(|byte| *byte != b' ').take(DIGITS + 1).collect();
    if digits.len() != DIGITS || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let said = digits.iter().fold(0, |code, digit| code * 10 + u32::from(digit - b'0'));
    let step = now.as_seconds().div_euclid(STEP);
    // Who compares longer tells no more than that a code is wrong: codes are good once, and few may be tried.
    (step - DRIFT..=step + DRIFT).rev().find(|step| code(secret, *step) == said)
}

/// The code of a step (RFC 4226, section 5.3).
fn code(secret: &SecretSlice<u8>, step: i64) -> u32 {
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, secret.expose_secret());
    let tag = hmac::sign(&key, &step.to_be_bytes());
    let tag = tag.as_ref();
    // SHA-1 gives 20 bytes, and the last one's lower half says where to look: at 15 at most.
    let offset = usize::from(tag.last().copied().unwrap_or_default() & 0xf);
    let four = tag.get(offset..offset + 4).unwrap_or_default();
    let number = four.iter().fold(0, |number, byte| number << 8 | u32::from(*byte));
    (number & 0x7fff_ffff) % 1_000_000
}

/// The secret as apps take it when it is typed: base32, in capitals.
pub(super) fn secret_text(secret: &SecretSlice<u8>) -> SecretString {
    Base::Base32Upper.encode(secret.expose_secret()).into()
}

/// What apps read from a picture (Google Authenticator's "Key Uri Format").
pub(super) fn uri(secret: &SecretSlice<u8>, issuer: &str, account: &str) -> SecretString {
    let [issuer, account] = [issuer, account].map(|text| utf8_percent_encode(text, NON_ALPHANUMERIC));
    let secret = Base::Base32Upper.encode(secret.expose_secret());
    format!("otpauth://totp/{issuer}:{account}?secret={secret}&issuer={issuer}").into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret() -> SecretSlice<u8> {
        b"12345678901234567890".to_vec().into()
    }

    #[test]
    fn codes_are_those_of_rfc_4226() {
        // Appendix D.
        let codes =
            [755_224, 287_082, 359_152, 969_429, 338_314, 254_676, 287_922, 162_583, 399_871, 520_489];
        for (step, expected) in (0..).zip(codes) {
            assert_eq!(code(&secret(), step), expected, "{step}");
        }
    }

    #[test]
    fn codes_are_the_last_digits_of_rfc_6238() {
        // Appendix B, SHA1: eight digits there.
        for (seconds, expected) in [
            (59, "94287082"),
            (1_111_111_109, "07081804"),
            (1_111_111_111, "14050471"),
            (1_234_567_890, "89005924"),
            (2_000_000_000, "69279037"),
            (20_000_000_000, "65353130"),
        ] {
            let now = Timestamp::from_seconds(seconds);
            assert_eq!(step_of(&secret(), &expected[2..], now), Some(seconds / 30), "{seconds}");
        }
    }

    #[test]
    fn a_clock_may_be_a_step_off_and_no_more() {
        let at = |seconds| step_of(&secret(), "287 082", Timestamp::from_seconds(seconds));
        for (seconds, expected) in [(0, Some(1)), (30, Some(1)), (89, Some(1)), (90, None), (-1, None)] {
            assert_eq!(at(seconds), expected, "{seconds}");
        }
    }

    #[test]
    fn what_is_no_code_is_none() {
        for text in ["", "28708", "2870820", "28708x", "٢٨٧٠٨٢", "+87082", &"2".repeat(1 << 20)] {
            assert_eq!(step_of(&secret(), text, Timestamp::from_seconds(59)), None);
        }
    }

    #[test]
    fn apps_are_told_whose_it_is() {
        let uri = uri(&secret(), "Tidegate at example.org", "ann+1@example.org");
        assert_eq!(
            uri.expose_secret(),
            "otpauth://totp/Tidegate%20at%20example%2Eorg:ann%2B1%40example%2Eorg\
             ?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Tidegate%20at%20example%2Eorg"
        );
        assert_eq!(secret_text(&secret()).expose_secret(), "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
    }
}
