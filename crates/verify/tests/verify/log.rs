//! Logs to check, written as a platform would.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use tlog::body::{Body, Event, Private, ids_root};
use tlog::bundle;
use tlog::checkpoint::Checkpoint;
use tlog::leaf::{Kind, Leaf};
use tlog::note::{self, SigningKey};
use tlog::path::TilePath;
use tlog::receipt::Receipt;
use tlog::secret;
use tlog::tree::{Frontier, TileSource, inclusion_proof};

/// 2026-11-23T00:00:00Z.
pub const START: u64 = 1_795_392_000;
/// The entry that the receipts are about.
pub const DISCLOSURE: usize = 2;

pub fn key(name: &str, seed: u8) -> SigningKey {
    SigningKey::generate(name, &[seed; 32]).unwrap()
}

/// What an agreement of the tests may differ in.
pub struct Draft {
    pub id: &'static str,
    pub version: u32,
    pub why: &'static str,
    pub partner_id: &'static str,
    pub platform: SigningKey,
    pub partner: SigningKey,
}

impl Draft {
    pub fn films(version: u32) -> Self {
        let [platform, partner] = sides();
        Self {
            id: "films",
            version,
            why: "To suggest films.",
            partner_id: "marquee",
            platform,
            partner,
        }
    }

    pub fn text(&self) -> String {
        let party = |name: &str, key: &SigningKey| {
            format!(
                r#"{{"name":"{name}","key":"{}","breach_contact":"b","data_protection_officer":"d"}}"#,
                key.verifying_key()
            )
        };
        let json = format!(
            r#"{{"id":"{}","version":{},"why":"{}","partner_id":"{}",
            "platform":{},"partner":{},"purposes":["recommendations"],"actions":["read"],"fields":["mentions"],
            "retention_days":30,"starts":"2026-11-01T00:00:00Z","ends":"2027-11-01T00:00:00Z",
            "ceilings":{{"people_per_day":1,"people_per_30_days":1,"requests_per_second":1,
                "messages_per_person_per_day":1,"new_grants_per_day":1}},
            "report":{{"period_days":14,"grace_days":7,"dimensions":{{"interface":["tv"],"initiation_surface":["search"],"variant":["a"]}},
                "consequence":"The grants stop answering."}}}}"#,
            self.id,
            self.version,
            self.why,
            self.partner_id,
            party("Platform", &self.platform),
            party("Marquee", &self.partner),
        );
        model::Agreement::parse(&json).unwrap().canonical().unwrap() + "\n"
    }

    /// Signed by both sides, and by whoever else.
    pub fn signed(&self, more: &[&SigningKey]) -> Vec<u8> {
        let keys = [&[&self.platform, &self.partner], more].concat();
        note::sign(&self.text(), &keys).unwrap().into_bytes()
    }
}

/// A signed agreement, with its text changed by `change` before it is signed.
pub fn agreement(version: u32, signers: &[&SigningKey], change: impl Fn(String) -> String) -> Vec<u8> {
    let text = Draft::films(version).text();
    note::sign(&change(text), signers).unwrap().into_bytes()
}

/// A log's entry of these bytes.
pub fn public(bytes: &[u8]) -> Vec<u8> {
    Leaf::public(Kind::Public, START, bytes).unwrap()
}

/// Both sides of the agreement.
pub fn sides() -> [SigningKey; 2] {
    [key("platform.example", 11), key("marquee.example", 12)]
}

pub fn good_agreement(version: u32) -> Vec<u8> {
    Draft::films(version).signed(&[])
}

pub fn private() -> Private {
    Private {
        salt: [9; 16],
        seq: 4,
        previous: [8; 32],
        withheld: vec![(5, 12), (6, 1)],
        note: String::new(),
    }
}

pub fn body() -> Body {
    Body {
        version: 1,
        event: Event::Disclosure,
        at_ms: START as i64 * 1000 + 1_500,
        partner: "marquee".into(),
        client: "cl_tv".into(),
        grant: "grt_1".into(),
        agreement: "films@1".into(),
        purpose: "recommendations".into(),
        fields: 2,
        messages: 3,
        ids_root: ids_root(["a", "b", "c"]),
        answer_bytes: 777,
        answer_mac: [7; 32],
        request_id: "req_1".into(),
        private_digest: private().digest().unwrap(),
    }
}

const OPENING: [u8; 32] = [5; 32];

fn private_leaf(index: usize) -> Vec<u8> {
    let commit = if index == DISCLOSURE {
        secret::commit(&OPENING, &body().encode().unwrap())
    } else {
        secret::commit(&OPENING, &index.to_be_bytes())
    };
    let window = Leaf::window_of(START);
    Leaf {
        kind: Kind::Private,
        window,
        tag: secret::tag(&[1; 32], index as u64),
        commit,
    }
    .encode()
    .to_vec()
}

/// What a platform says of a report of period 1 of `films@1`.
pub fn said(
    revision: u32,
    hash: [u8; 32],
    previous: Option<[u8; 32]>,
    outcome: Option<report::Outcome>,
) -> report::Filed {
    let agreement = model::Agreement::parse(&Draft::films(1).text()).unwrap();
    report::Filed {
        period: report::Calendar::of(&agreement).unwrap().period(1).unwrap(),
        agreement: agreement.reference(),
        revision,
        hash,
        previous,
        outcome,
        compared: 10,
        differences: 0,
        sends: 41,
        clicks: 0,
        at: model::Time::from_unix_seconds(START as i64),
    }
}

/// An entry of it.
pub fn filed(said: &report::Filed) -> Vec<u8> {
    reported(&report::Entry::Filed(said.clone()))
}

/// An entry about reports, signed by the platform.
pub fn reported(entry: &report::Entry) -> Vec<u8> {
    let [platform, _] = sides();
    let note = note::sign(&entry.to_string(), &[&platform]).unwrap();
    Leaf::public(Kind::Report, START, note.as_bytes()).unwrap()
}

/// Entries with public ones among them: an agreement at 1, a report at 4, a summary at 5.
pub fn entries(n: usize) -> Vec<Vec<u8>> {
    let entry = |index| match index {
        1 => Leaf::public(Kind::Public, START, &good_agreement(1)).unwrap(),
        4 => filed(&said(1, [7; 32], None, Some(report::Outcome::Accepted))),
        5 => Leaf::public(Kind::Summary, START, b"1 day").unwrap(),
        _ => private_leaf(index),
    };
    (0..n).map(entry).collect()
}

/// A log in a folder of its own.
pub struct Log {
    pub folder: PathBuf,
    pub key: SigningKey,
}

impl Log {
    pub fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!(
            "verify-{}-{}",
            std::process::id(),
            COUNT.fetch_add(1, Ordering::Relaxed)
        );
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        Self {
            folder,
            key: key("log.example", 1),
        }
    }

    /// Writes all files of a log of these entries; those of an earlier, shorter one stay.
    pub fn write(&self, entries: &[Vec<u8>]) -> &Self {
        let mut frontier = Frontier::default();
        entries.iter().for_each(|entry| frontier.append(entry));
        let tiles = frontier.take_full_tiles().into_iter().chain(frontier.partial_tiles());
        for (level, index, hashes) in tiles {
            let width = (hashes.len() / 32) as u16;
            self.put(&TilePath::Hashes { level, index, width }.to_string(), &hashes);
        }
        for (index, entries) in (0..).zip(entries.chunks(256)) {
            let width = entries.len() as u16;
            self.put(
                &TilePath::Entries { index, width }.to_string(),
                &bundle::encode(entries).unwrap(),
            );
        }
        let checkpoint = Checkpoint::new("log.example", frontier.size(), frontier.root());
        self.put("checkpoint", checkpoint.sign(&self.key).unwrap().as_bytes());
        self
    }

    pub fn put(&self, path: &str, bytes: &[u8]) {
        let file = self.folder.join(path);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, bytes).unwrap();
    }

    pub fn get(&self, path: &str) -> Vec<u8> {
        fs::read(self.folder.join(path)).unwrap()
    }

    pub fn remove(&self, path: &str) {
        fs::remove_file(self.folder.join(path)).unwrap();
    }

    /// The paths of all files.
    pub fn files(&self) -> Vec<String> {
        fn collect(folder: &Path, prefix: &str, files: &mut Vec<String>) {
            for entry in fs::read_dir(folder).unwrap() {
                let entry = entry.unwrap();
                let path = format!("{prefix}{}", entry.file_name().into_string().unwrap());
                if entry.path().is_dir() {
                    collect(&entry.path(), &format!("{path}/"), files);
                } else {
                    files.push(path);
                }
            }
        }
        let mut files = Vec::new();
        collect(&self.folder, "", &mut files);
        files.sort();
        files
    }

    /// The receipts of entry [`DISCLOSURE`]: the person's and the partner's.
    pub fn receipts(&self) -> [String; 2] {
        let checkpoint = String::from_utf8(self.get("checkpoint")).unwrap();
        let size = Checkpoint::parse(&checkpoint).unwrap().size;
        let proof = inclusion_proof(size, DISCLOSURE as u64, self).unwrap();
        let leaf: [u8; 80] = private_leaf(DISCLOSURE).try_into().unwrap();
        let (body, private) = (body().encode().unwrap(), private().encode().unwrap());
        [
            Receipt::for_person(leaf, OPENING, body.clone(), private),
            Receipt::for_partner(leaf, OPENING, body),
        ]
        .map(|receipt| receipt.write(DISCLOSURE as u64, proof.clone(), &checkpoint).unwrap())
    }

    /// Runs a command on this log: `SOURCE` stands for its folder; the key is added. Gives exit code and output.
    pub fn run(&self, args: &[&str]) -> (u8, String) {
        let source = self.folder.to_str().unwrap();
        run_with(
            &self.key,
            &args
                .iter()
                .map(|arg| if *arg == "SOURCE" { source } else { arg })
                .collect::<Vec<_>>(),
        )
    }
}

impl TileSource for Log {
    type Error = std::io::Error;

    fn tile(&self, level: u8, index: u64, width: u16) -> Result<Vec<u8>, Self::Error> {
        fs::read(self.folder.join(TilePath::Hashes { level, index, width }.to_string()))
    }
}

impl Drop for Log {
    fn drop(&mut self) {
        _ = fs::remove_dir_all(&self.folder);
    }
}

pub fn run_with(key: &SigningKey, args: &[&str]) -> (u8, String) {
    let key = key.verifying_key().to_string();
    let args = ["privity-verify"].iter().chain(args).copied().chain(["--key", &key]);
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let exit = verify::run(args, &mut out, &mut err).unwrap();
    (
        exit as u8,
        String::from_utf8(out).unwrap() + &String::from_utf8(err).unwrap(),
    )
}
