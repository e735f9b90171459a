//! The PEM files of the program: there while it runs.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use frontegg_emulator::Emulator;
use tempfile::TempDir;

/// The files, removed on drop, with their folder if that was made for them.
pub(crate) struct Files {
    pub(crate) ca: PathBuf,
    pub(crate) client_certificate: Option<PathBuf>,
    pub(crate) client_key: Option<PathBuf>,
    written: Vec<PathBuf>,
    /// Goes with them.
    _own_folder: Option<TempDir>,
}

impl Files {
    /// Writes them to `folder`, or to a private one of their own in the system's folder for such.
    pub(crate) fn create(folder: Option<PathBuf>, emulator: &Emulator) -> io::Result<Self> {
        let (folder, own_folder) = if let Some(folder) = folder {
            fs::create_dir_all(&folder)?;
            (folder, None)
        } else {
            let own = private_folder()?;
            (own.path().to_owned(), Some(own))
        };
        let mut files = Files {
            ca: folder.join("ca.pem"),
            client_certificate: None,
            client_key: None,
            written: Vec::new(),
            _own_folder: own_folder,
        };
        files.write(files.ca.clone(), emulator.ca_pem())?;
        if let Some(pem) = emulator.client_certificate_pem() {
            files.client_certificate = Some(files.write(folder.join("client.pem"), pem)?);
        }
        if let Some(pem) = emulator.client_key_pem() {
            files.client_key = Some(files.write(folder.join("client-key.pem"), pem)?);
        }
        Ok(files)
    }

    fn write(&mut self, path: PathBuf, text: &str) -> io::Result<PathBuf> {
        private_file(&path)?.write_all(text.as_bytes())?;
        self.written.push(path.clone());
        Ok(path)
    }
}

impl Drop for Files {
    fn drop(&mut self) {
        for path in &self.written {
            let _ = fs::remove_file(path);
        }
    }
}

/// A new folder that is nobody else's business.
fn private_folder() -> io::Result<TempDir> {
    let mut builder = tempfile::Builder::new();
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o700));
    builder.prefix("frontegg-emulator-").tempdir()
}

fn private_file(path: &Path) -> io::Result<fs::File> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}
