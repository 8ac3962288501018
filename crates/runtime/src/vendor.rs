//! `<VENDOR>_API_KEY`, `_PLAN`, `_BASE_URL`, `_RPM` and whatever else a source asks for by name.

use std::collections::BTreeMap;
use std::fmt;

use secrecy::{ExposeSecret as _, SecretString};
use url::Url;

use crate::env::Vars;

/// The sources whose variables are read and checked at start.
pub const VENDORS: [&str; 5] = ["artemis", "defillama", "velo", "coingecko", "alphavantage"];

/// What is set for one vendor.
#[derive(Clone, Default)]
pub struct VendorEnv {
    /// The key.
    pub api_key: Option<SecretString>,
    /// The plan that was bought, lower case.
    pub plan: Option<String>,
    /// Replaces the vendor's own address; without a slash at the end.
    pub base_url: Option<String>,
    /// Requests per minute, where the plan's figure is to be undercut or was raised.
    pub rpm: Option<u32>,
    others: BTreeMap<String, String>,
}

impl VendorEnv {
    /// Returns `<VENDOR>_<suffix>` for any suffix, in any case.
    pub fn lookup(&self, suffix: &str) -> Option<&str> {
        self.others.get(&suffix.to_uppercase()).map(String::as_str)
    }
}

impl PartialEq for VendorEnv {
    fn eq(&self, other: &Self) -> bool {
        let key = |env: &Self| {
            let key = env.api_key.as_ref();
            key.map(|key| key.expose_secret().to_owned())
        };
        let rest = |env: &Self| (env.plan.clone(), env.base_url.clone(), env.rpm);
        key(self) == key(other) && rest(self) == rest(other) && self.others == other.others
    }
}

impl fmt::Debug for VendorEnv {
    /// Says which variables are set, and the values of those that are no secret for sure.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VendorEnv")
            .field("api_key", &self.api_key)
            .field("plan", &self.plan)
            .field("rpm", &self.rpm)
            .field("set", &self.others.keys().collect::<Vec<_>>())
            .finish_non_exhaustive()
    }
}

pub(crate) fn read(name: &str, vars: &mut Vars) -> VendorEnv {
    let prefix = format!("{}_", name.to_uppercase());
    let called = |suffix: &str| format!("{prefix}{suffix}");
    VendorEnv {
        api_key: vars.secret(&called("API_KEY")),
        plan: vars.text(&called("PLAN")).map(|plan| plan.to_lowercase()),
        base_url: base_url(&called("BASE_URL"), vars),
        rpm: vars.parsed(&called("RPM"), "a whole number above 0", |text| {
            text.parse().ok().filter(|rpm| *rpm > 0)
        }),
        others: vars.beginning_with(&prefix),
    }
}

/// An address may hold a password, so the message does not repeat it.
fn base_url(name: &str, vars: &mut Vars) -> Option<String> {
    let text = vars.text(name)?;
    let is_http = |url: &Url| matches!(url.scheme(), "http" | "https") && url.has_host();
    if !Url::parse(&text).is_ok_and(|url| is_http(&url)) {
        let problem = crate::Problem::new(name, "is no http:// or https:// address");
        vars.problems.push(problem);
        return None;
    }
    Some(text.trim_end_matches('/').to_owned())
}
