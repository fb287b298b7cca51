//! `cargo xtask fuzz`: the parsers of what strangers send, on changed copies of the committed inputs. Without coverage, on any
//! toolchain; with it, use cargo-fuzz in `fuzz/`.

#[path = "../../fuzz/src/targets.rs"]
#[allow(clippy::expect_used, missing_docs, reason = "a panic is what is looked for")]
mod targets;

use anyhow::{Context, ensure};
use clap::Args;
use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use targets::{TARGETS, Target};

/// Bytes of an input at most.
const LONGEST: usize = 64 << 10;
/// What parsers look for.
const TOKENS: [&[u8]; 20] = [
    b"\r\n",
    b"\r\n\r\n",
    b"--",
    b"\"",
    b"\\u0000",
    b"\\ud800",
    b"{",
    b"}",
    b"[",
    b"]",
    b":",
    b",",
    b"null",
    b"-1",
    b"1e309",
    b"#",
    b"/*/",
    b"=?utf-8?Q?=FF?=",
    b"\xff\xfe",
    b"18446744073709551616",
];

/// How long, and of what.
#[derive(Args)]
pub struct Fuzz {
    /// Seconds for each parser.
    #[arg(long, default_value_t = 600)]
    seconds: u64,
    /// Only this one.
    #[arg(long, value_name = "TARGET")]
    only: Option<String>,
    /// Where the dice start.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

impl Fuzz {
    /// Runs; an error if a parser broke. What broke it is written to `fuzz/artifacts`.
    pub fn run(self) -> anyhow::Result<()> {
        let root = std::env::current_dir()?;
        let wanted = |target: &&Target| self.only.as_deref().is_none_or(|only| only == target.0);
        let chosen: Vec<&Target> = TARGETS.iter().filter(wanted).collect();
        ensure!(!chosen.is_empty(), "there is no such target");
        let mut out = std::io::stdout().lock();
        for (name, parse) in chosen {
            let corpus = inputs(&root, name)?;
            let mut dice = Dice(self.seed);
            let (started, mut times) = (Instant::now(), 0u64);
            while started.elapsed() < Duration::from_secs(self.seconds) {
                let input = changed(&corpus, &mut dice);
                if catch_unwind(AssertUnwindSafe(|| parse(&input))).is_err() {
                    let folder = root.join("fuzz").join("artifacts").join(name);
                    std::fs::create_dir_all(&folder)?;
                    let file = folder.join(format!("{}-{times}", self.seed));
                    std::fs::write(&file, &input)?;
                    anyhow::bail!("{name} broke on {}", file.display());
                }
                times += 1;
            }
            writeln!(
                out,
                "{name:<16} {times:>10} inputs in {} s, none broke it",
                started.elapsed().as_secs()
            )?;
        }
        Ok(())
    }
}

/// The committed inputs of a target, in the order of their names.
fn inputs(root: &Path, name: &str) -> anyhow::Result<Vec<Vec<u8>>> {
    let folder = root.join("fuzz").join("corpus").join(name);
    let mut files: Vec<PathBuf> = std::fs::read_dir(&folder)
        .with_context(|| folder.display().to_string())?
        .map(|entry| Ok(entry?.path()))
        .collect::<std::io::Result<_>>()?;
    files.sort();
    ensure!(!files.is_empty(), "{} is empty", folder.display());
    files.iter().map(|file| Ok(std::fs::read(file)?)).collect()
}

/// Random enough, and the same again from the same start (SplitMix64).
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Less than `most`, or 0.
    fn below(&mut self, most: usize) -> usize {
        usize::try_from(self.next() % (most.max(1) as u64)).unwrap_or(0)
    }

    fn one<'a, T>(&mut self, of: &'a [T]) -> Option<&'a T> {
        let at = self.below(of.len());
        of.get(at)
    }
}

/// One of the inputs with a few changes.
fn changed(corpus: &[Vec<u8>], dice: &mut Dice) -> Vec<u8> {
    let mut input = dice.one(corpus).cloned().unwrap_or_default();
    for _ in 0..=dice.below(6) {
        let at = dice.below(input.len() + 1);
        match dice.below(6) {
            0 => {
                let bit = 1 << dice.below(8);
                if let Some(byte) = input.get_mut(at) {
                    *byte ^= bit;
                }
            }
            1 => {
                let token = dice.one(&TOKENS).copied().unwrap_or_default();
                input.splice(at..at, token.iter().copied());
            }
            2 => {
                let end = (at + 1 + dice.below(16)).min(input.len());
                input.drain(at.min(end)..end);
            }
            // A piece twice, or many times: nesting.
            3 => {
                let end = (at + dice.below(64)).min(input.len());
                let piece = input.get(at..end).unwrap_or_default().to_vec();
                let times = 1 + dice.below(40);
                input.splice(at..at, piece.repeat(times));
            }
            4 => {
                let other = dice.one(corpus).cloned().unwrap_or_default();
                let from = dice.below(other.len() + 1);
                input.truncate(at);
                input.extend_from_slice(other.get(from..).unwrap_or_default());
            }
            _ => input.truncate(at),
        }
        input.truncate(LONGEST);
    }
    input
}

#[cfg(test)]
mod tests {
    use super::*;

    fn root() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
    }

    #[test]
    fn every_committed_input_is_read_without_a_panic() {
        for (name, parse) in TARGETS {
            for input in &inputs(&root(), name).unwrap() {
                parse(input);
            }
        }
    }

    #[test]
    fn every_target_is_also_one_of_cargo_fuzz() {
        let manifest = std::fs::read_to_string(root().join("fuzz/Cargo.toml")).unwrap();
        for (name, _) in TARGETS {
            assert!(manifest.contains(&format!("name = \"{name}\"")), "{name}");
            let file = root().join(format!("fuzz/fuzz_targets/{name}.rs"));
            assert!(
                std::fs::read_to_string(file)
                    .unwrap()
                    .contains(&format!("targets::{name}(data)"))
            );
        }
    }
}
