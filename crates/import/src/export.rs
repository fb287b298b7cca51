//! The files of an export, in a folder or in a zip file.
//!
//! Nothing is ever unpacked to disk, so a name can lead nowhere; names that try are left out and counted all the same.

use crate::{ImportError, Limits, Position, Summary};
use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use zip::ZipArchive;

/// A file smaller than this may be packed as tightly as it likes.
const RATIO_FROM: u64 = 1 << 20;

/// One file of the export.
#[derive(Debug, Clone)]
pub(crate) struct Member {
    /// Path within the export, with `/` between its parts.
    pub path: String,
    /// Bytes, unpacked, as the export says.
    pub size: u64,
    place: Place,
}

#[derive(Debug, Clone)]
enum Place {
    File(PathBuf),
    Entry { index: usize, packed: u64 },
}

/// An opened export.
pub(crate) struct Export {
    zip: Option<ZipArchive<BufReader<Budget>>>,
    /// The files that were asked for, in order of their paths.
    pub members: Vec<Member>,
    /// What was left out on the way.
    pub refused: Vec<(String, &'static str)>,
    /// All that was left out, listed or not.
    pub refused_total: u64,
    limits: Limits,
}

impl Export {
    /// Lists the files with a path that is `wanted`.
    pub fn open(path: &Path, limits: &Limits, wanted: impl Fn(&str) -> bool) -> Result<Self, ImportError> {
        let shown = path.display().to_string();
        let io = |source| ImportError::Io {
            path: shown.clone(),
            source,
        };
        let mut export = Self {
            zip: None,
            members: Vec::new(),
            refused: Vec::new(),
            refused_total: 0,
            limits: limits.clone(),
        };
        if std::fs::metadata(path).map_err(io)?.is_dir() {
            export.list_folder(path, &wanted).map_err(|e| match e {
                Listing::Io(source) => io(source),
                Listing::Limit(e) => e,
            })?;
        } else {
            let file = File::open(path).map_err(io)?;
            export.list_zip(file, &wanted, &shown)?;
        }
        export.members.sort_by(|a, b| a.path.cmp(&b.path));
        let total = export.total_bytes();
        if total > limits.total_bytes {
            return Err(over("bytes of files to read", limits.total_bytes));
        }
        Ok(export)
    }

    /// Bytes of all the listed files.
    pub fn total_bytes(&self) -> u64 {
        self.members.iter().fold(0, |sum, m| sum.saturating_add(m.size))
    }

    fn list_folder(&mut self, root: &Path, wanted: &impl Fn(&str) -> bool) -> Result<(), Listing> {
        let mut folders = vec![(root.to_owned(), String::new(), 0)];
        let mut files = 0;
        while let Some((folder, prefix, depth)) = folders.pop() {
            for entry in std::fs::read_dir(&folder)? {
                let entry = entry?;
                files += 1;
                if files > self.limits.files {
                    return Err(Listing::Limit(over("files", self.limits.files as u64)));
                }
                let name = entry.file_name();
                let path = format!("{prefix}{}", name.to_string_lossy());
                // Does not follow a link, so that one cannot lead out of the folder.
                let kind = entry.file_type()?;
                if kind.is_symlink() {
                    self.refuse(path, "a symbolic link");
                } else if kind.is_dir() && depth >= self.limits.folder_depth {
                    self.refuse(path, "over the limit of folders within folders");
                } else if kind.is_dir() {
                    folders.push((entry.path(), format!("{path}/"), depth + 1));
                } else if wanted(&path) {
                    self.members.push(Member {
                        size: entry.metadata()?.len(),
                        place: Place::File(entry.path()),
                        path,
                    });
                }
            }
        }
        Ok(())
    }

    fn list_zip(&mut self, file: File, wanted: &impl Fn(&str) -> bool, shown: &str) -> Result<(), ImportError> {
        let bad = |e: zip::result::ZipError| ImportError::Zip {
            path: shown.to_owned(),
            reason: e.to_string(),
        };
        let left = Arc::new(AtomicU64::new(self.limits.listing_bytes));
        let input = BufReader::new(Budget {
            file,
            left: Arc::clone(&left),
        });
        // `ZipArchive` loads the list of files, however long, before it tells how long: so what it may read is limited.
        let archive = ZipArchive::new(input).map_err(|e| match left.load(Relaxed) {
            0 => over("bytes of a zip file's list of files", self.limits.listing_bytes),
            _ => bad(e),
        })?;
        left.store(u64::MAX, Relaxed);
        if archive.len() > self.limits.files {
            return Err(over("files", self.limits.files as u64));
        }
        for index in 0..archive.len() {
            let entry = archive.by_index_data(index).map_err(bad)?;
            let name = match entry.name() {
                Ok(name) => name.into_owned(),
                Err(_) => {
                    self.refuse(format!("entry {index}"), "a name that is not text");
                    continue;
                }
            };
            if let Some(reason) = unsafe_name(&name) {
                self.refuse(name, reason);
            } else if entry.is_symlink() {
                self.refuse(name, "a symbolic link");
            } else if entry.is_file() && wanted(&name) {
                self.members.push(Member {
                    size: entry.size(),
                    place: Place::Entry {
                        index,
                        packed: entry.compressed_size(),
                    },
                    path: name,
                });
            }
        }
        self.zip = Some(archive);
        Ok(())
    }

    fn refuse(&mut self, path: String, reason: &'static str) {
        self.refused_total += 1;
        if self.refused.len() < self.limits.listed {
            self.refused.push((path, reason));
        }
    }

    /// A summary that begins with what was left out.
    pub fn summary(&self) -> Summary {
        let mut summary = Summary::new(self.limits.listed);
        for (path, reason) in &self.refused {
            summary.unreadable(path, Position::File, *reason);
        }
        summary.unreadable_total = self.refused_total;
        summary
    }

    /// Opens one file. Reading gives an error once there is more than the export said.
    pub fn read(&mut self, member: &Member) -> Result<Box<dyn Read + '_>, String> {
        if member.size > self.limits.file_bytes {
            return Err(format!(
                "over the limit of {} bytes of one file",
                self.limits.file_bytes
            ));
        }
        let inner: Box<dyn Read + '_> = match &member.place {
            Place::File(path) => Box::new(File::open(path).map_err(|e| e.to_string())?),
            Place::Entry { index, packed } => {
                if member.size > RATIO_FROM && member.size / self.limits.ratio.max(1) > *packed {
                    return Err(format!("packed tighter than the limit of {} to 1", self.limits.ratio));
                }
                let archive = self.zip.as_mut().ok_or("not in a zip file")?;
                Box::new(archive.by_index(*index).map_err(|e| e.to_string())?)
            }
        };
        Ok(Box::new(AsLong {
            inner,
            left: member.size,
        }))
    }
}

enum Listing {
    Io(std::io::Error),
    Limit(ImportError),
}

impl From<std::io::Error> for Listing {
    fn from(e: std::io::Error) -> Self {
        Self::Io(e)
    }
}

fn over(limit: &'static str, allowed: u64) -> ImportError {
    ImportError::Limit { limit, allowed }
}

/// Why a name in a zip file is not one that a person's export has.
fn unsafe_name(name: &str) -> Option<&'static str> {
    if name.contains('\0') {
        Some("a name with NUL in it")
    } else if name.contains('\\') {
        Some("a name with a backslash in it")
    } else if name.starts_with('/') || name.as_bytes().get(1) == Some(&b':') {
        Some("a name that starts at the root")
    } else if name.split('/').any(|part| part == "..") {
        Some("a name that leads out of the export")
    } else {
        None
    }
}

/// Ends in an error if there is more than was said: a zip file that lies about sizes is a trap.
struct AsLong<R> {
    inner: R,
    left: u64,
}

impl<R: Read> Read for AsLong<R> {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        let n = self.inner.read(into)?;
        self.left = self
            .left
            .checked_sub(n as u64)
            .ok_or_else(|| std::io::Error::other("the file is longer than the export says"))?;
        Ok(n)
    }
}

/// A file of which only so much may be read.
struct Budget {
    file: File,
    left: Arc<AtomicU64>,
}

impl Read for Budget {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        let n = self.file.read(into)?;
        let left = self.left.load(Relaxed).saturating_sub(n as u64);
        self.left.store(left, Relaxed);
        if left == 0 && n > 0 {
            return Err(std::io::Error::other("the list of files is too long"));
        }
        Ok(n)
    }
}

impl Seek for Budget {
    fn seek(&mut self, to: SeekFrom) -> std::io::Result<u64> {
        self.file.seek(to)
    }
}
