//! `/time-series`: points of a metric of an asset.

use actix_web::{HttpRequest, HttpResponse, web};
use query::SeriesQuestion;

use super::{Endpoint, page};
use crate::Api;
use crate::params::{Known, Params};
use crate::problem::HttpProblem;

pub(super) const ENDPOINT: Endpoint = Endpoint {
    path: "/time-series",
    about: "points: asset and metric; source, venue, quote, step, from, to or end_date (inclusive) \
            or days, order, limit, cursor",
};

const PARAMETERS: [Known; 13] = [
    Known("asset", &[]),
    Known("metric", &[]),
    Known("source", &[]),
    Known("venue", &["exchange"]),
    Known("quote", &[]),
    Known("step", &["granularity"]),
    Known("from", &["start_date"]),
    Known("to", &[]),
    Known("through", &["end_date"]),
    Known("days", &[]),
    Known("limit", &[]),
    Known("order", &[]),
    Known("cursor", &[]),
];

pub(super) async fn get(
    request: HttpRequest,
    api: web::Data<Api>,
) -> Result<HttpResponse, HttpProblem> {
    let at = |problem: HttpProblem| problem.at(request.path());
    let params = Params::read(request.query_string(), &PARAMETERS).map_err(at)?;
    let question = SeriesQuestion {
        asset: params.get("asset"),
        metric: params.get("metric"),
        source: params.get("source"),
        venue: params.get("venue"),
        quote: params.get("quote"),
        step: params.get("step"),
        from: params.get("from"),
        to: params.get("to"),
        through: params.get("through"),
        days: params.get("days"),
        limit: params.get("limit"),
        order: params.get("order"),
        cursor: params.get("cursor"),
    };
    let answer = api.reader.time_series(&question, api.now()).await;
    let answer = answer
        .map_err(|error| at(HttpProblem::from(error).respelled(|name| params.spelling(name))))?;
    let cursor = answer.meta.next_cursor.clone();
    let rows = answer.count;
    Ok(page(&request, &params, (answer, rows), cursor.as_deref()))
}
