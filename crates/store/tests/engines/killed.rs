//! A child process writes and says what was acknowledged; it is killed, or may write no more; everything it said is there.

use super::open;
use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use store::suite::Dice;
use store::*;

/// Names the folder to the child process; the tests named `child_…` are the child if it is set.
const FOLDER: &str = "PRIVITY_STORE_KILL_TEST_FOLDER";
const ANA: Id = [0xa0; 16];

/// The id of the n-th message, grant …
fn id(n: u64) -> Id {
    [n.to_be_bytes(), [7; 8]].concat().try_into().unwrap()
}

fn say(what: &str, number: u64) {
    // A line goes out whole, past the test harness's capture.
    std::io::stdout()
        .write_all(format!("\nkept {what} {number}\n").as_bytes())
        .unwrap();
}

/// Writes until a write fails.
async fn write(store: &Store) -> Result<(), StoreError> {
    let talk = || ConversationRow {
        id: [1; 16],
        sealed: vec![1],
    };
    let mut head = store.ledger_fence().await?;
    let mut state = store.messages_state(ANA).await?;
    let mut seq = store
        .ledger_owned(ANA, None, 1)
        .await?
        .first()
        .map_or(0, |newest| newest.seq + 1);
    let mut views = store.views_get(ANA).await?;
    loop {
        let row = |n| MessageRow {
            id: id(n),
            conversation: [1; 16],
            sent_at: 5,
            sealed: vec![3; 300],
        };
        let rows = (state + 1..=state + 50).map(row).collect();
        state = store.messages_append(ANA, vec![talk()], rows).await?.state;
        say("messages", state);
        if state % 500 == 0 {
            store.messages_sync().await?;
        }
        let leaves: Vec<_> = (head.size..head.size + 10).map(|n| n.to_be_bytes().to_vec()).collect();
        let owned = vec![OwnedEntry {
            index: head.size + 9,
            account: ANA,
            seq,
            sealed: vec![],
        }];
        let (epoch, size, checkpoint) = (head.epoch, head.size, vec![8; 2_000]);
        let commit = LedgerCommit {
            epoch,
            size,
            leaves,
            owned,
            tiles: vec![],
            checkpoint,
        };
        assert_eq!(store.ledger_commit(commit).await?, Cas::Applied);
        (head.size, seq) = (head.size + 10, seq + 1);
        say("entries", head.size);
        store.views_bump(vec![ANA]).await?;
        views += 1;
        say("views", views);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn child_that_writes_until_it_is_killed() {
    let Some(folder) = std::env::var_os(FOLDER) else { return };
    write(&open(folder.as_ref())).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn child_that_writes_until_the_disk_is_full() {
    let Some(folder) = std::env::var_os(FOLDER) else { return };
    let store = open(folder.as_ref());
    let error = write(&store).await.unwrap_err();
    assert!(matches!(error, StoreError::Unknown(_)), "{error:?}");
    // Either database may have been the one that failed; it stays failed.
    let mail = store.messages_state(ANA).await.map(drop);
    let ledger = store.ledger_head().await.map(drop);
    let stopped = [mail, ledger]
        .iter()
        .filter(|a| matches!(a, Err(StoreError::Unavailable(_))))
        .count();
    assert_eq!(stopped, 1);
    let again = [
        store.messages_append(ANA, vec![], vec![]).await.map(drop),
        store.views_bump(vec![ANA]).await,
    ];
    assert!(again.iter().any(|a| matches!(a, Err(StoreError::Unavailable(_)))));
}

/// Runs the child for a while and kills it; returns the last numbers it said.
fn run_and_kill(folder: &std::path::Path, patience: Duration) -> [u64; 3] {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["killed::child_that_writes_until_it_is_killed", "--exact", "--nocapture"])
        .env(FOLDER, folder)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let (mut said, mut until) = ([0; 3], None);
    for line in lines {
        // After the kill, what it had said before is still in the pipe.
        let line = line.unwrap_or_default();
        let words: Vec<&str> = line.split(' ').collect();
        let ["kept", what, number] = words[..] else { continue };
        let place = ["messages", "entries", "views"]
            .iter()
            .position(|name| *name == what)
            .unwrap();
        said[place] = number.parse().unwrap();
        let until = *until.get_or_insert_with(|| Instant::now() + patience);
        if Instant::now() > until {
            child.kill().unwrap();
        }
    }
    child.wait().unwrap();
    said
}

#[tokio::test]
async fn what_a_killed_process_had_acknowledged_is_there() {
    let folder = tempfile::tempdir().unwrap();
    let mut dice = Dice::new(5);
    let mut before = [0; 3];
    for trial in 0..5 {
        let path = folder.path().to_owned();
        let patience = Duration::from_millis(50 + dice.below(300));
        let said = tokio::task::spawn_blocking(move || run_and_kill(&path, patience))
            .await
            .unwrap();
        assert!(
            said.iter().zip(before).all(|(now, before)| *now > before),
            "trial {trial} wrote nothing: {said:?}"
        );
        before = said;
        assert_kept(&open(folder.path()), said).await;
    }
}

/// A file-size limit of the shell stands in for a full disk: writing past it fails in the same way, in the middle.
#[cfg(unix)]
#[tokio::test]
async fn what_was_acknowledged_before_the_disk_was_full_is_there() {
    let folder = tempfile::tempdir().unwrap();
    drop(open(folder.path()));
    let script = "trap '' XFSZ; ulimit -f 4096; exec \"$0\" \"$@\"";
    let output = Command::new("sh")
        .args(["-c", script])
        .arg(std::env::current_exe().unwrap())
        .args([
            "killed::child_that_writes_until_the_disk_is_full",
            "--exact",
            "--nocapture",
        ])
        .env(FOLDER, folder.path())
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success(),
        "{text}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let mut said = [0; 3];
    text.lines().for_each(|line| note(&mut said, line));
    assert!(said.iter().all(|number| *number > 50), "{said:?}");
    assert_kept(&open(folder.path()), said).await;
}

/// Takes note of what the child says.
fn note(said: &mut [u64; 3], line: &str) {
    let words: Vec<&str> = line.split(' ').collect();
    let ["kept", what, number] = words[..] else { return };
    let place = ["messages", "entries", "views"]
        .iter()
        .position(|name| *name == what)
        .unwrap();
    said[place] = number.parse().unwrap();
}

/// Everything that was acknowledged is there, and what is there is whole.
async fn assert_kept(store: &Store, [messages, entries, views]: [u64; 3]) {
    let state = store.messages_state(ANA).await.unwrap();
    assert!(state >= messages && state % 50 == 0, "{state} of {messages} messages");
    for first in (1..=state).step_by(5_000) {
        let ids = (first..=state.min(first + 4_999)).map(id).collect();
        let found = store.messages_get(ANA, ids).await.unwrap();
        assert!(found.iter().all(Option::is_some), "a message is missing");
    }
    let summary = store
        .conversations_get(ANA, vec![[1; 16]])
        .await
        .unwrap()
        .remove(0)
        .unwrap();
    assert_eq!(summary.messages, state);

    let size = store.ledger_head().await.unwrap().size;
    assert!(size >= entries && size % 10 == 0, "{size} of {entries} entries");
    for from in (0..size).step_by(10_000) {
        let leaves = store.ledger_leaves(from, 10_000).await.unwrap();
        assert!(leaves.iter().zip(from..).all(|(leaf, n)| *leaf == n.to_be_bytes()));
        assert_eq!(leaves.len() as u64, (size - from).min(10_000));
    }
    let newest = store.ledger_owned(ANA, None, 1).await.unwrap().remove(0);
    assert_eq!((newest.seq + 1, newest.index + 1), (size / 10, size));
    assert!(store.views_get(ANA).await.unwrap() >= views);
}
