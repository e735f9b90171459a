//! Looks for parts of secrets in texts of megabytes.

use std::collections::HashMap;

use super::Part;
use super::forms::{self, SHORTEST};

/// Bits of a sieve that lets almost nothing through but what begins like a part of a secret.
const SIEVE: u32 = 20;

/// A search for secrets, each of which belongs to somebody.
pub(crate) struct Search<'a> {
    parts: Vec<(usize, &'a Part)>,
    sieve: Vec<u64>,
    /// Where parts have these eight bytes: the index of a part, and the place in it.
    places: HashMap<u64, Vec<(usize, usize)>>,
}

/// Something of a secret in a text.
#[derive(Debug)]
pub(crate) struct Found {
    /// Whose secret.
    pub(crate) owner: usize,
    /// Which one.
    pub(crate) what: &'static str,
    /// How it is written.
    pub(crate) form: &'static str,
    /// Where it stands, or where that begins which holds it.
    pub(crate) at: usize,
    /// How many of its letters and digits.
    pub(crate) length: usize,
}

impl<'a> Search<'a> {
    pub(super) fn new(parts: impl Iterator<Item = (usize, &'a Part)>) -> Self {
        let parts: Vec<_> = parts.collect();
        let mut sieve = vec![0; 1 << (SIEVE - 6)];
        let mut places = HashMap::<u64, Vec<(usize, usize)>>::new();
        for (index, (_, part)) in parts.iter().enumerate() {
            for (place, window) in part.windows() {
                let key = u64::from_be_bytes(window.try_into().expect("eight bytes"));
                let (word, bit) = mesh(key);
                sieve[word] |= bit;
                places.entry(key).or_default().push((index, place));
            }
        }
        Search { parts, sieve, places }
    }

    /// Everything of them that stands in a text, in whatever form; each secret once for each form.
    pub(crate) fn find(&self, text: &[u8]) -> Vec<Found> {
        let mut found = Vec::<Found>::new();
        if self.parts.is_empty() {
            return found;
        }
        let mut squeezed = Vec::new();
        forms::read(text, &mut |piece| {
            squeezed.clear();
            squeezed.extend(piece.bytes.iter().filter(|byte| byte.is_ascii_alphanumeric()));
            self.find_in(&squeezed, &mut |index, at, length| {
                let (owner, part) = self.parts[index];
                let known =
                    |it: &Found| (it.owner, it.what, it.form) == (owner, part.what, piece.form);
                if !found.iter().any(known) {
                    let at = match piece.form {
                        "as it is" => unsqueezed(text, at),
                        _ => piece.at,
                    };
                    let (what, form) = (part.what, piece.form);
                    found.push(Found { owner, what, form, at, length });
                }
            });
        });
        found
    }

    /// Tells which part stands where in what is but letters and digits, and how much of it.
    fn find_in(&self, text: &[u8], each: &mut dyn FnMut(usize, usize, usize)) {
        let mut window = 0;
        for (at, byte) in text.iter().enumerate() {
            window = window << 8 | u64::from(*byte);
            let (word, bit) = mesh(window);
            if self.sieve[word] & bit == 0 || at + 1 < SHORTEST {
                continue;
            }
            let Some(places) = self.places.get(&window) else { continue };
            let begin = at + 1 - SHORTEST;
            for &(index, place) in places {
                let part = self.parts[index].1;
                let same = |(a, b): &(&u8, &u8)| a == b;
                let before = text[..begin].iter().rev().zip(part.letters[..place].iter().rev());
                let before = before.take_while(same).count();
                let after = text[begin..].iter().zip(&part.letters[place..]);
                let after = after.take_while(same).count();
                let run = &text[begin - before..begin + after];
                if run.len() >= part.needed(run) {
                    each(index, begin, run.len());
                }
            }
        }
    }
}

/// The place of a window in the sieve.
fn mesh(window: u64) -> (usize, u64) {
    let hash = window.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> (64 - SIEVE);
    let word = usize::try_from(hash >> 6).expect("a few bits");
    (word, 1 << (hash & 63))
}

/// Where the letter or digit of this number stands.
fn unsqueezed(text: &[u8], number: usize) -> usize {
    let letters = text.iter().enumerate().filter(|(_, byte)| byte.is_ascii_alphanumeric());
    letters.map(|(at, _)| at).nth(number).unwrap_or_default()
}
