//! `/metrics`, `/healthz`, `/readyz` and nothing else, over HTTP/1.1.

use std::{
    convert::Infallible,
    sync::{Arc, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use http_body_util::Full;
use hyper::{
    Method, Request, Response, StatusCode, body::Incoming, header, server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use prometheus_client::encoding::prometheus_text;
use tokio::{
    net::{TcpListener, TcpStream},
    sync::Semaphore,
    task::JoinSet,
};

use super::{Shown, health};

/// Scrapers are few. More of them wait.
const CONNECTIONS: usize = 16;
/// From the first byte to the last.
const PATIENCE: Duration = Duration::from_secs(10);
/// After an error of the listener, which is about one connection or about too many open files.
const PAUSE: Duration = Duration::from_millis(100);
const TEXT: &str = "text/plain; charset=utf-8";
const METRICS: &str = "text/plain; version=0.0.4; charset=utf-8";
const JSON: &str = "application/json";

pub(super) async fn serve(listener: TcpListener, shown: Arc<Shown>) {
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    let mut connections = JoinSet::new();
    loop {
        while connections.try_join_next().is_some() {}
        let Ok(place) = Arc::clone(&places).acquire_owned().await else {
            return;
        };
        match listener.accept().await {
            Ok((stream, _)) => {
                let shown = Arc::clone(&shown);
                connections.spawn(async move {
                    let _place = place;
                    converse(stream, shown).await;
                });
            }
            Err(error) => {
                tracing::debug!(%error, "a connection to the metrics was not accepted");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}

async fn converse(stream: TcpStream, shown: Arc<Shown>) {
    let answers = service_fn(move |request| {
        let shown = Arc::clone(&shown);
        async move { Ok::<_, Infallible>(answer(&request, &shown).await) }
    });
    let connection = http1::Builder::new()
        .keep_alive(false)
        .serve_connection(TokioIo::new(stream), answers);
    match tokio::time::timeout(PATIENCE, connection).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::debug!(%error, "a connection to the metrics broke off"),
        Err(_) => tracing::debug!("a connection to the metrics took too long"),
    }
}

async fn answer(request: &Request<Incoming>, shown: &Shown) -> Response<Full<Bytes>> {
    if ![Method::GET, Method::HEAD].contains(request.method()) {
        let mut refused = said(StatusCode::METHOD_NOT_ALLOWED, TEXT, "only GET and HEAD\n");
        let allowed = header::HeaderValue::from_static("GET, HEAD");
        refused.headers_mut().insert(header::ALLOW, allowed);
        return refused;
    }
    match request.uri().path() {
        "/metrics" => metrics(shown),
        "/healthz" => said(StatusCode::OK, JSON, r#"{"status":"ok"}"#),
        "/readyz" => readiness(shown).await,
        _ => {
            let paths = "there are /metrics, /healthz and /readyz\n";
            said(StatusCode::NOT_FOUND, TEXT, paths)
        }
    }
}

fn metrics(shown: &Shown) -> Response<Full<Bytes>> {
    let registry = shown
        .registry
        .read()
        .unwrap_or_else(PoisonError::into_inner);
    let mut text = String::new();
    match prometheus_text::encode(&mut text, &registry) {
        Ok(()) => said(StatusCode::OK, METRICS, text),
        Err(error) => {
            tracing::error!(%error, "the metrics cannot be written");
            said(
                StatusCode::INTERNAL_SERVER_ERROR,
                TEXT,
                "the log says more\n",
            )
        }
    }
}

async fn readiness(shown: &Shown) -> Response<Full<Bytes>> {
    let probe = Arc::clone(&shown.probe.read().unwrap_or_else(PoisonError::into_inner));
    let health = health::found(&probe).await;
    let status = match health.is_ready() {
        true => StatusCode::OK,
        false => StatusCode::SERVICE_UNAVAILABLE,
    };
    said(status, JSON, health.body().to_string())
}

fn said(status: StatusCode, kind: &'static str, text: impl Into<Bytes>) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(text.into()));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, header::HeaderValue::from_static(kind));
    let fresh = header::HeaderValue::from_static("no-store");
    headers.insert(header::CACHE_CONTROL, fresh);
    response
}
