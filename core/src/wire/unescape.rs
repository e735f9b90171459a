//! Undoes the escapes of URLs, of JSON and program texts, and of HTML, one layer of them.

use super::redaction::View;

/// What a text stands for; `None` where nothing is escaped in it.
pub(super) fn unescape(view: &View) -> Option<View> {
    let bytes = &*view.bytes;
    let mut plain = View::with_capacity(bytes.len());
    let mut changed = false;
    let mut start = 0;
    while start < bytes.len() {
        let rest = &bytes[start..];
        let escape = match rest[0] {
            b'%' => percent(rest),
            b'\\' => backslash(rest),
            b'&' => entity(rest),
            _ => None,
        };
        let (meaning, length) = escape.unwrap_or((Meaning::Byte(rest[0]), 1));
        changed |= length > 1;
        let from = view.from[start].start..view.from[start + length - 1].end;
        match meaning {
            Meaning::Byte(byte) => plain.push(byte, from),
            Meaning::Char(c) => {
                let mut buffer = [0; 4];
                for byte in c.encode_utf8(&mut buffer).bytes() {
                    plain.push(byte, from.clone());
                }
            }
        }
        start += length;
    }
    changed.then_some(plain)
}

enum Meaning {
    Byte(u8),
    Char(char),
}

/// A meaning, and how many bytes stand for it.
type Escape = Option<(Meaning, usize)>;

/// `%41`, `%u0041`.
fn percent(rest: &[u8]) -> Escape {
    if matches!(rest.get(1), Some(b'u' | b'U')) {
        return character(rest.get(2..6)?, 16, 6);
    }
    byte(rest.get(1..3)?, 16, 3)
}

/// `\u0041`, `\u{41}`, `\x41`, `\101`, `\/`.
fn backslash(rest: &[u8]) -> Escape {
    match *rest.get(1)? {
        b'u' | b'U' if rest.get(2) == Some(&b'{') => {
            let digits = rest[3..].iter().take(8).position(|byte| *byte == b'}')?;
            character(&rest[3..3 + digits], 16, digits + 4)
        }
        b'u' => character(rest.get(2..6)?, 16, 6),
        b'U' => character(rest.get(2..10)?, 16, 10),
        b'x' | b'X' => byte(rest.get(2..4)?, 16, 4),
        b'0'..=b'3' => byte(rest.get(1..4)?, 8, 4),
        b'n' | b'r' | b't' | b'b' | b'f' | b'v' => Some((Meaning::Byte(b' '), 2)),
        other if other.is_ascii_punctuation() => Some((Meaning::Byte(other), 2)),
        _ => None,
    }
}

/// `&#65;`, `&#x41;`, `&amp;`.
fn entity(rest: &[u8]) -> Escape {
    let end = rest.iter().take(12).position(|byte| *byte == b';')?;
    let name = rest.get(1..end)?;
    match name {
        [b'#', b'x' | b'X', digits @ ..] => character(digits, 16, end + 1),
        [b'#', digits @ ..] => character(digits, 10, end + 1),
        b"amp" => Some((Meaning::Byte(b'&'), end + 1)),
        b"lt" => Some((Meaning::Byte(b'<'), end + 1)),
        b"gt" => Some((Meaning::Byte(b'>'), end + 1)),
        b"quot" => Some((Meaning::Byte(b'"'), end + 1)),
        b"apos" => Some((Meaning::Byte(b'\''), end + 1)),
        _ => None,
    }
}

fn character(digits: &[u8], radix: u32, length: usize) -> Escape {
    let c = char::from_u32(number(digits, radix)?)?;
    // As long as its escape, so that a view never outgrows its text.
    (c.len_utf8() <= length).then_some((Meaning::Char(c), length))
}

fn byte(digits: &[u8], radix: u32, length: usize) -> Escape {
    Some((Meaning::Byte(number(digits, radix)?.try_into().ok()?), length))
}

fn number(digits: &[u8], radix: u32) -> Option<u32> {
    // A sign is none of it.
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_alphanumeric) {
        return None;
    }
    u32::from_str_radix(std::str::from_utf8(digits).ok()?, radix).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_layer_of_escapes_is_undone() {
        for (text, plain) in [
            ("a%62%2Bc", "ab+c"),
            (r"\u0061b\x63\144\u{65}\/\n", "abcde/ "),
            ("%u0061&#98;&#x63;&amp;&quot;", "abc&\""),
            ("%2541", "%41"),
            (r"\\u0061", r"\u0061"),
            ("\\u00e4", "ä"),
        ] {
            let view = unescape(&View::of(text)).unwrap();
            assert_eq!(std::str::from_utf8(&view.bytes).unwrap(), plain, "{text}");
            assert_eq!(view.from[0].start, 0);
            assert_eq!(view.from.last().unwrap().end, text.len());
        }
        for text in
            ["", "100 %", "%zz", "%", "\\", r"\u12", r"\q", "&", "&nbsp", "&#;", "%+1", "a & b"]
        {
            assert!(unescape(&View::of(text)).is_none(), "{text}");
        }
    }
}
