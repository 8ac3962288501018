//! `/latest`: newest values.

use actix_web::{HttpRequest, HttpResponse, web};
use query::LatestQuestion;

use super::{Endpoint, page};
use crate::Api;
use crate::params::{Known, Params};
use crate::problem::HttpProblem;

pub(super) const ENDPOINT: Endpoint = Endpoint {
    path: "/latest",
    about: "newest values: metric and/or assets (comma list); source, venue, quote, step, limit, cursor",
};

const PARAMETERS: [Known; 8] = [
    Known("metric", &[]),
    Known("assets", &["asset"]),
    Known("source", &[]),
    Known("venue", &["exchange"]),
    Known("quote", &[]),
    Known("step", &["granularity"]),
    Known("limit", &[]),
    Known("cursor", &[]),
];

pub(super) async fn get(
    request: HttpRequest,
    api: web::Data<Api>,
) -> Result<HttpResponse, HttpProblem> {
    let at = |problem: HttpProblem| problem.at(request.path());
    let params = Params::read(request.query_string(), &PARAMETERS).map_err(at)?;
    let question = LatestQuestion {
        metric: params.get("metric"),
        assets: params.get("assets"),
        source: params.get("source"),
        venue: params.get("venue"),
        quote: params.get("quote"),
        step: params.get("step"),
        limit: params.get("limit"),
        cursor: params.get("cursor"),
    };
    let answer = api.reader.latest(&question, api.now()).await;
    let answer = answer
        .map_err(|error| at(HttpProblem::from(error).respelled(|name| params.spelling(name))))?;
    let cursor = answer.meta.next_cursor.clone();
    let rows = answer.count;
    Ok(page(&request, &params, (answer, rows), cursor.as_deref()))
}
