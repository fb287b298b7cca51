//! The three guarantees, on the use cases themselves.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]

mod hostile;
mod processes;
mod receipts;
mod register;
mod reports;
mod sends;
mod world;

use app::{About, Denied, Error};
use model::{Choice, Conversations, Field, FieldSet, Reason, Terms};
use std::sync::Arc;
use world::World;

/// Guarantee 1: nothing without a live grant.
mod nothing_without_a_live_grant {
    use super::*;

    #[tokio::test]
    async fn a_token_that_nobody_issued_opens_nothing() {
        let world = World::new().await;
        assert!(matches!(
            world.read("nonsense").await,
            Err(Error::Denied(Denied::Token))
        ));
        assert_eq!(world.entries().await, world.entries_before_reading);
    }

    #[tokio::test]
    async fn after_a_revocation_is_acknowledged_nothing_leaves() {
        let world = World::new().await;
        let tokens = world.connect(&[Field::Text]).await;
        assert!(world.read(&tokens.access).await.unwrap().contains("msg from ana"));
        world
            .app
            .grant_revoke(world.ana.account, tokens.grant.id)
            .await
            .unwrap();
        assert!(matches!(
            world.read(&tokens.access).await,
            Err(Error::Denied(Denied::Grant(Reason::Grant)))
        ));
        let refresh = world
            .app
            .refresh(&world.client(), tokens.refresh.as_deref().unwrap())
            .await;
        assert!(matches!(refresh, Err(Error::Denied(Denied::Token))));
        // Once more changes nothing and is no error.
        world
            .app
            .grant_revoke(world.ana.account, tokens.grant.id)
            .await
            .unwrap();
    }

    #[tokio::test]
    async fn a_grant_ends_with_its_time_and_with_its_agreement() {
        let world = World::new().await;
        let tokens = world.connect(&[Field::Text]).await;
        world.clock.advance_days(31);
        assert!(matches!(
            world.read(&tokens.access).await,
            Err(Error::Denied(Denied::Token))
        ));
    }

    #[tokio::test]
    async fn a_participant_who_has_not_agreed_is_not_disclosed_because_someone_else_has() {
        let world = World::new().await;
        let tokens = world.connect(&[Field::Text]).await;
        let answer = world.read(&tokens.access).await.unwrap();
        assert!(
            answer.contains("msg from ana") && !answer.contains("msg from ben"),
            "{answer}"
        );
        assert!(!answer.contains("Ben"), "not even his name: {answer}");

        let partner = world.partner();
        let mentions = Choice::Allow(FieldSet::of(&[Field::Text]));
        world
            .app
            .say(world.ben.account, About::Partner(partner.clone()), mentions)
            .await
            .unwrap();
        assert!(world.read(&tokens.access).await.unwrap().contains("msg from ben"));

        world
            .app
            .say(
                world.ben.account,
                About::Conversation(partner, world.talk),
                Choice::Withhold,
            )
            .await
            .unwrap();
        assert!(!world.read(&tokens.access).await.unwrap().contains("msg from ben"));
    }

    #[tokio::test]
    async fn under_mentions_no_text_no_name_and_no_exact_time_leaves() {
        let world = World::new().await;
        let tokens = world.connect(&[Field::Mentions]).await;
        let partner = world.partner();
        let mentions = Choice::Allow(FieldSet::of(&[Field::Mentions]));
        world
            .app
            .say(world.ben.account, About::Partner(partner), mentions)
            .await
            .unwrap();
        let answer = world.read(&tokens.access).await.unwrap();
        assert!(answer.contains("title-heat"), "{answer}");
        for secret in ["msg from", "Ana", "Ben", "12:34", &world.talk.to_string()] {
            assert!(!answer.contains(secret), "`{secret}` in {answer}");
        }
    }

    #[tokio::test]
    async fn narrowing_holds_at_once_and_widening_is_refused() {
        let world = World::new().await;
        let tokens = world.connect(&[Field::Text, Field::Mentions]).await;
        let narrower = Terms {
            fields: FieldSet::of(&[Field::Mentions]),
            ..tokens.grant.terms.clone()
        };
        world
            .app
            .grant_narrow(world.ana.account, tokens.grant.id, narrower.clone())
            .await
            .unwrap();
        let answer = world.read(&tokens.access).await.unwrap();
        assert!(
            answer.contains("title-heat") && !answer.contains("msg from ana"),
            "{answer}"
        );
        let nothing = Terms {
            conversations: Conversations::Only([].into()),
            ..narrower.clone()
        };
        world
            .app
            .grant_narrow(world.ana.account, tokens.grant.id, nothing)
            .await
            .unwrap();
        assert!(!world.read(&tokens.access).await.unwrap().contains("title-heat"));
        let wider = world
            .app
            .grant_narrow(world.ana.account, tokens.grant.id, narrower)
            .await;
        assert!(matches!(wider, Err(Error::Conflict(_))));
    }

    #[tokio::test]
    async fn what_is_wider_than_the_agreement_cannot_even_be_asked() {
        let world = World::new().await;
        let mut request = world.request(&[Field::Text]);
        request.terms.actions.insert(model::Action::Delete);
        assert!(matches!(
            world.app.authorization_push(&request).await,
            Err(Error::Denied(Denied::Terms(_)))
        ));
        let mut request = world.request(&[Field::Text]);
        request.agreement.version = 9;
        assert!(matches!(
            world.app.authorization_push(&request).await,
            Err(Error::Denied(Denied::Agreement))
        ));
        let mut request = world.request(&[Field::Text]);
        request.terms.until = request.terms.until.plus_days(10_000);
        assert!(matches!(
            world.app.authorization_push(&request).await,
            Err(Error::Denied(Denied::Terms(_)))
        ));
    }

    #[tokio::test]
    async fn a_code_counts_once_within_a_minute_for_its_client_and_verifier() {
        let world = World::new().await;
        let (client, redirect) = (world.client(), world.redirect());
        let code = world.code(&[Field::Text]).await;
        world.redeem(&code).await.unwrap();
        assert!(matches!(world.redeem(&code).await, Err(Error::Denied(Denied::Token))));
        let code = world.code(&[Field::Text]).await;
        assert!(world.app.code_redeem(&client, &code, &redirect, "wrong").await.is_err());
        let code = world.code(&[Field::Text]).await;
        assert!(
            world
                .app
                .code_redeem(&"someone-else".parse().unwrap(), &code, &redirect, "c")
                .await
                .is_err()
        );
        let code = world.code(&[Field::Text]).await;
        world.clock.advance_seconds(61);
        assert!(matches!(world.redeem(&code).await, Err(Error::Denied(Denied::Token))));
    }

    #[tokio::test]
    async fn a_counterparty_who_wants_to_be_asked_is_asked_once_and_her_answer_holds() {
        let world = World::new().await;
        world
            .app
            .say(world.ben.account, About::Everyone, Choice::Ask)
            .await
            .unwrap();
        let tokens = world.connect(&[Field::Text]).await;
        assert!(!world.read(&tokens.access).await.unwrap().contains("msg from ben"));
        let asks = world.app.asks(world.ben.account).await.unwrap();
        assert_eq!(asks.len(), 1);
        assert_eq!(asks[0].ask.asked_for, world.ana.account);
        let yes = Choice::Allow(FieldSet::of(&[Field::Text]));
        world
            .app
            .ask_answer(world.ben.account, asks[0].key, yes, false)
            .await
            .unwrap();
        assert!(world.read(&tokens.access).await.unwrap().contains("msg from ben"));
        assert!(world.app.asks(world.ben.account).await.unwrap().is_empty());
    }
}

/// Guarantee 2: nothing without an entry.
mod nothing_without_an_entry {
    use super::*;

    #[tokio::test]
    async fn each_answer_has_exactly_one_entry_and_it_is_there_when_the_answer_is() {
        let world = World::new().await;
        let tokens = world.connect(&[Field::Text]).await;
        for _ in 0..3 {
            let before = world.entries().await;
            let (_, index) = world.read_indexed(&tokens.access).await.unwrap();
            assert_eq!(world.entries().await, before + 1);
            assert_eq!(index, before);
        }
        let before = world.entries().await;
        world.echo(&tokens.access).await.unwrap();
        assert_eq!(world.entries().await, before, "what looks at nothing enters nothing");
    }

    #[tokio::test]
    async fn if_the_entry_cannot_be_written_nothing_leaves() {
        let world = World::new().await;
        let tokens = world.connect(&[Field::Text]).await;
        world.break_the_ledger(true);
        assert!(matches!(world.read(&tokens.access).await, Err(Error::Unavailable(_))));
        world.break_the_ledger(false);
        assert!(world.read(&tokens.access).await.unwrap().contains("msg from ana"));
        world.verify_everything().await;
    }

    #[tokio::test]
    async fn an_entry_whose_outcome_was_unknown_is_settled_before_the_next() {
        let world = World::new().await;
        let tokens = world.connect(&[Field::Text]).await;
        let before = world.entries().await;
        world.lose_the_ledgers_answer();
        assert!(matches!(world.read(&tokens.access).await, Err(Error::Unavailable(_))));
        // It was kept: an entry without an answer. The next one stands after it, and the log still verifies.
        let (_, index) = world.read_indexed(&tokens.access).await.unwrap();
        assert_eq!(index, before + 1);
        world.verify_everything().await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_commit_that_fails_under_load_takes_down_what_was_made_on_top_of_it_and_no_more() {
        let world = Arc::new(World::new().await);
        let tokens = world.connect(&[Field::Text]).await;
        let mut readers = tokio::task::JoinSet::new();
        for _ in 0..16 {
            let (world, token) = (Arc::clone(&world), tokens.access.clone());
            readers.spawn(async move {
                let mut indexes = Vec::new();
                for _ in 0..40 {
                    match world.read_indexed(&token).await {
                        Ok((_, index)) => indexes.push(index),
                        Err(Error::Unavailable(_)) => {}
                        Err(other) => panic!("{other}"),
                    }
                }
                indexes
            });
        }
        for n in 0..20 {
            tokio::time::sleep(std::time::Duration::from_millis(1)).await;
            match n % 2 {
                0 => world.lose_the_ledgers_answer(),
                _ => {
                    world.break_the_ledger(true);
                    tokio::time::sleep(std::time::Duration::from_millis(1)).await;
                    world.break_the_ledger(false);
                }
            }
        }
        let indexes: Vec<u64> = readers.join_all().await.into_iter().flatten().collect();
        let once: std::collections::BTreeSet<u64> = indexes.iter().copied().collect();
        assert_eq!(once.len(), indexes.len(), "two answers share an entry");
        assert!(
            !indexes.is_empty() && indexes.len() < 16 * 40,
            "{} answers",
            indexes.len()
        );
        for index in indexes {
            world.app.receipt_of_person(world.ana.account, index).await.unwrap();
        }
        world.verify_everything().await;
    }

    #[tokio::test]
    async fn an_older_process_that_lost_the_pen_discloses_nothing() {
        let world = World::new().await;
        let tokens = world.connect(&[Field::Text]).await;
        let second = world.open_second_process().await;
        assert!(matches!(world.read(&tokens.access).await, Err(Error::Unavailable(_))));
        assert!(
            World::read_from(&second, &tokens.access)
                .await
                .unwrap()
                .0
                .contains("msg from ana")
        );
        assert!(matches!(world.read(&tokens.access).await, Err(Error::Unavailable(_))));
    }
}

/// Guarantee 3: anyone can check.
mod anyone_can_check {
    use super::*;

    #[tokio::test]
    async fn the_persons_and_the_partners_receipt_verify_and_tell_what_they_may() {
        let world = World::new().await;
        let tokens = world.connect(&[Field::Text]).await;
        let (_, index) = world.read_indexed(&tokens.access).await.unwrap();
        let hers = world.app.receipt_of_person(world.ana.account, index).await.unwrap();
        let opened = tlog::receipt::verify(&hers, world.app.log_key()).unwrap();
        assert_eq!(
            (opened.index, opened.body.partner.as_str(), opened.body.messages),
            (index, "marquee", 1)
        );
        let private = opened.private.expect("she sees her own part");
        assert_eq!(private.withheld.iter().map(|(_, n)| n).sum::<u64>(), 1);

        let theirs = world.app.receipt_of_partner(&tokens.access, index).await.unwrap();
        let opened = tlog::receipt::verify(&theirs, world.app.log_key()).unwrap();
        assert!(
            opened.private.is_none(),
            "a partner's receipt tells nothing of other disclosures"
        );
        assert!(
            world.app.receipt_of_partner(&tokens.access, 0).await.is_err(),
            "not its entry"
        );
        assert!(
            world.app.receipt_of_person(world.ben.account, index).await.is_err(),
            "not his entry"
        );
    }

    #[tokio::test]
    async fn a_persons_entries_are_numbered_without_gaps_and_chained() {
        let world = World::new().await;
        let tokens = world.connect(&[Field::Text]).await;
        for _ in 0..5 {
            world.read(&tokens.access).await.unwrap();
        }
        let readings = world.app.readings(world.ana.account, None, 100).await.unwrap();
        let mut previous = [0u8; 32];
        for (seq, reading) in readings.iter().rev().enumerate() {
            assert_eq!(reading.seq, seq as u64);
            let receipt = world
                .app
                .receipt_of_person(world.ana.account, reading.index)
                .await
                .unwrap();
            let opened = tlog::receipt::verify(&receipt, world.app.log_key()).unwrap();
            assert_eq!(opened.private.unwrap().previous, previous);
            previous = opened.leaf.commit;
        }
        assert_eq!(readings.len(), 6);
    }

    #[tokio::test]
    async fn padding_rounds_the_number_of_entries_and_looks_like_any_other() {
        let world = World::new().await;
        let before = world.entries().await;
        world.connect(&[Field::Text]).await;
        assert!(!(world.entries().await - before).is_multiple_of(16));
        assert!(world.app.pad_up(before, 16).await.unwrap() > 0);
        assert!((world.entries().await - before).is_multiple_of(16));
        assert_eq!(world.app.pad_up(before, 16).await.unwrap(), 0);
        // Each is in the chain of whoever it was drawn for, and only there does it say what it is.
        let entered = world.app.pad(world.ana.account).await.unwrap();
        let hers = world
            .app
            .receipt_of_person(world.ana.account, entered.index)
            .await
            .unwrap();
        let opened = tlog::receipt::verify(&hers, world.app.log_key()).unwrap();
        assert_eq!(opened.body.event, tlog::body::Event::Padding);
        world.verify_everything().await;
    }

    #[tokio::test]
    async fn a_partner_can_compute_which_messages_its_receipt_speaks_of() {
        let world = World::new().await;
        let tokens = world.connect(&[Field::Text]).await;
        let about = About::Partner(world.partner());
        let text = Choice::Allow(FieldSet::of(&[Field::Text]));
        world.app.say(world.ben.account, about, text).await.unwrap();
        let (answer, index) = world.read_indexed(&tokens.access).await.unwrap();
        let theirs = world.app.receipt_of_partner(&tokens.access, index).await.unwrap();
        let opened = tlog::receipt::verify(&theirs, world.app.log_key()).unwrap();
        let answer: serde_json::Value = serde_json::from_str(&answer).unwrap();
        let mut ids: Vec<&str> = answer
            .as_array()
            .unwrap()
            .iter()
            .filter_map(|item| item[0].as_str())
            .collect();
        ids.sort_unstable();
        assert!(ids.len() > 1, "{answer}");
        assert_eq!(tlog::body::ids_root(ids), opened.body.ids_root);
    }

    #[tokio::test]
    async fn the_whole_log_verifies_from_its_public_files() {
        let world = World::new().await;
        let tokens = world.connect(&[Field::Text]).await;
        for _ in 0..300 {
            world.read(&tokens.access).await.unwrap();
        }
        world.verify_everything().await;
    }

    #[tokio::test]
    async fn erasing_a_person_leaves_a_log_that_verifies_and_nothing_to_read() {
        let world = World::new().await;
        let tokens = world.connect(&[Field::Text]).await;
        world.read(&tokens.access).await.unwrap();
        world.app.erase(world.ana.account).await.unwrap();
        world.app.erase(world.ana.account).await.unwrap();
        assert!(world.read(&tokens.access).await.is_err());
        assert!(world.app.messages_newest(world.ana.account, None, 10).await.is_err());
        assert!(world.app.readings(world.ana.account, None, 10).await.is_err());
        assert!(world.app.person_by_handle("ana").await.unwrap().is_none());
        world.verify_everything().await;
        // Ben keeps what was sent to him.
        assert_eq!(
            world
                .app
                .messages_newest(world.ben.account, None, 10)
                .await
                .unwrap()
                .len(),
            2
        );
    }

    #[tokio::test]
    async fn a_ledger_that_lost_published_entries_refuses_to_start() {
        let world = World::new().await;
        world.connect(&[Field::Text]).await;
        let anchored = world.app.log_head();
        let error = world.open_over_an_older_store(&anchored.checkpoint).await;
        assert!(error.contains("entries are lost"), "{error}");
    }
}
