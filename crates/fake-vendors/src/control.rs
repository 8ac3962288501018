//! The control routes under `/_control`: what tests and operators may look at and turn; the
//! crate's documentation lists them.

use std::collections::BTreeMap;

use actix_web::{HttpResponse, web};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::faults::Faults;
use crate::held::Span;
use crate::instant::{iso, parse_day, parse_rfc3339};
use crate::server::Shared;
use crate::world::Listing;

/// Mounts the routes.
pub(crate) fn routes(config: &mut web::ServiceConfig) {
    config
        .route("/requests", web::get().to(requests))
        .route("/counts", web::get().to(counts))
        .route("/reset", web::post().to(reset))
        .route("/clock", web::get().to(clock))
        .route("/clock", web::post().to(set_clock))
        .route("/faults", web::get().to(faults))
        .route("/faults", web::post().to(set_faults))
        .route("/faults", web::delete().to(clear_faults))
        .route("/listings", web::post().to(set_listing))
        .route("/entities", web::get().to(entities))
        .route("/truth", web::get().to(truth));
}

async fn requests(shared: web::Data<Shared>) -> HttpResponse {
    HttpResponse::Ok().json(shared.log.records())
}

async fn counts(shared: web::Data<Shared>) -> HttpResponse {
    HttpResponse::Ok().json(shared.log.counts())
}

async fn reset(shared: web::Data<Shared>) -> HttpResponse {
    shared.log.reset();
    shared.api.reset();
    HttpResponse::NoContent().finish()
}

#[derive(Serialize)]
struct ClockView {
    now: String,
    frozen: bool,
}

async fn clock(shared: web::Data<Shared>) -> HttpResponse {
    let frozen = shared.clock.is_frozen();
    HttpResponse::Ok().json(ClockView {
        now: iso(shared.clock.now_ms()),
        frozen,
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ClockAsk {
    now: Option<String>,
    #[serde(default)]
    advance_ms: i64,
    frozen: Option<bool>,
}

async fn set_clock(shared: web::Data<Shared>, ask: web::Json<ClockAsk>) -> HttpResponse {
    let now_ms = match ask.now.as_deref().map(parse_rfc3339) {
        Some(None) => return refused("`now` is not an RFC 3339 instant"),
        Some(given) => given,
        None => None,
    };
    shared.clock.change(now_ms, ask.advance_ms, ask.frozen);
    clock(shared).await
}

async fn faults(shared: web::Data<Shared>) -> HttpResponse {
    let revisions = shared.world.snapshot().revisions.clone();
    HttpResponse::Ok().json(Faults {
        rules: shared.faults.rules(),
        revisions,
    })
}

async fn set_faults(shared: web::Data<Shared>, asked: web::Json<Faults>) -> HttpResponse {
    let Faults { rules, revisions } = asked.into_inner();
    shared.faults.set(rules);
    shared.world.set_revisions(revisions);
    HttpResponse::NoContent().finish()
}

async fn clear_faults(shared: web::Data<Shared>) -> HttpResponse {
    shared.faults.set(Vec::new());
    shared.world.set_revisions(Vec::new());
    HttpResponse::NoContent().finish()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ListingAsk {
    id: String,
    listed: Option<String>,
    delisted: Option<String>,
}

async fn set_listing(shared: web::Data<Shared>, ask: web::Json<ListingAsk>) -> HttpResponse {
    let day = |text: &Option<String>| match text.as_deref().map(parse_day) {
        Some(None) => Err(()),
        Some(given) => Ok(given),
        None => Ok(None),
    };
    let (Ok(listed_ms), Ok(delisted_ms)) = (day(&ask.listed), day(&ask.delisted)) else {
        return refused("days are written YYYY-MM-DD");
    };
    shared.set_listing(&Listing {
        id: ask.id.clone(),
        listed_ms,
        delisted_ms,
    });
    HttpResponse::NoContent().finish()
}

async fn entities(shared: web::Data<Shared>) -> HttpResponse {
    let state = shared.world.snapshot();
    let all: Vec<_> = state
        .entities
        .iter()
        .map(|entity| entity.as_ref())
        .collect();
    HttpResponse::Ok().json(all)
}

async fn truth(
    shared: web::Data<Shared>,
    ask: web::Query<BTreeMap<String, String>>,
) -> HttpResponse {
    let mut ask = ask.into_inner();
    let mut instant = |name| {
        let text: String = ask.remove(name)?;
        parse_rfc3339(&text).or_else(|| parse_day(&text))
    };
    let (Some(from_ms), Some(to_ms)) = (instant("from"), instant("to")) else {
        return refused("`from` and `to` are RFC 3339 instants or days");
    };
    let span = Span {
        from_ms,
        to_ms,
        now_ms: shared.clock.now_ms(),
    };
    match shared.api.truth(&ask, span) {
        Ok(series) => HttpResponse::Ok().json(series),
        Err(why) => refused(&why),
    }
}

fn refused(why: &str) -> HttpResponse {
    HttpResponse::BadRequest().json(json!({ "error": why }))
}
