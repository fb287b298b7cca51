//! Bad days: what is damaged is counted with its place, and everything else is kept.

use crate::kept::*;
use import::facebook::Facebook;
use import::{ImportError, Limits, Position};
use std::io::Write;

const FILE: &str = "messages/inbox/ben_1/message_1.json";

#[test]
fn broken_json_costs_what_comes_after_it() {
    let whole = thread(
        &["Ben", ANA],
        &[says("Ben", T, "one"), says("Ben", T, "two"), says("Ben", T, "three")],
    );
    let (cut, _) = whole.split_at(whole.find("two").unwrap());
    let other = thread(&["Carla", ANA], &[says("Carla", T, "four")]);
    let dir = folder(&[(FILE, cut), ("messages/inbox/carla_1/message_1.json", &other)]);
    let (kept, summary) = import(dir.path());
    assert_eq!(kept.texts(), ["one", "four"]);
    assert_eq!((summary.unreadable_total, summary.skipped_total), (1, 0));
    assert_eq!(summary.unreadable[0].file, FILE);
    let start = cut.rfind('{').unwrap() as u64;
    assert_eq!(summary.unreadable[0].position, Position::Byte(start));
    assert_eq!(summary.unreadable[0].reason, "the file ends too early");
    // It may be whole in the next download, so it is not done.
    assert!(!kept.done.contains(FILE));
    assert_eq!(kept.done.len(), 1);
}

#[test]
fn one_bad_message_costs_itself() {
    let bad = [
        r#""sender_name": 7, "timestamp_ms": 1600000000000, "content": "SECRET""#,
        r#""sender_name": "Ben", "timestamp_ms": "yesterday", "content": "SECRET""#,
        r#""sender_name": "Ben", "timestamp_ms": 1600000000000.5"#,
        r#""sender_name": "Ben", "timestamp_ms": -5, "content": "SECRET""#,
        r#""sender_name": "Ben", "timestamp_ms": 884541600000000, "content": "year 30000""#,
        r#""sender_name": "Ben", "timestamp_ms": 99999999999999999999"#,
        r#""sender_name": "Ben", "timestamp_ms": 0"#,
        r#""timestamp_ms": 1600000000000, "content": "nobody""#,
        r#""sender_name": "Ben", "content": "no time""#,
        r#""sender_name": "Ben", "timestamp_ms": 1600000000000, "content": ["SECRET"]"#,
        r#""sender_name": "Ben", "timestamp_ms": 1600000000000, "photos": {"uri": "SECRET"}"#,
        r#""sender_name": "Ben", "timestamp_ms": 1600000000000, "content": "\ud83d""#,
        r#""sender_name": "Ben" "timestamp_ms": 1600000000000"#,
        r#"tru"#,
    ];
    let mut messages: Vec<String> = bad.iter().map(|m| (*m).to_owned()).collect();
    messages.insert(3, says("Ben", T, "good\0one"));
    messages.push(says("Ben", T, "last"));
    let json = thread(&["Ben", ANA], &messages);
    let (kept, summary) = import(folder(&[(FILE, &json)]).path());
    assert_eq!(kept.texts(), ["good\0one", "last"]);
    assert_eq!((summary.skipped_total, summary.unreadable_total), (bad.len() as u64, 0));
    for (skipped, bad) in summary.skipped.iter().zip(bad) {
        let at = json.find(&format!("{{{bad}}}")).unwrap() as u64;
        assert_eq!(skipped.position, Position::Byte(at), "{bad}");
    }
    assert!(!summary.to_string().contains("SECRET"));
    assert!(kept.done.contains(FILE));
}

#[test]
fn over_a_limit_a_message_is_skipped_and_the_limit_named() {
    let limits = Limits {
        text_bytes: 100,
        name_bytes: 20,
        value_bytes: 2_000,
        attachments: 2,
        listed: 3,
        ..Limits::default()
    };
    let photos = format!("\"sender_name\": \"Ben\", \"timestamp_ms\": {T}, \"photos\": [{{}}, {{}}, {{}}]");
    let messages = [
        says("Ben", T, &"x".repeat(101)),
        says(&"y".repeat(21), T, "long name"),
        says("Ben", T, &"z".repeat(2_000)),
        photos,
        says("Ben", T, "fits"),
    ];
    let dir = folder(&[(FILE, &thread(&["Ben", ANA], &messages))]);
    let mut kept = Kept::default();
    let summary = import_with(dir.path(), limits, &mut kept).unwrap();
    assert_eq!(kept.texts(), ["fits"]);
    assert_eq!((summary.skipped_total, summary.skipped.len()), (4, 3));
    let reasons: Vec<&str> = summary.skipped.iter().map(|s| s.reason.as_str()).collect();
    assert_eq!(
        reasons,
        [
            "over the limit of 100 bytes of text",
            "over the limit of 20 bytes of a name",
            "over the limit of 2000 bytes of a message",
        ]
    );
    assert!(summary.to_string().ends_with("and 1 more\n"), "{summary}");
}

#[test]
fn a_million_participants_cost_one_thread() {
    let mut json = String::from("{\"participants\": [");
    for n in 0..1_000_000 {
        json.push_str(&format!("{{\"name\": \"p{n}\"}},"));
    }
    json.push_str(&format!(
        "{{\"name\": \"Ben\"}}], \"messages\": [{{{}}}]}}",
        says("Ben", T, "hi")
    ));
    let other = thread(&["Carla", ANA], &[says("Carla", T, "four")]);
    let dir = folder(&[(FILE, &json), ("messages/inbox/carla_1/message_1.json", &other)]);
    let (kept, summary) = import(dir.path());
    assert_eq!(kept.texts(), ["four"]);
    assert_eq!(summary.unreadable[0].reason, "over the limit of 5000 participants");
}

#[test]
fn deep_nesting_is_passed_over() {
    let deep = format!("{}{}", "[".repeat(500_000), "]".repeat(500_000));
    let messages = [
        format!("{}, \"new_field\": {deep}", says("Ben", T, "kept")),
        format!("\"sender_name\": \"Ben\", \"timestamp_ms\": {T}, \"content\": {deep}"),
        says("Ben", T, "after"),
    ];
    let json = thread(&["Ben", ANA], &messages).replace("\"magic_words\": []", &format!("\"magic_words\": {deep}"));
    let (kept, summary) = import(folder(&[(FILE, &json)]).path());
    assert_eq!(kept.texts(), ["kept", "after"]);
    assert_eq!((summary.skipped_total, summary.unreadable_total), (1, 0));
}

#[test]
fn files_that_are_not_json_or_not_threads_are_counted() {
    let cases = [
        ("", "the file ends too early"),
        ("\0\0\0\0", "the file is not a JSON object"),
        ("[]", "the file is not a JSON object"),
        ("{}", "there is no list of messages in it"),
        ("{\"messages\": {}}", "there is no list of messages in it"),
        (
            "{\"messages\": []} {}",
            "there is more after the end of the JSON object",
        ),
        ("<html></html>", "the file is not a JSON object"),
    ];
    for (json, reason) in cases {
        let (kept, summary) = import(folder(&[(FILE, json)]).path());
        assert!(kept.messages.is_empty());
        assert_eq!(summary.unreadable[0].reason, reason, "{json}");
    }
    let empty = folder(&[("photos/1.jpg", "")]);
    let error = Facebook::open(empty.path(), me(), Limits::default()).err().unwrap();
    assert!(matches!(error, ImportError::NothingFound { .. }), "{error}");
    let error = Facebook::open(&empty.path().join("none"), me(), Limits::default())
        .err()
        .unwrap();
    assert!(matches!(error, ImportError::Io { .. }), "{error}");
}

#[test]
fn limits_of_the_whole_export_are_named() {
    let json = thread(&["Ben", ANA], &[says("Ben", T, "hi")]);
    let dir = folder(&[(FILE, &json), ("messages/inbox/c_1/message_1.json", &json)]);
    let with = |change: fn(&mut Limits)| {
        let mut limits = Limits::default();
        change(&mut limits);
        limits
    };
    for (limits, said) in [
        (
            with(|l| l.total_bytes = 100),
            "the export is over the limit of 100 bytes of files to read",
        ),
        (with(|l| l.files = 3), "the export is over the limit of 3 files"),
    ] {
        let error = Facebook::open(dir.path(), me(), limits).err().unwrap();
        assert_eq!(error.to_string(), said);
    }
    let mut kept = Kept::default();
    let summary = import_with(dir.path(), with(|l| l.file_bytes = 100), &mut kept).unwrap();
    assert_eq!(summary.unreadable[0].reason, "over the limit of 100 bytes of one file");
    let limits = with(|l| l.folder_depth = 2);
    let error = Facebook::open(dir.path(), me(), limits).err().unwrap();
    assert!(matches!(error, ImportError::NothingFound { .. }), "{error}");
}

/// 100 MB in one file, and no more of it in memory than the limits say (the file is over `whole_bytes`).
#[test]
fn a_large_file_is_read_as_a_stream() {
    let dir = folder(&[(FILE, "")]);
    let mut out = std::io::BufWriter::new(std::fs::File::create(dir.path().join(FILE)).unwrap());
    let text = "x".repeat(9_900);
    write!(out, "{{\"messages\": [").unwrap();
    let count = 10_000_i64;
    for n in 0..count {
        let comma = if n == 0 { "" } else { "," };
        write!(out, "{comma}\n{{{}}}", says("Ben", T - n, &text)).unwrap();
    }
    write!(
        out,
        "], \"participants\": [{{\"name\": \"Ben\"}}, {{\"name\": \"{}\"}}]}}",
        broken(ANA)
    )
    .unwrap();
    drop(out);
    assert!(std::fs::metadata(dir.path().join(FILE)).unwrap().len() > 99_000_000);
    let summary = Facebook::open(dir.path(), me(), Limits::default());
    let summary = import::Reader::read(&mut summary.unwrap(), &mut Count::default()).unwrap();
    assert_eq!((summary.messages, summary.skipped_total), (count as u64, 0));
}

#[derive(Default)]
struct Count {
    told: u64,
}

impl import::Sink for Count {
    fn conversation(&mut self, conversation: &model::Conversation) -> Result<(), import::SinkError> {
        assert_eq!(conversation.participants.len(), 2);
        Ok(())
    }
    fn message(&mut self, message: model::Message) -> Result<(), import::SinkError> {
        assert_eq!(message.text.len(), 9_900);
        Ok(())
    }
    fn progress(&mut self, bytes_read: u64) {
        assert!(bytes_read - self.told < 3 << 20, "a word at least every few megabytes");
        self.told = bytes_read;
    }
    fn part_done(&mut self, _: &str) -> Result<(), import::SinkError> {
        Ok(())
    }
    fn is_done(&mut self, _: &str) -> bool {
        false
    }
}
