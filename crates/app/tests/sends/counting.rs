//! What the platform counts of recommendations.

use super::*;

/// The link in what Ben got.
fn link(world: &World, message: &model::Message) -> String {
    let agreement = &message.via.as_ref().unwrap().agreement;
    world.app.link_token(message.id, agreement, message.sent_at)
}

#[tokio::test]
async fn sends_and_clicks_are_counted_by_interface_surface_variant_and_kind() {
    let (world, token, ben) = sending_world().await;
    for key in ["1", "2"] {
        send(&world.app, &token, Some(key), heat(&[&ben])).await.unwrap();
    }
    let mut elsewhere = heat(&[]);
    if let NewWhat::Recommendation {
        recipient_kind,
        interface,
        ..
    } = &mut elsewhere.what
    {
        *recipient_kind = RecipientKind::NonPlatform;
        "web".clone_into(interface);
    }
    send(&world.app, &token, Some("3"), elsewhere).await.unwrap();
    // A message that is no recommendation is none.
    send(&world.app, &token, Some("4"), text("hello", &[&ben]))
        .await
        .unwrap();
    // What is taken back was never sent.
    let undone = send(&world.app, &token, Some("5"), heat(&[&ben])).await.unwrap();
    ask(&world.app, &token, &undone.id, "cancel").await;
    deliver(&world).await;
    let got = of_ben(&world, "you would love it").await;
    assert_eq!(got.len(), 2);

    let first = link(&world, &got[0]);
    let followed = world.app.link_clicked(&first).await.unwrap();
    assert_eq!(
        followed.to,
        "https://marquee.example/title/title%2Dheat".replace("%2D", "-")
    );
    // The same click again, and again; then another, on the next day.
    for _ in 0..3 {
        world.clock.advance_seconds(9);
        world.app.link_clicked(&first).await.unwrap();
    }
    world.clock.advance_days(1);
    world.app.link_clicked(&first).await.unwrap();
    world.app.link_clicked(&link(&world, &got[1])).await.unwrap();
    // To look where it leads is no click.
    world.app.link_target(&first).await.unwrap();

    let counts = counts(&world).await;
    let cell = |day, interface, kind| {
        let key = counts.domain().key(day, interface, "post_play", "a", kind).unwrap();
        let m = counts.get(&key);
        (m.sends, m.unique_senders, m.clicks, m.unique_clickers)
    };
    assert_eq!(cell(0, "tv", "platform"), (2, 1, 1, 1));
    assert_eq!(cell(1, "tv", "platform"), (0, 0, 2, 1));
    assert_eq!(cell(0, "web", "non_platform"), (1, 1, 0, 0));
    let totals = counts.totals();
    assert_eq!((totals.sends, totals.clicks), (3, 3));
}

#[tokio::test]
async fn a_link_is_nobodys_to_guess_and_another_one_for_each_recipient() {
    let (world, token, ben) = sending_world().await;
    for key in ["1", "2"] {
        send(&world.app, &token, Some(key), heat(&[&ben])).await.unwrap();
    }
    deliver(&world).await;
    let got = of_ben(&world, "you would love it").await;
    let links: Vec<String> = got.iter().map(|m| link(&world, m)).collect();
    assert_eq!(links[0].len(), 43, "256 bits");
    let alike = links[0].bytes().zip(links[1].bytes()).filter(|(a, b)| a == b).count();
    assert!(alike < 12, "no part of it is the same in both: {links:?}");
    let mut forged = links[0].clone().into_bytes();
    for at in 0..forged.len() {
        let was = forged[at];
        forged[at] = if was == b'A' { b'B' } else { b'A' };
        let asked = world.app.link_clicked(std::str::from_utf8(&forged).unwrap()).await;
        // The last digit has bits that do not count; it is refused all the same.
        assert!(matches!(asked, Err(Error::NotFound)), "digit {at}");
        forged[at] = was;
    }
    for nothing in ["", "a", &"A".repeat(43), &"A".repeat(10_000)] {
        assert!(matches!(world.app.link_clicked(nothing).await, Err(Error::NotFound)));
    }
    // Both lead to the same address, so following one says nothing of who did.
    let to = world.app.link_target(&links[0]).await.unwrap().to;
    assert_eq!(to, world.app.link_target(&links[1]).await.unwrap().to);
    world.clock.advance_days(app::sends::LINK_DAYS);
    assert!(
        matches!(world.app.link_clicked(&links[0]).await, Err(Error::NotFound)),
        "too old"
    );
}

#[tokio::test]
async fn a_click_counts_once_whichever_write_fails_and_however_many_come_at_once() {
    for fault in [Fault::Lost, Fault::Unsure, Fault::Kept] {
        let (world, token, ben) = sending_world().await;
        send(&world.app, &token, None, heat(&[&ben])).await.unwrap();
        deliver(&world).await;
        let got = of_ben(&world, "you would love it").await.pop().unwrap();
        let link = link(&world, &got);
        world.fail("docs_write", fault);
        assert!(world.app.link_clicked(&link).await.is_err());
        // Whoever was not answered tries again.
        world.app.link_clicked(&link).await.unwrap();
        assert_eq!(counts(&world).await.totals().clicks, 1, "{fault:?}");
    }
    let (world, token, ben) = sending_world().await;
    let other = world.open_second_process().await;
    send(&other, &token, None, heat(&[&ben])).await.unwrap();
    world.clock.advance_seconds(30);
    other.deliver_due().await.unwrap();
    let got = of_ben(&world, "you would love it").await.pop().unwrap();
    let link = link(&world, &got);
    let clicks = (0..16).map(|n| {
        let (app, link) = (if n % 2 == 0 { world.app.clone() } else { other.clone() }, link.clone());
        tokio::spawn(async move { app.link_clicked(&link).await })
    });
    for click in clicks.collect::<Vec<_>>() {
        click.await.unwrap().unwrap();
    }
    let totals = counts(&world).await.totals();
    assert_eq!((totals.sends, totals.clicks, totals.unique_clickers), (1, 1, 1));
}

#[tokio::test]
async fn a_link_leads_only_to_what_the_partner_has_registered() {
    let world = World::new().await;
    let partner = (*world.app.partner(&world.partner()).unwrap()).clone();
    let title = |id: &str| model::TitleId(id.into());
    for (id, part) in [
        ("../../evil", "%2E%2E%2F%2E%2E%2Fevil"),
        ("@evil.example", "%40evil%2Eexample"),
        ("a?b#c\r\nd", "a%3Fb%23c%0D%0Ad"),
    ] {
        let to = partner.link_to(&title(id)).unwrap();
        assert_eq!(to, format!("https://marquee.example/title/{part}"));
    }
    for bad in [
        "https://{title}.example/",
        "https://marquee.example{title}",
        "http://marquee.example/{title}",
        "https://marquee.example/",
        "https://marquee.example/{title}/{title}",
        "https://marquee.example/{title}#{title}",
        "javascript:alert({title})",
    ] {
        let mut partner = partner.clone();
        partner.title_link = Some(bad.into());
        assert!(
            matches!(world.app.partner_put(partner).await, Err(Error::Invalid(_))),
            "{bad}"
        );
    }
}
