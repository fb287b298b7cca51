//! C2SP signed notes with Ed25519: text that anyone can read and a key can vouch for.

mod key;

pub use key::{KeyError, SigningKey, VerifyingKey};

use signed_note::{Note, VerifierList};

/// Bytes of a note at most.
pub const NOTE_LIMIT: usize = 1_000_000;
/// Signatures of a note at most.
pub const SIGNATURES_LIMIT: usize = 100;

/// A note whose signatures were checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// The text, with its final line end.
    pub text: String,
    /// Which of the given keys signed it, in the order of the note's signatures; at least one.
    pub signed_by: Vec<VerifyingKey>,
}

/// Why a note is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoteError {
    /// Over [`NOTE_LIMIT`].
    #[error("a note has at most 1000000 bytes, this one has {0}")]
    TooLong(usize),
    /// Over [`SIGNATURES_LIMIT`].
    #[error("a note has at most 100 signatures")]
    TooManySignatures,
    /// Text that cannot be signed.
    #[error("the text of a note must end with a line end and hold no control characters")]
    Text,
    /// Not text, a blank line and signature lines.
    #[error("not a signed note")]
    Malformed,
    /// A signature in the name of a given key that this key did not make.
    #[error("the signature by `{0}` is not valid")]
    BadSignature(String),
    /// No signature by any given key.
    #[error("the note is not signed by a key given here")]
    Unsigned,
}

/// Signs a text. It must end with a line end.
pub fn sign(text: &str, keys: &[&SigningKey]) -> Result<String, NoteError> {
    let note = Note::new(text.as_bytes(), &[]).map_err(|_| match text.len() {
        n if n > NOTE_LIMIT => NoteError::TooLong(n),
        _ => NoteError::Text,
    })?;
    with_signatures(note, keys)
}

/// Adds a signature after those that are there, or replaces the one of the same key.
pub fn add_signature(note: &str, key: &SigningKey) -> Result<String, NoteError> {
    with_signatures(parse(note)?, &[key])
}

fn with_signatures(mut note: Note, keys: &[&SigningKey]) -> Result<String, NoteError> {
    if keys.is_empty() {
        return Err(NoteError::Unsigned);
    }
    for key in keys {
        note.add_sigs(&[*key]).map_err(|_| NoteError::Malformed)?;
    }
    let text = String::from_utf8(note.to_bytes()).map_err(|_| NoteError::Text)?;
    parse(&text)?;
    Ok(text)
}

/// The text of a note, of which nothing is known: for finding out which key to check it with.
pub fn unverified_text(note: &str) -> Result<String, NoteError> {
    text_of(&parse(note)?)
}

/// Checks a note against these keys. Signatures by other keys are ignored; one by a given key that does not verify spoils
/// the note.
pub fn verify(note: &str, keys: &[VerifyingKey]) -> Result<Verified, NoteError> {
    let note = parse(note)?;
    let mut distinct: Vec<&VerifyingKey> = Vec::new();
    for key in keys {
        if !distinct.contains(&key) {
            distinct.push(key);
        }
    }
    let known = VerifierList::new(distinct.iter().map(|key| Box::new((*key).clone()) as _).collect());
    let (signatures, _) = note.verify(&known).map_err(|error| match error {
        signed_note::NoteError::InvalidSignature { name, id } => NoteError::BadSignature(format!("{name}+{id:08x}")),
        signed_note::NoteError::UnverifiedNote => NoteError::Unsigned,
        _ => NoteError::Malformed,
    })?;
    let signed_by = signatures
        .iter()
        .filter_map(|signature| {
            distinct
                .iter()
                .find(|key| key.name() == signature.name() && key.id() == signature.id())
        })
        .map(|key| (*key).clone())
        .collect();
    Ok(Verified {
        text: text_of(&note)?,
        signed_by,
    })
}

fn text_of(note: &Note) -> Result<String, NoteError> {
    String::from_utf8(note.text().to_vec()).map_err(|_| NoteError::Text)
}

fn parse(note: &str) -> Result<Note, NoteError> {
    if note.len() > NOTE_LIMIT {
        return Err(NoteError::TooLong(note.len()));
    }
    if note
        .rsplit_once("\n\n")
        .is_some_and(|(_, signatures)| signatures.lines().count() > SIGNATURES_LIMIT)
    {
        return Err(NoteError::TooManySignatures);
    }
    Note::from_bytes(note.as_bytes()).map_err(|_| NoteError::Malformed)
}

#[cfg(test)]
mod tests {
    use super::*;

    // The example of golang.org/x/mod/sumdb/note.
    const SECRET: &str = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz";
    const PUBLIC: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
    const TEXT: &str =
        "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n";
    const SIGNATURE: &str =
        "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";

    fn key(name: &str, seed: u8) -> SigningKey {
        SigningKey::generate(name, &[seed; 32]).unwrap()
    }

    #[test]
    fn the_published_example_comes_out_the_same() {
        let signing: SigningKey = SECRET.parse().unwrap();
        assert_eq!(signing.secret_text().as_str(), SECRET);
        assert_eq!(signing.verifying_key().to_string(), PUBLIC);
        let note = sign(TEXT, &[&signing]).unwrap();
        assert_eq!(note, format!("{TEXT}\n{SIGNATURE}"));
        let verified = verify(&note, &[PUBLIC.parse().unwrap()]).unwrap();
        assert_eq!(
            (verified.text.as_str(), verified.signed_by),
            (TEXT, vec![signing.verifying_key()])
        );
    }

    #[test]
    fn an_added_signature_stands_after_the_first_and_replaces_its_own() {
        let (a, b) = (key("a.example", 1), key("b.example", 2));
        let note = sign("hello\n", &[&a]).unwrap();
        let both = add_signature(&note, &b).unwrap();
        assert!(both.starts_with(&note));
        assert_eq!(add_signature(&both, &b).unwrap(), both);
        assert_eq!(sign("hello\n", &[&a, &b]).unwrap(), both);
        let keys = [b.verifying_key(), a.verifying_key(), a.verifying_key()];
        assert_eq!(
            verify(&both, &keys).unwrap().signed_by,
            [a.verifying_key(), b.verifying_key()]
        );
        assert_eq!(verify(&note, &keys[..1]), Err(NoteError::Unsigned));
    }

    #[test]
    fn any_changed_byte_is_noticed() {
        let key = key("log.example", 3);
        let note = sign("one\n\ntwo\n", &[&key]).unwrap();
        let keys = [key.verifying_key()];
        assert_eq!(verify(&note, &keys).unwrap().text, "one\n\ntwo\n");
        for at in 0..note.len() {
            for bit in 0..8 {
                let mut bytes = note.clone().into_bytes();
                bytes[at] ^= 1 << bit;
                if let Ok(changed) = String::from_utf8(bytes) {
                    assert!(verify(&changed, &keys).is_err(), "byte {at} bit {bit}: {changed}");
                }
            }
        }
    }

    #[test]
    fn limits_have_names() {
        let key = key("k", 4);
        let long = "x".repeat(NOTE_LIMIT) + "\n";
        assert_eq!(sign(&long, &[&key]), Err(NoteError::TooLong(NOTE_LIMIT + 1)));
        assert!(
            matches!(
                sign(long.strip_prefix("xx").unwrap(), &[&key]),
                Err(NoteError::TooLong(_))
            ),
            "the signature counts too"
        );
        assert_eq!(sign("no end", &[&key]), Err(NoteError::Text));
        assert_eq!(sign("bell\x07\n", &[&key]), Err(NoteError::Text));
        assert_eq!(sign("x\n", &[]), Err(NoteError::Unsigned));
        let signatures = SIGNATURE.repeat(100);
        assert!(unverified_text(&format!("x\n\n{signatures}")).is_ok());
        let more = format!("x\n\n{signatures}{SIGNATURE}");
        assert_eq!(unverified_text(&more), Err(NoteError::TooManySignatures));
        assert_eq!(unverified_text("x\n"), Err(NoteError::Malformed));
    }
}
