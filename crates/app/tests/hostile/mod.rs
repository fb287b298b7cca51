//! Partners who ask cleverly, people who click twice, and crashes in the middle.

use crate::world::World;
use app::view::{Selection, Since, Start};
use app::{About, Denied, Error, Event};
use model::{Choice, ConversationId, Field, FieldSet, GrantState, Title, TitleId};
use store::Messages as _;

const TEXT: Choice = Choice::Allow(FieldSet::ALL);

/// Every message whose text has this in it.
async fn count(world: &World, token: &str, needle: &'static str) -> Result<u64, Error> {
    let released = world.app.release(token, "r".into(), move |view| {
        Box::pin(async move {
            let selection = Selection {
                accept: &move |item| item.text.as_deref().is_some_and(|text| text.contains(needle)),
                filtered: true,
                oldest_first: false,
                by: None,
                one_per_thread: false,
                start: Start::At(0),
                limit: 0,
            };
            Ok(view.count(&selection).await?.0.to_string().into_bytes())
        })
    });
    let (body, _, _) = released.await?.into_parts();
    Ok(String::from_utf8(body).unwrap().parse().unwrap())
}

async fn changes(world: &World, token: &str, since: &str, limit: usize) -> Since {
    let (told, since) = (std::sync::Arc::new(std::sync::Mutex::new(None)), since.to_owned());
    let tell = told.clone();
    let released = world.app.release(token, "r".into(), move |view| {
        Box::pin(async move {
            let changes = view.changes(&since, limit).await?;
            *tell.lock().unwrap() = Some(changes);
            Ok(Vec::new())
        })
    });
    drop(released.await.unwrap());
    let changes = told.lock().unwrap().take();
    changes.unwrap()
}

async fn state(world: &World, token: &str) -> String {
    let released = world
        .app
        .release(token, "r".into(), |view| {
            Box::pin(async move { Ok(view.state().await?.into_bytes()) })
        })
        .await;
    String::from_utf8(released.unwrap().into_parts().0).unwrap()
}

#[tokio::test]
async fn a_withdrawal_that_could_not_be_entered_is_entered_when_it_is_asked_for_again() {
    let world = World::new().await;
    let tokens = world.connect(&[Field::Text]).await;
    let partner = About::Partner(world.partner());
    world.app.say(world.ben.account, partner.clone(), TEXT).await.unwrap();
    let before = world.entries().await;

    world.break_the_ledger(true);
    let withhold = || world.app.say(world.ben.account, partner.clone(), Choice::Withhold);
    assert!(withhold().await.is_err());
    assert!(withhold().await.is_err(), "it holds already, but is not entered");
    let revoke = || world.app.grant_revoke(world.ana.account, tokens.grant.id);
    assert!(revoke().await.is_err());
    assert!(revoke().await.is_err(), "it holds already, but is not entered");
    world.break_the_ledger(false);

    withhold().await.unwrap();
    // Looking at the page is as good as pressing once more.
    world.app.consent_settle(world.ana.account).await.unwrap();
    assert_eq!(world.entries().await, before + 2);
    let [last, ..] = &world.app.readings(world.ana.account, None, 10).await.unwrap()[..] else {
        panic!("no entry");
    };
    assert_eq!(last.event, Event::Revocation);

    withhold().await.unwrap();
    revoke().await.unwrap();
    world.app.consent_settle(world.ben.account).await.unwrap();
    assert_eq!(world.entries().await, before + 2, "entered once");
    let grant = world.app.grants(world.ana.account).await.unwrap().remove(0);
    assert_eq!((grant.state, grant.unentered), (GrantState::Revoked, None));
}

#[tokio::test(start_paused = true)]
async fn a_second_click_is_not_acknowledged_before_the_first_is_done() {
    let world = World::new().await;
    let tokens = world.connect(&[Field::Text]).await;
    world.app.say(world.ben.account, About::Everyone, TEXT).await.unwrap();
    let slow = world.app.release(&tokens.access, "r".into(), |view| {
        Box::pin(async move {
            let all = Selection {
                accept: &|_| true,
                filtered: false,
                oldest_first: false,
                by: None,
                one_per_thread: false,
                start: Start::At(0),
                limit: 10,
            };
            Ok(view.query(&all).await?.unwrap().ids.concat().into_bytes())
        })
    });
    let (_, _, permit) = slow.await.unwrap().into_parts();
    let withhold = || {
        let (app, ben) = (world.app.clone(), world.ben.account);
        tokio::spawn(async move { app.say(ben, About::Everyone, Choice::Withhold).await })
    };
    let first = withhold();
    tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    // The browser gives the first request up when the button is pressed again.
    first.abort();
    withhold().await.unwrap().unwrap();
    assert!(
        permit.is_cut(),
        "acknowledged while a slow reader was still being served"
    );
}

#[tokio::test]
async fn who_is_erased_withholds_what_she_wrote_to_others() {
    let world = World::new().await;
    let tokens = world.connect(&[Field::Text]).await;
    world.app.say(world.ben.account, About::Everyone, TEXT).await.unwrap();
    assert!(world.read(&tokens.access).await.unwrap().contains("msg from ben"));
    world.app.erase(world.ben.account).await.unwrap();
    assert!(!world.read(&tokens.access).await.unwrap().contains("msg from ben"));
    assert!(world.app.account_named("ben").await.unwrap().is_none());
}

#[tokio::test]
async fn a_partner_cannot_find_one_inboxs_messages_in_another() {
    let world = World::new().await;
    let ana = world.connect(&[Field::Text]).await;
    let ben = world.connect_for(&world.ben, &[Field::Text]).await;
    for person in [&world.ana, &world.ben] {
        world.app.say(person.account, About::Everyone, TEXT).await.unwrap();
    }
    let (ana, ben) = (
        world.read(&ana.access).await.unwrap(),
        world.read(&ben.access).await.unwrap(),
    );
    assert!(ana.contains("msg from ben") && ben.contains("msg from ben"));
    let ids = |answer: &str| -> Vec<String> {
        let items: Vec<Vec<serde_json::Value>> = serde_json::from_str(answer).unwrap();
        items
            .iter()
            .flat_map(|item| {
                [
                    item[0].as_str().unwrap().to_owned(),
                    item[1].as_str().unwrap().to_owned(),
                ]
            })
            .collect()
    };
    assert!(ids(&ana).iter().all(|id| !ids(&ben).contains(id)));
}

#[tokio::test]
async fn changes_come_together_and_no_state_can_be_made_up() {
    let world = World::new().await;
    let tokens = world.connect(&[Field::Mentions]).await;
    let before = state(&world, &tokens.access).await;
    world
        .ana_writes(&["the movie Heat (1995) again", "I loved the movie Alien (1979)"])
        .await;
    assert_eq!(
        changes(&world, &tokens.access, &before, 1).await,
        Since::CannotCalculate
    );
    let Since::Changes { created, more, .. } = changes(&world, &tokens.access, &before, 10).await else {
        panic!("not told");
    };
    assert_eq!((created.len(), more), (2, false));
    assert!(created.is_sorted());
    for made_up in ["0", "1-1-0-1", &format!("s{}", "0".repeat(32)), &before.to_uppercase()] {
        assert_eq!(
            changes(&world, &tokens.access, made_up, 10).await,
            Since::CannotCalculate
        );
    }
}

#[tokio::test]
async fn what_a_filter_counts_is_entered_as_told() {
    let world = World::new().await;
    let tokens = world.connect(&[Field::Text]).await;
    assert_eq!(count(&world, &tokens.access, "Heat").await.unwrap(), 1);
    let [last, ..] = &world.app.readings(world.ana.account, None, 10).await.unwrap()[..] else {
        panic!("no entry");
    };
    assert_eq!(last.messages, 1);
    assert_eq!(
        count(&world, &tokens.access, "Alien").await.unwrap(),
        0,
        "Ben wrote that"
    );
}

#[tokio::test]
async fn a_ceiling_is_no_oracle() {
    let world = World::limited(1).await;
    world.ana_writes(&["the movie Heat (1995) again"]).await;
    let tokens = world.connect(&[Field::Text]).await;
    let before = world.entries().await;
    // Two are too many: that this is refused tells that there are two, so it is entered.
    let refused = count(&world, &tokens.access, "Heat").await;
    assert!(matches!(
        refused,
        Err(Error::Denied(Denied::Ceiling("messages_per_person_per_day")))
    ));
    assert_eq!(world.entries().await, before + 1);
    // From now on everything is refused alike, whether there is something or not.
    for needle in ["Heat", "nothing like this"] {
        let refused = count(&world, &tokens.access, needle).await;
        assert!(matches!(refused, Err(Error::Denied(Denied::Ceiling(_)))), "{needle}");
    }
    assert_eq!(world.entries().await, before + 1);
}

#[tokio::test]
async fn a_state_moves_only_with_what_is_in_view() {
    let world = World::new().await;
    let (app, ana) = (&world.app, world.ana.account);
    let mut elsewhere = app.talk(ana, world.talk).await.unwrap().conversation;
    elsewhere.id = ConversationId([9; 16]);
    let token = world.connect_within(&[Field::Text], &[world.talk]).await.access;
    let first = state(&world, &token).await;
    // Withheld, in another conversation, and gone again; and says that are not about this partner, or not about this place.
    app.send(world.ben.account, world.talk, "withheld", "1").await.unwrap();
    app.take_in(ana, std::slice::from_ref(&elsewhere), &[]).await.unwrap();
    let outside = app.send(ana, elsewhere.id, "outside", "2").await.unwrap();
    assert_eq!(state(&world, &token).await, first);
    world
        .store()
        .messages_delete(ana.0, vec![outside.id.0, [2; 16]])
        .await
        .unwrap();
    let other = About::Partner("another".parse().unwrap());
    app.say(world.ben.account, other, TEXT).await.unwrap();
    let there = About::Conversation(world.partner(), elsewhere.id);
    app.say(world.ben.account, there, TEXT).await.unwrap();
    assert_eq!(state(&world, &token).await, first);
    let nothing = Since::Changes {
        created: vec![],
        destroyed: vec![],
        new_state: first.clone(),
        more: false,
    };
    assert_eq!(changes(&world, &token, &first, 10).await, nothing);
    // What was counted for the state was looked at on no one's behalf: it is not in the entry, and nobody is asked for it.
    let entry = &app.readings(ana, None, 1).await.unwrap()[0];
    assert_eq!(entry.messages, 0);

    // A message in view moves it, and so does a say, there and back; in another process it is the same.
    app.send(ana, world.talk, "hers", "3").await.unwrap();
    let second = state(&world, &token).await;
    assert_ne!(second, first);
    let here = About::Conversation(world.partner(), world.talk);
    app.say(world.ben.account, here.clone(), TEXT).await.unwrap();
    let third = state(&world, &token).await;
    assert!(third != second && third != first);
    assert_eq!(changes(&world, &token, &second, 10).await, Since::CannotCalculate);
    app.say(world.ben.account, here, Choice::Withhold).await.unwrap();
    assert_eq!(state(&world, &token).await, second);
    assert_eq!(changes(&world, &token, &third, 10).await, Since::CannotCalculate);
    // What she removes was in view: nobody can say any more what else it was.
    world.store().messages_delete(ana.0, vec![[1; 16]]).await.unwrap();
    assert_ne!(state(&world, &token).await, second);
    assert_eq!(changes(&world, &token, &second, 10).await, Since::CannotCalculate);
}

#[tokio::test]
async fn another_catalogue_is_another_view() {
    let world = World::new().await;
    world.ana_writes(&["the movie Alien (1979) again"]).await;
    let token = world.connect(&[Field::Mentions]).await.access;
    let before = state(&world, &token).await;
    let heat = Title {
        id: TitleId("heat".into()),
        title: "Heat".into(),
        year: Some(1995),
        aliases: vec![],
        genres: vec![],
        people: vec![],
    };
    world.app.catalogue_put(&world.partner(), vec![heat]).await.unwrap();
    assert_ne!(state(&world, &token).await, before);
    assert_eq!(changes(&world, &token, &before, 10).await, Since::CannotCalculate);
}
