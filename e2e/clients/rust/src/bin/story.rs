//! A person's mail through jmap-client (crates.io): signs in, lists, reads, syncs, sends, is told. HOST, TOKEN, ME and OTHER
//! from the environment; with PARTNER set, only what a partner may. A JSON line per check.

use futures_util::StreamExt;
use jmap_client::DataType;
use jmap_client::client::{Client, Credentials};
use jmap_client::core::query::Filter;
use jmap_client::email::{self, EmailBodyPart, Property};
use jmap_client::event_source::PushNotification;
use jmap_client::mailbox::{self, Role};
use serde_json::json;
use std::error::Error;
use std::future::Future;
use std::process::ExitCode;
use std::time::Duration;

type Done = Result<(), Box<dyn Error>>;

const LETTER: &[u8] = b"From: someone@elsewhere.example\r\nTo: ana@inbox.example\r\nSubject: an old letter\r\n\r\nIt was here before.\r\n";

/// Who says what went well.
struct Checks {
    client: &'static str,
    failed: usize,
}

impl Checks {
    async fn check(&mut self, method: &str, section: &str, what: &str, run: impl Future<Output = Done>) {
        let mut line = json!({"client": self.client, "method": method, "section": section, "what": what, "ok": true});
        if let Err(error) = run.await {
            self.failed += 1;
            line["ok"] = false.into();
            line["why"] = error.to_string().into();
        }
        println!("{line}");
    }
}

fn so(is: bool, otherwise: &str) -> Done {
    if is { Ok(()) } else { Err(otherwise.into()) }
}

async fn connected() -> Result<Client, Box<dyn Error>> {
    let (host, token) = (std::env::var("HOST")?, std::env::var("TOKEN")?);
    let name = host.split(':').next().unwrap_or(&host).to_owned();
    Ok(Client::new()
        .credentials(Credentials::bearer(token))
        .follow_redirects([name])
        .connect(&format!("https://{host}"))
        .await?)
}

#[tokio::main]
async fn main() -> ExitCode {
    let is_partner = std::env::var_os("PARTNER").is_some();
    let mut checks = Checks {
        client: if is_partner { "jmap-client 0.4.3, partner" } else { "jmap-client 0.4.3" },
        failed: 0,
    };
    let client = match connected().await {
        Ok(client) => client,
        Err(error) => {
            checks.check("Session", "8620 2", "signs in", async { Err(error) }).await;
            return ExitCode::FAILURE;
        }
    };
    checks.check("Session", "8620 2", "signs in with a token", so_async(!client.default_account_id().is_empty())).await;
    checks.check("Email/query, Email/get", "8621 4.4", "lists and reads the newest threads", reads(&client)).await;
    checks.check("Email/changes", "8621 4.3", "syncs", syncs(&client, is_partner)).await;
    if !is_partner {
        checks.check("Mailbox/set", "8621 2.5", "makes, renames, moves and removes a folder", folders(&client)).await;
        checks.check("Email/import, Email/set", "8621 4.8", "imports, marks, moves and removes a letter", letters(&client)).await;
        checks.check("Blob upload and download", "8620 6", "uploads a blob, and gets it back", blobs(&client)).await;
        checks.check("Identity/set", "8621 6.3", "adds a name to write under, and takes it away", identities(&client)).await;
        checks.check("VacationResponse/set", "8621 8.2", "sets an away reply, and takes it back", away(&client)).await;
        checks.check("PushSubscription/set", "8620 7.2", "subscribes an address, which waits to be verified", subscribes(&client)).await;
        checks.check("EmailSubmission/set", "8621 7.5", "sends a letter, and its event source tells of it", sends(&client)).await;
    }
    if checks.failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

async fn so_async(is: bool) -> Done {
    so(is, "no account")
}

async fn mailbox(client: &Client, role: Role) -> Result<String, Box<dyn Error>> {
    let found = client.mailbox_query(mailbox::query::Filter::role(role).into(), None::<Vec<_>>).await?;
    found.ids().first().cloned().ok_or_else(|| "no such mailbox".into())
}

async fn reads(client: &Client) -> Done {
    let mut request = client.build();
    let query = request.query_email().sort([email::query::Comparator::received_at().descending()]).limit(5);
    query.arguments().collapse_threads(true);
    let found = query.result_reference();
    let get = request.get_email().ids_ref(found);
    get.arguments().fetch_text_body_values(true);
    let mut answers = request.send().await?.unwrap_method_responses();
    let mut emails = answers.pop().ok_or("no answer")?.unwrap_get_email()?;
    let emails = emails.take_list();
    so(!emails.is_empty(), "no messages")?;
    for email in &emails {
        let part = email.text_body().and_then(|parts| parts.first()).and_then(|part| part.part_id());
        let value = part.and_then(|part| email.body_value(part)).ok_or("no text")?;
        so(!value.value().trim().is_empty(), "an empty text")?;
        let thread = client.thread_get(email.thread_id().ok_or("no thread")?).await?.ok_or("no such thread")?;
        so(thread.email_ids().iter().any(|id| Some(id.as_str()) == email.id()), "it is not in its thread")?;
    }
    Ok(())
}

async fn email_state(client: &Client) -> Result<String, Box<dyn Error>> {
    let mut request = client.build();
    request.get_email().ids(Vec::<String>::new()).properties([Property::Id]);
    Ok(request.send_get_email().await?.take_state())
}

async fn syncs(client: &Client, is_partner: bool) -> Done {
    let state = email_state(client).await?;
    let nothing = client.email_changes(&state, None).await?;
    so(nothing.total_changes() == 0 && nothing.new_state() == state, "something changed by itself")?;
    if !is_partner {
        let inbox = mailbox(client, Role::Inbox).await?;
        let made = client.email_import(LETTER.to_vec(), [&inbox], None::<Vec<String>>, None).await?;
        let id = made.id().ok_or("no id")?;
        let changes = client.email_changes(&state, None).await?;
        so(changes.created().iter().any(|created| created == id), "what was imported is not among the changes")?;
        client.email_destroy(id).await?;
        let after = client.email_changes(changes.new_state(), None).await?;
        so(after.destroyed().iter().any(|gone| gone == id), "what was removed is not among the changes")?;
    }
    Ok(())
}

async fn folders(client: &Client) -> Done {
    let id = client.mailbox_create("From jmap-client", None::<String>, Role::None).await?.take_id();
    client.mailbox_rename(&id, "Still from jmap-client").await?;
    let inbox = mailbox(client, Role::Inbox).await?;
    client.mailbox_move(&id, inbox.clone().into()).await?;
    let there = client.mailbox_get(&id, None::<Vec<_>>).await?.ok_or("it is gone")?;
    so(there.name() == Some("Still from jmap-client") && there.parent_id() == Some(&inbox), "it was not changed")?;
    client.mailbox_destroy(&id, true).await?;
    so(client.mailbox_get(&id, None::<Vec<_>>).await?.is_none(), "it is still there")
}

async fn letters(client: &Client) -> Done {
    let (inbox, trash) = (mailbox(client, Role::Inbox).await?, mailbox(client, Role::Trash).await?);
    let made = client.email_import(LETTER.to_vec(), [&inbox], ["$draft"].into(), Some(1_600_000_000)).await?;
    let id = made.id().ok_or("no id")?.to_owned();
    let wanted = Filter::and([
        email::query::Filter::subject("old letter"),
        email::query::Filter::in_mailbox(&inbox),
        email::query::Filter::has_keyword("$draft"),
    ]);
    let found = client.email_query(wanted.into(), [email::query::Comparator::from()].into()).await?;
    so(found.ids() == [id.clone()], "it is not found")?;
    let properties = [Property::Subject, Property::Preview, Property::Keywords, Property::ReceivedAt];
    let read = client.email_get(&id, properties.into()).await?.ok_or("it is gone")?;
    so(read.preview() == Some("It was here before."), "another preview")?;
    so(read.received_at() == Some(1_600_000_000), "another time")?;
    client.email_set_keyword(&id, "$draft", false).await?;
    client.email_set_keywords(&id, ["$seen", "$important"]).await?;
    client.email_set_mailboxes(&id, [&trash]).await?;
    let read = client.email_get(&id, [Property::Keywords, Property::MailboxIds].into()).await?.ok_or("it is gone")?;
    so(read.keywords().len() == 2 && read.mailbox_ids() == [trash.as_str()], "it was not changed")?;
    client.email_destroy(&id).await?;
    so(client.email_get(&id, None::<Vec<_>>).await?.is_none(), "it is still there")
}

async fn blobs(client: &Client) -> Done {
    let blob = client.upload(None, LETTER.to_vec(), Some("message/rfc822")).await?.take_blob_id();
    so(client.download(&blob).await? == LETTER, "other bytes")?;
    let parsed = client.email_parse(&blob, [Property::Subject].into(), None::<Vec<_>>, None).await?;
    so(parsed.subject() == Some("an old letter"), "another subject")
}

async fn identities(client: &Client) -> Done {
    let made = client.identity_create("Ana at work", std::env::var("ME")?).await?;
    let id = made.id().ok_or("no id")?.to_owned();
    let there = client.identity_get(&id, None).await?.ok_or("it is gone")?;
    so(there.name() == Some("Ana at work"), "another name")?;
    Ok(client.identity_destroy(&id).await?)
}

async fn away(client: &Client) -> Done {
    client.vacation_response_enable("Away", Some("I am away"), None::<String>).await?;
    let there = client.vacation_response_get(None::<Vec<_>>).await?.ok_or("there is none")?;
    so(there.is_enabled() && there.text_body() == Some("I am away"), "it was not set")?;
    client.vacation_response_disable().await?;
    Ok(())
}

async fn subscribes(client: &Client) -> Done {
    let made = client.push_subscription_create("a device", "https://push.invalid/ana", None).await?;
    let id = made.id().ok_or("no id")?.to_owned();
    let wrong = client.push_subscription_verify(&id, "a guess").await;
    so(wrong.is_err(), "a guessed code was taken")?;
    client.push_subscription_update_types(&id, Some([DataType::Email])).await?;
    Ok(client.push_subscription_destroy(&id).await?)
}

async fn sends(client: &Client) -> Done {
    let (me, other) = (std::env::var("ME")?, std::env::var("OTHER")?);
    let (drafts, sent) = (mailbox(client, Role::Drafts).await?, mailbox(client, Role::Sent).await?);
    let types = [DataType::Email, DataType::EmailDelivery, DataType::Mailbox, DataType::EmailSubmission];
    let mut events = client.event_source(types.into(), false, 60.into(), None).await?;

    let mut request = client.build();
    request.get_identity();
    let identities = request.send_get_identity().await?;
    let identity = identities.list().iter().find(|i| i.email() == Some(me.as_str())).ok_or("no identity")?;
    let mut request = client.build();
    let draft = request.set_email().create();
    draft
        .mailbox_ids([&drafts])
        .keywords(["$draft"])
        .from([me.as_str()])
        .to([other.as_str()])
        .subject("a letter of jmap-client")
        .body_value("1".into(), "Have you seen Stalker?")
        .text_body(EmailBodyPart::new().part_id("1").content_type("text/plain"));
    let name = jmap_client::core::set::SetObject::create_id(draft).ok_or("no creation id")?;
    let submit = request.set_email_submission();
    let submission = submit.create().email_id(format!("#{name}")).identity_id(identity.id().ok_or("no id")?);
    let submission = jmap_client::core::set::SetObject::create_id(submission).ok_or("no creation id")?;
    submit
        .arguments()
        .on_success_update_email(&submission)
        .mailbox_ids([&sent])
        .keywords(["$seen"]);
    let mut answers = request.send().await?.unwrap_method_responses().into_iter();
    let id = answers.next().ok_or("no answer")?.unwrap_set_email()?.created(&name)?.take_id();
    answers.next().ok_or("no answer")?.unwrap_set_email_submission()?.created(&submission)?;
    let filed = client.email_get(&id, [Property::MailboxIds].into()).await?.ok_or("it is gone")?;
    so(filed.mailbox_ids() == [sent.as_str()], "it was not filed under sent")?;

    let told = async {
        while let Some(event) = events.next().await {
            if let PushNotification::StateChange(changes) = event?
                && let Some(changed) = changes.changes(client.default_account_id())
                && changed.into_iter().any(|(kind, _)| *kind == DataType::Email)
            {
                return Ok(());
            }
        }
        Err("the event source ended".into())
    };
    match tokio::time::timeout(Duration::from_secs(15), told).await {
        Ok(told) => told,
        Err(_) => Err("no event of the changed mail came within 15 seconds".into()),
    }
}
