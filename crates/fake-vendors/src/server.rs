//! The HTTP side: one catch-all handler that turns a request into a `Call`, asks the vendor, lets faults strike, logs
//! and sends. Knows no vendor's paths.

use std::collections::HashMap;
use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use actix_web::body::BoxBody;
use actix_web::dev::ServerHandle;
use actix_web::http::header::{CONTENT_ENCODING, ContentEncoding, HeaderValue};
use actix_web::http::{Method, StatusCode};
use actix_web::middleware::Compress;
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use percent_encoding::percent_decode_str;

use crate::clock::SimClock;
use crate::control;
use crate::cut::CutBody;
use crate::faults::{Fault, FaultBoard};
use crate::instant::{http_date, iso};
use crate::log::{RequestLog, RequestRecord, redacted};
use crate::spoil;
use crate::vendor::{Call, Reply, Vendor, VendorApi};
use crate::world::{Listing, World};

/// Everything the handlers share.
pub(crate) struct Shared {
    pub(crate) vendor: Vendor,
    pub(crate) api: Box<dyn VendorApi>,
    pub(crate) world: Arc<World>,
    pub(crate) clock: SimClock,
    pub(crate) faults: FaultBoard,
    pub(crate) log: Arc<RequestLog>,
    pub(crate) latency: Duration,
}

impl Shared {
    /// Lists or delists an entity; one that nobody knows is made up, as the vendor makes up ids.
    pub(crate) fn set_listing(&self, listing: &Listing) {
        self.world.alter(|state| {
            if state.called(&listing.id).is_none() {
                self.vendor.enrol(state, &listing.id);
            }
        });
        self.world.set_listing(listing);
    }
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shared")
            .field("mount", &self.api.mount())
            .finish_non_exhaustive()
    }
}

/// Builds the server on a bound listener; the caller runs the future that comes with the handle.
pub(crate) fn build(
    listener: TcpListener,
    shared: Arc<Shared>,
) -> std::io::Result<(ServerHandle, actix_web::dev::Server)> {
    let log = Arc::clone(&shared.log);
    let data = web::Data::from(shared);
    let server = HttpServer::new(move || {
        App::new()
            .app_data(data.clone())
            .wrap(Compress::default())
            .service(web::scope("/_control").configure(control::routes))
            .default_service(web::to(handle))
    })
    .workers(2)
    .on_connect(move |_, of_connection| {
        // Dropped with the connection.
        of_connection.insert(log.connect());
    })
    // As long as servers in front of vendors keep one: what is idle for a moment is not opened anew.
    .keep_alive(KEPT_ALIVE)
    .disable_signals()
    .shutdown_timeout(1)
    .listen(listener)?
    .run();
    Ok((server.handle(), server))
}

/// How long a connection may be idle.
const KEPT_ALIVE: Duration = Duration::from_secs(75);

async fn handle(request: HttpRequest, shared: web::Data<Shared>) -> HttpResponse {
    let under_way = shared.log.enter();
    let path = request.uri().path();
    let Some(below) = path.strip_prefix(shared.api.mount()) else {
        return HttpResponse::NotFound()
            .content_type("text/plain")
            .body("no vendor lives here");
    };
    if request.method() != Method::GET {
        return HttpResponse::MethodNotAllowed().finish();
    }
    let mount = shared.api.mount();
    let call = call_of(&request, mount, below, shared.clock.now_ms());
    let shown = shared.api.shown_path(below);
    let outcome = decide(&shared, &call, &request, &shown);
    shared.log.push(RequestRecord {
        at: iso(call.now_ms),
        path: shown,
        template: shared.api.template(&call),
        query: redacted(request.query_string(), shared.api.key_parameters()),
        caller: outcome.caller,
        user_agent: call.header("user-agent").unwrap_or_default().to_owned(),
        status: if outcome.fault == Some(Fault::Hang) {
            0
        } else {
            outcome.reply.status
        },
        bytes: u64::try_from(outcome.reply.body.len()).unwrap_or(u64::MAX),
        fault: outcome.fault.as_ref().map(Fault::name),
        in_flight: under_way.seen,
    });
    if outcome.fault == Some(Fault::Hang) {
        // The server does not notice a client that gives up on it: it would count as under way for ever.
        drop(under_way);
        return std::future::pending().await;
    }
    wait(&shared, outcome.fault.as_ref()).await;
    response(outcome, call.now_ms)
}

struct Outcome {
    caller: &'static str,
    reply: Reply,
    fault: Option<Fault>,
}

/// Admission first, then the faults that replace an answer, then the answer and the faults that spoil it.
fn decide(shared: &Shared, call: &Call, request: &HttpRequest, shown: &str) -> Outcome {
    let api = &shared.api;
    let (caller, admitted) = api.admit(call);
    let (mut reply, fault) = match admitted {
        Err(refusal) => (refusal, None),
        Ok(()) => {
            let query = redacted(request.query_string(), api.key_parameters());
            let fault = shared.faults.strike(&format!("{shown}?{query}"));
            let refusal = fault.as_ref().and_then(|fault| api.refusal(call, fault));
            let mut reply = refusal.unwrap_or_else(|| api.answer(call, caller));
            if let (200, Some(fault)) = (reply.status, &fault) {
                spoil::body(&mut reply.body, fault);
            }
            api.answered(caller, reply.status);
            (reply, fault)
        }
    };
    api.dress(call, &mut reply);
    Outcome {
        caller,
        reply,
        fault,
    }
}

async fn wait(shared: &Shared, fault: Option<&Fault>) {
    if !shared.latency.is_zero() {
        tokio::time::sleep(shared.latency).await;
    }
    if let Some(Fault::Slow { ms }) = fault {
        tokio::time::sleep(Duration::from_millis(*ms)).await;
    }
}

fn call_of(request: &HttpRequest, mount: &str, below: &str, now_ms: i64) -> Call {
    let decoded = |part: &str| percent_decode_str(part).decode_utf8_lossy().into_owned();
    let query = web::Query::<Vec<(String, String)>>::from_query(request.query_string());
    let headers = request.headers().iter().map(|(name, value)| {
        (
            name.as_str().to_owned(),
            String::from_utf8_lossy(value.as_bytes()).into_owned(),
        )
    });
    let sent = request.uri().path_and_query();
    let sent = sent.map_or("", |target| target.as_str());
    Call {
        target: sent.strip_prefix(mount).unwrap_or_default().to_owned(),
        segments: below
            .split('/')
            .filter(|part| !part.is_empty())
            .map(decoded)
            .collect(),
        query: query.map(web::Query::into_inner).unwrap_or_default(),
        headers: headers.collect::<HashMap<_, _>>(),
        target_bytes: sent.len(),
        now_ms,
    }
}

fn response(outcome: Outcome, now_ms: i64) -> HttpResponse {
    let Outcome { reply, fault, .. } = outcome;
    let status = StatusCode::from_u16(reply.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut builder = HttpResponse::build(status);
    builder
        .content_type(reply.content_type)
        .insert_header(("date", http_date(now_ms)));
    for (name, value) in &reply.headers {
        builder.insert_header((*name, value.as_str()));
    }
    if fault == Some(Fault::CutConnection) {
        // The compressor would pack the half into a whole of its own.
        let mut cut: HttpResponse<BoxBody> = builder.body(CutBody::halving(reply.body));
        let identity = HeaderValue::from_static(ContentEncoding::Identity.as_str());
        cut.headers_mut().insert(CONTENT_ENCODING, identity);
        return cut;
    }
    builder.body(reply.body)
}
