//! What the server asks of a vendor, and the plain request and reply they talk in. No HTTP library in here.

use std::collections::{BTreeMap, HashMap};

use crate::alphavantage::{self, AlphaVantagePlan};
use crate::artemis::{self, ArtemisPlan};
use crate::coingecko::{self, Plan};
use crate::defillama::{self, Plan as DefiLlamaPlan};
use crate::faults::Fault;
use crate::held::{Points, Span};
use crate::velo;
use crate::world::WorldState;

/// A simulated vendor, with the plan it plays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Vendor {
    /// CoinGecko API v3.
    CoinGecko(Plan),
    /// Artemis.
    Artemis(ArtemisPlan),
    /// Velo's data API.
    Velo(velo::Plan),
    /// Alpha Vantage.
    AlphaVantage(AlphaVantagePlan),
    /// DefiLlama: the free hosts and the Pro API in one.
    DefiLlama(DefiLlamaPlan),
}

impl Vendor {
    /// Reads a vendor and its plan from their names on a command line; an empty plan is the vendor's usual one.
    ///
    /// # Errors
    /// Names what is possible where a name is unknown.
    pub fn parse(vendor: &str, plan: &str) -> Result<Self, String> {
        let or = |usual| if plan.is_empty() { usual } else { plan };
        match vendor {
            "coingecko" => Ok(Self::CoinGecko(or("demo").parse()?)),
            "artemis" => Ok(Self::Artemis(or("enterprise").parse()?)),
            "alphavantage" => Ok(Self::AlphaVantage(or("free").parse()?)),
            "defillama" => Ok(Self::DefiLlama(or("free").parse()?)),
            "velo" => Ok(Self::Velo(or("annual").parse()?)),
            _ => Err(format!(
                "unknown vendor `{vendor}`: alphavantage, artemis, coingecko, defillama or velo"
            )),
        }
    }

    /// Returns the name used on command lines.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::CoinGecko(_) => "coingecko",
            Self::Artemis(_) => "artemis",
            Self::Velo(_) => "velo",
            Self::AlphaVantage(_) => "alphavantage",
            Self::DefiLlama(_) => "defillama",
        }
    }

    /// Makes sure that the world has what the vendor knows under an id.
    pub(crate) fn enrol(self, state: &mut WorldState, id: &str) {
        match self {
            Self::CoinGecko(_) => coingecko::enrol(state, id),
            Self::Artemis(_) => artemis::enrol(state, id),
            Self::Velo(_) => velo::enrol(state, id),
            Self::AlphaVantage(_) => alphavantage::enrol(state, id),
            Self::DefiLlama(_) => defillama::enrol(state, id),
        }
    }
}

/// A request, freed of its transport.
#[derive(Debug)]
pub(crate) struct Call {
    /// Path and query below the mount point, as sent.
    pub(crate) target: String,
    /// Below the mount point, decoded, one entry per segment.
    pub(crate) segments: Vec<String>,
    /// Decoded query pairs in the order sent.
    pub(crate) query: Vec<(String, String)>,
    /// Headers with lower-case names.
    pub(crate) headers: HashMap<String, String>,
    /// Bytes of the request target.
    pub(crate) target_bytes: usize,
    /// The simulated instant of arrival.
    pub(crate) now_ms: i64,
}

impl Call {
    /// Returns the segments below the mount point.
    pub(crate) fn path(&self) -> Vec<&str> {
        self.segments.iter().map(String::as_str).collect()
    }

    /// Returns a query parameter that is present and not empty.
    pub(crate) fn param(&self, name: &str) -> Option<&str> {
        let found = self.query.iter().find(|(key, _)| key == name);
        found
            .map(|(_, value)| value.trim())
            .filter(|value| !value.is_empty())
    }

    /// Returns a header that is present and not empty.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .get(name)
            .map(|value| value.trim())
            .filter(|value| !value.is_empty())
    }
}

/// An answer, before it meets a transport.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) content_type: &'static str,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Vec<u8>,
}

impl Reply {
    /// Makes a reply of text in the form `content_type` says.
    pub(crate) fn text(status: u16, content_type: &'static str, body: impl Into<String>) -> Self {
        Self {
            status,
            content_type,
            headers: Vec::new(),
            body: body.into().into_bytes(),
        }
    }

    /// Adds a header.
    pub(crate) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// Says after how many seconds to come back, where the vendor says so.
    pub(crate) fn retry_after(self, seconds: Option<u64>) -> Self {
        match seconds {
            Some(seconds) => self.with("retry-after", seconds.to_string()),
            None => self,
        }
    }
}

/// What a vendor module implements; the server does counting, faults, delays, logging and transport.
pub(crate) trait VendorApi: Send + Sync {
    /// Returns the path under which the vendor is mounted: none where the base URL is scheme and host alone.
    fn mount(&self) -> &'static str {
        ""
    }
    /// Returns the query parameters that carry keys.
    fn key_parameters(&self) -> &'static [&'static str];
    /// Returns the path below the mount point without the key that it may hold.
    fn shown_path(&self, below: &str) -> String {
        below.to_owned()
    }
    /// Returns the path with ids replaced.
    fn template(&self, call: &Call) -> String;
    /// Counts the request and decides whether it may be answered; says who asks.
    fn admit(&self, call: &Call) -> (&'static str, Result<(), Reply>);
    /// Answers an admitted request.
    fn answer(&self, call: &Call, caller: &'static str) -> Reply;
    /// Returns the vendor's words for a fault that replaces the answer; `None` for the other faults.
    fn refusal(&self, call: &Call, fault: &Fault) -> Option<Reply>;
    /// Learns the status of an admitted request that went out, to settle what admitting it cost. Where nobody says
    /// otherwise, the cost stands whatever the answer was.
    fn answered(&self, _caller: &'static str, _status: u16) {}
    /// Adds the headers every answer carries, where the vendor has any.
    fn dress(&self, _call: &Call, _reply: &mut Reply) {}
    /// Returns what a correct collector holds of the series that `ask` names.
    ///
    /// # Errors
    /// Says which names are missing, unknown or unreadable.
    fn truth(&self, ask: &BTreeMap<String, String>, span: Span) -> Result<Points, String>;
    /// Forgets all counts.
    fn reset(&self);
}
