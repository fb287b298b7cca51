//! No marks of unfinished work, and no paths of one machine.

use super::fault::Fault;
use super::tree::Tree;

// Written in pieces, so that this file passes its own rule.
const UNFINISHED: [&str; 4] = [
    concat!("TO", "DO"),
    concat!("FIX", "ME"),
    concat!("to", "do!"),
    concat!("unimple", "mented!"),
];
/// First parts of absolute paths that exist on one machine and on no other.
const OF_ONE_MACHINE: [&str; 7] = ["work", "farm", "tmp", "home", "root", "Users", "mnt"];

/// Faults in any text file but the lock file and the data.
pub fn check(tree: &Tree) -> anyhow::Result<Vec<Fault>> {
    let mut faults = Vec::new();
    for file in tree.files().filter(|file| !is_exempt(file)) {
        let Some(text) = tree.text(file)? else { continue };
        for (number, line) in (1..).zip(text.lines()) {
            if let Some(mark) = unfinished(line) {
                faults.push(Fault::new(
                    file,
                    number,
                    format!("`{mark}`: finish it, or write down elsewhere what is missing"),
                ));
            }
            if let Some(path) = machine_path(line) {
                faults.push(Fault::new(file, number, format!("`{path}` is a path of one machine")));
            }
        }
    }
    Ok(faults)
}

fn is_exempt(file: &str) -> bool {
    // Data was written by other people, and is not ours to change.
    file == "Cargo.lock" || file.starts_with("data/")
}

fn unfinished(line: &str) -> Option<&'static str> {
    UNFINISHED.into_iter().find(|mark| {
        line.match_indices(mark).any(|(at, _)| {
            let before = line.get(..at).and_then(|s| s.chars().next_back());
            let after = line.get(at + mark.len()..).and_then(|s| s.chars().next());
            !before.is_some_and(is_word) && (mark.ends_with('!') || !after.is_some_and(is_word))
        })
    })
}

fn machine_path(line: &str) -> Option<String> {
    OF_ONE_MACHINE.into_iter().find_map(|first| {
        let start = format!("/{first}/");
        let (at, _) = line.match_indices(&start).find(|(at, _)| {
            let before = line.get(..*at).and_then(|s| s.chars().next_back());
            let after = line.get(at + start.len()..).and_then(|s| s.chars().next());
            // Not the middle of a relative path or of a URL.
            !before.is_some_and(|c| is_word(c) || ".-~/}*)>".contains(c)) && after.is_some_and(is_word)
        })?;
        Some(
            line.get(at..)?
                .chars()
                .take_while(|c| is_word(*c) || "/.-".contains(*c))
                .collect(),
        )
    })
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

#[cfg(test)]
mod tests {
    use super::super::tree::planted::plant;
    use super::*;

    #[test]
    fn marks_of_unfinished_work_are_faults() {
        let text = UNFINISHED.map(|mark| format!("    // x {mark} y\n")).concat();
        let planted = plant(&[("a.rs", &text), ("data/a.txt", &text)]);
        let lines: Vec<usize> = check(&planted.tree).unwrap().iter().map(|f| f.line).collect();
        assert_eq!(lines, [1, 2, 3, 4]);
        let harmless = format!(
            "{}S un{} todo = \"deny\" unimplemented = \"deny\"",
            UNFINISHED[0], UNFINISHED[3]
        );
        assert_eq!(check(&plant(&[("a.rs", &harmless)]).tree).unwrap(), []);
    }

    #[test]
    fn paths_of_one_machine_are_faults() {
        for first in OF_ONE_MACHINE {
            let text = format!("fine\nread \"/{first}/me/key.txt\"\n");
            let faults = check(&plant(&[("a.md", &text)]).tree).unwrap();
            let message = format!("a.md:2: `/{first}/me/key.txt` is a path of one machine");
            assert_eq!(faults.iter().map(Fault::to_string).collect::<Vec<_>>(), [message]);
        }
        for harmless in [
            "crates/web/{}/a",
            "https://example.org{}/a",
            "../{}/a",
            "{} /etc/privity/key",
        ] {
            let text = harmless.replace("{}", "/home");
            assert_eq!(check(&plant(&[("a.md", &text)]).tree).unwrap(), [], "{text}");
        }
    }

    #[test]
    fn a_file_that_is_no_text_is_passed_over() {
        let planted = plant(&[("a.png", "")]);
        std::fs::write(planted.root().join("a.png"), [0xff, 0xfe]).unwrap();
        assert_eq!(check(&planted.tree).unwrap(), []);
    }
}
