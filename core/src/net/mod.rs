//! What HTTP and Redis share: names, sockets with deadlines, TLS, proxies; and the HTTP exchange.

mod channel;
mod client_certificate;
mod connect;
mod dial;
mod failure;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzzing;
mod head;
mod http;
mod lookups;
mod no_proxy;
mod pem;
mod proxy;
mod proxy_server;
mod roots;
mod signal;
mod socket;
mod socks;
mod tls;
pub(crate) mod tls_error;
mod tunnel;

pub(crate) use self::client_certificate::ClientCertificate;
#[cfg(all(unix, feature = "redis"))]
pub(crate) use self::connect::connect_unix;
pub(crate) use self::failure::Failure;
pub(crate) use self::http::{Exchange, KEPT_FOR, Settings, Transport};
pub use self::pem::Certificates;
pub use self::proxy::Proxy;
pub use self::roots::Roots;
#[cfg(feature = "redis")]
pub(crate) use self::{
    channel::Channel,
    failure::is_time_up,
    lookups::{Key, Lookups},
    tls::{Tls, client_config},
};
