//! The parameters of URLs that are known here: ours, and those of other clients.
//!
//! One URL is often shared by clients of several languages. What another client's parameter asks
//! for is met, or changes nothing here and is ignored with a warning, or is an error: what was
//! named is meant. A parameter that is not in the table is an error too, since it may be any of
//! these.

/// What a parameter is here.
#[derive(Clone, Copy)]
pub(super) enum Kind {
    Timeout,
    KeyPrefix,
    CaFile,
    CertificateFile,
    KeyFile,
    Database,
    User,
    Password,
    /// Whether there is TLS.
    Tls,
    /// Asks for checks of certificates, all of which are always made: less is refused.
    Checks,
    /// Asks for fewer checks, unless it says no.
    Unchecked,
    /// The oldest version of TLS: 1.2 is the oldest here.
    OldestTls,
    /// The version of Redis's protocol: an operation means the same in each.
    Protocol,
    /// Changes nothing here.
    Ignored,
    /// Asks for what this says, unless it says no.
    Switch(&'static str),
    /// Cannot be met, for this reason.
    Refused(&'static str),
}

/// By their [`letters`]. What changes nothing says why.
const TABLE: &[(Kind, &str)] = &[
    (Kind::Timeout, "timeout"),
    // ioredis: keyPrefix.
    (Kind::KeyPrefix, "keyprefix"),
    // redis-py: ssl_ca_certs, ssl_certfile, ssl_keyfile; redis-cli: cacert, cert; PHP: ssl[cafile],
    // ssl[local_cert], ssl[local_pk].
    (Kind::CaFile, "cafile cacert sslcacerts sslcafile sslcacert tlscafile tlscacertfile"),
    (Kind::CertificateFile, "certfile cert sslcertfile sslcert ssllocalcert tlscertfile"),
    (Kind::KeyFile, "keyfile sslkeyfile sslkey ssllocalpk tlskeyfile"),
    // redis-py, go-redis, ioredis: db; lettuce, Predis: database; Symfony: dbindex.
    (Kind::Database, "db database dbindex defaultdatabase"),
    (Kind::User, "user username"),
    (Kind::Password, "pass password"),
    (Kind::Tls, "ssl tls usessl usetls sslenabled tlsenabled"),
    // redis-py, Celery: ssl_cert_reqs, ssl_check_hostname; lettuce: verifyPeer; Node:
    // rejectUnauthorized; PHP: ssl[verify_peer], ssl[verify_peer_name]; Ruby: verify_mode.
    (
        Kind::Checks,
        "sslcertreqs sslcheckhostname checkhostname verify verifypeer verifypeername \
         verifyhostname verifymode verifycert verifycertificate verifyssl verifytls sslverify \
         sslverifypeer sslverifypeername sslverifyhostname sslverifymode tlsverify \
         rejectunauthorized sslrejectunauthorized tlsrejectunauthorized",
    ),
    // go-redis: skip_verify; Gitea: insecureskipverify; PHP: ssl[allow_self_signed].
    (
        Kind::Unchecked,
        "insecure sslinsecure tlsinsecure skipverify insecureskipverify sslskipverify \
         tlsskipverify sslinsecureskipverify tlsinsecureskipverify skiptlsverify \
         skipsslverify noverify allowselfsigned sslallowselfsigned \
         tlsallowinvalidcertificates tlsallowinvalidhostnames trustservercertificate",
    ),
    (Kind::OldestTls, "sslminversion tlsminversion minversion mintlsversion"),
    // redis-py, go-redis, Jedis, redis-rs: protocol.
    (Kind::Protocol, "protocol resp respversion"),
    // Names that the server lists its clients by.
    (
        Kind::Ignored,
        "clientname connectionname libname libversion libraryname libraryversion setlib \
         disableidentity disableclientinfo clientinfotag identitysuffix",
    ),
    // What answers are turned into: here, no user sees one.
    (
        Kind::Ignored,
        "decoderesponses encoding encodingerrors charset errors stringnumbers \
         dropbuffersupport iterablemultibulk throwerrors showfriendlyerrorstack unstableresp3",
    ),
    // Pools: an operation takes an idle connection or opens one, and never waits for another's.
    (
        Kind::Ignored,
        "maxconnections poolsize poolminsize poolmaxsize minpoolsize maxpoolsize minsize \
         maxsize minidle maxidle maxtotal maxactive minidleconns maxidleconns maxactiveconns \
         maxconcurrentdials poolfifo pooltimeout connmaxidletime connmaxlifetime \
         connmaxlifetimejitter maxconnage maxidletime idletimeout idletimeoutseconds \
         idlecheckfrequency pipelinepoolsize pipelinereadbuffersize pipelinewritebuffersize \
         readbuffersize writebuffersize singleconnectionclient persistent persistentid lazy \
         lazyconnect asyncconnect",
    ),
    // Retries: a source goes on without a store that fails, and its next renewal asks again.
    (
        Kind::Ignored,
        "retry retryontimeout retryonerror retryinterval maxretries minretrybackoff \
         maxretrybackoff maxretriesperrequest maxloadingretrytime connectretry dialerretries \
         dialerretrytimeout abortconnect abortonconnectfail reconnectonerror autoresubscribe \
         autoresendunfulfilledcommands enableofflinequeue enablereadycheck",
    ),
    // Sockets: connections do not idle for long, and are looked at before they are used. All
    // addresses of a host are tried, of either family.
    (
        Kind::Ignored,
        "socketkeepalive socketkeepaliveoptions keepalive tcpkeepalive nodelay tcpnodelay \
         family healthcheckinterval pinginterval",
    ),
    // Of queues and of other uses that their clients make of a server.
    (
        Kind::Ignored,
        "visibilitytimeout pollinginterval fanoutprefix fanoutpatterns prioritysteps \
         queueorderstrategy enableautopipelining contexttimeoutenabled allowadmin alias \
         weight",
    ),
    // ioredis: the user of a URL is always used here.
    (Kind::Ignored, "allowusernameinuri"),
    // Their units differ from client to client, and none of them bounds what ours does.
    (
        Kind::Refused("is not supported: the time-out is `timeout`, such as timeout=1s"),
        "sockettimeout socketconnecttimeout connecttimeout connectiontimeout \
         createconnectiontimeout dialtimeout commandtimeout requesttimeout responsetimeout \
         readtimeout writetimeout readwritetimeout sendtimeout receivetimeout streamtimeout \
         synctimeout asynctimeout operationtimeout timeoutms timeoutmillis",
    ),
    (
        Kind::Switch("is of Redis Cluster or Sentinel, which are not supported"),
        "cluster clustermode clusterenabled clusternodes enablecluster iscluster rediscluster \
         node nodes addr addrs startupnodes maxredirects routebylatency routerandomly \
         sentinel sentinels redissentinel sentinelmaster sentinelmasterid sentinelmastername \
         sentinelservicename sentinelusername sentinelpassword mastername masterset \
         servicename role replication failover",
    ),
    (
        Kind::Switch("asks for a replica, and tokens need a server that takes writes"),
        "readonly readfrom readfromreplicas replicaonly usedisconnectedreplicas",
    ),
    (
        Kind::Switch("asks for a check of certificates that is not made here"),
        "sslvalidateocsp sslvalidateocspstapled sslincludeverifyflags \
         checkcertificaterevocation",
    ),
    (Kind::Switch("asks for TLS that begins in the midst: that is rediss://"), "starttls"),
    (
        Kind::Refused("is not supported: authorities are named by `ca_file`"),
        "sslcapath sslcadata capath cacertdir tlscacertdir sslca tlsca ca",
    ),
    (
        Kind::Refused(
            "is not supported: the certificate of a client is named by `cert_file` and \
                       `key_file`, and its key is not encrypted",
        ),
        "sslpassword sslkeypassword sslpassphrase keyfilepass tlskeypassword",
    ),
    (
        Kind::Refused("is not supported: versions and ciphers of TLS cannot be chosen"),
        "sslciphers ciphers ciphersuites sslmaxversion sslprotocols sslversion",
    ),
    (
        Kind::Refused("is not supported: a certificate is checked for the host of the URL"),
        "sslhost sslservername servername tlsservername sni tlssni peername",
    ),
    (
        Kind::Refused("is not supported: user and password stand in front of the host"),
        "auth authtype credentials credentialprovider tokenprovider iam",
    ),
    (
        Kind::Refused("is not supported: keys begin with `key_prefix`"),
        "prefix namespace namespaceprefix keynamespace globalkeyprefix",
    ),
    (
        Kind::Refused("is not supported: the server is named by the host of the URL"),
        "host port path network unixsocketpath virtualhost proxy tunnel",
    ),
];

/// What a parameter of this name is, in whatever spelling: `clientName`, `client_name` and
/// `client-name` are one.
pub(super) fn kind_of(name: &str) -> Option<Kind> {
    let of_a_name = |letter: char| letter.is_ascii_alphanumeric() || "_-.[]".contains(letter);
    if !name.chars().all(of_a_name) {
        return None;
    }
    let name = letters(name);
    let known = |names: &str| names.split(' ').any(|known| known == name);
    TABLE.iter().find(|(_, names)| known(names)).map(|(kind, _)| *kind)
}

/// Letters and digits alone, without case.
pub(super) fn letters(text: &str) -> String {
    let letters = text.chars().filter(char::is_ascii_alphanumeric);
    letters.map(|letter| letter.to_ascii_lowercase()).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn a_name_is_in_the_table_once_and_as_it_is_looked_for() {
        let mut names = HashSet::new();
        for name in TABLE.iter().flat_map(|(_, names)| names.split(' ')) {
            assert_eq!(letters(name), name);
            assert!(names.insert(name), "{name}");
        }
    }

    #[test]
    fn a_name_is_known_in_any_spelling_and_with_nothing_else_in_it() {
        for name in ["client_name", "clientName", "CLIENT-NAME", "clientname", "ssl[cafile]"] {
            assert!(kind_of(name).is_some(), "{name}");
        }
        for name in ["", "client name", "client_name\n", "clientнейм_name", "planted"] {
            assert!(kind_of(name).is_none(), "{name}");
        }
    }
}
