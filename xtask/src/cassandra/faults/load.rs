//! The clients: a partner that reads, a person who writes and one who takes back, at every process at once.

use super::connected;
use crate::crash::newest;
use crate::server::{PASSWORD, Server, connect};
use anyhow::Context;
use marquee::client::{PartnerClient, Token};
use privity::browser::{Browser, hidden};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use wire::jmap::{CORE, DISCLOSURE, MAIL};
use wire::oauth::Field;

/// Bytes that were in the kernel when a process was paused arrive a little later.
const ON_THE_WAY: Duration = Duration::from_millis(100);

/// What the clients saw.
#[derive(Default)]
pub struct Seen {
    /// Texts of messages whose sending was acknowledged.
    pub sent: Vec<String>,
    /// Entries that answers came with.
    pub entries: Vec<u64>,
    /// How many were acknowledged.
    pub revocations: u64,
    /// Answers after an acknowledged revocation.
    pub late: u64,
    /// Requests with an answer that says: not now, and of which kind.
    pub refused: u64,
    /// Requests without any answer: the process was gone, or cut off.
    pub unanswered: u64,
    /// How long it went on.
    pub took: Duration,
    /// Anything else, by what it was.
    pub wrong: BTreeMap<String, u64>,
}

/// Clients that are ready to begin.
pub struct Load<'a> {
    addresses: &'a [String],
    round: usize,
    client: PartnerClient,
    token: Token,
    account: String,
    seen: Mutex<Seen>,
    stop: AtomicBool,
}

/// How a request ended that brought nothing.
enum Miss {
    Refused,
    Unanswered,
    Wrong(String),
}

impl<'a> Load<'a> {
    /// A partner is connected at the first process; nothing is asked yet.
    pub fn begin(first: &Server, addresses: &'a [String], round: usize) -> anyhow::Result<Self> {
        let (token, account) = connected(first)?;
        Ok(Self {
            addresses,
            round,
            client: first.client()?,
            token,
            account,
            seen: Mutex::default(),
            stop: AtomicBool::new(false),
        })
    }

    /// Clients do what they do until `during` has returned.
    pub fn during(self, during: impl FnOnce() -> anyhow::Result<()>) -> anyhow::Result<Seen> {
        let (load, began) = (&self, Instant::now());
        std::thread::scope(|scope| -> anyhow::Result<()> {
            for (n, address) in load.addresses.iter().enumerate() {
                scope.spawn(move || {
                    while load.goes_on() {
                        load.read(address);
                    }
                });
                scope.spawn(move || {
                    let mut sent = 0;
                    while load.goes_on() {
                        _ = load.send(address, &format!("kept-{}-{n}", load.round), &mut sent);
                        std::thread::sleep(Duration::from_millis(200));
                    }
                });
            }
            // Taken back at the one, read at the other; then the other way round.
            scope.spawn(move || {
                let turns = load.addresses.iter().zip(load.addresses.iter().cycle().skip(1)).cycle();
                for (at, read_at) in turns {
                    if !load.goes_on() {
                        break;
                    }
                    _ = load.revoke(at, read_at);
                }
            });
            let done = during();
            load.stop.store(true, Ordering::Relaxed);
            load.seen().took = began.elapsed();
            done
        })?;
        Ok(self.seen.into_inner().unwrap_or_else(PoisonError::into_inner))
    }

    fn goes_on(&self) -> bool {
        !self.stop.load(Ordering::Relaxed)
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn missed(&self, what: &str, miss: Miss) {
        let mut seen = self.seen();
        match miss {
            Miss::Refused => seen.refused += 1,
            Miss::Unanswered => seen.unanswered += 1,
            Miss::Wrong(how) => *seen.wrong.entry(format!("{what}: {how}")).or_default() += 1,
        }
    }

    fn read(&self, address: &str) {
        match page(&agent(), address, &self.account, &self.token) {
            Ok(index) => self.seen().entries.push(index),
            Err(miss) => {
                self.missed("a read", miss);
                std::thread::sleep(Duration::from_millis(50));
            }
        }
    }

    fn send(&self, address: &str, name: &str, sent: &mut u32) -> anyhow::Result<()> {
        let mut ana = Browser::new(address);
        ana.sign_in("ana", PASSWORD)?;
        let inbox = ana.get("/inbox")?;
        let talk = inbox
            .text
            .split("href=\"/conversations/")
            .nth(1)
            .context("no conversation")?;
        let talk = talk.split(['"', '#']).next().context("no conversation")?;
        let path = format!("/conversations/{talk}");
        hidden(&ana.get(&path)?.text, "nonce").context("no form")?;
        while self.goes_on() {
            let text = format!("{name}-{sent}");
            *sent += 1;
            match ana.post(&format!("{path}/messages"), &[("text", &text), ("nonce", &text)]) {
                Err(_) => self.missed("a message", Miss::Unanswered),
                Ok(page) => match page.status {
                    303 => self.seen().sent.push(text),
                    429 | 503 => self.missed("a message", Miss::Refused),
                    status => self.missed("a message", Miss::Wrong(status.to_string())),
                },
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        Ok(())
    }

    /// Connects, reads at one process, takes back at the other, and looks what still comes.
    fn revoke(&self, at: &str, read_at: &str) -> anyhow::Result<()> {
        let mut ana = Browser::new(at);
        ana.sign_in("ana", PASSWORD)?;
        let token = connect(&self.client, &mut ana, &[Field::Text])?;
        let grant = token.grant_id.clone().context("no grant")?;
        let over = AtomicBool::new(false);
        let answers = Mutex::new(Vec::new());
        let acknowledged = std::thread::scope(|scope| {
            scope.spawn(|| {
                let agent = agent();
                while !over.load(Ordering::Relaxed) {
                    if let Ok(index) = page(&agent, read_at, &self.account, &token) {
                        answers
                            .lock()
                            .unwrap_or_else(PoisonError::into_inner)
                            .push((Instant::now(), index));
                    }
                }
            });
            std::thread::sleep(Duration::from_millis(300));
            let revoked = ana.post(&format!("/allowances/{grant}/revoke"), &[]);
            let at = Instant::now();
            std::thread::sleep(Duration::from_secs(1));
            over.store(true, Ordering::Relaxed);
            revoked.map(|page| (page.status == 303).then_some(at))
        })?;
        let answers = answers.into_inner().unwrap_or_else(PoisonError::into_inner);
        let mut seen = self.seen();
        seen.entries.extend(answers.iter().map(|(_, index)| *index));
        match acknowledged {
            None => seen.refused += 1,
            Some(at) => {
                seen.revocations += 1;
                seen.late += answers.iter().filter(|(came, _)| *came > at + ON_THE_WAY).count() as u64;
            }
        }
        Ok(())
    }
}

fn agent() -> ureq::Agent {
    ureq::Agent::config_builder()
        .http_status_as_error(false)
        .timeout_global(Some(Duration::from_secs(20)))
        .build()
        .into()
}

/// One page as the partner, straight from one process. Its entry, if it was answered.
fn page(agent: &ureq::Agent, address: &str, account: &str, token: &Token) -> Result<u64, Miss> {
    let calls: Vec<Value> = newest(account)
        .into_iter()
        .map(|call| json!([call.name, call.arguments, call.call_id]))
        .collect();
    let mut answer = agent
        .post(format!("{address}/jmap"))
        .header("authorization", format!("Bearer {}", token.access_token.expose()))
        .send_json(json!({"using": [CORE, MAIL, DISCLOSURE], "methodCalls": calls}))
        .map_err(|_| Miss::Unanswered)?;
    let status = answer.status().as_u16();
    // An answer that is cut is no answer: what came of it has its entry.
    let body: Value = answer.body_mut().read_json().map_err(|_| Miss::Unanswered)?;
    match status {
        200 => body
            .pointer("/disclosureProof/index")
            .and_then(Value::as_u64)
            .ok_or_else(|| Miss::Wrong("an answer without an entry".to_owned())),
        // "Not now" says so in a form that a program reads (RFC 9457).
        429 | 503 if body.get("type").is_some_and(Value::is_string) => Err(Miss::Refused),
        other => Err(Miss::Wrong(format!("{other} {body}"))),
    }
}
