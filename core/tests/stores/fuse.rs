//! A file system of the tests' own: one whose directories are open to all, whatever is asked for,
//! as those of CIFS and of Windows' disks under Linux are; and that can stop to answer.

use std::collections::HashMap;
use std::fs::File;
use std::io::{Read as _, Write as _};
use std::os::fd::AsRawFd as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use frontegg_token::{EventKind, FileStore};
use rustix::mount::{MountFlags, mount};
use tempfile::TempDir;

use crate::disks::run;
use crate::fleet::{Member, Service};

const LOOKUP: u32 = 1;
const FORGET: u32 = 2;
const GETATTR: u32 = 3;
const SETATTR: u32 = 4;
const MKDIR: u32 = 9;
const INIT: u32 = 26;
const BATCH_FORGET: u32 = 42;

const NOT_FOUND: i32 = 2;
const NOT_IMPLEMENTED: i32 = 38;

/// What precedes each question, and where its parts are.
const HEADER: usize = 40;
const ROOT: u64 = 1;

/// A mounted one, of directories alone.
struct Disk {
    folder: TempDir,
    hangs: Arc<(Mutex<bool>, Condvar)>,
}

impl Disk {
    fn mount() -> Option<Self> {
        if !rustix::process::geteuid().is_root() {
            eprintln!("not tested on a file system of its own: only root can mount one");
            return None;
        }
        let folder = TempDir::new().unwrap();
        let device = File::options().read(true).write(true).open("/dev/fuse").unwrap();
        let options = format!("fd={},rootmode=40000,user_id=0,group_id=0\0", device.as_raw_fd());
        let options = std::ffi::CStr::from_bytes_with_nul(options.as_bytes()).unwrap();
        mount("test", folder.path(), "fuse", MountFlags::NODEV, Some(options)).unwrap();
        let hangs = Arc::<(Mutex<bool>, Condvar)>::default();
        let theirs = hangs.clone();
        thread::spawn(move || serve(&device, &theirs));
        Some(Self { folder, hangs })
    }

    fn store(&self) -> PathBuf {
        self.folder.path().join("store")
    }

    fn hang(&self, hangs: bool) {
        *self.hangs.0.lock().unwrap() = hangs;
        self.hangs.1.notify_all();
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        self.hang(false);
        run(&["umount", "-l", self.folder.path().to_str().unwrap()]);
    }
}

/// Answers until it is unmounted. While it hangs, questions are not even read.
fn serve(mut device: &File, hangs: &(Mutex<bool>, Condvar)) {
    let mut directories: HashMap<(u64, Vec<u8>), u64> = HashMap::new();
    let mut question = vec![0; 256 * 1024];
    loop {
        drop(hangs.1.wait_while(hangs.0.lock().unwrap(), |hangs| *hangs).unwrap());
        let Ok(length) = device.read(&mut question) else { return };
        let number = |at: usize| u64::from_le_bytes(question[at..at + 8].try_into().unwrap());
        let opcode = u32::from_le_bytes(question[4..8].try_into().unwrap());
        let (unique, node) = (number(8), number(16));
        let name = |at: usize| question[at..length - 1].to_vec();
        let next = directories.len() as u64 + ROOT + 1;
        let answer = match opcode {
            INIT => Ok(init()),
            GETATTR | SETATTR => Ok([vec![0; 16], attributes(node)].concat()),
            LOOKUP => match directories.get(&(node, name(HEADER))) {
                Some(node) => Ok(entry(*node)),
                None => Err(NOT_FOUND),
            },
            MKDIR => Ok(entry(*directories.entry((node, name(HEADER + 8))).or_insert(next))),
            FORGET | BATCH_FORGET => continue,
            _ => Err(NOT_IMPLEMENTED),
        };
        let (error, body) = answer.map_or_else(|error| (-error, Vec::new()), |body| (0, body));
        let mut reply = Vec::with_capacity(16 + body.len());
        reply.extend(u32::try_from(16 + body.len()).unwrap().to_le_bytes());
        reply.extend(error.to_le_bytes());
        reply.extend(unique.to_le_bytes());
        reply.extend(body);
        // One that nobody waits for any more is refused.
        let _ = device.write(&reply);
    }
}

/// The protocol's version 7.31, and no options.
fn init() -> Vec<u8> {
    let mut answer = [7_u32, 31, 0, 0].map(u32::to_le_bytes).concat();
    answer.resize(64, 0);
    answer[20..24].copy_from_slice(&4096_u32.to_le_bytes());
    answer
}

fn entry(node: u64) -> Vec<u8> {
    let mut answer = node.to_le_bytes().to_vec();
    answer.resize(40, 0);
    answer.extend(attributes(node));
    answer
}

/// A directory of this user's that is open to all.
fn attributes(node: u64) -> Vec<u8> {
    let mut answer = node.to_le_bytes().to_vec();
    answer.resize(60, 0);
    let owner = rustix::process::geteuid().as_raw();
    answer.extend([0o040_777, 2, owner, 0, 0, 4096, 0].map(u32::to_le_bytes).concat());
    answer
}

#[test]
fn a_file_system_without_private_directories_costs_no_program_its_start() {
    let Some(disk) = Disk::mount() else { return };
    let service = Service::start();
    for _ in 0..3 {
        let member = service.member(FileStore::in_directory(disk.store()));
        member.assert_goes_on("is open to other users");
        assert_eq!(member.told(EventKind::StoreFailed), 1);
    }
    assert!(disk.store().is_dir());
}

/// Set in a process that is to end while its disk hangs: where, at which service, with which
/// credentials.
const TASK: &str = "FRONTEGG_TEST_ENDS";

/// Runs in a process of its own, for the test below.
#[test]
fn task_of_a_process_that_ends() {
    let Ok(task) = std::env::var(TASK) else { return };
    let words: Vec<_> = task.split(' ').collect();
    let store = FileStore::in_directory(Path::new(words[0]));
    let member = Member::new(words[1], words[2], words[3], store);
    let stats = (member.token(), member.source.stats());
    assert!(stats.1.store_error.unwrap().message().contains("did not answer within its time"));
}

#[test]
fn a_process_ends_while_its_disk_hangs() {
    let Some(disk) = Disk::mount() else { return };
    let service = Service::start();
    let (url, api_token) = (service.0.base_url(), &service.0.api_tokens()[0]);
    let (id, secret) = (&api_token.client_id, api_token.secret.expose());
    let directory = disk.store();
    disk.hang(true);
    let start = Instant::now();
    let mut process = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "fuse::task_of_a_process_that_ends", "--nocapture"])
        .env(TASK, format!("{} {url} {id} {secret}", directory.display()))
        .spawn()
        .unwrap();
    let status = loop {
        if let Some(status) = process.try_wait().unwrap() {
            break status;
        }
        if start.elapsed() > Duration::from_secs(30) {
            disk.hang(false);
            process.kill().unwrap();
            panic!("it does not end");
        }
        thread::sleep(Duration::from_millis(5));
    };
    assert!(status.success());
}
