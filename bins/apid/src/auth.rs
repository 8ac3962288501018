//! `X-API-Key`, where the operator set one.

use actix_web::body::{EitherBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::middleware::Next;
use actix_web::{Error, ResponseError, web};
use secrecy::ExposeSecret;

use crate::Api;
use crate::problem::HttpProblem;

/// Lets a request pass that shows the key, or any where none is set.
pub(crate) async fn check<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B>>, Error> {
    match refusal(&request) {
        None => Ok(next.call(request).await?.map_into_left_body()),
        Some(detail) => {
            let problem = HttpProblem::unauthorized(detail).at(request.path());
            let response = problem.error_response();
            Ok(request.into_response(response).map_into_right_body())
        }
    }
}

/// Returns why a request may not pass, if it may not.
fn refusal(request: &ServiceRequest) -> Option<&'static str> {
    let api = request.app_data::<web::Data<Api>>()?;
    let key = api.key();
    let key = key.as_ref()?.expose_secret();
    let shown = request.headers().get("x-api-key");
    match shown.map(|value| value.as_bytes()) {
        Some(shown) if equal(key.as_bytes(), shown) => None,
        None => Some("send the key in the header X-API-Key"),
        Some(_) => Some("the key in the header X-API-Key is not the right one"),
    }
}

/// Takes the same time wherever the two differ.
fn equal(key: &[u8], shown: &[u8]) -> bool {
    let differing = key.iter().zip(shown).fold(0, |seen, (a, b)| seen | (a ^ b));
    key.len() == shown.len() && differing == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_same_key_is_equal() {
        assert!(equal(b"key", b"key"));
        for other in [&b"kez"[..], b"ke", b"keyy", b""] {
            assert!(!equal(b"key", other));
        }
    }
}
