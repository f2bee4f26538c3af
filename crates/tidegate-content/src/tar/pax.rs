//! Extended headers: records `LENGTH KEY=VALUE\n` that say what does not fit into the header behind them (POSIX.1-2017, pax,
//! "pax Extended Header").

use super::TarError;

/// What extended headers say of the next entry; for all other keys nobody asks.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Extended {
    pub(super) path: Option<Vec<u8>>,
    pub(super) link: Option<Vec<u8>>,
    pub(super) size: Option<u64>,
    /// Whether the file's content is a map of its holes.
    pub(super) sparse: bool,
}

impl Extended {
    /// Adds the records in `bytes`; of the same key the last one counts.
    pub(super) fn read(&mut self, mut bytes: &[u8]) -> Result<(), TarError> {
        while !bytes.is_empty() {
            let (key, value, rest) = record(bytes).ok_or(TarError::Extended)?;
            bytes = rest;
            match key {
                b"path" => self.path = Some(value.to_vec()),
                b"linkpath" => self.link = Some(value.to_vec()),
                b"size" => {
                    let digits = std::str::from_utf8(value).ok();
                    self.size = Some(digits.and_then(|digits| digits.parse().ok()).ok_or(TarError::Number)?);
                }
                key if key.starts_with(b"GNU.sparse.") => self.sparse = true,
                _ => {}
            }
        }
        Ok(())
    }
}

/// One record as bytes.
pub(super) fn encode(key: &str, value: &[u8]) -> Vec<u8> {
    let rest = key.len() + value.len() + 3;
    // The length counts its own digits.
    let mut len = rest + 1;
    while len != rest + len.to_string().len() {
        len = rest + len.to_string().len();
    }
    [format!("{len} {key}=").as_bytes(), value, b"\n"].concat()
}

/// The first record's key and value, and what follows it.
fn record(bytes: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let blank = bytes.iter().position(|byte| *byte == b' ')?;
    let len: usize = std::str::from_utf8(&bytes[..blank]).ok()?.parse().ok()?;
    let record = bytes.get(blank + 1..len)?;
    let (line_end, record) = record.split_last()?;
    let equals = record.iter().position(|byte| *byte == b'=')?;
    (*line_end == b'\n').then(|| (&record[..equals], &record[equals + 1..], &bytes[len..]))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn records_of_any_length_come_back() {
        for len in [0, 1, 80, 85, 86, 87, 88, 89, 90, 980, 985, 990, 995, 5000] {
            let value = vec![b'x'; len];
            let mut read = Extended::default();
            read.read(&[encode("comment", b"="), encode("path", &value), encode("size", b"7")].concat())
                .unwrap();
            assert_eq!(read, Extended { path: Some(value), size: Some(7), ..Extended::default() });
        }
    }

    #[test]
    fn other_bytes_are_refused() {
        for bad in [
            "x",
            "5",
            "11 path=a\n",
            "7 path=a\n",
            "8 path\n\n",
            "0 a=b\n",
            "99999999999999999999 a=b\n",
            "-1 a=b\n",
            "6 a=bc",
            "2 ",
        ] {
            assert_eq!(Extended::default().read(bad.as_bytes()), Err(TarError::Extended), "{bad}");
        }
        assert_eq!(Extended::default().read(&encode("size", b"-1")), Err(TarError::Number));
    }
}
