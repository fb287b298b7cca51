//! What it costs that a partner reads a page: the whole way through the one door, on an engine.

use super::{Engine, Line, Operation};
use anyhow::{Context, ensure};
use app::view::{Selection, Start};
use app::{App, AuthorizationRequest, MasterKey, Partner, Tokens};
use model::{
    AccountId, Action, Agreement, Conversation, ConversationId, Conversations, Field, FieldSet, Message, MessageId,
    Participant, Purpose, Terms,
};
use secrecy::SecretString;
use serde_json::json;
use std::collections::BTreeMap;
use std::sync::Arc;
use tlog::note::{self, SigningKey};

const PAGE: usize = 50;

/// Pages of 50 with their text, each with its decision and its entry: for a token that was here before; with a message that
/// came meanwhile; for a token that was not.
pub async fn measure(engine: &Engine, times: u64) -> anyhow::Result<Vec<Line>> {
    let master = MasterKey::from_hex(&SecretString::from("11".repeat(32)))?;
    let store = Arc::clone(&engine.store);
    let app = App::open(
        "https://inbox.example".into(),
        store,
        None,
        master,
        privity::outside::real(),
    )
    .await?;
    let ana = app
        .account_add("ana", "Ana", &SecretString::from("a long password"))
        .await?
        .account;
    app.take_in(ana, &[conversation(ana)], &messages(ana, app.now()))
        .await?;
    app.take_in_done().await?;
    sign_up(&app).await?;
    let token = Arc::new(connect(&app, ana).await?.access);
    // Once before, so that what is kept in memory is there.
    ensure!(read(&app, &token).await?, "the page is empty");
    let again = |_| -> Operation {
        let (app, token) = (Arc::clone(&app), Arc::clone(&token));
        Box::pin(async move { read(&app, &token).await })
    };
    let mut lines = vec![engine.timed("page of 50 disclosed", times, &again).await?];
    let arrival = |n: u64| -> Operation {
        let app = Arc::clone(&app);
        let news = message(ana, app.now(), 20_000 + n.cast_signed());
        Box::pin(async move {
            app.take_in(ana, &[], &[news]).await?;
            app.take_in_done().await?;
            Ok(true)
        })
    };
    lines.push(
        engine
            .timed_after("page of 50 disclosed, one of them new", times, &arrival, &again)
            .await?,
    );
    let mut tokens = Vec::new();
    for _ in 0..times {
        tokens.push(Arc::new(connect(&app, ana).await?.access));
    }
    let first = |n: u64| -> Operation {
        let token = usize::try_from(n).ok().and_then(|n| tokens.get(n).cloned());
        let app = Arc::clone(&app);
        Box::pin(async move { read(&app, &token.context("no token")?).await })
    };
    lines.push(
        engine
            .timed("page of 50 disclosed, a token's first", times, &first)
            .await?,
    );
    Ok(lines)
}

/// Reads as JMAP does: the newest ids, then what is behind them.
async fn read(app: &App, token: &str) -> anyhow::Result<bool> {
    let released = app.release(token, "bench".into(), |view| {
        Box::pin(async move {
            let newest = Selection {
                accept: &|_| true,
                filtered: false,
                oldest_first: false,
                by: None,
                one_per_thread: false,
                start: Start::At(0),
                limit: PAGE,
            };
            let ids = view.query(&newest).await?.map(|found| found.ids).unwrap_or_default();
            let items = view.items(&ids).await?;
            Ok(items
                .into_iter()
                .flatten()
                .filter_map(|item| item.text)
                .collect::<String>()
                .into_bytes())
        })
    });
    let (body, entered, _permit) = released.await?.into_parts();
    Ok(entered.is_some() && body.len() > PAGE)
}

fn conversation(ana: AccountId) -> Conversation {
    Conversation {
        id: ConversationId([0xc0; 16]),
        name: None,
        participants: vec![Participant {
            account: ana,
            name: "Ana".into(),
        }],
        end_to_end: false,
    }
}

fn messages(ana: AccountId, now: model::Time) -> Vec<Message> {
    (0..200).map(|n| message(ana, now, n)).collect()
}

/// The `n`th: they are a second apart, and the 10,000th is now.
fn message(ana: AccountId, now: model::Time, n: i64) -> Message {
    let sent_at = now.plus_seconds(n - 10_000);
    Message {
        id: MessageId::timed(sent_at, [0x51; 16]),
        conversation: ConversationId([0xc0; 16]),
        author: ana,
        sent_at,
        text: format!("Message {n}: have you seen it? I watched it twice last week and would again."),
        attachments: vec![],
        via: None,
    }
}

async fn sign_up(app: &App) -> anyhow::Result<()> {
    let key = SigningKey::generate("marquee.example/agreements", &[5; 32])?;
    let client = json!({
        "redirect_uris": ["https://marquee.example/callback"],
        "jwks": {"keys": [{"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]},
    });
    app.partner_put(Partner {
        id: "marquee".parse()?,
        name: "Marquee".into(),
        website: "https://marquee.example".into(),
        agreement_key: key.verifying_key().to_string(),
        clients: BTreeMap::from([("marquee-web".parse()?, serde_json::from_value(client)?)]),
        title_link: None,
    })
    .await?;
    let draft = privity::draft::agreement_toml(&app.agreement_verifying_key(), app.now().plus_days(-1));
    let draft = draft.replace(
        "<the partner's public key: `privity key agreement NAME FILE` prints it>",
        &key.verifying_key().to_string(),
    );
    let draft = draft
        .replace(r#"fields = ["mentions"]"#, r#"fields = ["text"]"#)
        .replace("= 20000\n", "= 1000000\n")
        .replace("= 200\n", "= 10000\n");
    let draft: serde_json::Value = toml::from_str(&draft)?;
    let agreement = Agreement::parse(&draft.to_string())?;
    let text = App::agreement_text(&agreement)?;
    app.agreement_publish(&app.agreement_sign(&note::sign(&text, &[&key])?)?)
        .await?;
    Ok(())
}

async fn connect(app: &App, ana: AccountId) -> anyhow::Result<Tokens> {
    let (client, redirect) = ("marquee-web".parse()?, "https://marquee.example/callback");
    let terms = Terms {
        purpose: Purpose::Recommendations,
        actions: [Action::Read].into(),
        fields: FieldSet::of(&[Field::Text]),
        conversations: Conversations::All,
        until: app.now().plus_days(7),
    };
    let request = AuthorizationRequest {
        partner: "marquee".parse()?,
        client,
        agreement: "films@1".parse()?,
        terms,
        redirect_uri: redirect.into(),
        state: None,
        code_challenge: "c".into(),
    };
    let uri = app.authorization_push(&request).await?;
    let answer = app
        .authorization_answer(ana, &uri, &request.client, Some(request.terms.clone()))
        .await?;
    let code = answer.code.context("no code")?;
    Ok(app.code_redeem(&request.client, &code, redirect, "c").await?)
}
