//! Finding a person's entries, and all her receipts in one file.

use crate::world::World;
use app::Error;
use model::AccountId;
use tlog::chain::{self, Head, Part};
use tlog::{receipt, secret};

async fn file(world: &World, account: AccountId) -> String {
    let mut receipts = world.app.receipts_of_person(account).await.unwrap();
    let mut text = String::new();
    while let Some(piece) = receipts.next().await.unwrap() {
        text += &piece;
    }
    text
}

#[tokio::test]
async fn each_entry_is_found_by_its_index_and_only_by_whose_it_is() {
    let world = World::new().await;
    let (ana, ben) = (world.ana.account, world.ben.account);
    let (mut hers, mut his) = (Vec::new(), Vec::new());
    for n in 0..70_u32 {
        let (account, list) = if n % 3 == 1 { (ben, &mut his) } else { (ana, &mut hers) };
        list.push(world.app.pad(account).await.unwrap().index);
    }
    for (account, list) in [(ana, hers), (ben, his)] {
        for index in 0..world.app.log_head().size + 2 {
            let place = list.iter().position(|own| *own == index).map(|seq| seq as u64);
            match world.app.reading(account, index).await {
                Ok(reading) => assert_eq!((reading.index, Some(reading.seq)), (index, place)),
                Err(error) => assert!(matches!(error, Error::NotFound) && place.is_none(), "{index}: {error}"),
            }
        }
    }
}

#[tokio::test]
async fn a_file_of_receipts_has_them_all_under_one_checkpoint_with_the_tag_keys_of_each_period() {
    let world = World::new().await;
    let (ana, ben) = (world.ana.account, world.ben.account);
    for n in 0..120_u32 {
        world.app.pad(if n % 10 == 0 { ben } else { ana }).await.unwrap();
        world.clock.advance_days(1);
    }
    let text = file(&world, ana).await;
    let mut parts = chain::read(text.as_bytes()).map(Result::unwrap);
    let head = Head {
        made: world.app.now().unix_seconds().unsigned_abs(),
        size: world.app.log_head().size,
        entries: 108,
    };
    assert_eq!(parts.next(), Some(Part::Head(head)));
    let mut opened = Vec::new();
    let mut tags = std::collections::BTreeMap::new();
    for part in parts {
        match part {
            Part::Receipt(text) => opened.push(receipt::verify(&text, world.app.log_key()).unwrap()),
            Part::Tag(period, key) => _ = tags.insert(period, key),
            Part::Head(_) => panic!("two heads"),
        }
    }
    assert!(tags.len() >= 2, "{tags:?}");
    for (seq, opened) in (0..).zip(&opened) {
        assert_eq!(opened.private.as_ref().unwrap().seq, seq);
        assert_eq!(opened.checkpoint.size, head.size);
        let key = tags[&secret::period(opened.body.at_ms / 1000)];
        assert_eq!(opened.leaf.tag, secret::tag(&key, seq));
    }
    assert_eq!(opened.len(), 108);
    // Half a year without an entry: the keys of the time in between are there, so that nothing can hide in it; and the key of
    // the next period stays what it was said to be.
    let (last, next) = tags.last_key_value().unwrap();
    assert_eq!(*last, secret::period(head.made.cast_signed()) + 1);
    let next = chain::write_end([(*last, next)]).split_off("privity-receipts/end".len());
    world.clock.advance_days(200);
    let text = file(&world, ana).await;
    assert!(text.contains(&next), "{next}");
    for period in *last..=secret::period(world.app.now().unix_seconds()) {
        assert!(text.contains(&format!("\ntag {period} ")), "{period}");
    }
    // Nobody else's key is in it.
    let his = file(&world, ben).await;
    for line in his.lines().filter(|line| line.starts_with("tag ")) {
        assert!(!text.contains(line));
    }
}
