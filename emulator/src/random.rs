//! Random identifiers, a system call for every few hundred of them.

use std::fmt::Write;
use std::sync::{Mutex, PoisonError};

use ring::rand::{SecureRandom, SystemRandom};

struct Pool {
    bytes: [u8; 4096],
    used: usize,
}

static POOL: Mutex<Pool> = Mutex::new(Pool { bytes: [0; 4096], used: 4096 });

/// Fresh random bytes, at most 4096.
pub(crate) fn bytes<const N: usize>() -> [u8; N] {
    let mut pool = POOL.lock().unwrap_or_else(PoisonError::into_inner);
    if pool.used + N > pool.bytes.len() {
        SystemRandom::new().fill(&mut pool.bytes).expect("the system has random bytes");
        pool.used = 0;
    }
    let mut taken = [0; N];
    let range = pool.used..pool.used + N;
    taken.copy_from_slice(&pool.bytes[range]);
    pool.used += N;
    taken
}

/// A version 4 UUID.
pub(crate) fn uuid() -> String {
    let mut bytes: [u8; 16] = bytes();
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let mut text = hex(&bytes);
    for at in [20, 16, 12, 8] {
        text.insert(at, '-');
    }
    text
}

/// A trace id: 32 hex digits.
pub(crate) fn trace_id() -> String {
    hex(&bytes::<16>())
}

fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 2 + 4);
    for byte in bytes {
        let _ = write!(text, "{byte:02x}");
    }
    text
}
