//! Made-up exports in the shape of real ones.

use serde_json::{Value, json};
use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::Path;

/// Messages in one file of a real export.
const PER_FILE: u64 = 10_000;

/// The owner's name in what [`facebook`] writes.
pub const OWNER: &str = "Ana Sørensen";

const FRIENDS: [&str; 12] = [
    "Ben Okafor",
    "Carla Rossi",
    "David Novák",
    "Emi Tanaka",
    "Farid Haddad",
    "Greta Lindström",
    "Hugo Martin",
    "Zoë Papadopoulou",
    "Jonas Weber",
    "Łukasz Wójcik",
    "Мила Петрова",
    "Nils Berg",
];

const WORDS: [&str; 40] = [
    "the",
    "film",
    "was",
    "great",
    "did",
    "you",
    "see",
    "it",
    "last",
    "night",
    "we",
    "should",
    "go",
    "again",
    "soon",
    "café",
    "at",
    "eight",
    "okay",
    "sure",
    "haha",
    "no",
    "way",
    "I",
    "loved",
    "that",
    "one",
    "with",
    "naïve",
    "ending",
    "żółw",
    "tomorrow",
    "maybe",
    "bring",
    "popcorn",
    "🍿",
    "\"wow\"",
    "yes",
    "actually",
    "привет",
];

/// Repeatable numbers (SplitMix64; Steele, Lea, Flood 2014).
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % end
    }

    fn one_of<'a>(&mut self, list: &'a [&'a str]) -> &'a str {
        list.get(self.below(list.len() as u64) as usize)
            .copied()
            .unwrap_or_default()
    }
}

/// Writes an export of at least `bytes` bytes of messages into the folder `dir`; how many bytes they are.
///
/// Pretty-printed, newest first, threads of up to some hundred thousand messages over files of 10,000, each string in
/// the broken encoding of the real thing. The same seed gives the same bytes.
pub fn facebook(dir: &Path, bytes: u64, seed: u64) -> std::io::Result<u64> {
    let mut numbers = Numbers(seed);
    let mut written = 0;
    let mut thread = 0;
    while written < bytes {
        let friend = numbers.one_of(&FRIENDS).to_owned();
        let slug: String = friend.chars().filter(char::is_ascii_alphanumeric).collect();
        let name = format!(
            "{}_{:016}",
            slug.to_lowercase(),
            seed.wrapping_add(thread) % 10_000_000_000_000_000
        );
        let folder = dir.join("your_facebook_activity/messages/inbox").join(&name);
        fs::create_dir_all(&folder)?;
        // Most threads are short; a few hold most of the messages.
        let mut left = match numbers.below(10) {
            0 => 10_000 + numbers.below(100_000),
            1..4 => 1_000 + numbers.below(9_000),
            _ => 1 + numbers.below(1_000),
        };
        let mut time = 1_760_000_000_000 + numbers.below(1_000_000_000);
        let mut file = 1;
        while left > 0 && written < bytes {
            let count = left.min(PER_FILE);
            left -= count;
            let path = folder.join(format!("message_{file}.json"));
            let mut out = Counted(BufWriter::new(File::create(path)?), 0);
            message_file(&mut out, &mut numbers, &friend, &name, count, &mut time)?;
            out.flush()?;
            written += out.1;
            file += 1;
        }
        thread += 1;
    }
    Ok(written)
}

fn message_file(
    out: &mut impl Write,
    numbers: &mut Numbers,
    friend: &str,
    thread: &str,
    count: u64,
    time: &mut u64,
) -> std::io::Result<()> {
    let (owner, friend) = (broken(OWNER), broken(friend));
    write!(
        out,
        "{{\n  \"participants\": [\n    {{\n      \"name\": \"{friend}\"\n    }},\n    {{\n      "
    )?;
    write!(out, "\"name\": \"{owner}\"\n    }}\n  ],\n  \"messages\": [")?;
    for n in 0..count {
        *time -= 1 + numbers.below(600_000);
        let sender = if numbers.below(2) == 0 { &owner } else { &friend };
        write!(out, "{}\n    {{\n      ", if n == 0 { "" } else { "," })?;
        write!(
            out,
            "\"sender_name\": \"{sender}\",\n      \"timestamp_ms\": {time},\n      "
        )?;
        if numbers.below(20) == 0 {
            let uri = format!("your_facebook_activity/messages/inbox/{thread}/photos/{time}.jpg");
            let seconds = *time / 1000;
            write!(
                out,
                "\"photos\": [\n        {{\n          \"uri\": \"{uri}\",\n          "
            )?;
            write!(out, "\"creation_timestamp\": {seconds}\n        }}\n      ],\n      ")?;
        } else {
            let words: Vec<String> = (0..1 + numbers.below(18))
                .map(|_| broken(numbers.one_of(&WORDS)))
                .collect();
            write!(out, "\"content\": \"{}\",\n      ", words.join(" "))?;
        }
        if numbers.below(10) == 0 {
            let heart = broken("❤");
            write!(
                out,
                "\"reactions\": [\n        {{\n          \"reaction\": \"{heart}\",\n          "
            )?;
            write!(out, "\"actor\": \"{friend}\"\n        }}\n      ],\n      ")?;
        }
        write!(out, "\"is_geoblocked_for_viewer\": false,\n      ")?;
        write!(out, "\"is_unsent_image_by_messenger_kid_parent\": false\n    }}")?;
    }
    write!(
        out,
        "\n  ],\n  \"title\": \"{friend}\",\n  \"is_still_participant\": true,\n  "
    )?;
    write!(out, "\"thread_path\": \"inbox/{thread}\",\n  \"magic_words\": []\n}}\n")
}

/// A JSON string's inside, as the real thing writes it: each byte of the UTF-8 an escape of its own.
fn broken(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'"' => out.push_str("\\\""),
            0x20..0x7f => out.push(char::from(byte)),
            _ => out.push_str(&format!("\\u{:04x}", byte)),
        }
    }
    out
}

struct Counted<W>(W, u64);

impl<W: Write> Write for Counted<W> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let n = self.0.write(bytes)?;
        self.1 += n as u64;
        Ok(n)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.0.flush()
    }
}

/// An export of dialogues between workers 1 and 2, with so many messages each.
pub fn dialogues(counts: impl Iterator<Item = usize>) -> String {
    let (mut lines, mut id) = (String::new(), 0..);
    for (talk, count) in counts.enumerate() {
        let messages: Vec<Value> = (0..count)
            .zip(&mut id)
            .map(|(n, id): (usize, usize)| {
                json!({
                    "timeOffset": n * 60,
                    "text": format!("Message {n} of conversation {talk}: have you seen it? I watched it twice last week and would again, it was that good."),
                    "senderWorkerId": 1 + n % 2,
                    "messageId": id,
                })
            })
            .collect();
        let dialogue = json!({
            "movieMentions": {}, "respondentQuestions": {}, "initiatorQuestions": {}, "messages": messages,
            "conversationId": talk.to_string(), "initiatorWorkerId": 1, "respondentWorkerId": 2,
        });
        lines.push_str(&dialogue.to_string());
        lines.push('\n');
    }
    lines
}

#[cfg(test)]
mod tests {
    use import::{Limits, Reader, Sink, SinkError, facebook};
    use model::{AccountId, Conversation, Message, Participant};

    struct Texts(Vec<String>);

    impl Sink for Texts {
        fn conversation(&mut self, _: &Conversation) -> Result<(), SinkError> {
            Ok(())
        }
        fn message(&mut self, message: Message) -> Result<(), SinkError> {
            self.0.push(message.text);
            Ok(())
        }
        fn progress(&mut self, _: u64) {}
        fn part_done(&mut self, _: &str) -> Result<(), SinkError> {
            Ok(())
        }
        fn is_done(&mut self, _: &str) -> bool {
            false
        }
    }

    #[test]
    fn what_is_made_up_reads_like_the_real_thing() {
        let mut texts = Vec::new();
        for _ in 0..2 {
            let dir = tempfile::tempdir().unwrap();
            let written = super::facebook(dir.path(), 3 << 20, 5).unwrap();
            assert!(written >= 3 << 20);
            let limits = Limits::default();
            let owner = facebook::guess_owner(dir.path(), &limits).unwrap();
            assert_eq!(owner.as_deref(), Some(super::OWNER));
            let owner = Participant {
                account: AccountId([1; 16]),
                name: super::OWNER.to_owned(),
            };
            let mut sink = Texts(Vec::new());
            let mut reader = facebook::Facebook::open(dir.path(), owner, limits).unwrap();
            let summary = reader.read(&mut sink).unwrap();
            assert_eq!(reader.total_bytes(), Some(written));
            assert_eq!(
                (
                    summary.skipped_total,
                    summary.unreadable_total,
                    summary.undecidable_strings
                ),
                (0, 0, 0)
            );
            assert!(summary.repaired_strings > 1_000 && summary.messages > 5_000);
            assert!(sink.0.iter().any(|text| text.contains("żółw")));
            texts.push(sink.0);
        }
        assert_eq!(texts[0], texts[1]);
    }
}
