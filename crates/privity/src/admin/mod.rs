//! What an operator does from the command line, with or without a running server.
//!
//! One process holds the data folder. If that is a running server, the command goes to it over a socket in the folder;
//! if not, the command opens the folder itself. Either way it is the same command and the same answer.

mod reports;
mod run;
mod socket;

pub use run::run;
pub use socket::{listen, send};

use model::{AgreementRef, PartnerId};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// A command, as it goes over the socket.
#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "command", rename_all = "kebab-case")]
#[allow(missing_docs)]
pub enum Command {
    AccountAdd {
        handle: String,
        name: String,
        password: Secret,
    },
    AccountErase {
        handle: String,
    },
    AccountToken {
        handle: String,
        name: String,
        read_only: bool,
    },
    PartnerAdd {
        partner: serde_json::Value,
    },
    CataloguePut {
        partner: PartnerId,
        titles: Vec<model::Title>,
    },
    AgreementKey,
    AgreementSign {
        document: String,
    },
    AgreementPublish {
        document: String,
    },
    LedgerKey,
    Reports,
    ReportTake {
        agreement: AgreementRef,
        period: u32,
        take: bool,
    },
    ReportExcuse {
        agreement: AgreementRef,
        period: u32,
    },
    ReportSeed {
        agreement: AgreementRef,
        seed: report::Seed,
    },
    Import(Import),
}

/// An import to run.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Import {
    /// The export's format.
    pub format: Format,
    /// The export, as an absolute path.
    pub path: PathBuf,
    /// Whose inbox takes it in; for ReDial, `None` opens an inbox for everyone in it.
    pub account: Option<String>,
    /// Who of the people in the export the account is.
    pub owner: Option<String>,
    /// For ReDial with everyone: a CSV of `worker,handle,name`.
    pub people: Option<PathBuf>,
    /// For ReDial with everyone: the password of the inboxes that are opened.
    pub password: Option<Secret>,
}

/// An export's format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Format {
    /// The ReDial data set's raw dialogues, one JSON object a line.
    Redial,
    /// A Facebook "Download Your Information" export in JSON, as a zip or a folder.
    Facebook,
}

/// A line that comes back.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Line {
    /// How far it is: bytes done, bytes in all (0 if unknown), messages so far.
    Progress(u64, u64, u64),
    /// It is done; what to print.
    Done(String),
    /// It was refused or failed.
    Failed(String),
}

/// A password on its way: never shown by `{:?}`.
#[derive(Clone, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Secret(pub String);

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(…)")
    }
}
