//! What certificates are made of, as far as faulty ones need it: DER, whose items are a tag, a length
//! and a content.

pub(super) const INTEGER: u8 = 0x02;
pub(super) const BIT_STRING: u8 = 0x03;
pub(super) const OCTET_STRING: u8 = 0x04;
pub(super) const OID: u8 = 0x06;
pub(super) const SEQUENCE: u8 = 0x30;

/// An item.
pub(super) fn item(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len().to_be_bytes();
    let length = &length[length.iter().take_while(|byte| **byte == 0).count()..];
    let mut item = vec![tag];
    match (content.len(), u8::try_from(length.len())) {
        (short @ 0..=127, _) => item.extend(u8::try_from(short)),
        (_, bytes) => {
            item.push(0x80 | bytes.expect("at most 8"));
            item.extend(length);
        }
    }
    item.extend(content);
    item
}

/// The items that stand one behind the other, each whole.
pub(super) fn items(mut bytes: &[u8]) -> Vec<&[u8]> {
    let mut all = Vec::new();
    while !bytes.is_empty() {
        let (header, content) = measure(bytes);
        let (item, rest) = bytes.split_at(header + content);
        all.push(item);
        bytes = rest;
    }
    all
}

/// What an item holds.
pub(super) fn content(item: &[u8]) -> &[u8] {
    &item[measure(item).0..]
}

/// The lengths of the header and of the content. The item is one of our own.
fn measure(item: &[u8]) -> (usize, usize) {
    match item[1] {
        short @ 0..=127 => (2, short.into()),
        long => {
            let bytes = usize::from(long & 0x7F);
            let length = &item[2..2 + bytes];
            (2 + bytes, length.iter().fold(0, |all, byte| all << 8 | usize::from(*byte)))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_of_all_lengths_are_written_and_read() {
        for length in [0, 1, 127, 128, 255, 256, 70_000] {
            let bytes = vec![7; length];
            let one = item(OCTET_STRING, &bytes);
            assert_eq!(content(&one), bytes);
            assert_eq!(items(&[&one[..], &one].concat()), [&one, &one]);
        }
        assert_eq!(item(INTEGER, &[5]), [2, 1, 5]);
        assert_eq!(item(SEQUENCE, &[0; 200])[..3], [0x30, 0x81, 200]);
    }
}
