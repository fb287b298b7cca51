//! Uploading a catalogue.

use crate::site::{Site, endless, never_read};
use axum::body::Body;
use axum::http::{Request, StatusCode};
use serde_json::json;

fn catalogue(authorization: &str, body: Body) -> Request<Body> {
    Request::builder()
        .method("PUT")
        .uri("/partner/catalogue")
        .header("authorization", authorization)
        .body(body)
        .unwrap()
}

#[tokio::test]
async fn a_catalogue_is_read_only_from_a_partner_and_from_two_at_a_time() {
    let site = Site::new().await;
    let unknown = site.send(catalogue("Bearer x", never_read())).await;
    assert_eq!(unknown.status, StatusCode::UNAUTHORIZED);

    let assertions: Vec<String> = (0..2).map(|_| format!("Bearer {}", site.assertion())).collect();
    let mut slow: Vec<_> = assertions
        .iter()
        .map(|assertion| Box::pin(site.send(catalogue(assertion, endless()))))
        .collect();
    for upload in &mut slow {
        // Far enough to have its place: it is known who it is, and the body does not come.
        let waiting = tokio::time::timeout(std::time::Duration::from_millis(300), upload).await;
        assert!(waiting.is_err());
    }
    let refused = site
        .send(catalogue(&format!("Bearer {}", site.assertion()), never_read()))
        .await;
    assert_eq!(refused.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(!refused.header("retry-after").is_empty());
    slow.pop();
    let body = Body::from("id,title\n1,Heat\n");
    let taken = site
        .send(catalogue(&format!("Bearer {}", site.assertion()), body))
        .await;
    assert_eq!((taken.status, taken.json()), (StatusCode::OK, json!({"titles": 1})));
}

#[tokio::test]
async fn a_catalogue_over_its_limit_is_refused() {
    let site = Site::new().await;
    let body = Body::from(vec![b'x'; web::catalogue::BYTES_LIMIT + 1]);
    let refused = site
        .send(catalogue(&format!("Bearer {}", site.assertion()), body))
        .await;
    assert_eq!(refused.status, StatusCode::PAYLOAD_TOO_LARGE);
}
