//! A lease: a lock that ends with its process, and that is lost by a process which is stopped.
//!
//! The kernel's lock is on a file with a number, and which number it is stands in a record. To
//! take a lease from its holder is to go on to the next number.

use std::io::{self, Read as _, Seek as _, Write as _};
use std::time::Duration;

use crate::Error;
use crate::clock;
use crate::store::file::directory::Place;
use crate::store::file::lock::{self, Locked};

/// Takes the lease; `None` where somebody else has it and may keep it yet.
pub(super) fn take(
    place: &Place<'_>,
    name: &str,
    span: Duration,
    within: Duration,
) -> Result<Option<Locked>, Error> {
    let failure = |error| place.failure("take a lease", &error);
    let lock = lock::take(place, name, within)?;
    let now = clock::of_host();
    let last = Record::read(&lock).map_err(failure)?;
    let mut number = last.number;
    loop {
        let file = format!("{name}.lease-{number}");
        if let Some(lease) = Locked::new(place.open_to_lock(&file)?).map_err(failure)? {
            let until = now.saturating_add(clock::nanos(span));
            Record { number, since: now, until }.write(&lock).map_err(failure)?;
            return Ok(Some(lease));
        }
        if last.is_valid(now) {
            return Ok(None);
        }
        // Its holder has the file open and keeps the lock, which says nothing any more.
        place.remove(&file);
        number = number.wrapping_add(1);
    }
}

/// What the file of an entry's lock says about its lease. Times are of the host's clock.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Record {
    number: u64,
    since: u64,
    until: u64,
}

/// Three numbers as wide as they can be, and what stands behind each.
const LENGTH: usize = 3 * (20 + 1);

impl Record {
    /// Whether the holder may keep its lease. A record from the future is of another boot.
    fn is_valid(self, now: u64) -> bool {
        (self.since..self.until).contains(&now)
    }

    /// What is damaged counts as the first record, of a lease that is over.
    fn read(lock: &Locked) -> io::Result<Self> {
        let (mut file, mut text) = (lock.file(), Vec::new());
        file.rewind()?;
        file.take(LENGTH as u64 + 1).read_to_end(&mut text)?;
        Ok(Self::parse(&text).unwrap_or_default())
    }

    fn parse(text: &[u8]) -> Option<Self> {
        let text = str::from_utf8(text).ok().filter(|text| text.len() == LENGTH)?;
        let mut numbers = text.split_ascii_whitespace().map(str::parse);
        let mut next = || numbers.next()?.ok();
        let record = Self { number: next()?, since: next()?, until: next()? };
        numbers.next().is_none().then_some(record)
    }

    /// As long as the last one, so that it fits on a disk that is full.
    fn write(self, lock: &Locked) -> io::Result<()> {
        let mut file = lock.file();
        file.set_len(LENGTH as u64)?;
        file.rewind()?;
        let text = format!("{:020} {:020} {:020}\n", self.number, self.since, self.until);
        file.write_all(text.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RECORD: Record = Record { number: 3, since: 1000, until: 2000 };

    #[test]
    fn a_lease_is_valid_from_its_start_to_its_end_and_not_in_another_boot() {
        assert!(RECORD.is_valid(1000) && RECORD.is_valid(1999));
        assert!(!RECORD.is_valid(2000) && !RECORD.is_valid(999));
    }

    #[test]
    fn a_record_is_all_there_or_none() {
        let text = format!("{:020} {:020} {:020}\n", 3, 1000, 2000);
        assert_eq!(Record::parse(text.as_bytes()), Some(RECORD));
        let longest = format!("{} {} {}\n", u64::MAX, u64::MAX, u64::MAX);
        assert_eq!(Record::parse(longest.as_bytes()).unwrap().number, u64::MAX);
        for damaged in [&text[1..], &text[..40], &format!("{text}\n"), &text.replace('3', "x"), ""]
        {
            assert_eq!(Record::parse(damaged.as_bytes()), None);
        }
        assert_eq!(Record::parse(&[0; LENGTH]), None);
    }
}
