//! Bodies, and the receipts that open them.

use proptest::prelude::{ProptestConfig, any, prop, proptest};
use tlog::body::{BLOCK, Body, BodyError, Event, Private, ids_root};
use tlog::checkpoint::Checkpoint;
use tlog::leaf::{Kind, Leaf};
use tlog::note::SigningKey;
use tlog::proof::{Proof, ProofError};
use tlog::receipt::{Receipt, ReceiptError, verify};
use tlog::secret;
use tlog::tree::{EMPTY_ROOT, leaf_hash, root_of};

/// The beginning of a window, in unix seconds.
const AT: u64 = 1_795_392_000;

fn private() -> Private {
    Private {
        salt: [3; 16],
        seq: 41,
        previous: [4; 32],
        withheld: vec![(1, 12), (7, 3)],
        note: "ok".into(),
    }
}

fn body(private: &Private) -> Body {
    Body {
        version: 1,
        event: Event::Disclosure,
        at_ms: AT as i64 * 1000 + 599_999,
        partner: "p_1".into(),
        client: "c_1".into(),
        grant: "g_1".into(),
        agreement: "films@1".into(),
        purpose: "recommendations".into(),
        fields: 2,
        messages: 2,
        ids_root: ids_root(["m1", "m2"]),
        answer_bytes: 900,
        answer_mac: secret::answer_mac(&[6; 32], &[7; 32]),
        request_id: "r_1".into(),
        private_digest: private.digest().unwrap(),
    }
}

/// A log whose second of three entries is about this body, and its receipts: the partner's and the person's.
struct World {
    key: SigningKey,
    checkpoint: String,
    leaf: [u8; 80],
    opening: [u8; 32],
    body: Vec<u8>,
    private: Vec<u8>,
}

impl World {
    fn new(kind: Kind, body: &Body, private: &Private) -> Self {
        let key = SigningKey::generate("log.example", &[1; 32]).unwrap();
        let opening = secret::opening(&[2; 32], private.seq);
        let bytes = body.encode().unwrap();
        let commit = secret::commit(&opening, &bytes);
        let leaf = Leaf {
            kind,
            window: AT / 600,
            tag: secret::tag(&[1; 32], private.seq),
            commit,
        }
        .encode();
        let root = root_of([b"first".as_slice(), &leaf, b"last"]);
        let checkpoint = Checkpoint::new("log.example", 3, root).sign(&key).unwrap();
        Self {
            key,
            checkpoint,
            leaf,
            opening,
            body: bytes,
            private: private.encode().unwrap(),
        }
    }

    fn write(&self, receipt: &Receipt) -> String {
        receipt
            .write(1, vec![leaf_hash(b"first"), leaf_hash(b"last")], &self.checkpoint)
            .unwrap()
    }

    fn partner(&self) -> Receipt {
        Receipt::for_partner(self.leaf, self.opening, self.body.clone())
    }

    fn person(&self) -> Receipt {
        Receipt::for_person(self.leaf, self.opening, self.body.clone(), self.private.clone())
    }

    fn verify(&self, receipt: &Receipt) -> Result<(), ReceiptError> {
        verify(&self.write(receipt), &self.key.verifying_key()).map(|_| ())
    }
}

#[test]
fn each_side_opens_what_is_its_own() {
    let (private, body) = (private(), body(&private()));
    let world = World::new(Kind::Private, &body, &private);
    let opened = verify(&world.write(&world.person()), &world.key.verifying_key()).unwrap();
    assert_eq!((&opened.body, &opened.private), (&body, &Some(private.clone())));
    assert_eq!(
        (opened.index, opened.checkpoint.size, opened.leaf.window),
        (1, 3, AT / 600)
    );
    let file = world.write(&world.partner());
    let opened = verify(&file, &world.key.verifying_key()).unwrap();
    assert_eq!((&opened.body, &opened.private), (&body, &None));
    // Nothing of the private part is in the partner's file.
    let extra = file.parse::<Proof>().unwrap().extra.unwrap();
    assert!(!extra.windows(16).any(|bytes| bytes == private.salt));
    assert!(!extra.windows(32).any(|bytes| bytes == private.previous));
}

#[test]
fn a_changed_part_is_named() {
    let (private, body) = (private(), body(&private()));
    let world = World::new(Kind::Private, &body, &private);
    assert_eq!(world.verify(&world.person()), Ok(()));

    let other = Body {
        messages: 1,
        ..body.clone()
    }
    .encode()
    .unwrap();
    assert_eq!(
        world.verify(&Receipt::for_partner(world.leaf, world.opening, other)),
        Err(ReceiptError::Commit)
    );
    assert_eq!(
        world.verify(&Receipt::for_partner(world.leaf, [0; 32], world.body.clone())),
        Err(ReceiptError::Commit)
    );
    let fewer = Private {
        withheld: vec![(1, 11), (7, 3)],
        ..private.clone()
    }
    .encode()
    .unwrap();
    let receipt = Receipt::for_person(world.leaf, world.opening, world.body.clone(), fewer);
    assert_eq!(world.verify(&receipt), Err(ReceiptError::PrivateDigest));
    let mut leaf = world.leaf;
    leaf[15] ^= 1;
    let receipt = Receipt::for_partner(leaf, world.opening, world.body.clone());
    assert_eq!(
        world.verify(&receipt),
        Err(ReceiptError::Proof(ProofError::NotIncluded { index: 1, size: 3 }))
    );

    for at_ms in [AT as i64 * 1000 - 1, (AT as i64 + 600) * 1000, -1] {
        let late = World::new(Kind::Private, &Body { at_ms, ..body.clone() }, &private);
        assert_eq!(late.verify(&late.person()), Err(ReceiptError::Window));
    }
    let report = World::new(Kind::Report, &body, &private);
    assert_eq!(
        report.verify(&report.partner()),
        Err(ReceiptError::Kind("report filed"))
    );
    let bare = Proof {
        extra: None,
        ..world.write(&world.partner()).parse().unwrap()
    }
    .to_string();
    assert_eq!(
        verify(&bare, &world.key.verifying_key()),
        Err(ReceiptError::NotAReceipt)
    );
}

#[test]
fn any_changed_byte_of_a_receipt_is_noticed() {
    let world = World::new(Kind::Private, &body(&private()), &private());
    let file = world.write(&world.person());
    let key = world.key.verifying_key();
    assert!(verify(&file, &key).is_ok());
    for at in 0..file.len() {
        for flip in [1, 2, 32] {
            let mut bytes = file.clone().into_bytes();
            bytes[at] ^= flip;
            if let Ok(changed) = String::from_utf8(bytes) {
                assert!(verify(&changed, &key).is_err(), "byte {at}: {changed}");
            }
        }
    }
    for end in (0..file.len()).filter(|end| file.is_char_boundary(*end)) {
        assert!(verify(&file[..end], &key).is_err());
    }
}

#[test]
fn bodies_look_alike_in_size() {
    let small = Body {
        partner: String::new(),
        client: String::new(),
        messages: 0,
        ..body(&private())
    };
    assert_eq!(small.encode().unwrap().len(), BLOCK);
    assert_eq!(body(&private()).encode().unwrap().len(), BLOCK);
    let full = "x".repeat(256);
    let large = Body {
        partner: full.clone(),
        client: full.clone(),
        grant: full.clone(),
        agreement: full.clone(),
        purpose: full.clone(),
        request_id: full.clone(),
        at_ms: i64::MIN,
        messages: u64::MAX,
        answer_bytes: u64::MAX,
        ..body(&private())
    };
    let bytes = large.encode().unwrap();
    assert_eq!(bytes.len(), 4 * BLOCK);
    assert_eq!(Body::decode(&bytes), Ok(large.clone()));
    let over = Body {
        grant: full.clone() + "x",
        ..large
    };
    assert_eq!(over.encode(), Err(BodyError::TextTooLong("grant")));
    assert_eq!(
        Private {
            note: full + "x",
            ..private()
        }
        .encode(),
        Err(BodyError::TextTooLong("note"))
    );
    let many = Private {
        withheld: vec![(0, 0); 33],
        ..private()
    };
    assert_eq!(many.digest(), Err(BodyError::TooManyReasons));
    assert_eq!(
        Body {
            version: 2,
            ..body(&private())
        }
        .encode(),
        Err(BodyError::Version(2))
    );
}

#[test]
fn only_the_exact_bytes_are_a_body() {
    let bytes = body(&private()).encode().unwrap();
    assert_eq!(Body::decode(&bytes), Ok(body(&private())));
    assert_eq!(Body::decode(&bytes[1..]), Err(BodyError::Size(511)));
    assert_eq!(Body::decode(&[]), Err(BodyError::Size(0)));
    assert_eq!(Body::decode(&[0; 9 * 512]), Err(BodyError::Size(9 * 512)));
    assert_eq!(
        Body::decode(&[bytes.clone(), vec![0; 512]].concat()),
        Err(BodyError::Padding)
    );
    let mut padded = bytes.clone();
    padded[511] = 1;
    assert_eq!(Body::decode(&padded), Err(BodyError::Padding));
    let mut long = bytes.clone();
    long[0] = 0xff;
    assert_eq!(Body::decode(&long), Err(BodyError::Padding));
    // 1 as a 16-bit integer: the same value, not the shortest form.
    let at = 4 + 1;
    assert_eq!(bytes[at], 1);
    let cbor_length = u32::from_be_bytes(bytes[..4].try_into().unwrap()) + 2;
    let mut other = [
        &cbor_length.to_be_bytes(),
        &bytes[4..at],
        &[0x19, 0, 1],
        &bytes[at + 1..],
    ]
    .concat();
    other.truncate(512);
    assert_eq!(Body::decode(&other), Err(BodyError::Syntax));
}

#[test]
fn the_root_of_message_ids_is_rfc_6962s() {
    assert_eq!(ids_root([]), EMPTY_ROOT);
    assert_eq!(ids_root(["m1", "m2", "m3"]), root_of([b"m1".as_slice(), b"m2", b"m3"]));
    assert_ne!(ids_root(["m1", "m2"]), ids_root(["m2", "m1"]));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn bodies_round_trip(at_ms in any::<i64>(), texts in prop::array::uniform6("\\PC{0,60}"), n in any::<u64>(), hash in any::<[u8; 32]>()) {
        let [partner, client, grant, agreement, purpose, request_id] = texts;
        let body = Body {
            version: 1, event: Event::Say, at_ms, partner, client, grant, agreement, purpose, request_id,
            fields: 15, messages: n, ids_root: hash, answer_bytes: n, answer_mac: hash, private_digest: hash,
        };
        let bytes = body.encode().unwrap();
        assert_eq!(bytes.len() % BLOCK, 0);
        assert_eq!(Body::decode(&bytes), Ok(body));
    }

    #[test]
    fn any_flipped_bit_of_a_body_is_another_body_or_none(bit in 0_usize..512 * 8) {
        let good = body(&private());
        let mut bytes = good.encode().unwrap();
        bytes[bit / 8] ^= 1 << (bit % 8);
        if let Ok(other) = Body::decode(&bytes) {
            assert_ne!(other, good);
            assert_eq!(other.encode().unwrap(), bytes);
        }
    }

    #[test]
    fn any_bytes_are_refused_or_a_private_part(bytes in prop::collection::vec(any::<u8>(), 0..120)) {
        if let Ok(private) = Private::decode(&bytes) {
            assert_eq!(private.encode(), Ok(bytes));
        }
    }
}
