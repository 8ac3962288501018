//! `/healthz`: this process lives. `/readyz`: it can answer. Neither needs a key.

use actix_web::{HttpRequest, Responder, web};
use serde::Serialize;

use super::Endpoint;
use crate::Api;
use crate::problem::HttpProblem;

pub(super) const ALIVE: Endpoint = Endpoint {
    path: "/healthz",
    about: "whether apid lives",
};
pub(super) const READY: Endpoint = Endpoint {
    path: "/readyz",
    about: "whether apid can answer: database there, schema right",
};

#[derive(Debug, Serialize)]
struct Status {
    status: &'static str,
}

pub(super) async fn alive() -> impl Responder {
    web::Json(Status { status: "ok" })
}

pub(super) async fn ready(
    request: HttpRequest,
    api: web::Data<Api>,
) -> Result<impl Responder, HttpProblem> {
    match api.reader.store().check_schema().await {
        Ok(()) => Ok(web::Json(Status { status: "ready" })),
        Err(error) => {
            tracing::warn!(%error, "not ready");
            Err(HttpProblem::not_ready(why_not_ready(&error)).at(request.path()))
        }
    }
}

/// Says what is wrong, to anybody who asks: nothing of where the database is.
pub(crate) fn why_not_ready(error: &store::Error) -> String {
    match error {
        store::Error::Schema { .. } | store::Error::SchemaDiverged { .. } => error.to_string(),
        _ => "the database does not answer".to_owned(),
    }
}
