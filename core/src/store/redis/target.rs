//! Which server, and as whom.

use std::fmt;

use rustls::pki_types::ServerName;
#[cfg(unix)]
use socket2::SockAddr;

use crate::Secret;
use crate::net::{Key, Lookups};

#[derive(Debug)]
pub(super) struct Target {
    pub(super) address: Address,
    /// What its certificate has to be for, where TLS is wanted.
    pub(super) server_name: Option<ServerName<'static>>,
    pub(super) login: Login,
}

pub(super) enum Address {
    Tcp(Key),
    #[cfg(unix)]
    Unix(SockAddr),
}

impl Address {
    /// Has its host looked up anew.
    pub(super) fn forget(&self, lookups: &Lookups) {
        match self {
            Self::Tcp(host) => lookups.forget(host),
            #[cfg(unix)]
            Self::Unix(_) => {}
        }
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp((host, port)) => write!(f, "{host}:{port}"),
            #[cfg(unix)]
            Self::Unix(path) => fmt::Debug::fmt(&path.as_pathname(), f),
        }
    }
}

#[derive(Debug)]
pub(super) struct Login {
    pub(super) user: Option<Secret>,
    pub(super) password: Option<Secret>,
    pub(super) database: u32,
}
