//! Which room may use which: the arrows of docs/architecture.md.

use super::fault::Fault;
use super::tree::Tree;
use anyhow::{Context, bail};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

/// What a room may use of ours.
#[derive(Debug, Clone, Copy)]
pub enum MayUse {
    /// These rooms.
    Only(&'static [&'static str]),
    /// Any room.
    Anything,
}

/// The whole table. A room that is not in it is a fault, so that nobody adds one without a thought.
pub const ROOMS: &[(&str, MayUse)] = &[
    ("model", MayUse::Only(&[])),
    ("wire", MayUse::Only(&[])),
    ("tlog", MayUse::Only(&[])),
    ("store", MayUse::Only(&[])),
    ("store-cassandra", MayUse::Only(&["store"])),
    ("import", MayUse::Only(&["model"])),
    ("letter", MayUse::Only(&[])),
    ("linker", MayUse::Only(&["model"])),
    ("pages", MayUse::Only(&["model", "report"])),
    ("rank", MayUse::Only(&["model"])),
    ("report", MayUse::Only(&["model", "tlog"])),
    ("verify", MayUse::Only(&["tlog", "model", "report"])),
    ("aggregate", MayUse::Only(&["model", "report"])),
    (
        "app",
        MayUse::Only(&["model", "tlog", "store", "import", "linker", "report"]),
    ),
    (
        "web",
        MayUse::Only(&["app", "model", "wire", "pages", "letter", "report"]),
    ),
    ("marquee", MayUse::Only(&["wire"])),
    ("privity", MayUse::Anything),
    ("xtask", MayUse::Anything),
];

/// The rooms that there are.
pub struct Workspace {
    /// Its folder.
    pub root: PathBuf,
    /// Every room, with what it uses.
    pub arrows: Vec<Arrows>,
}

/// A room and the rooms it uses in its product code (tests may use more).
pub struct Arrows {
    pub room: String,
    /// Its `Cargo.toml`, from the root.
    pub manifest: String,
    pub uses: BTreeSet<String>,
}

impl Workspace {
    /// Asks cargo about the workspace of `folder`, or of the present one.
    pub fn read(folder: Option<&Path>) -> anyhow::Result<Self> {
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let mut command = Command::new(cargo);
        command.args(["metadata", "--format-version", "1", "--no-deps", "--offline"]);
        if let Some(folder) = folder {
            command.current_dir(folder);
        }
        let answer = command.output().context("`cargo metadata` does not run")?;
        if !answer.status.success() {
            bail!(
                "`cargo metadata` failed: {}",
                String::from_utf8_lossy(&answer.stderr).trim()
            );
        }
        let metadata: Value = serde_json::from_slice(&answer.stdout).context("`cargo metadata` is not JSON")?;
        Self::of_metadata(&metadata).context("`cargo metadata` has another shape than expected")
    }

    fn of_metadata(metadata: &Value) -> Option<Self> {
        let root = PathBuf::from(metadata.get("workspace_root")?.as_str()?);
        let packages = metadata.get("packages")?.as_array()?;
        let ours: BTreeSet<&str> = packages.iter().filter_map(|p| p.get("name")?.as_str()).collect();
        let mut arrows = Vec::new();
        for package in packages {
            let manifest = Path::new(package.get("manifest_path")?.as_str()?)
                .strip_prefix(&root)
                .ok()?;
            // `kind` is null for a normal dependency, else "dev" or "build".
            let normal = |d: &&Value| d.get("kind").is_some_and(|kind| kind.as_str() != Some("dev"));
            let uses = package.get("dependencies")?.as_array()?.iter().filter(normal);
            arrows.push(Arrows {
                room: package.get("name")?.as_str()?.to_owned(),
                manifest: manifest.to_str()?.replace('\\', "/"),
                uses: uses
                    .filter_map(|d| d.get("name")?.as_str())
                    .filter(|name| ours.contains(name))
                    .map(str::to_owned)
                    .collect(),
            });
        }
        Some(Self { root, arrows })
    }
}

/// Faults of arrows that the table does not allow, of rooms it does not know, and of circles.
pub fn check(tree: &Tree, arrows: &[Arrows], table: &[(&str, MayUse)]) -> anyhow::Result<Vec<Fault>> {
    let mut faults = Vec::new();
    for Arrows { room, manifest, uses } in arrows {
        let Some((_, may_use)) = table.iter().find(|(name, _)| name == room) else {
            let message = format!("the room `{room}` is not in the table of `xtask/src/tidy/rooms.rs`");
            faults.push(Fault::new(manifest, 1, message));
            continue;
        };
        let MayUse::Only(allowed) = may_use else { continue };
        let text = tree.text(manifest)?.unwrap_or_default();
        for used in uses.iter().filter(|used| !allowed.contains(&used.as_str())) {
            let message = format!("`{room}` may not use `{used}` (docs/architecture.md, \"Rooms\")");
            faults.push(Fault::new(manifest, line_of_dependency(&text, used), message));
        }
    }
    if let Some(circle) = circle(arrows) {
        let manifest = arrows
            .iter()
            .find(|a| Some(&a.room) == circle.first())
            .map_or("Cargo.toml", |a| &a.manifest);
        faults.push(Fault::new(
            manifest,
            1,
            format!("rooms in a circle: {}", circle.join(" -> ")),
        ));
    }
    Ok(faults)
}

fn line_of_dependency(manifest: &str, name: &str) -> usize {
    let names_it = |line: &str| {
        line.strip_prefix(name)
            .is_some_and(|rest| rest.starts_with(['.', ' ', '=']))
    };
    manifest.lines().position(names_it).map_or(1, |at| at + 1)
}

/// A walk along arrows that comes back to where it began, or none.
fn circle(arrows: &[Arrows]) -> Option<Vec<String>> {
    let mut uses: BTreeMap<&str, BTreeSet<&str>> = arrows
        .iter()
        .map(|a| (a.room.as_str(), a.uses.iter().map(String::as_str).collect()))
        .collect();
    // Take away rooms that use nothing that is left; what cannot be taken away is in a circle or leads to one.
    while let Some(free) = uses.iter().find(|(_, used)| used.is_empty()).map(|(room, _)| *room) {
        uses.remove(free);
        for used in uses.values_mut() {
            used.remove(free);
        }
    }
    let mut walk = vec![*uses.keys().next()?];
    loop {
        let next = *uses.get(walk.last()?)?.first()?;
        if let Some(start) = walk.iter().position(|room| *room == next) {
            let round = walk.into_iter().skip(start).chain([next]);
            return Some(round.map(str::to_owned).collect());
        }
        walk.push(next);
    }
}

#[cfg(test)]
mod tests {
    use super::super::tree::planted::{Planted, plant};
    use super::*;

    const TABLE: &[(&str, MayUse)] = &[
        ("model", MayUse::Only(&[])),
        ("app", MayUse::Only(&["model"])),
        ("binary", MayUse::Anything),
    ];

    fn manifest(name: &str, sections: &str) -> String {
        format!("[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2024\"\n{sections}")
    }

    /// A workspace of three rooms; `model` gets these sections in its manifest.
    fn workspace(model: &str) -> Planted {
        plant(&[
            (
                "Cargo.toml",
                "[workspace]\nresolver = \"3\"\nmembers = [\"crates/*\"]\n",
            ),
            ("crates/model/Cargo.toml", &manifest("model", model)),
            ("crates/model/src/lib.rs", "//! A room.\n"),
            (
                "crates/app/Cargo.toml",
                &manifest("app", "[dependencies]\nmodel = { path = \"../model\" }\n"),
            ),
            ("crates/app/src/lib.rs", "//! A room.\n"),
            (
                "crates/binary/Cargo.toml",
                &manifest("binary", "[dependencies]\napp = { path = \"../app\" }\n"),
            ),
            ("crates/binary/src/lib.rs", "//! A room.\n"),
        ])
    }

    fn faults(planted: &Planted, table: &[(&str, MayUse)]) -> Vec<String> {
        let workspace = Workspace::read(Some(planted.root())).unwrap();
        let faults = check(&planted.tree, &workspace.arrows, table).unwrap();
        faults.iter().map(Fault::to_string).collect()
    }

    #[test]
    fn arrows_of_the_table_pass() {
        assert_eq!(faults(&workspace(""), TABLE), Vec::<String>::new());
    }

    #[test]
    fn tests_may_use_more() {
        let planted = workspace("[dev-dependencies]\napp = { path = \"../app\" }\n");
        assert_eq!(faults(&planted, TABLE), Vec::<String>::new());
    }

    #[test]
    fn an_arrow_that_is_not_in_the_table_is_a_fault() {
        let planted = workspace("[dependencies]\nbinary = { path = \"../binary\" }\n");
        assert_eq!(
            faults(&planted, TABLE),
            [
                "crates/model/Cargo.toml:6: `model` may not use `binary` (docs/architecture.md, \"Rooms\")",
                "crates/app/Cargo.toml:1: rooms in a circle: app -> model -> binary -> app",
            ]
        );
    }

    #[test]
    fn a_room_that_is_not_in_the_table_is_a_fault() {
        let faults = faults(
            &workspace(""),
            &[("model", MayUse::Only(&[])), ("app", MayUse::Anything)],
        );
        assert_eq!(
            faults,
            ["crates/binary/Cargo.toml:1: the room `binary` is not in the table of `xtask/src/tidy/rooms.rs`"]
        );
    }

    #[test]
    fn the_table_itself_has_no_circle() {
        let arrows: Vec<Arrows> = ROOMS
            .iter()
            .map(|(room, may_use)| Arrows {
                room: (*room).to_owned(),
                manifest: String::new(),
                uses: match may_use {
                    MayUse::Only(rooms) => rooms.iter().map(|r| (*r).to_owned()).collect(),
                    MayUse::Anything => BTreeSet::new(),
                },
            })
            .collect();
        assert_eq!(circle(&arrows), None);
    }
}
