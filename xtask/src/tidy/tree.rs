//! The files a clean checkout would have.

use anyhow::{Context, bail};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A folder and the files in it that count.
pub struct Tree {
    root: PathBuf,
    files: BTreeSet<String>,
}

impl Tree {
    /// The files that git tracks or would add: ignored ones do not count.
    pub fn of_repository(root: &Path) -> anyhow::Result<Self> {
        let listed = Command::new("git")
            .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
            .current_dir(root)
            .output()
            .context("`git` does not run")?;
        if !listed.status.success() {
            bail!(
                "`git ls-files` failed: {}",
                String::from_utf8_lossy(&listed.stderr).trim()
            );
        }
        let names = String::from_utf8(listed.stdout).context("a file name is not UTF-8")?;
        // A file that is deleted but not yet committed as deleted is still listed.
        let files = names
            .split('\0')
            .filter(|name| root.join(name).is_file())
            .map(str::to_owned)
            .collect();
        Ok(Self {
            root: root.to_owned(),
            files,
        })
    }

    /// Every file, from the root, with `/`, in order.
    pub fn files(&self) -> impl Iterator<Item = &str> {
        self.files.iter().map(String::as_str)
    }

    /// Whether this file counts.
    pub fn has_file(&self, file: &str) -> bool {
        self.files.contains(file)
    }

    /// Whether a file that counts is in this folder (empty: the root) or below it.
    pub fn has_folder(&self, folder: &str) -> bool {
        let inside = format!("{folder}/");
        folder.is_empty() || self.files.iter().any(|file| file.starts_with(&inside))
    }

    /// What a file holds; `None` if it is not text.
    pub fn text(&self, file: &str) -> anyhow::Result<Option<String>> {
        let bytes = std::fs::read(self.root.join(file)).with_context(|| format!("`{file}` cannot be read"))?;
        Ok(String::from_utf8(bytes).ok())
    }
}

#[cfg(test)]
pub(super) mod planted {
    use super::*;

    /// A small tree on disk, gone when dropped.
    pub struct Planted {
        pub tree: Tree,
        _folder: tempfile::TempDir,
    }

    /// Writes these files into a new folder.
    pub fn plant(files: &[(&str, &str)]) -> Planted {
        let folder = tempfile::tempdir().unwrap();
        for (file, text) in files {
            let path = folder.path().join(file);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        let tree = Tree {
            root: folder.path().to_owned(),
            files: files.iter().map(|(file, _)| (*file).to_owned()).collect(),
        };
        Planted { tree, _folder: folder }
    }

    impl Planted {
        /// Where it stands.
        pub fn root(&self) -> &Path {
            &self.tree.root
        }
    }
}
