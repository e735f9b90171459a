//! Whether `NO_PROXY` names a host, as curl 8 reads it, and with ports as others do.

use std::net::IpAddr;

use super::proxy_server::split_port;

/// Whether the list names the host (an IPv6 address with or without brackets) at this port.
///
/// Entries are separated by commas or white space. One stands for a host and all below it; a
/// dot or `*.` in front and a dot behind change nothing. An address may have a prefix length
/// (`10.0.0.0/8`), any entry a port (`a.example:8443`), and `*` is every host.
pub(crate) fn is_excluded(list: &str, host: &str, port: u16) -> bool {
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let host = host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase();
    let address = host.parse::<IpAddr>().ok();
    list.split(|c: char| c == ',' || c.is_whitespace())
        .filter(|entry| !entry.is_empty())
        .any(|entry| names(entry, &host, address, port))
}

fn names(entry: &str, host: &str, address: Option<IpAddr>, port: u16) -> bool {
    if entry == "*" {
        return true;
    }
    // An IPv6 address without brackets has no port.
    let (entry, wanted) = match entry.parse::<IpAddr>() {
        Ok(_) => (entry, None),
        Err(_) if entry.contains('/') => (entry, None),
        Err(_) => match split_port(entry) {
            Some(split) => split,
            None => return false,
        },
    };
    if wanted.is_some_and(|wanted| wanted != port) {
        return false;
    }
    match address {
        Some(address) => names_address(entry, address),
        None => names_host(entry, host),
    }
}

fn names_host(entry: &str, host: &str) -> bool {
    let entry = entry.trim_start_matches('*').trim_start_matches('.');
    let entry = entry.strip_suffix('.').unwrap_or(entry).to_ascii_lowercase();
    !entry.is_empty()
        && (host == entry || host.strip_suffix(&entry).is_some_and(|front| front.ends_with('.')))
}

fn names_address(entry: &str, address: IpAddr) -> bool {
    let (network, length) = match entry.split_once('/') {
        Some((network, length)) => match length.parse::<u32>() {
            Ok(length) => (network, Some(length)),
            Err(_) => return false,
        },
        None => (entry, None),
    };
    let network = network.trim_start_matches('[').trim_end_matches(']');
    let (bits, network, width) = match (address, network.parse::<IpAddr>()) {
        (IpAddr::V4(address), Ok(IpAddr::V4(network))) => {
            (u128::from(address.to_bits()), u128::from(network.to_bits()), 32)
        }
        (IpAddr::V6(address), Ok(IpAddr::V6(network))) => {
            (address.to_bits(), network.to_bits(), 128)
        }
        _ => return false,
    };
    let length = length.unwrap_or(width);
    // All bits but the first `length` may differ.
    length <= width && (bits ^ network).checked_shr(width - length).unwrap_or(0) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stand_for_a_host_and_all_below_it() {
        for (list, host, excluded) in [
            ("a.example", "a.example", true),
            ("example", "a.example", true),
            (".example", "a.example", true),
            ("*.example", "a.example", true),
            ("A.EXAMPLE", "a.example", true),
            ("a.example.", "a.example", true),
            ("a.example", "a.example.", true),
            ("localhost.", "localhost", true),
            ("b.example, a.example", "a.example", true),
            ("b.example a.example", "a.example", true),
            ("b.example\ta.example", "a.example", true),
            (",,a.example,", "a.example", true),
            ("*", "a.example", true),
            ("b,*", "a.example", true),
            ("xample", "a.example", false),
            ("b.a.example", "a.example", false),
            (".", "a.example", false),
            ("*.", "a.example", false),
            ("", "a.example", false),
            ("127.0.0.1", "a.example", false),
        ] {
            assert_eq!(is_excluded(list, host, 443), excluded, "{list} {host}");
        }
    }

    #[test]
    fn addresses_may_have_a_prefix_length() {
        for (list, host, excluded) in [
            ("127.0.0.1", "127.0.0.1", true),
            ("127.0.0.0/8", "127.8.8.8", true),
            ("10.0.0.0/8", "11.0.0.1", false),
            ("192.168.1.0/24", "192.168.1.255", true),
            ("192.168.1.0/24", "192.168.2.0", false),
            ("192.168.1.77/24", "192.168.1.1", true),
            ("0.0.0.0/0", "8.8.8.8", true),
            ("10.0.0.1/32", "10.0.0.1", true),
            ("10.0.0.1/32", "10.0.0.2", false),
            ("10.0.0.0/33", "10.0.0.0", false),
            ("10.0.0.0/x", "10.0.0.0", false),
            ("10.0.0.0/", "10.0.0.0", false),
            ("::1", "[::1]", true),
            ("[::1]", "[::1]", true),
            ("fe80::/10", "[fe80::1]", true),
            ("fd00::/8", "[fe80::1]", false),
            ("::/0", "[fe80::1]", true),
            ("::1/128", "[::2]", false),
            // A network of one family says nothing of the other.
            ("0.0.0.0/0", "[::1]", false),
            // An address is not a name: no suffixes.
            ("0.1", "127.0.0.1", false),
            (".0.0.1", "127.0.0.1", false),
        ] {
            assert_eq!(is_excluded(list, host, 443), excluded, "{list} {host}");
        }
    }

    #[test]
    fn an_entry_may_name_a_port() {
        for (list, host, port, excluded) in [
            ("a.example:443", "a.example", 443, true),
            ("a.example:8443", "a.example", 443, false),
            ("example:443", "a.example", 443, true),
            ("127.0.0.1:8443", "127.0.0.1", 8443, true),
            ("127.0.0.1:8443", "127.0.0.1", 443, false),
            ("[::1]:8443", "[::1]", 8443, true),
            ("[::1]:8443", "[::1]", 443, false),
            ("a.example:", "a.example", 443, false),
            ("a.example:https", "a.example", 443, false),
        ] {
            assert_eq!(is_excluded(list, host, port), excluded, "{list} {host}");
        }
    }
}
