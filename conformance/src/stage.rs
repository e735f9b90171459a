//! All that a scenario plays on: the service, a proxy, ports that nobody should call, and the
//! variables that name them. Each run has a stage of its own, with secrets of its own.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, SystemTime};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use frontegg_emulator::{
    ApiToken, Bytes, Emulator, Fault, Options, RedisOptions, RedisServer, State, TlsFault,
};
use frontegg_token::{Client, Credentials, Endpoint};
use serde_json::{Map, Value};
use socket2::{Domain, Socket, Type};
use tempfile::TempDir;

use crate::driver::Command;
use crate::machine::{self, BlackHole};
use crate::proxy::{self, Proxy};
use crate::scenario::Scenario;
use crate::secrets::Secrets;
use crate::template;

/// The variables of a stage. Those that begin with `start` take an offset in seconds.
pub(crate) const VARIABLES: [&str; 52] = [
    "base_url",
    "black_hole_port",
    "black_hole_url",
    "bystander_port",
    "bystander_url",
    "ca_file",
    "ca_pem",
    "client_certificate_pem",
    "client_id",
    "client_key_pem",
    "closed_redis_url",
    "closed_url",
    "damaged_ca_pem",
    "expired_base_url",
    "folder",
    "gateway_key",
    "http_port",
    "http_url",
    "https_base_url",
    "https_port",
    "https_url",
    "mtls_base_url",
    "mtls_tls12_base_url",
    "no_alternative_name_base_url",
    "not_yet_valid_base_url",
    "other_ca_pem",
    "other_client_certificate_pem",
    "other_client_key_pem",
    "p521_base_url",
    "p521_client_certificate_pem",
    "p521_client_key_pem",
    "planted",
    "proxy_address",
    "proxy_password",
    "redis_ca_pem",
    "redis_url",
    "rediss_url",
    "secret",
    "self_signed_base_url",
    "self_signed_ca_base_url",
    "self_signed_ca_pem",
    "self_signed_pem",
    "start_httpdate",
    "start_offset",
    "start_rfc3339",
    "store_directory",
    "trusted_ca_pem",
    "unknown_issuer_base_url",
    "user_client_id",
    "version_1_base_url",
    "wrong_host_base_url",
    "wrong_purpose_base_url",
];

pub(crate) struct Stage {
    pub(crate) emulator: Emulator,
    pub(crate) proxy: Option<Proxy>,
    pub(crate) secrets: Secrets,
    /// A token set that the service granted beforehand, in the form of the protocol.
    pub(crate) given: Map<String, Value>,
    /// The state of the service before the scenario.
    pub(crate) before: State,
    /// Listens; nobody should come.
    bystander: TcpListener,
    /// A port that is taken, and where nobody listens.
    closed: Socket,
    /// Made for the scenarios that name it.
    black_hole: OnceLock<BlackHole>,
    /// Those at the addresses that the scenario says.
    black_holes: Vec<BlackHole>,
    /// Started for the scenarios that name it.
    redis: OnceLock<Mutex<RedisServer>>,
    /// Of the CA's file, and of a directory where sources may share files, made by them.
    folder: TempDir,
    planted: String,
    /// The value of an extra header: a secret, but one that the service's log shows.
    gateway_key: String,
    proxy_password: String,
    started: SystemTime,
}

/// An unguessable text of 32 letters and digits. There is no name in it: any eight of them are as
/// rare as others.
fn secret() -> String {
    let random = format!("{}{}", ApiToken::random().client_id, ApiToken::random().client_id);
    let digits: Vec<u8> = random.bytes().filter(u8::is_ascii_hexdigit).collect();
    let byte = |pair: &[u8]| {
        let pair = std::str::from_utf8(pair).expect("digits");
        u8::from_str_radix(pair, 16).expect("two digits")
    };
    let bytes: Vec<u8> = digits.chunks(2).map(byte).collect();
    BASE64_STANDARD.encode(bytes).chars().filter(char::is_ascii_alphanumeric).take(32).collect()
}

/// The id of a client, which says whose it is.
fn client_id(name: &str) -> String {
    format!("{name}-{}", ApiToken::random().client_id)
}

impl Stage {
    /// Sets everything up. Faults and options hold from now on.
    pub(crate) fn new(scenario: &Scenario) -> Result<Self, String> {
        let mut options: Options =
            serde_json::from_value(Value::Object(scenario.service.start.clone()))
                .map_err(|error| format!("`service.start`: {error}"))?;
        options.api_tokens = vec![
            ApiToken::tenant(client_id("tenant"), secret()),
            ApiToken::tenant(client_id("other"), secret()),
            ApiToken::user(client_id("user"), secret()),
        ];
        let emulator = Emulator::start(options).map_err(|error| error.to_string())?;
        let given = grant(&emulator).map_err(|error| format!("nothing is granted: {error}"))?;
        let mut stage = Stage {
            before: emulator.state(),
            emulator,
            proxy: None,
            secrets: Secrets::default(),
            given,
            bystander: bystander().map_err(|error| error.to_string())?,
            closed: closed_port().map_err(|error| error.to_string())?,
            black_hole: OnceLock::new(),
            black_holes: Vec::new(),
            redis: OnceLock::new(),
            folder: TempDir::new().map_err(|error| error.to_string())?,
            planted: secret(),
            gateway_key: secret(),
            proxy_password: secret(),
            started: SystemTime::now(),
        };
        stage.know_secrets();
        std::fs::write(stage.path("ca.pem"), stage.emulator.ca_pem())
            .map_err(|error| error.to_string())?;
        stage.write_files(&scenario.files)?;
        for address in &scenario.black_holes {
            let address = stage.fill_text(address);
            let parsed = address.parse().map_err(|error| format!("{address}: {error}"))?;
            let hole = BlackHole::at(parsed).map_err(|error| format!("{address}: {error}"))?;
            stage.black_holes.push(hole);
        }
        if let Some(settings) = &scenario.proxy {
            let mut settings = settings.clone();
            stage.fill(&mut settings);
            let settings = proxy::Settings::read(&settings)?;
            stage.proxy = Some(Proxy::start(settings).map_err(|error| error.to_string())?);
        }
        stage.set_options(&scenario.service.options)?;
        stage.add_faults(&scenario.service.faults)?;
        Ok(stage)
    }

    /// Writes the files that a scenario brings along, in folders of theirs if need be.
    fn write_files(&self, files: &Map<String, Value>) -> Result<(), String> {
        for (name, content) in files {
            let mut content = content.clone();
            self.fill(&mut content);
            let Bytes(bytes) =
                Bytes::try_from(content).map_err(|error| format!("{name}: {error}"))?;
            let path = self.path(name);
            let folder = path.parent().expect("it is in a folder");
            std::fs::create_dir_all(folder)
                .and_then(|()| std::fs::write(&path, bytes))
                .map_err(|error| format!("{name}: {error}"))?;
        }
        Ok(())
    }

    /// The command in the world of the scenario.
    pub(crate) fn command(
        &self,
        command: &Command,
        scenario: &Scenario,
    ) -> Result<Command, String> {
        if scenario.hosts.is_empty() {
            return Ok(command.clone());
        }
        let path = self.path("hosts");
        std::fs::write(&path, machine::hosts_file(&scenario.hosts))
            .map_err(|error| error.to_string())?;
        Ok(machine::with_hosts(command, &path))
    }

    fn know_secrets(&mut self) {
        for token in self.emulator.api_tokens() {
            self.secrets.add_random("a client secret", token.secret.expose());
        }
        self.secrets.add_random("what was planted", &self.planted);
        self.secrets.add_random("the gateway's key", &self.gateway_key);
        self.secrets.add_random("the proxy's password", &self.proxy_password);
        let given = self.given.clone();
        self.know_tokens(&given);
    }

    /// Remembers the tokens of a reply as secrets.
    pub(crate) fn know_tokens(&mut self, set: &Map<String, Value>) {
        for (name, what) in [
            ("access_token", "an access token"),
            ("refresh_token", "a refresh token"),
            ("token", "an access token"),
        ] {
            if let Some(token) = set.get(name).and_then(Value::as_str) {
                self.secrets.add(what, token);
            }
        }
    }

    /// Of a file in the folder of the stage.
    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn set_options(&self, options: &Map<String, Value>) -> Result<(), String> {
        let mut options = Value::Object(options.clone());
        self.fill(&mut options);
        let options = options.as_object().expect("filled in, an object stays one");
        if options.is_empty() { Ok(()) } else { self.emulator.set_options(options) }
    }

    pub(crate) fn add_faults(&self, faults: &[Value]) -> Result<(), String> {
        let mut faults = Value::Array(faults.to_vec());
        self.fill(&mut faults);
        let faults: Vec<Fault> =
            serde_json::from_value(faults).map_err(|error| error.to_string())?;
        self.emulator.add_faults(faults)
    }

    /// The credentials of one of the API tokens.
    pub(crate) fn credentials(&self, owner: &str) -> Result<(&str, &str), String> {
        let index = match owner {
            "tenant" => 0,
            "other" => 1,
            "user" => 2,
            _ => return Err(format!("nobody is called {owner}")),
        };
        let token = &self.emulator.api_tokens()[index];
        Ok((&token.client_id, token.secret.expose()))
    }

    /// The service's log, but for the one secret that it may show.
    pub(crate) fn log_of_the_service(&self) -> String {
        serde_json::json!(self.emulator.state()).to_string().replace(&self.gateway_key, "")
    }

    /// All that lies in the directory where sources may share files, and how it is called.
    pub(crate) fn files_of_the_store(&self) -> Vec<u8> {
        let mut all = Vec::new();
        let mut folders = vec![self.path("store")];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
                all.extend(entry.file_name().as_encoded_bytes());
                all.push(b'\n');
                match entry.file_type() {
                    Ok(kind) if kind.is_dir() => folders.push(entry.path()),
                    Ok(kind) if kind.is_file() => {
                        all.extend(std::fs::read(entry.path()).unwrap_or_default());
                        all.push(b'\n');
                    }
                    _ => {}
                }
            }
        }
        all
    }

    /// Whether somebody came to the port that nobody should call.
    pub(crate) fn bystander_was_called(&self) -> bool {
        self.bystander.accept().is_ok()
    }

    /// Puts the variables in.
    pub(crate) fn fill(&self, value: &mut Value) {
        template::fill(value, &|name| self.variable(name).map(Value::String));
    }

    pub(crate) fn fill_text(&self, text: &str) -> String {
        template::fill_text(text, &|name| self.variable(name).map(Value::String))
    }

    fn variable(&self, name: &str) -> Option<String> {
        let emulator = &self.emulator;
        let identity = |origin: &str| format!("{origin}/identity");
        let port = |origin: &str| origin.rsplit(':').next().unwrap_or_default().to_owned();
        let bystander = self.bystander.local_addr().ok()?;
        Some(match name {
            "base_url" => emulator.base_url(),
            "black_hole_port" => self.black_hole().port().to_string(),
            "black_hole_url" => format!("http://{}", self.black_hole()),
            "bystander_port" => bystander.port().to_string(),
            "bystander_url" => format!("http://{bystander}"),
            "ca_file" => self.path("ca.pem").to_string_lossy().into_owned(),
            "ca_pem" => emulator.ca_pem().to_owned(),
            "client_certificate_pem" => emulator.client_certificate_pem()?.to_owned(),
            "client_id" => emulator.client_id().to_owned(),
            "client_key_pem" => emulator.client_key_pem()?.to_owned(),
            "closed_redis_url" => format!("redis://{}", self.closed_address()?),
            "closed_url" => format!("http://{}", self.closed_address()?),
            "damaged_ca_pem" => damaged(emulator.ca_pem()),
            "folder" => self.folder.path().to_string_lossy().into_owned(),
            "gateway_key" => self.gateway_key.clone(),
            "http_port" => port(emulator.http_url()),
            "http_url" => emulator.http_url().to_owned(),
            "https_base_url" => emulator.https_base_url(),
            "https_port" => port(emulator.https_url()),
            "https_url" => emulator.https_url().to_owned(),
            "mtls_base_url" => identity(emulator.mtls_url()?),
            "planted" => self.planted.clone(),
            "proxy_address" => self.proxy.as_ref()?.address().to_string(),
            "proxy_password" => self.proxy_password.clone(),
            "redis_ca_pem" => self.redis().ca_pem()?.to_owned(),
            "redis_url" => self.redis().url(),
            "rediss_url" => self.redis().tls_url()?,
            "secret" => emulator.secret().to_owned(),
            "store_directory" => self.path("store").to_string_lossy().into_owned(),
            "user_client_id" => emulator.api_tokens()[2].client_id.clone(),
            "mtls_tls12_base_url" => identity(emulator.mtls_tls12_url()?),
            "other_ca_pem" => emulator.other_ca_pem().ok()?,
            "other_client_certificate_pem" => emulator.other_client_pem().ok()?[0].clone(),
            "other_client_key_pem" => emulator.other_client_pem().ok()?[1].clone(),
            "p521_client_certificate_pem" => emulator.p521_client_pem().ok()?[0].clone(),
            "p521_client_key_pem" => emulator.p521_client_pem().ok()?[1].clone(),
            "self_signed_ca_pem" => {
                emulator.faulty_certificate_pem(TlsFault::SelfSignedCa)?.to_owned()
            }
            "self_signed_pem" => emulator.faulty_certificate_pem(TlsFault::SelfSigned)?.to_owned(),
            "trusted_ca_pem" => emulator.trusted_ca_pem().ok()?,
            _ => {
                if let Some(name) = name.strip_suffix("_sha256") {
                    return self.variable(name).map(|value| sha256(&value));
                }
                let Some(fault) = name.strip_suffix("_base_url") else { return self.time(name) };
                let fault = TlsFault::ALL.into_iter().find(|known| known.name() == fault)?;
                identity(emulator.https_faulty_url(fault)?)
            }
        })
    }

    fn closed_address(&self) -> Option<SocketAddr> {
        self.closed.local_addr().ok()?.as_socket()
    }

    fn black_hole(&self) -> SocketAddr {
        let make = || BlackHole::at((Ipv4Addr::LOCALHOST, 0).into()).expect("a full queue");
        self.black_hole.get_or_init(make).address()
    }

    /// A Redis of the scenario's own.
    pub(crate) fn redis(&self) -> MutexGuard<'_, RedisServer> {
        let start = || {
            let options = RedisOptions { tls: true, ..RedisOptions::default() };
            Mutex::new(RedisServer::start(options).expect("redis-server starts"))
        };
        self.redis.get_or_init(start).lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// `start_rfc3339+0.5`, `start_offset-1`, `start_httpdate+2`.
    fn time(&self, name: &str) -> Option<String> {
        let at = name.find(['+', '-']).unwrap_or(name.len());
        let (format, seconds) = name.split_at(at);
        let seconds: f64 = if seconds.is_empty() { 0.0 } else { seconds.parse().ok()? };
        let by = Duration::try_from_secs_f64(seconds.abs()).ok()?;
        let time = if seconds < 0.0 { self.started - by } else { self.started + by };
        let timestamp = || jiff::Timestamp::try_from(time).ok();
        match format {
            "start_httpdate" => Some(httpdate::fmt_http_date(time)),
            "start_rfc3339" => Some(format!("{:.3}", timestamp()?)),
            "start_offset" => {
                let zone = jiff::tz::Offset::constant(2);
                Some(format!("{:.3}", timestamp()?.display_with_offset(zone)))
            }
            _ => None,
        }
    }
}

/// In hexadecimal, as in the service's log.
fn sha256(text: &str) -> String {
    let hash = ring::digest::digest(&ring::digest::SHA256, text.as_bytes());
    hash.as_ref().iter().fold(String::new(), |all, byte| format!("{all}{byte:02x}"))
}

/// A certificate with a line in it that is no base64.
fn damaged(pem: &str) -> String {
    let mut lines: Vec<&str> = pem.lines().collect();
    lines.insert(2, "this is no base64!");
    lines.join("\n") + "\n"
}

/// Authenticates, so that scenarios about refresh have a token to begin with.
fn grant(emulator: &Emulator) -> Result<Map<String, Value>, frontegg_token::Error> {
    let endpoint = Endpoint::url(&emulator.base_url())?;
    let client = Client::builder(endpoint).proxy(frontegg_token::Proxy::None).build()?;
    let set = client.authenticate(&Credentials::new(emulator.client_id(), emulator.secret())?)?;
    let refresh_token = set.refresh_token().map(frontegg_token::RefreshToken::as_str);
    Ok(Map::from_iter([
        ("access_token".to_owned(), Value::from(set.access_token().as_str())),
        ("refresh_token".to_owned(), Value::from(refresh_token)),
    ]))
}

fn bystander() -> std::io::Result<TcpListener> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}

/// Bound, so that nobody else gets the port, but deaf.
fn closed_port() -> std::io::Result<Socket> {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
    socket.bind(&SocketAddr::from((Ipv4Addr::LOCALHOST, 0)).into())?;
    Ok(socket)
}
