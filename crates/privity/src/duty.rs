//! `privity duty`: the operator's side of partners' reports.

use crate::admin::Command;
use crate::site::Site;
use clap::Subcommand;
use model::{AgreementRef, Time};
use report::{RecipientKind, Seed};

/// Who owes reports, and what is done about it.
#[derive(Subcommand)]
pub enum DutyCommand {
    /// Show which reports are due, overdue, to be explained or to be looked at, with the differences that were found.
    List {
        #[command(flatten)]
        site: Site,
    },
    /// Take a report's explanations: it is accepted.
    Take {
        /// The agreement's version, as in films@1.
        agreement: AgreementRef,
        /// The period's number.
        period: u32,
        #[command(flatten)]
        site: Site,
    },
    /// Do not take a report's explanations: it is owed again, with time to mend it.
    Return {
        /// The agreement's version, as in films@1.
        agreement: AgreementRef,
        /// The period's number.
        period: u32,
        #[command(flatten)]
        site: Site,
    },
    /// Excuse the partner from a report. Its agreement answers again, if nothing else is owed.
    Excuse {
        /// The agreement's version, as in films@1.
        agreement: AgreementRef,
        /// The period's number.
        period: u32,
        #[command(flatten)]
        site: Site,
    },
    /// Note a recommendation that you had sent yourself through the partner's service: a report without it is refused.
    Seed {
        /// The agreement's version, as in films@1.
        agreement: AgreementRef,
        /// When it was sent (RFC 3339).
        #[arg(long)]
        at: Time,
        /// From the agreement's list.
        #[arg(long)]
        interface: String,
        /// From the agreement's list.
        #[arg(long)]
        surface: String,
        /// From the agreement's list.
        #[arg(long)]
        variant: String,
        /// It went to someone who has an inbox here; else to someone inside the partner's service.
        #[arg(long)]
        to_platform: bool,
        /// How often it was clicked.
        #[arg(long, default_value_t = 0)]
        clicks: u32,
        #[command(flatten)]
        site: Site,
    },
}

impl DutyCommand {
    /// Where, and what is to be done there.
    pub fn into_command(self) -> (Site, Command) {
        match self {
            Self::List { site } => (site, Command::Reports),
            Self::Take {
                agreement,
                period,
                site,
            } => {
                let take = true;
                (
                    site,
                    Command::ReportTake {
                        agreement,
                        period,
                        take,
                    },
                )
            }
            Self::Return {
                agreement,
                period,
                site,
            } => {
                let take = false;
                (
                    site,
                    Command::ReportTake {
                        agreement,
                        period,
                        take,
                    },
                )
            }
            Self::Excuse {
                agreement,
                period,
                site,
            } => (site, Command::ReportExcuse { agreement, period }),
            Self::Seed {
                agreement,
                at,
                interface,
                surface,
                variant,
                to_platform,
                clicks,
                site,
            } => {
                let recipient_kind = match to_platform {
                    true => RecipientKind::Platform,
                    false => RecipientKind::NonPlatform,
                };
                let seed = Seed {
                    at,
                    interface,
                    initiation_surface: surface,
                    variant,
                    recipient_kind,
                    clicks,
                };
                (site, Command::ReportSeed { agreement, seed })
            }
        }
    }
}
