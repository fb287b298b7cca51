//! A data folder moved to another engine.

use std::path::Path;
use store::copy::{Copied, Step, copy};
use store::*;

const ANA: Id = [1; 16];
const BEN: Id = [2; 16];
const GONE: Id = [3; 16];
const ENTRIES: u64 = 1_300;

fn open(path: &Path) -> EmbeddedStore {
    EmbeddedStore::open(path, EmbeddedOptions::default()).unwrap()
}

fn message(n: u16) -> MessageRow {
    let mut id = [0xaa; 16];
    id[..6].copy_from_slice(&u64::from(n).to_be_bytes()[2..]);
    MessageRow {
        id,
        conversation: [7; 16],
        sent_at: i64::from(n),
        sealed: n.to_be_bytes().to_vec(),
    }
}

/// One of everything, with a history.
async fn fill(store: &EmbeddedStore) {
    for (account, handle) in [(ANA, "ana"), (BEN, "ben")] {
        let created = store.account_create(account, handle.into(), handle.into()).await;
        assert_eq!(created.unwrap(), Cas::Applied);
        assert_eq!(
            store.key_create(account, 0, b"wrapped".to_vec()).await.unwrap(),
            Cas::Applied
        );
    }
    store.keys_destroy(GONE).await.unwrap();
    let talk = ConversationRow {
        id: [7; 16],
        sealed: b"talk".to_vec(),
    };
    for part in [0..700u16, 700..900] {
        let rows = part.map(message).collect();
        store.messages_append(ANA, vec![talk.clone()], rows).await.unwrap();
        let gone = [3, 4, 300, 699].map(|n| message(n).id).to_vec();
        store.messages_delete(ANA, gone).await.unwrap();
    }
    assert_eq!(
        store.grant_create([9; 16], ANA, b"asked".to_vec()).await.unwrap(),
        Cas::Applied
    );
    for version in 1..4 {
        let changed = store.grant_transition([9; 16], version, vec![version as u8]).await;
        assert_eq!(changed.unwrap(), Cas::Applied);
    }
    for version in 0..3 {
        assert_eq!(
            store.says_put(BEN, version, vec![version as u8]).await.unwrap(),
            Cas::Applied
        );
    }
    assert_eq!(
        store.ask_put(BEN, [5; 16], b"may they".to_vec()).await.unwrap(),
        Cas::Applied
    );
    store.views_bump(vec![ANA]).await.unwrap();
    store.views_bump(vec![ANA]).await.unwrap();
    let row = TokenRow {
        body: b"grant 9".to_vec(),
        expires_at: i64::MAX,
    };
    store.token_put([4; 32], row.clone()).await.unwrap();
    assert_eq!(store.once_put(b"jti".to_vec(), row).await.unwrap(), Cas::Applied);
    store.mark_put(b"note".to_vec(), b"here".to_vec()).await.unwrap();
    assert_eq!(
        store.partner_put("marquee".into(), 0, b"p".to_vec()).await.unwrap(),
        Cas::Applied
    );
    store.catalogue_put("marquee".into(), vec![1; 100]).await.unwrap();
    let agreement = AgreementRow {
        id: "films".into(),
        version: 1,
        body: b"signed".to_vec(),
    };
    assert_eq!(store.agreement_publish(agreement).await.unwrap(), Cas::Applied);
    entries(store).await;
}

/// Every third entry is about Ana, one about somebody who is no more.
async fn entries(store: &EmbeddedStore) {
    let epoch = store.ledger_fence().await.unwrap().epoch;
    let mut hers = 0;
    for size in (0..ENTRIES).step_by(100) {
        let end = (size + 100).min(ENTRIES);
        let mut owned = Vec::new();
        for index in (size..end).filter(|index| index % 3 == 0) {
            owned.push(OwnedEntry {
                index,
                account: ANA,
                seq: hers,
                sealed: index.to_be_bytes().to_vec(),
            });
            hers += 1;
        }
        let tiles = (size / 256..end / 256).map(|index| TileRow {
            level: 0,
            index,
            hashes: vec![index as u8; limits::TILE],
        });
        let commit = LedgerCommit {
            epoch,
            size,
            leaves: (size..end).map(|index| index.to_be_bytes().to_vec()).collect(),
            owned,
            tiles: tiles.collect(),
            checkpoint: format!("checkpoint of {end}").into_bytes(),
        };
        assert_eq!(store.ledger_commit(commit).await.unwrap(), Cas::Applied);
    }
}

/// What only whoever knows its name can ask for is there too.
async fn check(to: &dyn AnyStore) {
    assert_eq!(to.key_get(GONE, 0).await.unwrap(), KeyState::Destroyed);
    assert_eq!(to.key_get(BEN, 0).await.unwrap(), KeyState::Live(b"wrapped".to_vec()));
    assert_eq!(
        to.token_get([4; 32], Read::Serial).await.unwrap().unwrap().body,
        b"grant 9"
    );
    assert!(to.once_get(b"jti".to_vec()).await.unwrap().is_some());
    assert_eq!(to.mark_get(b"note".to_vec()).await.unwrap().unwrap(), b"here");
    assert_eq!(to.catalogue_get("marquee".into()).await.unwrap().unwrap(), [1; 100]);
    assert_eq!(to.partners_list().await.unwrap().len(), 1);
    assert_eq!(to.agreements_list().await.unwrap().len(), 1);
    assert_eq!(to.grant_get([9; 16], Read::Serial).await.unwrap().unwrap().version, 4);
    assert_eq!(to.views_get(ANA).await.unwrap(), 2);
    assert_eq!(to.asks_of(BEN).await.unwrap(), [([5; 16], b"may they".to_vec())]);
    assert_eq!(to.ledger_owned(ANA, Some(400), 1).await.unwrap()[0].index, 399 * 3);
    assert_eq!(to.ledger_tile(0, 4).await.unwrap().unwrap()[0], 4);
    // A deleted message stays deleted.
    let again = to.messages_append(ANA, vec![], vec![message(300)]).await.unwrap();
    assert_eq!((again.added, again.known), (0, 1));
}

const COPIED: Copied = Copied {
    people: 2,
    conversations: 1,
    messages: 896,
    grants: 1,
    entries: ENTRIES,
};

#[tokio::test]
async fn a_copy_has_everything_and_the_same_states() {
    let folder = tempfile::tempdir().unwrap();
    let from = open(folder.path());
    fill(&from).await;
    let to = MemoryStore::new();
    let mut steps = Vec::new();
    let copied = copy(&from, &to, &mut |step| steps.push(step)).await.unwrap();
    assert_eq!(copied, COPIED);
    assert!(steps.contains(&Step::Platform) && steps.contains(&Step::Compare(2, 2)));
    let Changes::Since { changes, .. } = to.messages_changes(ANA, 0, 10_000).await.unwrap() else {
        panic!("no changes");
    };
    let Changes::Since { changes: before, .. } = from.messages_changes(ANA, 0, 10_000).await.unwrap() else {
        panic!("no changes");
    };
    assert_eq!(changes, before);
    check(&to).await;
    // Once more adds nothing.
    assert_eq!(copy(&from, &to, &mut |_| ()).await.unwrap(), COPIED);
    check(&to).await;
}

#[tokio::test]
async fn a_copy_that_was_interrupted_anywhere_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let from = open(folder.path());
    fill(&from).await;
    for method in [
        "key_create",
        "account_create",
        "messages_append",
        "messages_delete",
        "grant_transition",
        "says_put",
        "ledger_commit",
    ] {
        for fault in [Fault::Lost, Fault::Kept] {
            let to = Faulty::new(MemoryStore::new(), Plan::Next(method, fault));
            assert!(copy(&from, &to, &mut |_| ()).await.is_err(), "{method}");
            assert_eq!(
                copy(&from, &to, &mut |_| ()).await.unwrap(),
                COPIED,
                "{method}, {fault:?}"
            );
            check(&to).await;
        }
    }
}

#[tokio::test]
async fn nothing_is_copied_over_another_installation() {
    let folder = tempfile::tempdir().unwrap();
    let from = open(folder.path());
    fill(&from).await;
    let to = MemoryStore::new();
    assert_eq!(to.key_create(ANA, 0, b"another".to_vec()).await.unwrap(), Cas::Applied);
    let refused = copy(&from, &to, &mut |_| ()).await;
    assert!(matches!(refused, Err(StoreError::Rejected(_))), "{refused:?}");
    // Nor what an unfinished copy left taken for a whole one.
    let to = Faulty::new(MemoryStore::new(), Plan::Next("says_put", Fault::Lost));
    assert!(copy(&from, &to, &mut |_| ()).await.is_err());
    assert!(to.ledger_head().await.unwrap().checkpoint.is_empty());
}
