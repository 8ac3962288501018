//! What the API counts. Nothing is counted until somebody shows it: [`register`].
//!
//! Names and meanings are in `docs/METRICS.md`.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use actix_web::http::{Method, StatusCode};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;
use runtime::{Health, Probe};
use store::Store;

use crate::routes;

static METRICS: OnceLock<Metrics> = OnceLock::new();

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfRequest {
    route: &'static str,
    method: &'static str,
    status: u16,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfRoute {
    route: &'static str,
}

#[derive(Debug)]
struct Metrics {
    requests: Family<OfRequest, Counter>,
    seconds: Family<OfRoute, Histogram>,
    rows: Family<OfRoute, Counter>,
    in_flight: Gauge,
}

/// Counts requests from now on, of each route from zero, and shows the connections to the database.
pub fn register(registry: &mut Registry, store: &Store) {
    let metrics = METRICS.get_or_init(|| Metrics {
        requests: Family::default(),
        seconds: Family::new_with_constructor(seconds),
        rows: Family::default(),
        in_flight: Gauge::default(),
    });
    for route in routes::paths() {
        let (method, status) = ("GET", StatusCode::OK.as_u16());
        let request = OfRequest {
            route,
            method,
            status,
        };
        drop(metrics.requests.get_or_create(&request));
        drop(metrics.seconds.get_or_create(&OfRoute { route }));
        drop(metrics.rows.get_or_create(&OfRoute { route }));
    }
    registry.register(
        "crossfeed_http_requests",
        "Requests that the API answered",
        metrics.requests.clone(),
    );
    registry.register(
        "crossfeed_http_request_duration_seconds",
        "Time from a request to its answer",
        metrics.seconds.clone(),
    );
    registry.register(
        "crossfeed_http_answered_rows",
        "Rows of data in answers",
        metrics.rows.clone(),
    );
    registry.register(
        "crossfeed_http_requests_in_flight",
        "Requests that are being answered",
        metrics.in_flight.clone(),
    );
    store::telemetry::watch_pool(registry, store);
}

/// Returns what says whether the API can answer: database there, schema right.
pub fn readiness(store: Store) -> Probe {
    Arc::new(move || {
        let store = store.clone();
        Box::pin(async move { health(&store).await })
    })
}

async fn health(store: &Store) -> Health {
    if let Err(error) = store.check_schema().await {
        return Health::not_ready(routes::why_not_ready(&error));
    }
    match store.suspensions().await {
        Ok(rows) => Health {
            why_not: None,
            suspended: rows.iter().map(ToString::to_string).collect(),
            ..Health::default()
        },
        Err(error) => Health::not_ready(routes::why_not_ready(&error)),
    }
}

/// Up to the time after which the database gives a question up.
fn seconds() -> Histogram {
    Histogram::new([0.001, 0.005, 0.01, 0.05, 0.1, 0.25, 0.5, 1., 2.5, 5., 20.])
}

/// How many rows of data an answer holds. Travels with it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rows(pub(crate) usize);

/// A request under way, until it is dropped.
pub(crate) struct InFlight(());

impl InFlight {
    pub(crate) fn begin() -> Self {
        if let Some(metrics) = METRICS.get() {
            metrics.in_flight.inc();
        }
        Self(())
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        if let Some(metrics) = METRICS.get() {
            metrics.in_flight.dec();
        }
    }
}

/// Counts a request that was answered; `pattern` is the route that took it, if one did.
pub(crate) fn answered(
    pattern: Option<&str>,
    method: &Method,
    status: StatusCode,
    rows: usize,
    took: Duration,
) {
    let Some(metrics) = METRICS.get() else {
        return;
    };
    let route = routes::paths().find(|path| pattern == Some(path));
    let of = OfRoute {
        route: route.unwrap_or("unknown"),
    };
    // Anybody may make a method up.
    let method = match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        _ => "other",
    };
    let request = OfRequest {
        route: of.route,
        method,
        status: status.as_u16(),
    };
    metrics.requests.get_or_create(&request).inc();
    let seconds = metrics.seconds.get_or_create(&of);
    seconds.observe(took.as_secs_f64());
    if rows > 0 {
        let rows = u64::try_from(rows).unwrap_or(u64::MAX);
        metrics.rows.get_or_create(&of).inc_by(rows);
    }
}
