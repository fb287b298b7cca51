//! Guarantees of the transparency log.

use super::{ANA, BEN, guarantees};
use crate::*;

guarantees![
    a_new_log_is_empty_and_has_no_epoch,
    a_commit_is_there_whole,
    a_commit_at_another_size_conflicts_and_writes_nothing,
    after_a_fence_commits_of_older_epochs_conflict,
    entries_are_read_as_far_as_they_go,
    a_persons_entries_are_hers_newest_first,
    a_gap_in_a_persons_count_is_refused,
    a_commit_that_makes_no_sense_is_refused_whole,
];

fn leaves(count: u8) -> Vec<Vec<u8>> {
    (0..count).map(|n| vec![n; usize::from(n) + 1]).collect()
}

fn owned(index: u64, account: Id, seq: u64) -> OwnedEntry {
    OwnedEntry {
        index,
        account,
        seq,
        sealed: vec![index as u8; 4],
    }
}

fn commit(epoch: u64, size: u64, count: u8) -> LedgerCommit {
    let checkpoint = format!("signed {}", size + u64::from(count)).into_bytes();
    LedgerCommit {
        epoch,
        size,
        leaves: leaves(count),
        owned: vec![],
        tiles: vec![],
        checkpoint,
    }
}

async fn a_new_log_is_empty_and_has_no_epoch(store: Store) {
    let head = LedgerHead {
        epoch: 0,
        size: 0,
        checkpoint: vec![],
    };
    assert_eq!(store.ledger_head().await.unwrap(), head);
    assert_eq!(store.ledger_leaves(0, 10).await.unwrap(), Vec::<Vec<u8>>::new());
    assert_eq!(store.ledger_tile(0, 0).await.unwrap(), None);
    assert_eq!(store.ledger_owned(ANA, None, 10).await.unwrap(), []);
}

async fn a_commit_is_there_whole(store: Store) {
    let fenced = store.ledger_fence().await.unwrap();
    assert_eq!(
        fenced,
        LedgerHead {
            epoch: 1,
            size: 0,
            checkpoint: vec![]
        }
    );
    let tile = TileRow {
        level: 0,
        index: 0,
        hashes: vec![9; limits::TILE],
    };
    let higher = TileRow {
        level: 1,
        index: 7,
        hashes: vec![8; limits::TILE],
    };
    let first = LedgerCommit {
        owned: vec![owned(1, ANA, 0), owned(2, BEN, 0), owned(3, ANA, 1)],
        tiles: vec![tile.clone(), higher.clone()],
        ..commit(1, 0, 5)
    };
    assert_eq!(store.ledger_commit(first).await.unwrap(), Cas::Applied);
    let head = LedgerHead {
        epoch: 1,
        size: 5,
        checkpoint: b"signed 5".to_vec(),
    };
    assert_eq!(store.ledger_head().await.unwrap(), head);
    assert_eq!(store.ledger_leaves(0, 10).await.unwrap(), leaves(5));
    assert_eq!(store.ledger_tile(0, 0).await.unwrap(), Some(tile.hashes));
    assert_eq!(store.ledger_tile(1, 7).await.unwrap(), Some(higher.hashes));
    assert_eq!(store.ledger_tile(0, 7).await.unwrap(), None);
    assert_eq!(store.ledger_owned(BEN, None, 10).await.unwrap(), [owned(2, BEN, 0)]);
    // A commit without entries may renew the checkpoint.
    let renewed = LedgerCommit {
        checkpoint: b"cosigned 5".to_vec(),
        ..commit(1, 5, 0)
    };
    assert_eq!(store.ledger_commit(renewed).await.unwrap(), Cas::Applied);
    assert_eq!(store.ledger_head().await.unwrap().checkpoint, b"cosigned 5");
}

async fn a_commit_at_another_size_conflicts_and_writes_nothing(store: Store) {
    store.ledger_fence().await.unwrap();
    assert_eq!(store.ledger_commit(commit(1, 0, 3)).await.unwrap(), Cas::Applied);
    for size in [0, 2, 4] {
        let stale = LedgerCommit {
            owned: vec![owned(size, ANA, 0)],
            ..commit(1, size, 2)
        };
        assert_eq!(store.ledger_commit(stale).await.unwrap(), Cas::Conflict);
    }
    assert_eq!(store.ledger_head().await.unwrap().size, 3);
    assert_eq!(store.ledger_leaves(0, 10).await.unwrap(), leaves(3));
    assert_eq!(store.ledger_owned(ANA, None, 10).await.unwrap(), []);
    assert_eq!(store.ledger_commit(commit(1, 3, 2)).await.unwrap(), Cas::Applied);
}

async fn after_a_fence_commits_of_older_epochs_conflict(store: Store) {
    assert_eq!(store.ledger_fence().await.unwrap().epoch, 1);
    assert_eq!(store.ledger_commit(commit(1, 0, 2)).await.unwrap(), Cas::Applied);
    let fenced = store.ledger_fence().await.unwrap();
    assert_eq!(
        fenced,
        LedgerHead {
            epoch: 2,
            size: 2,
            checkpoint: b"signed 2".to_vec()
        }
    );
    for epoch in [0, 1, 3] {
        assert_eq!(store.ledger_commit(commit(epoch, 2, 1)).await.unwrap(), Cas::Conflict);
    }
    assert_eq!(store.ledger_head().await.unwrap(), fenced);
    assert_eq!(store.ledger_commit(commit(2, 2, 1)).await.unwrap(), Cas::Applied);
}

async fn entries_are_read_as_far_as_they_go(store: Store) {
    store.ledger_fence().await.unwrap();
    for size in [0, 10, 20] {
        assert_eq!(store.ledger_commit(commit(1, size, 10)).await.unwrap(), Cas::Applied);
    }
    let all: Vec<_> = [leaves(10), leaves(10), leaves(10)].concat();
    for (from, limit) in [(0, 100), (0, 10), (9, 2), (29, 5), (30, 5), (17, 0)] {
        let expected: Vec<_> = all.iter().skip(from).take(limit).cloned().collect();
        assert_eq!(
            store.ledger_leaves(from as u64, limit).await.unwrap(),
            expected,
            "{from} {limit}"
        );
    }
    assert_eq!(store.ledger_leaves(u64::MAX, 5).await.unwrap(), Vec::<Vec<u8>>::new());
}

async fn a_persons_entries_are_hers_newest_first(store: Store) {
    store.ledger_fence().await.unwrap();
    let first = LedgerCommit {
        owned: vec![owned(0, ANA, 0), owned(1, BEN, 0)],
        ..commit(1, 0, 2)
    };
    let second = LedgerCommit {
        owned: vec![owned(2, ANA, 1), owned(3, ANA, 2)],
        ..commit(1, 2, 2)
    };
    for batch in [first, second] {
        assert_eq!(store.ledger_commit(batch).await.unwrap(), Cas::Applied);
    }
    let hers = [owned(3, ANA, 2), owned(2, ANA, 1), owned(0, ANA, 0)];
    assert_eq!(store.ledger_owned(ANA, None, 10).await.unwrap(), hers);
    assert_eq!(store.ledger_owned(ANA, None, 2).await.unwrap(), hers[..2]);
    assert_eq!(store.ledger_owned(ANA, Some(2), 10).await.unwrap(), hers[1..]);
    assert_eq!(store.ledger_owned(ANA, Some(0), 10).await.unwrap(), []);
    assert_eq!(store.ledger_owned(BEN, None, 10).await.unwrap(), [owned(1, BEN, 0)]);
}

async fn a_gap_in_a_persons_count_is_refused(store: Store) {
    store.ledger_fence().await.unwrap();
    let with = |size, owned| LedgerCommit {
        owned,
        ..commit(1, size, 3)
    };
    for wrong in [
        vec![owned(0, ANA, 1)],
        vec![owned(0, ANA, 0), owned(1, ANA, 2)],
        vec![owned(0, ANA, 0); 2],
    ] {
        let answer = store.ledger_commit(with(0, wrong)).await;
        assert!(matches!(answer, Err(StoreError::Rejected(_))), "{answer:?}");
    }
    assert_eq!(store.ledger_head().await.unwrap().size, 0);
    assert_eq!(
        store.ledger_commit(with(0, vec![owned(0, ANA, 0)])).await.unwrap(),
        Cas::Applied
    );
    assert!(store.ledger_commit(with(3, vec![owned(3, ANA, 0)])).await.is_err());
    assert_eq!(
        store.ledger_commit(with(3, vec![owned(3, ANA, 1)])).await.unwrap(),
        Cas::Applied
    );
}

async fn a_commit_that_makes_no_sense_is_refused_whole(store: Store) {
    store.ledger_fence().await.unwrap();
    let tile = |bytes| TileRow {
        level: 0,
        index: 0,
        hashes: vec![0; bytes],
    };
    for bad in [
        LedgerCommit {
            leaves: vec![vec![0; limits::LEAF + 1]],
            ..commit(1, 0, 0)
        },
        LedgerCommit {
            leaves: vec![vec![]; limits::COMMIT + 1],
            ..commit(1, 0, 0)
        },
        LedgerCommit {
            tiles: vec![tile(limits::TILE - 32)],
            ..commit(1, 0, 1)
        },
        LedgerCommit {
            checkpoint: vec![0; limits::CHECKPOINT + 1],
            ..commit(1, 0, 1)
        },
        LedgerCommit {
            owned: vec![owned(1, ANA, 0)],
            ..commit(1, 0, 1)
        },
    ] {
        let answer = store.ledger_commit(bad).await;
        assert!(matches!(answer, Err(StoreError::Rejected(_))), "{answer:?}");
    }
    assert_eq!(
        store.ledger_head().await.unwrap(),
        LedgerHead {
            epoch: 1,
            size: 0,
            checkpoint: vec![]
        }
    );
    let largest = LedgerCommit {
        leaves: vec![vec![5; limits::LEAF]],
        ..commit(1, 0, 0)
    };
    assert_eq!(store.ledger_commit(largest).await.unwrap(), Cas::Applied);
    assert_eq!(store.ledger_leaves(0, 1).await.unwrap(), [vec![5; limits::LEAF]]);
}
