//! What a healthy export holds, in all its shapes.

use crate::kept::*;
use import::facebook::guess_owner;
use import::{Limits, Reader, Summary};
use model::Time;

const INBOX: &str = "your_facebook_activity/messages/inbox/ben_1a";

fn one(people: &[&str], messages: &[String]) -> (Kept, Summary) {
    let dir = folder(&[(&format!("{INBOX}/message_1.json"), &thread(people, messages))]);
    import(dir.path())
}

#[test]
fn every_string_is_repaired_and_the_owner_is_found_under_her_repaired_name() {
    let (kept, summary) = one(
        &["Łukasz", ANA],
        &[
            says(ANA, T + 1, "zażółć 👍"),
            says("Łukasz", T, "ok"),
            format!(
                "\"sender_name\": \"{}\", \"timestamp_ms\": {T}, \"photos\": [{{\"uri\": \"a/b/{}\", \"creation_timestamp\": 1600000000}}]",
                broken("Łukasz"),
                broken("żółw.png?x=1")
            ),
        ],
    );
    assert_eq!(kept.texts(), ["zażółć 👍", "ok", ""]);
    let first = kept.by_text("zażółć 👍");
    assert_eq!((first.author, first.sent_at), (ME, Time(T + 1)));
    assert_eq!(kept.name_of(kept.by_text("ok")), "Łukasz");
    let photo = &kept.by_text("").attachments[0];
    assert_eq!(
        (photo.name.as_str(), photo.media_type.as_str()),
        ("żółw.png", "image/png")
    );
    assert!(!kept.only().end_to_end);
    // Two participants, three senders, one text, one file name.
    assert_eq!(summary.repaired_strings, 7);
    assert_eq!(
        (summary.messages, summary.conversations, summary.skipped_total),
        (3, 1, 0)
    );
}

/// The measured table: how each row comes out of a plain file, and of an end-to-end one, where nothing is ever touched.
#[test]
fn both_schemas_keep_the_mojibake_table() {
    let twice = broken("é")
        .replace("\\u00c3", &broken("Ã"))
        .replace("\\u00a9", &broken("©"));
    let rows = [
        ("polish", broken("Zażółć 👍"), "Zażółć 👍", Some("\u{c5}\u{bc}")),
        (
            "mixed",
            format!("\\u201c{}\\u201d", broken("zażółć")),
            "\u{201c}zażółć\u{201d}",
            Some("\u{201c}za\u{c5}"),
        ),
        ("right", "café".to_owned(), "café", None),
        ("emoji", "ok 👍".to_owned(), "ok 👍", None),
        ("cut", "\\u00c3x".to_owned(), "\u{c3}x", None),
        ("typed", "Ã©".to_owned(), "é", Some("Ã©")),
        ("double", twice, "Ã©", Some("\u{c3}\u{83}\u{c2}\u{a9}")),
        ("nul", "a\\u0000b".to_owned(), "a\0b", None),
    ];
    for (what, json, plain, raw) in rows {
        let message = format!("\"sender_name\": \"Ben\", \"timestamp_ms\": {T}, \"content\": \"{json}\"");
        let (kept, _) = one(&["Ben", ANA], &[message]);
        assert_eq!(kept.texts(), [plain], "{what}");
        let sealed = format!(
            "{{\"participants\": [\"Ben\", \"Ana Sørensen\"], \"threadName\": \"Ben_1\", \"messages\": [{{\"senderName\": \"Ben\", \"text\": \"{json}\", \"timestamp\": {T}, \"type\": \"text\", \"isUnsent\": false, \"media\": [], \"reactions\": []}}]}}"
        );
        let (kept, summary) = import(folder(&[("Ben_1.json", &sealed)]).path());
        let text = kept.texts()[0];
        assert!(text.contains(raw.unwrap_or(plain)), "{what}: {text:?}");
        assert_eq!(
            (summary.repaired_strings, summary.undecidable_strings),
            (0, 0),
            "{what}"
        );
    }
}

#[test]
fn the_end_to_end_export_is_read_and_can_never_be_disclosed() {
    let sealed = r#"{"messages": [
        {"senderName": "Ana Sørensen", "text": "hé", "timestamp": 1600000000001, "type": "text", "isUnsent": false, "media": [{"uri": "./media/x.mp4"}], "reactions": [{"actor": "Ben", "reaction": "❤"}]},
        {"senderName": "Ben", "text": "gone", "timestamp": 1600000000000, "type": "text", "isUnsent": true, "media": [], "reactions": []},
        {"senderName": "Ben", "text": "", "timestamp": 1600000000002, "type": "call", "isUnsent": false, "media": []}
      ], "participants": ["Ben", "Ana Sørensen"], "threadName": "Ben_7"}"#;
    let (kept, summary) = import(folder(&[("Ben_7.json", sealed), ("autofill.json", "{\"a\": [1]}")]).path());
    assert!(kept.only().end_to_end);
    assert_eq!(kept.texts(), ["hé", ""]);
    assert_eq!(kept.by_text("hé").author, ME);
    assert_eq!(kept.by_text("hé").attachments[0].media_type, "video/mp4");
    assert_eq!((summary.system_lines, summary.unreadable_total), (1, 0));

    // A thread that was moved to encryption keeps apart from what was plain, and is as closed.
    let plain = thread(&["Ben", ANA], &[says("Ben", T, "hi")]);
    let dir = folder(&[
        ("messages/e2ee_cutover/ben_1/message_1.json", &plain),
        ("messages/inbox/ben_1/message_1.json", &plain),
    ]);
    let (kept, _) = import(dir.path());
    let mut closed: Vec<bool> = kept.conversations.values().map(|c| c.end_to_end).collect();
    closed.sort_unstable();
    assert_eq!(closed, [false, true]);
    assert_eq!(kept.messages.len(), 2);
}

#[test]
fn what_is_not_text_becomes_attachments_and_what_nobody_wrote_is_counted() {
    let with = |more: &str| format!("\"sender_name\": \"Ben\", \"timestamp_ms\": {T}, {more}");
    let (kept, summary) = one(
        &["Ben", ANA],
        &[
            with(
                r#""type": "Share", "content": "look", "share": {"link": "https://example.org/film", "share_text": "A film"}"#,
            ),
            with(r#""share": {"share_text": "only this"}"#),
            with(
                r#""photos": [{"uri": "p/1.jpg"}], "videos": [{"uri": "v/2.mp4", "thumbnail": {"uri": "v/t.jpg"}}],
                "audio_files": [{"uri": "a/3.mp4"}], "files": [{"uri": "f/4.pdf"}], "gifs": [{"uri": "g/5"}],
                "sticker": {"uri": "s/6", "ai_stickers": []}, "content": null"#,
            ),
            with(r#""is_unsent": true, "content": "taken back", "reactions": [{"reaction": "x", "actor": "Ana"}]"#),
            with(r#""type": "Call", "call_duration": 12, "content": "called""#),
            with(r#""call_duration": 0, "content": "missed""#),
            with(r#""type": "Subscribe", "users": [{"name": "X"}], "content": "added""#),
            with(r#""type": "Unsubscribe", "content": "left""#),
            with(r#""content": "ordinary", "users": [], "ip": "192.0.2.1""#),
        ],
    );
    assert_eq!(kept.texts(), ["look\nA film", "only this", "", "", "ordinary"]);
    assert_eq!(
        kept.by_text("look\nA film").attachments[0].name,
        "https://example.org/film"
    );
    assert_eq!(kept.by_text("look\nA film").attachments[0].media_type, "text/uri-list");
    let files = &kept.messages[&kept.order[2]].attachments;
    let types: Vec<_> = files.iter().map(|f| (f.name.as_str(), f.media_type.as_str())).collect();
    assert_eq!(
        types,
        [
            ("1.jpg", "image/jpeg"),
            ("2.mp4", "video/mp4"),
            ("3.mp4", "audio/mp4"),
            ("4.pdf", "application/pdf"),
            ("5", "image/gif"),
            ("6", "image/png"),
        ]
    );
    assert_eq!(
        (summary.system_lines, summary.skipped_total, summary.messages),
        (4, 0, 5)
    );
}

#[test]
fn a_shared_link_is_repaired_as_every_string_is() {
    let share = format!(
        "\"sender_name\": \"Ben\", \"timestamp_ms\": {T}, \"share\": {{\"link\": \"https://example.org/{}\"}}",
        broken("café")
    );
    let (kept, summary) = one(&["Ben", "Ana"], &[share]);
    let link = &kept.messages[&kept.order[0]].attachments[0];
    assert_eq!(link.name, "https://example.org/café");
    assert_eq!((summary.repaired_strings, summary.undecidable_strings), (1, 0));
}

#[test]
fn a_thread_in_many_files_and_places_is_one_conversation() {
    let newest = thread(&["Ben", ANA], &[says("Ben", T + 9, "c"), says(ANA, T + 8, "b")]);
    let oldest = thread(&["Ben", ANA], &[says("Ben", T, "a")]);
    let dir = folder(&[
        ("x/messages/inbox/ben_1/message_1.json", &newest),
        ("x/messages/inbox/ben_1/message_2.json", &oldest),
        ("x/messages/archived_threads/ben_1/message_1.json", &oldest),
        (
            "your_activity_across_facebook/messages/inbox/ben_1/message_1.json",
            &newest,
        ),
        (
            "your_facebook_activity/messages/filtered_threads/carla_2/message_1.json",
            &oldest.replace("Ben", "Carla"),
        ),
        (
            "your_facebook_activity/messages/message_requests/d_3/message_1.json",
            &oldest.replace("Ben", "D"),
        ),
    ]);
    let (kept, summary) = import(dir.path());
    assert_eq!(kept.messages.len(), 5);
    assert_eq!(
        (kept.conversations.len(), summary.conversations, summary.messages),
        (3, 3, 8)
    );
}

#[test]
fn importing_again_adds_only_what_is_new() {
    let old = [says("Ben", T, "a"), says("Ben", T, "a"), says(ANA, T - 5, "a")];
    let mut newer = vec![says("Ben", T + 5, "a"), says("Ben", T, "b")];
    newer.extend(old.clone());
    let path = format!("{INBOX}/message_1.json");
    let mut kept = Kept::default();
    let first = folder(&[(&path, &thread(&["Ben", ANA], &old))]);
    import_with(first.path(), Limits::default(), &mut kept).unwrap();
    // The same words twice in the same moment are two messages.
    assert_eq!(kept.messages.len(), 3);
    let ids = kept.order.clone();
    for _ in 0..2 {
        kept.done.clear();
        import_with(first.path(), Limits::default(), &mut kept).unwrap();
        assert_eq!(kept.order, ids);
    }
    // Later, with another root and more messages.
    kept.done.clear();
    let later = folder(&[("messages/inbox/ben_1a/message_1.json", &thread(&["Ben", ANA], &newer))]);
    import_with(later.path(), Limits::default(), &mut kept).unwrap();
    assert_eq!((kept.messages.len(), kept.conversations.len()), (5, 1));
    assert_eq!(kept.order[..3], ids);

    // In somebody else's inbox nothing of it has the same id.
    let mut other = Kept::default();
    let mut owner = me();
    owner.account.0 = [8; 16];
    let mut reader = import::facebook::Facebook::open(first.path(), owner, Limits::default()).unwrap();
    reader.read(&mut other).unwrap();
    assert!(other.messages.keys().all(|id| !kept.messages.contains_key(id)));
    assert!(
        other
            .conversations
            .keys()
            .all(|id| !kept.conversations.contains_key(id))
    );
}

#[test]
fn an_interrupted_import_goes_on_where_it_was() {
    let a = thread(&["Ben", ANA], &[says("Ben", T, "a"), says("Ben", T + 1, "b")]);
    let b = thread(&["Carla", ANA], &[says("Carla", T, "c"), says("Carla", T + 1, "d")]);
    let dir = folder(&[
        ("messages/inbox/ben_1/message_1.json", &a),
        ("messages/inbox/carla_1/message_1.json", &b),
    ]);
    let mut kept = Kept {
        refuse_after: Some(3),
        ..Kept::default()
    };
    let error = import_with(dir.path(), Limits::default(), &mut kept).unwrap_err();
    assert!(matches!(error, import::ImportError::Sink(_)), "{error}");
    assert_eq!(error.to_string(), "the import was stopped: the disk is full");
    assert_eq!(kept.texts(), ["a", "b", "c"]);
    kept.refuse_after = None;
    let summary = import_with(dir.path(), Limits::default(), &mut kept).unwrap();
    assert_eq!(kept.texts(), ["a", "b", "c", "d"]);
    assert_eq!((summary.parts_done_before, summary.messages), (1, 2));
}

#[test]
fn people_who_have_left_and_deleted_people_are_participants_where_they_wrote() {
    let messages = [says("Carla", T + 1, "bye"), says("Ben", T, "hi")];
    let json = thread(&["Ben", ANA, "Dora"], &messages).replace("\"title\": \"x\"", "\"title\": \"Film night\"");
    let (kept, _) = import(folder(&[(&format!("{INBOX}/message_1.json"), &json)]).path());
    let conversation = kept.only();
    let names: Vec<&str> = conversation.participants.iter().map(|p| p.name.as_str()).collect();
    assert_eq!(names, [ANA, "Ben", "Dora", "Carla"]);
    assert_eq!(conversation.name.as_deref(), Some("Film night"));
    assert_eq!(kept.name_of(kept.by_text("bye")), "Carla");
    let mut accounts: Vec<_> = conversation.participants.iter().map(|p| p.account).collect();
    accounts.dedup();
    assert_eq!(accounts.len(), 4);
}

#[test]
fn participants_may_stand_after_the_messages() {
    let json = format!(
        "{{\"messages\": [{{{}}}, {{{}}}], \"title\": \"Films\", \"participants\": [{{\"name\": \"Ben\"}}, {{\"name\": \"Carla\"}}, {{\"name\": \"{}\"}}]}}",
        says("Ben", T, "hi"),
        says(ANA, T, "hello"),
        broken(ANA)
    );
    let dir = folder(&[(&format!("{INBOX}/message_1.json"), &json)]);
    // Both ways of reading: whole and as a stream.
    for whole_bytes in [0, 1 << 20] {
        let limits = Limits {
            whole_bytes,
            ..Limits::default()
        };
        let mut kept = Kept::default();
        import_with(dir.path(), limits, &mut kept).unwrap();
        assert_eq!(kept.only().participants.len(), 3);
        assert_eq!(kept.only().name.as_deref(), Some("Films"));
        assert_eq!(kept.by_text("hello").author, ME);
    }
}

#[test]
fn a_namesake_is_never_taken_for_the_owner() {
    let messages = [says(ANA, T, "whose?"), says("Ben", T, "hi")];
    let left =
        thread(&["Ben", ANA], &messages).replace("\"is_still_participant\": true", "\"is_still_participant\": false");
    let unknown = format!("{{\"messages\": [{{{}}}, {{{}}}]}}", messages[0], messages[1]);
    let cases = [
        (thread(&["Ben", ANA, ANA], &messages), true),
        (left, true),
        (unknown, true),
        (thread(&["Ben", ANA], &messages), false),
        // She has left, and no one of her name is there.
        (
            thread(&["Ben"], &messages).replace("participant\": true", "participant\": false"),
            false,
        ),
    ];
    for (json, ambiguous) in cases {
        let (kept, summary) = import(folder(&[(&format!("{INBOX}/message_1.json"), &json)]).path());
        assert_eq!(kept.by_text("whose?").author != ME, ambiguous, "{json}");
        assert_eq!(summary.ambiguous_authors, u64::from(ambiguous));
        assert!(kept.only().participants.iter().any(|p| p.account == ME));
        assert_eq!(kept.name_of(kept.by_text("whose?")), ANA);
    }
}

#[test]
fn a_contact_is_the_same_in_all_of_one_persons_conversations() {
    let json = thread(&["Ben", ANA], &[says("Ben", T, "a")]);
    let dir = folder(&[
        ("messages/inbox/ben_1/message_1.json", &json),
        (
            "messages/inbox/club_2/message_1.json",
            &thread(&["Ben", "Emi", ANA], &[says("Ben", T, "b")]),
        ),
    ]);
    let (kept, _) = import(dir.path());
    assert_eq!(kept.by_text("a").author, kept.by_text("b").author);
}

#[test]
fn the_owner_is_guessed() {
    let limits = Limits::default();
    let ben = thread(&["Ben", ANA], &[]);
    let carla = thread(&["Carla", ANA], &[]);
    let two = [
        ("messages/inbox/ben_1/message_1.json", ben.as_str()),
        ("messages/inbox/carla_1/message_1.json", carla.as_str()),
    ];
    assert_eq!(guess_owner(folder(&two).path(), &limits).unwrap().as_deref(), Some(ANA));
    // With one friend nobody can tell which of the two it is.
    assert_eq!(guess_owner(folder(&two[..1]).path(), &limits).unwrap(), None);
    for profile in [
        format!(
            "{{\"profile_v2\": {{\"name\": {{\"full_name\": \"{}\"}}}}}}",
            broken(ANA)
        ),
        format!("{{\"profile\": {{\"name\": \"{}\"}}}}", broken(ANA)),
    ] {
        let files = [
            two[0],
            (
                "personal_information/profile_information/profile_information.json",
                &profile,
            ),
        ];
        assert_eq!(
            guess_owner(folder(&files).path(), &limits).unwrap().as_deref(),
            Some(ANA)
        );
    }
    let files = [two[0], two[1], ("profile_information.json", "{\"profile\": 3}")];
    assert_eq!(
        guess_owner(folder(&files).path(), &limits).unwrap().as_deref(),
        Some(ANA)
    );
}

#[test]
fn the_summary_says_it_in_plain_words() {
    let (_, summary) = one(&["Ben", ANA], &[says("Ben", T, "é"), says("Ben", -1, "?")]);
    let text = summary.to_string();
    assert!(text.starts_with("Read 1 message in 1 conversation.\n"), "{text}");
    assert!(
        text.contains("\n1 message was damaged or over a limit, and left out.\n"),
        "{text}"
    );
    assert!(text.contains("message_1.json, byte "), "{text}");
}
