//! The register: what is stored is checked, and publishing can be repeated.

use crate::world::{World, agreement, signed};
use app::{App, Error, Kind};
use model::{Agreement, AgreementRef, Field};
use store::{AgreementRow, Cas, Consent, Fault};

fn version(app: &App, version: u32) -> Agreement {
    let first = &app.published(&"films@1".parse().unwrap()).unwrap().agreement;
    Agreement {
        version,
        ..agreement(&first.platform.key, &first.partner.key)
    }
}

async fn entries_of(app: &App, reference: &AgreementRef) -> Vec<u64> {
    let entries = app.log_entries(0, 10_000).await.unwrap().into_iter();
    let names = format!("\"id\":\"{}\"", reference.id);
    let version = format!("\"version\":{},", reference.version);
    entries
        .filter(|(_, leaf, _)| leaf.kind == Kind::Public)
        .filter(|(_, _, public)| {
            let text = String::from_utf8_lossy(public);
            text.contains(&names) && text.contains(&version)
        })
        .map(|(index, ..)| index)
        .collect()
}

#[tokio::test]
async fn a_publication_that_was_interrupted_makes_one_entry_however_often_it_is_tried() {
    let second = "films@2".parse().unwrap();
    for method in ["ledger_commit", "agreement_publish"] {
        for fault in [Fault::Lost, Fault::Unsure, Fault::Kept] {
            for restarted in [false, true] {
                let world = World::new().await;
                let note = signed(&world.app, &version(&world.app, 2));
                world.fail(method, fault);
                assert!(world.app.agreement_publish(&note).await.is_err(), "{method} {fault:?}");
                // Whatever happens in between.
                world.app.pad(world.ana.account).await.unwrap();
                let app = match restarted {
                    true => world.open_second_process().await,
                    false => world.app.clone(),
                };
                let published = app.agreement_publish(&note).await.unwrap();
                let again = app.agreement_publish(&note).await.unwrap();
                assert_eq!(
                    entries_of(&app, &second).await,
                    [published.index],
                    "{method} {fault:?} {restarted}"
                );
                assert_eq!((again.index, again.note), (published.index, note));
                let app = world.open_second_process().await;
                assert_eq!(app.published(&second).unwrap().index, published.index);
            }
        }
    }
}

#[tokio::test]
async fn a_version_that_is_in_the_ledger_cannot_be_published_with_another_text() {
    let world = World::new().await;
    let entered = version(&world.app, 2);
    let other = Agreement {
        why: "To sell films".into(),
        ..entered.clone()
    };
    world.fail("agreement_publish", Fault::Lost);
    let note = signed(&world.app, &entered);
    assert!(world.app.agreement_publish(&note).await.is_err());
    let second = entered.reference();
    for _ in 0..2 {
        let refused = world.app.agreement_publish(&signed(&world.app, &other)).await;
        assert!(matches!(refused, Err(Error::Conflict(_))), "{refused:?}");
        assert_eq!(entries_of(&world.app, &second).await.len(), 1);
        // Also once it is in force.
        world.app.agreement_publish(&note).await.unwrap();
    }
}

#[tokio::test]
async fn a_stored_agreement_that_does_not_verify_is_not_in_force_and_nothing_else_suffers() {
    let world = World::new().await;
    let tokens = world.connect(&[Field::Text]).await;
    let first = world.app.published(&"films@1".parse().unwrap()).unwrap();
    let wide = version(&world.app, 1);
    let forged = |id: &str, note: &str, index: u64| {
        let body = serde_json::json!({"note": note, "index": index, "published_at": "2026-11-23T12:34:56Z"});
        AgreementRow {
            id: id.to_owned(),
            version: 1,
            body: body.to_string().into_bytes(),
        }
    };
    let named = |id: &str| Agreement {
        id: id.parse().unwrap(),
        ..wide.clone()
    };
    let unsigned = App::agreement_text(&named("unsigned")).unwrap();
    let changed = signed(&world.app, &named("changed")).replace("\"retention_days\":30", "\"retention_days\":99");
    let alone = world.app.agreement_sign(&App::agreement_text(&named("alone")).unwrap());
    let secret = signed(&world.app, &named("secret"));
    for row in [
        forged("unsigned", &unsigned, 0),
        forged("changed", &changed, 0),
        forged("alone", &alone.unwrap(), 0),
        // Signed by both, and never published; or said to be what is published.
        forged("secret", &secret, 0),
        forged("secret-2", &secret, 1_000),
        // Another agreement's row.
        forged("moved", &first.note, first.index),
        forged("junk", "junk", 0),
        AgreementRow {
            id: "damaged".into(),
            version: 1,
            body: b"{".to_vec(),
        },
    ] {
        assert_eq!(world.store().agreement_publish(row).await.unwrap(), Cas::Applied);
    }
    let app = world.open_second_process().await;
    let in_force: Vec<_> = app
        .agreements()
        .iter()
        .map(|p| p.agreement.reference().to_string())
        .collect();
    assert_eq!(in_force, ["films@1"]);
    World::read_from(&app, &tokens.access).await.unwrap();
}
