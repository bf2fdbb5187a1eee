//! What a collector is told of a run.

#![expect(
    clippy::disallowed_methods,
    reason = "the collector is not the server: no lifecycle ends it"
)]

use std::collections::HashMap;

use axum::Router;
use axum::body::Bytes;
use axum::http::HeaderMap;
use axum::routing::post;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message as _;
use tokio::net::TcpListener;
use tokio::sync::mpsc;

use crate::support::TestApp;

/// A collector that takes what comes: its address, and the spans with the credential they came with.
async fn collector() -> (String, mpsc::UnboundedReceiver<(String, Vec<Span>)>) {
    let (told, spans) = mpsc::unbounded_channel();
    let take = async move |headers: HeaderMap, body: Bytes| {
        let request = ExportTraceServiceRequest::decode(body).unwrap();
        let scopes = request.resource_spans.into_iter();
        let spans = scopes
            .flat_map(|it| it.scope_spans)
            .flat_map(|it| it.spans)
            .collect();
        let credential = headers["x-credential"].to_str().unwrap().to_owned();
        told.send((credential, spans)).unwrap();
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let router = Router::new().route("/v1/traces", post(take));
    tokio::spawn(async move { axum::serve(listener, router).await });
    (address, spans)
}

#[tokio::test]
async fn a_run_is_one_trace_from_the_request_to_the_end() {
    let (address, mut told) = collector().await;
    let test = TestApp::spawn_with(|config| {
        config.traces.endpoint = Some(address.parse().unwrap());
        let credential = aideator::config::Secret::new("a-credential");
        config.traces.headers = vec![("x-credential".to_owned(), credential)];
    })
    .await;
    let (run, job) = test.running().await;
    test.cluster.print(&job, b"one");
    test.cluster.complete_pod(&job);
    run.events().await;

    let (credential, spans) = told.recv().await.unwrap();
    assert_eq!(credential, "a-credential");
    let id = u128::from_str_radix(run.id.trim_start_matches("run-"), 16).unwrap();
    let names: HashMap<&[u8], &str> = spans
        .iter()
        .map(|span| (span.span_id.as_slice(), span.name.as_str()))
        .collect();
    let mut tree: Vec<(&str, &str)> = spans
        .iter()
        .map(|span| {
            assert_eq!(span.trace_id, id.to_be_bytes());
            assert!(
                span.end_time_unix_nano >= span.start_time_unix_nano,
                "{span:?}"
            );
            let parent = names.get(span.parent_span_id.as_slice());
            (parent.copied().unwrap_or_default(), span.name.as_str())
        })
        .collect();
    tree.sort_unstable();
    tree.dedup();
    for edge in [
        ("", "run"),
        ("run", "attempt"),
        ("run", "kubectl apply"),
        ("attempt", "kubectl logs"),
        ("attempt", "apply"),
        ("attempt", "work"),
        ("attempt", "settle"),
    ] {
        assert!(tree.contains(&edge), "{edge:?} in {tree:?}");
    }
    assert_eq!(
        tree.iter().filter(|(parent, _)| parent.is_empty()).count(),
        1
    );
}
