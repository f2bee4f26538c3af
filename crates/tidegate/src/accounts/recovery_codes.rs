//! Recovery codes: what lets somebody in whose app is lost. Each is random, shown once, and kept as a hash.

use aws_lc_rs::rand;
use multibase::Base;
use secrecy::SecretString;
use tidegate_content::sha256;

use crate::db::AccountId;
use crate::db::second_factors::CodeHash;

use super::CryptoError;

/// Recovery codes that somebody is given.
const CODES: usize = 10;
/// Random bytes of each: too many for anybody to find one that fits a hash.
const CODE_BYTES: usize = 10;
/// Characters of each, in base32.
const CODE_CHARS: usize = 16;
/// Characters between two dashes.
const CODE_GROUP: usize = 4;

/// New recovery codes, and what is kept of them.
pub(super) fn new_codes(account: AccountId) -> Result<(Vec<SecretString>, Vec<CodeHash>), CryptoError> {
    let mut codes = Vec::new();
    let mut hashes = Vec::new();
    for _ in 0..CODES {
        let mut bytes = [0; CODE_BYTES];
        rand::fill(&mut bytes)?;
        let text = Base::Base32Lower.encode(bytes);
        hashes.extend(code_hash(account, &text));
        let groups: Vec<&str> =
            (0..CODE_CHARS).step_by(CODE_GROUP).filter_map(|at| text.get(at..at + CODE_GROUP)).collect();
        codes.push(groups.join("-").into());
    }
    Ok((codes, hashes))
}

/// What is kept of a recovery code, however it is written; nothing if it cannot be one.
pub(super) fn code_hash(account: AccountId, text: &str) -> Option<CodeHash> {
    let is_in_it = |c: &char| !matches!(c, '-' | ' ');
    let code: String = text.chars().filter(is_in_it).take(CODE_CHARS + 1).collect();
    let code = code.to_ascii_lowercase();
    (code.len() == CODE_CHARS).then(|| sha256(&[&account.0.to_be_bytes(), code.as_bytes()]))
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret as _;

    use super::*;

    #[test]
    fn recovery_codes_may_be_written_as_people_do() {
        let (codes, hashes) = new_codes(AccountId(7)).expect("randomness");
        assert_eq!((codes.len(), hashes.len()), (CODES, CODES));
        let code = codes[0].expose_secret();
        assert_eq!(code.len(), CODE_CHARS + 3);
        for text in
            [code.to_owned(), code.replace('-', ""), format!(" {} ", code.to_uppercase().replace('-', " "))]
        {
            assert_eq!(code_hash(AccountId(7), &text), Some(hashes[0]), "{text}");
        }
        assert_ne!(code_hash(AccountId(8), code), Some(hashes[0]));
        for bad in ["", "123456", &format!("{code}a"), &"a".repeat(1 << 20)] {
            assert_eq!(code_hash(AccountId(7), bad), None);
        }
    }
}
