//! Removes what nobody will come back for: drafts of writers that were killed, and entries that
//! may be forgotten, such as those of a secret that was rotated.
//!
//! Whatever is removed of an entry is removed under its lock, and only where nobody has its
//! lease. The lock goes last: who waits for it sees that it has no name any more.

use std::collections::HashMap;
use std::fs::{self, Metadata, OpenOptions};
use std::hash::RandomState;
use std::time::{Duration, Instant, SystemTime};

use crate::store::file::directory::Place;
use crate::store::file::lock::{self, Locked};
use crate::store::file::{NAME_LENGTH, entry, permissions};

/// A draft this old has lost its writer.
const LITTER_AFTER: Duration = Duration::from_secs(60);
/// Locks without an entry are of one that was never saved, and is asked for no more.
const ABANDONED_AFTER: Duration = Duration::from_secs(90 * 24 * 3600);
/// No longer than that at a time: somebody waits.
const ENOUGH: Duration = Duration::from_millis(50);

/// Goes through the directory. The entry of the name `but` is in use.
pub(super) fn sweep(place: &Place<'_>, but: &str, now: SystemTime) {
    let start = Instant::now();
    // In an order of its own each time, so that every entry has its turn.
    let mut files: HashMap<String, Vec<String>, RandomState> = HashMap::default();
    for (name, file) in list(place) {
        files.entry(name).or_default().push(file);
    }
    for (name, files) in files {
        if start.elapsed() > ENOUGH {
            return;
        }
        // Whoever writes one is about to save it.
        let is_draft = |file: &String| file.starts_with(&entry::drafts(&name));
        let (drafts, files): (Vec<_>, Vec<_>) = files.into_iter().partition(is_draft);
        let are_litter = drafts.iter().map(|draft| remove_litter(place, draft));
        let nobody_writes = are_litter.fold(true, |all, this| all & this);
        let is_in_use = name == but || !nobody_writes || files.is_empty();
        if !is_in_use && is_over(place, &name, &files, now) {
            remove(place, &name, now);
        }
    }
}

/// The files, each with the name of its entry.
fn list(place: &Place<'_>) -> impl Iterator<Item = (String, String)> {
    let files = fs::read_dir(place.path()).into_iter().flatten().flatten();
    let files = files.filter_map(|file| file.file_name().into_string().ok());
    files.filter_map(|file| Some((name_of(&file)?.to_owned(), file)))
}

/// The entry that a file belongs to, if it is one of a store's.
fn name_of(file: &str) -> Option<&str> {
    let (name, kind) = file.split_once('.')?;
    let is_name = name.len() == NAME_LENGTH && name.bytes().all(|byte| byte.is_ascii_hexdigit());
    let known = kind == "token" || kind == "lock";
    let known = known || kind.starts_with("lease-") || kind.starts_with("draft-");
    (is_name && known).then_some(name)
}

fn metadata(place: &Place<'_>, file: &str) -> Option<Metadata> {
    let metadata = fs::symlink_metadata(place.path().join(file)).ok()?;
    permissions::is_own_file(&metadata).then_some(metadata)
}

/// Removes a draft that has lost its writer; whether it had.
fn remove_litter(place: &Place<'_>, draft: &str) -> bool {
    let Some(metadata) = metadata(place, draft) else { return false };
    let times = [metadata.modified().ok(), permissions::changed(&metadata)];
    let ages = times.into_iter().flatten().filter_map(|time| time.elapsed().ok());
    let is_litter = ages.max().is_some_and(|age| age > LITTER_AFTER);
    if is_litter {
        place.remove(draft);
    }
    is_litter
}

/// Whether all that there is of an entry can go.
fn is_over(place: &Place<'_>, name: &str, files: &[String], now: SystemTime) -> bool {
    match metadata(place, &entry::file_name(name)) {
        Some(metadata) => entry::is_over(&metadata, now),
        None => files.iter().all(|file| {
            metadata(place, file).is_some_and(|metadata| {
                let changed = permissions::changed(&metadata);
                let age = changed.and_then(|changed| now.duration_since(changed).ok());
                age.is_some_and(|age| age > ABANDONED_AFTER)
            })
        }),
    }
}

fn remove(place: &Place<'_>, name: &str, now: SystemTime) {
    let lock = lock::file_name(name);
    let Some(locked) = lock_now(place, &lock) else { return };
    // Somebody may have saved it meanwhile, or have come to do so.
    let files = list(place).filter_map(|(of, file)| (of == name && file != lock).then_some(file));
    let files: Vec<_> = files.collect();
    let is_written = files.iter().any(|file| file.starts_with(&entry::drafts(name)));
    if is_written || !is_over(place, name, &files, now) {
        return;
    }
    let leases: Vec<_> = files.iter().filter(|file| file.contains(".lease-")).collect();
    let locks: Vec<_> = leases.iter().map_while(|lease| lock_now(place, lease)).collect();
    if locks.len() < leases.len() {
        return;
    }
    for file in &files {
        place.remove(file);
    }
    if cfg!(unix) {
        place.remove(&lock);
    }
    drop((locks, locked));
}

/// Locks a file, if that can be done at once.
fn lock_now(place: &Place<'_>, file: &str) -> Option<Locked> {
    let mut options = OpenOptions::new();
    let file = place.open(file, options.read(true).write(true).create(true)).ok()??;
    Locked::new(file).ok()?.filter(|locked| permissions::is_named(locked.file()).unwrap_or(false))
}
