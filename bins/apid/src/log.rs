//! One event per request, and how long it took.

use std::time::Instant;

use actix_web::Error;
use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::middleware::Next;

use crate::problem::Code;
use crate::telemetry::{self, InFlight, Rows};

const SERVER_TIMING: HeaderName = HeaderName::from_static("server-timing");

/// Logs the request once it is answered, and counts it. Queries are left out: they may be long, and are
/// the asker's business.
pub(crate) async fn requests<B: MessageBody>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, Error> {
    let begun = Instant::now();
    let (method, path) = (request.method().clone(), request.path().to_owned());
    let in_flight = InFlight::begin();
    let mut response = next.call(request).await?;
    drop(in_flight);
    let took = begun.elapsed();
    let took_ms = (took.as_secs_f64() * 10_000.0).round() / 10.0;
    if let Ok(value) = HeaderValue::from_str(&format!("total;dur={took_ms}")) {
        response.headers_mut().insert(SERVER_TIMING, value);
    }
    let status = response.status();
    let (code, rows) = {
        let told = response.response().extensions();
        let code = told.get::<Code>().map(|code| code.0);
        (code, told.get::<Rows>().map_or(0, |rows| rows.0))
    };
    let pattern = response.request().match_pattern();
    telemetry::answered(pattern.as_deref(), &method, status, rows, took);
    let status = status.as_u16();
    tracing::debug!(%method, path, status, code, rows, took_ms, "request answered");
    Ok(response)
}
