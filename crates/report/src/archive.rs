//! The four files in their zip.

use crate::fault::quoted;
use crate::{Fault, Rule};
use serde::{Serialize, Serializer};
use std::io::{Cursor, Read, Write};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

/// Bytes of a report at most.
pub const ZIP_LIMIT: usize = 8 << 20;

/// A file of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum File {
    /// The numbers, as CSV (RFC 4180).
    Counts,
    /// What they are, as a Data Package.
    Descriptor,
    /// The hashes of the other three, signed.
    Manifest,
    /// The same for readers.
    Readme,
}

impl File {
    /// In the order of their names, which is that in the zip.
    pub const ALL: [Self; 4] = [Self::Readme, Self::Counts, Self::Descriptor, Self::Manifest];

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Counts => "counts.csv",
            Self::Descriptor => "datapackage.json",
            Self::Manifest => "manifest.note",
            Self::Readme => "README.txt",
        }
    }

    /// Bytes of it at most, unpacked.
    pub const fn limit(self) -> u64 {
        match self {
            Self::Counts => 32 << 20,
            Self::Descriptor => 4 << 20,
            Self::Manifest => 64 << 10,
            Self::Readme => 64 << 10,
        }
    }
}

impl Serialize for File {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(self.name())
    }
}

/// The files' bytes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Files {
    pub counts: Vec<u8>,
    pub descriptor: Vec<u8>,
    pub manifest: Vec<u8>,
    pub readme: Vec<u8>,
}

impl Files {
    pub fn get(&self, file: File) -> &[u8] {
        match file {
            File::Counts => &self.counts,
            File::Descriptor => &self.descriptor,
            File::Manifest => &self.manifest,
            File::Readme => &self.readme,
        }
    }

    fn get_mut(&mut self, file: File) -> &mut Vec<u8> {
        match file {
            File::Counts => &mut self.counts,
            File::Descriptor => &mut self.descriptor,
            File::Manifest => &mut self.manifest,
            File::Readme => &mut self.readme,
        }
    }
}

/// The same files make the same bytes: no clock, no owner.
pub(crate) fn write(files: &Files) -> Result<Vec<u8>, zip::result::ZipError> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Deflated)
        .last_modified_time(zip::DateTime::default());
    for file in File::ALL {
        zip.start_file(file.name(), options)?;
        zip.write_all(files.get(file))?;
    }
    Ok(zip.finish()?.into_inner())
}

/// Reads exactly the four files, and nothing that another reader could see otherwise.
pub(crate) fn read(bytes: &[u8]) -> Result<Files, Vec<Fault>> {
    if bytes.len() > ZIP_LIMIT {
        let said = format!("a report has at most {ZIP_LIMIT} bytes, this one has {}", bytes.len());
        return Err(vec![Fault::zip(Rule::ZipSize, said)]);
    }
    let not_a_zip = |e: zip::result::ZipError| vec![Fault::zip(Rule::ZipFormat, quoted(&e.to_string()))];
    let mut zip = ZipArchive::new(Cursor::new(bytes)).map_err(not_a_zip)?;
    surplus(bytes, &zip)?;
    listed(&zip)?;
    // Two readers must not see two reports: the entries say the same as the list of them, and nothing else is there.
    zip.validate_header_consistency()
        .map_err(|e| vec![Fault::zip(Rule::ZipEntry, quoted(&e.to_string()))])?;

    let mut files = Files::default();
    for file in File::ALL {
        let mut entry = zip.by_name(file.name()).map_err(not_a_zip)?;
        let plain = matches!(
            entry.compression(),
            CompressionMethod::Deflated | CompressionMethod::Stored
        );
        if entry.encrypted() || !plain || !entry.is_file() {
            let said = "an entry is a plain file, stored or deflated, not encrypted";
            return Err(vec![Fault::file(file, Rule::ZipEntry, said)]);
        }
        let to = files.get_mut(file);
        entry
            .by_ref()
            .take(file.limit().saturating_add(1))
            .read_to_end(to)
            .map_err(|e| vec![Fault::file(file, Rule::ZipFormat, quoted(&e.to_string()))])?;
        if u64::try_from(to.len()).is_ok_and(|bytes| bytes > file.limit()) {
            let said = format!("it has at most {} bytes", file.limit());
            return Err(vec![Fault::file(file, Rule::FileSize, said)]);
        }
    }
    Ok(files)
}

fn surplus(bytes: &[u8], zip: &ZipArchive<Cursor<&[u8]>>) -> Result<(), Vec<Fault>> {
    let starts = bytes.starts_with(b"PK\x03\x04");
    // The end of a zip file without a comment is these 22 bytes.
    let ends = bytes
        .len()
        .checked_sub(22)
        .and_then(|at| bytes.get(at..))
        .is_some_and(|end| end.starts_with(b"PK\x05\x06") && end.ends_with(&[0, 0]));
    match zip.offset() == 0 && zip.comment().is_empty() && starts && ends {
        true => Ok(()),
        false => {
            let said = "something stands before or after the zip, or it has a comment";
            Err(vec![Fault::zip(Rule::ZipSurplus, said)])
        }
    }
}

fn listed(zip: &ZipArchive<Cursor<&[u8]>>) -> Result<(), Vec<Fault>> {
    let mut faults = Vec::new();
    if zip.has_duplicate_names() {
        faults.push(Fault::zip(Rule::ZipFiles, "a file is in it twice"));
    }
    let names: Vec<&[u8]> = zip.file_names_raw().collect();
    for file in File::ALL {
        if !names.contains(&file.name().as_bytes()) {
            faults.push(Fault::file(file, Rule::ZipFiles, "the file is missing"));
        }
    }
    for name in names.iter().take(crate::FAULTS_LIMIT) {
        if !File::ALL.iter().any(|file| file.name().as_bytes() == *name) {
            let said = format!("{} does not belong in it", quoted(&String::from_utf8_lossy(name)));
            faults.push(Fault::zip(Rule::ZipFiles, said));
        }
    }
    match faults.is_empty() {
        true => Ok(()),
        false => Err(faults),
    }
}
