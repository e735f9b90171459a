//! Which directories are fit, and what becomes of those that are not.

use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::{MetadataExt as _, chown, symlink};
use std::path::{Path, PathBuf};

use rustix::process::geteuid;

use super::room::{mode, set_mode};
use super::*;

/// Why a directory is refused.
fn unfit(path: &Path) -> String {
    let error = FileStore::in_directory(path).unwrap_err();
    assert_eq!(error.code(), Code::InvalidArgument);
    error.message().to_owned()
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
fn others_who_can_read_a_directory_are_shut_out() {
    let room = Room::new();
    fs::create_dir(room.path()).unwrap();
    set_mode(room.path(), 0o755);
    let store = room.store();
    assert_eq!(mode(room.path()), 0o700);
    set_mode(room.path(), 0o750);
    assert_eq!(loaded(&store), None);
    assert_eq!(mode(room.path()), 0o700);
}

#[test]
fn a_directory_that_others_can_write_to_is_refused_and_left_as_it_is() {
    let room = Room::new();
    fs::create_dir(room.path()).unwrap();
    for others in [0o770, 0o702, 0o1777] {
        set_mode(room.path(), others);
        assert!(unfit(room.path()).contains("can be written by other users"));
        assert_eq!(mode(room.path()), others);
    }
}

#[test]
fn a_directory_of_another_users_is_refused() {
    let (room, top) = (Room::new(), Path::new("/"));
    let theirs = if fs::metadata(top).unwrap().uid() == geteuid().as_raw() {
        fs::create_dir(room.path()).unwrap();
        chown(room.path(), Some(1), None).unwrap();
        room.path()
    } else {
        top
    };
    assert!(unfit(theirs).contains("belongs to another user"));
}

#[test]
fn what_is_no_directory_is_refused() {
    let room = Room::new();
    let (file, link) = (room.root().join("file"), room.root().join("link"));
    fs::write(&file, "").unwrap();
    assert!(unfit(&file).contains("is not a directory"));
    for target in [&file, room.root(), Path::new("/nowhere")] {
        symlink(target, &link).unwrap();
        for spelling in [link.clone(), link.join(""), link.join(".")] {
            assert!(unfit(&spelling).contains("is a symbolic link"));
        }
        fs::remove_file(&link).unwrap();
    }
    assert!(unfit(Path::new("")).contains("is not a path"));
    assert!(unfit(Path::new("/tmp/\0")).contains("is not a path"));
}

#[test]
fn a_directory_that_changes_for_the_worse_is_not_used() {
    let room = Room::new();
    let store = room.store();
    assert!(save(&store, None, b"entry").unwrap());
    set_mode(room.path(), 0o777);
    let others = "can be written by other users";
    assert!(refused(store.load(NAME, PATIENCE)).contains(others));
    assert!(refused(save(&store, None, b"new")).contains(others));
    assert!(refused(store.lease(NAME, "a", LONG, PATIENCE)).contains(others));
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
    assert_eq!(store.directory.path(), absolute);
}

/// The default place, in an environment of these variables.
fn place(variables: &[(&str, &str)]) -> Option<PathBuf> {
    super::directory_of_user(|name| {
        let value = variables.iter().find(|(variable, _)| *variable == name);
        value.map(|(_, value)| OsString::from(value))
    })
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
