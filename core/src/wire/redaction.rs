//! Takes out of a service's text what no output may show: what was sent in confidence, in
//! whatever encoding it is quoted, and what looks like a token.
//!
//! A text is looked at in several views. Each is a reading of it, such as the bytes that its
//! percent-encoding stands for, or its letters without what is between them; and each byte of a
//! view knows which part of the text it was read from.

use std::collections::HashSet;
use std::ops::Range;

use zeroize::Zeroizing;

use super::lookalikes;
use super::unescape::unescape;

pub(super) const REDACTED: &str = "<redacted>";

/// How often an encoding may have been applied to itself.
const LAYERS: usize = 3;
/// As many letters of a secret in a row are told from a word by a digit among them.
const SHORT_PART: usize = 8;
/// As many are no coincidence, whatever they are.
const PART: usize = 10;
/// So many bytes of a secret in hexadecimal, in base64 or as numbers are no coincidence.
const ENCODED_PART: usize = 8;
/// Of a shorter secret, its encodings are too short to be looked for.
const SHORTEST_ENCODED: usize = 4;

/// A reading of a text.
pub(super) struct View {
    pub(super) bytes: Zeroizing<Vec<u8>>,
    /// For each byte, the part of the text that it was read from.
    pub(super) from: Vec<Range<usize>>,
}

impl View {
    pub(super) fn with_capacity(capacity: usize) -> Self {
        Self {
            bytes: Zeroizing::new(Vec::with_capacity(capacity)),
            from: Vec::with_capacity(capacity),
        }
    }

    pub(super) fn of(text: &str) -> Self {
        let mut view = Self::with_capacity(text.len());
        for (start, c) in text.char_indices() {
            let end = start + c.len_utf8();
            text.as_bytes()[start..end].iter().for_each(|byte| view.push(*byte, start..end));
        }
        view
    }

    pub(super) fn push(&mut self, byte: u8, from: Range<usize>) {
        self.bytes.push(byte);
        self.from.push(from);
    }

    /// The bytes for which `read` has a reading.
    fn filter(&self, read: impl Fn(u8) -> Option<u8>) -> Self {
        let mut view = Self::with_capacity(self.bytes.len());
        for (byte, from) in self.bytes.iter().zip(&self.from) {
            if let Some(byte) = read(*byte) {
                view.push(byte, from.clone());
            }
        }
        view
    }

    /// The bytes that a list of numbers stands for; zero where something else is between them.
    fn numbers(&self) -> Self {
        let mut view = Self::with_capacity(self.bytes.len());
        let mut start = 0;
        while start < self.bytes.len() {
            let rest = &self.bytes[start..];
            let length = rest.iter().take_while(|byte| byte.is_ascii_alphanumeric()).count();
            if length == 0 {
                start += 1;
                continue;
            }
            let number = std::str::from_utf8(&rest[..length]).ok().and_then(|n| n.parse().ok());
            let from = self.from[start].start..self.from[start + length - 1].end;
            view.push(number.unwrap_or(0), from);
            start += length;
        }
        view
    }

    /// Adds the parts of the text that any of these stand for.
    fn find<'a>(&self, needles: impl Iterator<Item = &'a [u8]>, found: &mut Vec<Range<usize>>) {
        let mut by_length: Vec<(usize, HashSet<&[u8]>)> = Vec::new();
        for needle in needles.filter(|needle| !needle.is_empty()) {
            match by_length.iter_mut().find(|(length, _)| *length == needle.len()) {
                Some((_, set)) => drop(set.insert(needle)),
                None => by_length.push((needle.len(), HashSet::from([needle]))),
            }
        }
        for (length, set) in by_length {
            for (start, window) in self.bytes.windows(length).enumerate() {
                if set.contains(window) {
                    found.push(self.from[start].start..self.from[start + length - 1].end);
                }
            }
        }
    }
}

/// Something that was sent in confidence, and how it looks in each view.
struct Needle {
    literal: Zeroizing<Vec<u8>>,
    letters: Zeroizing<Vec<u8>>,
    hexadecimal: Zeroizing<Vec<u8>>,
    base64: [Zeroizing<Vec<u8>>; 3],
    bytes: Zeroizing<Vec<u8>>,
}

impl Needle {
    fn new(word: &str) -> Self {
        let is_encoded = word.len() >= SHORTEST_ENCODED;
        let encoded = if is_encoded { word.as_bytes() } else { &[] };
        let letters = word.bytes().filter_map(letter).collect();
        Self {
            literal: Zeroizing::new(word.to_ascii_lowercase().into_bytes()),
            letters: Zeroizing::new(letters),
            hexadecimal: Zeroizing::new(
                encoded.iter().flat_map(|byte| format!("{byte:02x}").into_bytes()).collect(),
            ),
            base64: [0, 1, 2].map(|offset| base64_at(encoded, offset)),
            bytes: Zeroizing::new(encoded.to_vec()),
        }
    }

    /// The parts of its letters that are known for a part of it.
    fn parts(&self) -> impl Iterator<Item = &[u8]> {
        let is_mixed = |part: &&[u8]| part.iter().any(u8::is_ascii_digit);
        let whole = Some(&**self.letters).filter(|whole| whole.len() >= SHORT_PART);
        let short = self.letters.windows(SHORT_PART).filter(is_mixed);
        whole.into_iter().chain(short).chain(self.letters.windows(PART))
    }
}

/// All of it where it is short, or else its parts of this length.
fn parts(whole: &[u8], length: usize) -> impl Iterator<Item = &[u8]> {
    whole.windows(length.min(whole.len().max(1)))
}

fn letter(byte: u8) -> Option<u8> {
    byte.is_ascii_alphanumeric().then(|| byte.to_ascii_lowercase())
}

fn letter_as_it_is(byte: u8) -> Option<u8> {
    byte.is_ascii_alphanumeric().then_some(byte)
}

/// Those characters of the base64 of something that holds these bytes, so far into a group of
/// three, that depend on nothing else; letters and digits alone, which all alphabets share.
fn base64_at(bytes: &[u8], offset: usize) -> Zeroizing<Vec<u8>> {
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD_NO_PAD;
    let mut padded = Zeroizing::new(vec![0; offset]);
    padded.reserve_exact(bytes.len());
    padded.extend_from_slice(bytes);
    let encoded = Zeroizing::new(STANDARD_NO_PAD.encode(&*padded).into_bytes());
    // Each character has six bits.
    let (first, end) = ((8 * offset).div_ceil(6), 8 * padded.len() / 6);
    let whole = encoded.get(first..end).unwrap_or_default();
    Zeroizing::new(whole.iter().copied().filter_map(letter_as_it_is).collect())
}

/// Puts `<redacted>` in the place of every part of a text that shows one of these words, in
/// plain or in any encoding, and of whatever looks like a token.
pub(super) fn redacted(text: &str, confidential: &[&str]) -> Zeroizing<String> {
    let mut found = Vec::new();
    let needles: Vec<Needle> = confidential.iter().copied().map(Needle::new).collect();
    for_each_layer(text, |view| {
        find_all(view, &needles, text, &mut found);
        lookalikes::find(view, text, &mut found);
    });
    without(text, found)
}

/// Whether a text shows one of these words, in plain or in any encoding.
pub(super) fn shows(text: &str, confidential: &[&str]) -> bool {
    let needles: Vec<Needle> = confidential.iter().copied().map(Needle::new).collect();
    let mut found = Vec::new();
    for_each_layer(text, |view| find_all(view, &needles, text, &mut found));
    !found.is_empty()
}

/// Calls with a view of the text, and of what is left of it without one layer of escapes after
/// the other.
fn for_each_layer(text: &str, mut look: impl FnMut(&View)) {
    let mut view = View::of(text);
    for _ in 0..LAYERS {
        look(&view);
        match unescape(&view) {
            Some(inner) => view = inner,
            None => return,
        }
    }
    look(&view);
}

fn find_all(view: &View, needles: &[Needle], text: &str, found: &mut Vec<Range<usize>>) {
    let all = |of: fn(&Needle) -> &[u8]| needles.iter().map(of);
    let lower = view.filter(|byte| Some(byte.to_ascii_lowercase()));
    lower.find(all(|needle| &needle.literal), found);
    let letters = view.filter(letter);
    letters.find(needles.iter().flat_map(Needle::parts), found);
    let mut encoded = Vec::new();
    let digits = view.filter(|byte| letter(byte).filter(|byte| *byte != b'x'));
    let hexadecimal = needles.iter().map(|needle| &**needle.hexadecimal);
    // Each byte may have `0x` in front of it.
    digits.find(hexadecimal.clone().flat_map(|whole| parts(whole, 2 * ENCODED_PART)), &mut encoded);
    let prefixed: Vec<Zeroizing<Vec<u8>>> = hexadecimal
        .map(|whole| {
            Zeroizing::new(whole.chunks(2).flat_map(|pair| [b'0', pair[0], pair[1]]).collect())
        })
        .collect();
    digits.find(prefixed.iter().flat_map(|whole| parts(whole, 3 * ENCODED_PART)), &mut encoded);
    let base64 = needles.iter().flat_map(|needle| &needle.base64);
    let shortest = |whole: &&Zeroizing<Vec<u8>>| whole.len() > SHORTEST_ENCODED;
    let base64 = base64.filter(shortest).flat_map(|whole| parts(whole, ENCODED_PART * 4 / 3));
    view.filter(letter_as_it_is).find(base64, &mut encoded);
    // What stands at its ends has bits of what was found.
    let is_encoded = |byte: &u8| byte.is_ascii_alphanumeric() || b"+/=_-".contains(byte);
    for part in encoded {
        let before = text.as_bytes()[..part.start].iter().rev().take_while(|b| is_encoded(b));
        let behind = text.as_bytes()[part.end..].iter().take_while(|b| is_encoded(b));
        found.push(part.start - before.count()..part.end + behind.count());
    }
    let bytes = needles.iter().flat_map(|needle| parts(&needle.bytes, ENCODED_PART));
    view.numbers().find(bytes, found);
}

/// The text with `<redacted>` in the place of these parts.
fn without(text: &str, mut parts: Vec<Range<usize>>) -> Zeroizing<String> {
    parts.sort_by_key(|part| part.start);
    let mut out = Zeroizing::new(String::with_capacity(text.len() + 2 * REDACTED.len()));
    let mut done = 0;
    for part in parts {
        if part.start > done || out.is_empty() {
            out.push_str(&text[done.min(part.start)..part.start]);
            out.push_str(REDACTED);
        } else if !out.ends_with(REDACTED) {
            out.push_str(REDACTED);
        }
        done = done.max(part.end);
    }
    out.push_str(&text[done..]);
    out
}

#[cfg(test)]
mod tests;
