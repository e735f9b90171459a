//! `frontegg_config`: the settings of a client, one setter each.

use std::ffi::c_char;
use std::time::Duration;

use frontegg_core::{ClientBuilder, Error, Roots};

use crate::border::{accessor, free};
use crate::collected::Collected;
use crate::settings::Settings;
use crate::text::{read, read_bytes};

/// The settings of a client. Give exactly one of region, domain and base URL, or take the
/// endpoint from the environment; all else has a default, and a setting that was set twice
/// has the last value. Setters copy what they are given, and do nothing for a NULL config. A
/// bad value, which NULL is as well, surfaces in frontegg_client_new; until then it is kept,
/// even if a good one follows. One thread at a time may use a config. Owned by the caller;
/// free it with frontegg_config_free.
pub struct frontegg_config(Collected<Settings>);

impl frontegg_config {
    fn new(settings: Settings) -> Box<Self> {
        Box::new(Self(Collected::new(settings)))
    }

    pub(crate) fn builder(&self) -> Result<ClientBuilder, Error> {
        self.0.get()?.builder()
    }
}

fn set(
    config: Option<&mut frontegg_config>,
    change: impl FnOnce(&mut Settings) -> Result<(), Error>,
) {
    if let Some(config) = config {
        config.0.set(change);
    }
}

fn set_span(
    config: Option<&mut frontegg_config>,
    milliseconds: u64,
    put: impl FnOnce(&mut Settings, Duration),
) {
    set(config, |settings| {
        put(settings, Duration::from_millis(milliseconds));
        Ok(())
    });
}

/// A config with every setting at its default, which still lacks an endpoint. Never NULL.
#[unsafe(no_mangle)]
pub extern "C" fn frontegg_config_new() -> Option<Box<frontegg_config>> {
    accessor(None, || Some(frontegg_config::new(Settings::default())))
}

/// A config from the environment: exactly one of `FRONTEGG_BASE_URL`, `FRONTEGG_DOMAIN` and
/// `FRONTEGG_REGION`, and `FRONTEGG_VENDOR_HOST`. An empty variable is as good as none. Read
/// now; what is wrong with them surfaces in frontegg_client_new. Other settings can be added.
/// No other thread may change the environment meanwhile. Never NULL.
#[unsafe(no_mangle)]
pub extern "C" fn frontegg_config_new_from_env() -> Option<Box<frontegg_config>> {
    accessor(None, || {
        let environment = Some(ClientBuilder::from_env());
        Some(frontegg_config::new(Settings { environment, ..Settings::default() }))
    })
}

/// Frees a config. Clients made from it stay as they are. NULL is fine.
#[unsafe(no_mangle)]
pub extern "C" fn frontegg_config_free(config: Option<Box<frontegg_config>>) {
    free(config);
}

/// The endpoint by region: `eu`, `us`, `ca` or `au`. The host that a region's workspaces
/// share needs the vendor host as well.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn frontegg_config_set_region(
    config: Option<&mut frontegg_config>,
    region: *const c_char,
) {
    set(config, |settings| {
        // SAFETY: the header's rule on strings.
        settings.region = Some(unsafe { read(region, "the region") }?.into());
        Ok(())
    });
}

/// The endpoint by the workspace's own domain: `acme` for `acme.frontegg.com`, or a full host
/// name, with a port if need be.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn frontegg_config_set_domain(
    config: Option<&mut frontegg_config>,
    domain: *const c_char,
) {
    set(config, |settings| {
        // SAFETY: the header's rule on strings.
        settings.domain = Some(unsafe { read(domain, "the domain") }?.into());
        Ok(())
    });
}

/// The endpoint by URL, `https` or `http`. `/identity` is appended unless the path ends in
/// it already.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn frontegg_config_set_base_url(
    config: Option<&mut frontegg_config>,
    base_url: *const c_char,
) {
    set(config, |settings| {
        // SAFETY: the header's rule on strings.
        settings.base_url = Some(unsafe { read(base_url, "the base URL") }?.into());
        Ok(())
    });
}

/// The host name that stands for the workspace, sent as `frontegg-vendor-host` on refresh.
/// By default that of an own domain; none for a region or a URL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn frontegg_config_set_vendor_host(
    config: Option<&mut frontegg_config>,
    host: *const c_char,
) {
    set(config, |settings| {
        // SAFETY: the header's rule on strings.
        settings.vendor_host = Some(unsafe { read(host, "the vendor host") }?.into());
        Ok(())
    });
}

/// Whether plain `http` to a host that is not loopback is allowed. Secrets then cross the
/// network in the clear. false by default.
#[unsafe(no_mangle)]
pub extern "C" fn frontegg_config_set_allow_http(
    config: Option<&mut frontegg_config>,
    allow: bool,
) {
    set(config, |settings| {
        settings.allow_http = Some(allow);
        Ok(())
    });
}

/// How long to connect at most, name resolution apart, TLS included. 5,000 ms by default;
/// 0 is a bad value.
#[unsafe(no_mangle)]
pub extern "C" fn frontegg_config_set_connect_timeout_ms(
    config: Option<&mut frontegg_config>,
    milliseconds: u64,
) {
    set_span(config, milliseconds, |settings, span| settings.connect_timeout = Some(span));
}

/// How long one request takes at most, connecting included. 10,000 ms by default; 0 is a bad
/// value.
#[unsafe(no_mangle)]
pub extern "C" fn frontegg_config_set_attempt_timeout_ms(
    config: Option<&mut frontegg_config>,
    milliseconds: u64,
) {
    set_span(config, milliseconds, |settings, span| settings.attempt_timeout = Some(span));
}

/// How long a call takes at most, with all its requests and waits. 30,000 ms by default; 0
/// is a bad value.
#[unsafe(no_mangle)]
pub extern "C" fn frontegg_config_set_deadline_ms(
    config: Option<&mut frontegg_config>,
    milliseconds: u64,
) {
    set_span(config, milliseconds, |settings, span| settings.deadline = Some(span));
}

/// How many requests a call makes at most. 4 by default; 1 turns retries off, 0 is a bad
/// value. By default, an authentication gives up after two lost answers: each may have taken
/// one of the 100 refresh tokens that the service keeps alive.
#[unsafe(no_mangle)]
pub extern "C" fn frontegg_config_set_retry_max_attempts(
    config: Option<&mut frontegg_config>,
    attempts: u32,
) {
    set(config, |settings| {
        settings.max_attempts = Some(attempts);
        Ok(())
    });
}

/// The first wait between requests is drawn uniformly from 0 to this; the range doubles each
/// time. 250 ms by default.
#[unsafe(no_mangle)]
pub extern "C" fn frontegg_config_set_retry_base_delay_ms(
    config: Option<&mut frontegg_config>,
    milliseconds: u64,
) {
    set_span(config, milliseconds, |settings, span| settings.base_delay = Some(span));
}

/// The widest that the range becomes. A wait that the service announces may be longer. 5,000
/// ms by default.
#[unsafe(no_mangle)]
pub extern "C" fn frontegg_config_set_retry_max_delay_ms(
    config: Option<&mut frontegg_config>,
    milliseconds: u64,
) {
    set_span(config, milliseconds, |settings, span| settings.max_delay = Some(span));
}

/// The proxy: `environment` (the default: `HTTPS_PROXY`, or `HTTP_PROXY` for a plain endpoint,
/// else `ALL_PROXY`, unless `NO_PROXY` names the host, read by frontegg_client_new; loopback is
/// reached directly), `none`, or a URL: `http://`, `https://`, `socks4://`, `socks4a://`,
/// `socks5://` or `socks5h://`, with a user name and password in front of the host if need be.
/// A plain `http` endpoint through a proxy that is set here needs
/// frontegg_config_set_allow_http.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn frontegg_config_set_proxy(
    config: Option<&mut frontegg_config>,
    proxy: *const c_char,
) {
    set(config, |settings| {
        // SAFETY: the header's rule on strings.
        settings.proxy = Some(unsafe { read(proxy, "the proxy") }?.parse()?);
        Ok(())
    });
}

/// The certificate authorities to trust: `platform` (the default: those of the operating
/// system, or the bundled ones where it has none; where `SSL_CERT_FILE` or `SSL_CERT_DIR` is
/// set, on other systems than macOS and Windows, those that it names, read by
/// frontegg_client_new) or `bundled` (Mozilla's).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn frontegg_config_set_roots(
    config: Option<&mut frontegg_config>,
    roots: *const c_char,
) {
    set(config, |settings| {
        // SAFETY: the header's rule on strings.
        settings.roots = Some(unsafe { read(roots, "the roots") }?.parse()?);
        Ok(())
    });
}

/// Trusts the certificate authorities in this PEM text of so many bytes, and no others.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn frontegg_config_set_ca_pem(
    config: Option<&mut frontegg_config>,
    pem: *const c_char,
    length: usize,
) {
    set(config, |settings| {
        // SAFETY: the header's rule on byte ranges.
        settings.roots = Some(Roots::pem(unsafe { read_bytes(pem, length, "the CA's PEM") }?)?);
        Ok(())
    });
}

/// Trusts the certificate authorities in this PEM file, and no others. It is read now.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn frontegg_config_set_ca_file(
    config: Option<&mut frontegg_config>,
    path: *const c_char,
) {
    set(config, |settings| {
        // SAFETY: the header's rule on strings.
        settings.roots = Some(Roots::pem_file(unsafe { read(path, "the path of the CA file") }?)?);
        Ok(())
    });
}

/// A client certificate chain and its private key, both PEM texts of so many bytes: RSA from
/// 2,048 bits on, ECDSA with P-256 or P-384, or Ed25519. None by default.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn frontegg_config_set_client_certificate(
    config: Option<&mut frontegg_config>,
    chain_pem: *const c_char,
    chain_length: usize,
    key_pem: *const c_char,
    key_length: usize,
) {
    set(config, |settings| {
        // SAFETY: the header's rule on byte ranges.
        let (chain, key) = unsafe {
            (
                read_bytes(chain_pem, chain_length, "the client certificate's PEM")?,
                read_bytes(key_pem, key_length, "the client key's PEM")?,
            )
        };
        settings.client_certificate = Some((chain.to_vec(), key.to_vec().into()));
        Ok(())
    });
}

/// A header to send with every request, for gateways that ask for one. May be called
/// repeatedly. The value is treated as a secret.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn frontegg_config_add_header(
    config: Option<&mut frontegg_config>,
    name: *const c_char,
    value: *const c_char,
) {
    set(config, |settings| {
        // SAFETY: the header's rule on strings.
        let (name, value) =
            unsafe { (read(name, "a header's name")?, read(value, "a header's value")?) };
        settings.headers.push((name.into(), value.into()));
        Ok(())
    });
}

/// A token to send as `Authorization: Bearer`. None by default: Frontegg's calls want none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn frontegg_config_set_bearer(
    config: Option<&mut frontegg_config>,
    token: *const c_char,
) {
    set(config, |settings| {
        // SAFETY: the header's rule on strings.
        settings.bearer = Some(unsafe { read(token, "the bearer") }?.into());
        Ok(())
    });
}

/// Names the calling program behind this library's own `User-Agent`. Printable ASCII.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn frontegg_config_set_user_agent_suffix(
    config: Option<&mut frontegg_config>,
    suffix: *const c_char,
) {
    set(config, |settings| {
        // SAFETY: the header's rule on strings.
        settings.user_agent_suffix = Some(unsafe { read(suffix, "the user agent suffix") }?.into());
        Ok(())
    });
}
