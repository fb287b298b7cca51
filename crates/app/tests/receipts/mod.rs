//! Finding a person's entries.

use crate::world::World;
use app::Error;

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
