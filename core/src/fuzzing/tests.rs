//! The short form of the campaigns: the corpus, and inputs that are made of it, the same each time.

use std::path::PathBuf;

use super::*;

/// Inputs made of each of the corpus.
const CHILDREN: usize = 200;

fn corpus(target: &str) -> Vec<Vec<u8>> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(target);
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert!(!files.is_empty(), "{}", folder.display());
    files.iter().map(|file| std::fs::read(file).unwrap()).collect()
}

/// A generator of numbers (splitmix64).
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = (self.0 ^ self.0 >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
        usize::try_from((mixed ^ mixed >> 31) % end.max(1) as u64).unwrap()
    }
}

/// Changes a byte, or takes some out, puts some in, doubles some, or joins two inputs.
fn child(parents: &[Vec<u8>], numbers: &mut Numbers) -> Vec<u8> {
    const ODD: [&[u8]; 12] = [
        b"\xff",
        b"\0",
        b"\xef\xbb\xbf",
        b"\"",
        b"##",
        b"{",
        b"[[[[[[[[",
        b"-1",
        b"99999999999999999999",
        b"<title>",
        b"\r\n",
        b"%",
    ];
    let mut bytes = parents[numbers.below(parents.len())].clone();
    for _ in 0..=numbers.below(4) {
        let (from, length) = (numbers.below(bytes.len() + 1), numbers.below(9));
        let to = (from + length).min(bytes.len());
        match numbers.below(5) {
            0 => drop(bytes.drain(from..to)),
            1 => {
                let odd = ODD[numbers.below(ODD.len())];
                bytes.splice(from..to, odd.iter().copied());
            }
            2 => {
                let piece = bytes[from..to].to_vec();
                bytes.splice(from..from, piece);
            }
            3 => {
                let other = &parents[numbers.below(parents.len())];
                let cut = numbers.below(other.len() + 1);
                bytes.truncate(from);
                bytes.extend(&other[cut..]);
            }
            _ => {
                if let Some(byte) = bytes.get_mut(from) {
                    *byte ^= 1 << numbers.below(8);
                }
            }
        }
    }
    bytes
}

#[test]
fn nothing_breaks_on_the_corpus_and_what_is_made_of_it() {
    for (name, target) in TARGETS {
        let parents = corpus(name);
        let mut numbers = Numbers(1);
        let children = (0..parents.len() * CHILDREN).map(|_| child(&parents, &mut numbers));
        for input in parents.iter().cloned().chain(children) {
            let held = std::panic::catch_unwind(|| target(&input));
            assert!(held.is_ok(), "{name}: {:?}", String::from_utf8_lossy(&input));
        }
    }
}

#[test]
fn a_leak_is_one() {
    assert!(tells("the answer: kX9 vQ2 mL.", PLANTED));
    assert!(!tells("the answer: kX9 vQ2 m", PLANTED));
    assert!(has_planted_password(&format!("redis://:{PLANTED}@host")));
    assert!(!has_planted_password(&format!("redis://user@{PLANTED}")));
    assert_eq!(replace(b"a##b#c##", b"##", b"+"), b"a+b#c+");
}
