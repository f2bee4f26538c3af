//! Read buffers that are used again: a fresh one of 256 KiB costs more in page faults than the read itself.

use std::sync::Mutex;

use bytes::Bytes;

/// Smaller buffers are not worth keeping.
const KEPT_FROM: usize = 64 << 10;
/// What is kept at most, in bytes.
const KEPT_BYTES: usize = 16 << 20;

static POOL: Mutex<Vec<Vec<u8>>> = Mutex::new(Vec::new());

/// A buffer of at least the asked length, its bytes initialised to something.
pub(crate) struct Buffer {
    bytes: Vec<u8>,
    len: usize,
}

impl Buffer {
    pub(crate) fn new(len: usize) -> Self {
        let kept = (len >= KEPT_FROM).then(|| take(len)).flatten();
        Self { bytes: kept.unwrap_or_else(|| vec![0; len]), len }
    }

    /// The first `len` bytes, shared; the buffer comes back when the last share is dropped.
    pub(crate) fn freeze(mut self, len: usize) -> Bytes {
        self.len = len.min(self.len);
        Bytes::from_owner(self)
    }
}

impl AsRef<[u8]> for Buffer {
    fn as_ref(&self) -> &[u8] {
        &self.bytes[..self.len]
    }
}

impl AsMut<[u8]> for Buffer {
    fn as_mut(&mut self) -> &mut [u8] {
        &mut self.bytes[..self.len]
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        if self.bytes.len() < KEPT_FROM {
            return;
        }
        let Ok(mut pool) = POOL.lock() else { return };
        if pool.iter().map(Vec::len).sum::<usize>() + self.bytes.len() <= KEPT_BYTES {
            pool.push(std::mem::take(&mut self.bytes));
        }
    }
}

fn take(len: usize) -> Option<Vec<u8>> {
    let mut pool = POOL.lock().ok()?;
    let fits = |kept: &Vec<u8>| kept.len() >= len && kept.len() <= len * 2;
    let at = pool.iter().rposition(fits)?;
    Some(pool.swap_remove(at))
}
