//! A network namespace for one process, with two cables: one to the cluster, which can be pulled, and one to its clients.

use anyhow::{Context, bail};
use std::process::Command;

/// The cable to the cluster: this machine's end, and the process's.
const CLUSTER: (&str, &str) = ("10.213.77.1", "10.213.77.2");
/// The cable to its clients.
const CLIENTS: (&str, &str) = ("10.213.77.5", "10.213.77.6");

/// The namespace. It goes when this is dropped.
pub struct Apart {
    name: String,
    cable: String,
    clients: String,
}

impl Apart {
    /// Makes it. Fails without the rights to (root, or its like).
    pub fn make() -> anyhow::Result<Self> {
        let pid = std::process::id();
        let apart = Self {
            name: format!("privity-{pid}"),
            cable: format!("pvc{pid}"),
            clients: format!("pvp{pid}"),
        };
        let Self { name, cable, clients } = &apart;
        ip(&["netns", "add", name])?;
        for (cable, (end, other)) in [(cable, CLUSTER), (clients, CLIENTS)] {
            let inside = format!("{cable}i");
            ip(&[
                "link", "add", cable, "type", "veth", "peer", "name", &inside, "netns", name,
            ])?;
            ip(&["addr", "add", &format!("{end}/30"), "dev", cable])?;
            ip(&["link", "set", cable, "up"])?;
            ip(&["-n", name, "addr", "add", &format!("{other}/30"), "dev", &inside])?;
            ip(&["-n", name, "link", "set", &inside, "up"])?;
        }
        // The nodes are at addresses of the loopback: both ends have to let those through.
        let open = "/proc/sys/net/ipv4/conf";
        std::fs::write(format!("{open}/{cable}/route_localnet"), "1").context("`route_localnet`")?;
        let inside = format!("for i in all {cable}i; do echo 1 > {open}/$i/route_localnet; done");
        run("ip", &["netns", "exec", name, "sh", "-c", &inside])?;
        ip(&[
            "-n",
            name,
            "route",
            "add",
            "127.0.0.0/24",
            "via",
            CLUSTER.0,
            "src",
            CLUSTER.1,
        ])?;
        Ok(apart)
    }

    /// Where a process inside is reached.
    pub fn address(&self) -> &'static str {
        CLIENTS.1
    }

    /// What a command line begins with that runs inside.
    pub fn command(&self) -> Vec<String> {
        ["ip", "netns", "exec", &self.name].map(str::to_owned).to_vec()
    }

    /// Pulls the cable to the cluster: no packet arrives, and nobody is told.
    pub fn cut(&self) -> anyhow::Result<()> {
        ip(&["link", "set", &self.cable, "down"])
    }

    /// Puts it back.
    pub fn mend(&self) -> anyhow::Result<()> {
        ip(&["link", "set", &self.cable, "up"])
    }
}

impl Drop for Apart {
    fn drop(&mut self) {
        for cable in [&self.cable, &self.clients] {
            _ = ip(&["link", "del", cable]);
        }
        _ = ip(&["netns", "del", &self.name]);
    }
}

fn ip(words: &[&str]) -> anyhow::Result<()> {
    run("ip", words)
}

/// Runs a command to its end; what it complains of is the error.
pub fn run(program: &str, words: &[&str]) -> anyhow::Result<()> {
    let done = Command::new(program)
        .args(words)
        .output()
        .with_context(|| format!("`{program}` does not run"))?;
    if !done.status.success() {
        let told = String::from_utf8_lossy(&done.stderr);
        bail!("`{program} {}`: {}", words.join(" "), told.trim());
    }
    Ok(())
}
