//! Several processes on one store: one log, and withdrawals that hold in all of them.

use crate::world::World;
use app::{About, App, Denied, Error};
use model::{Choice, Field, FieldSet};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

async fn reads(app: &Arc<App>, token: &str, count: usize) -> Vec<u64> {
    let reads = (0..count).map(|_| {
        let (app, token) = (Arc::clone(app), token.to_owned());
        tokio::spawn(async move { World::read_from(&app, &token).await.unwrap().1.unwrap() })
    });
    let mut indices = Vec::new();
    for read in reads.collect::<Vec<_>>() {
        indices.push(read.await.unwrap());
    }
    indices
}

#[tokio::test(start_paused = true)]
async fn two_processes_write_one_log() {
    let (world, other) = World::shared().await;
    let tokens = world.connect(&[Field::Text]).await;
    let before = world.app.log_head().size;
    let mut indices = BTreeSet::new();
    for _ in 0..5 {
        let (here, there) = tokio::join!(reads(&world.app, &tokens.access, 20), reads(&other, &tokens.access, 20));
        indices.extend(here.into_iter().chain(there));
    }
    assert_eq!(
        indices,
        (before..before + 200).collect(),
        "each answer its own entry, none refused"
    );
    // Whoever did not write last looks how far the log is.
    tokio::time::sleep(Duration::from_secs(2)).await;
    for app in [&world.app, &other] {
        assert_eq!(app.log_head().size, before + 200);
        World::verify_all_of(app).await;
        let readings = app.readings(world.ana.account, None, 500).await.unwrap();
        assert!(
            readings.windows(2).all(|w| w[0].seq == w[1].seq + 1),
            "her own chain has no gap"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_withdrawal_holds_in_every_process_before_it_is_acknowledged() {
    let (world, other) = World::shared().await;
    let tokens = world.connect(&[Field::Text]).await;
    let all = Choice::Allow(FieldSet::ALL);
    world.app.say(world.ben.account, About::Everyone, all).await.unwrap();

    // Let in by the other process, and slow to leave.
    let slow = || {
        other.release(&tokens.access, "slow".into(), |_| {
            Box::pin(async { Ok(b"{}".to_vec()) })
        })
    };
    let (_, _, permit) = slow().await.unwrap().into_parts();
    assert!(!permit.is_cut());
    world
        .app
        .say(world.ben.account, About::Everyone, Choice::Withhold)
        .await
        .unwrap();
    assert!(permit.is_cut(), "her friend's messages can still leave");

    let (_, _, permit) = slow().await.unwrap().into_parts();
    world
        .app
        .grant_revoke(world.ana.account, tokens.grant.id)
        .await
        .unwrap();
    assert!(permit.is_cut(), "hers can still leave");
    let late = World::read_from(&other, &tokens.access).await;
    assert!(matches!(late, Err(Error::Denied(Denied::Grant(_)))));
}

#[tokio::test(start_paused = true)]
async fn what_was_foreseen_is_read_and_decided_anew() {
    let (world, other) = World::shared().await;
    let tokens = world.connect(&[Field::Text]).await;
    let say = async |choice| world.app.say(world.ben.account, About::Everyone, choice).await.unwrap();
    let remembering = async || World::read_from(&other, &tokens.access).await;
    let afresh = async || {
        let app = world.open_second_process().await;
        World::read_from(&app, &tokens.access).await.unwrap().0
    };
    // What it reads now, it expects to read again each time.
    say(Choice::Allow(FieldSet::ALL)).await;
    let first = remembering().await.unwrap().0;
    assert_eq!(remembering().await.unwrap().0, first);

    world.ana_writes(&["one more", "and another"]).await;
    let with_news = remembering().await.unwrap().0;
    assert!(with_news.contains("and another") && with_news != first);
    assert_eq!(with_news, afresh().await);

    say(Choice::Withhold).await;
    let withheld = remembering().await.unwrap().0;
    assert_ne!(withheld, with_news);
    assert_eq!(withheld, afresh().await);

    let (account, grant) = (world.ana.account, tokens.grant.id);
    world.app.grant_revoke(account, grant).await.unwrap();
    let late = remembering().await;
    assert!(matches!(late, Err(Error::Denied(Denied::Grant(_)))));
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_took_too_long_does_not_leave() {
    let (world, other) = World::shared().await;
    let tokens = world.connect(&[Field::Text]).await;
    let slow = other.release(&tokens.access, "slow".into(), |view| {
        Box::pin(async move {
            let state = view.state().await?;
            tokio::time::sleep(Duration::from_secs(4)).await;
            Ok(state.into_bytes())
        })
    });
    assert!(matches!(slow.await, Err(Error::Unavailable(_))));
}

#[tokio::test(start_paused = true)]
async fn what_one_process_changes_the_other_learns() {
    let (world, other) = World::shared().await;
    let tokens = world.connect(&[Field::Mentions]).await;
    let mentions = |answer: &str| answer.matches("title-heat").count();
    assert_eq!(mentions(&World::read_from(&other, &tokens.access).await.unwrap().0), 1);
    world.app.catalogue_put(&world.partner(), Vec::new()).await.unwrap();
    other.catch_up().await.unwrap();
    assert_eq!(mentions(&World::read_from(&other, &tokens.access).await.unwrap().0), 0);

    world.app.erase(world.ana.account).await.unwrap();
    other.catch_up().await.unwrap();
    assert!(
        other.readings(world.ana.account, None, 10).await.is_err(),
        "her keys are gone there too"
    );
}
