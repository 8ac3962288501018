//! Simulated vendors: HTTP servers that answer as the real ones do by their contracts, from a world that is the same
//! whenever asked, with faults on demand.
//!
//! They are written from the vendors' contracts alone and share no type with the crates that collect from them: a
//! shared type would repeat a misreading on both sides. They do not play caches, and they know nothing of databases.
//!
//! ```no_run
//! # async fn example() -> Result<(), fake_vendors::StartError> {
//! use fake_vendors::{FakeVendor, Metric, Options, Step};
//!
//! let vendor = FakeVendor::start(Options::default()).await?;
//! let base = vendor.base_url(); // http://127.0.0.1:<port>/api/v3
//! let truth = vendor.truth();
//! let held = truth.coingecko_series("bitcoin", "usd", Metric::Price, Step::Hour, 0, i64::MAX);
//! # let _ = (base, held);
//! vendor.stop().await;
//! # Ok(())
//! # }
//! ```
//!
//! # Ids
//!
//! [`Options::extra_ids`] adds what a configuration names beyond the world's table; made from its columns by
//! [`ids_from_csv`]:
//!
//! | vendor | an id is | columns |
//! |---|---|---|
//! | CoinGecko | a coin id | `coin_id` |
//! | Artemis | a symbol, or symbol, Artemis id, kind and CoinGecko id joined by `:`, all but the first may be empty | `symbol`, or `symbol+artemis_id+kind+coingecko_id` |
//! | Alpha Vantage | `<kind>:<symbol>[:<market>]` with the kinds `equity`, `etf`, `crypto`, `fx`, `macro`, `commodity`, `index`: `equity:TSCO.LON`, `crypto:SOL:USD`, `macro:TREASURY_YIELD:10year` | `asset_class+symbol+market` |
//! | DefiLlama | `protocol:<slug>[:<number> or parent#<slug>]`, `chain:<name>`, `stablecoin:<number>`, `coin:coingecko:<id>`, `coin:<chain>:<address>`, `pool:<UUID>`; what changes the life of a parent's child names the parent | `kind+vendor_id` |
//! | Velo | exchange, coin and product joined by `:`; the product may be empty for the venue's usual one, the exchange for a coin with a market cap alone | `exchange+coin+product` |
//!
//! # Control routes
//!
//! Under `/_control` beside the vendor, JSON, no key:
//!
//! | route | does |
//! |---|---|
//! | `GET requests` | the request log, oldest first |
//! | `GET counts` | sums per path, per status, most at once, connections |
//! | `POST reset` | forgets log, counts, minute and month |
//! | `GET clock`, `POST clock` | shows or changes the clock: `{"now":"…Z","advance_ms":1,"frozen":true}`, each optional |
//! | `GET faults`, `POST faults`, `DELETE faults` | shows, replaces or clears `{"rules":[…],"revisions":[…]}` |
//! | `POST listings` | `{"id":"…","listed":"YYYY-MM-DD","delisted":"YYYY-MM-DD"}`, any vendor's id, days optional |
//! | `GET entities` | the world table |
//! | `GET truth?…&from=&to=` | `[[label_ms,value],…]`, labels in `[from, to)`; what else names a series is the vendor's |
//!
//! | vendor | names of a series in `truth` |
//! |---|---|
//! | CoinGecko | `coin=&quote=&metric=&step=` |
//! | Artemis | `symbol=&metric=&granularity=` |
//! | Alpha Vantage | its own parameters and `field=` |
//! | DefiLlama | `kind=&id=&metric=&step=` as in [`Truth::defillama_series`], with `step=live` for what the live lists show at `from` |
//! | Velo | `type=&exchange=&product=&column=&resolution=` |
//!
//! # Faults
//!
//! A rule is `{"matching":"/coins/markets","when":{"kind":"times","times":3},"fault":{"kind":"status429","retry_after":30}}`;
//! see [`Rule`], [`When`], [`Fault`] and [`Revision`].

mod alphavantage;
mod artemis;
mod chance;
mod clock;
mod coingecko;
mod control;
mod cut;
mod days;
mod defillama;
mod entity;
mod faults;
mod held;
mod holidays;
mod instant;
mod limits;
mod log;
mod options;
mod server;
mod spoil;
mod switches;
mod truth;
mod velo;
mod vendor;
mod world;

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::Path;
use std::sync::Arc;
use std::thread::JoinHandle;

use actix_web::dev::ServerHandle;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use tokio::sync::oneshot;

use crate::alphavantage::AlphaVantage;
use crate::artemis::Artemis;
use crate::clock::SimClock;
use crate::coingecko::series::Lane;
use crate::coingecko::{CoinGecko, Quote};
use crate::defillama::DefiLlama;
use crate::faults::FaultBoard;
use crate::held::Span;
use crate::log::RequestLog;
use crate::server::Shared;
use crate::velo::Velo;
use crate::vendor::VendorApi;
use crate::world::World;

pub use crate::alphavantage::{AlphaVantageField, AlphaVantageLabels, AlphaVantagePlan};
pub use crate::artemis::{ArtemisPlan, ArtemisStep, ArtemisSwitch};
pub use crate::coingecko::Plan;
pub use crate::defillama::{Plan as DefiLlamaPlan, QuotaSpent, UnknownChain, YieldsPaths};
pub use crate::entity::{Entity, VeloProduct};
pub use crate::faults::{Fault, Faults, Rule, When};
pub use crate::log::{Counts, RequestRecord};
pub use crate::options::{IdsError, Options, ids_from_csv};
pub use crate::truth::{Metric, Revision};
pub use crate::velo::Plan as VeloPlan;
pub use crate::vendor::Vendor;
pub use crate::world::{Listing, WorldError};

/// Why a simulated vendor did not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// The world could not be made.
    #[error(transparent)]
    World(#[from] WorldError),
    /// The port could not be had, or the server not be built.
    #[error("cannot listen on 127.0.0.1:{port}")]
    Listen {
        /// The port asked for.
        port: u16,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The server's thread ended before it served.
    #[error("the server's thread ended before it served")]
    Thread,
}

/// The step of a series.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Step {
    /// One label an hour.
    Hour,
    /// One label a day, at 00:00 UTC.
    Day,
}

/// A simulated vendor at work, on a thread and a runtime of its own. Dropping it stops it.
#[derive(Debug)]
pub struct FakeVendor {
    address: SocketAddr,
    shared: Arc<Shared>,
    handle: ServerHandle,
    thread: Option<JoinHandle<()>>,
}

impl FakeVendor {
    /// Starts a vendor and returns once it serves.
    ///
    /// # Errors
    /// Fails where the port is taken or the world cannot be made.
    pub async fn start(options: Options) -> Result<Self, StartError> {
        let port = options.port;
        let failed = move |source| StartError::Listen { port, source };
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let shared = Arc::new(shared(options)?);
        let (ready, started) = oneshot::channel();
        let for_server = Arc::clone(&shared);
        let serve = move || {
            actix_web::rt::System::new().block_on(async move {
                match server::build(listener, for_server) {
                    Ok((handle, server)) => {
                        if ready.send(Ok(handle)).is_ok() {
                            // The server ends when it is stopped; there is nobody left to tell of an error.
                            drop(server.await);
                        }
                    }
                    Err(source) => drop(ready.send(Err(source))),
                }
            });
        };
        let name = "fake-vendor".to_owned();
        let thread = std::thread::Builder::new()
            .name(name)
            .spawn(serve)
            .map_err(failed)?;
        let handle = started
            .await
            .map_err(|_| StartError::Thread)?
            .map_err(failed)?;
        Ok(Self {
            address,
            shared,
            handle,
            thread: Some(thread),
        })
    }

    /// Returns the vendor's base URL, without a slash at the end.
    #[must_use]
    pub fn base_url(&self) -> String {
        format!("http://{}{}", self.address, self.shared.api.mount())
    }

    /// Returns the URL under which the control routes live, without a slash at the end.
    #[must_use]
    pub fn control_url(&self) -> String {
        format!("http://{}/_control", self.address)
    }

    /// Returns the requests seen since the start or the last reset, oldest first.
    #[must_use]
    pub fn requests(&self) -> Vec<RequestRecord> {
        self.shared.log.records()
    }

    /// Returns the sums over those requests.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.shared.log.counts()
    }

    /// Forgets log, counts and the use of minute and month.
    pub fn reset(&self) {
        self.shared.log.reset();
        self.shared.api.reset();
    }

    /// Replaces all faults; the default clears them.
    pub fn set_faults(&self, faults: Faults) {
        self.shared.faults.set(faults.rules);
        self.shared.world.set_revisions(faults.revisions);
    }

    /// Sets the clock; it runs on from there unless it is frozen.
    pub fn set_now(&self, now: OffsetDateTime) {
        self.shared
            .clock
            .change(Some(instant::millis(now)), 0, None);
    }

    /// Freezes the clock where it is, or lets it run on. With a frozen clock a spent minute stays spent.
    pub fn set_frozen(&self, frozen: bool) {
        self.shared.clock.change(None, 0, Some(frozen));
    }

    /// Pushes the clock forward.
    pub fn advance(&self, by: std::time::Duration) {
        let by_ms = i64::try_from(by.as_millis()).unwrap_or(i64::MAX);
        self.shared.clock.change(None, by_ms, None);
    }

    /// Makes the vendor's clock follow the clock server at `socket` for as long as the returned value lives.
    ///
    /// # Errors
    /// Fails where no clock server listens there.
    pub async fn follow(&self, socket: &Path) -> Result<simclock::Follower, simclock::Error> {
        let shared = Arc::clone(&self.shared);
        let show = move |now_ms| shared.clock.change(Some(now_ms), 0, Some(true));
        simclock::Follower::join(socket, show).await
    }

    /// Returns the simulated instant.
    #[must_use]
    pub fn now(&self) -> OffsetDateTime {
        instant::calendar(self.shared.clock.now_ms())
    }

    /// Lists or delists a coin.
    pub fn set_listing(&self, listing: &Listing) {
        self.shared.set_listing(listing);
    }

    /// Gives access to what is true in the vendor's world.
    #[must_use]
    pub fn truth(&self) -> Truth {
        Truth::new(Arc::clone(&self.shared))
    }

    /// Stops the server at once, hanging requests included, and waits for its thread.
    pub async fn stop(mut self) {
        self.handle.stop(false).await;
        if let Some(thread) = self.thread.take() {
            // A panic of the server's thread has been printed by then.
            drop(tokio::task::spawn_blocking(move || drop(thread.join())).await);
        }
    }
}

impl Drop for FakeVendor {
    fn drop(&mut self) {
        // The command is sent by the call; the future only waits for it to be done.
        drop(self.handle.stop(false));
    }
}

fn shared(options: Options) -> Result<Shared, WorldError> {
    let world = Arc::new(World::new(options.seed)?);
    if let Vendor::Velo(_) = options.vendor {
        world.alter(velo::furnish);
    }
    for id in &options.extra_ids {
        world.alter(|state| options.vendor.enrol(state, id));
    }
    let now_ms = options.now.map(instant::millis);
    let (vendor, latency) = (options.vendor, options.latency);
    let for_api = Arc::clone(&world);
    let api: Box<dyn VendorApi> = match vendor {
        Vendor::CoinGecko(plan) => Box::new(CoinGecko::new(for_api, plan, options)),
        Vendor::Artemis(plan) => Box::new(Artemis::new(for_api, plan, options)?),
        Vendor::AlphaVantage(plan) => Box::new(AlphaVantage::new(for_api, plan, options)),
        Vendor::DefiLlama(plan) => Box::new(DefiLlama::new(for_api, plan, options)),
        Vendor::Velo(plan) => Box::new(Velo::new(for_api, plan, &options)),
    };
    Ok(Shared {
        vendor,
        api,
        world,
        clock: SimClock::starting_at(now_ms),
        faults: FaultBoard::default(),
        log: Arc::new(RequestLog::default()),
        latency,
    })
}

/// What is true in a vendor's world, for comparing with what a collector has stored.
#[derive(Debug, Clone)]
pub struct Truth {
    shared: Arc<Shared>,
}

impl Truth {
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        Self { shared }
    }

    /// Returns a range as it is seen at the simulated now.
    pub(crate) fn span(&self, from_ms: i64, to_ms: i64) -> Span {
        Span {
            from_ms,
            to_ms,
            now_ms: self.shared.clock.now_ms(),
        }
    }

    /// Returns the table of entities.
    #[must_use]
    pub fn entities(&self) -> Vec<Arc<Entity>> {
        self.shared.world.snapshot().entities.clone()
    }

    /// Returns a value in USD or units at an instant, before any vendor touches it.
    #[must_use]
    pub fn value(&self, coin: &str, metric: Metric, at_ms: i64) -> Option<f64> {
        let world = self.shared.world.snapshot();
        world.value(world.coin(coin)?, metric, at_ms)
    }

    /// Returns exactly what a correct collector holds after reading CoinGecko's charts by the simulated now: per label
    /// in `[from, to)`, UNIX milliseconds, the value of the nearest point within 15 minutes.
    ///
    /// Nulls, and market caps of 0, are no values. Live samples are not part of it: a collector may hold one for an
    /// hour whose chart point is missing. Only price, market cap and volume have charts; other metrics give nothing.
    #[must_use]
    pub fn coingecko_series(
        &self,
        coin: &str,
        quote: &str,
        metric: Metric,
        step: Step,
        from_ms: i64,
        to_ms: i64,
    ) -> Vec<(i64, f64)> {
        let series = coingecko::truth::Series {
            coin,
            quote,
            metric,
            step,
        };
        let world = self.shared.world.snapshot();
        series.held(&world, self.span(from_ms, to_ms))
    }

    /// Returns `last_updated` and the value of a live row of `/coins/markets` asked at an instant with full precision,
    /// rounded as the vendor rounds amounts.
    #[must_use]
    pub fn coingecko_live(
        &self,
        coin: &str,
        quote: &str,
        metric: Metric,
        asked_at_ms: i64,
    ) -> Option<(i64, f64)> {
        let world = self.shared.world.snapshot();
        let quote = Quote::named(&world, quote)?;
        let lane = Lane {
            world: &world,
            entity: world.coin(coin)?,
            quote: &quote,
        };
        let at_ms = lane.live_ms(asked_at_ms)?;
        let value = lane.value(metric, at_ms)?;
        let rounds = matches!(metric, Metric::MarketCap | Metric::Volume24h | Metric::Fdv);
        Some((
            at_ms,
            if rounds {
                value.round_ties_even()
            } else {
                value
            },
        ))
    }
}
