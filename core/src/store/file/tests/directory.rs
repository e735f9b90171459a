//! Which directories are fit, and what becomes of those that are not.

use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::{chown, lchown, symlink};
use std::path::{Path, PathBuf};

use rustix::process::geteuid;

use super::room::{mode, set_mode};
use super::*;

/// Why a setting is refused.
fn misnamed(path: &Path) -> String {
    let error = FileStore::in_directory(path).unwrap_err();
    assert_eq!(error.code(), Code::InvalidArgument);
    error.message().to_owned()
}

/// Why nothing can be kept there, each time anew.
fn unfit(path: &Path) -> String {
    let why = || {
        let store = FileStore::in_directory(path).unwrap();
        let why = refused(store.load(NAME, PATIENCE));
        assert_eq!(refused(save(&store, None, b"entry")), why);
        assert_eq!(refused(store.lease(NAME, "a", LONG, PATIENCE)), why);
        store.release(NAME, "a", PATIENCE).unwrap();
        why
    };
    let (first, second) = (why(), why());
    assert_eq!(first, second);
    first
}

/// This user's own in a directory that others can come into.
fn own(path: &Path) -> PathBuf {
    path.join(format!("frontegg-token-{}", geteuid().as_raw()))
}

#[test]
fn a_directory_is_made_on_first_use_for_this_user_alone() {
    let room = Room::new();
    let path = room.root().join("parent/store");
    let store = FileStore::in_directory(&path).unwrap();
    assert!(!path.exists());
    assert_eq!(loaded(&store), None);
    assert_eq!((mode(&path), mode(path.parent().unwrap())), (0o700, 0o700));
    assert!(save(&store, None, b"entry").unwrap());
    assert_eq!(lease(&store, "a", LONG), Lease::Acquired);
    for file in fs::read_dir(&path).unwrap() {
        assert_eq!(mode(&file.unwrap().path()), 0o600);
    }
    // Whoever clears the cache does no harm.
    fs::remove_dir_all(&path).unwrap();
    assert_eq!(loaded(&store), None);
    assert!(save(&store, None, b"entry").unwrap());
}

#[test]
fn a_directory_that_others_can_come_into_is_left_as_it_is_and_has_one_that_they_cannot() {
    for others in [0o755, 0o750, 0o711, 0o770, 0o702, 0o1777, 0o777, 0o2777] {
        let room = Room::new();
        fs::create_dir(room.path()).unwrap();
        set_mode(room.path(), others);
        let store = room.store();
        assert_eq!(loaded(&store), None);
        assert!(save(&store, None, b"entry").unwrap());
        assert_eq!(lease(&store, "a", LONG), Lease::Acquired);
        assert_eq!(lease(&room.store(), "b", LONG), Lease::Held);
        assert_eq!(loaded(&room.store()).unwrap(), b"entry");
        let modes = (mode(room.path()), mode(&own(room.path())) & 0o777);
        assert_eq!(modes, (others, 0o700));
        assert_eq!(room.files().len(), 1, "the subdirectory");
    }
}

#[test]
fn a_subdirectory_that_is_not_private_either_is_left_as_it_is_and_not_used() {
    let room = Room::new();
    let own = own(room.path());
    fs::create_dir_all(&own).unwrap();
    set_mode(room.path(), 0o1777);
    for others in [0o777, 0o755, 0o710] {
        set_mode(&own, others);
        let why = unfit(room.path());
        assert!(why.contains("is open to other users") && why.contains(&*own.to_string_lossy()));
        assert_eq!((mode(room.path()), mode(&own)), (0o1777, others));
    }
    assert_eq!(fs::read_dir(&own).unwrap().count(), 0);
    // It is used as soon as it is private.
    let store = room.store();
    set_mode(&own, 0o700);
    assert!(save(&store, None, b"entry").unwrap());
    fs::remove_dir_all(&own).unwrap();
    // What else may be in its place.
    let elsewhere = room.root().join("elsewhere");
    fs::create_dir(&elsewhere).unwrap();
    set_mode(&elsewhere, 0o700);
    symlink(&elsewhere, &own).unwrap();
    assert!(unfit(room.path()).contains("is a symbolic link"));
    fs::remove_file(&own).unwrap();
    fs::write(&own, "").unwrap();
    assert!(unfit(room.path()).contains("is not a directory"));
    if geteuid().is_root() {
        fs::remove_file(&own).unwrap();
        fs::create_dir(&own).unwrap();
        set_mode(&own, 0o700);
        chown(&own, Some(1), None).unwrap();
        assert!(unfit(room.path()).contains("belongs to another user"));
    }
    assert_eq!(fs::read_dir(&elsewhere).unwrap().count(), 0);
}

#[test]
fn a_directory_of_another_users_is_not_used_and_nothing_is_put_there() {
    let (room, top) = (Room::new(), Path::new("/"));
    if geteuid().is_root() {
        fs::create_dir(room.path()).unwrap();
        chown(room.path(), Some(1), None).unwrap();
        for open in [0o700, 0o755, 0o1777, 0o777] {
            set_mode(room.path(), open);
            assert!(unfit(room.path()).contains("belongs to another user"));
            assert!(room.files().is_empty());
        }
    } else {
        assert!(unfit(top).contains("Permission denied"));
    }
}

#[test]
fn what_is_no_directory_is_a_bad_setting_unless_another_user_put_it_there() {
    let room = Room::new();
    let (file, link) = (room.root().join("file"), room.root().join("link"));
    fs::write(&file, "").unwrap();
    assert!(misnamed(&file).contains("is not a directory"));
    for target in [&file, room.root(), Path::new("/nowhere")] {
        symlink(target, &link).unwrap();
        for spelling in [link.clone(), link.join(""), link.join(".")] {
            assert!(misnamed(&spelling).contains("is a symbolic link"));
        }
        fs::remove_file(&link).unwrap();
    }
    assert!(misnamed(Path::new("")).contains("is not a path"));
    assert!(misnamed(Path::new("/tmp/\0")).contains("is not a path"));
    if geteuid().is_root() {
        symlink(room.root(), &link).unwrap();
        lchown(&link, Some(1), None).unwrap();
        assert!(unfit(&link).contains("is a symbolic link"));
        chown(&file, Some(1), None).unwrap();
        assert!(unfit(&file).contains("is not a directory"));
    }
}

#[test]
fn a_directory_that_changes_is_looked_at_anew() {
    let room = Room::new();
    let store = room.store();
    assert!(save(&store, None, b"entry").unwrap());
    set_mode(room.path(), 0o777);
    assert_eq!(loaded(&store), None, "it is another one now");
    set_mode(room.path(), 0o700);
    assert_eq!(loaded(&store).unwrap(), b"entry");
    // Moved away, and a link in its place.
    let moved = room.root().join("moved");
    fs::rename(room.path(), &moved).unwrap();
    symlink(&moved, room.path()).unwrap();
    assert!(refused(store.load(NAME, PATIENCE)).contains("is a symbolic link"));
}

#[test]
fn a_directory_that_cannot_be_made_is_told_by_the_operations() {
    let room = Room::new();
    let file = room.root().join("file");
    fs::write(&file, "").unwrap();
    let store = FileStore::in_directory(file.join("store")).unwrap();
    for message in [
        refused(store.load(NAME, PATIENCE)),
        refused(save(&store, None, b"entry")),
        refused(store.lease(NAME, "a", LONG, PATIENCE)),
    ] {
        assert!(message.contains("Not a directory"), "{message}");
        assert!(message.contains(&*file.to_string_lossy()), "{message}");
    }
    store.release(NAME, "a", PATIENCE).unwrap();
    // As soon as it can be made, it is.
    fs::remove_file(&file).unwrap();
    assert!(save(&store, None, b"entry").unwrap());
}

#[test]
fn a_relative_path_is_one_of_the_directory_at_that_time() {
    let store = FileStore::in_directory("./no-such-directory/").unwrap();
    let absolute = std::env::current_dir().unwrap().join("no-such-directory");
    assert_eq!(store.directory.named().unwrap(), absolute);
}

/// The default place, in an environment of these variables.
fn default_directory(variables: &[(&str, &Path)]) -> Directory {
    Directory::of_user(Caches::of_user(|name| {
        let value = variables.iter().find(|(variable, _)| *variable == name);
        value.map(|(_, value)| OsString::from(value))
    }))
}

fn place(variables: &[(&str, &str)]) -> Option<PathBuf> {
    let variables: Vec<_> =
        variables.iter().map(|(variable, value)| (*variable, Path::new(value))).collect();
    default_directory(&variables).named().map(Path::to_owned)
}

#[test]
fn the_default_place_is_in_the_users_caches() {
    let home = ("HOME", "/home/acme");
    if cfg!(target_vendor = "apple") {
        assert_eq!(place(&[home]).unwrap(), Path::new("/home/acme/Library/Caches/frontegg-token"));
    } else {
        let below_home = Path::new("/home/acme/.cache/frontegg-token");
        assert_eq!(place(&[home]).unwrap(), below_home);
        for ignored in ["", "relative"] {
            assert_eq!(place(&[home, ("XDG_CACHE_HOME", ignored)]).unwrap(), below_home);
        }
        let caches = place(&[home, ("XDG_CACHE_HOME", "/caches")]);
        assert_eq!(caches.unwrap(), Path::new("/caches/frontegg-token"));
    }
    assert_eq!(place(&[]), None);
    assert_eq!(place(&[("HOME", "")]), None);
}

#[test]
fn an_environment_without_a_place_is_told_by_the_operations() {
    let room = Room::new();
    let store = |variables: &[(&str, &Path)]| FileStore::of(default_directory(variables));
    for variables in [&[][..], &[("HOME", Path::new(""))], &[("HOME", Path::new("home"))]] {
        let why = refused(store(variables).load(NAME, PATIENCE));
        assert!(why.contains("names no directory for the user's caches"), "{why}");
    }
    // A home that is not there is not made.
    let home = room.root().join("home");
    let at_home = store(&[("HOME", &home)]);
    for _ in 0..2 {
        let why = refused(save(&at_home, None, b"entry"));
        assert!(why.contains("No such file or directory"), "{why}");
    }
    assert!(!home.exists());
    fs::create_dir(&home).unwrap();
    assert!(save(&at_home, None, b"entry").unwrap());
    // A place for caches that is not there is, as its specification asks.
    let caches = room.root().join("caches");
    if !cfg!(target_vendor = "apple") {
        assert!(save(&store(&[("XDG_CACHE_HOME", &caches)]), None, b"entry").unwrap());
        assert_eq!(mode(&caches), 0o700);
        // Nobody named what is there.
        let file = caches.join("file");
        fs::create_dir(&file).unwrap();
        fs::write(file.join("frontegg-token"), "").unwrap();
        let why = refused(store(&[("XDG_CACHE_HOME", &file)]).load(NAME, PATIENCE));
        assert!(why.contains("is not a directory"), "{why}");
    }
}
