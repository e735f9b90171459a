//! Entries are sealed, and their names say nothing: whoever can read a store but lacks the API
//! token's secret learns neither token nor client id.
//!
//! An entry, byte by byte:
//!
//! | bytes | what |
//! |---|---|
//! | 0 | the version of all that follows: 1 |
//! | 1 to 12 | a nonce, at random |
//! | 13 to the last but 16 | the text, encrypted by ChaCha20-Poly1305 (RFC 8439) |
//! | the last 16 | the tag, over the text, byte 0 and the entry's name |
//!
//! In a directory it is all of the file `NAME.token`. When the entry may be forgotten is the
//! file's time of modification, which then lies after the file's last change; a file without
//! that is kept for a year. Beside it are `NAME.lock`, with the record of the lease, a
//! `NAME.lease-NUMBER`, and while it is saved a `NAME.draft-…`.
//!
//! Key and name come from the secret by HKDF-SHA-256 (RFC 5869), with a fixed salt, and an info
//! that says what for, for which endpoint, vendor host and client id. So each of them, and a
//! rotated secret, has an entry of its own; and one that was moved under another name does not
//! open. A secret that can be guessed can be guessed from an entry: Frontegg's own are random.

use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::hkdf::{HKDF_SHA256, KeyType, Prk, Salt};
use ring::rand::{SecureRandom, SystemRandom};
use zeroize::Zeroizing;

use crate::{Credentials, Error};

const VERSION: u8 = 1;
const SALT: &[u8] = b"frontegg-token shared store";

/// What seals and opens the entry of one API token at one endpoint, and how it is called.
pub(crate) struct Vault {
    name: String,
    key: LessSafeKey,
}

impl Vault {
    /// `place`: endpoint and vendor host.
    pub(crate) fn new(credentials: &Credentials, place: [&str; 2]) -> Self {
        let root = Salt::new(HKDF_SHA256, SALT).extract(credentials.secret().expose().as_bytes());
        let about = [place[0], place[1], credentials.client_id()];
        let key = derive(&root, "key", about);
        let key = UnboundKey::new(&CHACHA20_POLY1305, &*key).expect("the key has its length");
        let name = hex(&*derive(&root, "name", about));
        Self { name, key: LessSafeKey::new(key) }
    }

    /// 64 hexadecimal digits.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn seal(&self, text: &[u8]) -> Result<Vec<u8>, Error> {
        let nonce: [u8; NONCE_LEN] = random()?;
        // The text is encrypted where it lies, so nothing is left of it.
        let tag_length = CHACHA20_POLY1305.tag_len();
        let mut entry = Vec::with_capacity(1 + NONCE_LEN + text.len() + tag_length);
        entry.push(VERSION);
        entry.extend_from_slice(&nonce);
        entry.extend_from_slice(text);
        let nonce = Nonce::assume_unique_for_key(nonce);
        let text = &mut entry[1 + NONCE_LEN..];
        let tag = self.key.seal_in_place_separate_tag(nonce, self.bound(VERSION), text);
        let tag = tag.map_err(|_| Error::internal("the entry cannot be sealed"))?;
        entry.extend_from_slice(tag.as_ref());
        Ok(entry)
    }

    /// The text; `None` for an entry that is damaged, of another version, or another's.
    pub(crate) fn open(&self, entry: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let (&version, rest) = entry.split_first()?;
        let (nonce, sealed) = rest.split_at_checked(NONCE_LEN)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let mut text = Zeroizing::new(sealed.to_vec());
        let bound = self.bound(version);
        let length = self.key.open_in_place(nonce, bound, &mut text).ok()?.len();
        text.truncate(length);
        (version == VERSION).then_some(text)
    }

    /// What the tag covers beside the text.
    fn bound(&self, version: u8) -> Aad<Vec<u8>> {
        Aad::from([&[version], self.name.as_bytes()].concat())
    }
}

fn random<const N: usize>() -> Result<[u8; N], Error> {
    let mut bytes = [0; N];
    let filled = SystemRandom::new().fill(&mut bytes);
    filled.map_err(|_| Error::store("the system gives no random bytes"))?;
    Ok(bytes)
}

fn hex(bytes: &[u8]) -> String {
    let digit = |nibble: u8| char::from(b"0123456789abcdef"[usize::from(nibble)]);
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

/// A name that nobody else has.
pub(crate) fn unique() -> Result<String, Error> {
    Ok(hex(&random::<16>()?))
}

/// 32 bytes for this purpose. Parts are told apart by their lengths.
fn derive(root: &Prk, purpose: &str, about: [&str; 3]) -> Zeroizing<[u8; 32]> {
    struct Length;
    impl KeyType for Length {
        fn len(&self) -> usize {
            32
        }
    }
    let mut info = Zeroizing::new(Vec::with_capacity(256));
    for part in [purpose].iter().chain(&about) {
        info.extend_from_slice(&(part.len() as u64).to_be_bytes());
        info.extend_from_slice(part.as_bytes());
    }
    let mut bytes = Zeroizing::new([0; 32]);
    let derived = root.expand(&[&info], Length).and_then(|okm| okm.fill(&mut *bytes));
    derived.expect("the length is one that HKDF gives");
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLACE: [&str; 2] = ["https://api.example.com/identity", "acme.example.com"];

    fn vault(id: &str, secret: &str, place: [&str; 2]) -> Vault {
        Vault::new(&Credentials::new(id, secret).unwrap(), place)
    }

    #[test]
    fn what_was_sealed_opens_again_and_never_looks_the_same() {
        let vault = vault("id", "secret", PLACE);
        let (one, other) = (vault.seal(b"a token").unwrap(), vault.seal(b"a token").unwrap());
        assert_eq!(*vault.open(&one).unwrap(), b"a token");
        assert_eq!(*vault.open(&other).unwrap(), b"a token");
        assert_ne!(one, other);
        assert!(vault.open(&vault.seal(b"").unwrap()).unwrap().is_empty());
    }

    #[test]
    fn names_and_keys_are_each_ones_own() {
        let all = [
            vault("id", "secret", PLACE),
            vault("id2", "secret", PLACE),
            vault("id", "secret2", PLACE),
            vault("id", "secret", ["https://api.example.com", PLACE[1]]),
            vault("id", "secret", [PLACE[0], ""]),
            // The same letters, cut elsewhere.
            vault("id", "secret", ["https://api.example.com/identityacme", ".example.com"]),
        ];
        for (at, one) in all.iter().enumerate() {
            assert!(one.name().len() == 64 && one.name().bytes().all(|b| b.is_ascii_hexdigit()));
            let entry = one.seal(b"text").unwrap();
            for other in all.iter().skip(at + 1) {
                assert_ne!(one.name(), other.name());
                assert!(other.open(&entry).is_none());
            }
        }
        let again = vault("id", "secret", PLACE);
        assert_eq!(again.name(), all[0].name());
        assert!(again.open(&all[0].seal(b"text").unwrap()).is_some());
    }

    #[test]
    fn an_entry_opens_under_its_own_name_alone() {
        let mut vault = vault("id", "secret", PLACE);
        let entry = vault.seal(b"text").unwrap();
        vault.name = "0".repeat(64);
        assert!(vault.open(&entry).is_none());
    }

    #[test]
    fn a_flipped_bit_anywhere_and_a_lost_byte_make_a_miss() {
        let vault = vault("id", "secret", PLACE);
        let entry = vault.seal(br#"{"generation":1}"#).unwrap();
        for at in 0..entry.len() * 8 {
            let mut damaged = entry.clone();
            damaged[at / 8] ^= 1 << (at % 8);
            assert!(vault.open(&damaged).is_none(), "bit {at}");
        }
        for length in 0..entry.len() {
            assert!(vault.open(&entry[..length]).is_none(), "{length} bytes");
        }
    }

    #[test]
    fn another_version_is_a_miss_even_if_it_is_whole() {
        let vault = vault("id", "secret", PLACE);
        for version in [0, VERSION + 1, u8::MAX] {
            let mut entry = vec![version];
            entry.extend_from_slice(&[7; NONCE_LEN]);
            let mut text = b"text".to_vec();
            let nonce = Nonce::assume_unique_for_key([7; NONCE_LEN]);
            vault.key.seal_in_place_append_tag(nonce, vault.bound(version), &mut text).unwrap();
            entry.extend_from_slice(&text);
            assert!(vault.open(&entry).is_none(), "version {version}");
        }
    }
}
