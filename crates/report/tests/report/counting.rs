use crate::made::{counts, domain, period};
use report::events::{self, EventsFault, Summary};
use report::{Counts, Key, Measures, RecipientKind};

const HEADER: &str = "at,event,recommendation,person,interface,initiation_surface,variant,recipient_kind\n";

fn read(rows: &str) -> Result<(Counts, Summary), EventsFault> {
    events::read(format!("{HEADER}{rows}").as_bytes(), &domain(), &period())
}

fn tv(day: u16) -> Key {
    domain().key(day, "tv", "post_play", "a", "platform").unwrap()
}

#[test]
fn a_retry_a_double_click_and_a_stranger_day_are_counted_as_what_they_are() {
    assert_eq!(period().first.to_string(), "2027-11-15");
    let rows = "\
        2027-11-15T00:00:00Z,send,r1,ana,tv,post_play,a,platform\n\
        2027-11-15T00:00:05Z,send,r1,ana,tv,post_play,a,platform\n\
        2027-11-15T10:00:00Z,send,r2,ana,tv,post_play,a,platform\n\
        2027-11-15T23:59:59.999Z,send,r3,ben,tv,post_play,a,platform\n\
        2027-11-16T00:00:00Z,click,r1,cem,tv,post_play,a,platform\n\
        2027-11-16T00:00:29.999Z,click,r1,cem,tv,post_play,a,platform\n\
        2027-11-16T00:00:30Z,click,r1,cem,tv,post_play,a,platform\n\
        2027-11-16T00:00:31Z,click,r1,dia,tv,post_play,a,platform\n\
        2027-11-14T23:59:59Z,send,r4,ana,tv,post_play,a,platform\n\
        2027-11-29T00:00:00Z,click,r2,cem,tv,post_play,a,platform\n\
        2027-11-16T01:00:00+02:00,send,r5,ana,web,search,b,non_platform\n";
    let (counts, summary) = read(rows).unwrap();
    let cell = |sends, unique_senders, clicks, unique_clickers| Measures {
        sends,
        unique_senders,
        clicks,
        unique_clickers,
    };
    assert_eq!(counts.get(&tv(0)), cell(3, 2, 0, 0));
    assert_eq!(counts.get(&tv(1)), cell(0, 0, 3, 2));
    let web = domain().key(0, "web", "search", "b", "non_platform").unwrap();
    assert_eq!(counts.get(&web), cell(1, 1, 0, 0), "an offset is brought to UTC");
    assert_eq!(counts.totals(), cell(4, 3, 3, 2));
    let right = Summary {
        rows: 11,
        outside: 2,
        repeated_sends: 1,
        repeated_clicks: 1,
    };
    assert_eq!(summary, right);
}

#[test]
fn the_first_row_that_cannot_be_read_is_named() {
    let good = "2027-11-15T00:00:00Z,send,r1,ana,tv,post_play,a,platform\n";
    for (row, column) in [
        ("yesterday,send,r2,ana,tv,post_play,a,platform", "at"),
        ("2027-11-15T00:00:00Z,sent,r2,ana,tv,post_play,a,platform", "event"),
        (
            "2027-11-15T00:00:00Z,send,,ana,tv,post_play,a,platform",
            "recommendation",
        ),
        ("2027-11-15T00:00:00Z,send,r2,,tv,post_play,a,platform", "person"),
        (
            "2027-11-15T00:00:00Z,send,r2,ana,fridge,post_play,a,platform",
            "interface",
        ),
        (
            "2027-11-15T00:00:00Z,send,r2,ana,tv,details,a,platform",
            "initiation_surface",
        ),
        ("2027-11-15T00:00:00Z,send,r2,ana,tv,post_play,c,platform", "variant"),
        (
            "2027-11-15T00:00:00Z,send,r2,ana,tv,post_play,a,Platform",
            "recipient_kind",
        ),
        ("2030-01-01T00:00:00Z,send,r2,ana,tv,post_play,c,platform", "variant"),
    ] {
        match read(&format!("{good}{row}\n")) {
            Err(EventsFault::Cell {
                row: 3, column: found, ..
            }) => assert_eq!(found, column),
            other => panic!("{row}: {other:?}"),
        }
    }
    assert!(matches!(read("a,b\n"), Err(EventsFault::Csv(_))));
    let backwards = "2027-11-15T00:00:09Z,click,r1,cem,tv,post_play,a,platform\n\
                     2027-11-15T00:00:00Z,click,r1,cem,tv,post_play,a,platform\n";
    assert!(matches!(
        read(backwards),
        Err(EventsFault::Cell {
            row: 3,
            column: "at",
            ..
        })
    ));
    let header = events::read("at,event\n".as_bytes(), &domain(), &period());
    assert!(matches!(header, Err(EventsFault::Missing("recommendation"))));
}

#[test]
fn events_in_any_order_of_columns_make_the_same_counts() {
    let swapped = "event,at,person,recommendation,recipient_kind,variant,initiation_surface,interface,more\n\
                   send,2027-11-15T00:00:00Z,ana,r1,platform,a,post_play,tv,1\n";
    let (counts, _) = events::read(swapped.as_bytes(), &domain(), &period()).unwrap();
    assert_eq!(counts.get(&tv(0)).sends, 1);
}

#[test]
fn events_made_from_counts_are_counted_back() {
    let mut rows = String::new();
    for (key, cell) in counts().iter() {
        let [interface, surface, variant] = counts().domain().names(&key).map(str::to_owned);
        let day = period().first.plus(i32::from(key.day));
        let kind = match key.recipient_kind {
            RecipientKind::Platform => "platform",
            RecipientKind::NonPlatform => "non_platform",
        };
        for (event, acts, people) in [
            ("send", cell.sends, cell.unique_senders),
            ("click", cell.clicks, cell.unique_clickers),
        ] {
            for n in 0..acts {
                let person = n % people;
                rows += &format!(
                    "{day}T12:00:00Z,{event},{interface}{surface}{variant}{kind}{day}{n},p{person},{interface},{surface},{variant},{kind}\n"
                );
            }
        }
    }
    assert_eq!(read(&rows).unwrap().0, counts());
}
