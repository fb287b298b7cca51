//! The story of the demonstration, told over HTTP and checked at every step.

use super::stage::{AGREEMENT, PASSWORD, Stage};
use crate::browser::{Browser, Page, hidden, parameter};
use crate::cli::say;
use anyhow::{Context, bail, ensure};
use marquee::client::{PartnerClient, PartnerError, Token};
use marquee::{Catalogue, Shelf, read_shelf};
use std::time::{Duration, Instant};
use tlog::note::VerifyingKey;
use wire::jmap::{CORE, DISCLOSURE, MAIL, MethodCall};
use wire::oauth::{Action, AuthorizationDetail, Conversations, Field, Purpose};

/// Plays it. The first check that fails ends it.
pub fn play(stage: &Stage) -> anyhow::Result<()> {
    let story = Story::begin(stage)?;
    match story.tell() {
        Ok(checks) => say(&format!("\nAll {checks} checks passed.")),
        Err(error) => Err(error.context("a check failed")),
    }
}

struct Story<'a> {
    stage: &'a Stage,
    client: PartnerClient,
    catalogue: Catalogue,
    key: VerifyingKey,
    ana: Browser,
    ben: Browser,
    checks: u32,
}

impl<'a> Story<'a> {
    fn begin(stage: &'a Stage) -> anyhow::Result<Self> {
        let mut ana = Browser::new(&stage.platform);
        let key = ana.get("/ledger/key")?.text;
        Ok(Self {
            stage,
            client: stage.client()?,
            catalogue: Stage::catalogue()?,
            key: key.trim().parse()?,
            ben: Browser::new(&stage.platform),
            ana,
            checks: 0,
        })
    }

    fn tell(mut self) -> anyhow::Result<u32> {
        self.people()?;
        self.without_consent()?;
        let (token, inbox_text) = self.consent()?;
        let alone = self.counterparties_withheld(&token, &inbox_text)?;
        let index = self.a_friend_agrees(&token, &alone)?;
        self.durable_before_answer(&token)?;
        self.receipts(&token, index)?;
        self.revoked_means_refused(&token)?;
        self.anyone_can_check()?;
        Ok(self.checks)
    }

    /// Prints a step that held.
    fn held(&mut self, what: &str, found: &str) -> anyhow::Result<()> {
        self.checks += 1;
        say(&format!("ok {:>2}  {what}: {found}", self.checks))
    }

    fn people(&mut self) -> anyhow::Result<()> {
        self.ana.sign_in("ana", PASSWORD)?;
        self.ben.sign_in("ben", PASSWORD)?;
        let mut wrong = Browser::new(&self.stage.platform);
        let refused = wrong.post(
            "/sign-in",
            &[("handle", "ana"), ("password", "a guess"), ("next", "/inbox")],
        )?;
        ensure!(refused.status == 401, "a wrong password answered {}", refused.status);
        let found = format!(
            "{} real conversations between {} people",
            self.stage.conversations, self.stage.people
        );
        self.held("ana and ben sign in, a wrong password does not", &found)?;

        let talk = self.first_talk()?;
        let page = self.ana.get(&talk)?;
        let nonce = hidden(&page.text, "nonce").context("no form to write in")?;
        let text = "I loved The Godfather, it is a great movie";
        for _ in 0..2 {
            let sent = self
                .ana
                .post(&format!("{talk}/messages"), &[("text", text), ("nonce", &nonce)])?;
            ensure!(sent.status == 303, "sending answered {}", sent.status);
        }
        let page = self.ana.get(&talk)?.text;
        let times = page.matches("The Godfather, it is a great movie").count();
        ensure!(times == 1, "the message is there {times} times");
        self.held("ana writes a message, and sends the form twice", "it is there once")
    }

    fn first_talk(&mut self) -> anyhow::Result<String> {
        let inbox = self.ana.get("/inbox")?.text;
        let link = inbox
            .split("href=\"/conversations/")
            .nth(1)
            .context("the inbox is empty")?;
        Ok(format!(
            "/conversations/{}",
            link.split(['"', '#']).next().unwrap_or_default()
        ))
    }

    fn without_consent(&mut self) -> anyhow::Result<()> {
        let before = self.log_size()?;
        let bare = self.raw_jmap("a-token-nobody-issued")?;
        ensure!(bare.status == 401, "a made-up token answered {}", bare.status);
        ensure!(self.log_size()? == before, "a refusal made an entry");
        self.held("marquee reads without a consent", "refused with 401")?;

        let wider = AuthorizationDetail {
            fields: vec![Field::Mentions, Field::Text],
            ..self.asks()
        };
        let redirect = self.redirect_uri();
        match self.client.push(&[wider], &redirect) {
            Err(PartnerError::Refused { error, .. }) if error == "invalid_authorization_details" => {}
            other => bail!("asking for more than the agreement allows: {other:?}"),
        }
        self.held(
            "marquee asks for text, which its agreement does not allow",
            "refused, invalid_authorization_details",
        )
    }

    fn asks(&self) -> AuthorizationDetail {
        let until = crate::outside::now().plus_days(90);
        AuthorizationDetail {
            agreement: AGREEMENT.to_owned(),
            purpose: Purpose::Recommendations,
            actions: vec![Action::Read],
            fields: vec![Field::Mentions],
            conversations: Conversations::All,
            until: until.to_string(),
        }
    }

    fn redirect_uri(&self) -> String {
        format!("{}/callback", self.stage.marquee)
    }

    /// Ana meets the consent page, narrows the time, agrees; Marquee fetches its token.
    fn consent(&mut self) -> anyhow::Result<(Token, Vec<String>)> {
        self.client.upload_catalogue(&self.catalogue)?;
        let started = self.client.push(&[self.asks()], &self.redirect_uri())?;
        let page = self.ana.get(&started.authorize_url)?;
        ensure!(page.status == 200, "the consent page answered {}", page.status);
        for part in ["Marquee", "14 days", "I refuse", "I agree", "/register/films/1"] {
            ensure!(page.text.contains(part), "the consent page does not show `{part}`");
        }
        ensure!(
            page.text.contains("The Godfather"),
            "the consent page shows none of her own messages"
        );
        let request = hidden(&page.text, "request").context("the consent page has no form")?;
        let until = crate::outside::now().plus_days(30).to_string();
        let fields = [
            ("request", request.as_str()),
            ("fields", "mentions"),
            ("conversations", "all"),
            ("until", until.as_str()),
            ("action", "agree"),
        ];
        let agreed = self.ana.post("/consent", &fields)?;
        let location = agreed.location.context("agreeing does not lead back to the partner")?;
        ensure!(
            parameter(&location, "state").as_deref() == Some(started.state.as_str()),
            "the state is not Marquee's"
        );
        let (code, iss) = (parameter(&location, "code"), parameter(&location, "iss"));
        let token = self
            .client
            .redeem(&code.context("no code")?, &started, &iss.context("no issuer")?)?;
        let granted = token.authorization_details.first().context("nothing granted")?;
        ensure!(
            granted.until == until,
            "she chose {until}, Marquee got {}",
            granted.until
        );
        let again = self.ana.post("/consent", &fields)?;
        ensure!(again.status == 400, "the same request could be answered twice");
        self.held(
            "ana sees who asks, why, and what leaves; she narrows 90 days to 30 and agrees",
            "marquee gets what she agreed to",
        )?;

        // What must not leave: the texts of her friends, as she sees them in her newest conversations.
        let mut texts = Vec::new();
        for link in self
            .ana
            .get("/inbox")?
            .text
            .split("href=\"/conversations/")
            .skip(1)
            .take(10)
        {
            let page = self.ana.get(&format!(
                "/conversations/{}",
                link.split(['"', '#']).next().unwrap_or_default()
            ))?;
            texts.extend(bubbles(&page.text));
        }
        ensure!(texts.len() > 20, "only {} messages to compare with", texts.len());
        Ok((token, texts))
    }

    fn counterparties_withheld(&mut self, token: &Token, texts: &[String]) -> anyhow::Result<Shelf> {
        let shelf = read_shelf(&self.client, token, &self.catalogue)?;
        let withheld = shelf.withheld.get("counterparty").copied().unwrap_or_default();
        ensure!(!shelf.titles.is_empty(), "no titles for Marquee to show");
        ensure!(
            shelf.titles.iter().all(|t| t.by_you && !t.by_someone),
            "a friend's mention left although none agreed"
        );
        ensure!(withheld > 0, "nothing withheld");
        let found = format!(
            "{} of her messages tell titles, {withheld} of her friends' are withheld",
            shelf.messages
        );
        self.held("marquee reads; none of her friends has agreed", &found)?;

        let raw = self.raw_answer(token)?;
        for text in texts {
            ensure!(!raw.contains(text.as_str()), "the answer carries the text of a message");
        }
        for name in ["\"Ana\"", "\"Ben\"", "Carla"] {
            ensure!(!raw.contains(name), "the answer carries the name {name}");
        }
        self.held(
            "the answer is searched for the text of messages and for names",
            "none is in it",
        )?;
        Ok(shelf)
    }

    fn a_friend_agrees(&mut self, token: &Token, alone: &Shelf) -> anyhow::Result<u64> {
        let say = |choice| [("about", "partner"), ("partner", "marquee"), ("choice", choice)];
        ensure!(
            self.ben.post("/allowances/says", &say("mentions"))?.status == 303,
            "ben's say was not taken"
        );
        let with_ben = read_shelf(&self.client, token, &self.catalogue)?;
        let before = alone.withheld.get("counterparty").copied().unwrap_or_default();
        let after = with_ben.withheld.get("counterparty").copied().unwrap_or_default();
        ensure!(
            with_ben.messages > alone.messages && after < before,
            "ben's yes changed nothing"
        );
        ensure!(
            with_ben.titles.iter().any(|t| t.by_someone),
            "no title by someone she talks to"
        );
        let found = format!(
            "{} more messages tell titles, {after} are still withheld",
            with_ben.messages - alone.messages
        );
        self.held("ben allows it too", &found)?;
        ensure!(
            self.ben.post("/allowances/says", &say("withhold"))?.status == 303,
            "ben's say was not taken"
        );
        let without = read_shelf(&self.client, token, &self.catalogue)?;
        ensure!(
            without.messages == alone.messages,
            "ben's messages still leave after he took his yes back"
        );
        self.held("ben takes it back", "what marquee reads is as before")?;
        without.entry.context("no entry with the answer")
    }

    fn durable_before_answer(&mut self, token: &Token) -> anyhow::Result<()> {
        for _ in 0..20 {
            let before = self.log_size()?;
            let answer = self
                .client
                .jmap(token, &[CORE, MAIL, DISCLOSURE], self.one_page(token)?)?;
            let proof = answer.disclosure_proof.context("no proof with the answer")?;
            let checkpoint = tlog::checkpoint::Checkpoint::verify(&proof.checkpoint, &self.key)?;
            ensure!(
                proof.index == before && proof.index < checkpoint.size,
                "the entry is not in the checkpoint"
            );
            // As seen by an outsider, at the moment the answer is there.
            let source = verify::open(&format!("{}/ledger", self.stage.platform))?;
            let now = verify::consistency(&checkpoint, source.as_ref(), &self.key)?;
            ensure!(
                now.size == checkpoint.size,
                "an answer made {} entries",
                now.size - before
            );
        }
        self.held(
            "20 more answers",
            "each has exactly one entry, durable and public before the answer came",
        )
    }

    fn receipts(&mut self, token: &Token, index: u64) -> anyhow::Result<()> {
        let source = verify::open(&format!("{}/ledger", self.stage.platform))?;
        let theirs = self.client.receipt(token, index)?;
        let opened = verify::receipt("marquee's", theirs.as_bytes(), &self.key, Some(source.as_ref()))?;
        ensure!(
            opened.private.is_none(),
            "the partner's receipt tells more than its own disclosure"
        );
        let page = self.ana.get(&format!("/readings/{index}"))?;
        ensure!(
            page.status == 200 && page.text.contains("Marquee"),
            "her page of the disclosure answered {}",
            page.status
        );
        let hers = self.ana.get(&format!("/readings/{index}/receipt"))?.text;
        let opened = verify::receipt("ana's", hers.as_bytes(), &self.key, Some(source.as_ref()))?;
        ensure!(
            opened.body.partner == "marquee" && opened.private.is_some(),
            "her receipt opens something else"
        );
        let all = self.ana.get("/readings/receipts")?.text;
        let chain = verify::chain(
            "ana's",
            &mut all.as_bytes(),
            None,
            source.as_ref(),
            &self.key,
            &mut |_, _| {},
        )?;
        ensure!(
            chain.is_sound() && chain.later.is_empty() && chain.receipts > 20,
            "the file of all her receipts has faults: {:?}",
            chain.findings
        );
        let hidden = self.ben.get(&format!("/readings/{index}"))?;
        ensure!(hidden.status == 404, "ben sees ana's entry");
        let found = format!("both verify, entry {index}; ben sees neither");
        self.held("ana and marquee fetch their receipts of one disclosure", &found)
    }

    fn revoked_means_refused(&mut self, token: &Token) -> anyhow::Result<()> {
        let page = self.ana.get("/allowances")?.text;
        let grant = page
            .split("action=\"/allowances/grt_")
            .nth(1)
            .context("no consent to take back")?;
        let path = format!("/allowances/grt_{}", grant.split('"').next().unwrap_or_default());
        ensure!(
            self.ana.post(&path, &[])?.status == 303,
            "taking it back was not acknowledged"
        );
        for _ in 0..3 {
            match read_shelf(&self.client, token, &self.catalogue) {
                Err(PartnerError::Refused { status: 403, .. }) => {}
                other => bail!("after the revocation Marquee got {other:?}"),
            }
        }
        self.held("ana takes it back; marquee's next call", "refused with 403")
    }

    fn anyone_can_check(&mut self) -> anyhow::Result<()> {
        let register = self.ana.get("/register/films/1")?;
        ensure!(
            register.status == 200 && register.text.contains("Marquee"),
            "the agreement is not in the register"
        );
        let source = verify::open(&format!("{}/ledger", self.stage.platform))?;
        let report = verify::fsck(source.as_ref(), &self.key)?;
        ensure!(report.is_sound(), "the log has faults: {:?}", report.findings);
        let found = format!("{} entries verify, from public files alone", report.checkpoint.size);
        self.held("an auditor reads the whole log", &found)?;

        let agreements = verify::agreements(source.as_ref(), &self.key, &verify::Pins::default(), &mut |_, _| {})?;
        ensure!(
            agreements.is_sound() && agreements.entries.len() == 1,
            "the agreement on the log does not verify: {:?}",
            agreements.findings()
        );
        self.held("and the agreement in it", "signed by both sides")
    }

    fn one_page(&self, token: &Token) -> anyhow::Result<Vec<MethodCall>> {
        let session = self.client.session(token)?;
        let account = session.mail_account().context("no account")?;
        let query = serde_json::json!({"accountId": account, "limit": 50});
        let get = serde_json::json!({
            "accountId": account,
            "#ids": {"resultOf": "q", "name": "Email/query", "path": "/ids"},
        });
        Ok(vec![
            MethodCall::new("Email/query", query, "q"),
            MethodCall::new("Email/get", get, "g"),
        ])
    }

    /// The bytes of an answer with every property, as they came.
    fn raw_answer(&self, token: &Token) -> anyhow::Result<String> {
        let request = wire::jmap::Request {
            using: vec![CORE.to_owned(), MAIL.to_owned(), DISCLOSURE.to_owned()],
            method_calls: self.one_page(token)?,
            created_ids: None,
        };
        let agent: ureq::Agent = ureq::Agent::config_builder()
            .timeout_global(Some(Duration::from_secs(30)))
            .build()
            .into();
        let mut response = agent
            .post(format!("{}/jmap", self.stage.platform))
            .header("authorization", format!("Bearer {}", token.access_token.expose()))
            .send_json(&request)?;
        Ok(response.body_mut().read_to_string()?)
    }

    fn raw_jmap(&self, token: &str) -> anyhow::Result<Page> {
        let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
        let body =
            serde_json::json!({"using": [CORE, MAIL], "methodCalls": [["Email/query", {"accountId": "a"}, "0"]]});
        let mut response = agent
            .post(format!("{}/jmap", self.stage.platform))
            .header("authorization", format!("Bearer {token}"))
            .send_json(&body)?;
        Ok(Page {
            status: response.status().as_u16(),
            location: None,
            text: response.body_mut().read_to_string()?,
        })
    }

    fn log_size(&mut self) -> anyhow::Result<u64> {
        let started = Instant::now();
        let text = self.ana.get("/ledger/checkpoint")?.text;
        ensure!(
            started.elapsed() < Duration::from_secs(10),
            "the checkpoint takes too long"
        );
        Ok(tlog::checkpoint::Checkpoint::verify(&text, &self.key)?.size)
    }
}

/// The longer texts on a page of a conversation: those worth searching for.
fn bubbles(html: &str) -> Vec<String> {
    html.split("<p dir=\"auto\">")
        .skip(1)
        .filter_map(|rest| rest.split_once("</p>").map(|(text, _)| text.trim().to_owned()))
        .filter(|text| text.len() > 20 && !text.contains(['&', '<']))
        .collect()
}
