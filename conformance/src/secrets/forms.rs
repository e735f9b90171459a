//! The forms in which bytes are written into a text: escaped, as lists and dumps of numbers, in
//! base64. Each is read back wherever the text may hold it; what comes of words that were never
//! meant so is noise, in which no secret stands.

/// Fewer bytes are no part of a secret that counts.
pub(super) const SHORTEST: usize = 8;
/// How many characters may stand between two numbers of a list: a comma, an end of line, a column
/// of blanks.
const GAP: usize = 48;

/// Bytes that a text holds in some form, beginning at some place of it.
pub(super) struct Piece<'a> {
    pub(super) form: &'static str,
    pub(super) at: usize,
    pub(super) bytes: &'a [u8],
}

/// Reads a text in every form, and what it holds as numbers or in base64 once more.
pub(super) fn read(text: &[u8], each: &mut dyn FnMut(Piece<'_>)) {
    each(Piece { form: "as it is", at: 0, bytes: text });
    escaped(text, &mut |at, bytes| each(Piece { form: "escaped", at, bytes }));
    let mut inner = |form: &'static str, at: usize, bytes: &[u8]| {
        each(Piece { form, at, bytes });
        escaped(bytes, &mut |_, bytes| each(Piece { form, at, bytes }));
        base64(bytes, &mut |_, bytes| each(Piece { form, at, bytes }));
        numbers(bytes, Radix::Hexadecimal, &mut |_, bytes| each(Piece { form, at, bytes }));
    };
    numbers(text, Radix::Decimal, &mut |at, bytes| inner("a list of numbers", at, bytes));
    numbers(text, Radix::Hexadecimal, &mut |at, bytes| {
        inner("hexadecimal", at, bytes);
    });
    letters(text, &mut |at, bytes| inner("letter by letter", at, bytes));
    base64(text, &mut |at, bytes| inner("base64", at, bytes));
}

/// Reads each line with escapes: of JSON and of most languages, of URLs, HTML, quoted-printable.
fn escaped(text: &[u8], each: &mut dyn FnMut(usize, &[u8])) {
    let mut at = 0;
    let mut plain = Vec::new();
    for line in text.split_inclusive(|byte| *byte == b'\n') {
        if line.iter().any(|byte| b"%\\&=".contains(byte)) {
            plain.clear();
            let mut rest = line;
            while let Some(&first) = rest.first() {
                let (byte, length) = escape(rest).unwrap_or((first, 1));
                plain.push(byte);
                rest = &rest[length..];
            }
            if plain.len() != line.len() {
                each(at, &plain);
            }
        }
        at += line.len();
    }
}

/// The byte that an escape at the beginning stands for, and the escape's length.
fn escape(text: &[u8]) -> Option<(u8, usize)> {
    let hex = |from: usize, digits: usize| {
        let digits = std::str::from_utf8(text.get(from..from + digits)?).ok()?;
        u32::from_str_radix(digits, 16).ok().and_then(|number| u8::try_from(number).ok())
    };
    let until = |end: u8, from: usize, radix: u32| {
        let length = text[from..].iter().take(9).position(|byte| *byte == end)?;
        let digits = std::str::from_utf8(&text[from..from + length]).ok()?;
        let byte = u8::try_from(u32::from_str_radix(digits, radix).ok()?).ok()?;
        Some((byte, from + length + 1))
    };
    match text {
        [b'%' | b'=', ..] => Some((hex(1, 2)?, 3)),
        [b'\\', b'x', ..] => Some((hex(2, 2)?, 4)),
        [b'\\', b'u', b'{', ..] => until(b'}', 3, 16),
        [b'\\', b'u', ..] => Some((hex(2, 4)?, 6)),
        [b'\\', b'0'..=b'3', _, _, ..] => {
            let digits = std::str::from_utf8(&text[1..4]).ok()?;
            Some((u8::from_str_radix(digits, 8).ok()?, 4))
        }
        [b'\\', escaped, ..] if escaped.is_ascii_punctuation() => Some((*escaped, 2)),
        [b'&', b'#', b'x' | b'X', ..] => until(b';', 3, 16),
        [b'&', b'#', ..] => until(b';', 2, 10),
        _ => None,
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Radix {
    Decimal,
    /// Bytes of two digits, in words of any number of bytes, with `0x` or `\x` before them or not.
    Hexadecimal,
}

/// Reads numbers that stand one behind the other. In words of four digits each, the bytes are read
/// the other way round too.
fn numbers(text: &[u8], radix: Radix, each: &mut dyn FnMut(usize, &[u8])) {
    let mut run = Run::default();
    let mut position = 0;
    while position < text.len() {
        if !text[position].is_ascii_alphanumeric() {
            position += 1;
            continue;
        }
        let rest = &text[position..];
        let length = rest.iter().take_while(|byte| byte.is_ascii_alphanumeric()).count();
        let word = &rest[..length];
        let goes_on = position.saturating_sub(run.end) <= GAP;
        if !goes_on {
            run.end_here(each);
        }
        let before = run.bytes.len();
        let is_number = match radix {
            Radix::Decimal => run.add_decimal(word),
            Radix::Hexadecimal => run.add_hexadecimal(word),
        };
        if is_number {
            if before == 0 {
                run.at = position;
            }
            run.end = position + length;
        } else {
            run.end_here(each);
        }
        position += length;
    }
    run.end_here(each);
}

/// Numbers of a list.
#[derive(Default)]
struct Run {
    at: usize,
    end: usize,
    bytes: Vec<u8>,
    /// The same, those of each word of four digits the other way round, if there are such words.
    swapped: Vec<u8>,
    has_words: bool,
}

impl Run {
    fn end_here(&mut self, each: &mut dyn FnMut(usize, &[u8])) {
        if self.bytes.len() >= SHORTEST {
            each(self.at, &self.bytes);
            if self.has_words {
                each(self.at, &self.swapped);
            }
        }
        self.bytes.clear();
        self.swapped.clear();
        self.has_words = false;
    }

    fn add_decimal(&mut self, word: &[u8]) -> bool {
        let digits = word.strip_suffix(b"u8").unwrap_or(word);
        if !(1..=3).contains(&digits.len()) {
            return false;
        }
        let number = std::str::from_utf8(digits).ok().and_then(|digits| digits.parse().ok());
        number.map(|number: u8| self.bytes.push(number)).is_some()
    }

    fn add_hexadecimal(&mut self, word: &[u8]) -> bool {
        let prefix = [&b"0x"[..], b"0X", b"x"].into_iter().find(|it| word.starts_with(it));
        let digits = &word[prefix.map_or(0, <[u8]>::len)..];
        let digits = digits.strip_suffix(b"u8").unwrap_or(digits);
        if digits.is_empty() || digits.len() % 2 == 1 {
            return false;
        }
        let before = self.bytes.len();
        for pair in digits.chunks(2) {
            let (Some(high), Some(low)) = (digit(pair[0]), digit(pair[1])) else {
                self.bytes.truncate(before);
                return false;
            };
            self.bytes.push(high << 4 | low);
        }
        self.swapped.extend(&self.bytes[before..]);
        if digits.len() == 4 {
            self.has_words = true;
            self.swapped[before..].reverse();
        }
        true
    }
}

fn digit(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

/// Reads lists of quoted letters: `[b'p', b'l']`. Where nothing but blanks and signs stands between
/// letters, they are found as they are.
fn letters(text: &[u8], each: &mut dyn FnMut(usize, &[u8])) {
    let mut run = Run::default();
    let mut position = 0;
    while position + 2 < text.len() {
        match text[position..position + 3] {
            [quote @ (b'\'' | b'"'), letter, end] if quote == end => {
                if position.saturating_sub(run.end) > GAP {
                    run.end_here(each);
                }
                if run.bytes.is_empty() {
                    run.at = position;
                }
                run.bytes.push(letter);
                position += 3;
                run.end = position;
            }
            _ => position += 1,
        }
    }
    run.end_here(each);
}

/// Reads runs of base64's letters, both alphabets, from each of the four letters at which the first
/// group of four may begin.
fn base64(text: &[u8], each: &mut dyn FnMut(usize, &[u8])) {
    /// That many letters hold `SHORTEST` bytes.
    const LETTERS: usize = SHORTEST.div_ceil(3) * 4 - 1;
    let mut position = 0;
    let mut bytes = Vec::new();
    while position < text.len() {
        let rest = &text[position..];
        let length = rest.iter().take_while(|byte| SEXTETS[usize::from(**byte)] < 64).count();
        if length >= LETTERS {
            for offset in 0..4 {
                bytes.clear();
                let mut pending = (0_u32, 0);
                for letter in &rest[offset..length] {
                    let sextet = SEXTETS[usize::from(*letter)];
                    pending = (pending.0 << 6 | u32::from(sextet), pending.1 + 6);
                    if pending.1 >= 8 {
                        pending.1 -= 8;
                        bytes.push((pending.0 >> pending.1).to_le_bytes()[0]);
                        pending.0 &= (1 << pending.1) - 1;
                    }
                }
                each(position + offset, &bytes);
            }
        }
        position += length.max(1);
    }
}

/// What each letter of base64 and of base64url stands for; 64 is what no letter does.
const SEXTETS: [u8; 256] = {
    let mut all = [64; 256];
    let letters = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut at: u8 = 0;
    while at < 64 {
        all[letters[at as usize] as usize] = at;
        at += 1;
    }
    all[b'-' as usize] = 62;
    all[b'_' as usize] = 63;
    all
};
