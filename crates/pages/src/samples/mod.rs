//! Made-up content for every page: for the tests here, for `web`'s snapshots, and to look at (`examples/gallery.rs`).

mod auditor;
mod person;
mod reports;
mod sent;
mod talk;

use crate::{
    AgreementDiff, AgreementPage, Allowances, ChoosePage, Chrome, Consent, ConversationPage, ErrorPage, Inbox, Landing,
    LedgerPage, Narrow, Notice, Page, ReadingPage, ReceiptChecked, Register, ReportPage, ReportsPage, SentPage, SignIn,
    WhoHasRead,
};
use model::{AgreementRef, ConversationId, FieldSet, GrantId, MessageId, PartnerId, Time};

/// What nobody should be able to do to a page by choosing a name.
pub(crate) const HOSTILE: &str = "</title></textarea><script>alert(1)</script>\"'><img src=x onerror=alert(1)>\u{202e}live\u{2066}\0&lt; \
     Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaftsvorsitzende קצת עברית 日本語";

/// Every sample of every page, rendered, by name.
pub fn gallery() -> askama::Result<Vec<(String, String)>> {
    let mut all = Vec::new();
    add::<Landing>("landing", &mut all)?;
    add::<SignIn>("sign-in", &mut all)?;
    add::<Inbox>("inbox", &mut all)?;
    add::<ConversationPage>("conversation", &mut all)?;
    add::<Consent>("consent", &mut all)?;
    add::<WhoHasRead>("readings", &mut all)?;
    add::<ReadingPage>("reading", &mut all)?;
    add::<Allowances>("allowances", &mut all)?;
    add::<Narrow>("narrow", &mut all)?;
    add::<SentPage>("sent", &mut all)?;
    add::<ChoosePage>("choose", &mut all)?;
    add::<Notice>("notice", &mut all)?;
    add::<ErrorPage>("error", &mut all)?;
    add::<Register>("register", &mut all)?;
    add::<AgreementPage>("agreement", &mut all)?;
    add::<AgreementDiff>("diff", &mut all)?;
    add::<ReportsPage>("reports", &mut all)?;
    add::<ReportPage>("report", &mut all)?;
    add::<LedgerPage>("ledger", &mut all)?;
    add::<ReceiptChecked>("receipt", &mut all)?;
    Ok(all)
}

fn add<P: Page>(name: &str, to: &mut Vec<(String, String)>) -> askama::Result<()> {
    for (at, page) in P::samples().iter().enumerate() {
        to.push((format!("{name}-{at}"), page.render()?));
    }
    Ok(())
}

pub(crate) fn inside() -> Chrome {
    Chrome {
        platform: "Courier".into(),
        signed_in: Some("Ines Duarte".into()),
        csrf: "c3JmLXNhbXBsZQ".into(),
    }
}

pub(crate) fn outside() -> Chrome {
    Chrome {
        signed_in: None,
        ..inside()
    }
}

pub(crate) fn hostile() -> Chrome {
    Chrome {
        platform: HOSTILE.into(),
        signed_in: Some(HOSTILE.into()),
        csrf: HOSTILE.into(),
    }
}

/// 25 November 2026, 14:05.
pub(crate) const NOW: Time = Time(1_795_615_500_000);

/// So many hours before [`NOW`].
pub(crate) fn ago(hours: i64) -> Time {
    NOW.plus_seconds(-3600 * hours)
}

pub(crate) const fn talk_id(n: u8) -> ConversationId {
    ConversationId([n; 16])
}

pub(crate) const fn message_id(n: u8) -> MessageId {
    MessageId([n; 16])
}

pub(crate) const fn grant_id(n: u8) -> GrantId {
    GrantId([n; 16])
}

#[expect(clippy::expect_used, reason = "fixed texts, each rendered by a test")]
pub(crate) fn partner_id(slug: &str) -> PartnerId {
    slug.parse().expect("a sample's id")
}

#[expect(clippy::expect_used, reason = "fixed texts, each rendered by a test")]
pub(crate) fn agreement_ref(text: &str) -> AgreementRef {
    text.parse().expect("a sample's reference")
}

pub(crate) fn mentions() -> FieldSet {
    FieldSet::of(&[model::Field::Ranking, model::Field::Mentions])
}
