//! HTTP out: one client a source, every attempt paced and counted, no key in any error.
//!
//! The stack, outermost first: [`crate::redirect::SameHost`] follows redirects; `reqwest-retry` repeats
//! what the transport sees; inside them [`crate::attempt::Paced`] waits for a slot and counts, so that
//! each hop and each repetition does; innermost [`StripUrl`] takes addresses out of errors, because a
//! wrapped error's text would hold a key that sits in an address.

use std::{sync::Arc, time::Duration};

use bytes::{Bytes, BytesMut};
use http::{Extensions, HeaderMap, HeaderName, HeaderValue};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use ratelimit::Clock;
use reqwest::{Request, Response, Url};
use reqwest_middleware::{ClientBuilder, ClientWithMiddleware, Middleware, Next};
use reqwest_retry::{
    Jitter, RetryTransientMiddleware, Retryable, RetryableStrategy, policies::ExponentialBackoff,
};
use secrecy::{ExposeSecret, SecretString};
use source::{Auth, Host, HostId, Reply, RequestSpec, Source};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::{
    Error,
    attempt::{Attempt, Paced, Stopped},
    redact::Redactor,
    redirect::SameHost,
};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
const TOTAL_TIMEOUT: Duration = Duration::from_secs(90);
const TRANSPORT_RETRIES: u32 = 3;
/// Up to this size answers are read beside each other; larger ones are finished one at a time, so that
/// memory does not grow with the requests in flight.
const SMALL_BODY_BYTES: usize = 8 << 20;
/// CoinGecko refuses requests without one (contract section 1), other vendors' CDNs refuse stock ones.
const USER_AGENT: &str = concat!(
    "crossfeed/",
    env!("CARGO_PKG_VERSION"),
    " (market data collector)"
);

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum SendError {
    /// The attempt never left: stopping, parked, or the database is away.
    #[error(transparent)]
    Stopped(Stopped),
    /// The transport gave up after its own retries.
    #[error("{0}")]
    GaveUp(String),
    /// The answer broke off.
    #[error("the answer broke off: {0}")]
    BrokeOff(String),
    /// The answer is larger than the dataset's cap.
    #[error("the answer is larger than {0} bytes")]
    TooLarge(usize),
}

/// One source's way out.
#[derive(Debug)]
pub(crate) struct Transport {
    client: ClientWithMiddleware,
    hosts: Vec<Host>,
    intervals: Vec<(HostId, Duration)>,
    key: Option<SecretString>,
    clock: Arc<dyn Clock>,
    redactor: Redactor,
    large: Arc<Semaphore>,
}

/// An answer, and where it is large the right to be so, held until it has been read.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) reply: Reply,
    _large: Option<OwnedSemaphorePermit>,
}

impl Transport {
    /// Makes one. The key never leaves it.
    ///
    /// # Errors
    /// Where the TLS set-up or an address is unusable.
    pub(crate) fn new(
        source: &dyn Source,
        key: Option<SecretString>,
        paced: Paced,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, Error> {
        // A second source finds the provider installed already: the same one.
        let _already = rustls::crypto::ring::default_provider().install_default();
        for host in source.hosts() {
            Url::parse(&host.base_url).map_err(|error| {
                Error::Config(format!(
                    "{}: base address of {}: {error}",
                    source.id(),
                    host.id
                ))
            })?;
        }
        let client = reqwest::Client::builder()
            .user_agent(USER_AGENT)
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(TOTAL_TIMEOUT)
            .pool_max_idle_per_host(source.concurrency())
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .map_err(|error| Error::Config(error.without_url().to_string()))?;
        let backoff = ExponentialBackoff::builder()
            .retry_bounds(Duration::from_millis(500), Duration::from_secs(10))
            .jitter(Jitter::Bounded)
            .build_with_max_retries(TRANSPORT_RETRIES);
        let retry = RetryTransientMiddleware::new_with_policy_and_strategy(backoff, TransportOnly);
        let intervals = paced.intervals();
        let redirects = SameHost {
            keys_in_query: keys_in_query(source.hosts()),
        };
        let client = ClientBuilder::new(client)
            .with(redirects)
            .with(retry)
            .with(paced)
            .with(StripUrl)
            .build();
        let redactor = Redactor::new(key.as_ref(), &derived(source.hosts(), key.as_ref()));
        Ok(Self {
            client,
            hosts: source.hosts().to_vec(),
            intervals,
            key,
            clock,
            redactor,
            large: Arc::new(Semaphore::new(1)),
        })
    }

    /// Returns what takes this source's key out of texts.
    pub(crate) fn redactor(&self) -> &Redactor {
        &self.redactor
    }

    /// Returns the time that the vendor's pace puts between two requests.
    pub(crate) fn interval(&self, host: HostId) -> Duration {
        let known = self.intervals.iter().find(|(id, _)| *id == host);
        known.map_or(Duration::ZERO, |(_, interval)| *interval)
    }

    /// Sends a request and reads the whole answer, up to `max_body_bytes`.
    ///
    /// # Errors
    /// [`SendError`]; no text in it holds an address or a key.
    pub(crate) async fn send(
        &self,
        request: &RequestSpec,
        attempt: Arc<Attempt>,
        max_body_bytes: usize,
    ) -> Result<Answer, SendError> {
        let (url, headers) = self.address(request).map_err(SendError::GaveUp)?;
        let sent = self
            .client
            .get(url)
            .headers(headers)
            .with_extension(Arc::clone(&attempt))
            .send()
            .await;
        let response = match sent {
            Ok(response) => response,
            Err(error) => {
                return Err(match attempt.take_stopped() {
                    Some(stopped) => SendError::Stopped(stopped),
                    None => SendError::GaveUp(self.redactor.clean(&chain(&error))),
                });
            }
        };
        let status = response.status();
        let headers = response.headers().clone();
        let (body, large) = self.read(response, max_body_bytes).await?;
        let reply = Reply {
            status,
            headers,
            body,
            received_at: self.clock.now(),
        };
        Ok(Answer {
            reply,
            _large: large,
        })
    }

    async fn read(
        &self,
        mut response: Response,
        cap: usize,
    ) -> Result<(Bytes, Option<OwnedSemaphorePermit>), SendError> {
        let mut body = BytesMut::new();
        let mut large = None;
        loop {
            match response.chunk().await {
                Ok(Some(chunk)) if body.len() + chunk.len() > cap => {
                    return Err(SendError::TooLarge(cap));
                }
                Ok(Some(chunk)) => {
                    if large.is_none() && body.len() + chunk.len() > SMALL_BODY_BYTES {
                        // It is never closed; whoever holds it waits for nobody.
                        large = Arc::clone(&self.large).acquire_owned().await.ok();
                    }
                    body.extend_from_slice(&chunk);
                }
                Ok(None) => return Ok((body.freeze(), large)),
                Err(error) => {
                    let text = chain(&error.without_url());
                    return Err(SendError::BrokeOff(self.redactor.clean(&text)));
                }
            }
        }
    }

    fn address(&self, request: &RequestSpec) -> Result<(Url, HeaderMap), String> {
        let host = self
            .hosts
            .iter()
            .find(|host| host.id == request.host)
            .ok_or_else(|| format!("no host {:?}", request.host))?;
        let mut headers = HeaderMap::new();
        let mut text = host.base_url.clone();
        let key = self.key.as_ref().map(SecretString::expose_secret);
        if let (Auth::PathSegment, Some(key)) = (host.auth, key) {
            text.push('/');
            text.extend(utf8_percent_encode(key, NON_ALPHANUMERIC));
        }
        match (host.auth, key) {
            (Auth::LastPathSegment, Some(key)) => {
                text.push_str(request.path.trim_end_matches('/'));
                text.push('/');
                text.extend(utf8_percent_encode(key, NON_ALPHANUMERIC));
            }
            _ => text.push_str(&request.path_and_query()),
        }
        let mut url = Url::parse(&text).map_err(|_| format!("unusable path {}", request.path))?;
        match (host.auth, key) {
            (Auth::None | Auth::PathSegment | Auth::LastPathSegment, _) | (_, None) => {}
            (Auth::Query(name), Some(key)) => {
                url.query_pairs_mut().append_pair(name, key);
            }
            (Auth::Header(name), Some(key)) => {
                headers.insert(HeaderName::from_static(name), secret_value(key)?);
            }
            (Auth::Basic(user), Some(key)) => {
                headers.insert(
                    http::header::AUTHORIZATION,
                    secret_value(&basic(user, key))?,
                );
            }
        }
        Ok((url, headers))
    }
}

fn secret_value(text: &str) -> Result<HeaderValue, String> {
    let mut value = HeaderValue::from_str(text)
        .map_err(|_| "the key holds characters that no header can carry".to_owned())?;
    value.set_sensitive(true);
    Ok(value)
}

fn basic(user: &str, key: &str) -> String {
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    format!("Basic {}", STANDARD.encode(format!("{user}:{key}")))
}

fn keys_in_query(hosts: &[Host]) -> Vec<&'static str> {
    let name = |host: &Host| match host.auth {
        Auth::Query(name) => Some(name),
        _ => None,
    };
    hosts.iter().filter_map(name).collect()
}

/// Returns the words made of the key that go over the wire and could come back in an error.
fn derived(hosts: &[Host], key: Option<&SecretString>) -> Vec<String> {
    let Some(key) = key else { return Vec::new() };
    hosts
        .iter()
        .filter_map(|host| match host.auth {
            Auth::Basic(user) => basic(user, key.expose_secret())
                .split(' ')
                .nth(1)
                .map(str::to_owned),
            _ => None,
        })
        .collect()
}

/// Returns an error with its causes in one line.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let more = error.to_string();
        if !text.contains(&more) {
            text.push_str(": ");
            text.push_str(&more);
        }
        cause = error.source();
    }
    text
}

/// What the transport repeats: failures that it alone sees. 429 is the executor's, which knows how
/// long to wait.
#[derive(Debug)]
struct TransportOnly;

impl TransportOnly {
    fn is_ours(status: http::StatusCode) -> bool {
        status.is_server_error() || status == http::StatusCode::REQUEST_TIMEOUT
    }
}

impl RetryableStrategy for TransportOnly {
    fn handle(&self, result: &reqwest_middleware::Result<Response>) -> Option<Retryable> {
        match result {
            Ok(response) => Self::is_ours(response.status()).then_some(Retryable::Transient),
            Err(error) => reqwest_retry::default_on_request_failure(error),
        }
    }
}

/// Whether the transport has had its tries at an answer with this status.
pub(crate) fn retried_by_transport(status: http::StatusCode) -> bool {
    TransportOnly::is_ours(status)
}

/// Takes addresses out of errors before anything wraps them.
#[derive(Debug)]
struct StripUrl;

#[async_trait::async_trait]
impl Middleware for StripUrl {
    async fn handle(
        &self,
        request: Request,
        extensions: &mut Extensions,
        next: Next<'_>,
    ) -> reqwest_middleware::Result<Response> {
        next.run(request, extensions)
            .await
            .map_err(reqwest_middleware::Error::without_url)
    }
}
