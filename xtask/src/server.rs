//! A real `privity serve` in a process of its own, with a partner, an agreement and people, made by the command line.

use anyhow::{Context, bail, ensure};
use marquee::SigningKey;
use marquee::client::{PartnerClient, Token};
use privity::browser::{Browser, hidden, parameter};
use serde_json::json;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use wire::oauth::{Action, AuthorizationDetail, Conversations, Field, Purpose};

/// Everyone's password.
pub const PASSWORD: &str = "a long password";
/// The agreement.
pub const AGREEMENT: &str = "films@1";
const CLIENT: &str = "marquee-web";
const REDIRECT: &str = "https://marquee.example/callback";

/// An installation, whose server may be running.
pub struct Server {
    binary: PathBuf,
    folder: PathBuf,
    /// The address people and partners use.
    pub origin: String,
    /// Who vouches for it, in PEM, if that is nobody known.
    authority: Option<Vec<u8>>,
    listen: String,
    child: Option<Child>,
    key: SigningKey,
    master_key: PathBuf,
    /// What names the cluster, if there is one.
    cluster: Vec<String>,
    /// The command that starts it, if it is not started as it is.
    through: Vec<String>,
    /// What its process finds in its environment, beside ours.
    pub environment: Vec<(String, String)>,
}

impl Server {
    /// A new installation in a folder, with its keys. Builds the binary if need be.
    pub fn install(folder: &Path) -> anyhow::Result<Self> {
        Self::install_on(folder, Vec::new())
    }

    /// The same on a cluster, which these arguments name.
    pub fn install_on(folder: &Path, cluster: Vec<String>) -> anyhow::Result<Self> {
        let mut cargo = Command::new("cargo");
        // What cargo told this program of itself would make build scripts run again, and half the tree with them.
        for (name, _) in std::env::vars_os() {
            let name = name.to_string_lossy();
            if name.starts_with("CARGO_") && !matches!(&*name, "CARGO_HOME" | "CARGO_TARGET_DIR") {
                cargo.env_remove(&*name);
            }
        }
        let built = cargo
            // Both, so that the features of what they share are those it was built with for this program: nothing is
            // compiled twice.
            .args(["build", "--release", "--package", "privity", "--package", "xtask"])
            .status()?;
        ensure!(built.success(), "the server does not build");
        let target = std::env::var("CARGO_TARGET_DIR").unwrap_or_else(|_| "target".to_owned());
        let binary = std::fs::canonicalize(Path::new(&target).join("release").join("privity"))?;
        Self::install_binary(folder, binary, cluster, None)
    }

    /// A new installation of this very program; `front`: the https address it is reached at, and who vouches for it (PEM).
    pub fn install_binary(
        folder: &Path,
        binary: PathBuf,
        cluster: Vec<String>,
        front: Option<(String, Vec<u8>)>,
    ) -> anyhow::Result<Self> {
        let listen = format!("127.0.0.1:{}", free_port()?);
        let (origin, authority) = match front {
            Some((origin, authority)) => (origin, Some(authority)),
            None => (format!("http://{listen}"), None),
        };
        let server = Self {
            binary,
            folder: folder.to_owned(),
            origin,
            authority,
            listen,
            child: None,
            key: SigningKey::generate()?,
            master_key: folder.join("master.key"),
            cluster,
            through: Vec::new(),
            environment: Vec::new(),
        };
        if !server.cluster.is_empty() {
            let migrate = std::iter::once("migrate").chain(server.cluster.iter().map(String::as_str));
            server.command(&migrate.collect::<Vec<_>>(), "")?;
        }
        server.command(&["key", "master", &server.path("master.key")], "")?;
        Ok(server)
    }

    /// Another process of the same installation, with a folder of its own. Not started.
    pub fn beside(&self, folder: &Path) -> anyhow::Result<Self> {
        Ok(Self {
            binary: self.binary.clone(),
            folder: folder.to_owned(),
            origin: self.origin.clone(),
            authority: self.authority.clone(),
            listen: format!("127.0.0.1:{}", free_port()?),
            child: None,
            key: self.key.clone(),
            master_key: self.master_key.clone(),
            cluster: self.cluster.clone(),
            through: Vec::new(),
            environment: Vec::new(),
        })
    }

    /// From its next start on it listens at another address, and is started through a command.
    pub fn live_apart(&mut self, address: &str, through: Vec<String>) {
        let port = self.listen.rsplit(':').next().unwrap_or_default();
        self.listen = format!("{address}:{port}");
        self.through = through;
    }

    /// The same installation after it was copied to a cluster, whose keyspace is made here.
    pub fn moved(&self, folder: &Path, cluster: Vec<String>) -> anyhow::Result<Self> {
        std::fs::create_dir(folder)?;
        let mut moved = self.beside(folder)?;
        (moved.listen, moved.cluster) = (self.listen.clone(), cluster);
        let migrate = std::iter::once("migrate").chain(moved.cluster.iter().map(String::as_str));
        moved.command(&migrate.collect::<Vec<_>>(), "")?;
        Ok(moved)
    }

    /// Has this process listen elsewhere, from its next start on.
    pub fn listen_on(&mut self, address: &str) {
        address.clone_into(&mut self.listen);
    }

    /// The program.
    pub fn binary(&self) -> &Path {
        &self.binary
    }

    /// Where this very process listens.
    pub fn address(&self) -> String {
        format!("http://{}", self.listen)
    }

    /// Where a file of the installation is.
    pub fn path(&self, name: &str) -> String {
        self.folder.join(name).display().to_string()
    }

    /// The folder the server keeps its data in.
    pub fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    /// The file with the master key.
    pub fn master_key(&self) -> PathBuf {
        self.master_key.clone()
    }

    /// Starts the server and waits until it answers.
    pub fn start(&mut self) -> anyhow::Result<()> {
        let log = std::fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(self.folder.join("server.log"))?;
        let mut words = self.through.iter().map(Path::new).chain([self.binary.as_path()]);
        let child = Command::new(words.next().context("no command")?)
            .args(words)
            .args(["serve", "--listen", &self.listen, "--issuer", &self.origin])
            .args(self.site())
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()?;
        self.child = Some(child);
        let deadline = Instant::now() + Duration::from_secs(30);
        while Browser::new(&self.address()).get("/ledger/key").is_err() {
            if let Some(status) = self.child.as_mut().map(Child::try_wait).transpose()?.flatten() {
                bail!("the server ended with {status}; see {}", self.path("server.log"));
            }
            ensure!(Instant::now() < deadline, "the server does not answer");
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(())
    }

    /// Kills the server: no warning, no goodbye (SIGKILL).
    pub fn kill(&mut self) -> anyhow::Result<()> {
        if let Some(mut child) = self.child.take() {
            child.kill()?;
            child.wait()?;
        }
        Ok(())
    }

    /// The server's process.
    pub fn pid(&self) -> anyhow::Result<u32> {
        Ok(self.child.as_ref().context("the server is not running")?.id())
    }

    fn site(&self) -> Vec<String> {
        [
            "--data".to_owned(),
            self.data().display().to_string(),
            "--master-key".to_owned(),
            self.master_key().display().to_string(),
        ]
        .into_iter()
        .chain(self.cluster.iter().cloned())
        .collect()
    }

    /// A command of an operator, with `--data` and `--master-key`; its output.
    pub fn operate(&self, arguments: &[&str], input: &str) -> anyhow::Result<String> {
        let site = self.site();
        let all: Vec<&str> = arguments
            .iter()
            .copied()
            .chain(site.iter().map(String::as_str))
            .collect();
        self.command(&all, input)
    }

    /// A command as it stands; its output.
    pub fn command(&self, arguments: &[&str], input: &str) -> anyhow::Result<String> {
        let mut child = Command::new(&self.binary)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        child.stdin.take().context("no input")?.write_all(input.as_bytes())?;
        let done = child.wait_with_output()?;
        ensure!(
            done.status.success(),
            "`privity {}`: {}",
            arguments.join(" "),
            String::from_utf8_lossy(&done.stderr)
        );
        Ok(String::from_utf8(done.stdout)?)
    }

    /// Opens inboxes.
    pub fn people(&self, handles: &[&str]) -> anyhow::Result<()> {
        for handle in handles {
            self.operate(&["account", "add", handle, "--name", handle], PASSWORD)?;
        }
        Ok(())
    }

    /// Registers the partner and publishes the agreement: every field set, ceilings out of the way.
    pub fn sign_up(&self) -> anyhow::Result<()> {
        let public = self.command(
            &[
                "key",
                "agreement",
                "marquee.example/agreements",
                &self.path("partner.key"),
            ],
            "",
        )?;
        let partner = json!({
            "id": "marquee", "name": "Marquee", "website": "https://marquee.example", "agreement_key": public.trim(),
            "clients": { CLIENT: { "redirect_uris": [REDIRECT], "jwks": self.key.public_jwks() } },
        });
        std::fs::write(self.path("partner.json"), partner.to_string())?;
        self.operate(&["partner", "add", &self.path("partner.json")], "")?;
        self.operate(&["agreement", "new", &self.path("draft.toml")], "")?;
        let mut terms: toml::Value = toml::from_str(&std::fs::read_to_string(self.path("draft.toml"))?)?;
        let table = terms.as_table_mut().context("the draft is no table")?;
        table.insert("fields".into(), vec!["mentions", "text"].into());
        for (section, name, value) in [
            ("partner", "key", toml::Value::from(public.trim())),
            ("ceilings", "requests_per_second", 1_000_000.into()),
            ("ceilings", "messages_per_person_per_day", 1_000_000_000.into()),
            ("ceilings", "new_grants_per_day", 1_000_000.into()),
        ] {
            let section = table
                .get_mut(section)
                .and_then(toml::Value::as_table_mut)
                .context("the draft lacks a section")?;
            section.insert(name.to_owned(), value);
        }
        std::fs::write(self.path("draft.toml"), toml::to_string(&terms)?)?;
        let (draft, half, whole) = (self.path("draft.toml"), self.path("half.note"), self.path("whole.note"));
        self.operate(
            &[
                "agreement",
                "sign",
                &draft,
                "--out",
                &half,
                "--key",
                &self.path("partner.key"),
            ],
            "",
        )?;
        self.operate(&["agreement", "sign", &half, "--out", &whole], "")?;
        self.operate(&["agreement", "publish", &whole], "")?;
        Ok(())
    }

    /// The ledger's public key.
    pub fn ledger_key(&self) -> anyhow::Result<tlog::note::VerifyingKey> {
        Ok(self.operate(&["key", "ledger"], "")?.trim().parse()?)
    }

    /// The partner's client.
    pub fn client(&self) -> anyhow::Result<PartnerClient> {
        let authority = self.authority.as_deref();
        Ok(PartnerClient::discover_trusting(
            &self.origin,
            CLIENT,
            self.key.clone(),
            authority,
        )?)
    }

    /// A person, signed in.
    pub fn browser(&self, handle: &str) -> anyhow::Result<Browser> {
        let mut browser = Browser::new(&self.address());
        browser.sign_in(handle, PASSWORD)?;
        Ok(browser)
    }
}

/// A port that nobody listens on.
pub fn free_port() -> anyhow::Result<u16> {
    Ok(std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

/// The whole way to a consent: asked by the partner, agreed to by the person, claimed.
pub fn connect(client: &PartnerClient, browser: &mut Browser, fields: &[Field]) -> anyhow::Result<Token> {
    let until = privity::outside::now().plus_days(30).to_string();
    let asked = AuthorizationDetail {
        agreement: AGREEMENT.to_owned(),
        purpose: Purpose::Recommendations,
        actions: vec![Action::Read],
        fields: fields.to_vec(),
        conversations: Conversations::All,
        until: until.clone(),
    };
    let started = client.push(&[asked], REDIRECT)?;
    // The browser goes to the server itself, whatever is in front of it.
    let path = started.authorize_url.strip_prefix(client.issuer());
    let page = browser.get(path.unwrap_or(&started.authorize_url))?;
    let request = hidden(&page.text, "request").context("no consent page")?;
    let mut form = vec![
        ("request", request.as_str()),
        ("conversations", "all"),
        ("until", &until),
        ("action", "agree"),
    ];
    form.extend(fields.iter().map(|f| ("fields", f.name())));
    let agreed = browser.post("/consent", &form)?;
    let location = agreed.location.context("agreeing does not lead back")?;
    let (code, iss) = (parameter(&location, "code"), parameter(&location, "iss"));
    Ok(client.redeem(&code.context("no code")?, &started, &iss.context("no issuer")?)?)
}

impl Drop for Server {
    fn drop(&mut self) {
        _ = self.kill();
    }
}
