//! Sources that share by files, on real disks and among real users.
#![cfg(unix)]

mod disks;
mod users;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

use frontegg_emulator::{Algorithm, ApiToken, Emulator, Options};
use frontegg_token::{
    Client, Credentials, Endpoint, Event, FileStore, TokenSource, TokenSourceBuilder,
};

fn service() -> Emulator {
    let api_tokens = vec![ApiToken::tenant("id", "secret")];
    let algorithm = Algorithm::HS256;
    Emulator::start(Options { algorithm, api_tokens, ..Options::default() }).unwrap()
}

fn builder(store: FileStore, base_url: &str) -> TokenSourceBuilder {
    let client = Client::builder(Endpoint::url(base_url).unwrap()).build().unwrap();
    TokenSource::builder(client, Credentials::new("id", "secret").unwrap()).store(store)
}

/// A directory of a test's own, which all can write to.
struct Room(PathBuf);

impl Room {
    fn new() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("frontegg-token-files-{}-{number}", std::process::id());
        let room = std::env::temp_dir().join(name);
        fs::create_dir(&room).unwrap();
        fs::set_permissions(&room, fs::Permissions::from_mode(0o1777)).unwrap();
        Self(room)
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}
