//! A small disk for one node's data, that can be filled.

use super::apart::run;
use crate::cassandra::cluster::Cluster;
use std::io::Write;
use std::path::PathBuf;
use std::process::Command;

/// What is free before it is filled, in bytes: two segments of the commit log and a little.
const FREE: u64 = 160 << 20;
/// What a file system wants for itself.
const OVERHEAD: u64 = 64 << 20;

/// A file system in a file, with a node's data, in their place. They are put back when this is dropped.
pub struct SmallDisk<'a> {
    cluster: &'a Cluster,
    node: u8,
    data: PathBuf,
    mounted: bool,
    over: bool,
}

impl<'a> SmallDisk<'a> {
    /// Why this machine cannot have one.
    pub fn impossible() -> Option<String> {
        let root = Command::new("id")
            .arg("-u")
            .output()
            .is_ok_and(|id| id.stdout == b"0\n");
        let made = run("mkfs.ext4", &["-V"]);
        match (root, made) {
            (false, _) => Some("only root can mount one".to_owned()),
            (true, Err(error)) => Some(error.to_string()),
            (true, Ok(())) => None,
        }
    }

    /// Moves a node's data to a disk of its own, and starts the node on it.
    pub fn under(cluster: &'a Cluster, node: u8) -> anyhow::Result<Self> {
        cluster.kill(node)?;
        let mut disk = Self {
            cluster,
            node,
            data: cluster.data(node)?,
            mounted: false,
            over: false,
        };
        let used = bytes_below(&disk.data)?;
        std::fs::rename(&disk.data, disk.kept())?;
        std::fs::create_dir(&disk.data)?;
        std::fs::File::create(disk.image())?.set_len(used + FREE + OVERHEAD)?;
        let (image, data) = (disk.image(), disk.data.clone());
        run("mkfs.ext4", &["-q", "-m", "0", &image.display().to_string()])?;
        run(
            "mount",
            &["-o", "loop", &image.display().to_string(), &data.display().to_string()],
        )?;
        disk.mounted = true;
        run(
            "cp",
            &[
                "-a",
                &format!("{}/.", disk.kept().display()),
                &data.display().to_string(),
            ],
        )?;
        cluster.start_one(node)?;
        Ok(disk)
    }

    /// Fills it to the last byte.
    pub fn fill(&self) -> anyhow::Result<()> {
        let mut ballast = std::fs::File::create(self.ballast())?;
        let mut block = vec![7; 1 << 20];
        while !block.is_empty() {
            match ballast.write(&block) {
                Ok(_) => {}
                Err(error) if error.kind() == std::io::ErrorKind::StorageFull => block.truncate(block.len() / 2),
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    /// Makes room, puts the data back where they were, and starts the node again. Returns what it had made of it.
    pub fn end(mut self) -> anyhow::Result<&'static str> {
        let said = std::fs::read_to_string(self.cluster.log_file(self.node)?).unwrap_or_default();
        let noticed = said.contains("No space left on device") || said.contains("FSWriteError");
        let told = match (self.cluster.is_running(self.node)?, noticed) {
            (false, _) => "it ended",
            (true, true) => "it said so, and went on running",
            (true, false) => "it found room in the files it had",
        };
        self.put_back()?;
        Ok(told)
    }

    fn put_back(&mut self) -> anyhow::Result<()> {
        if std::mem::replace(&mut self.over, true) {
            return Ok(());
        }
        self.cluster.kill(self.node)?;
        if self.mounted {
            // It may not have been filled.
            _ = std::fs::remove_file(self.ballast());
            let (data, kept) = (self.data.display().to_string(), self.kept());
            std::fs::remove_dir_all(&kept)?;
            run("cp", &["-a", &data, &kept.display().to_string()])?;
            run("umount", &[&data])?;
        }
        std::fs::remove_dir(&self.data)?;
        std::fs::rename(self.kept(), &self.data)?;
        std::fs::remove_file(self.image())?;
        self.cluster.start_one(self.node)
    }

    fn kept(&self) -> PathBuf {
        self.data.with_extension("kept")
    }

    fn image(&self) -> PathBuf {
        self.data.with_extension("disk")
    }

    fn ballast(&self) -> PathBuf {
        self.data.join("ballast")
    }
}

impl Drop for SmallDisk<'_> {
    fn drop(&mut self) {
        _ = self.put_back();
    }
}

fn bytes_below(folder: &std::path::Path) -> anyhow::Result<u64> {
    let mut bytes = 0;
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        bytes += match entry.file_type()?.is_dir() {
            true => bytes_below(&entry.path())?,
            false => entry.metadata()?.len().div_ceil(4096) * 4096,
        };
    }
    Ok(bytes)
}
