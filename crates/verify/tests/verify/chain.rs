//! A person's file of receipts: whole, and with entries forged, hidden and doubled.

use crate::log::{Log, START, body, entries};
use tlog::Hash;
use tlog::body::{Body, Private};
use tlog::chain::{Head, write_end, write_head};
use tlog::checkpoint::Checkpoint;
use tlog::leaf::{Kind, Leaf};
use tlog::receipt::Receipt;
use tlog::secret;
use tlog::tree::inclusion_proof;

const SIZE: usize = 300;
const QUARTER: u64 = 7_889_238;
/// Where her entries are; the last three of them a quarter later.
const PLACES: [usize; 7] = [6, 9, 10, 200, 257, 258, 280];
const MADE: u64 = START + QUARTER + 3_600;

fn tag_key(seq: u64) -> Hash {
    [if seq < 4 { 21 } else { 22 }; 32]
}

/// An entry of hers, and what opens it.
#[derive(Clone)]
struct Own {
    index: usize,
    seq: u64,
    seconds: u64,
    tag_key: Hash,
    previous: Hash,
}

impl Own {
    fn opening(&self) -> Hash {
        secret::opening(&[3; 32], self.seq + 1_000 * self.index as u64)
    }

    fn private(&self) -> Vec<u8> {
        let private = Private {
            salt: [4; 16],
            seq: self.seq,
            previous: self.previous,
            withheld: Vec::new(),
            note: String::new(),
        };
        private.encode().unwrap()
    }

    fn body(&self) -> Vec<u8> {
        let digest = Private::decode(&self.private()).unwrap().digest().unwrap();
        let body = Body {
            at_ms: self.seconds as i64 * 1000,
            private_digest: digest,
            ..body()
        };
        body.encode().unwrap()
    }

    fn leaf(&self) -> Leaf {
        Leaf {
            kind: Kind::Private,
            window: Leaf::window_of(self.seconds),
            tag: secret::tag(&self.tag_key, self.seq),
            commit: secret::commit(&self.opening(), &self.body()),
        }
    }

    fn receipt(&self, log: &Log, for_partner: bool) -> String {
        let checkpoint = String::from_utf8(log.get("checkpoint")).unwrap();
        let size = Checkpoint::parse(&checkpoint).unwrap().size;
        let proof = inclusion_proof(size, self.index as u64, log).unwrap();
        let (leaf, opening) = (self.leaf().encode(), self.opening());
        let receipt = match for_partner {
            true => Receipt::for_partner(leaf, opening, self.body()),
            false => Receipt::for_person(leaf, opening, self.body(), self.private()),
        };
        receipt.write(self.index as u64, proof, &checkpoint).unwrap()
    }
}

fn hers() -> Vec<Own> {
    let mut previous = [0; 32];
    let own = |(seq, index): (u64, usize)| {
        let own = Own {
            index,
            seq,
            seconds: START + if seq < 4 { 0 } else { QUARTER },
            tag_key: tag_key(seq),
            previous,
        };
        previous = own.leaf().commit;
        own
    };
    (0..).zip(PLACES).map(own).collect()
}

/// A log with these entries of hers, and the file of receipts over it.
struct Person {
    log: Log,
    /// In the log.
    all: Vec<Own>,
    /// Of these she gets receipts.
    told: Vec<Own>,
    head: Head,
    tags: Vec<(u32, Hash)>,
}

impl Person {
    fn of(all: Vec<Own>) -> Self {
        let person = Self {
            log: Log::new(),
            told: all.clone(),
            head: Head {
                made: MADE,
                size: SIZE as u64,
                entries: all.len() as u64,
            },
            all,
            tags: [0, 4].map(|seq| (period(seq), tag_key(seq))).to_vec(),
        };
        person.write(SIZE);
        person
    }

    fn new() -> Self {
        Self::of(hers())
    }

    fn write(&self, size: usize) {
        let mut log = entries(size);
        for own in &self.all {
            log[own.index] = own.leaf().encode().to_vec();
        }
        self.log.write(&log);
    }

    fn leave_out(&mut self, seqs: &[u64]) {
        self.told.retain(|own| !seqs.contains(&own.seq));
    }

    fn file(&self) -> String {
        let receipts: String = self.told.iter().map(|own| own.receipt(&self.log, false)).collect();
        write_head(&self.head) + &receipts + &write_end(self.tags.iter().map(|(period, key)| (*period, key)))
    }

    fn check_file(&self, file: &str) -> (u8, String) {
        self.log.put("receipts", file.as_bytes());
        let path = self.log.folder.join("receipts");
        self.log.run(&["chain", path.to_str().unwrap(), "SOURCE"])
    }

    /// It must be found wrong, and say so in these words.
    fn wrong(&self, words: &[&str]) {
        let (exit, out) = self.check_file(&self.file());
        for words in words {
            assert!(out.contains(words), "{words}: {out}");
        }
        assert_eq!((exit, out.contains("right:")), (1, false), "{out}");
    }
}

fn period(seq: u64) -> u32 {
    secret::period((START + if seq < 4 { 0 } else { QUARTER }) as i64)
}

#[test]
fn a_whole_chain_is_right() {
    let (exit, out) = Person::new().check_file(&Person::new().file());
    assert_eq!(exit, 0, "{out}");
    assert_eq!(
        out,
        format!(
            "right: 7 receipts, numbers 0 to 6: none is missing, each is in the log, and no other entry up to then has a tag of hers\n  \
             file made    2027-02-22T08:27:18Z, the log having 300 entries: is that when you fetched it?\n  \
             log now      300 entries\n  \
             tag keys     of periods {}, {}\n",
            period(0),
            period(4)
        )
    );
    let mut nobody = Person::of(Vec::new());
    nobody.tags.remove(0);
    let (exit, out) = nobody.check_file(&nobody.file());
    assert_eq!((exit, out.starts_with("right: no receipts")), (0, true), "{out}");
}

#[test]
fn an_entry_that_was_left_out_is_noticed_wherever_it_is() {
    let mut person = Person::new();
    person.leave_out(&[2, 3]);
    person.wrong(&[
        "numbers 2 to 3 are missing: entry 9 is number 1, and entry 257 is number 4",
        "tile/entries/000: index 10: the entry is hers, number 2, and was left out of her file",
        "index 200: the entry is hers, number 3, and was left out of her file",
    ]);
    let mut person = Person::new();
    person.leave_out(&[0]);
    person.wrong(&["number 0 is missing: the file begins, and entry 9 is number 1"]);
    let mut person = Person::new();
    person.leave_out(&[5, 6]);
    person.wrong(&["numbers 5 to 6 are missing at the end: the file says that it has 7"]);
}

#[test]
fn last_entries_that_are_hidden_are_found_by_their_tags() {
    // The file agrees with itself: it says that it has five.
    let mut person = Person::new();
    person.leave_out(&[5, 6]);
    person.head.entries = 5;
    person.wrong(&[
        "tile/entries/001.p/44: index 258: the entry is hers, number 5, and was left out of her file",
        "index 280: the entry is hers, number 6, and was left out",
    ]);
    // It also pretends to be as old as that. The log tells the time of its entries.
    person.head.size = 258;
    person.wrong(&["index 258: the entry is hers, number 5, was there when the file was made, and was left out of it"]);
    // All of a period, and everything there is.
    person.leave_out(&[4]);
    (person.head.entries, person.head.size) = (4, 300);
    person.wrong(&["index 257: the entry is hers, number 4,", "number 5,", "number 6,"]);
    person.leave_out(&[0, 1, 2, 3]);
    person.head.entries = 0;
    person.wrong(&["index 6: the entry is hers, number 0,"]);
}

#[test]
fn entries_that_came_after_the_file_are_told_and_are_no_fault() {
    let mut person = Person::new();
    let file = person.file();
    let mut next = Own {
        index: 299,
        seq: 7,
        seconds: MADE + 10,
        previous: person.all[6].leaf().commit,
        ..person.all[6].clone()
    };
    next.index = 305;
    person.all.push(next);
    person.write(310);
    let (exit, out) = person.check_file(&file);
    assert_eq!(
        (
            exit,
            out.contains("since then   entry 305 is number 7 of hers: fetch the file again")
        ),
        (0, true),
        "{out}"
    );
}

#[test]
fn a_number_that_was_given_twice_is_noticed() {
    // In the log alone: one of two disclosures is shown to her, the other is not.
    let mut person = Person::new();
    let mut second = person.all[2].clone();
    second.index = 100;
    person.all.push(second.clone());
    person.write(SIZE);
    person.wrong(&[
        "index 100: the entry carries the tag of her number 2, which is entry 10 in her file: one of them was hidden from her",
    ]);
    // In her file as well.
    person.told.insert(3, second);
    person.head.entries += 1;
    person.wrong(&["number 2 is there twice, as entry 10 and as entry 100"]);
}

#[test]
fn an_entry_that_was_exchanged_breaks_the_chain() {
    let mut all = hers();
    all[3].seconds += 1_200;
    Person::of(all).wrong(&["number 4 (entry 257) says that another entry came before it than number 3 (entry 200)"]);
    let mut all = hers();
    all.remove(0);
    for own in &mut all {
        own.seq -= 1;
        own.tag_key = tag_key(own.seq);
    }
    Person::of(all).wrong(&["number 0 (entry 9) says that an entry came before it"]);
    let mut all = hers();
    (all[1].index, all[2].index) = (10, 9);
    let person = Person::of(all);
    person.wrong(&["number 2 is entry 9 of the log, and number 1 before it is entry 10"]);
}

#[test]
fn an_entry_under_another_tag_key_is_noticed() {
    let mut all = hers();
    all[5].tag_key = [99; 32];
    Person::of(all).wrong(&[
        "number 5 (entry 258) does not carry her tag: it was made under another tag key than the file gives for period",
    ]);
    let mut person = Person::new();
    person.tags[1].1 = [99; 32];
    person.wrong(&["number 4 (entry 257) does not carry her tag", "number 6 (entry 280)"]);
    let mut person = Person::new();
    person.tags.remove(1);
    person.wrong(&[&format!("the file has no tag key for period {}: entries", period(4))]);
    let mut person = Person::new();
    person.tags.push((period(4), [99; 32]));
    person.wrong(&["there are two tag keys for period"]);
}

#[test]
fn a_whole_period_hidden_behind_another_tag_key_is_noticed_with_an_older_file() {
    let mut person = Person::new();
    person.log.put("older", person.file().as_bytes());
    let older = person.log.folder.join("older");
    let check = |person: &Person| {
        person.log.put("receipts", person.file().as_bytes());
        let path = person.log.folder.join("receipts");
        let args = [
            "chain",
            path.to_str().unwrap(),
            "SOURCE",
            "--older",
            older.to_str().unwrap(),
        ];
        person.log.run(&args)
    };
    assert_eq!(check(&person).0, 0);
    // The file of the next day agrees with itself and with the log, and is a lie.
    person.leave_out(&[4, 5, 6]);
    person.head.entries = 4;
    person.tags[1].1 = [99; 32];
    assert_eq!(person.check_file(&person.file()).0, 0);
    let (exit, out) = check(&person);
    assert_eq!(exit, 1, "{out}");
    for words in [
        format!("the tag key of period {} is another one than in ", period(4)),
        "number 4 was entry 257 in ".to_owned(),
    ] {
        assert!(out.contains(&words), "{out}");
    }
    person.tags.pop();
    assert!(check(&person).1.contains("is not given any more, as it was in"));
}

#[test]
fn a_log_that_is_not_that_of_the_receipts_is_noticed() {
    let mut person = Person::new();
    let file = person.file();
    person.all[2].seconds += 1_200;
    person.write(SIZE);
    let (exit, out) = person.check_file(&file);
    assert_eq!(exit, 1, "{out}");
    for words in [
        "two different logs of 300 entries were signed",
        "tile/entries/000: index 10: the entry is not the one of her receipt of number 2",
    ] {
        assert!(out.contains(words), "{out}");
    }
    person.all.truncate(6);
    person.write(270);
    let (exit, out) = person.check_file(&file);
    let words = "number 6 is entry 280, and the log has 270 entries only";
    assert_eq!((exit, out.contains(words)), (1, true), "{out}");
}

#[test]
fn a_receipt_that_proves_nothing_counts_for_nothing() {
    let person = Person::new();
    let (hers, partners) = (
        person.told[1].receipt(&person.log, false),
        person.told[1].receipt(&person.log, true),
    );
    let file = person.file();
    let (exit, out) = person.check_file(&file.replace(&hers, &partners));
    assert_eq!(exit, 1, "{out}");
    assert!(
        out.contains("receipt 2 of the file: a partner's receipt, which does not have her number"),
        "{out}"
    );
    assert!(out.contains("number 1 is missing"), "{out}");
    let forged = hers.replacen("index 9", "index 8", 1);
    let (exit, out) = person.check_file(&file.replace(&hers, &forged));
    assert_eq!(
        (exit, out.contains("receipt 2 of the file: entry 8 is not in the log")),
        (1, true),
        "{out}"
    );
}

#[test]
fn what_is_no_file_of_receipts_is_refused() {
    let person = Person::new();
    let file = person.file();
    for bad in [
        &file[..file.len() / 2],
        "",
        "nonsense\n",
        &file[..file.find("privity-receipts/end").unwrap()],
    ] {
        let (exit, out) = person.check_file(bad);
        assert_eq!((exit, out.starts_with("wrong: ")), (1, true), "{out}");
    }
    let none = person.log.folder.join("none");
    assert_eq!(person.log.run(&["chain", none.to_str().unwrap(), "SOURCE"]).0, 3);
}
