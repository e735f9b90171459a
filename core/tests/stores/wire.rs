//! A network of two ends, of which the far one is in a namespace of its own: a wire that can
//! be cut, upon which what is sent is lost, and nobody is told.

use std::process::{Command, Stdio};

use crate::server::Server;

/// The hardware address of the far end, so that nobody needs to ask for it.
const FAR: &str = "02:66:74:00:00:02";

pub(crate) struct Wire {
    /// Of the namespace, and of the near end.
    name: String,
    address: String,
}

impl Wire {
    /// `None` where this process may not lay one: it takes Linux, root, and iproute2.
    pub(crate) fn lay() -> Option<Self> {
        let id = std::process::id();
        let name = format!("ft{id}");
        if !ip(&format!("netns add {name}")) {
            eprintln!("no wire to cut: that takes Linux, root and iproute2");
            return None;
        }
        // Four addresses of the link's own, which no router passes on.
        let address = |last: u32| format!("169.254.{}.{}", id >> 6 & 0xff, id % 64 * 4 + last);
        let (near, far) = (address(1), address(2));
        let wire = Self { name, address: far.clone() };
        let name = &wire.name;
        for step in [
            format!("link add {name} type veth peer name far address {FAR} netns {name}"),
            format!("address add {near}/30 dev {name}"),
            format!("link set {name} up"),
            format!("neighbour add {far} lladdr {FAR} nud permanent dev {name}"),
            format!("-netns {name} address add {far}/30 dev far"),
            format!("-netns {name} link set lo up"),
            format!("-netns {name} link set far up"),
        ] {
            assert!(ip(&step), "ip {step}");
        }
        Some(wire)
    }

    /// A server at the far end, and its URL.
    pub(crate) fn server(&self) -> (Server, String) {
        let server = Server::in_namespace(&self.name, &self.address);
        let url = server.tcp_url().expect("it has a port").replace("127.0.0.1", &self.address);
        (server, url)
    }

    pub(crate) fn cut(&self) {
        assert!(ip(&format!("-netns {} link set far down", self.name)));
    }

    pub(crate) fn mend(&self) {
        assert!(ip(&format!("-netns {} link set far up", self.name)));
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        // The far end goes with it; the namespace alone would keep both for as long as the
        // system tries to send what was not answered.
        ip(&format!("link delete {}", self.name));
        ip(&format!("netns delete {}", self.name));
    }
}

fn ip(words: &str) -> bool {
    let mut command = Command::new("ip");
    command.args(words.split(' ')).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}
