//! Two users of one host, as real processes.

use std::fs;
use std::os::unix::fs::{PermissionsExt, lchown, symlink};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use frontegg_token::{FileStore, Origin, TokenStore as _};

use crate::fleet::{Member, Service};
use crate::{LONG, NAME};

/// Nobody's, as far as these tests care.
const OTHERS: u32 = 61_616;
/// Set in the process of the other user: what to do and where; for a source also at which service,
/// and with which credentials.
const TASK: &str = "FRONTEGG_TEST_AS_ANOTHER_USER";

/// Runs in a process of its own, for the test below.
#[test]
fn task_of_another_user() {
    let Ok(task) = std::env::var(TASK) else { return };
    let mut words = task.split(' ');
    let mut word = || words.next().unwrap();
    let (what, directory) = (word(), word());
    match what {
        "refused" => assert_refused(Path::new(directory), "Permission denied"),
        // What he plants where somebody else is to come later.
        "plant" => {
            fs::create_dir(directory).unwrap();
            fs::set_permissions(directory, fs::Permissions::from_mode(0o700)).unwrap();
        }
        _ => {
            // With a directory of his own, the same credentials and the same service.
            let store = FileStore::in_directory(directory);
            let theirs = Member::new(word(), word(), word(), store);
            assert_eq!(theirs.token().origin(), Some(Origin::Authenticate));
        }
    }
}

/// That nothing can be kept there.
fn assert_refused(directory: &Path, says: &str) {
    let store = FileStore::in_directory(directory).unwrap();
    let error = store.load(NAME, LONG).unwrap_err();
    assert!(error.message().contains(says), "{error}");
}

fn as_another_user(exe: &Path, task: &str) {
    let output = Command::new(exe)
        .args(["--exact", "users::task_of_another_user", "--nocapture"])
        .env(TASK, task)
        .current_dir("/")
        .uid(OTHERS)
        .gid(OTHERS)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn users_of_one_host_see_nothing_of_each_other() {
    if !rustix::process::geteuid().is_root() {
        eprintln!("not tested with two users: only root can be another one");
        return;
    }
    let service = Service::start();
    let folder = tempfile::TempDir::new().unwrap();
    let room = folder.path();
    fs::set_permissions(room, fs::Permissions::from_mode(0o1777)).unwrap();
    // Where the other may run it.
    let exe = room.join("test");
    fs::copy(std::env::current_exe().unwrap(), &exe).unwrap();

    let directory = room.join("mine");
    service.member(FileStore::in_directory(&directory)).token();
    let before = contents(&directory);
    as_another_user(&exe, &format!("refused {}", directory.display()));
    let (url, api_token) = (service.0.base_url(), &service.0.api_tokens()[0]);
    let (id, secret) = (&api_token.client_id, api_token.secret.expose());
    let theirs = room.join("theirs");
    as_another_user(&exe, &format!("own {} {url} {id} {secret}", theirs.display()));
    assert_eq!(contents(&directory), before);

    // What another has put where a store is to be, or leads to from there.
    let planted = room.join("planted");
    as_another_user(&exe, &format!("plant {}", planted.display()));
    let link = room.join("link");
    symlink(&planted, &link).unwrap();
    lchown(&link, Some(OTHERS), None).unwrap();
    assert_refused(&planted, "belongs to another user");
    assert_refused(&link, "is a symbolic link");
    assert!(contents(&planted).is_empty());
    let counts = service.0.state().counts;
    assert_eq!((counts.authenticate.total, counts.refresh.total), (2, 0));
}

/// The names and bytes of all files.
fn contents(directory: &Path) -> Vec<(String, Vec<u8>)> {
    let entries = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
    let mut contents: Vec<_> =
        entries.map(|path| (path.display().to_string(), fs::read(&path).unwrap())).collect();
    contents.sort();
    contents
}
