//! The settings that the parameters of a URL make.

use std::fmt;
use std::time::Duration;

use super::known::{Kind, kind_of, letters};
use super::url::{database, decode, invalid};
use crate::{Error, LONGEST, Secret};

/// The settings that a URL's parameters make.
#[derive(Default)]
pub(super) struct Parameters {
    pub(super) timeout: Option<Duration>,
    pub(super) key_prefix: Option<String>,
    pub(super) ca_file: Option<String>,
    pub(super) certificate_file: Option<String>,
    pub(super) key_file: Option<String>,
    pub(super) database: Option<u32>,
    pub(super) user: Option<Secret>,
    pub(super) password: Option<Secret>,
    pub(super) tls: Option<bool>,
    /// The name of one that makes sense with TLS alone.
    pub(super) for_tls: Option<String>,
    /// The names of those that change nothing.
    pub(super) ignored: Vec<String>,
}

impl Parameters {
    pub(super) fn parse(query: &str) -> Result<Self, Error> {
        let mut parameters = Self::default();
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            parameters.take(decode(name, true)?.expose(), &decode(value, true)?)?;
        }
        Ok(parameters)
    }

    /// The name is told where it is known: what is not may be anything.
    fn take(&mut self, name: &str, secret: &Secret) -> Result<(), Error> {
        let kind = kind_of(name).ok_or_else(|| invalid("has a parameter that is not known"))?;
        let refuse = |why: &str| Err(invalid(&format!("has `{name}`, which {why}")));
        let value = secret.expose();
        let switch = switch(value);
        match kind {
            Kind::Timeout => match duration(value) {
                Some(timeout) => set(&mut self.timeout, timeout, name)?,
                None => {
                    return refuse("is not a time above zero with its unit, such as 250ms or 1s");
                }
            },
            Kind::KeyPrefix => set(&mut self.key_prefix, value.to_owned(), name)?,
            Kind::CaFile => set(&mut self.ca_file, value.to_owned(), name)?,
            Kind::CertificateFile => set(&mut self.certificate_file, value.to_owned(), name)?,
            Kind::KeyFile => set(&mut self.key_file, value.to_owned(), name)?,
            Kind::Database => match database(value) {
                Ok(database) => set(&mut self.database, database, name)?,
                Err(_) => return refuse("is not a number"),
            },
            Kind::User => set(&mut self.user, secret.clone(), name)?,
            Kind::Password => set(&mut self.password, secret.clone(), name)?,
            Kind::Tls => match switch {
                Some(tls) => set(&mut self.tls, tls, name)?,
                None if value.is_empty() => set(&mut self.tls, true, name)?,
                None => return refuse("is neither true nor false"),
            },
            Kind::Checks if value.is_empty() || checks_all(value) => self.ignore(name),
            Kind::Unchecked | Kind::Switch(_) if switch == Some(false) => self.ignore(name),
            Kind::Checks | Kind::Unchecked => {
                return refuse(
                    "would have certificates checked less than they always are: an authority of \
                     your own is named by `ca_file`",
                );
            }
            Kind::OldestTls => match letters(value).trim_start_matches("tlsversion") {
                "tls1" | "tls10" | "tls11" | "tls12" | "tlsv1" | "tlsv10" | "tlsv11" | "tlsv12"
                | "10" | "11" | "12" => self.ignore(name),
                _ => return refuse("cannot be met: the oldest version of TLS is 1.2"),
            },
            Kind::Protocol => match &*value.to_ascii_lowercase() {
                "2" | "3" | "resp2" | "resp3" => self.ignore(name),
                _ => return refuse("is neither 2 nor 3"),
            },
            Kind::Ignored => self.ignore(name),
            Kind::Switch(why) | Kind::Refused(why) => return refuse(why),
        }
        if matches!(
            kind,
            Kind::CaFile | Kind::CertificateFile | Kind::KeyFile | Kind::Checks | Kind::OldestTls
        ) {
            self.for_tls.get_or_insert_with(|| name.to_owned());
        }
        Ok(())
    }

    fn ignore(&mut self, name: &str) {
        if !self.ignored.iter().any(|ignored| ignored == name) {
            self.ignored.push(name.to_owned());
        }
    }
}

fn set<T>(slot: &mut Option<T>, value: T, name: &str) -> Result<(), Error> {
    match slot.replace(value) {
        None => Ok(()),
        Some(_) => Err(invalid(&format!("has `{name}` or another name of it twice"))),
    }
}

/// What says yes and what says no, in the languages of the clients. Makes no copy: it may be asked
/// of a password.
fn switch(value: &str) -> Option<bool> {
    let is_one_of = |words: [&str; 6]| words.iter().any(|word| word.eq_ignore_ascii_case(value));
    if is_one_of(["true", "1", "yes", "y", "on", "t"]) {
        Some(true)
    } else if is_one_of(["false", "0", "no", "n", "off", "f"]) {
        Some(false)
    } else {
        None
    }
}

/// Whether a value asks for what is always done. In a client, Python's `optional` means the same
/// as `required`.
fn checks_all(value: &str) -> bool {
    let names = ["required", "certrequired", "sslcertrequired", "2", "full", "peer", "verifypeer"];
    let optional = ["optional", "certoptional", "sslcertoptional"];
    let plain = letters(value);
    switch(value) == Some(true)
        || names.contains(&plain.as_str())
        || optional.contains(&plain.as_str())
}

/// A number and its unit. A number alone is none: it is seconds to some clients, and
/// milliseconds to others.
fn duration(text: &str) -> Option<Duration> {
    let end = text.find(|letter: char| !letter.is_ascii_digit() && letter != '.')?;
    let (number, unit) = text.split_at(end);
    let scale = match &*unit.to_ascii_lowercase() {
        "ms" => 0.001,
        "s" => 1.0,
        "m" => 60.0,
        _ => return None,
    };
    let seconds = number.parse::<f64>().ok()? * scale;
    let time = Duration::try_from_secs_f64(seconds).map_or(LONGEST, |time| time.min(LONGEST));
    (!time.is_zero()).then_some(time)
}

impl fmt::Debug for Parameters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Parameters").field("timeout", &self.timeout).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::super::url::Url;
    use super::*;
    use crate::Code;

    /// Of a URL with TLS.
    fn parameters(query: &str) -> Parameters {
        Url::parse(&format!("rediss://host?{query}")).expect(query).parameters
    }

    #[test]
    fn a_time_has_a_unit() {
        let timeout = |text: &str| parameters(&format!("timeout={text}")).timeout.unwrap();
        for (text, millis) in
            [("1s", 1000), ("250ms", 250), ("1.5s", 1500), ("0.5S", 500), ("2m", 120_000)]
        {
            assert_eq!(timeout(text), Duration::from_millis(millis), "{text}");
        }
        assert_eq!(timeout("0.1ms"), Duration::from_micros(100));
        assert_eq!(timeout(&format!("{}s", "9".repeat(400))), LONGEST);
        let bad =
            ["", "1", "0", "0s", "0.0ms", "-1s", "+1s", "1 s", "s", ".s", "1.2.3s", "1h", "1e3s"];
        for text in bad.into_iter().chain(["infs", "nans", "1ss", "planted", "1s,", "1us", "١s"]) {
            let error = Parameters::parse(&format!("timeout={text}")).expect_err(text);
            assert_eq!(error.code(), Code::InvalidArgument);
            assert!(error.message().contains("`timeout`, which is not a time"), "{error}");
            assert!(!error.message().contains("planted"));
        }
    }

    #[test]
    fn parameters_are_settings() {
        let made = parameters(
            "timeout=1s&key_prefix=app:%26+x/&ssl_ca_certs=%2Fetc%2Fca.pem&ssl_certfile=c&\
             ssl_keyfile=k&&db=3",
        );
        assert_eq!(made.key_prefix.unwrap(), "app:& x/");
        assert_eq!(made.ca_file.unwrap(), "/etc/ca.pem");
        assert_eq!(made.certificate_file.unwrap(), "c");
        assert_eq!(made.key_file.unwrap(), "k");
        assert_eq!(made.database, Some(3));
        assert!(made.ignored.is_empty());
    }

    #[test]
    fn what_changes_nothing_is_ignored() {
        for query in [
            "ssl_cert_reqs=required",
            "ssl_cert_reqs=CERT_REQUIRED",
            "ssl_cert_reqs=ssl.CERT_REQUIRED",
            "ssl_cert_reqs=optional",
            "ssl_check_hostname=True",
            "verifyPeer=FULL",
            "ssl[verify_peer]=1",
            "rejectUnauthorized=true",
            "skip_verify=false",
            "insecure=0",
            "ssl_min_version=TLSv1.2",
            "ssl_min_version=TLSVersion.TLSv1_2",
            "protocol=3",
            "protocol=resp2",
            "client_name=planted",
            "clientName=planted",
            "max_connections=10",
            "pool_size=5",
            "health_check_interval=30",
            "retry_on_timeout=true",
            "socket_keepalive=true",
            "decode_responses=True",
            "family=6",
            "allowUsernameInURI=true",
            "visibility_timeout=3600",
            "cluster=false",
            "sentinel=0",
            "readOnly=false",
            "ssl_validate_ocsp=false",
            "starttls=off",
        ] {
            let (name, _) = query.split_once('=').unwrap();
            assert_eq!(parameters(&format!("{query}&{query}")).ignored, [name], "{query}");
        }
    }

    #[test]
    fn what_would_weaken_or_cannot_be_met_is_refused_by_its_name() {
        for query in [
            "ssl_cert_reqs=none",
            "ssl_cert_reqs=CERT_NONE",
            "ssl_cert_reqs=0",
            "ssl_cert_reqs=planted",
            "ssl_check_hostname=false",
            "verify=no",
            "verifyPeer=NONE",
            "verifyPeer=CA",
            "ssl[verify_peer]=0",
            "tls.rejectUnauthorized=false",
            "insecure",
            "insecure=true",
            "insecure=planted",
            "tls_insecure=1",
            "skip_verify=true",
            "ssl=planted",
            "tls={}",
            "ssl_min_version=TLSv1.3",
            "protocol=planted",
            "db=planted",
            "db=",
            "database=-1",
            "cluster=true",
            "sentinelMasterId=planted",
            "master_name=planted",
            "addr=planted",
            "readFrom=planted",
            "socket_timeout=5",
            "socket_connect_timeout=5",
            "connectTimeout=5000",
            "dial_timeout=5",
            "read_timeout=5s",
            "ssl_ca_path=planted",
            "ssl_ca_data=planted",
            "ssl_ciphers=planted",
            "ssl_password=planted",
            "ssl_validate_ocsp=true",
            "credential_provider=planted",
            "auth=planted",
            "prefix=planted",
            "host=planted",
        ] {
            let (name, _) = query.split_once('=').unwrap_or((query, ""));
            let error = Url::parse(&format!("rediss://:planted@host?{query}")).expect_err(query);
            assert_eq!(error.code(), Code::InvalidArgument);
            assert!(error.message().contains(&format!("`{name}`")), "{query}: {error}");
            assert!(!format!("{error:?}").contains("planted"), "{error:?}");
        }
    }

    #[test]
    fn what_is_not_known_is_refused_without_its_name() {
        for query in ["planted", "planted=1", "=planted", "%70lanted=x", "timeout=1s&pl%61nted"] {
            let error = Parameters::parse(query).expect_err(query);
            assert!(error.message().contains("a parameter that is not known"), "{error}");
            assert!(!format!("{error:?}").contains("planted"), "{error:?}");
        }
    }

    #[test]
    fn nothing_is_set_twice() {
        for query in ["timeout=1s&timeout=1s", "db=1&database=1", "ca_file=a&ssl_ca_certs=a"] {
            let error = Parameters::parse(query).expect_err(query);
            assert!(error.message().contains("twice"), "{error}");
        }
    }

    #[test]
    fn what_is_of_tls_needs_tls() {
        for query in ["ssl_cert_reqs=required", "ca_file=a", "cert_file=a", "sslminversion=1.2"] {
            let error = Url::parse(&format!("redis://host?{query}")).expect_err(query);
            assert!(error.message().contains("but no TLS"), "{error}");
            assert!(Url::parse(&format!("redis://host?ssl=true&{query}")).is_ok(), "{query}");
        }
        assert!(Url::parse("redis://host?insecure=false").is_ok());
    }
}
