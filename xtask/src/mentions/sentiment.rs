//! How well sentiment is read.
#![allow(
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a measurement: a panic is its error message"
)]

use super::corpus::Corpus;
use super::variant::Variant;
use anyhow::Result;
use linker::Linker;
use model::Sentiment;
use std::collections::BTreeMap;
use std::io::Write;

/// Sentiment in the seeker's own messages against the seeker's own answer to "did you like it?".
pub(crate) fn table(corpus: &Corpus, linker: &Linker, out: &mut dyn Write) -> Result<()> {
    let mut said: BTreeMap<(usize, usize), Sentiment> = BTreeMap::new();
    for text in corpus.texts(Variant::AsIs) {
        if corpus.dialogues[text.dialogue]["initiatorWorkerId"].as_i64() != Some(text.author) {
            continue;
        }
        for mention in linker.mentions(&text.text) {
            let Some((_, title)) = text
                .marks
                .iter()
                .find(|(_, truth)| corpus.titles[*truth].id == mention.title)
            else {
                continue;
            };
            let known = said.entry((text.dialogue, *title)).or_insert(Sentiment::Neutral);
            if mention.sentiment != Sentiment::Neutral {
                *known = mention.sentiment;
            }
        }
    }
    let mut table = [[0usize; 3]; 3];
    for ((dialogue, title), sentiment) in &said {
        let answer = &corpus.dialogues[*dialogue]["initiatorQuestions"][&corpus.titles[*title].id.0]["liked"];
        let Some(answer) = answer
            .as_u64()
            .and_then(|answer| usize::try_from(answer).ok())
            .filter(|answer| *answer < 3)
        else {
            continue;
        };
        table[answer][*sentiment as usize] += 1;
    }
    writeln!(
        out,
        "Sentiment (English): what the seeker's messages say of a title, against the seeker's form. The form is about the whole"
    )?;
    writeln!(
        out,
        "conversation; a mention sees one message. Nothing said is `neutral`.\n"
    )?;
    writeln!(
        out,
        "| form | titles | said liked | said disliked | neutral | right, of those not neutral |\n|---|---|---|---|---|---|"
    )?;
    for (answer, name, right) in [(1, "liked", 0), (0, "did not like", 1), (2, "did not say", 2)] {
        let [liked, disliked, neutral] = table[answer];
        let told = (liked + disliked).max(1);
        let rate = if right < 2 {
            format!("{:.3}", table[answer][right] as f64 / told as f64)
        } else {
            "".to_owned()
        };
        writeln!(
            out,
            "| {name} | {} | {liked} | {disliked} | {neutral} | {rate} |",
            liked + disliked + neutral
        )?;
    }
    let ratio = |part: usize, whole: usize| part as f64 / whole.max(1) as f64;
    let (liked, not) = (table[1][0] + table[1][1], table[0][0] + table[0][1]);
    writeln!(
        out,
        "\nNot neutral, form filled: accuracy {:.3}; always `liked`: {:.3} (n = {}).",
        ratio(table[1][0] + table[0][1], liked + not),
        ratio(liked, liked + not),
        liked + not
    )?;
    let all = |answer: usize| table[answer].iter().sum::<usize>();
    writeln!(
        out,
        "`disliked`: precision {:.3}, recall {:.3}; share of `did not like` among all filled: {:.3}.\n",
        ratio(table[0][1], table[0][1] + table[1][1]),
        ratio(table[0][1], all(0)),
        ratio(all(0), all(0) + all(1))
    )?;
    Ok(())
}
