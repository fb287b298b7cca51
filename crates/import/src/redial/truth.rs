//! Which films a dialogue really mentions: what benches compare with.

use super::dialogue::{Dialogue, Stretch, stretches};
use model::{ConversationId, MessageId, TitleId};

/// The marks of one dialogue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Truth {
    /// The conversation, as the reader names it.
    pub conversation: ConversationId,
    /// One entry for each message, in order.
    pub messages: Vec<Marks>,
}

/// The marks of one message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Marks {
    /// The message, as the reader names it.
    pub message: MessageId,
    /// The ReDial ids of the films it marks, in order and with repeats, without those the dialogue gives no title for.
    pub movies: Vec<TitleId>,
}

/// Reads the marks from one line of the data set.
///
/// # Errors
/// Why the line, or a message in it, cannot be read; without its content.
pub fn truth(line: &str) -> Result<Truth, &'static str> {
    let dialogue = Dialogue::parse(line.as_bytes())?;
    let marks = |index| -> Result<Marks, &'static str> {
        let said = dialogue.message(index)?;
        let movies = stretches(&said.text).filter_map(|stretch| match stretch {
            Stretch::Mark(movie) if dialogue.title(movie).is_some() => Some(TitleId(movie.to_owned())),
            _ => None,
        });
        Ok(Marks {
            message: dialogue.message_id(index, &said),
            movies: movies.collect(),
        })
    };
    Ok(Truth {
        conversation: dialogue.id(),
        messages: (0..dialogue.messages.len())
            .map(marks)
            .collect::<Result<_, &'static str>>()?,
    })
}
