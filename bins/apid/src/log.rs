//! One event per request, and how long it took.

use std::time::Instant;

use actix_web::Error;
use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::middleware::Next;

use crate::problem::Code;
use crate::routes;

const SERVER_TIMING: HeaderName = HeaderName::from_static("server-timing");

/// Logs the request once it is answered; good answers to probes, which come every few seconds, only
/// at `debug`. Queries are left out: they may be long, and are the
/// asker's business.
pub(crate) async fn requests<B: MessageBody>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, Error> {
    let begun = Instant::now();
    let (method, path) = (request.method().clone(), request.path().to_owned());
    let is_probe = routes::is_probe(&path);
    let mut response = next.call(request).await?;
    let took_ms = (begun.elapsed().as_secs_f64() * 10_000.0).round() / 10.0;
    if let Ok(value) = HeaderValue::from_str(&format!("total;dur={took_ms}")) {
        response.headers_mut().insert(SERVER_TIMING, value);
    }
    let status = response.status().as_u16();
    let code = response
        .response()
        .extensions()
        .get::<Code>()
        .map(|code| code.0);
    if is_probe && status < 400 {
        tracing::debug!(%method, path, status, took_ms, "probe answered");
    } else {
        tracing::info!(%method, path, status, code, took_ms, "request answered");
    }
    Ok(response)
}
