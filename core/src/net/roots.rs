//! Which certificate authorities to trust.

use std::path::Path;
use std::str::FromStr;
use std::sync::Arc;

use rustls::pki_types::CertificateDer;

use super::pem::Certificates;
#[cfg(not(any(windows, target_vendor = "apple")))]
use crate::logs::log_line;
use crate::{Error, environment};

/// The certificate authorities that a client trusts.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub enum Roots {
    /// Those of the operating system; the bundled ones where it has none. Loaded at the
    /// first call.
    ///
    /// On Linux and other Unixes, those that `SSL_CERT_FILE` and `SSL_CERT_DIR` name, and no
    /// others, where one of them is set: these are loaded when the client is made, and it is an
    /// error if there are none.
    #[default]
    Platform,
    /// Mozilla's, as they were when this library was built.
    Bundled,
    /// Those given, and no others.
    Certificates(Certificates),
}

impl Roots {
    /// The authorities in a PEM text, and no others.
    pub fn pem(pem: &[u8]) -> Result<Self, Error> {
        Ok(Self::Certificates(Certificates::pem(pem, "the roots")?))
    }

    /// The authorities in a PEM file, and no others. The file is read now.
    pub fn pem_file(path: impl AsRef<Path>) -> Result<Self, Error> {
        // Not quoted: it may be what was meant for another setting.
        let pem = std::fs::read(path).map_err(|error| {
            Error::invalid_argument(format!("the file of roots cannot be read: {error}"))
                .with_io_source(&error)
        })?;
        Self::pem(&pem)
    }

    /// Looks at what the environment names in the place of the platform's authorities.
    pub(crate) fn or_from_environment(self) -> Result<Self, Error> {
        if cfg!(any(windows, target_vendor = "apple")) || !matches!(self, Self::Platform) {
            return Ok(self);
        }
        let named = from_environment(environment::variable)?;
        Ok(named.map_or(self, Self::Certificates))
    }
}

impl FromStr for Roots {
    type Err = Error;

    /// `platform` or `bundled`.
    fn from_str(name: &str) -> Result<Self, Error> {
        match name.trim() {
            "platform" => Ok(Roots::Platform),
            "bundled" => Ok(Roots::Bundled),
            _ => Err(Error::invalid_argument("the roots are neither platform nor bundled")),
        }
    }
}

/// What the variables name: OpenSSL's, which other tools read as well.
fn from_environment(
    variable: impl Fn(&str) -> Option<String>,
) -> Result<Option<Certificates>, Error> {
    let read = |name| variable(name).filter(|value| !value.trim().is_empty());
    let (file, directories) = (read("SSL_CERT_FILE"), read("SSL_CERT_DIR"));
    if file.is_none() && directories.is_none() {
        return Ok(None);
    }
    let mut names = Vec::new();
    let mut certificates: Vec<CertificateDer<'static>> = Vec::new();
    if let Some(file) = &file {
        names.push("SSL_CERT_FILE");
        let pem = std::fs::read(file).map_err(|error| {
            Error::invalid_argument(format!(
                "SSL_CERT_FILE names a file that cannot be read: {error}"
            ))
        })?;
        let found = Certificates::bundle(&pem, "the certificates that SSL_CERT_FILE names")?;
        certificates.extend(found.0.iter().cloned());
    }
    if let Some(directories) = &directories {
        names.push("SSL_CERT_DIR");
        for directory in std::env::split_paths(directories) {
            let found = load(None, Some(&directory));
            certificates.extend(found);
        }
    }
    if certificates.is_empty() {
        let names = names.join(" and ");
        return Err(Error::invalid_argument(format!(
            "{names} is set, and there is no certificate where it points"
        )));
    }
    Ok(Some(Certificates(Arc::new(certificates))))
}

#[cfg(not(any(windows, target_vendor = "apple")))]
fn load(file: Option<&Path>, directory: Option<&Path>) -> Vec<CertificateDer<'static>> {
    let found = rustls_native_certs::load_certs_from_paths(file, directory);
    for error in &found.errors {
        log_line!(Warn, "some certificate authorities could not be loaded: {error}");
    }
    found.certs
}

#[cfg(any(windows, target_vendor = "apple"))]
fn load(_: Option<&Path>, _: Option<&Path>) -> Vec<CertificateDer<'static>> {
    Vec::new()
}

/// The operating system's authorities, where it keeps them in files.
#[cfg(not(any(windows, target_vendor = "apple")))]
pub(super) fn of_platform() -> Vec<CertificateDer<'static>> {
    // The probe heeds the environment, which says nothing to a privileged process.
    let (file, directories) = if environment::is_privileged() {
        (None, openssl_probe::candidate_cert_dirs().map(Path::to_owned).collect())
    } else {
        let found = openssl_probe::probe();
        (found.cert_file, found.cert_dir)
    };
    let mut directories = directories.iter();
    let mut found = load(file.as_deref(), directories.next().map(AsRef::as_ref));
    found.extend(directories.flat_map(|directory| load(None, Some(directory))));
    found
}

#[cfg(test)]
mod tests {
    use frontegg_emulator::{Algorithm, Emulator, Options};

    use super::*;

    fn loaded(pairs: &[(&str, &Path)]) -> Result<Option<usize>, String> {
        let variable = |name: &str| {
            let value = pairs.iter().find(|(key, _)| *key == name)?.1;
            Some(value.display().to_string())
        };
        from_environment(variable)
            .map(|found| found.map(|it| it.0.len()))
            .map_err(|error| error.message().to_owned())
    }

    #[test]
    fn what_the_environment_names_is_meant() {
        let folder = tempfile::TempDir::new().unwrap();
        let file = folder.path().join("ca.pem");
        let options = Options { algorithm: Algorithm::HS256, ..Options::default() };
        std::fs::write(&file, Emulator::start(options).unwrap().ca_pem()).unwrap();
        let empty = folder.path().join("empty");
        std::fs::write(&empty, "").unwrap();
        let (none, missing) = (Path::new(" "), Path::new("/nonexistent"));

        assert_eq!(loaded(&[]), Ok(None));
        assert_eq!(loaded(&[("SSL_CERT_FILE", none), ("SSL_CERT_DIR", none)]), Ok(None));
        assert_eq!(loaded(&[("SSL_CERT_FILE", &file)]), Ok(Some(1)));
        assert_eq!(loaded(&[("SSL_CERT_DIR", folder.path())]), Ok(Some(1)));
        for (name, path) in [
            ("SSL_CERT_FILE", missing),
            ("SSL_CERT_FILE", &empty),
            ("SSL_CERT_FILE", folder.path()),
            ("SSL_CERT_DIR", missing),
        ] {
            let message = loaded(&[(name, path)]).unwrap_err();
            assert!(message.contains(name), "{message}");
        }
        assert!(loaded(&[("SSL_CERT_FILE", missing), ("SSL_CERT_DIR", folder.path())]).is_err());
    }
}
