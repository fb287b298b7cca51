//! Filing a report over HTTP, and what everyone can see of it.

use crate::site::{Site, never_read};
use crate::world::{World, agreement, signed};
use axum::body::Body;
use axum::http::{Request, StatusCode};
use model::{Agreement, ReportDimensions};
use report::{Calendar, Counts, Domain, Head};
use serde_json::json;
use tlog::note::{SigningKey, VerifyingKey};

/// `films@2`, whose lists make a report, published; two weeks later.
async fn site() -> (Site, Agreement) {
    let site = Site::of(World::without_reports().await).await;
    let app = &site.world.app;
    let first = &app.published(&"films@1".parse().unwrap()).unwrap().agreement;
    let mut reporting = agreement(&first.platform.key, &first.partner.key);
    reporting.version = 2;
    reporting.report.dimensions = ReportDimensions {
        interface: vec!["tv".into(), "web".into()],
        initiation_surface: vec!["search".into()],
        variant: vec!["a".into()],
    };
    app.agreement_publish(&signed(app, &reporting)).await.unwrap();
    site.world.clock.advance_days(14);
    (site, reporting)
}

fn zip(agreement: &Agreement, sends: u64) -> Vec<u8> {
    let period = Calendar::of(agreement).unwrap().period(1).unwrap();
    let mut counts = Counts::new(Domain::of(agreement).unwrap(), period);
    let key = counts.domain().key(3, "tv", "search", "a", "platform").unwrap();
    let cell = counts.get_mut(&key).unwrap();
    (cell.sends, cell.unique_senders, cell.clicks, cell.unique_clickers) = (sends, 1, 3, 2);
    let head = Head {
        agreement: agreement.reference(),
        replaces: None,
        explanations: Vec::new(),
    };
    let key = SigningKey::generate("marquee.example/agreements", &[5; 32]).unwrap();
    report::build(&counts, &head, &key).unwrap()
}

fn filing(authorization: &str, query: &str, body: Body) -> Request<Body> {
    Request::builder()
        .method("POST")
        .uri(format!("/reports{query}"))
        .header("authorization", authorization)
        .body(body)
        .unwrap()
}

#[tokio::test]
async fn a_report_is_filed_once_and_everyone_sees_its_sums_and_its_proof_and_no_cell() {
    let (site, agreement) = site().await;
    let zip = zip(&agreement, 41);
    let file = async || {
        let bearer = format!("Bearer {}", site.assertion());
        site.send(filing(
            &bearer,
            "?agreement=films%402&period=1",
            Body::from(zip.clone()),
        ))
        .await
    };
    let before = site.world.entries().await;
    let filed = file().await;
    assert_eq!(filed.status, StatusCode::CREATED, "{}", filed.text);
    let told = filed.json();
    // Without counts of the platform it is no success, and is not called one.
    assert_eq!(
        (&told["verdict"], &told["duty"]["state"]),
        (&json!("not_compared"), &json!("not_compared"))
    );
    assert_eq!((&told["revision"], &told["totals"]["sends"]), (&json!(1), &json!(41)));
    let app = &site.world.app;
    let platform: VerifyingKey = app.agreement_verifying_key().parse().unwrap();
    let check = |text: &str| report::receipt::verify(text, app.log_key(), &platform, &report::hash(&zip)).unwrap();
    assert_eq!(
        check(told["receipt"].as_str().unwrap()).index,
        told["entry"].as_u64().unwrap()
    );

    let again = file().await;
    assert_eq!((again.status, &again.json()["hash"]), (StatusCode::OK, &told["hash"]));
    assert_eq!(site.world.entries().await, before + 1);

    let list = site.get("/register/films/2/reports", &[]).await;
    assert!(
        list.text.contains("Filed, not compared") && list.text.contains("41 sent, 3 clicks"),
        "{}",
        list.text
    );
    let page = site.get("/register/films/2/reports/1", &[]).await;
    assert!(
        page.text.contains("41 sent, 3 clicks") && page.text.contains("class=\"sent\""),
        "{}",
        page.text
    );
    let machines = site.get("/register/films/2/reports.json", &[]).await.json();
    assert_eq!(machines["periods"][0]["filed"][0]["sends"], 41);
    let everything = format!("{}{}{machines}", list.text, page.text);
    assert!(
        !everything.contains("unique"),
        "how many people a cell counts is not published"
    );
    check(&site.get("/register/films/2/reports/1/receipt", &[]).await.text);
    assert_eq!(
        site.get("/register/films/2/reports/9", &[]).await.status,
        StatusCode::NOT_FOUND
    );
    assert!(
        site.get("/register/films/1/reports", &[])
            .await
            .text
            .contains("No reports are owed.")
    );

    let calendar = site.get("/register/films/2/calendar.ics", &[]).await;
    assert_eq!(calendar.header("content-type"), "text/calendar; charset=utf-8");
    assert!(
        calendar.text.contains("UID:report-films-2-1@inbox.example\r\n"),
        "{}",
        calendar.text
    );

    let bearer = format!("Bearer {}", site.assertion());
    let mine = site.get("/partner/reports", &[("authorization", &bearer)]).await.json();
    let events = &mine["agreements"][1]["periods"][0]["events"];
    assert_eq!(events[0]["event"], "filed", "{mine}");
    assert_eq!(site.get("/partner/reports", &[]).await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_report_with_faults_is_refused_with_file_row_column_and_rule_and_nothing_is_kept() {
    let (site, agreement) = site().await;
    let before = site.world.entries().await;
    let send = async |query: &str, body: Vec<u8>| {
        let bearer = format!("Bearer {}", site.assertion());
        site.send(filing(&bearer, query, Body::from(body))).await
    };
    // Of period 1, and filed as of period 2.
    let wrong = send("?agreement=films@2&period=2", zip(&agreement, 41)).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(wrong.header("content-type"), "application/problem+json");
    let problem = wrong.json();
    assert_eq!(problem["type"], "urn:privity:problem:report_faults");
    let fault = &problem["faults"][0];
    assert_eq!((&fault["file"], &fault["row"]), (&json!("manifest.note"), &json!(3)));
    assert_eq!((&fault["column"], &fault["rule"]), (&json!("period"), &json!("period")));

    let large = send("", vec![b'x'; report::ZIP_LIMIT + 1]).await;
    assert_eq!(
        (large.status, &large.json()["faults"][0]["rule"]),
        (StatusCode::PAYLOAD_TOO_LARGE, &json!("zip-size"))
    );
    assert_eq!(
        send("?agreement=films@9", zip(&agreement, 1)).await.status,
        StatusCode::NOT_FOUND
    );
    assert_eq!(
        send("?agreement=films", zip(&agreement, 1)).await.status,
        StatusCode::BAD_REQUEST
    );
    assert_eq!(
        send("?agreement=films@1", zip(&agreement, 1)).await.status,
        StatusCode::BAD_REQUEST
    );
    assert_eq!(site.world.entries().await, before);

    // Nobody else's body is read.
    let unknown = site.send(filing("Bearer x", "", never_read())).await;
    assert_eq!(unknown.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_person_sees_that_nothing_is_read_while_a_report_is_owed() {
    let (site, _) = site().await;
    let token = site.connect().await;
    let (cookie, _) = site.sign_in("ana").await;
    let page = async || site.get("/allowances", &[("cookie", &cookie)]).await.text;
    assert!(!page().await.contains("has not handed in a report"));
    site.world.clock.advance_days(3);
    site.world.app.reports_remind().await.unwrap();
    let (cookie, _) = site.sign_in("ana").await;
    let page = site.get("/allowances", &[("cookie", &cookie)]).await.text;
    assert!(page.contains("has not handed in a report"), "{page}");
    // An hour old: the token is void, whatever else.
    assert!(!token.is_empty());
    let register = site.get("/register/films/1", &[]).await.text;
    assert!(register.contains("Suspended"), "{register}");
}
