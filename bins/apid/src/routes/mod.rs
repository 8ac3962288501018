//! One file a route.

mod health;
mod latest;
mod root;
mod sources;
mod time_series;

use actix_web::web::{self, ServiceConfig};
use actix_web::{Handler, HttpRequest, Responder};
use query::Suggestion;
use serde::Serialize;

use crate::params::Params;
use crate::problem::HttpProblem;
use crate::telemetry::Rows;

/// A path and what it answers.
struct Endpoint {
    path: &'static str,
    about: &'static str,
}

const ENDPOINTS: [&Endpoint; 6] = [
    &root::ENDPOINT,
    &sources::ENDPOINT,
    &latest::ENDPOINT,
    &time_series::ENDPOINT,
    &health::ALIVE,
    &health::READY,
];

pub(crate) fn answers(config: &mut ServiceConfig) {
    get(config, &root::ENDPOINT, root::get);
    get(config, &sources::ENDPOINT, sources::get);
    get(config, &latest::ENDPOINT, latest::get);
    get(config, &time_series::ENDPOINT, time_series::get);
}

pub(crate) fn probes(config: &mut ServiceConfig) {
    get(config, &health::ALIVE, health::alive);
    get(config, &health::READY, health::ready);
}

/// Returns the paths of all routes.
pub(crate) fn paths() -> impl Iterator<Item = &'static str> {
    ENDPOINTS.iter().map(|endpoint| endpoint.path)
}

fn get<F, Args>(config: &mut ServiceConfig, endpoint: &Endpoint, handler: F)
where
    F: Handler<Args>,
    Args: actix_web::FromRequest + 'static,
    F::Output: Responder + 'static,
{
    config.service(
        web::resource(endpoint.path)
            .route(web::get().to(handler.clone()))
            .route(web::head().to(handler))
            .default_service(web::to(wrong_method)),
    );
}

async fn wrong_method(request: HttpRequest) -> Result<String, HttpProblem> {
    Err(HttpProblem::method_not_allowed().at(request.path()))
}

/// Answers for every path that is not there.
pub(crate) async fn unknown_path(request: HttpRequest) -> Result<String, HttpProblem> {
    let mut endpoints = ENDPOINTS;
    endpoints.sort_by(|a, b| {
        let near = |endpoint: &Endpoint| strsim::jaro_winkler(endpoint.path, request.path());
        near(b).total_cmp(&near(a))
    });
    let suggestions = endpoints.map(|one| Suggestion::new("path", one.path, one.about));
    Err(HttpProblem::unknown_path(request.path(), suggestions.into()).at(request.path()))
}

pub(crate) use health::why_not_ready;

/// An answer that comes in pages.
#[derive(Debug, Serialize)]
struct Page<A> {
    #[serde(flatten)]
    answer: A,
    /// Address of the next page.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

/// Gives an answer of so many rows with the address of the next page, in the body and as a header.
fn page<A: Serialize>(
    request: &HttpRequest,
    params: &Params,
    (answer, rows): (A, usize),
    cursor: Option<&str>,
) -> actix_web::HttpResponse {
    let next = cursor.map(|cursor| params.next(request.path(), cursor));
    let mut builder = actix_web::HttpResponse::Ok();
    if let Some(next) = &next {
        builder.insert_header(("link", format!("<{next}>; rel=\"next\"")));
    }
    let mut response = builder.json(Page { answer, next });
    response.extensions_mut().insert(Rows(rows));
    response
}
