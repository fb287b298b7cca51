//! What a partner sends on Ana's behalf.

use crate::world::{self, World};
use app::sends::{Muted, NewDraft, NewWhat, SendRefused, Stage};
use app::{About, App, Denied, Error, Event};
use model::{Action, Choice, Field, FieldSet, MessageId, Reason};
use report::{Calendar, Counts, RecipientKind};
use store::Fault;

mod counting;

pub const SEND: [Action; 2] = [Action::Read, Action::Send];

/// What came of sending: the partner's name for it, and everything it was told, as one text.
pub struct Told {
    pub id: String,
    pub all: String,
}

pub async fn send(app: &App, token: &str, key: Option<&str>, new: NewDraft) -> Result<Told, Error> {
    let key = key.map(str::to_owned);
    let released = app
        .release_any(token, "r".into(), move |view| {
            Box::pin(async move {
                let sending = view.sending().await?.unwrap();
                let id = sending.draft_id(key.as_deref(), "c1").await?;
                let made = sending.create(id, &new).await?;
                let sent = match &made {
                    Ok(_) => Some(sending.submit(id, 0).await?),
                    Err(_) => None,
                };
                Ok(format!("{} {made:?} {sent:?}", sending.show(id)).into_bytes())
            })
        })
        .await?;
    let all = String::from_utf8(released.into_parts().0).unwrap();
    let id = all.split(' ').next().unwrap().to_owned();
    Ok(Told { id, all })
}

/// Asks for something else about one; what came of it.
pub async fn ask(app: &App, token: &str, id: &str, what: &'static str) -> String {
    let id = id.to_owned();
    let released = app
        .release_any(token, "r".into(), move |view| {
            Box::pin(async move {
                let sending = view.sending().await?.unwrap();
                let id = sending.read(&id).unwrap();
                let answer = match what {
                    "cancel" => format!("{:?}", sending.cancel(id).await?.map(|o| o.stage)),
                    "remove" => format!("{:?}", sending.remove(id).await?),
                    "stage" => format!("{:?}", sending.one(id).await?.map(|o| o.stage)),
                    "all" => format!("{:?}", sending.all().await?),
                    _ => panic!("{what}"),
                };
                Ok(answer.into_bytes())
            })
        })
        .await
        .unwrap();
    String::from_utf8(released.into_parts().0).unwrap()
}

pub fn text(says: &str, to: &[&str]) -> NewDraft {
    NewDraft {
        what: NewWhat::Text(says.to_owned()),
        to: to.iter().map(|a| (*a).to_owned()).collect(),
        answers: None,
    }
}

pub fn heat(to: &[&str]) -> NewDraft {
    NewDraft {
        what: NewWhat::Recommendation {
            title: "title-heat".into(),
            note: "you would love it".into(),
            interface: "tv".into(),
            initiation_surface: "post_play".into(),
            variant: "a".into(),
            recipient_kind: RecipientKind::Platform,
        },
        to: to.iter().map(|a| (*a).to_owned()).collect(),
        answers: None,
    }
}

/// The address under which Marquee knows Ben, who lets it know that he is there.
pub async fn bens_address(world: &World, token: &str) -> String {
    let allow = Choice::Allow(FieldSet::of(&[Field::Envelope]));
    world
        .app
        .say(world.ben.account, About::Partner(world.partner()), allow)
        .await
        .unwrap();
    let seen = world.read(token).await.unwrap();
    let (before, _) = seen.split_once(",\"Ben\"").unwrap();
    before.rsplit('"').nth(1).unwrap().to_owned()
}

/// A world in which Marquee may send for Ana, and its token, and Ben's address.
pub async fn sending_world() -> (World, String, String) {
    let world = World::new().await;
    let token = world.connect_to(&SEND, &[Field::Text]).await.access;
    let ben = bens_address(&world, &token).await;
    (world, token, ben)
}

/// Everything due is delivered.
pub async fn deliver(world: &World) -> usize {
    world.clock.advance_seconds(app::sends::UNDO_SECONDS);
    world.app.deliver_due().await.unwrap()
}

/// What Ben has of it, newest first.
pub async fn of_ben(world: &World, says: &str) -> Vec<model::Message> {
    let mut all = world.app.messages_newest(world.ben.account, None, 100).await.unwrap();
    all.retain(|m| m.text == says);
    all
}

async fn sent_entries(world: &World) -> Vec<app::Reading> {
    let mut all = world.app.readings(world.ana.account, None, 1_000).await.unwrap();
    all.retain(|r| r.event == Event::Sent);
    all
}

pub async fn counts(world: &World) -> Counts {
    let agreement = "films@1".parse().unwrap();
    let published = world.app.published(&agreement).unwrap().agreement;
    let period = Calendar::of(&published).unwrap().period(1).unwrap();
    world.app.platform_counts(&agreement, &period).await.unwrap()
}

#[tokio::test]
async fn what_a_partner_sends_is_entered_before_it_is_written_and_says_who_sent_it() {
    let (world, token, ben) = sending_world().await;
    let told = send(&world.app, &token, None, text("see you at eight", &[&ben]))
        .await
        .unwrap();
    assert!(
        of_ben(&world, "see you at eight").await.is_empty(),
        "it can still be taken back"
    );
    assert_eq!(world.app.deliver_due().await.unwrap(), 0);

    world.break_the_ledger(true);
    assert_eq!(deliver(&world).await, 0);
    assert!(
        of_ben(&world, "see you at eight").await.is_empty(),
        "no entry, no message"
    );
    world.break_the_ledger(false);
    // The claim of whoever failed is taken over after a minute.
    world.clock.advance_seconds(61);
    assert_eq!(world.app.deliver_due().await.unwrap(), 1);

    let got = of_ben(&world, "see you at eight").await;
    assert_eq!(got.len(), 1);
    assert_eq!((got[0].author, got[0].conversation), (world.ana.account, world.talk));
    assert_eq!(got[0].via.as_ref().unwrap().partner, world.partner());
    let entries = sent_entries(&world).await;
    assert_eq!(entries.len(), 1);
    assert_eq!(entries[0].told, [got[0].id]);
    assert_eq!(entries[0].partner, "marquee");
    assert!(ask(&world.app, &token, &told.id, "stage").await.contains("Sent"));
    // It can prove that it was entered.
    assert!(world.app.receipt_of_partner(&token, entries[0].index).await.is_ok());
    world.verify_everything().await;
}

#[tokio::test]
async fn the_same_send_again_is_the_same_message_also_in_another_process() {
    let (world, other) = World::shared().await;
    let token = world.connect_to(&SEND, &[Field::Text]).await.access;
    let ben = bens_address(&world, &token).await;
    let first = send(&world.app, &token, Some("k"), text("once", &[&ben]))
        .await
        .unwrap();
    let again = send(&world.app, &token, Some("k"), text("once", &[&ben]))
        .await
        .unwrap();
    let elsewhere = send(&other, &token, Some("k"), text("once", &[&ben])).await.unwrap();
    assert_eq!((&first.id, &first.id), (&again.id, &elsewhere.id));
    world.clock.advance_seconds(30);
    let (a, b) = tokio::join!(world.app.deliver_due(), other.deliver_due());
    assert_eq!(a.unwrap() + b.unwrap(), 1, "one of them delivers it");
    assert_eq!(of_ben(&world, "once").await.len(), 1);
    let late = send(&other, &token, Some("k"), text("once", &[&ben])).await.unwrap();
    assert_eq!(late.id, first.id);
    assert_eq!(sent_entries(&world).await.len(), 1);
    // After a day the name may be used again; under another name it is another message at once.
    let new = send(&world.app, &token, Some("l"), text("once", &[&ben]))
        .await
        .unwrap();
    assert_ne!(new.id, first.id);
    world.clock.advance_days(1);
    let token = world.connect_to(&SEND, &[Field::Text]).await.access;
    let tomorrow = send(&world.app, &token, Some("k"), text("once", &[&ben]))
        .await
        .unwrap();
    assert_ne!(tomorrow.id, first.id);
    let again = send(&other, &token, Some("k"), text("once", &[&ben])).await.unwrap();
    assert_eq!(again.id, tomorrow.id);
}

#[tokio::test]
async fn whichever_write_fails_a_send_happens_exactly_once() {
    for fault in [Fault::Lost, Fault::Unsure, Fault::Kept] {
        let mut number = 0;
        loop {
            let (world, token, ben) = sending_world().await;
            // The partner asks again until it is answered, the platform delivers until nothing is left.
            world.fail_at(number, fault);
            let mut answered = false;
            for _ in 0..4 {
                if !answered {
                    answered = send(&world.app, &token, Some("k"), heat(&[&ben])).await.is_ok();
                }
                world.clock.advance_seconds(91);
                // A failure of one is logged, of the list it is returned; then the process is started anew.
                let _outcome = world.app.deliver_due().await;
            }
            let struck = world.struck();
            world.mend();
            assert!(answered, "{fault:?} at {number}");
            assert_eq!(
                of_ben(&world, "you would love it").await.len(),
                1,
                "{fault:?} at {number}"
            );
            assert_eq!(sent_entries(&world).await.len(), 1, "{fault:?} at {number}");
            assert_eq!(counts(&world).await.totals().sends, 1, "{fault:?} at {number}");
            world.clock.advance_seconds(91);
            assert_eq!(
                world.app.deliver_due().await.unwrap(),
                0,
                "nothing is left: {fault:?} at {number}"
            );
            if !struck {
                assert!(number > 8, "it was not tried at every write");
                break;
            }
            number += 1;
        }
    }
}

#[tokio::test]
async fn who_mutes_gets_nothing_and_neither_partner_nor_sender_can_tell() {
    let mut seen = Vec::new();
    for muted in [None, Some("partner"), Some("person")] {
        let (world, token, ben) = sending_world().await;
        match muted {
            None => {}
            Some("partner") => {
                let whom = Muted::Partner(world.partner());
                world.app.mute(world.ben.account, &whom, true).await.unwrap();
            }
            Some(_) => {
                let whom = Muted::Person(world.ana.account);
                world.app.mute(world.ben.account, &whom, true).await.unwrap();
            }
        }
        let told = send(&world.app, &token, Some("k"), heat(&[&ben])).await.unwrap();
        assert_eq!(deliver(&world).await, 1);
        let stage = ask(&world.app, &token, &told.id, "stage").await;
        let sends = counts(&world).await.totals().sends;
        let hers = world.app.sent_in_my_name(world.ana.account).await.unwrap();
        let own = world.app.messages_newest(world.ana.account, None, 1).await.unwrap();
        let entries = sent_entries(&world).await.len();
        seen.push(format!(
            "{} {stage} {sends} {:?} {:?} {entries}",
            told.all, hers[0].to, own[0].text
        ));
        let got = of_ben(&world, "you would love it").await.len();
        assert_eq!(got, usize::from(muted.is_none()), "{muted:?}");
        // For good: also after a new start.
        let later = world.open_second_process().await;
        assert_eq!(
            later.mutes(world.ben.account).await.unwrap().partners.len(),
            usize::from(muted == Some("partner"))
        );
    }
    assert_eq!(seen[0], seen[1]);
    assert_eq!(seen[0], seen[2]);
}

#[tokio::test]
async fn who_blocks_a_person_gets_nothing_that_she_writes_by_hand_either() {
    let world = World::new().await;
    world.clock.advance_seconds(60);
    let whom = Muted::Person(world.ana.account);
    world.app.mute(world.ben.account, &whom, true).await.unwrap();
    let sent = world
        .app
        .send(world.ana.account, world.talk, "are you there?", "n")
        .await
        .unwrap();
    assert!(of_ben(&world, "are you there?").await.is_empty());
    let own = world.app.messages_newest(world.ana.account, None, 1).await.unwrap();
    assert_eq!(own[0].id, sent.id, "she sees it as ever");
    world.app.mute(world.ben.account, &whom, false).await.unwrap();
    world
        .app
        .send(world.ana.account, world.talk, "and now?", "m")
        .await
        .unwrap();
    assert_eq!(of_ben(&world, "and now?").await.len(), 1);
}

#[tokio::test]
async fn what_is_taken_back_in_time_is_never_sent_and_later_it_cannot_be() {
    let (world, token, ben) = sending_world().await;
    let told = send(&world.app, &token, None, text("oh no", &[&ben])).await.unwrap();
    world.clock.advance_seconds(29);
    assert!(ask(&world.app, &token, &told.id, "cancel").await.contains("Canceled"));
    assert_eq!(deliver(&world).await, 1, "struck off the list");
    assert!(of_ben(&world, "oh no").await.is_empty());
    assert!(sent_entries(&world).await.is_empty());

    let told = send(&world.app, &token, None, text("oh yes", &[&ben])).await.unwrap();
    world.clock.advance_seconds(30);
    assert_eq!(ask(&world.app, &token, &told.id, "cancel").await, "Err(TooLate)");
    // Delivery survives a new start.
    let later = world.open_second_process().await;
    assert_eq!(later.deliver_due().await.unwrap(), 1);
    assert_eq!(of_ben(&world, "oh yes").await.len(), 1);
    // She can take back what is sent in her name, too.
    send(&later, &token, None, text("not me", &[&ben])).await.unwrap();
    let hers = later.sent_in_my_name(world.ana.account).await.unwrap();
    let mine = hers.iter().find(|m| m.outgoing.text() == "not me").unwrap();
    later.undo(world.ana.account, mine.id).await.unwrap();
    world.clock.advance_seconds(60);
    later.deliver_due().await.unwrap();
    assert!(of_ben(&world, "not me").await.is_empty());
}

#[tokio::test]
async fn after_a_revocation_is_acknowledged_nothing_is_sent_in_her_name() {
    let world = World::new().await;
    let tokens = world.connect_to(&SEND, &[Field::Text]).await;
    let ben = bens_address(&world, &tokens.access).await;
    send(&world.app, &tokens.access, None, text("too late", &[&ben]))
        .await
        .unwrap();
    world
        .app
        .grant_revoke(world.ana.account, tokens.grant.id)
        .await
        .unwrap();
    deliver(&world).await;
    assert!(of_ben(&world, "too late").await.is_empty());
    assert!(sent_entries(&world).await.is_empty());
    let hers = world.app.sent_in_my_name(world.ana.account).await.unwrap();
    assert!(matches!(hers[0].outgoing.stage, Stage::Canceled { .. }));
    let again = send(&world.app, &tokens.access, None, text("really", &[&ben])).await;
    assert!(matches!(again, Err(Error::Denied(Denied::Grant(Reason::Grant)))));
}

#[tokio::test]
async fn reading_sending_and_deleting_are_allowed_one_by_one() {
    let world = World::new().await;
    // Who may only read sends nothing.
    let reader = world.connect(&[Field::Text]).await.access;
    let ben = bens_address(&world, &reader).await;
    let told = send(&world.app, &reader, None, text("hello", &[&ben])).await.unwrap();
    assert!(
        told.all
            .contains(&format!("{:?}", SendRefused::Forbidden(Reason::Action))),
        "{}",
        told.all
    );
    // Who may only send reads nothing, not even whether there is anything.
    let sender = world.connect_to(&[Action::Send], &[Field::Text]).await.access;
    assert!(matches!(
        world.read(&sender).await,
        Err(Error::Denied(Denied::Grant(Reason::Action)))
    ));
    let state = world
        .app
        .release_any(&sender, "r".into(), |view| {
            Box::pin(async { Ok(view.state().await?.into_bytes()) })
        })
        .await;
    assert!(matches!(state, Err(Error::Denied(Denied::Grant(Reason::Action)))));
    let told = send(&world.app, &sender, None, text("hello", &[&ben])).await.unwrap();
    deliver(&world).await;
    assert_eq!(of_ben(&world, "hello").await.len(), 1);
    // And it deletes nothing, not even that.
    assert_eq!(
        ask(&world.app, &sender, &told.id, "remove").await,
        "Err(Forbidden(Action))"
    );
}

#[tokio::test]
async fn a_partner_removes_from_her_inbox_what_it_sent_and_nothing_else() {
    let world = World::new().await;
    let first = world.app.published(&"films@1".parse().unwrap()).unwrap().agreement;
    let mut wider = world::agreement(&first.platform.key, &first.partner.key);
    wider.version = 2;
    wider.actions = [Action::Read, Action::Send, Action::Delete].into();
    world
        .app
        .agreement_publish(&world::signed(&world.app, &wider))
        .await
        .unwrap();
    let mut request = world.request(&[Field::Text]);
    request.agreement = "films@2".parse().unwrap();
    request.terms.actions = [Action::Read, Action::Send, Action::Delete].into();
    let token = world.connect_as(request).await.access;
    let ben = bens_address(&world, &token).await;
    let told = send(&world.app, &token, None, text("a slip", &[&ben])).await.unwrap();
    assert_eq!(
        ask(&world.app, &token, &told.id, "remove").await,
        "Err(TooLate)",
        "it has not left"
    );
    deliver(&world).await;
    let before = world
        .app
        .messages_newest(world.ana.account, None, 100)
        .await
        .unwrap()
        .len();
    assert_eq!(ask(&world.app, &token, &told.id, "remove").await, "Ok(())");
    let after = world.app.messages_newest(world.ana.account, None, 100).await.unwrap();
    assert_eq!(after.len(), before - 1);
    assert!(after.iter().all(|m| m.text != "a slip"));
    assert_eq!(of_ben(&world, "a slip").await.len(), 1, "what Ben got is his");
    let last = &world.app.readings(world.ana.account, None, 1).await.unwrap()[0];
    assert_eq!((last.event, last.messages), (Event::Removal, 1));
    assert_eq!(ask(&world.app, &token, &told.id, "remove").await, "Err(NotFound)");
}

#[tokio::test]
async fn only_people_a_partner_was_shown_can_be_written_to_and_only_where_the_grant_reaches() {
    let (world, token, ben) = sending_world().await;
    let mut forged = ben.clone();
    let last = forged.pop().unwrap();
    forged.push(if last == '0' { '1' } else { '0' });
    for nobody in [forged.as_str(), "someone", "", "p00", &world.ben.account.to_string()] {
        let told = send(&world.app, &token, None, text("hello", &[nobody])).await.unwrap();
        assert!(told.all.contains("InvalidRecipients"), "{}", told.all);
    }
    let told = send(&world.app, &token, None, text("hello", &[])).await.unwrap();
    assert!(told.all.contains("NoRecipients"), "{}", told.all);
    let mut elsewhere = heat(&[&ben]);
    if let NewWhat::Recommendation { variant, .. } = &mut elsewhere.what {
        *variant = "c".into();
    }
    let told = send(&world.app, &token, None, elsewhere).await.unwrap();
    assert!(told.all.contains("recommendation/variant"), "{}", told.all);
    let mut unknown = heat(&[&ben]);
    if let NewWhat::Recommendation { title, .. } = &mut unknown.what {
        *title = "https://evil.example".into();
    }
    let told = send(&world.app, &token, None, unknown).await.unwrap();
    assert!(told.all.contains("recommendation/title"), "{}", told.all);

    let mut narrow = world.request(&[Field::Text]);
    narrow.terms.actions = SEND.into();
    let asked = narrow.clone();
    narrow.terms.conversations = model::Conversations::Only([].into());
    let token = world.connect_with(asked, narrow.terms).await.access;
    let told = send(&world.app, &token, None, text("hello", &[&ben])).await.unwrap();
    assert!(told.all.contains("Forbidden(Conversation)"), "{}", told.all);
    assert_eq!(
        world.app.sent_in_my_name(world.ana.account).await.unwrap().len(),
        1,
        "the one to nobody"
    );
}

#[tokio::test]
async fn a_day_has_so_many_recipients_and_no_more_whatever_was_taken_back_or_asked_for_twice() {
    let (world, token, ben) = sending_world().await;
    for n in 0..5 {
        let name = format!("k{n}");
        for _ in 0..2 {
            let told = send(&world.app, &token, Some(&name), text("again", &[&ben]))
                .await
                .unwrap();
            assert!(told.all.contains("Waiting"), "{}", told.all);
        }
    }
    let full = send(&world.app, &token, None, text("one more", &[&ben])).await.unwrap();
    assert!(full.all.contains("DayIsFull { most: 5, again_in: "), "{}", full.all);
    let other_process = world.open_second_process().await;
    let full = send(&other_process, &token, None, text("one more", &[&ben]))
        .await
        .unwrap();
    assert!(
        full.all.contains("DayIsFull"),
        "a new start does not begin the day afresh"
    );
    let one = ask(&other_process, &token, &full.id, "all").await;
    assert!(one.contains("Draft"), "what was not sent is still there");
    let hers = other_process.sent_in_my_name(world.ana.account).await.unwrap();
    let waiting = hers
        .iter()
        .find(|m| matches!(m.outgoing.stage, Stage::Waiting { .. }))
        .unwrap();
    other_process.undo(world.ana.account, waiting.id).await.unwrap();
    let now = send(&other_process, &token, None, text("one more", &[&ben]))
        .await
        .unwrap();
    assert!(now.all.contains("Waiting"), "{}", now.all);
    world.clock.advance_seconds(60);
    other_process.deliver_due().await.unwrap();
    assert_eq!(
        of_ben(&world, "again").await.len() + of_ben(&world, "one more").await.len(),
        5
    );
}

#[tokio::test]
async fn a_message_that_is_reported_reaches_the_operator_once() {
    let (world, token, ben) = sending_world().await;
    send(&world.app, &token, None, heat(&[&ben])).await.unwrap();
    deliver(&world).await;
    let got = of_ben(&world, "you would love it").await.pop().unwrap();
    for _ in 0..2 {
        world.app.report_message(world.ben.account, got.id).await.unwrap();
    }
    let reported = world.app.reported().await.unwrap();
    assert_eq!(reported.len(), 1);
    assert_eq!(reported[0].title.as_deref(), Some("Heat"));
    let mine = world.app.report_message(world.ana.account, got.id).await;
    assert!(matches!(mine, Err(Error::NotFound)));
    let unknown = world.app.report_message(world.ben.account, MessageId([1; 16])).await;
    assert!(matches!(unknown, Err(Error::NotFound)), "not what a partner sent");
}
