//! Carrying a command out on an open platform.

use super::{Command, Format, Import, Line};
use anyhow::{Context, bail};
use app::mail::AppAccess;
use app::{App, Intake, Person, Progress};
use import::{Limits, Reader, facebook, redial};
use model::{AccountId, Participant};
use secrecy::SecretString;
use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;
use tokio::sync::mpsc;

/// Carries a command out; the text is what to print.
pub async fn run(app: &Arc<App>, command: Command, tell: mpsc::Sender<Line>) -> anyhow::Result<String> {
    match command {
        Command::AccountAdd { handle, name, password } => {
            let person = app.account_add(&handle, &name, &SecretString::from(password.0)).await?;
            Ok(format!("{} has an inbox: {}", person.handle, person.account))
        }
        Command::AccountErase { handle } => {
            // By its row alone: an erasure that was interrupted has destroyed the keys already.
            let account = app.account_named(&handle).await?;
            app.erase(account.with_context(|| format!("there is no account `{handle}`"))?)
                .await?;
            Ok(format!(
                "{handle} is erased. The ledger still verifies; what it says about {handle} can be read by nobody."
            ))
        }
        Command::AccountToken {
            handle,
            name,
            read_only,
        } => {
            let person = app.person_by_handle(&handle).await?;
            let person = person.with_context(|| format!("there is no account `{handle}`"))?;
            let access = if read_only { AppAccess::Read } else { AppAccess::Full };
            let (secret, _) = app.mail(person.account).await?.token_add(&name, access).await?;
            Ok(secret)
        }
        Command::PartnerAdd { partner } => {
            let partner: app::Partner = serde_json::from_value(partner).context("the partner's file")?;
            let id = partner.id.clone();
            app.partner_put(partner).await?;
            Ok(format!("The partner `{id}` is registered."))
        }
        Command::CataloguePut { partner, titles } => {
            if app.partner(&partner).is_none() {
                bail!("there is no partner `{partner}`");
            }
            let count = app.catalogue_put(&partner, titles).await?;
            Ok(format!("The catalogue of `{partner}` has {count} titles."))
        }
        Command::AgreementKey => Ok(app.agreement_verifying_key()),
        Command::AgreementSign { document } => Ok(app.agreement_sign(&document)?),
        Command::AgreementPublish { document } => {
            let published = app.agreement_publish(&document).await?;
            let reference = published.agreement.reference();
            Ok(format!(
                "`{reference}` is in force and public: entry {} of the ledger.",
                published.index
            ))
        }
        Command::LedgerKey => Ok(app.log_key().to_string()),
        Command::Reports => super::reports::list(app).await,
        Command::ReportTake {
            agreement,
            period,
            take,
        } => {
            let state = app.report_take(&agreement, period, take).await?;
            Ok(format!("The report of period {period} under `{agreement}` is {state}."))
        }
        Command::ReportExcuse { agreement, period } => {
            app.report_excuse(&agreement, period).await?;
            Ok(format!(
                "Nothing is owed for period {period} under `{agreement}` any more."
            ))
        }
        Command::ReportSeed { agreement, seed } => {
            let count = app.report_seed(&agreement, &seed).await?;
            Ok(format!("Noted: {count} in that period. The partner is not told."))
        }
        Command::Import(import) => run_import(app, import, tell).await,
    }
}

async fn run_import(app: &Arc<App>, import: Import, tell: mpsc::Sender<Line>) -> anyhow::Result<String> {
    let (reader, inboxes) = match import.format {
        Format::Redial => open_redial(app, &import).await?,
        Format::Facebook => open_facebook(app, &import).await?,
    };
    let intake = Intake {
        inboxes,
        export: fingerprint(&import)?,
    };
    let progress = Arc::new(move |p: Progress| {
        // A progress line that finds no room is dropped: the next one tells more.
        _ = tell.try_send(Line::Progress(p.bytes, p.total, p.messages));
    });
    let imported = app.import(reader, intake, progress).await?;
    Ok(format!(
        "{}\n{} added, {} known already",
        imported.summary, imported.added, imported.known
    ))
}

async fn open_redial(app: &Arc<App>, import: &Import) -> anyhow::Result<(Box<dyn Reader>, Vec<AccountId>)> {
    let mut people = HashMap::new();
    match &import.account {
        Some(handle) => {
            let person = person(app, handle).await?;
            let number = import.owner.as_ref().context("which worker is that? --owner NUMBER")?;
            let worker = number
                .parse::<i64>()
                .with_context(|| format!("`{number}` is not a worker's number"))?;
            people.insert(worker, participant(person));
        }
        None => {
            let csv = import.people.as_ref().context("name the people: --everyone CSV")?;
            let password = import.password.as_ref().context("no password for the inboxes")?;
            let text = std::fs::read(csv).with_context(|| format!("`{}`", csv.display()))?;
            for row in csv::Reader::from_reader(text.as_slice()).deserialize() {
                let (worker, handle, name): (i64, String, String) =
                    row.with_context(|| format!("`{}` has not the columns worker,handle,name", csv.display()))?;
                let person = match app.person_by_handle(&handle).await? {
                    Some(person) => person,
                    None => {
                        app.account_add(&handle, &name, &SecretString::from(password.0.as_str()))
                            .await?
                    }
                };
                people.insert(worker, participant(person));
            }
        }
    }
    let inboxes = people.values().map(|p: &Participant| p.account).collect();
    let known = Box::new(move |worker| people.get(&worker).cloned());
    Ok((
        Box::new(redial::Redial::open(&import.path, known, Limits::default())?),
        inboxes,
    ))
}

async fn open_facebook(app: &Arc<App>, import: &Import) -> anyhow::Result<(Box<dyn Reader>, Vec<AccountId>)> {
    let handle = import.account.as_ref().context("name the account: --account HANDLE")?;
    let account = person(app, handle).await?.account;
    let (path, owner) = (import.path.clone(), import.owner.clone());
    let opened = tokio::task::spawn_blocking(move || {
        let limits = Limits::default();
        let name = match owner {
            Some(name) => name,
            None => facebook::guess_owner(&path, &limits)?
                .context("whose export is it? name the owner as in its messages: --owner NAME")?,
        };
        Ok::<_, anyhow::Error>(facebook::Facebook::open(&path, Participant { account, name }, limits)?)
    });
    Ok((Box::new(opened.await??), vec![account]))
}

fn participant(person: Person) -> Participant {
    Participant {
        account: person.account,
        name: person.name,
    }
}

async fn person(app: &App, handle: &str) -> anyhow::Result<Person> {
    app.person_by_handle(handle)
        .await?
        .with_context(|| format!("there is no account `{handle}`"))
}

/// The same for the same bytes: path, size and time of change of a file; a folder's own time is not its files', so its path
/// and owner must do, and its parts are read again.
fn fingerprint(import: &Import) -> anyhow::Result<String> {
    let metadata = std::fs::metadata(&import.path).with_context(|| format!("`{}`", import.path.display()))?;
    let age = match metadata.is_file() {
        true => metadata
            .modified()?
            .duration_since(std::time::UNIX_EPOCH)
            .unwrap_or_default()
            .as_nanos(),
        false => u128::from_be_bytes(crate::outside::random()),
    };
    let who = import.account.as_deref().unwrap_or("everyone");
    Ok(format!(
        "{:?} {who} {} {} {age}",
        import.format,
        Path::display(&import.path),
        metadata.len()
    ))
}
