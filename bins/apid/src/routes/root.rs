//! `/`: what this is and what there is.

use std::collections::BTreeMap;

use actix_web::{HttpRequest, Responder, web};
use query::Overview;
use serde::Serialize;

use super::{ENDPOINTS, Endpoint};
use crate::Api;
use crate::params::Params;
use crate::problem::HttpProblem;

pub(super) const ENDPOINT: Endpoint = Endpoint {
    path: "/",
    about: "what this is, what is stored, which paths there are",
};

#[derive(Debug, Serialize)]
struct Root {
    status: &'static str,
    api: &'static str,
    version: &'static str,
    #[serde(flatten)]
    overview: Overview,
    endpoints: [&'static str; ENDPOINTS.len()],
    about: BTreeMap<&'static str, &'static str>,
}

pub(super) async fn get(
    request: HttpRequest,
    api: web::Data<Api>,
) -> Result<impl Responder, HttpProblem> {
    let at = |problem: HttpProblem| problem.at(request.path());
    Params::read(request.query_string(), &[]).map_err(at)?;
    let overview = api
        .reader
        .overview()
        .await
        .map_err(|error| at(error.into()))?;
    Ok(web::Json(Root {
        status: "ok",
        api: "crossfeed",
        version: env!("CARGO_PKG_VERSION"),
        overview,
        endpoints: ENDPOINTS.map(|endpoint| endpoint.path),
        about: ENDPOINTS
            .iter()
            .map(|endpoint| (endpoint.path, endpoint.about))
            .collect(),
    }))
}
