//! Where one JSON value ends.

/// Finds the end of one JSON value by its brackets and quotes alone.
#[derive(Default)]
pub(super) struct Scanner {
    depth: usize,
    state: State,
}

#[derive(Default, Clone, Copy)]
enum State {
    /// Before the first byte.
    #[default]
    Start,
    /// Within brackets, between strings.
    Between,
    /// In a string.
    Text,
    /// After a backslash in a string.
    Escape,
    /// In a number or a word that stands by itself.
    Bare,
}

impl Scanner {
    pub(super) fn inside_array() -> Self {
        Self {
            depth: 1,
            state: State::Between,
        }
    }

    /// How many of these bytes belong to the value if it ends here; `None` if it goes on.
    pub(super) fn feed(&mut self, chunk: &[u8]) -> Option<usize> {
        let mut rest = chunk;
        loop {
            let found = match self.state {
                State::Start | State::Escape => rest.first().map(|b| (0, *b)),
                State::Between => find(rest, |b| matches!(b, b'"' | b'{' | b'}' | b'[' | b']')),
                State::Text => find_in_text(rest),
                State::Bare => find(rest, |b| {
                    matches!(b, b',' | b'}' | b']' | b':' | b' ' | b'\n' | b'\r' | b'\t')
                }),
            };
            let (n, byte) = found?;
            let before = chunk.len() - rest.len() + n;
            match (self.state, byte) {
                (State::Start, b',' | b'}' | b']' | b':') | (State::Bare, _) => return Some(before),
                (State::Start | State::Between, b'"') => self.state = State::Text,
                (State::Start | State::Between, b'{' | b'[') => {
                    self.depth += 1;
                    self.state = State::Between;
                }
                (State::Between, _) => self.depth -= 1,
                (State::Start, _) => self.state = State::Bare,
                (State::Text, b'\\') => self.state = State::Escape,
                // The closing quote; or a line break, which no JSON string may hold: the quote is missing, and the
                // brackets still tell where the value ends.
                (State::Text, _) => self.state = State::Between,
                (State::Escape, _) => self.state = State::Text,
            }
            if self.depth == 0 && matches!(self.state, State::Between) {
                return Some(before + 1);
            }
            rest = rest.get(n + 1..)?;
        }
    }
}

fn find(bytes: &[u8], is: impl Fn(u8) -> bool) -> Option<(usize, u8)> {
    let n = bytes.iter().position(|b| is(*b))?;
    Some((n, *bytes.get(n)?))
}

/// The next byte that is not plain inside of a string. Most bytes of an export are: they are looked at eight at a time.
fn find_in_text(bytes: &[u8]) -> Option<(usize, u8)> {
    const ONES: u64 = u64::from_le_bytes([1; 8]);
    const HIGH: u64 = ONES << 7;
    // Not zero if one of the eight bytes is `byte` (Anderson, Bit Twiddling Hacks, "haszero").
    let has = |word: u64, byte: u8| {
        let word = word ^ (ONES * u64::from(byte));
        word.wrapping_sub(ONES) & !word & HIGH
    };
    let (words, _) = bytes.as_chunks::<8>();
    let plain = words
        .iter()
        .map(|word| u64::from_le_bytes(*word))
        .take_while(|word| has(*word, b'"') | has(*word, b'\\') | has(*word, b'\n') == 0)
        .count();
    let (n, byte) = find(bytes.get(plain * 8..)?, |b| matches!(b, b'"' | b'\\' | b'\n'))?;
    Some((plain * 8 + n, byte))
}
