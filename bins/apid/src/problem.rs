//! Problems as HTTP speaks them: RFC 9457.

use std::fmt;

use actix_web::http::{StatusCode, header};
use actix_web::{HttpResponse, HttpResponseBuilder, ResponseError};
use query::{BadParameter, Problem, Suggestion};
use serde::Serialize;

const MEDIA_TYPE: &str = "application/problem+json";
const RETRY_SECS: u32 = 5;

/// A problem on its way out.
#[derive(Debug)]
pub(crate) struct HttpProblem(Box<Fields>);

#[derive(Debug, Serialize)]
struct Fields {
    #[serde(rename = "type")]
    kind: String,
    title: &'static str,
    status: u16,
    detail: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    instance: String,
    code: &'static str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<BadParameter>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    suggestions: Vec<Suggestion>,
}

/// Lets the log say which problem an answer was.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Code(pub(crate) &'static str);

impl HttpProblem {
    fn new(status: StatusCode, code: &'static str, title: &'static str, detail: String) -> Self {
        Self(Box::new(Fields {
            kind: format!("urn:crossfeed:problem:{code}"),
            title,
            status: status.as_u16(),
            detail,
            instance: String::new(),
            code,
            errors: Vec::new(),
            suggestions: Vec::new(),
        }))
    }

    pub(crate) fn bad_parameters(errors: Vec<BadParameter>) -> Self {
        Problem::BadParameters(errors).into()
    }

    pub(crate) fn unauthorized(detail: &str) -> Self {
        let title = "A key is needed";
        Self::new(
            StatusCode::UNAUTHORIZED,
            "unauthorized",
            title,
            detail.to_owned(),
        )
    }

    pub(crate) fn unknown_path(path: &str, suggestions: Vec<Suggestion>) -> Self {
        let detail = format!("there is nothing at {path:?}; `/` lists what there is");
        let title = "There is no such path";
        let mut problem = Self::new(StatusCode::NOT_FOUND, "unknown_path", title, detail);
        problem.0.suggestions = suggestions;
        problem
    }

    pub(crate) fn method_not_allowed() -> Self {
        let detail = "this API only reads: use GET or HEAD".to_owned();
        let title = "The method is not allowed";
        Self::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "method_not_allowed",
            title,
            detail,
        )
    }

    pub(crate) fn not_ready(detail: String) -> Self {
        Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "not_ready",
            "Not ready",
            detail,
        )
    }

    /// Says which path was asked for; the query may be long and is left out.
    pub(crate) fn at(mut self, path: &str) -> Self {
        path.clone_into(&mut self.0.instance);
        self
    }

    /// Speaks of parameters as the asker spelled them.
    pub(crate) fn respelled(mut self, spelling: impl Fn(&str) -> String) -> Self {
        for error in &mut self.0.errors {
            error.parameter = spelling(&error.parameter);
        }
        self
    }

    fn status(&self) -> StatusCode {
        StatusCode::from_u16(self.0.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }
}

impl From<Problem> for HttpProblem {
    fn from(asked: Problem) -> Self {
        let status = if asked.is_bad_question() {
            StatusCode::BAD_REQUEST
        } else {
            StatusCode::NOT_FOUND
        };
        let mut problem = Self::new(status, asked.code(), asked.title(), asked.detail());
        problem.0.errors = asked.bad_parameters().to_vec();
        problem.0.suggestions = asked.suggestions().to_vec();
        problem
    }
}

impl From<query::Error> for HttpProblem {
    /// What the database said goes into the log, not out.
    fn from(error: query::Error) -> Self {
        match error {
            query::Error::Problem(problem) => (*problem).into(),
            query::Error::Store(error) if error.is_passing() => {
                tracing::warn!(%error, "the database does not answer");
                let detail = format!("the database does not answer: try again in {RETRY_SECS} s");
                let title = "The database is not available";
                let status = StatusCode::SERVICE_UNAVAILABLE;
                Self::new(status, "database_unavailable", title, detail)
            }
            error => {
                tracing::error!(%error, "a question failed");
                let detail = "the log of apid says more".to_owned();
                let status = StatusCode::INTERNAL_SERVER_ERROR;
                Self::new(status, "internal_error", "Something is wrong here", detail)
            }
        }
    }
}

impl fmt::Display for HttpProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.0.code, self.0.detail)
    }
}

impl ResponseError for HttpProblem {
    fn status_code(&self) -> StatusCode {
        self.status()
    }

    fn error_response(&self) -> HttpResponse {
        let mut builder = HttpResponseBuilder::new(self.status());
        builder.insert_header((header::CACHE_CONTROL, "no-store"));
        match self.status() {
            StatusCode::SERVICE_UNAVAILABLE => {
                builder.insert_header((header::RETRY_AFTER, RETRY_SECS.to_string()));
            }
            StatusCode::METHOD_NOT_ALLOWED => {
                builder.insert_header((header::ALLOW, "GET, HEAD"));
            }
            _ => {}
        }
        builder.insert_header((header::CONTENT_TYPE, MEDIA_TYPE));
        let mut response = builder.json(&self.0);
        response.extensions_mut().insert(Code(self.0.code));
        response
    }
}
