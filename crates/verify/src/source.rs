//! Where a log is read: a folder or a URL with the layout of tlog-tiles.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};
use std::time::Duration;
use tlog::bundle::BUNDLE_LIMIT;

/// Bytes of one file at most: a full entry bundle of the longest entries.
pub const FILE_LIMIT: usize = BUNDLE_LIMIT;

/// How often a URL is tried.
const TRIES: u32 = 3;
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
const REQUEST_TIMEOUT: Duration = Duration::from_secs(60);
const FIRST_PAUSE: Duration = Duration::from_millis(200);

/// Files by their path in the log (`checkpoint`, `tile/…`).
pub trait Source {
    /// The whole file.
    fn get(&self, path: &str) -> Result<Vec<u8>, SourceError>;
}

/// Why a file could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SourceError {
    /// The source has no such file.
    #[error("{0}: there is no such file")]
    Missing(String),
    /// Over [`FILE_LIMIT`].
    #[error("{0}: the file is longer than 16777472 bytes")]
    TooLong(String),
    /// Anything else: the disk, the network, the server.
    #[error("{path}: {why}")]
    Failed {
        /// What was to be read.
        path: String,
        /// In the words of whatever failed.
        why: String,
    },
}

/// A URL (`http://…`, `https://…`) or else a folder.
pub fn open(source: &str) -> Result<Box<dyn Source>, SourceError> {
    if source.starts_with("http://") || source.starts_with("https://") {
        return Ok(Box::new(Url::new(source)));
    }
    let folder = PathBuf::from(source);
    if folder.is_dir() {
        return Ok(Box::new(Folder(folder)));
    }
    Err(SourceError::Failed {
        path: source.to_owned(),
        why: "neither a folder nor an http(s) URL".to_owned(),
    })
}

/// A log in a folder.
#[derive(Debug, Clone)]
pub struct Folder(pub PathBuf);

impl Source for Folder {
    fn get(&self, path: &str) -> Result<Vec<u8>, SourceError> {
        read(path, &self.0.join(path))
    }
}

/// A file that the auditor has: a receipt, an older checkpoint.
pub(crate) fn read_file(file: &Path) -> Result<Vec<u8>, SourceError> {
    read(&file.display().to_string(), file)
}

/// A file that the auditor has, of whatever length.
pub(crate) fn open_file(file: &Path) -> Result<BufReader<File>, SourceError> {
    let name = file.display().to_string();
    File::open(file)
        .map(BufReader::new)
        .map_err(|error| failed(&name, &error))
}

fn failed(name: &str, error: &io::Error) -> SourceError {
    match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => SourceError::Missing(name.to_owned()),
        _ => SourceError::Failed {
            path: name.to_owned(),
            why: error.to_string(),
        },
    }
}

fn read(name: &str, file: &Path) -> Result<Vec<u8>, SourceError> {
    let mut bytes = Vec::new();
    let limit = u64::try_from(FILE_LIMIT).unwrap_or(u64::MAX).saturating_add(1);
    let read = File::open(file).and_then(|file| file.take(limit).read_to_end(&mut bytes));
    read.map_err(|error| failed(name, &error))?;
    if bytes.len() > FILE_LIMIT {
        Err(SourceError::TooLong(name.to_owned()))
    } else {
        Ok(bytes)
    }
}

/// A log at a URL. What fails on the way is tried three times.
#[derive(Debug, Clone)]
pub struct Url {
    prefix: String,
    agent: ureq::Agent,
}

impl Url {
    /// The log whose checkpoint is at `<prefix>/checkpoint`.
    pub fn new(prefix: &str) -> Self {
        let config = ureq::Agent::config_builder()
            .timeout_connect(Some(CONNECT_TIMEOUT))
            .timeout_global(Some(REQUEST_TIMEOUT))
            .max_redirects(3)
            .user_agent(concat!("privity-verify/", env!("CARGO_PKG_VERSION")))
            .build();
        Self {
            prefix: prefix.trim_end_matches('/').to_owned(),
            agent: config.into(),
        }
    }

    fn try_get(&self, url: &str) -> Result<Vec<u8>, ureq::Error> {
        let limit = u64::try_from(FILE_LIMIT).unwrap_or(u64::MAX);
        self.agent
            .get(url)
            .call()?
            .body_mut()
            .with_config()
            .limit(limit)
            .read_to_vec()
    }
}

impl Source for Url {
    fn get(&self, path: &str) -> Result<Vec<u8>, SourceError> {
        let url = format!("{}/{path}", self.prefix);
        let mut pause = FIRST_PAUSE;
        let mut tries = 1;
        loop {
            let error = match self.try_get(&url) {
                Ok(bytes) => return Ok(bytes),
                Err(ureq::Error::StatusCode(404 | 410)) => return Err(SourceError::Missing(path.to_owned())),
                Err(ureq::Error::BodyExceedsLimit(_)) => return Err(SourceError::TooLong(path.to_owned())),
                Err(error) => error,
            };
            let refused = matches!(error, ureq::Error::StatusCode(400..=428 | 430..=499) | ureq::Error::BadUri(_));
            if refused || tries == TRIES {
                return Err(SourceError::Failed {
                    path: url,
                    why: error.to_string(),
                });
            }
            std::thread::sleep(pause);
            pause *= 4;
            tries += 1;
        }
    }
}
