//! The refusals, word for word. All but the transport's own come with status 200.

use serde_json::json;

use crate::vendor::Reply;

pub(super) const JSON: &str = "application/json";
pub(super) const CSV: &str = "application/x-download";
const PREMIUM: &str = "https://www.alphavantage.co/premium/";

/// What a refusal says; the wrapping is `Refusal::reply`'s.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Refusal {
    KeyMissing,
    DemoKey,
    UnknownFunction(String),
    InvalidCall(String),
    BurstFree,
    BurstPremium(u32),
    CallVolume,
    Minute,
    DayFree { key: String, limit: u64 },
    LegacyNote,
    PremiumEndpoint,
    PremiumOutputSize(String),
}

impl Refusal {
    /// Returns the refusal that the contract's list of bodies gives this name.
    pub(super) fn named(name: &str, function: &str, key: &str) -> Option<Self> {
        let function = function.to_owned();
        Some(match name {
            "missing_or_empty_key" => Self::KeyMissing,
            "unknown_function" => Self::UnknownFunction(function),
            "missing_function" => Self::UnknownFunction(String::new()),
            "unknown_symbol_or_bad_parameter_time_series" => Self::InvalidCall(function),
            "burst_free_key" => Self::BurstFree,
            "daily_quota_free_key" => Self::DayFree {
                key: key.to_owned(),
                limit: 25,
            },
            "call_volume_generic" => Self::CallVolume,
            "burst_premium_key" => Self::BurstPremium(20),
            "minute_limit_premium_key" => Self::Minute,
            "legacy_note_rate_limit" => Self::LegacyNote,
            "premium_endpoint" => Self::PremiumEndpoint,
            "premium_parameter_outputsize_full" => Self::PremiumOutputSize(function),
            "demo_key_outside_demo_urls" => Self::DemoKey,
            _ => return None,
        })
    }

    fn word(&self) -> &'static str {
        match self {
            Self::KeyMissing | Self::UnknownFunction(_) | Self::InvalidCall(_) => "Error Message",
            Self::LegacyNote => "Note",
            _ => "Information",
        }
    }

    fn text(&self) -> String {
        let thanks = "Thank you for using Alpha Vantage!";
        let support = "Please contact support@alphavantage.co if you are targeting a higher API request volume.";
        match self {
            Self::KeyMissing => "the parameter apikey is invalid or missing. Please claim your free API key on \
                (https://www.alphavantage.co/support/#api-key). It should take less than 20 seconds."
                .to_owned(),
            Self::DemoKey => "The **demo** API key is for demo purposes only. Please claim your free API key at \
                (https://www.alphavantage.co/support/#api-key) to explore our full API offerings. It takes fewer than \
                20 seconds."
                .to_owned(),
            Self::UnknownFunction(name) => format!("This API function ({name}) does not exist."),
            Self::InvalidCall(name) => format!(
                "Invalid API call. Please retry or visit the documentation \
                 (https://www.alphavantage.co/documentation/) for {name}."
            ),
            Self::BurstFree => format!(
                "{thanks} Please consider spreading out your free API requests more sparingly (1 request per second). \
                 You may subscribe to any of the premium plans at {PREMIUM} to lift the free key rate limit (25 \
                 requests per day), raise the per-second burst limit, and instantly unlock all premium endpoints"
            ),
            Self::BurstPremium(per_second) => format!(
                "Burst pattern detected. Please consider spreading out your API requests more evenly across a \
                 1-minute window and query no more than {per_second} requests per second. {support}"
            ),
            Self::CallVolume => format!(
                "{thanks} Please contact premium@alphavantage.co if you are targeting a higher API call volume."
            ),
            Self::Minute => format!(
                "Minute-level rate limit exceed. Please stay under the number of API requests per minute for your \
                 premium subscription plan. {support}"
            ),
            Self::DayFree { key, limit } => format!(
                "We have detected your API key as {key} and our standard API rate limit is {limit} requests per day. \
                 Please subscribe to any of the premium plans at {PREMIUM} to instantly remove all daily rate limits."
            ),
            Self::LegacyNote => format!(
                "{thanks} Our standard API call frequency is 5 calls per minute and 500 calls per day. Please visit \
                 {PREMIUM} if you would like to target a higher API call frequency."
            ),
            Self::PremiumEndpoint => format!(
                "{thanks} This is a premium endpoint. You may subscribe to any of the premium plans at {PREMIUM} to \
                 instantly unlock all premium endpoints"
            ),
            Self::PremiumOutputSize(name) => format!(
                "{thanks} The outputsize=full parameter value is a premium feature for the {name} endpoint. You may \
                 subscribe to any of the premium plans at {PREMIUM} to instantly unlock all premium features"
            ),
        }
    }

    /// Wraps the refusal: an object with one member, or for a CSV-only function its header and the member's name, one
    /// letter per column.
    ///
    /// Errors of CSV-only functions have never been captured; they come as JSON here.
    pub(super) fn reply(&self, csv_header: Option<&str>) -> Reply {
        match csv_header {
            Some(header) if self.word() == "Information" => {
                let columns = header.split(',').count();
                let letters: Vec<String> = self
                    .word()
                    .chars()
                    .take(columns)
                    .map(String::from)
                    .collect();
                Reply::text(200, CSV, format!("{header}\r\n{}\r\n", letters.join(",")))
            }
            _ => Reply::text(200, JSON, json!({ self.word(): self.text() }).to_string()),
        }
    }
}

/// The answer to an `Accept` header that only takes CSV.
pub(super) fn not_acceptable() -> Reply {
    let body = json!({ "detail": "Could not satisfy the request Accept header." });
    Reply::text(406, JSON, body.to_string())
}

/// A page of the host behind the vendor.
pub(super) fn origin_page(status: u16) -> Reply {
    let body = "<!DOCTYPE html>\n<html><head><title>Application Error</title></head><body><iframe \
        src=\"//www.herokucdn.com/error-pages/application-error.html\"></iframe></body></html>\n";
    Reply::text(status, "text/html; charset=utf-8", body)
}

/// A page of the network in front of the vendor, made up.
pub(super) fn network_page(status: u16, title: &str) -> Reply {
    let body = format!(
        "<!DOCTYPE html>\n<html><head><title>{title}</title></head><body><h1>{title}</h1></body></html>\n"
    );
    Reply::text(status, "text/html; charset=utf-8", body)
}
