//! Existing clients, run by `e2e/clients/run`, over https as they insist.

use super::{Outcome, Row, partner_token, token};
use crate::server::{Server, free_port};
use anyhow::Context;
use serde_json::Value;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// Https before the server.
pub struct Front {
    tls: Child,
    port: u16,
    /// Where the server is to listen.
    pub backend: String,
    /// Who vouches for the address, in PEM.
    pub authority: Vec<u8>,
    ca: PathBuf,
}

impl Front {
    /// Makes a certificate and listens; `None` where the tools for it are not there.
    pub fn open(folder: &Path) -> anyhow::Result<Option<Self>> {
        for tool in [["python3", "--version"], ["openssl", "version"]] {
            let there = Command::new(tool[0])
                .arg(tool[1])
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .status();
            if !there.is_ok_and(|status| status.success()) {
                return Ok(None);
            }
        }
        let place = folder.join("tls");
        std::fs::create_dir(&place)?;
        let (port, backend) = (free_port()?, format!("127.0.0.1:{}", free_port()?));
        let mut tls = Command::new("e2e/clients/tls.py")
            .arg(&place)
            .args([&port.to_string(), &backend])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context("e2e/clients/tls.py")?;
        let mut line = String::new();
        BufReader::new(tls.stdout.take().context("no output")?).read_line(&mut line)?;
        anyhow::ensure!(line.trim() == "ready", "e2e/clients/tls.py does not listen");
        let ca = place.join("ca.pem");
        Ok(Some(Self {
            tls,
            port,
            backend,
            authority: std::fs::read(&ca)?,
            ca,
        }))
    }

    fn host(&self) -> String {
        format!("localhost:{}", self.port)
    }

    /// The address people and partners use.
    pub fn origin(&self) -> String {
        format!("https://{}", self.host())
    }
}

impl Drop for Front {
    fn drop(&mut self) {
        _ = self.tls.kill();
        _ = self.tls.wait();
    }
}

/// Runs all clients.
pub fn run(server: &Server, front: &Front) -> anyhow::Result<Vec<Row>> {
    let done = Command::new("e2e/clients/run")
        .env("HOST", front.host())
        .env("CA", &front.ca)
        .env("TOKEN", token(server, "ana")?)
        .env("ME", "ana@localhost")
        .env("OTHER", "ben@localhost")
        .env("PARTNER_TOKEN", partner_token(server)?)
        .stderr(Stdio::inherit())
        .output()
        .context("e2e/clients/run")?;
    let said = String::from_utf8(done.stdout)?;
    let mut rows: Vec<Row> = said
        .lines()
        .filter_map(|line| serde_json::from_str(line).ok().map(row))
        .collect();
    let failed = rows.iter().any(|row| matches!(row.outcome, Outcome::Fail(_)));
    if !done.status.success() && !failed {
        rows.push(Row {
            who: "existing clients".to_owned(),
            method: String::new(),
            section: String::new(),
            what: "run to their end".to_owned(),
            outcome: Outcome::Fail(format!("e2e/clients/run ended with {}", done.status)),
        });
    }
    Ok(rows)
}

fn row(line: Value) -> Row {
    let text = |name: &str| line.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let outcome = match (
        line.get("skipped").and_then(Value::as_str),
        line.get("ok") == Some(&Value::Bool(true)),
    ) {
        (Some(why), _) => Outcome::Skipped(why.to_owned()),
        (None, true) => Outcome::Pass,
        (None, false) => Outcome::Fail(text("why")),
    };
    Row {
        who: text("client"),
        method: text("method"),
        section: text("section"),
        what: text("what"),
        outcome,
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_quickstart_shows_what_is_run() {
        let read = |path: &str| {
            let whole = format!("{}/../{path}", env!("CARGO_MANIFEST_DIR"));
            std::fs::read_to_string(&whole).unwrap_or_else(|error| panic!("{whole}: {error}"))
        };
        let page = read("docs/partner/quickstart.md");
        for (language, file) in [
            ("sh", "quickstart/first-read.sh"),
            ("python", "quickstart/first_read.py"),
            ("js", "quickstart/first-read.mjs"),
            ("rust", "rust/src/bin/first_read.rs"),
        ] {
            let shown = format!("```{language}\n{}```\n", read(&format!("e2e/clients/{file}")));
            assert!(
                page.contains(&shown),
                "docs/partner/quickstart.md does not show e2e/clients/{file}"
            );
        }
    }
}
