//! A process that has more rights than its caller takes nothing from its caller's environment.
//!
//! This test's own program, copied and made set-user-id, set-group-id or given a capability, is
//! run as another user. Only root can do that: `make test` runs these tests where it is root.

#![cfg(target_os = "linux")]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use frontegg_token::{
    Client, Code, Credentials, Endpoint, Error, FileStore, TokenSource, TokenSourceBuilder,
    TokenStore,
};
use rustix::fs::{XattrFlags, setxattr};
use rustix::process::geteuid;

/// Nobody's, as far as these tests care.
const OTHERS: u32 = 61_617;
/// Set in the process that is started: whether it is to be a privileged one.
const EXPECTED: &str = "FRONTEGG_TEST_PRIVILEGED";

/// Runs in a process of its own, for the tests below.
#[test]
fn what_is_taken_from_the_environment() {
    let Ok(expected) = std::env::var(EXPECTED) else { return };
    let ignored = expected == "true";
    let refused = |error: Option<Error>| {
        let Some(error) = error else { return false };
        assert_eq!(error.code(), Code::InvalidArgument);
        assert!(error.message().contains("privileged process"), "{error}");
        true
    };
    let build = |url: &str| Client::builder(Endpoint::url(url).unwrap()).build();
    let local = build("http://127.0.0.1:1").unwrap();
    assert_eq!(refused(Client::from_env().err()), ignored);
    assert_eq!(refused(Credentials::from_env().err()), ignored);
    assert_eq!(refused(TokenSource::from_env().err()), ignored);
    assert_eq!(refused(TokenSourceBuilder::from_env_with(local).build().err()), ignored);
    let loaded = FileStore::new().load(&"0".repeat(64), Duration::from_secs(2));
    let has_no_place = |error: Error| error.message().contains("names no directory");
    assert_eq!(loaded.err().is_some_and(has_no_place), ignored);
    // The proxy for `https` is one that cannot be.
    let by_proxy = build("https://service.example");
    assert_eq!(by_proxy.is_ok(), ignored, "{by_proxy:?}");
}

/// Runs this program as another user, with everything in the environment that is ever read.
fn run(program: &Path, privileged: bool) {
    let room = program.parent().unwrap();
    let output = Command::new(program)
        .args(["--exact", "what_is_taken_from_the_environment", "--nocapture"])
        .env_clear()
        .env(EXPECTED, privileged.to_string())
        .env("FRONTEGG_BASE_URL", "http://127.0.0.1:1")
        .env("FRONTEGG_VENDOR_HOST", "acme.example")
        .env("FRONTEGG_CLIENT_ID", "id")
        .env("FRONTEGG_SECRET", "secret")
        .env("FRONTEGG_TOKEN_STORE", "memory")
        .env("XDG_CACHE_HOME", room)
        .env("HOME", room)
        .env("HTTPS_PROXY", "ftp://proxy.example")
        .current_dir("/")
        .uid(OTHERS)
        .gid(OTHERS)
        .output()
        .unwrap();
    let (out, err) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success() && out.contains("1 passed"), "{out}{err}");
}

/// Makes a copy that others may run, in a folder of its own, and runs it.
fn run_copy(privilege: impl FnOnce(&Path), privileged: bool) {
    /// A process that is started meanwhile has the copy open to write for a moment, and what is
    /// open to write cannot be run.
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let _one = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    assert!(geteuid().is_root(), "only root can make a privileged program and be another user");
    let room = tempfile::TempDir::new().unwrap();
    fs::set_permissions(room.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let program = room.path().join("program");
    fs::copy(std::env::current_exe().unwrap(), &program).unwrap();
    privilege(&program);
    run(&program, privileged);
}

fn with_mode(mode: u32) -> impl FnOnce(&Path) {
    move |program| fs::set_permissions(program, fs::Permissions::from_mode(mode)).unwrap()
}

#[test]
#[ignore = "needs root"]
fn a_program_without_privileges_reads_the_environment() {
    run_copy(with_mode(0o755), false);
}

#[test]
#[ignore = "needs root"]
fn a_set_user_id_program_does_not_read_the_environment() {
    run_copy(with_mode(0o4755), true);
}

#[test]
#[ignore = "needs root"]
fn a_set_group_id_program_does_not_read_the_environment() {
    run_copy(with_mode(0o2755), true);
}

/// It has the same user and group ids as its caller: only the kernel can tell.
#[test]
#[ignore = "needs root"]
fn a_program_with_a_capability_does_not_read_the_environment() {
    // `struct vfs_cap_data`, revision 2: effective, and CAP_NET_BIND_SERVICE permitted.
    let capability: [u32; 5] = [0x0200_0001, 1 << 10, 0, 0, 0];
    let bytes: Vec<u8> = capability.iter().flat_map(|word| word.to_le_bytes()).collect();
    let privilege = |program: &Path| {
        with_mode(0o755)(program);
        setxattr(program, "security.capability", &bytes, XattrFlags::empty()).unwrap();
    };
    run_copy(privilege, true);
}
