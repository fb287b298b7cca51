//! A small world: Ana and Ben talk, Marquee has an agreement, time is a number.

use app::view::{Author, Selection, Start, View};
use app::{App, AuthorizationRequest, Error, MasterKey, Outside, Partner, Person, Processes, Tokens};
use model::{
    Action, Agreement, Ceilings, ClientId, Clock, Conversation, ConversationId, Conversations, Entropy, Field,
    FieldSet, Message, MessageId, Participant, PartnerId, Party, Purpose, ReportDimensions, ReportDuty, Terms, Time,
    Title, TitleId,
};
use secrecy::SecretString;
use serde_json::json;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use store::{Anchor, Fault, Faulty, MemoryStore, Plan, Store};
use tlog::note::{self, SigningKey};

pub struct FakeClock(AtomicI64);

impl Clock for FakeClock {
    fn now(&self) -> Time {
        Time(self.0.load(Ordering::SeqCst))
    }
}

impl FakeClock {
    pub fn advance_seconds(&self, seconds: i64) {
        self.0.fetch_add(seconds * 1000, Ordering::SeqCst);
    }
    pub fn advance_days(&self, days: i64) {
        self.advance_seconds(days * 86_400);
    }
}

/// Different each time, the same in each run.
struct Counting(AtomicU64);

impl Entropy for Counting {
    fn fill(&self, buffer: &mut [u8]) {
        for chunk in buffer.chunks_mut(8) {
            let n = self
                .0
                .fetch_add(1, Ordering::SeqCst)
                .wrapping_mul(0x9e37_79b9_7f4a_7c15)
                ^ 0x5bd1_e995;
            chunk.copy_from_slice(&n.to_be_bytes()[..chunk.len()]);
        }
    }
}

pub struct World {
    pub app: Arc<App>,
    pub clock: Arc<FakeClock>,
    pub ana: Person,
    pub ben: Person,
    pub talk: ConversationId,
    pub entries_before_reading: u64,
    faulty: Arc<Faulty<MemoryStore>>,
}

/// Processes that share a store must not draw the same numbers.
static OPENED: AtomicU64 = AtomicU64::new(1 << 32);

const START: &str = "2026-11-23T12:34:56Z";

fn master() -> MasterKey {
    MasterKey::from_hex(&SecretString::from("11".repeat(32))).unwrap()
}

fn party(name: &str, key: &str) -> Party {
    Party {
        name: name.into(),
        key: key.into(),
        breach_contact: "breach@example.com".into(),
        data_protection_officer: "dpo@example.com".into(),
    }
}

impl World {
    pub async fn new() -> Self {
        Self::limited(1_000_000).await
    }

    /// A world served by two processes; and the other one.
    pub async fn shared() -> (Self, Arc<App>) {
        let world = Self::of(1_000_000, Processes::Several, true).await;
        let other = open(world.faulty.clone(), world.clock.clone(), None, Processes::Several).await;
        (world, other.unwrap())
    }

    /// A world whose agreement lets a partner have so many messages of a person a day.
    pub async fn limited(messages: u32) -> Self {
        Self::of(messages, Processes::One, true).await
    }

    /// A world whose agreement names no interfaces, so that no report is owed under it.
    pub async fn without_reports() -> Self {
        Self::of(1_000_000, Processes::One, false).await
    }

    async fn of(messages: u32, processes: Processes, reports: bool) -> Self {
        let clock = Arc::new(FakeClock(AtomicI64::new(START.parse::<Time>().unwrap().0)));
        let faulty = Arc::new(Faulty::new(MemoryStore::new(), Plan::Never));
        let store: Store = faulty.clone();
        let app = open(store, clock.clone(), None, processes).await.unwrap();
        let password = SecretString::from("correct horse");
        let ana = app.account_add("ana", "Ana", &password).await.unwrap();
        let ben = app.account_add("ben", "Ben", &password).await.unwrap();
        let talk = converse(&app, &ana, &ben).await;
        sign_up_marquee(&app, messages, reports).await;
        let entries_before_reading = app.log_head().size;
        Self {
            app,
            clock,
            ana,
            ben,
            talk,
            entries_before_reading,
            faulty,
        }
    }

    pub fn partner(&self) -> PartnerId {
        "marquee".parse().unwrap()
    }

    pub fn client(&self) -> ClientId {
        "marquee-web".parse().unwrap()
    }

    pub fn redirect(&self) -> String {
        "https://marquee.example/callback".into()
    }

    pub fn request(&self, fields: &[Field]) -> AuthorizationRequest {
        AuthorizationRequest {
            partner: self.partner(),
            client: self.client(),
            agreement: "films@1".parse().unwrap(),
            terms: Terms {
                purpose: Purpose::Recommendations,
                actions: [Action::Read].into(),
                fields: FieldSet::of(fields),
                conversations: Conversations::All,
                until: self.clock.now().plus_days(30),
            },
            redirect_uri: self.redirect(),
            state: Some("s".into()),
            code_challenge: "c".into(),
        }
    }

    pub async fn code(&self, fields: &[Field]) -> String {
        self.code_of(&self.ana, fields).await
    }

    async fn code_of(&self, person: &Person, fields: &[Field]) -> String {
        let request = self.request(fields);
        let uri = self.app.authorization_push(&request).await.unwrap();
        let answer = self
            .app
            .authorization_answer(person.account, &uri, &self.client(), Some(request.terms))
            .await;
        answer.unwrap().code.unwrap()
    }

    pub async fn redeem(&self, code: &str) -> Result<Tokens, Error> {
        self.app.code_redeem(&self.client(), code, &self.redirect(), "c").await
    }

    pub async fn connect(&self, fields: &[Field]) -> Tokens {
        let code = self.code(fields).await;
        self.redeem(&code).await.unwrap()
    }

    /// Ana lets Marquee do these.
    pub async fn connect_to(&self, actions: &[Action], fields: &[Field]) -> Tokens {
        let mut request = self.request(fields);
        request.terms.actions = actions.iter().copied().collect();
        self.connect_as(request).await
    }

    /// Ana agrees to all that is asked.
    pub async fn connect_as(&self, request: AuthorizationRequest) -> Tokens {
        let terms = request.terms.clone();
        self.connect_with(request, terms).await
    }

    /// Ana agrees to this much of what is asked.
    pub async fn connect_with(&self, request: AuthorizationRequest, terms: Terms) -> Tokens {
        let uri = self.app.authorization_push(&request).await.unwrap();
        let answer = self
            .app
            .authorization_answer(self.ana.account, &uri, &self.client(), Some(terms))
            .await;
        self.redeem(&answer.unwrap().code.unwrap()).await.unwrap()
    }

    pub async fn connect_for(&self, person: &Person, fields: &[Field]) -> Tokens {
        let code = self.code_of(person, fields).await;
        self.redeem(&code).await.unwrap()
    }

    /// An access token for these conversations alone.
    pub async fn connect_within(&self, fields: &[Field], conversations: &[ConversationId]) -> Tokens {
        let mut request = self.request(fields);
        request.terms.conversations = Conversations::Only(conversations.iter().copied().collect());
        let uri = self.app.authorization_push(&request).await.unwrap();
        let answer = self
            .app
            .authorization_answer(self.ana.account, &uri, &self.client(), Some(request.terms))
            .await;
        self.redeem(&answer.unwrap().code.unwrap()).await.unwrap()
    }

    /// Ana writes some more.
    pub async fn ana_writes(&self, texts: &[&str]) {
        let messages: Vec<Message> = (100..)
            .zip(texts)
            .map(|(n, text)| Message {
                id: MessageId([n; 16]),
                conversation: self.talk,
                author: self.ana.account,
                sent_at: self.clock.now().plus_seconds(i64::from(n)),
                text: (*text).to_owned(),
                attachments: vec![],
                via: None,
            })
            .collect();
        self.app.take_in(self.ana.account, &[], &messages).await.unwrap();
        self.app.take_in_done().await.unwrap();
    }

    pub async fn read(&self, token: &str) -> Result<String, Error> {
        Ok(self.read_indexed(token).await?.0)
    }

    pub async fn read_indexed(&self, token: &str) -> Result<(String, u64), Error> {
        let (text, index) = Self::read_from(&self.app, token).await?;
        Ok((text, index.expect("an answer with an entry")))
    }

    /// Everything a partner can get at in one request.
    pub async fn read_from(app: &App, token: &str) -> Result<(String, Option<u64>), Error> {
        let released = app
            .release(token, "request-1".into(), |view| Box::pin(everything(view)))
            .await?;
        let (body, entered, _permit) = released.into_parts();
        Ok((String::from_utf8(body).unwrap(), entered.map(|e| e.index)))
    }

    pub async fn echo(&self, token: &str) -> Result<(), Error> {
        let released = self
            .app
            .release(token, "r".into(), |_| Box::pin(async { Ok(b"echo".to_vec()) }))
            .await?;
        assert!(released.into_parts().1.is_none());
        Ok(())
    }

    pub async fn entries(&self) -> u64 {
        self.app.log_head().size
    }

    pub fn break_the_ledger(&self, broken: bool) {
        self.faulty.plan(if broken {
            Plan::Every("ledger_commit", Fault::Lost)
        } else {
            Plan::Never
        });
    }

    pub fn lose_the_ledgers_answer(&self) {
        self.faulty.plan(Plan::Next("ledger_commit", Fault::Kept));
    }

    /// The writes from now on that fail, by their number, and how.
    pub fn fail_at(&self, write: u64, fault: Fault) {
        self.faulty.plan(Plan::At(BTreeMap::from([(write, fault)])));
    }

    /// Whether what was to fail has.
    pub fn struck(&self) -> bool {
        !self.faulty.struck().is_empty()
    }

    pub fn mend(&self) {
        self.faulty.plan(Plan::Never);
    }

    pub fn fail(&self, method: &'static str, fault: Fault) {
        self.faulty.plan(Plan::Next(method, fault));
    }

    /// The store itself, for damage.
    pub fn store(&self) -> &MemoryStore {
        self.faulty.inner()
    }

    pub async fn open_second_process(&self) -> Arc<App> {
        open(self.faulty.clone(), self.clock.clone(), None, Processes::One)
            .await
            .unwrap()
    }

    /// A store that never saw what was published.
    pub async fn open_over_an_older_store(&self, anchored: &str) -> String {
        let folder = tempfile::tempdir().unwrap();
        let anchor = Anchor::open(folder.path()).unwrap();
        anchor.write(anchored.as_bytes()).unwrap();
        // The same keys (randomness here is the same in each run), but an empty log: what an old backup looks like.
        let older: Store = Arc::new(MemoryStore::new());
        match open(older, self.clock.clone(), Some(anchor), Processes::One).await {
            Ok(_) => panic!("it started"),
            Err(error) => error.to_string(),
        }
    }

    /// Recomputes the whole log from its public files.
    pub async fn verify_everything(&self) {
        Self::verify_all_of(&self.app).await;
    }

    pub async fn verify_all_of(app: &App) {
        let head = app.log_head();
        let checkpoint = tlog::checkpoint::Checkpoint::verify(&head.checkpoint, app.log_key()).unwrap();
        let mut tree = tlog::tree::Frontier::default();
        let mut start = 0;
        while start < head.size {
            let width = (head.size - start).min(256);
            let path = match width {
                256 => tlog::path::TilePath::Entries {
                    index: start / 256,
                    width: 256,
                },
                _ => tlog::path::TilePath::Entries {
                    index: start / 256,
                    width: u16::try_from(width).unwrap(),
                },
            };
            let bundle = app.log_file(&path.to_string()).await.unwrap();
            for leaf in tlog::bundle::decode(&bundle, u16::try_from(width).unwrap()).unwrap() {
                tlog::leaf::Leaf::decode(leaf).unwrap();
                tree.append(leaf);
            }
            start += width;
        }
        assert_eq!((tree.size(), tree.root()), (checkpoint.size, checkpoint.root));
    }
}

async fn open(
    store: Store,
    clock: Arc<FakeClock>,
    anchor: Option<Anchor>,
    processes: Processes,
) -> Result<Arc<App>, Error> {
    let outside = Outside {
        processes,
        clock,
        entropy: Arc::new(Counting(AtomicU64::new(match processes {
            Processes::One => 1,
            Processes::Several => OPENED.fetch_add(1 << 32, Ordering::SeqCst),
        }))),
    };
    App::open("https://inbox.example".into(), store, anchor, master(), outside).await
}

async fn everything(view: &mut View<'_>) -> Result<Vec<u8>, Error> {
    let selection = Selection {
        accept: &|_| true,
        filtered: false,
        oldest_first: false,
        by: None,
        one_per_thread: false,
        start: Start::At(0),
        limit: 100,
    };
    let ids = view.query(&selection).await?.unwrap().ids;
    let mut items = Vec::new();
    for item in view.items(&ids).await?.into_iter().flatten() {
        let from = match item.author {
            Author::You => json!("you"),
            Author::Someone => json!("someone"),
            Author::Person(address) => json!([address.id, address.name]),
        };
        let to: Vec<_> = item.to.iter().map(|a| json!([a.id, a.name])).collect();
        items.push(json!([
            item.id,
            item.thread,
            item.at,
            from,
            to,
            item.subject,
            item.text,
            item.size,
            item.mentions
        ]));
    }
    Ok(serde_json::to_vec(&items).unwrap())
}

async fn converse(app: &App, ana: &Person, ben: &Person) -> ConversationId {
    let talk = Conversation {
        id: ConversationId([7; 16]),
        name: None,
        participants: [ana, ben]
            .map(|p| Participant {
                account: p.account,
                name: p.name.clone(),
            })
            .to_vec(),
        end_to_end: false,
    };
    let message = |n: u8, author: &Person, text: &str| Message {
        id: MessageId([n; 16]),
        conversation: talk.id,
        author: author.account,
        sent_at: START.parse::<Time>().unwrap().plus_seconds(i64::from(n)),
        text: text.into(),
        attachments: vec![],
        via: None,
    };
    let messages = [
        message(1, ana, "msg from ana: did you see the movie Heat (1995)? I loved it"),
        message(2, ben, "msg from ben: Alien (1979) was a great movie"),
    ];
    for person in [ana, ben] {
        app.take_in(person.account, std::slice::from_ref(&talk), &messages)
            .await
            .unwrap();
    }
    app.take_in_done().await.unwrap();
    talk.id
}

async fn sign_up_marquee(app: &App, messages: u32, reports: bool) {
    let key = marquee_key();
    let partner = Partner {
        id: "marquee".parse().unwrap(),
        name: "Marquee".into(),
        website: "https://marquee.example".into(),
        agreement_key: key.verifying_key().to_string(),
        clients: BTreeMap::from([(
            "marquee-web".parse().unwrap(),
            serde_json::from_value(json!({
                "redirect_uris": ["https://marquee.example/callback"],
                "jwks": {"keys": [{"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]},
            }))
            .unwrap(),
        )]),
        title_link: Some("https://marquee.example/title/{title}".into()),
    };
    app.partner_put(partner).await.unwrap();
    let title = |id: &str, name: &str, year| Title {
        id: TitleId(id.into()),
        title: name.into(),
        year: Some(year),
        aliases: vec![],
        genres: vec![],
        people: vec![],
    };
    let titles = vec![title("title-heat", "Heat", 1995), title("title-alien", "Alien", 1979)];
    app.catalogue_put(&"marquee".parse().unwrap(), titles).await.unwrap();
    let mut agreement = agreement(&app.agreement_verifying_key(), &key.verifying_key().to_string());
    agreement.ceilings.messages_per_person_per_day = messages;
    if !reports {
        agreement.report.dimensions = ReportDimensions {
            interface: vec![],
            initiation_surface: vec![],
            variant: vec![],
        };
    }
    app.agreement_publish(&signed(app, &agreement)).await.unwrap();
}

fn marquee_key() -> SigningKey {
    SigningKey::generate("marquee.example/agreements", &[5; 32]).unwrap()
}

/// The note of an agreement, signed by both sides.
pub fn signed(app: &App, agreement: &Agreement) -> String {
    let text = App::agreement_text(agreement).unwrap();
    app.agreement_sign(&note::sign(&text, &[&marquee_key()]).unwrap())
        .unwrap()
}

pub fn agreement(platform: &str, partner: &str) -> Agreement {
    let start: Time = START.parse().unwrap();
    Agreement {
        id: "films".parse().unwrap(),
        version: 1,
        why: "To suggest films".into(),
        partner_id: "marquee".parse().unwrap(),
        platform: party("Inbox", platform),
        partner: party("Marquee", partner),
        purposes: [Purpose::Recommendations].into(),
        actions: [Action::Read, Action::Send].into(),
        fields: FieldSet::ALL,
        retention_days: 30,
        starts: start,
        ends: start.plus_days(365),
        ceilings: Ceilings {
            people_per_day: 1000,
            people_per_30_days: 10_000,
            requests_per_second: 1000,
            messages_per_person_per_day: 1_000_000,
            new_grants_per_day: 1000,
            sends_per_person_per_day: Some(5),
        },
        report: ReportDuty {
            period_days: 14,
            grace_days: 3,
            dimensions: ReportDimensions {
                interface: vec!["tv".into(), "web".into()],
                initiation_surface: vec!["post_play".into()],
                variant: vec!["a".into(), "b".into()],
            },
            consequence: "Its grants stop answering until it is filed".into(),
        },
        price: None,
    }
}
