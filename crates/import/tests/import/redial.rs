//! Dialogues, made up and real.

use crate::kept::*;
use import::redial::{Redial, start, truth, worker_account};
use import::{Limits, Position, Reader, Summary};
use model::{AccountId, Participant, Time};
use std::collections::BTreeSet;
use std::path::Path;

fn person(worker: i64) -> Participant {
    Participant {
        account: AccountId([worker as u8; 16]),
        name: format!("person {worker}"),
    }
}

fn read(path: &Path, known: &'static [i64], kept: &mut Kept) -> Summary {
    let people = Box::new(|worker: i64| known.contains(&worker).then(|| person(worker)));
    let mut reader = Redial::open(path, people, Limits::default()).unwrap();
    let summary = reader.read(kept).unwrap();
    assert_eq!(reader.total_bytes(), Some(summary.bytes));
    assert_eq!(kept.last_progress, summary.bytes);
    summary
}

fn dialogue(id: u32, workers: [i64; 2], messages: &str) -> String {
    format!(
        r#"{{"movieMentions": {{"11": "Heat  (1995)", "12": "Up", "13": null}}, "respondentQuestions": [], "messages": [{messages}], "conversationId": "{id}", "respondentWorkerId": {}, "initiatorWorkerId": {}, "initiatorQuestions": {{}}}}"#,
        workers[1], workers[0]
    )
}

fn said(id: u32, worker: i64, offset: i64, text: &str) -> String {
    format!(r#"{{"timeOffset": {offset}, "text": "{text}", "senderWorkerId": {worker}, "messageId": {id}}}"#)
}

#[test]
fn marks_become_titles_and_offsets_become_times() {
    let messages = [
        said(1, 1, 0, "Hi! @11, @12 or @11?"),
        said(2, 2, 61, "@13 and @99 and @ and a&amp;b"),
    ];
    let line = dialogue(7, [1, 2], &messages.join(", "));
    let dir = folder(&[("d.jsonl", &line)]);
    let mut kept = Kept::default();
    let summary = read(&dir.path().join("d.jsonl"), &[1], &mut kept);
    assert_eq!(kept.texts(), ["Hi! Heat, Up or Heat?", "@13 and @99 and @ and a&b"]);
    let first = start("7");
    assert_eq!(kept.messages[&kept.order[0]].sent_at, first);
    assert_eq!(kept.messages[&kept.order[1]].sent_at, Time(first.0 + 61_000));
    let accounts: Vec<_> = kept
        .only()
        .participants
        .iter()
        .map(|p| (p.account, p.name.as_str()))
        .collect();
    assert_eq!(
        accounts,
        [(person(1).account, "person 1"), (worker_account(2), "Worker 2")]
    );
    assert_eq!(
        (summary.messages, summary.conversations, summary.skipped_total),
        (2, 1, 0)
    );

    let truth = truth(&line).unwrap();
    assert_eq!(truth.conversation, kept.only().id);
    let movies: Vec<Vec<&str>> = truth
        .messages
        .iter()
        .map(|m| m.movies.iter().map(|t| t.0.as_str()).collect())
        .collect();
    assert_eq!(movies, [vec!["11", "12", "11"], vec![]]);
    let ids: Vec<_> = truth.messages.iter().map(|m| m.message).collect();
    assert_eq!(ids, kept.order);
}

#[test]
fn both_inboxes_get_the_same_ids_and_strangers_dialogues_are_passed_over() {
    let lines = [
        dialogue(1, [1, 2], &said(1, 1, 0, "a")),
        dialogue(2, [2, 3], &said(2, 3, 0, "b")),
        dialogue(3, [3, 4], &said(3, 4, 0, "c")),
    ];
    let dir = folder(&[("d.jsonl", &lines.join("\n"))]);
    let path = dir.path().join("d.jsonl");
    let (mut one, mut two, mut all) = (Kept::default(), Kept::default(), Kept::default());
    read(&path, &[1], &mut one);
    read(&path, &[2], &mut two);
    read(&path, &[1, 2, 3, 4], &mut all);
    assert_eq!(one.texts(), ["a"]);
    assert_eq!(two.texts(), ["a", "b"]);
    assert_eq!(all.texts(), ["a", "b", "c"]);
    assert_eq!(one.order[0], two.order[0]);
    assert_eq!(two.order, all.order[..2]);
    assert!(one.conversations.keys().all(|id| two.conversations.contains_key(id)));
}

#[test]
fn a_bad_line_or_message_costs_itself() {
    let long = dialogue(9, [1, 2], &said(9, 1, 0, &"x".repeat(5 << 20)));
    let lines = [
        "not json".to_owned(),
        dialogue(1, [1, 2], &[said(1, 1, 0, "good"), said(2, 5, 0, "stranger"), said(3, 1, -4, "early"), said(4, 1, 1 << 60, "late"), "7".to_owned()].join(",")),
        String::new(),
        long,
        r#"{"movieMentions": [], "messages": [{"text": "no ids", "senderWorkerId": 1}, {"text": "no ids", "senderWorkerId": 1}], "conversationId": 2, "respondentWorkerId": 1, "initiatorWorkerId": 1}"#.to_owned(),
    ];
    let dir = folder(&[("d.jsonl", &(lines.join("\n") + "\n"))]);
    let mut kept = Kept::default();
    let summary = read(&dir.path().join("d.jsonl"), &[1], &mut kept);
    assert_eq!(kept.texts(), ["good", "no ids", "no ids"]);
    let places: Vec<Position> = summary.skipped.iter().map(|s| s.position).collect();
    let line = Position::Line;
    assert_eq!(places, [line(1), line(2), line(2), line(2), line(2), line(4)]);
    assert_eq!(
        summary.skipped[5].reason,
        format!("over the limit of {} bytes of a line", 4 << 20)
    );
}

#[test]
fn finished_parts_are_passed_over() {
    let lines: Vec<String> = (0..1_200).map(|n| dialogue(n, [1, 2], &said(n, 1, 0, "a"))).collect();
    let dir = folder(&[("d.jsonl", &lines.join("\n"))]);
    let path = dir.path().join("d.jsonl");
    let mut kept = Kept::default();
    assert_eq!(read(&path, &[1], &mut kept).messages, 1_200);
    assert_eq!(kept.done.len(), 3);
    kept.done.remove("d.jsonl from line 501");
    kept.last_progress = 0;
    let summary = read(&path, &[1], &mut kept);
    assert_eq!(
        (summary.messages, summary.parts_done_before, kept.messages.len()),
        (500, 2, 1_200)
    );
}

/// The sample that is committed with the project.
#[test]
fn the_sample_is_read_without_a_loss() {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../data");
    let people: Vec<(i64, Participant)> = std::fs::read_to_string(data.join("people.csv"))
        .unwrap()
        .lines()
        .skip(1)
        .enumerate()
        .map(|(n, line)| {
            let mut cells = line.split(',');
            let worker = cells.next().unwrap().parse().unwrap();
            let account = AccountId([n as u8; 16]);
            let name = cells.nth(1).unwrap().to_owned();
            (worker, Participant { account, name })
        })
        .collect();
    let handles: BTreeSet<&str> = people.iter().map(|(_, p)| p.name.as_str()).collect();
    assert_eq!(handles.len(), people.len());
    let ana = people[0].1.account;
    let find = move |worker: i64| people.iter().find(|(w, _)| *w == worker).map(|(_, p)| p.clone());
    let path = data.join("redial-sample.jsonl");
    let mut kept = Kept::default();
    let summary = Redial::open(&path, Box::new(find), Limits::default())
        .unwrap()
        .read(&mut kept)
        .unwrap();
    assert_eq!(
        (summary.skipped_total, summary.unreadable_total, summary.conversations),
        (0, 0, 400)
    );
    let hers = kept.conversations.values().filter(|c| c.name_of(ana).is_some());
    assert!(hers.clone().count() >= 40);
    assert!(
        hers.flat_map(|c| &c.participants)
            .map(|p| p.account)
            .collect::<BTreeSet<_>>()
            .len()
            > 40
    );
    assert!(
        kept.conversations
            .values()
            .flat_map(|c| &c.participants)
            .all(|p| !p.name.starts_with("Worker"))
    );
    let catalogue = std::fs::read_to_string(data.join("catalogue.csv")).unwrap();
    let known: BTreeSet<&str> = catalogue.lines().filter_map(|line| line.split(',').next()).collect();
    let lines = std::fs::read_to_string(&path).unwrap();
    let truths: Vec<_> = lines.lines().map(|line| truth(line).unwrap()).collect();
    let marked: Vec<_> = truths
        .iter()
        .flat_map(|t| &t.messages)
        .flat_map(|m| &m.movies)
        .collect();
    assert!(marked.len() > 2_000);
    assert!(marked.iter().all(|movie| known.contains(movie.0.as_str())));
    assert!(
        truths
            .iter()
            .flat_map(|t| &t.messages)
            .all(|m| kept.messages.contains_key(&m.message))
    );
}
