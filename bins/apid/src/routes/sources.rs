//! `/sources`: what is collected, by vendor.

use actix_web::{HttpRequest, Responder, web};

use super::Endpoint;
use crate::Api;
use crate::params::Params;
use crate::problem::HttpProblem;

pub(super) const ENDPOINT: Endpoint = Endpoint {
    path: "/sources",
    about: "what is collected, by vendor, and its newest pull; what is suspended, or parked by its \
            vendor's word",
};

pub(super) async fn get(
    request: HttpRequest,
    api: web::Data<Api>,
) -> Result<impl Responder, HttpProblem> {
    let at = |problem: HttpProblem| problem.at(request.path());
    Params::read(request.query_string(), &[]).map_err(at)?;
    let sources = api
        .reader
        .sources(api.now())
        .await
        .map_err(|error| at(error.into()))?;
    Ok(web::Json(sources))
}
