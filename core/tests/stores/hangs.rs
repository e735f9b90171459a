//! Disks that hang, and stores.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use frontegg_token::{
    Change, Client, Credentials, Endpoint, Error, EventKind, FileStore, Lease, Loaded, Origin,
    Proxy, TokenSource, TokenStore,
};
use tempfile::TempDir;

use crate::disks::run;
use crate::fleet::Service;

/// Much more than it takes, and less than a store that hangs is waited for.
const PROMPTLY: Duration = Duration::from_secs(1);

/// A file system of a test's own, that can be frozen: whoever writes to it waits then.
struct Freezer {
    folder: TempDir,
    _alone: MutexGuard<'static, ()>,
}

/// One at a time: the threads that hang are counted.
static ALONE: Mutex<()> = Mutex::new(());

impl Freezer {
    fn mount() -> Option<Self> {
        if !rustix::process::geteuid().is_root() {
            eprintln!("not tested on a disk that hangs: only root can mount one");
            return None;
        }
        let alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
        let folder = TempDir::new().unwrap();
        let image = folder.path().join("image");
        fs::File::create(&image).unwrap().set_len(16 * 1024 * 1024).unwrap();
        let target = folder.path().join("disk");
        fs::create_dir(&target).unwrap();
        let (image, target) = (image.to_str().unwrap(), target.to_str().unwrap());
        assert!(run(&["mkfs.ext4", "-q", "-F", image]));
        assert!(run(&["mount", "-o", "loop", image, target]), "a loop device is needed");
        Some(Self { folder, _alone: alone })
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("disk")
    }

    fn freeze(&self) {
        assert!(run(&["fsfreeze", "-f", self.path().to_str().unwrap()]));
    }

    fn thaw(&self) -> bool {
        run(&["fsfreeze", "-u", self.path().to_str().unwrap()])
    }
}

impl Drop for Freezer {
    fn drop(&mut self) {
        self.thaw();
        // What hung there is on its way out.
        let start = Instant::now();
        while !run(&["umount", self.path().to_str().unwrap()]) {
            if start.elapsed() > Duration::from_secs(10) {
                run(&["umount", "-l", self.path().to_str().unwrap()]);
                break;
            }
        }
    }
}

/// How many threads of this process wait for a file system that is frozen.
fn frozen() -> usize {
    let waits = |task: &Path| {
        fs::read_to_string(task.join("wchan")).is_ok_and(|place| place.contains("percpu_rwsem"))
    };
    let tasks = fs::read_dir("/proc/self/task").unwrap();
    tasks.filter(|task| task.as_ref().is_ok_and(|task| waits(&task.path()))).count()
}

#[test]
fn a_disk_that_hangs_costs_nobody_a_token_and_keeps_one_thread() {
    let Some(disk) = Freezer::mount() else { return };
    let service = Service::start();
    let join = || service.member(FileStore::in_directory(disk.path().join("store")));
    let (one, other) = (join(), join());
    assert_eq!(one.token(), other.token());

    disk.freeze();
    let start = Instant::now();
    for _ in 0..3 {
        one.renew();
        other.renew();
    }
    // Two seconds of the first, and then nobody waits for it.
    assert!(start.elapsed() < Duration::from_secs(20), "{:?}", start.elapsed());
    assert_eq!(frozen(), 1);
    for member in [&one, &other] {
        member.until_told(EventKind::StoreFailed);
        assert_eq!(member.told(EventKind::StoreFailed), 1);
        let stats = member.source.stats();
        let error = stats.store_error.unwrap();
        assert!(error.message().contains("has not returned yet"), "{error}");
        assert_eq!(stats.failures, 0);
    }
    let start = Instant::now();
    other.source.close();
    drop(join());
    assert!(start.elapsed() < PROMPTLY, "{:?}", start.elapsed());

    assert!(disk.thaw());
    one.assert_recovers(&service, &join());
    assert_eq!(one.told(EventKind::StoreFailed), 1);
}

#[test]
fn a_source_whose_disk_hangs_is_closed_at_once() {
    let Some(disk) = Freezer::mount() else { return };
    let service = Service::start();
    let member = service.member(FileStore::in_directory(disk.path().join("store")));
    disk.freeze();
    std::thread::scope(|scope| {
        let caller = scope.spawn(|| member.source.token());
        while frozen() == 0 {
            std::thread::yield_now();
        }
        let start = Instant::now();
        member.source.close();
        assert!(caller.join().unwrap().is_err());
        assert!(start.elapsed() < PROMPTLY, "{:?}", start.elapsed());
    });
    assert_eq!(service.requests(), 0);
}

/// A store of a user's that does not return before it is told to.
#[derive(Default)]
struct Endless {
    is_over: Mutex<bool>,
    changed: Condvar,
}

impl Endless {
    fn end(&self) {
        *self.is_over.lock().unwrap() = true;
        self.changed.notify_all();
    }

    fn wait<T>(&self) -> Result<T, Error> {
        let is_over = self.is_over.lock().unwrap();
        drop(self.changed.wait_while(is_over, |is_over| !*is_over).unwrap());
        Err(Error::store("it was waited for"))
    }
}

impl TokenStore for Endless {
    fn load(&self, _: &str, _: Duration) -> Result<Option<Loaded>, Error> {
        self.wait()
    }

    fn save(&self, _: &str, _: &Change<'_>, _: Duration) -> Result<bool, Error> {
        self.wait()
    }

    fn lease(&self, _: &str, _: &str, _: Duration, _: Duration) -> Result<Lease, Error> {
        self.wait()
    }

    fn release(&self, _: &str, _: &str, _: Duration) -> Result<(), Error> {
        self.wait()
    }

    fn timeout(&self) -> Duration {
        Duration::from_secs(3600)
    }
}

#[test]
fn a_store_that_says_it_may_take_hours_takes_a_part_of_the_deadline() {
    let service = Service::start();
    let store = Arc::new(Endless::default());
    let client = Client::builder(Endpoint::url(&service.0.base_url()).unwrap()).proxy(Proxy::None);
    let api_token = &service.0.api_tokens()[0];
    let credentials = Credentials::new(&*api_token.client_id, api_token.secret.expose()).unwrap();
    let source = TokenSource::builder(client.build().unwrap(), credentials)
        .deadline(Duration::from_secs(8))
        .store(store.clone())
        .build()
        .unwrap();
    let token = source.token();
    drop(source);
    store.end();
    assert_eq!(token.unwrap().origin(), Some(Origin::Authenticate));
}
